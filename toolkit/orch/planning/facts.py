"""What the results of a graph's steps depend on besides their arguments, as found on this machine."""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from orch import system
from orch.authoring.project import Project
from orch.errors import FilesError, OrchError, Where, raise_problems
from orch.model import canonical
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.graph import Graph
from orch.model.steps import Step
from orch.planning.code import Code, CodeOfSteps
from orch.planning.declared import declared_files
from orch.planning.locked import Locked, Locks
from orch.planning.memory import Memory
from orch.planning.packages import Packages
from orch.planning.search_path import python_folders, search_path, site_folders
from orch.planning.source import Blind, digest_of_bytes


@dataclass(frozen=True, slots=True)
class Gathered:
    """`documents` are the bytes behind the digests that facts name; `sources` are files by the digest of their bytes.

    Whoever keeps both where `changes` can read them makes later differences explicable.
    """

    facts: Mapping[str, Facts]  # by step
    documents: Mapping[str, bytes]
    sources: Mapping[str, Path | bytes]
    files: Mapping[str, Path]  # by the names that documents use


def gather(
    graph: Graph,
    project: Project,
    *,
    steps: Collection[str] | None = None,
    memory: Path | None = None,
    path: Sequence[str] | None = None,
) -> Gathered:
    """The facts of `steps`, or of all; raises FilesError for declared files that cannot be read.

    `memory` is a file in which what was learnt of files that did not change is kept. `path` stands for `sys.path`.
    """
    gathered, problems = _gather(graph, project, search_path(sys.path if path is None else path), Memory(memory), steps)
    raise_problems(problems.values())
    return gathered


def in_images(facts: Mapping[str, Facts], images: Mapping[str, str]) -> dict[str, Facts]:
    """The same for steps that run in `images`, by step: what is installed here is nothing to them."""
    return {
        step: replace(each, image=images[step], packages="", python="", platform="") if step in images else each
        for step, each in facts.items()
    }


def gather_ahead(
    graph: Graph, project: Project, locks: Locks, *, steps: Collection[str] | None = None
) -> tuple[dict[str, Facts], dict[str, OrchError]]:
    """The facts of steps that another machine runs, before it has an environment, and for other steps why nobody can know them.

    Packages are those that the job will install. `python` and `platform` are empty: who knows that machine fills them in.
    """
    gathered, problems = gathered_ahead(graph, project, locks, steps=steps)
    return {step: replace(facts, python="", platform="", texts="", blind="") for step, facts in gathered.facts.items()}, problems


def gathered_ahead(
    graph: Graph, project: Project, locks: Locks, *, steps: Collection[str] | None = None
) -> tuple[Gathered, dict[str, OrchError]]:
    """The same with what its facts name by digests."""
    locked: dict[str, Locked] = {}
    problems: dict[str, OrchError] = {}
    for step in graph.steps:
        if steps is None or step.id in steps:
            try:
                locked[step.id] = locks.of(step)
            except FilesError as error:
                problems[step.id] = error
    folders = dict.fromkeys(folder for each in locked.values() for folder in each.folders)
    path = [*dict.fromkeys(str(place) for folder in folders for place in (folder / "src", folder)), *python_folders(sys.path)]
    gathered, more = _gather(graph, project, path, Memory(None), locked.keys(), locked)
    return gathered, problems | more


def _gather(
    graph: Graph,
    project: Project,
    path: Sequence[str],
    remembered: Memory,
    steps: Collection[str] | None,
    locked: Mapping[str, Locked] | None = None,
) -> tuple[Gathered, dict[str, OrchError]]:
    packages = Packages(site_folders(path), remembered)
    with _collector_paused():
        code = CodeOfSteps(graph, project, path, packages, remembered)
    wanted = [step for step in graph.steps if steps is None or step.id in steps]
    writer = _Documents(code, packages)
    facts: dict[str, Facts] = {}
    problems: dict[str, OrchError] = {}
    for step in wanted:
        try:
            declared = _declared(step, project, code, remembered)
        except FilesError as error:
            problems[step.id] = error
            continue
        facts[step.id] = writer.facts(step, declared, None if locked is None else locked[step.id].packages)
    remembered.save()
    return Gathered(facts, writer.documents, writer.sources(), writer.files()), problems


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Syntax trees have no cycles, and looking for some in a hundred thousand nodes takes as long as parsing them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _declared(step: Step, project: Project, code: CodeOfSteps, memory: Memory) -> dict[str, str]:
    if not step.settings.files:
        return {}
    where = code.place(step)
    found = declared_files(step.settings.files, project.root, where, step.id)
    return {name: _digest(file, name, where, step, memory) for name, file in found.items()}


