"""One run, step by step: decide what is ready, start what has to run, take in what ended, until everything has."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from orch.errors import MapError
from orch.model.artifacts import GATHER, Artifact
from orch.model.fan import index_of, step_of
from orch.model.gathered import spread_out
from orch.model.graph import Graph, OutputRef, Step
from orch.model.plan import Action, Decision
from orch.model.records import StepRecord, skipped
from orch.model.runs import RunInfo
from orch.model.settings import ExecutionMode
from orch.model.states import State
from orch.orchestrators.local.cache import Cache
from orch.orchestrators.local.damage import drop_damaged
from orch.orchestrators.local.fans import Fans, only_items
from orch.orchestrators.local.hooks import Hooks
from orch.orchestrators.local.journal import Journal
from orch.orchestrators.local.retries import Retries
from orch.orchestrators.local.schedule import Schedule
from orch.orchestrators.local.single_legs import Singled
from orch.runtime import clock
from orch.runtime.execute import Order
from orch.runtime.failures import failure_of_orch
from orch.runtime.interrupts import Interrupts
from orch.runtime.pool import Pool, Task

_PATIENCE: Final = 0.05  # seconds for which what is told may wait to be written, many steps at once


class Drive:
    """`given` holds the ends of steps that are not to be decided: those that a part of a pipeline reads from. Of `singled` steps
    only some legs run."""

    def __init__(
        self,
        graph: Graph,
        info: RunInfo,
        pool: Pool,
        journal: Journal,
        cache: Cache,
        given: Mapping[str, StepRecord],
        singled: Mapping[str, Singled] | None = None,
    ) -> None:
        self.graph = graph
        self.info = info
        self.pool = pool
        self.journal = journal
        self.cache = cache
        self.given = given
        self.schedule = Schedule(graph, cache.known.parameters)
        self.fans = Fans(graph, cache.known.parameters, info.attempt, singled)
        self.hooks = Hooks(self.fans, pool, journal)
        self.retries = Retries(self.fans)
        self.due: deque[str] = deque()  # decided, and waiting for room
        self.running: set[str] = set()
        self.artifacts: dict[str, Artifact] = {}
        self.unverified: set[str] = set()  # of `artifacts`: bytes that another process tree wrote
        self.broken: set[str] = set()  # steps whose earlier results turned out to be damaged
        self.halted_by = ""  # the step whose failure ends the run early, as the execution mode says
        self.was_stopped = False
        self._written = clock.monotonic()

    def loop(self, interrupted: Interrupts) -> None:
        """Until every step and hook has ended, or an interrupt has ended them."""
        self._tell_skipped(self.schedule.skipped)
        while True:
            if interrupted.count:
                return self._stop(interrupted)
            self._advance()
            if not (self.pool.busy or self.retries or self.broken):
                return self._write()
            # The workers are at work: now there is time to tell and write what they did before.
            self.journal.publish()
            self.cache.keep_sources()
            if clock.monotonic() >= self._written + _PATIENCE:
                self._write()
            for record in self.pool.poll(self._patience()):
                self._take(record)

    def _patience(self) -> float | None:
        limits = [self.retries.patience() if self.pool.has_room else None, _PATIENCE if self.journal.is_behind else None]
        return min((limit for limit in limits if limit is not None), default=None)

    def repair(self, outputs: Mapping[str, Artifact]) -> bool:
        """Whether a step must run again, because one of `outputs` is an earlier result that is damaged: then `loop` again."""
        suspects = {name: artifact for name, artifact in spread_out(outputs).items() if name in self.unverified}
        broken = drop_damaged(suspects, self.cache.store.root) - self.given.keys()
        for step in broken:
            self.journal.output(step, "its earlier result is damaged in the store, so it runs again\n")
        self.broken |= broken
        return bool(broken)

    # --- starting ---

    def _advance(self) -> None:
        """As far as it goes until a worker answers."""
        self.hooks.start()
        if self.broken:
            if self.pool.busy:
                return
            self._reopen()
        self._decide_ready()
        self._start_due()

    def _decide_ready(self) -> None:
        while step := self._next_ready():
            record = self.given.get(step.id)
            if step.fan and record is None:
                self._spread(step)
                continue
            record = record or self._standing(step)
            if record is None:
                decision = self.cache.decide(step, self.artifacts)
                record = self._cached(step, decision) if decision.action is Action.CACHED else None
            if record is None:
                self.due.append(step.id)
                self._start_due()  # a new process takes its time to start: meanwhile there is more to decide
            else:
                self._end(record)
                self.journal.publish()  # the next decision may have to wait for a store far away

    def _next_ready(self) -> Step | None:
        """Legs are looked at when there may soon be room for them: there may be thousands."""
        if self.schedule.ready:
            return self._step(self.schedule.ready.popleft())
        return self.fans.next() if len(self.due) < self.pool.size else None

    def _spread(self, step: Step) -> None:
        """Start with the legs of a mapped step; where it has none, or what it maps over is no list, it ends here."""
        try:
            empty = self.fans.start(step, self.artifacts)
        except MapError as error:
            leg = self.fans.refuse(step)
            record = StepRecord(leg, State.FAILED, self.info.attempt, failure=failure_of_orch("input", error))
            self._end(record)
            self._look_after(record)
        else:
            if empty is not None:
                self._end(empty)

    def _start_due(self) -> None:
        while self.pool.has_room and (step := self.retries.next_due() or (self.due.popleft() if self.due else None)):
            self._start(self._step(step))

    def _step(self, name: str) -> Step:
        """The step as it runs: of each `either` the output that there is."""
        step = self.fans[name]
        if index_of(name) is not None:  # a leg: what it reads was chosen for its step
            return step
        return step.choose([producer for producer in step.producers if self.schedule.states[producer].has_outputs])

    def _cached(self, step: Step, decision: Decision) -> StepRecord:
        entry = decision.entry
        assert entry is not None
        return StepRecord(
            step=step.id,
            state=State.CACHED,
            attempt=self.info.attempt,
            inputs={str(ref): {"digest": self.artifacts[str(ref)].digest} for ref in step.references if isinstance(ref, OutputRef)},
            outputs=entry.outputs,
            metadata=entry.metadata,
            reason=decision.reason,
            key=decision.key,
            facts=decision.facts,
            cached_from=entry.run,
            cause=str(decision.cause),
            flags=entry.flags,
        )

    def _start(self, step: Step) -> None:
        tries = self.retries.tries.get(step.id, 1)
        self.journal.begin(step.id, tries)
        artifacts = self._artifacts_for(step)
        order = Order(step.to_json(), artifacts, tries, asked=self.cache.asked_of(step.id))
        settings = step.settings
        self.running.add(step.id)
        self.pool.submit(Task(order, dict(settings.environment), settings.secrets, settings.timeout))

    def _artifacts_for(self, step: Step) -> dict[str, dict[str, object]]:
        """Of a list of which it reads one item, what that takes."""
        found = {str(ref): self._delivered(ref) for ref in step.references if isinstance(ref, OutputRef)}
        for name, index in only_items(step).items():
            found[name] = self._placed(name, self.cache.last.narrow(self.artifacts[name], index).to_json())
        return found

    def _delivered(self, ref: OutputRef) -> dict[str, object]:
        """What this process tree did not write itself has a store named with it, and is hashed when it is read there."""
        artifact = self.artifacts[str(ref)]
        data: dict[str, Any] = artifact.to_json()
        if artifact.materializer == GATHER:
            legs = zip(spread_out({str(ref): artifact}), data["meta"]["items"], strict=True)
            data["meta"] = {"items": [self._placed(leg, item) for leg, item in legs]}
        return self._placed(str(ref), data)

    def _placed(self, name: str, artifact: dict[str, Any]) -> dict[str, Any]:
        return artifact | {"store": str(self.cache.store.root)} if name in self.unverified else artifact

    # --- ending ---

    def _take(self, record: StepRecord) -> None:
        if self.hooks.take(record):
            return
        self.running.remove(record.step)
        if record.failure and record.failure.cause == "input" and self.repair(self._inputs(record.step)):
            return
        if not self._is_failing_fast and (said := self.retries.add(record)):
            self.journal.output(record.step, said)
            return
        if record.state is State.CANCELLED and self.halted_by:
            record = replace(record, reason=f"stopped, because {self._why_halted}")
        record = self.cache.keep(record)
        self._end(record)
        self._look_after(record)

    def _look_after(self, record: StepRecord) -> None:
        """What else follows from the end of a step that ran."""
        self.hooks.add(record)
        if record.state is State.FAILED and not self.halted_by and not self.was_stopped:
            self._halt(record.step)

    def _inputs(self, step: str) -> dict[str, Artifact]:
        return {str(ref): self.artifacts[str(ref)] for ref in self._step(step).references if isinstance(ref, OutputRef)}

    def _end(self, record: StepRecord) -> None:
        """Tell of the end of a step, and of those that are skipped because of it."""
        self.journal.tell(record)
        outputs = {f"{record.step}.{output}": artifact for output, artifact in record.outputs.items()}
        self.artifacts |= outputs
        if index_of(record.step) is None and record.step in self.given:
            outputs |= spread_out(outputs)
            self.artifacts |= outputs
        if record.state is State.CACHED:
            self.unverified.update(outputs)  # in place: with `|=`, a view of keys makes a copy of the whole set at each step
        else:
            self.unverified.difference_update(outputs)
        if index_of(record.step) is not None:
            if folded := self.fans.end(record):
                self._end(folded)
            return
        self._tell_skipped(self.schedule.end(record.step, record.state, flags=record.flags, outputs=record.outputs))

    def _tell_skipped(self, steps: list[str]) -> None:
        while steps:
            step = self.graph[steps.pop(0)]
            below = skipped(step, self.schedule.ends, self.info.attempt)
            self.journal.tell(self._interrupted(step.id) if self.was_stopped else below)

    def _write(self) -> None:
        self.journal.publish()
        self.journal.write()
        self.cache.write()
        self._written = clock.monotonic()

    # --- ending early ---

    @property
    def _is_failing_fast(self) -> bool:
        return bool(self.halted_by) and self.graph.execution_mode is ExecutionMode.FAIL_FAST

    @property
    def _why_halted(self) -> str:
        return f"{self.halted_by} failed and the execution mode is {self.graph.execution_mode}"

    def _halt(self, failed: str) -> None:
        """Where the execution mode says so: nothing new starts; failing fast, what runs is stopped."""
        if self.graph.execution_mode is ExecutionMode.CONTINUE_ON_FAILURE:
            return
        self.halted_by = failed
        if self._is_failing_fast:
            for record in self.retries.cancel():
                self._end(replace(record, reason=f"stopped, because {self._why_halted}; {record.reason}"))
            self.pool.interrupt_steps()
        self.due.clear()
        started = {*self.running, *self.retries.waiting}
        why = f"not started, because {self._why_halted}"
        for step in self.schedule.give_up({*map(step_of, started), *self.fans.going_on}):
            self.journal.tell(StepRecord(step, State.SKIPPED, self.info.attempt, reason=why))
        for leg in self.fans.give_up():
            if leg not in started:
                self._end(StepRecord(leg, State.SKIPPED, self.info.attempt, reason=why))

    def _stop(self, interrupted: Interrupts) -> None:
        self.was_stopped = True
        self.pool.interrupt()
        while self.pool.busy:
            interrupted.clear()
            if interrupted.count > 1:
                self.pool.kill()
            for record in self.pool.poll(1.0):
                self._take(record)
            self.journal.publish()
        for record in self.retries.cancel():
            self._end(record)
        self.hooks.cancel()
        for leg in self.fans.unended():
            self._end(self._interrupted(leg))
        for step in self.graph.steps:
            if step.id not in self.schedule.states:
                self.journal.tell(self._interrupted(step.id))
        self._write()

    def _interrupted(self, step: str) -> StepRecord:
        return StepRecord(step, State.CANCELLED, self.info.attempt, reason="interrupted before it started")

    # --- damaged results ---

    def _reopen(self) -> None:
        """Decide again about the steps whose results are gone, and about all that stands below them."""
        below = self.schedule.reopen(self.broken)
        self.fans.forget(below)
        self.due = deque(step for step in self.due if step_of(step) not in below)
        self.broken = set()

    def _standing(self, step: Step) -> StepRecord | None:
        """The end of a step that did run in this run, on the very inputs that it would get again."""
        record = self.journal.records.get(step.id)
        if record is None or not record.started or record.state not in (State.SUCCEEDED, State.FAILED):
            return None
        same = all(self.artifacts[name].digest == read["digest"] for name, read in record.inputs.items())
        return record if same else None
