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


def children():
    """The pids of this process's children; of its main thread's, and it forks on no other."""
    try:
        pid = os.getpid()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return _children_by_scan()


def _children_by_scan():
    """Kernels without CONFIG_PROC_CHILDREN; nothing where there is no /proc."""
    own = os.getpid()
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
        if int(fields[1]) == own:
            found.append(pid)
    return found


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def kill_orphans(known):
    """Ends every child that is not known, and theirs, which become children in their turn."""
    while True:
        orphans = [pid for pid in children() if pid not in known]
        if not orphans:
            return
        for pid in orphans:
            try:
                # A whole group at once, where it has one of its own: it cannot outrun that.
                group = os.getpgid(pid)
                if group != os.getpgid(0) and group not in known:
                    os.killpg(group, signal.SIGKILL)
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        for pid in orphans:
            try:
                os.waitpid(pid, 0)
            except OSError:
                pass
