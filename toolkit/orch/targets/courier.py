"""One step at a target, from its order to its record: handed over, listened to, stopped when that is asked for, and cleaned up after."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from orch import files
from orch.errors import EngineError, OrchError, TargetError
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.records import Failure, StepRecord
from orch.model.resources import ResourceSettings
from orch.model.states import State
from orch.runtime import clock
from orch.runtime.failures import failure_of_orch
from orch.runtime.parcels import Parcel
from orch.runtime.zipapp import TOO_OLD
from orch.stores.local import LocalStore
from orch.targets.contract import Delivery, Ended, Spec, Target
from orch.targets.refused import no_python

# Who asks us to stop kills us after 3 seconds: what runs away from here has less, so that it can be taken away in time.
PATIENCE: Final = 1.8
_NO_PROGRAM: Final = (126, 127)  # of what is process 1 in a container, where it cannot run what it should


class Interrupted(Exception):
    """Somebody asks this process to stop."""


class Interrupts:
    """An interrupt raises only where it is `allowed`, and else at the next such place: nothing is left half done."""

    def __init__(self) -> None:
        self.is_pending = False
        self._is_allowed = False

    def caught(self, _number: int, _frame: object) -> None:
        self.is_pending = True
        if self._is_allowed:
            self._is_allowed = False
            raise Interrupted

    def check(self) -> None:
        if self.is_pending:
            raise Interrupted

    def allowed(self, call: Callable[[], bytes]) -> bytes:
        self._is_allowed = True
        try:
            self.check()
            return call()
        finally:
            self._is_allowed = False


@dataclass(frozen=True, slots=True)
class Handles:
    """Files that say what may be at a target: written before it is, and gone after it is."""

    folder: Path

    def write(self, handle: Json) -> None:
        files.make_folders(self.folder)
        files.write_atomic(self._file(handle), canonical.dumps(handle).encode())

    def drop(self, handle: Json) -> None:
        files.unlink(self._file(handle))

    def _file(self, handle: Json) -> Path:
        return self.folder / f"{handle['name']}.json"

    def left(self) -> Iterator[Json]:
        for file in sorted(self.folder.glob("*.json")):
            with suppress(OSError, ValueError):
                yield canonical.loads(file.read_bytes())


class Courier:
    """`say` gets the step's log, as it comes."""

    def __init__(
        self,
        target: Target,
        delivery: Delivery,
        handles: Handles,
        labels: Mapping[str, str],
        say: Callable[[bytes], object],
        interrupts: Interrupts,
    ) -> None:
        self._target = target
        self._delivery = delivery
        self._handles = handles
        self._labels = labels
        self._say = say
        self._waste: Json = None
        self._cleaner: threading.Thread | None = None
        self._heard = 0  # bytes of its log
        self.interrupts = interrupts

    def carry(self, parcel: Parcel, spec: Spec, store: LocalStore) -> StepRecord:
        """The record, with the outputs in `store`; `clean_up` is due after it."""
        started, tick = clock.now(), clock.monotonic()
        handle = self._target.handle(parcel.name)
        self._handles.write(handle)
        self._waste = handle
        record: StepRecord | None = None
        try:
            self.interrupts.check()
            handle = self._target.submit(parcel, spec, self._labels, self._delivery)
            self._handles.write(handle)
            ended = self._listen(handle)
            record = self._target.take(handle, store)
            failure = why(record, ended, spec, is_stopped=self.interrupts.is_pending)
        except Interrupted:
            failure = None
        except OrchError as error:
            failure = failure_of_orch("target", error)
        if record is not None and failure is None:
            return replace(record, environment={**record.environment, "image": f"{spec.reference} {spec.image}"})
        state = State.FAILED if failure else State.CANCELLED
        told = record or StepRecord(
            parcel.order.step["id"],
            state,
            parcel.setup.attempt,
            parcel.order.tries,
            started=clock.rfc3339(started),
            duration=clock.monotonic() - tick,
        )
        return replace(told, state=state, outputs={}, failure=failure, reason="" if failure else "interrupted")

    def clean_up(self) -> None:
        """Beside what comes next: nobody waits for it but `close`. What cannot be removed, its handle names."""
        self.close()
        if self._waste is not None:
            self._cleaner = threading.Thread(target=self._remove, args=[self._waste])
            self._cleaner.start()
        self._waste = None

    def close(self) -> None:
        if self._cleaner:
            self._cleaner.join()
        self._cleaner = None

    def _remove(self, handle: Json) -> None:
        with suppress(TargetError):
            self._target.remove(handle)
            self._handles.drop(handle)

    def _listen(self, handle: Json) -> Ended:
        """Until it has ended, however often its log breaks off."""
        self._heard = 0
        is_asked = False
        while True:
            try:
                self._follow(handle, can_stop=not is_asked)
                return self._target.wait(handle)
            except Interrupted:
                is_asked = True
                self._target.cancel(handle)
                killer = threading.Timer(PATIENCE, self._kill, [handle])
                killer.daemon = True
                killer.start()
            except EngineError:  # it may come back, and with it the container, or how that ended
                ended = self._target.wait(handle)
                with suppress(TargetError):
                    self._follow(handle, can_stop=False)
                return ended

    def _follow(self, handle: Json, *, can_stop: bool) -> None:
        """Of a log that is read anew, what was heard before is left out."""
        before = self._heard
        stream = iter(self._target.logs(handle))

        def following() -> bytes:
            return next(stream, b"")

        while chunk := self.interrupts.allowed(following) if can_stop else following():
            new = chunk[before:]
            before -= len(chunk) - len(new)
            self._heard += len(new)
            self._say(new)

    def _kill(self, handle: Json) -> None:
        with suppress(OrchError):
            self._target.kill(handle)


