"""A worker that holds no code of the user's: it reads orders as one that runs steps does, and has each run at a target.

The pipes are those of `orch.runtime.worker`, so that whoever waits for a step need not know where it runs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from orch import files, system
from orch.errors import OrchError
from orch.model import canonical
from orch.model.fan import step_of
from orch.model.records import StepRecord
from orch.model.states import State
from orch.runtime import clock
from orch.runtime.execute import Order, Setup
from orch.runtime.failures import failure_of_orch
from orch.runtime.parcels import parcel
from orch.stores.local import LocalStore
from orch.targets.contract import Spec
from orch.targets.courier import Courier, Handles, Interrupts
from orch.targets.deliver import Delivered
from orch.targets.docker import Docker
from orch.targets.told import Told


def main(argument: str) -> NoReturn:
    """`argument` is as of `orch.runtime.worker.main`."""
    lifeline, mark = ((int(argument),), b"") if argument.isdecimal() else ((), argument.encode())
    system.end_with(*lifeline)
    requests, responses, log = os.fdopen(os.dup(0), "rb"), os.dup(1), os.dup(2)
    os.dup2(log, 1)
    interrupts = Interrupts()
    for number in system.interrupt_signals():
        signal.signal(number, interrupts.caught)
    setup = Setup.from_json(canonical.loads(requests.readline()))
    told = Told.from_json(canonical.loads(requests.readline()))
    courier: Courier | None = None
    for line in requests:
        message = canonical.loads(line)
        order = Order.from_json(message["order"])
        try:
            courier = courier or _courier(setup, told, interrupts, lambda chunk: files.write_all(log, chunk))
            sent = parcel(told.name_of(order, setup), setup, order, message)
            record = courier.carry(sent, Spec.from_json(told.specs[step_of(order.step["id"])]), LocalStore(Path(setup.store)))
        except OrchError as error:
            failure = failure_of_orch("target", error)
            started = clock.rfc3339(clock.now())
            record = StepRecord(order.step["id"], State.FAILED, setup.attempt, order.tries, started=started, failure=failure)
        if mark:
            files.write_all(log, mark)
        files.write_all(responses, canonical.dumps(record.to_json()).encode() + b"\n")
        if courier:
            courier.clean_up()
    if courier:
        courier.close()
    os._exit(0)


def _courier(setup: Setup, told: Told, interrupts: Interrupts, say: Callable[[bytes], object]) -> Courier:
    delivery = Delivered(Path(told.runtime), Path(told.bundle), Path(setup.scratch))
    return Courier(Docker(), delivery, Handles(Path(told.handles)), told.labels, say, interrupts)
