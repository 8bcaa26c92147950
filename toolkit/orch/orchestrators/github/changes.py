"""What changes for people between two generated texts: jobs, triggers, permissions, settings; not lines, order or layout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orch.model import canonical

_USES: Final = re.compile(r"(uses: \S+)@([0-9a-f]{7})[0-9a-f]{33}(?: # (\S+))?")
_NAMED: Final = ("id", "name")  # what tells the entries of a list apart, whatever their order
_PARTS: Final = {"jobs": "job", "steps": "step"}


@dataclass(frozen=True, slots=True)
class _Change:
    """`path` is inside of `part` (a job of a workflow, a step of a graph), or in the text as a whole, where that is empty."""

    part: str
    path: tuple[str, ...]
    before: Any
    after: Any


def workflow_changes(before: str, after: str) -> list[str]:
    """One line for each change from workflow to workflow, equal ones of several jobs in one; raises ValueError where a text is none."""
    return _lines(read_workflow(before), read_workflow(after), "jobs")


def graph_changes(before: str, after: str) -> list[str]:
    """The same from graph to graph; raises ValueError where a text is none."""
    return _lines(canonical.loads(before), canonical.loads(after), "steps")


def graph_settings_changes(before: str, after: str) -> list[str]:
    """The lines of `graph_changes` that are about neither which steps there are nor what flows between them."""
    old, new = canonical.loads(before), canonical.loads(after)
    for step in (*old["steps"], *new["steps"]):
        step.setdefault("settings", {})
    changes = _changes(_named(old), _named(new), "steps")
    return _grouped((each for each in changes if not each.part or (each.path and each.path[0] in ("settings", "fan"))), 0, "step")


def read_workflow(text: str) -> Any:
    """The workflow as plain data, all scalars as texts; a commit of an action by its version; raises ValueError."""
    import yaml

    # All scalars as text, as written: `on` stays a word. A commit is told by its version, which stands in a comment.
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return yaml.load(_USES.sub(lambda found: f"{found[1]}@{found[3] or '?'} ({found[2]})", text), loader)  # noqa: S506 - makes text only
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error


def _lines(before: Any, after: Any, parts: str) -> list[str]:
    old, new = _named(before), _named(after)
    names = {*old.get(parts, {}), *new.get(parts, {})} if isinstance(old, dict) and isinstance(new, dict) else set()
    return _grouped(_changes(old, new, parts), len(names), _PARTS[parts])


def _grouped(changes: Iterable[_Change], of: int, word: str) -> list[str]:
    """One line for equal changes of several parts, of which there are `of`."""
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for change in changes:
        found.setdefault((change.path, _told(change.before, change.after)), []).append(change.part)
    return [f"{_place(path, where, of, word)}{told}" for (path, told), where in found.items()]


def _changes(old: Any, new: Any, parts: str) -> Iterator[_Change]:
    for path, before, after in _differences(old, new, ()):
        is_part = len(path) > 1 and path[0] == parts
        yield _Change(path[1] if is_part else "", path[2:] if is_part else path, before, after)


def _named(value: Any) -> Any:
    """`value` with lists of named things by name."""
    if isinstance(value, dict):
        return {str(key): _named(item) for key, item in value.items()}
    if isinstance(value, list):
        for key in _NAMED:
            names = [item.get(key) if isinstance(item, dict) else None for item in value]
            if names and None not in names and len(set(map(str, names))) == len(names):
                return {str(name): _named(item) for name, item in zip(names, value, strict=True)}
        return [_named(item) for item in value]
    return value


def _differences(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*new, *old)):
            yield from _differences(old.get(key, _ABSENT), new.get(key, _ABSENT), (*path, key))
    elif old != new:
        yield path, old, new


class _Absent:
    pass


_ABSENT: Final = _Absent()


def _place(path: tuple[str, ...], parts: list[str], of: int, word: str) -> str:
    """In which jobs or steps, and which setting of theirs: `jobs 'a', 'b': timeout-minutes `."""
    setting = ".".join(path)
    if not parts[0]:
        return f"{setting} "
    if len(parts) == of > 1:
        who = f"all {of} {word}s"
    elif len(parts) > 3:
        who = f"{word}s {', '.join(map(repr, parts[:3]))} and {len(parts) - 3} more"
    else:
        who = f"{word}{'s' if len(parts) > 1 else ''} {', '.join(map(repr, parts))}"
    return f"{who}: {setting} " if setting else f"{who} "


def _told(before: Any, after: Any) -> str:
    if before is _ABSENT:
        return f"added{_value(after, ': ')}"
    if after is _ABSENT:
        return f"removed{_value(before, ': ')}"
    if isinstance(before, list) and isinstance(after, list):
        more, fewer = [item for item in after if item not in before], [item for item in before if item not in after]
        if more or fewer:
            return ", ".join([*(f"+ {_short(item)}" for item in more), *(f"- {_short(item)}" for item in fewer)])
    return f"{_short(before)} -> {_short(after)}"


def _value(value: Any, before: str) -> str:
    return "" if isinstance(value, (dict, list)) else before + _short(value)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and value.isprintable() and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"
