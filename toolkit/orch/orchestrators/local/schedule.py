"""Which steps may start, as pure state: a step is ready once its needs have ended and its condition holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.ends import Ends
from orch.model.graph import Graph
from orch.model.states import State


class Schedule:
    """`end` a step and read what became ready or was skipped by it; each step and edge is looked at once.

    `skipped` are the steps that conditions on parameters skip before anything has run.
    """

    def __init__(self, graph: Graph, parameters: Mapping[str, Json] | None = None) -> None:
        """`parameters` as encoded by `orch.model.values`, for conditions on them."""
        self.graph = graph
        self.ends = Ends.of(graph.steps, parameters or {})
        self.states = self.ends.states
        self.ready: deque[str] = deque()
        needs = {step.id: step.needs for step in graph.steps}
        self._waiting_for = {step: len(before) for step, before in needs.items()}
        self._dependents: dict[str, list[str]] = {step: [] for step in needs}
        for step, before in needs.items():
            for need in before:
                self._dependents[need].append(step)
        self.skipped = self._look_at([step for step, before in needs.items() if not before])

    @property
    def has_ended(self) -> bool:
        return len(self.states) == len(self.graph.steps)

    def end(
        self, step: str, state: State, *, flags: Mapping[str, bool] | None = None, outputs: Mapping[str, Artifact] | None = None
    ) -> list[str]:
        """Note the end of `step`, with what its record tells; gives the ids of the steps that are skipped because of it."""
        self.ends.note(self.graph[step], state, flags=flags, outputs=outputs)
        return self._look_at(self._freed(step))

    def _freed(self, ended: str) -> list[str]:
        """The steps that wait for nothing any more."""
        for dependent in self._dependents[ended]:
            self._waiting_for[dependent] -= 1
        return [name for name in self._dependents[ended] if not self._waiting_for[name] and name not in self.states]

    def _look_at(self, steps: Iterable[str]) -> list[str]:
        """Make each of `steps` ready, or skip it, and go on below it."""
        skipped: list[str] = []
        waiting = deque(steps)
        while waiting:
            name = waiting.popleft()
            if self.ends.may_start(self.graph[name]):
                self.ready.append(name)
            else:
                skipped.append(name)
                self.ends.note(self.graph[name], State.SKIPPED)
                waiting.extend(self._freed(name))
        return skipped

    def give_up(self, besides: Iterable[str]) -> list[str]:
        """Skip every step that has not ended, `besides` those that were started; gives their ids."""
        started = frozenset(besides)
        given_up = [step.id for step in self.graph.steps if step.id not in self.states and step.id not in started]
        self.states.update(dict.fromkeys(given_up, State.SKIPPED))
        self.ready.clear()
        return given_up

    def reopen(self, steps: Iterable[str]) -> frozenset[str]:
        """Look again at `steps` and at everything below them, whose ids it gives. None of them may be running."""
        below: set[str] = set()
        waiting = list(steps)
        roots = frozenset(waiting)
        while waiting:
            name = waiting.pop()
            if name not in below:
                below.add(name)
                waiting += self._dependents[name]
        self.ends.forget(below)
        self.ready = deque(name for name in self.ready if name not in below)
        for step in self.graph.steps:
            if step.id in below:
                self._waiting_for[step.id] = sum(need not in self.states for need in step.needs)
                if step.id in roots and not self._waiting_for[step.id]:
                    self.ready.append(step.id)
        return frozenset(below)
