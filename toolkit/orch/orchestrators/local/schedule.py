"""Which steps may start, as pure state: a step is ready once its needs have ended and its condition holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from orch.model.conditions import holds
from orch.model.graph import Graph
from orch.model.states import State


class Schedule:
    """`end` a step and read what became ready or was skipped by it; each step and edge is looked at once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.states: dict[str, State] = {}
        self.ready: deque[str] = deque()
        needs = {step.id: step.needs for step in graph.steps}
        self._waiting_for = {step: len(before) for step, before in needs.items()}
        self._dependents: dict[str, list[str]] = {step: [] for step in needs}
        for step, before in needs.items():
            for need in before:
                self._dependents[need].append(step)
        self.ready.extend(step for step, before in needs.items() if not before)

    @property
    def has_ended(self) -> bool:
        return len(self.states) == len(self.graph.steps)

    def end(self, step: str, state: State) -> list[str]:
        """Note the end of `step`; gives the ids of the steps that are skipped because of it."""
        skipped: list[str] = []
        ended = deque([(step, state)])
        while ended:
            name, result = ended.popleft()
            self.states[name] = result
            for dependent in self._dependents[name]:
                self._waiting_for[dependent] -= 1
                if self._waiting_for[dependent] or dependent in self.states:
                    continue
                if holds(self.graph[dependent].condition, self.states):
                    self.ready.append(dependent)
                else:
                    skipped.append(dependent)
                    ended.append((dependent, State.SKIPPED))
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
                self.states.pop(name, None)
                waiting += self._dependents[name]
        self.ready = deque(name for name in self.ready if name not in below)
        for step in self.graph.steps:
            if step.id in below:
                self._waiting_for[step.id] = sum(need not in self.states for need in step.needs)
                if step.id in roots and not self._waiting_for[step.id]:
                    self.ready.append(step.id)
        return frozenset(below)
