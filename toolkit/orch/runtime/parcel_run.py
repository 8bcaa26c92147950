"""What runs in a container: one order, from the folder that was put there before it started, to a record that is left there.

The user's code runs in a worker process beside this one, as in a job, so that a crash or a lack of memory there still leaves a record.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orch import files
from orch.collector import collect_seldom
from orch.model import canonical
from orch.model.canonical import Json
from orch.runtime import interrupts, parcels
from orch.runtime.execute import Order, Setup
from orch.runtime.last_word import wait_for_end
from orch.runtime.pool import Pool, Task

_NO_HOME: Final = "home"  # below the parcel's folder, for a user that has no folder to write to


def main(place: str) -> None:
    """Ends this process: with 0 where there is a record, whatever it says."""
    collect_seldom()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        _run(Path(place))
    except OSError as error:  # a full disk, most often; anything else is a bug of ours, whose traceback is in the log
        sys.stderr.write(f"no record can be left: {error}\n")
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # nobody need wait until Python has taken itself apart


def _run(folder: Path) -> None:
    told = canonical.loads((folder / parcels.ORDER).read_bytes())
    secrets = _secrets(folder)
    order = Order.from_json(told["order"])
    setup = Setup.from_json(told["setup"])
    environment = {**_with_home(dict(os.environ), folder), **secrets}
    pool = Pool(1, setup, environment, lambda _, text: _log(text), hidden=secrets, may_fork=True)
    try:
        with interrupts.caught() as interrupted:
            pool.wake_on(interrupted.descriptor)
            pool.submit(Task(order, {}, tuple(secrets), told["timeout"]))
            record = wait_for_end(pool, interrupted)
    finally:
        pool.close()
    files.make_folders(folder / parcels.MADE)
    files.write_atomic(folder / parcels.MADE / parcels.RECORD, canonical.dumps(record.to_json()).encode())


def _secrets(folder: Path) -> dict[str, str]:
    """Of the step's process alone: their file is gone before it starts."""
    file = folder / parcels.SECRETS
    try:
        found: Json = canonical.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    files.unlink(file)
    return dict(found)


def _with_home(environment: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """A user whom the image does not know, or whose home is root's, has none to write to."""
    home = environment.get("HOME", "")
    if home and os.access(home, os.W_OK) and home != "/":
        return environment
    files.make_folders(folder / _NO_HOME)
    return {**environment, "HOME": str(folder / _NO_HOME)}


def _log(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
