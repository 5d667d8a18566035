"""What a client reads of an exception: the traceback of its own code."""

import json
import os
import re
import traceback

_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MAX_BYTES = 64 * 1024
# Java's frames, which Py4J puts into its messages.
_JAVA_FRAME = re.compile(r"^\s+(at [\w.$<>/@ -]+\(.*\)|\.\.\. \d+ more)\s*$\n?", re.MULTILINE)


def describe(error, spark):
    """Of a syntax error in the code itself also where it stands."""
    if isinstance(error, SyntaxError) and _is_the_codes_own(error):
        return _syntax(error)
    whole = traceback.TracebackException.from_exception(error)
    _strip(whole, set())
    trace = _JAVA_FRAME.sub("", "".join(whole.format())).rstrip()
    headline = _headline(whole)
    return {
        "headline": headline,
        "trace": _bounded(trace),
        "spark": _spark(error, spark),
        "position": None,
    }


def _is_the_codes_own(error):
    """Raised by compiling the code, and not by an eval() in it, which has frames of the code."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith("<statement"):
            return False
        trace = trace.tb_next
    return (error.filename or "<statement").startswith("<statement")


def _syntax(error):
    lines = (error.text or "").rstrip("\n")
    position = {
        "line": error.lineno or 1,
        "column": max(1, error.offset or 1),
        "fragment": lines,
    }
    trace = "".join(traceback.format_exception_only(type(error), error)).rstrip()
    headline = f"{type(error).__name__}: {error.msg}"
    return {"headline": headline, "trace": _bounded(trace), "spark": None, "position": position}


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
    lines = "".join(whole.format_exception_only()).strip().split("\n")
    headline = lines[0]
    # Py4J says only that a call failed; what failed stands in the line below.
    if headline.endswith(".") and "Py4JJavaError" in headline and len(lines) > 1:
        headline = f"{headline} {lines[1].lstrip(': ')}"
    return headline[:2000]


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