def why(record: StepRecord | None, ended: Ended, spec: Spec, *, is_stopped: bool) -> Failure | None:
    """What the way it ended adds to what the step said itself: nothing, where it left its record and ended by itself."""
    if record is None:
        return None if is_stopped else _without_record(ended, spec)
    if record.failure and record.failure.cause == "signal" and ended.out_of_memory:
        return _out_of_memory(spec.resources)
    if ended.exit_code and record.state is State.SUCCEEDED and not is_stopped:
        return _without_record(ended, spec)
    if record.state is State.CANCELLED and not is_stopped:
        return _ended_from_outside("SIGTERM")
    return record.failure


def _without_record(ended: Ended, spec: Spec) -> Failure:
    if ended.out_of_memory:
        return _out_of_memory(spec.resources)
    if ended.exit_code == TOO_OLD:
        return failure_of_orch("target", no_python(spec.reference, "has an older Python"))
    if ended.exit_code in _NO_PROGRAM:
        return failure_of_orch("target", no_python(spec.reference, "has no 'python3' on its PATH that can be run"))
    if ended.exit_code > 128:
        return _ended_from_outside(_signal_name(ended.exit_code - 128))
    message = f"the container ended with exit code {ended.exit_code} and left no record{f': {ended.reason}' if ended.reason else ''}"
    return failure_of_orch("target", TargetError(message, hint="what it said last is in the step's log"))


def _ended_from_outside(name: str) -> Failure:
    message = f"the container was ended by {name} from outside, before the step was done"
    return failure_of_orch("target", TargetError(message, hint="somebody stopped it, or the engine was restarted: run it again"))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _out_of_memory(resources: ResourceSettings | None) -> Failure:
    had = f" of {resources.memory}" if resources and resources.memory else ""
    hint = (
        "ask for more with resources=ResourceSettings(memory=...)"
        if had
        else "the engine has no more; a step that asks for memory is told so early"
    )
    return Failure("out-of-memory", f"out of memory: the kernel killed the step's process in its container{had} ({hint})")


def sweep(target: Target, handles: Handles) -> list[str]:
    """Remove what a killed process left there; gives the names of what could not be."""
    kept = []
    for handle in handles.left():
        try:
            target.remove(handle)
        except EngineError:
            kept.append(str(handle["name"]))
        else:
            handles.drop(handle)
    return kept
