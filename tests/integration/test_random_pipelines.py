"""Random pipelines end the same on this machine and under act, with the same bytes: the first time, after a change, and run again."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from support.act import act_module
from support.local import run_module
from support.modules import write
from support.programs import PARAMETERS, SHAPES, Program, program
from support.ran import Ran

from orch.authoring.load import load_graph, separate_modules
from orch.errors import ConditionError, MapError, OrchError
from orch.model.canonical import dumps
from orch.model.graph import Graph
from orch.model.runs import comparable_digests
from orch.orchestrators.github.packs import chosen_packs
from orch.stacks.settings import Settings

pytestmark = pytest.mark.act

# As many as take seconds; `ORCH_PIPELINES=50` for the rest, `ORCH_PIPELINES=31:50` for some of them.
FIRST, _, LAST = os.environ.get("ORCH_PIPELINES", "2").rpartition(":")
NUMBERS: Final = range(int(FIRST or 1), int(LAST) + 1)
CACHES: Final = ("plan", "plan", "job", "'off'")


@dataclass(frozen=True)
class Turn:
    """One run: which steps and legs fail, with which parameters, and the step whose code is another than before."""

    broken: frozenset[str] = frozenset()
    parameters: dict[str, Any] = field(default_factory=dict)
    changed: str = ""

    @property
    def given(self) -> dict[str, str]:
        return {name: value if isinstance(value, str) else dumps(value) for name, value in self.parameters.items()}


class Case:
    """Number `number` of all random pipelines, with two turns, and how its workflow looks for earlier results."""

    def __init__(self, number: int, folder: Path) -> None:
        self.folder = folder
        self.broken = folder / "broken"
        self.broken.mkdir()
        random = Random(number)  # noqa: S311 - one number is one case, everywhere
        shape = [*SHAPES][number % len(SHAPES)]
        self.program, graph = self._valid(random, shape)
        self.cache = random.choice(CACHES)
        packs = chosen_packs(graph, Settings(), dict.fromkeys(graph.by_id, 0.01)) if shape == "packs" else ()
        self.pack_of = {step: f"pack{place}" for place, pack in enumerate(packs) for step in pack}
        self.turns = [self._turn(random, None), self._turn(random, random.choice([*graph.by_id]))]

    def _valid(self, random: Random, shape: str) -> tuple[Program, Graph]:
        """The first one whose conditions and lists go together."""
        for attempt in count():
            made = program(random, random.randint(3, 4 if shape == "maps" else 5), shape)
            try:
                with separate_modules():
                    return made, load_graph(str(write(self.folder / f"draft{attempt}", made.code(str(self.broken)))))
            except OrchError as error:
                if not all(isinstance(each, (ConditionError, MapError)) for each in error.problems):
                    raise
        raise AssertionError("numbers do not end")

    def _turn(self, random: Random, step: str | None) -> Turn:
        share = random.choice([0.0, 0.3])
        broken = frozenset(name for name in self.program.may_break if random.random() < share)
        if step:  # what may run on GitHub where it is cached here must end well there, too
            broken -= self.pack_of.keys()
        parameters = {name: random.choice(values) for name, (_, values) in PARAMETERS.items() if random.random() < 0.3}
        return Turn(broken, parameters, step if step and random.random() < 0.7 else "")

    def run(self, turn: Turn, attempt_of: str | None = None) -> tuple[Ran, Ran]:
        """Here and under act."""
        for file in self.broken.iterdir():
            file.unlink()
        for name in turn.broken:
            (self.broken / name).touch()
        code = self.program.code(str(self.broken), changed=turn.changed, packs=self.pack_of)
        project = self.folder / "act"
        project.mkdir(exist_ok=True)
        (project / "orch.yaml").write_text(f"cache: {self.cache}\n")
        local = run_module(self.folder / "local", code, parameters=turn.parameters, jobs=2, cache=self.cache != "'off'")
        return local, act_module(project, code, given=turn.given, attempt_of=attempt_of)

    def expected(self, local: Ran) -> dict[str, str]:
        """On GitHub a pack runs whole, unless all of it is cached."""
        found = dict(local.states)
        for pack in set(self.pack_of.values()):
            steps = [step for step, name in self.pack_of.items() if name == pack]
            if any(found[step] != "cached" for step in steps):
                found |= {step: "succeeded" for step in steps if found[step] == "cached"}
        return found


def seen(ran: Ran) -> dict[str, Any]:
    """What must not differ of the steps that ran: what they read, why they failed, how often they tried, and what they said."""
    found = {}
    for step in ran.record.steps:
        log = ran.folder / "logs" / f"{step.step}.log"
        failure = (step.failure.type, step.failure.message) if step.failure else None
        if str(step.state) in ("succeeded", "failed"):
            found[step.step] = (sorted(step.inputs), failure, step.tries, log.read_text() if log.is_file() else "")
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_a_random_pipeline_ends_under_act_as_here(tmp_path: Path, number: int) -> None:
    case = Case(number, tmp_path)
    first, second = case.turns
    check(case, first)
    ran = check(case, second)
    if ran.record.state == "failed":
        check(case, Turn(parameters=second.parameters, changed=second.changed), attempt_of=ran.record.info.run)


def check(case: Case, turn: Turn, attempt_of: str | None = None) -> Ran:
    local, ran = case.run(turn, attempt_of)

    assert ran.states == case.expected(local), turn
    assert comparable_digests(ran.record) == comparable_digests(local.record)
    here, there = seen(local), seen(ran)
    assert {step: end for step, end in there.items() if step in here} == here
    return ran
