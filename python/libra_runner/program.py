"""Runs the code of a job in a module of its own, ``__main__``, as a script or as one statement
after another."""

import ast
import atexit
import linecache
import sys
import threading
import types

from libra_runner import failure
from libra_runner.display import display_with


class Program:
    def __init__(self, spark):
        self._spark = spark
        self._module = types.ModuleType("__main__")
        self._module.__builtins__ = __builtins__
        sys.modules["__main__"] = self._module
        self._count = 0
        self._running = False

    def run_to_the_end(self, request, send):
        """The code as a script: what it leaves behind is waited for as Python does. Answers with
        the exit status."""
        try:
            self._begin(request)
            self._execute(_compile(request["code"], "<statement>"))
            status = 0
        except SystemExit as end:
            status = _status_of(end)
        except BaseException as error:  # pylint: disable=broad-except
            status = 1
            send({"failed": self._told(error, request["code"])})
        finally:
            self._running = False
        _finish()
        return status

    def run_statement(self, request):
        """The code as a cell of a notebook: names live on, and a last expression is shown."""
        self._count += 1
        name = f"<statement {self._count}>"
        try:
            self._begin(request)
            _remember_source(name, request["code"])
            tree = compile(request["code"], name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            self._execute(compile(tree, name, "exec"))
            if last is not None:
                self._show(compile(ast.Expression(last.value), name, "eval"))
            return {}
        except SystemExit as end:
            return {"exit": _status_of(end)}
        except BaseException as error:  # pylint: disable=broad-except
            return {"failed": self._told(error, request["code"])}
        finally:
            self._running = False
            _flush()

    def interrupted(self, *_):
        """On SIGINT. A call to the JVM is let finish: its answer would be taken for the next one's.
        The driver cancels what it waits for."""
        if not self._running:
            return
        if self._spark.calls.busy:
            self._spark.calls.interrupted = True
        else:
            raise KeyboardInterrupt

    def _begin(self, request):
        sys.argv = ["<statement>", *request["args"]]
        self._spark.begin(request["statement"])
        self._module.spark = self._spark.session
        self._module.sc = self._spark.context
        self._module.display = display_with(self._spark)
        self._running = True

    def _execute(self, compiled):
        exec(compiled, self._module.__dict__)  # pylint: disable=exec-used

    def _show(self, expression):
        value = eval(expression, self._module.__dict__)  # pylint: disable=eval-used
        if value is not None:
            self._module._ = value
            print(repr(value))

    def _told(self, error, code):
        self._running = False
        try:
            told = failure.describe(error, code, self._spark)
        except BaseException:  # pylint: disable=broad-except
            # Of an exception that cannot be shown, or when memory has run out.
            told = failure.bare(error)
        try:
            print(told["trace"], file=sys.stderr)
        except Exception:  # pylint: disable=broad-except
            pass
        return told


def _compile(code, name):
    _remember_source(name, code)
    return compile(code, name, "exec", dont_inherit=True)


def _remember_source(name, code):
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)


def _status_of(end):
    """As Python's own: None is 0, a number is itself, anything else is shown and counts as 1."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    print(end.code, file=sys.stderr)
    return 1


def _finish():
    for step in (threading._shutdown, atexit._run_exitfuncs):
        try:
            step()
        except BaseException as error:  # pylint: disable=broad-except
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
    _flush()


def _flush():
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except Exception:  # pylint: disable=broad-except
            # Closed or replaced by the job: its own affair.
            pass


