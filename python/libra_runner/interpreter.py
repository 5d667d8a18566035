"""One interpreter: attached to the driver before its job comes, and gone with it, or with its
context."""

import json
import os
import signal
import socket
import sys
import tempfile

from libra_runner.program import Program
from libra_runner.spark import Spark


class Interpreter:
    def __init__(self, request, socket_path):
        self._ident = request["fork"]
        self._folder = request["folder"]
        self._gateway = (request["port"], request["secret"])
        self._socket_path = socket_path
        self._control = None
        self._lines = None
        self._pid = os.getpid()

    def run(self):
        """Answers with the exit status of the process."""
        self._take_streams()
        self._control = self._connect("control")
        self._lines = self._control.makefile("rb")
        self._take_folder()
        program = Program(Spark(*self._gateway))
        signal.signal(signal.SIGINT, program.interrupted)
        self._send({"ready": os.getpid()})
        while True:
            line = self._lines.readline()
            if not line:
                return 0
            request = json.loads(line)
            # Who dies without having said so has run nothing: the code may be given to another.
            self._send({"begun": request["statement"]})
            if not request["keep"]:
                return program.run_to_the_end(request, self._send)
            self._send({"done": program.run_statement(request)})

    def _connect(self, stream):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._socket_path)
        connection.sendall(f"{self._ident} {stream}\n".encode())
        return connection

    def _take_streams(self):
        """By descriptor, so that what subprocesses and libraries print is caught as well."""
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for fd, name in ((1, "stdout"), (2, "stderr")):
            connection = self._connect(name)
            os.dup2(connection.fileno(), fd, inheritable=True)
            connection.close()
            # As on a terminal: a log that is followed shows each line when it is printed.
            stream = open(
                fd,
                "w",
                encoding="utf-8",
                errors="backslashreplace",
                buffering=1,
                closefd=False,
            )
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)

    def _take_folder(self):
        """A working directory and a place for temporary files that go with the process."""
        temporary = os.path.join(self._folder, "tmp")
        os.makedirs(temporary)
        os.chdir(self._folder)
        os.environ["TMPDIR"] = tempfile.tempdir = temporary

    def _send(self, message):
        if os.getpid() != self._pid:
            # A fork that came to the end of the code: it has no job, and ends as a script would.
            done = message.get("done")
            if done is not None:
                os._exit(1 if "failed" in done else done.get("exit", 0))
            return
        self._control.sendall(json.dumps(message).encode() + b"\n")