def _digest(file: str, name: str, where: Where, step: Step, memory: Memory) -> str:
    try:
        return memory.digest(file)
    except OSError as error:
        message = f"step {step.id!r} declares {name!r}, which cannot be read: {error.strerror}"
        raise FilesError(message, hint="make it readable, or name others", where=where) from error


class _Documents:
    """Steps share most of what they reach: each document is made once."""

    def __init__(self, code: CodeOfSteps, packages: Packages) -> None:
        self.documents: dict[str, bytes] = {}
        self._reached = 0  # modules, as bits
        self._code = code
        self._packages = packages
        self._known: dict[Code, Facts] = {}
        self._of_modules: dict[int, _OfModules] = {}
        self._of_tops: dict[frozenset[str], str] = {}

    def facts(self, step: Step, files: Mapping[str, str], packages: Mapping[str, str] | None = None) -> Facts:
        """`packages` stand for those that are installed here."""
        code = self._code.of(step)
        known = self._known.get(code)
        if known is None:
            known = self._known[code] = self._facts(code)
        lines = self._blind(code, {*dict(step.settings.environment), *step.settings.secrets})
        blind = self._add(lines) if lines else ""
        if packages is not None:
            known = replace(known, packages=self._add(dict(packages)))
        return replace(known, files=files, blind=blind) if files or blind else known

    def _facts(self, code: Code) -> Facts:
        whole = self._whole(code.modules)
        own: dict[str, str] = {}
        texts = dict(whole.texts)
        asks_date = whole.asks_date
        for number, selected in code.own:
            holder = self._code.holder(number)
            own[holder.node.label] = holder.digest(selected)
            texts[holder.node.label] = holder.node.source.text
            self._reached |= 1 << number
            asks_date = asks_date or any(unit.asks_date for unit in holder.selected(selected))
        if code.tops not in self._of_tops:
            self._of_tops[code.tops] = self._add(self._packages.needed_by(code.tops))
        self._reached |= code.modules
        return Facts(
            code=self._add({"own": own, "modules": whole.document}),
            packages=self._of_tops[code.tops],
            python=python(),
            platform=platform(),
            reads_logical_date=asks_date,
            texts=self._add(texts),
        )

    def _whole(self, modules: int) -> _OfModules:
        """Of the modules that count whole."""
        known = self._of_modules.get(modules)
        if known is None:
            nodes = self._code.nodes(modules)
            known = self._of_modules[modules] = _OfModules(
                self._add({node.label: node.source.digest for node in nodes}),
                {node.label: node.source.text for node in nodes},
                [(node.label, each) for node in nodes for each in node.source.blind],
                any(node.source.asks_date for node in nodes),
            )
        return known

    def sources(self) -> dict[str, Path | bytes]:
        return {node.source.text: Path(node.path) for node in self._code.nodes(self._reached)}

    def files(self) -> dict[str, Path]:
        return {node.label: Path(node.path) for node in self._code.nodes(self._reached)}

    def _blind(self, code: Code, declared: Collection[str]) -> list[str]:
        """A variable that the step declares is in its key."""
        found = set(self._whole(code.modules).blind)
        for number, selected in code.own:
            holder = self._code.holder(number)
            found.update((holder.node.label, each) for unit in holder.selected(selected) for each in unit.blind)
        return [f"{label}:{each.line}: {each.text}" for label, each in sorted(found) if each.variable not in declared]

    def _add(self, content: Json) -> str:
        data = canonical.dumps(content).encode()
        digest = digest_of_bytes(data)
        self.documents[digest] = data
        return digest


class _OfModules(NamedTuple):
    document: str
    texts: Mapping[str, str]
    blind: Sequence[tuple[str, Blind]]
    asks_date: bool


@cache
def python() -> str:
    """As `3.11`; `3.13t` without the global lock, `pypy3.11`."""
    name = "" if sys.implementation.name == "cpython" else sys.implementation.name
    return f"{name}{sys.version_info[0]}.{sys.version_info[1]}{'t' if 't' in getattr(sys, 'abiflags', '') else ''}"


@cache
def platform() -> str:
    """As `linux-x86_64`."""
    return f"{sys.platform}-{system.architecture().lower()}"
