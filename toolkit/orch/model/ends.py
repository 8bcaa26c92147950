"""How the steps of a run have ended so far, and what follows from it for those that wait for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.conditions import And, Compare, Condition, Not, Or, Passed, Succeeded, truth
from orch.model.flags import PARAMETERS, flags_from, flags_of_parameters, leaves_of, name_of, place_of, told
from orch.model.states import State
from orch.model.steps import Step


@dataclass
class Ends:
    """`flags`: place (a step, or `PARAMETERS`) -> name of a comparison -> its truth. `tainted`: steps that failed or were cancelled,
    and all below them: nothing starts there, whatever its condition says."""

    states: dict[str, State] = field(default_factory=dict)
    flags: dict[str, Mapping[str, bool]] = field(default_factory=dict)
    tainted: set[str] = field(default_factory=set)

    asked: Mapping[str, tuple[Compare, ...]] = field(default_factory=dict)  # the comparisons of the graph, by their place
    parameters: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of(cls, steps: Iterable[Step], parameters: Mapping[str, Json]) -> Ends:
        """Before the first step: `parameters` as encoded by `orch.model.values`."""
        asked = leaves_of(steps)
        return cls(flags={PARAMETERS: flags_of_parameters(asked.get(PARAMETERS, ()), parameters)}, asked=asked, parameters=parameters)

    def note(
        self, step: Step, state: State, *, flags: Mapping[str, bool] | None = None, outputs: Mapping[str, Artifact] | None = None
    ) -> None:
        """The end of `step`, after all that it needs; `flags` and `outputs` are those of its record."""
        self.states[step.id] = state
        if step.id in self.asked:
            self.flags[step.id] = flags_from(self.asked[step.id], self.parameters, flags or {}, outputs or {})
        if state in (State.FAILED, State.CANCELLED) or (state is State.SKIPPED and self.is_below_failure(step)):
            self.tainted.add(step.id)
        else:
            self.tainted.discard(step.id)

    def forget(self, steps: Iterable[str]) -> None:
        for step in steps:
            self.states.pop(step, None)
            self.flags.pop(step, None)
            self.tainted.discard(step)

    def is_below_failure(self, step: Step) -> bool:
        return bool(self.tainted) and not self.tainted.isdisjoint(step.needs)

    def may_start(self, step: Step) -> bool | None:
        """Whether `step` runs, all its needs having ended; None where a comparison that it hangs on is not known."""
        return False if self.is_below_failure(step) else truth(step.condition, self.states, self.told)

    def told(self, leaf: Compare) -> bool | None:
        return self.flags.get(place_of(leaf), {}).get(name_of(leaf))

    def reason(self, step: Step) -> str:
        """Why `step` may not start: a need that has no outputs, or what its condition says."""
        if blocker := next((need for need in step.needs if need in self.tainted), ""):
            return f"{blocker} {self.states[blocker]}"
        terms = step.condition.terms if isinstance(step.condition, And) else (step.condition,)
        return next((self._blame(term) for term in terms if truth(term, self.states, self.told) is not True), "")

    def _blame(self, term: Condition) -> str:
        match term:
            case Succeeded(step) | Passed(step):
                return f"{step} {self.states[step]}"
            case Or(terms) if all(isinstance(each, Succeeded) for each in terms):
                return f"none of {', '.join(each.step for each in terms if isinstance(each, Succeeded))} ran"
            case Not(inner):
                return f"{told(inner)} is true"
            case _:
                return f"{told(term)} is false"
