"""What a client reads of an exception: the traceback of its own code."""

import json
import os
import re
import traceback

_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MAX_BYTES = 64 * 1024
_MAX_HEADLINE = 2000
# Java's frames, which Py4J puts into its messages.
_JAVA_FRAME = re.compile(r"^\s+(at [\w.$<>/@ -]+\(.*\)|\.\.\. \d+ more)\s*$\n?", re.MULTILINE)

# What follows it repeats what stands before it.
_JAVA_REST = re.compile(
    r"\n+Driver stacktrace:[\s\S]*?(?=\n\nDuring handling of|\n\nThe above exception|\Z)"
)
# The last line of a traceback that came from a worker of Spark.
_IN_WORKER = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)+(\S.*)")


def describe(error, code, spark):
    """Of a syntax error in the code itself also where it stands."""
    if _is_the_codes_own(error):
        return _syntax(error, code)
    whole = traceback.TracebackException.from_exception(error)
    _strip(whole, set())
    trace = _JAVA_FRAME.sub("", "".join(whole.format()))
    trace = _JAVA_REST.sub("", trace).rstrip()
    headline = _headline(whole)
    return {
        "headline": headline,
        "trace": _bounded(trace),
        "spark": _spark(error, spark),
        "position": None,
    }


def bare(error):
    """Its name alone."""
    name = type(error).__name__
    return {"headline": name, "trace": name, "spark": None, "position": None}


def _is_the_codes_own(error):
    """Raised by compiling the code, and not by an eval() in it, which has frames of the code."""
    if not isinstance(error, (SyntaxError, ValueError)):
        return False
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename == _HOME + "program.py"


def _syntax(error, code):
    """A NUL in the code is a ValueError before Python 3.12."""
    line = getattr(error, "lineno", None) or 1
    lines = code.splitlines() or [""]
    trace = "".join(traceback.format_exception_only(type(error), error)).rstrip()
    return {
        "headline": f"{type(error).__name__}: {getattr(error, 'msg', error)}",
        "trace": _bounded(trace),
        "spark": None,
        "position": {
            "line": line,
            "column": max(1, getattr(error, "offset", None) or 1),
            "fragment": lines[min(line, len(lines)) - 1][:_MAX_HEADLINE],
        },
    }


def _strip(whole, seen):
    """Takes our own frames out of an exception and of what it came from."""
    if whole is None or id(whole) in seen:
        return
    seen.add(id(whole))
    whole.stack[:] = [frame for frame in whole.stack if not frame.filename.startswith(_HOME)]
    _strip(whole.__cause__, seen)
    _strip(whole.__context__, seen)
    for member in getattr(whole, "exceptions", None) or []:
        _strip(member, seen)


def _headline(whole):
    """The last line of a traceback, and the first of its message."""
    text = "".join(whole.format_exception_only()).strip()
    in_worker = _IN_WORKER.search(text)
    if in_worker is not None:
        return in_worker.group(1)[:_MAX_HEADLINE]
    lines = text.split("\n")
    headline = lines[0]
    # Py4J says only that a call failed; what failed stands in the line below.
    if headline.endswith(".") and "Py4JJavaError" in headline and len(lines) > 1:
        headline = f"{headline} {lines[1].lstrip(': ')}"
    return headline[:_MAX_HEADLINE]


def _spark(error, spark):
    origin = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    try:
        if origin is not None:
            return json.loads(spark.describe(origin))
        condition = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
        if condition is None:
            return None
        state = getattr(error, "getSqlState", lambda: None)
        return {"code": None, "errorClass": condition(), "sqlState": state()}
    except Exception:  # pylint: disable=broad-except
        # The gateway may be what failed.
        return None


def _bounded(text):
    data = text.encode("utf-8", errors="replace")
    if len(data) <= _MAX_BYTES:
        return data.decode("utf-8")
    half = _MAX_BYTES // 2 - 32
    first = data[:half].decode("utf-8", errors="ignore")
    last = data[-half:].decode("utf-8", errors="ignore")
    return f"{first}\n[…]\n{last}"
