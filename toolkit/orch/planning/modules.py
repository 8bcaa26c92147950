"""The first-party modules that code leads to: each loaded once, with what it imports in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from orch.planning.closure import bits, closures, union
from orch.planning.finder import Finder, Foreign, Module
from orch.planning.source import How, Import, Kind, Source, Unit


@dataclass(frozen=True, slots=True)
class Reached:
    """`modules` are bits of `Modules`, `tops` top-level modules of installed distributions."""

    modules: int = 0
    tops: frozenset[str] = frozenset()

    def __or__(self, other: Reached) -> Reached:
        return Reached(self.modules | other.modules, self.tops | other.tops)


NOTHING = Reached()


class Node(NamedTuple):
    path: str
    label: str
    source: Source
    finder: Finder
    package: str


@dataclass
class Modules:
    """`read` gives what a file says, `label` how it is called in documents, `editable` what an installed module needs of sources."""

    read: Callable[[str], Source]
    label: Callable[[Module], str]
    editable: Callable[[str], Iterable[str]]
    nodes: list[Node] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _editable: dict[str, int] = field(default_factory=dict)

    def reached_by(self, imports: Iterable[Import], package: str, finder: Finder) -> Reached:
        """What a statement of a module in `package` imports itself."""
        modules = 0
        tops: set[str] = set()
        for each in imports:
            base = _absolute(each, package)
            if base is None:
                continue
            found = self._chain(base, finder)
            for module in found:
                if isinstance(module, Foreign):
                    if module.top:
                        tops.add(module.top)
                        modules |= self._editable_below(module.top, finder)
                else:
                    modules |= self._bit(module, finder)
            last = found[-1] if found else None
            if each.how == How.MODULE and each.name and base:
                inner = finder.find(f"{base}.{each.name}")
                if isinstance(inner, Module):
                    modules |= self._bit(inner, finder)
                elif isinstance(inner, Foreign) and inner.top:  # the installed part of a namespace
                    tops.add(inner.top)
            elif isinstance(last, Module) and last.name == base:
                if each.how == How.BELOW:
                    for module in finder.below(last):
                        modules |= self._bit(module, finder)
                elif each.how == How.STAR and self._names_exports(last, finder):
                    for module in finder.children(last):
                        modules |= self._bit(module, finder)
        return Reached(modules, frozenset(tops))

    def number(self, module: Module, finder: Finder) -> int:
        """Of a module that has a file."""
        key = (module.path, module.package)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.nodes)
            self.nodes.append(Node(module.path, self.label(module), self.read(module.path), finder, module.package))
        return known

    def exports(self, wanted: Import, package: str, finder: Finder) -> tuple[Source | None, list[str]]:
        """What a star import reads its names from, if it is first-party: the module, and names of its own modules."""
        base = _absolute(wanted, package)
        found = finder.find(base) if base else None
        if not isinstance(found, Module) or not found.path:
            return None, []
        source = self.nodes[self.number(found, finder)].source
        inner = finder.children(found) if self._names_exports(found, finder) else ()
        return source, [module.name.rpartition(".")[2] for module in inner]

    def _bit(self, module: Module, finder: Finder) -> int:
        return 1 << self.number(module, finder) if module.path else 0

    def _chain(self, name: str, finder: Finder) -> list[Module | Foreign]:
        """Importing `a.b.c` executes `a`, then `a.b`, then it: as far as they exist."""
        found = []
        parts = name.split(".") if name else []
        for length in range(1, len(parts) + 1):
            module = finder.find(".".join(parts[:length]))
            if module is None:
                break
            found.append(module)
            if isinstance(module, Foreign):
                break
        return found

    def _names_exports(self, module: Module, finder: Finder) -> bool:
        """`from package import *` imports the submodules that its `__all__` names."""
        if not module.path:
            return False
        source = self.nodes[self.number(module, finder)].source
        return any("__all__" in unit.binds for unit in source.units)

    def _editable_below(self, top: str, finder: Finder) -> int:
        """An installed distribution may need one that is installed from a folder where it is edited."""
        known = self._editable.get(top)
        if known is None:
            self._editable[top] = known = 0
            for name in self.editable(top):
                module = finder.find(name)
                if isinstance(module, Module):
                    for each in (module, *finder.below(module)):
                        known |= self._bit(each, finder)
            self._editable[top] = known
        return known

    # --- once all are loaded ---

    def load(self) -> None:
        """What the modules that are known import, and so on; afterwards no new ones are met."""
        direct = self._direct
        while len(direct) < len(self.nodes):
            node = self.nodes[len(direct)]
            found = NOTHING
            for unit in node.source.units:
                if unit.imports:
                    found |= self.reached_by(unit.imports, node.package, node.finder)
            direct.append(found)

    @cached_property
    def _direct(self) -> list[Reached]:
        return []

    @cached_property
    def _closures(self) -> list[int]:
        return closures([found.modules for found in self._direct])

    @cached_property
    def _with_effects(self) -> int:
        """Modules whose import does more than bind names."""
        return sum(1 << number for number, node in enumerate(self.nodes) if _has_effects(node))

    def closure(self, modules: int) -> int:
        """With all that these modules reach."""
        return union(self._closures, modules)

    def effects(self, modules: int) -> int:
        """As far as importing them has effects: these modules, and all that they reach."""
        return self.closure(self.closure(modules) & self._with_effects)

    @cached_property
    def with_classes(self) -> int:
        """Modules that define classes, whose objects may be passed on as values; of what cannot be read, nobody knows."""
        return sum(
            1 << number
            for number, node in enumerate(self.nodes)
            if node.source.is_opaque or any(unit.has_class for unit in node.source.units)
        )

    def tops(self, modules: int) -> frozenset[str]:
        return frozenset().union(*(self._direct[number].tops for number in bits(modules)))


def _has_effects(node: Node) -> bool:
    return node.source.is_opaque or any(has_effect(unit, node.finder) for unit in node.source.units)


def has_effect(unit: Unit, finder: Finder) -> bool:
    if unit.kind in (Kind.MAIN, Kind.TYPING):
        return False
    return unit.has_effect or any(isinstance(finder.find(top), Module) for top in unit.doubts)


def _absolute(wanted: Import, package: str) -> str | None:
    """The dotted name that an import begins with; None where it leads above the top-level package."""
    if not wanted.level:
        return wanted.module
    parents = package.split(".") if package else []
    if wanted.level > len(parents):
        return None
    return ".".join([*parents[: len(parents) - wanted.level + 1], *([wanted.module] if wanted.module else [])])
