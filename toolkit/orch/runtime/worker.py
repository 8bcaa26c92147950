"""The process that runs users' code: one at a time it reads orders from stdin and answers with records on stdout.

The two pipes are moved to private descriptors first, and descriptors 1 and 2 both become the log pipe, so that output
of C libraries and of child processes is captured in the order in which it was written. Each step starts in the project
root with the environment and an empty scratch folder that the worker itself was started with.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import BinaryIO, TextIO

from orch.files import write_all
from orch.model import canonical
from orch.runtime.execute import Executor, Order, Setup


def main() -> None:
    requests, responses = _take_pipes()
    try:
        setup = Setup(**canonical.loads(requests.readline()))
        executor = Executor(setup)
        environment = dict(os.environ)
        for line in requests:
            _start_afresh(setup, environment)
            record = executor.execute(Order(**canonical.loads(line)))
            _flush()
            write_all(responses, canonical.dumps(record.to_json()).encode() + b"\n")
    except KeyboardInterrupt:  # interrupted between two steps: there is nothing to report
        sys.exit(128 + signal.SIGINT)


def _take_pipes() -> tuple[BinaryIO, int]:
    requests, responses = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # New streams: those of a forked process still believe in the file that was open there before.
    sys.stdout, sys.stderr = (_text_stream(descriptor) for descriptor in (1, 2))
    return os.fdopen(requests, "rb"), responses


def _text_stream(descriptor: int) -> TextIO:
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _start_afresh(setup: Setup, environment: dict[str, str]) -> None:
    """Undo what an earlier step did to the process, as far as a process can be made new without starting one."""
    os.chdir(setup.root)
    if dict(os.environ) != environment:
        os.environ.clear()
        os.environ.update(environment)
    with os.scandir(setup.scratch) as left_behind:
        for entry in left_behind:
            if entry.is_dir(follow_symlinks=False):
                import shutil  # dear to import, and most steps leave nothing

                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the step closed it
            pass


if __name__ == "__main__":
    main()
