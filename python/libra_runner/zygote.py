"""The parent of the interpreters. It has imported everything and opens no gateway, so that a fork
of it is an interpreter that is ready within milliseconds.

It takes JSON lines on stdin and answers with JSON lines on stdout::

    {"fork": ID, "port": PORT, "secret": SECRET, "folder": PATH}   {"forked": ID, "pid": PID}
    {"signal": ID, "number": NUMBER}                               {"ended": ID, "status": STATUS}

``ended`` comes when nothing of the interpreter's processes is left. With the end of stdin, which
comes also when the server is killed, everything ends.
"""

import gc
import json
import os
import select
import signal
import sys

from libra_runner import processes


class Zygote:
    def __init__(self, socket_path):
        self._socket_path = socket_path
        self._ids = {}
        self._pids = {}
        self._input = b""
        self._requests = 0
        self._answers = 1
        self._wakeup = -1
        self._wakers = -1

    def run(self):
        _import_everything()
        processes.adopt_orphans()
        # Copies: what is imported or forked later must not write between the answers.
        self._requests, self._answers = os.dup(0), os.dup(1)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._wakeup, self._wakers = os.pipe()
        os.set_blocking(self._wakers, False)
        os.set_blocking(self._wakeup, False)
        signal.set_wakeup_fd(self._wakers, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # What is there now is shared with the forks as long as nobody writes to it.
        gc.collect()
        gc.freeze()
        self._answer({"up": os.getpid()})
        try:
            while self._step():
                pass
        finally:
            self._end_all()

    def _step(self):
        """False when there is nobody left to work for."""
        readable, _, _ = select.select([self._requests, self._wakeup], [], [])
        if self._wakeup in readable:
            _drain(self._wakeup)
            self._reap()
        if self._requests in readable:
            data = os.read(self._requests, 65536)
            if not data:
                return False
            *lines, self._input = (self._input + data).split(b"\n")
            for line in lines:
                self._handle(json.loads(line))
        return True

    def _handle(self, request):
        if "fork" in request:
            self._fork(request)
        elif request["signal"] in self._pids:
            try:
                os.kill(self._pids[request["signal"]], request["number"])
            except OSError:
                pass

    def _fork(self, request):
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._answer({"ended": request["fork"], "status": 1, "reason": str(error)})
            return
        if pid == 0:
            self._become_interpreter(request, parent)
        self._ids[pid] = request["fork"]
        self._pids[request["fork"]] = pid
        self._answer({"forked": request["fork"], "pid": pid})

    def _become_interpreter(self, request, parent):
        """Never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for fd in (self._requests, self._answers, self._wakeup, self._wakers):
                os.close(fd)
            os.setsid()
            processes.die_with_parent(parent)
            processes.adopt_orphans()
            processes.be_first_out_of_memory()
            from libra_runner.interpreter import Interpreter

            status = Interpreter(request, self._socket_path).run()
        except BaseException:  # pylint: disable=broad-except
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)

    def _reap(self):
        for pid, ident in list(self._ids.items()):
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended, status = pid, 0
            if ended:
                del self._ids[pid]
                del self._pids[ident]
                processes.kill_group(pid)
                processes.kill_orphans(self._ids)
                self._answer({"ended": ident, "status": os.waitstatus_to_exitcode(status)})
        processes.kill_orphans(self._ids)

    def _end_all(self):
        for pid in list(self._ids):
            processes.kill_group(pid)
        self._ids.clear()
        processes.kill_orphans({})

    def _answer(self, message):
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self._answers, data) :]


def _drain(fd):
    try:
        while os.read(fd, 4096):
            pass
    except BlockingIOError:
        pass


def _import_everything():
    """What a job would otherwise pay for: a converter of py4j alone costs a second at first use."""
    import pyspark  # noqa: F401
    import pyspark.sql  # noqa: F401
    import pyspark.sql.functions  # noqa: F401
    import pyspark.sql.types  # noqa: F401
    import pyspark.sql.streaming  # noqa: F401
    import pyspark.cloudpickle  # noqa: F401
    import py4j.clientserver  # noqa: F401
    import libra_runner.interpreter  # noqa: F401

    for optional in ("pyspark.testing", "pandas", "pyarrow", "pyspark.sql.pandas.conversion"):
        try:
            __import__(optional)
        except Exception as error:  # pylint: disable=broad-except
            print(f"{optional} is not loaded ahead: {error}", file=sys.stderr)
