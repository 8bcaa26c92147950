"""A worker's process group ends with the process that started it, however that one ended.

The parent holds one end of a pipe and never writes to it. On Linux the kernel sends SIGKILL to the whole group, the step's
own children included, when that end closes: no thread, no timer, nothing to import. Elsewhere a worker whose parent was
killed ends when its step does, because there are no orders any more.
"""

from __future__ import annotations

import os
import signal


def tie(descriptor: int) -> None:
    """End this process group when the other end of the pipe at `descriptor` closes, or at once if it has."""
    import fcntl

    os.set_inheritable(descriptor, False)
    if not hasattr(fcntl, "F_SETSIG"):
        return
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
        is_gone = not os.read(descriptor, 1)
    except OSError:  # still open, or a kernel that looks like Linux and has no such signal
        return
    if is_gone:
        os.killpg(0, signal.SIGKILL)
