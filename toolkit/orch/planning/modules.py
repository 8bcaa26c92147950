"""The first-party modules that code leads to: each loaded once, with what it imports in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from orch.planning.closure import bits, closures, union
from orch.planning.finder import Finder, Foreign, Found, Module
from orch.planning.source import How, Import, Source, Unit


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
    """`read` gives what a file says, `units` statement by statement, `label` how it is called in documents.

    `editable` names the modules installed for editing that an installed one needs.
    """

    read: Callable[[str], Source]
    units: Callable[[str], Sequence[Unit]]
    label: Callable[[Module], str]
    editable: Callable[[str], Iterable[str]]
    nodes: list[Node] = field(default_factory=list)
    _known: dict[int, dict[tuple[str, str, str], Reached]] = field(default_factory=dict)  # by finder
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _editable: dict[str, int] = field(default_factory=dict)

    def reached_by(self, imports: Iterable[Import], package: str, finder: Finder) -> Reached:
        """What a statement of a module in `package` imports itself."""
        modules = 0
        tops: set[str] = set()
        known = self._known.setdefault(id(finder), {})
        for each in imports:
            base = _absolute(each, package) if each.level else each.module
            if base is None:
                continue
            key = (each.how, base, each.name)
            found = known.get(key)
            if found is None:
                found = known[key] = self._one(each.how, base, each.name, finder)
            modules |= found.modules
            if found.tops:
                tops |= found.tops
        return Reached(modules, frozenset(tops))

    def _one(self, how: str, base: str, name: str, finder: Finder) -> Reached:
        modules = 0
        tops: set[str] = set()
        found = self._chain(base, finder)
        last = found[-1] if found else None
        if how == How.MODULE and name and base:
            found.append(finder.find(f"{base}.{name}"))
        for module in found:
            if isinstance(module, Module):
                modules |= self._bit(module, finder)
            elif module is not None and module.top:
                tops.add(module.top)
                modules |= self._editable_below(module.top, finder)
        if isinstance(last, Module) and last.name == base:
            if how == How.BELOW:
                for module in finder.below(last):
                    modules |= self._bit(module, finder)
            elif how == How.STAR and self._names_exports(last, finder):
                for module in finder.children(last):
                    modules |= self._bit(module, finder)
        return Reached(modules, frozenset(tops))

    def number(self, module: Module, finder: Finder) -> int:
        """Of a module that has a file."""
        key = (module.path, module.name)
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

    def _chain(self, name: str, finder: Finder) -> list[Found]:
        """Importing `a.b.c` executes `a`, then `a.b`, then it: as far as they exist."""
        found: list[Found] = []
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
        return "__all__" in source.binds

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
            direct.append(self.reached_by(node.source.imports, node.package, node.finder))

    @cached_property
    def _direct(self) -> list[Reached]:
        return []

    @cached_property
    def _closures(self) -> list[int]:
        return closures([found.modules for found in self._direct])

    @cached_property
    def _with_effects(self) -> int:
        """Modules whose import does more than bind names."""
        return sum(1 << number for number, node in enumerate(self.nodes) if has_effect(node.source, node.finder))

    def closure(self, modules: int) -> int:
        """With all that these modules reach."""
        return union(self._closures, modules)

    def effects(self, modules: int) -> int:
        """As far as importing them has effects: these modules, and all that they reach."""
        return self.closure(self.closure(modules) & self._with_effects)

    @cached_property
    def with_classes(self) -> int:
        """Modules that define classes, whose objects may be passed on as values."""
        return sum(1 << number for number, node in enumerate(self.nodes) if node.source.has_class)

    def tops(self, modules: int) -> frozenset[str]:
        return frozenset().union(*(self._direct[number].tops for number in bits(modules)))


def has_effect(found: Source | Unit, finder: Finder) -> bool:
    """Whether executing it does more than bind names, now that it is known which libraries are first-party."""
    return found.has_effect or any(isinstance(finder.find(top), Module) for top in found.doubts)


def _absolute(wanted: Import, package: str) -> str | None:
    """The dotted name that an import begins with; None where it leads above the top-level package."""
    if not wanted.level:
        return wanted.module
    parents = package.split(".") if package else []
    if wanted.level > len(parents):
        return None
    return ".".join([*parents[: len(parents) - wanted.level + 1], *([wanted.module] if wanted.module else [])])
