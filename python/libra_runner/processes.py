"""What belongs to a job's process, however far it has gone away from it."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def adopt_orphans():
    """Descendants whose parent dies become children of this process, and can be found."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent):
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def be_first_out_of_memory():
    """Where memory runs out, the kernel ends the job and not the server."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        pass


def children_of(pid):
    """Nothing where there is no /proc."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                found.extend(int(child) for child in file.read().split())
    except FileNotFoundError:
        # The process is gone, or the kernel has no such file.
        return _children_by_scan(pid) if os.path.exists(f"/proc/{pid}") else found
    except OSError:
        pass
    return found


def _children_by_scan(parent):
    """Kernels without CONFIG_PROC_CHILDREN."""
    found = []
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return found
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(pid)
    return found


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def kill_orphans(known):
    """Ends every child that is not known, and all that descend from it. They are stopped first: who
    is stopped cannot fork, and so none outruns its end."""
    while True:
        found = _stop_all([pid for pid in children_of(os.getpid()) if pid not in known])
        if not found:
            return
        for pid in found:
            _signal(pid, signal.SIGKILL)
        # Theirs become children in their turn, and are looked for again.
        for pid in children_of(os.getpid()):
            if pid in found:
                try:
                    os.waitpid(pid, 0)
                except OSError:
                    pass


def _stop_all(roots):
    stopped = set()
    while True:
        pending = list(roots)
        seen = set()
        while pending:
            pid = pending.pop()
            if pid not in seen:
                seen.add(pid)
                pending.extend(children_of(pid))
        fresh = seen - stopped
        if not fresh:
            return stopped
        for pid in fresh:
            _signal(pid, signal.SIGSTOP)
        stopped |= fresh


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass
