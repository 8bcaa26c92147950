"""The first statements in which two versions of a source file differ for a step, with the lines that show it."""

from __future__ import annotations

import ast
import copy
import warnings
from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from orch.planning.normal_form import normal_form
from orch.planning.read_source import read_source, top_level
from orch.planning.source import Kind, Unit

_MOST: Final = 2000  # statements that are compared one by one: beyond, the first difference must do
_BODIES: Final = ("body", "orelse", "finalbody", "handlers", "cases")


class Difference(NamedTuple):
    """`line` is that of the new version, or of the old one where the statement is gone."""

    line: int
    old: str
    new: str


class _Statement(NamedTuple):
    form: str
    lines: range


def differences(old: bytes, new: bytes, names: Collection[str] | None) -> list[Difference]:
    """Of what `names` reach in their module, of its classes without names, of all of it with None; [] where it cannot be read."""
    versions = [read_source(data) for data in (old, new)]
    if any(source.is_opaque for source, _ in versions):
        return []
    # What is relevant in one version is looked for in both: a statement that is no longer used has not changed.
    wanted = set().union(*(_reached(units, names) for _, units in versions))
    before, after = (_relevant(data, units, wanted) for data, (_, units) in zip((old, new), versions, strict=True))
    old_lines, new_lines = _lines(old), _lines(new)
    same = 0
    while same < min(len(before), len(after)) and before[same].form == after[same].form:
        same += 1
    before, after = before[same:], after[same:]
    if max(len(before), len(after)) > _MOST:
        return [_difference(before[:1], after[:1], old_lines, new_lines)]
    matcher = SequenceMatcher(None, [each.form for each in before], [each.form for each in after], autojunk=False)
    return [_difference(before[a:b], after[c:d], old_lines, new_lines) for what, a, b, c, d in matcher.get_opcodes() if what != "equal"]


def _difference(before: Sequence[_Statement], after: Sequence[_Statement], old: Sequence[str], new: Sequence[str]) -> Difference:
    was = [number for each in before[:1] for number in each.lines]
    now = [number for each in after[:1] for number in each.lines]
    # Of a statement over several lines, the first that differs: most of a long literal is as it was.
    same = next((k for k, (a, b) in enumerate(zip(was, now, strict=False)) if old[a - 1].strip() != new[b - 1].strip()), 0)
    was, now = was[same:] or was[-1:], now[same:] or now[-1:]
    return Difference(now[0] if now else was[0], old[was[0] - 1].strip() if was else "", new[now[0] - 1].strip() if now else "")


def _lines(data: bytes) -> list[str]:
    return [line.decode(errors="replace") for line in data.splitlines()] or [""]


def _relevant(data: bytes, units: Sequence[Unit], wanted: Collection[str]) -> list[_Statement]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(data)
    both = zip(top_level(tree), units, strict=True)
    return [each for node, unit in both if unit.digest in wanted and unit.kind != Kind.TYPING for each in _flat(node)]


def _reached(units: Sequence[Unit], names: Collection[str] | None) -> set[str]:
    """Nearly as `Holder` selects them: whether a library is first-party, and what its import does, is not known here."""
    if names is None:
        return {unit.digest for unit in units}
    by_name: dict[str, list[Unit]] = {}
    for unit in units:
        for name in unit.binds:
            by_name.setdefault(name, []).append(unit)
    waiting = [unit for unit in units if unit.is_executed and (unit.has_effect or (not names and unit.has_class))]
    waiting += [unit for name in names for unit in by_name.get(name, ())]
    found: set[str] = set()
    while waiting:
        unit = waiting.pop()
        if unit.digest not in found:
            found.add(unit.digest)
            waiting += [other for name in (*unit.mentions, *unit.named) for other in by_name.get(name, ())]
    return found


def _flat(node: ast.AST) -> Iterator[_Statement]:
    """The statement without those inside it, then these."""
    inner = [each for name in _BODIES for each in getattr(node, name, ()) if isinstance(each, ast.AST)]
    head = copy.copy(node)
    for name in _BODIES:
        if isinstance(getattr(node, name, None), list):
            setattr(head, name, [])
    first = _first_line(node)
    last = min((_first_line(each) for each in inner), default=getattr(node, "end_lineno", first) + 1)
    yield _Statement(normal_form(head)[0], range(first, max(last, first + 1)))
    for each in inner:
        yield from _flat(each)


def _first_line(node: ast.AST) -> int:
    lines: list[int] = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    own = node.pattern if isinstance(node, ast.match_case) else node
    first: int = getattr(own, "lineno", 1)
    return min([first, *lines])
