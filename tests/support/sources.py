"""Projects of source files on disk, and which of their steps an edit makes run again."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orch.authoring.project import Project
from orch.model.facts import Facts
from orch.model.graph import Graph, Output, OutputRef, Step
from orch.model.settings import StepSettings
from orch.planning.facts import Gathered, gather


@dataclass
class Sources:
    """A repository in `root`; `path` stands for what `sys.path` holds besides the project, such as site-packages."""

    root: Path
    files: Mapping[str, str]
    steps: tuple[Step, ...] = ()
    project: str = "."
    path: list[Path] = field(default_factory=list)
    memory: Path | None = None

    def __post_init__(self) -> None:
        for name, text in self.files.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        (self.root / name).write_text(text.replace(old, new), encoding="utf-8")

    def gather(self) -> Gathered:
        graph = Graph("p", "pipeline.py:p", self.steps)
        project = Project(self.root, (self.root / self.project).resolve())
        return gather(graph, project, memory=self.memory, path=[str(entry) for entry in self.path])

    def facts(self, step: str) -> Facts:
        return self.gather().facts[step]

    def blind(self, step: str) -> list[str]:
        """What cannot be seen of it."""
        found = self.gather()
        digest = found.facts[step].blind
        return list(json.loads(found.documents[digest])) if digest else []

    def missed_by(self, name: str, old: str, new: str) -> set[str]:
        """The steps whose code is another one after `old` was replaced by `new` in a file, which is undone then."""
        before = self.gather().facts
        text = (self.root / name).read_bytes()
        self.replace(name, old, new)
        after = self.gather().facts
        (self.root / name).write_bytes(text)
        return {step for step in before if (before[step].code, before[step].packages) != (after[step].code, after[step].packages)}


def steps(*names: str, file: str = "pipeline.py", files: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """Steps that do not read from each other."""
    settings = StepSettings(files=files)
    return tuple(Step(name, f"{file}:{name}", outputs=(Output("output", "int"),), settings=settings) for name in names)


def chain(*makers: tuple[str, str], file: str = "pipeline.py") -> tuple[Step, ...]:
    """Steps that each read the output of the one before, given as name and type of its output."""
    found: list[Step] = []
    for name, kind in makers:
        reads = ((("x", OutputRef(found[-1].id, "output")),)) if found else ()
        found.append(Step(name, f"{file}:{name}", reads, (Output("output", kind),)))
    return tuple(found)
