"""What differs between operating systems, each of which is one module that offers the same names.

The rest of the package asks here and nowhere else. Callers write `system.processes()`, through the module, so that a test can
put `portable` in the place of what this machine would use.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from orch.system import windows as _this
else:
    from orch.system import posix as _this

DEFAULT_TEMPORARY = _this.DEFAULT_TEMPORARY
TEMPORARY = _this.TEMPORARY
ProcessState = _this.ProcessState
architecture = _this.architecture
caller = _this.caller
end_with = _this.end_with
in_forks = _this.in_forks
interrupt_signals = _this.interrupt_signals
is_hung_up = _this.is_hung_up
lock = _this.lock
out_of_memory_kills = _this.out_of_memory_kills
processes = _this.processes
processors = _this.processors
utf8_settings = _this.utf8_settings
wakeup = _this.wakeup
