"""The process that runs users' code: one at a time it reads orders from stdin and answers with records on stdout.

The two pipes are moved to private descriptors first, and descriptors 1 and 2 both become the log pipe, so that output
of C libraries and of child processes is captured in the order in which it was written. Each step starts in the project
root with the environment and an empty scratch folder that the worker itself was started with.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from typing import NoReturn

from orch import files, system
from orch.collector import collect_as_ever
from orch.model import canonical
from orch.runtime.execute import Executor, Order, Setup
from orch.runtime.surroundings import Surroundings


def main(argument: str) -> NoReturn:
    """`argument` is what `Processes.start` appended to the command: the number of a lifeline, or a mark for the ends of logs."""
    lifeline, mark = ((int(argument),), b"") if argument.isdecimal() else ((), argument.encode())
    system.end_with(*lifeline)
    numbers = os.dup(0), os.dup(1)
    surroundings = Surroundings()
    surroundings.close_in_forks(*numbers, *lifeline)
    requests, responses = os.fdopen(numbers[0], "rb"), numbers[1]
    try:
        setup = Setup.from_json(canonical.loads(requests.readline()))
        executor = Executor(setup, after_call=surroundings.restore_process)
        surroundings.start_in(setup.root, setup.scratch)
        collect_as_ever()
        for line in requests:
            record = executor.execute(Order.from_json(canonical.loads(line)))
            surroundings.end_log(mark)
            files.write_all(responses, f"{record.text}\n".encode())
            surroundings.start_in(setup.root, setup.scratch)  # for the next step, while the scheduler looks for it
    except KeyboardInterrupt:  # interrupted between two steps: there is nothing to report
        os._exit(128 + signal.SIGINT)
    _end()


def _end() -> NoReturn:
    """As Python ends, so that what libraries keep outside the process is given back; without taking all modules apart."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    os._exit(0)
