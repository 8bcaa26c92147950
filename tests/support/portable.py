"""The threads that read pipes where Windows runs steps, on this machine: all but the calls that only Windows has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orch.system import descendants, portable
from orch.system.contract import Processes, Wakeup

SITE: Final = Path(__file__).parent / "portable_site"
VARIABLE: Final = "PORTABLE_PROCESSES"


class SessionTree:
    """A process in a session of its own. It is killed with all it started, as a job object of Windows is."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=dict(environment), stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
        )
        ours = [each for each in (self._process.stdin, self._process.stdout, self._process.stderr) if each]
        self.stdin, self.stdout, self.stderr = (os.dup(each.fileno()) for each in ours)
        for each in ours:
            each.close()
        self._mark = Path(environment["TMPDIR"]).name
        self.poll = self._process.poll
        self.wait = self._process.wait

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        descendants.kill_all(self._process.pid if self.poll() is None else None, self._mark)
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """A session leaves nothing behind."""

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass


def processes() -> Processes:
    return portable.Threads(SessionTree)


def wakeup() -> Wakeup:
    return portable.WakeupSockets()


def environment() -> dict[str, str]:
    """With it, every Python that is started uses them too."""
    return {VARIABLE: "1", "PYTHONPATH": os.pathsep.join([str(SITE), *sys.path])}
