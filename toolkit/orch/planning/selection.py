"""Which statements of its own module a step reaches.

A module holds several steps, and an edit of one must not make the others run again. So here, and only here, it is looked
at by top-level statement: the step's function, all whose names it mentions, and so on; and what importing the module
does besides binding names. Where a function may look names up as texts, everything counts.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from orch.planning.closure import bits, closures, union
from orch.planning.modules import NOTHING, Modules, Node, Reached, has_effect
from orch.planning.source import How, Kind, Unit, digest_of_bytes

_HOOKS: Final = frozenset({"__getattr__", "__dir__"})  # functions that Python itself calls
_STEPS: Final = (Kind.STEP, Kind.PIPELINE)


class Holder:
    """A module that holds steps. To be asked after `modules.load()`."""

    def __init__(self, number: int, modules: Modules, above: Reached) -> None:
        self.number = number
        self._above = above  # the packages that it lies in, which are imported before it
        self._modules = modules
        self.node: Node = modules.nodes[number]
        self.units = modules.units(self.node.path)
        self._selected: dict[int, list[Unit]] = {}

    def load(self) -> None:
        """Make the modules known that single statements import."""
        self._imported: list[Reached] = [
            self._modules.reached_by(unit.imports, self.node.package, self.node.finder) if unit.imports else NOTHING for unit in self.units
        ]

    def select(self, name: str) -> int:
        """The statements behind a name, as bits; all of them where that cannot be told."""
        starts = [number for number in self._by_name.get(name, ()) if self.units[number].is_executed]
        if not starts:
            return self._all
        selected = self._always
        for number in starts:
            selected |= self._closures[number]
        return self._all if selected & self._looks_around else selected

    def reached(self, selected: int) -> Reached:
        """What the statements import, and what importing the module does in any case; not yet what these modules reach."""
        found = Reached(self._effects) | self._above
        for number in bits(selected):
            found |= self._imported[number]
        return found

    def digest(self, selected: int) -> str:
        """Of the statements, in their order."""
        if self.node.source.is_opaque:
            return self.node.source.digest
        return digest_of_bytes("\n".join([unit.digest for unit in self.selected(selected)]).encode())

    def classes(self, selected: int) -> int:
        """Those of the statements that define classes, with all that they reach."""
        return union(self._closures, selected & self._with_classes) & selected

    def selected(self, selected: int) -> list[Unit]:
        known = self._selected.get(selected)
        if known is None:
            known = self._selected[selected] = [self.units[number] for number in bits(selected)]
        return known

    def binding(self, name: str) -> int:
        """The statements that bind a name, as bits."""
        return sum(1 << number for number in self._by_name.get(name, ()))

    def line(self, name: str) -> int:
        """Where a name is bound, for messages; 0 where that cannot be told."""
        return min((self.units[number].line for number in self._by_name.get(name, ())), default=0)

    @cached_property
    def _all(self) -> int:
        return sum(1 << number for number, unit in enumerate(self.units) if unit.kind != Kind.TYPING)

    @cached_property
    def _with_classes(self) -> int:
        return sum(1 << number for number, unit in enumerate(self.units) if unit.has_class)

    @cached_property
    def _looks_around(self) -> int:
        return sum(1 << number for number, unit in enumerate(self.units) if unit.looks_around)

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        names: dict[str, list[int]] = {}
        for number, unit in enumerate(self.units):
            if unit.is_executed:
                for name in unit.binds:
                    names.setdefault(name, []).append(number)
                for name in self._star_names(unit):
                    names.setdefault(name, []).append(number)
        return names

    @cached_property
    def _closures(self) -> list[int]:
        edges = []
        for unit in self.units:
            found = 0
            for name in unit.mentions:
                for target in self._by_name.get(name, ()):
                    found |= 1 << target
            for name in unit.named:
                for target in self._by_name.get(name, ()):
                    if self.units[target].kind not in _STEPS:
                        found |= 1 << target
            edges.append(found)
        return closures(edges)

    @cached_property
    def _always(self) -> int:
        starts = sum(1 << number for number, unit in enumerate(self.units) if self._is_always_reached(number, unit))
        return union(self._closures, starts)

    def _is_always_reached(self, number: int, unit: Unit) -> bool:
        if not unit.is_executed:
            return False
        # Of another step, too: a decorator of the user's own may note it down, a default may be a call.
        if has_effect(unit, self.node.finder) or not _HOOKS.isdisjoint(unit.binds):
            return True
        if unit.kind in (Kind.DEFINITION, *_STEPS) or not unit.imports:
            return False
        if any(each.module == "__future__" for each in unit.imports):
            return True
        if any(each.how == How.STAR for each in unit.imports):
            return not self._star_names(unit)
        is_import = any(each.how == How.MODULE and each.module != "orch" for each in unit.imports)
        return is_import and any(self._mentioned.get(name, {number}) == {number} for name in unit.binds)

    @cached_property
    def _mentioned(self) -> dict[str, set[int]]:
        names: dict[str, set[int]] = {}
        for number, unit in enumerate(self.units):
            for name in (*unit.mentions, *unit.named, *unit.settings):
                names.setdefault(name, set()).add(number)
        return names

    def _star_names(self, unit: Unit) -> set[str]:
        """What `from module import *` binds; nothing where that cannot be told."""
        names: set[str] = set()
        for each in unit.imports:
            if each.how != How.STAR:
                continue
            source, submodules = self._modules.exports(each, self.node.package, self.node.finder)
            if source is None or source.is_opaque:
                return set()
            if any(inner.how == How.STAR for inner in source.imports) or not _HOOKS.isdisjoint(source.binds):
                return set()
            names.update(source.binds, submodules)
        return names

    @cached_property
    def _effects(self) -> int:
        """Of the imports that are executed with the module, whoever uses what they bind."""
        executed = 0
        for number, unit in enumerate(self.units):
            if unit.is_executed and unit.kind not in (Kind.DEFINITION, *_STEPS):
                executed |= self._imported[number].modules
        return self._modules.effects(executed)
