"""Python runs this at its start where this folder is on its path: the command line under test then uses the portable processes."""

from __future__ import annotations

import os

if os.environ.get("PORTABLE_PROCESSES"):
    from support import portable

    from orch import system

    system.processes = portable.processes
    system.wakeup = portable.wakeup
