"""What differs between the documents of two results: which line, argument, package or file, as it was and as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from orch.model import canonical
from orch.model.canonical import Json
from orch.model.plan import Change

Read = Callable[[str], bytes | None]  # the bytes of a digest, or None where they are not kept

# Names of the document that are values of their own; anything else that a later version adds is a setting, too.
_OTHERS: Final = frozenset("arguments blind code environment files packages parameters platform python texts".split())
_SETTINGS: Final = {"logical_date": "logical date", "source": "function", "algorithm": "algorithm of cache keys", "container": "docker"}
_SHORT: Final = 40  # characters
_REACHED: Final = "reached"


def changes(old: Mapping[str, Json], new: Mapping[str, Json], read: Read) -> tuple[Change, ...]:
    """Every difference; arguments that are parameters of the pipeline are named as such."""
    found = [*_code(old, new, read), *_arguments(old, new), *_of_mapping("file", old.get("files"), new.get("files"))]
    found += _packages(old, new, read)
    found += [*_single("python", old, new), *_single("platform", old, new)]
    found += _of_mapping("setting", old.get("environment"), new.get("environment"))
    return (*found, *_settings(old, new))


def blind(facts: Mapping[str, Json], read: Read) -> tuple[str, ...]:
    """What cannot be seen of the code without running it, as `path:line: text`."""
    found = _parsed(facts.get("blind"), read)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def first_change(old: Mapping[str, Json], new: Mapping[str, Json]) -> str:
    """One line, from the documents alone."""
    found = [change for change in changes(old, new, lambda _: None) if change.kind != "code"]
    has_new_code = old.get("code") != new.get("code")
    if not found and not has_new_code:
        return "what it depends on has changed"
    if has_new_code:
        text, others = "its code has changed", len(found)
    else:
        text, others = _text(found[0]), len(found) - 1
    return f"{text}, and {others} more" if others else text


def _text(change: Change) -> str:
    what = f"{change.kind} {change.name!r}" if change.name != change.kind else change.name
    if change.name == "packages":
        return "its packages have changed"
    if not change.old or not change.new:
        return f"{what} is {'new' if change.new else 'gone'}"
    if (
        change.kind not in ("file", "input")
        and max(len(change.old), len(change.new)) <= _SHORT
        and "sha256:" not in change.old + change.new
    ):
        return f"{what} is {change.new}, it was {change.old}"
    return f"{what} has changed"


def _single(name: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
    if old.get(name) != new.get(name):
        yield Change(name, name, str(old.get(name, "")), str(new.get(name, "")))


def _settings(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
    for name in sorted({*old, *new} - _OTHERS):
        if _differ(old.get(name), new.get(name)):
            yield Change("setting", _SETTINGS.get(name, name), _shown(old.get(name)), _shown(new.get(name)))


def _of_mapping(kind: str, old: Json, new: Json) -> Iterator[Change]:
    old, new = _mapping(old), _mapping(new)
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield Change(kind, name, _shown(old.get(name)), _shown(new.get(name)))


# --- arguments ---


def _arguments(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
    parameters = _mapping(new.get("parameters"))
    was, now = _mapping(old.get("arguments")), _mapping(new.get("arguments"))
    for name in dict.fromkeys([*now, *was]):
        for place, before, after in _inside(name, was.get(name), now.get(name)):
            if name in parameters:
                yield Change("parameter", str(parameters[name]), _value(before), _value(after))
            else:
                is_input = "artifact" in {**_mapping(before), **_mapping(after)}
                yield Change("input" if is_input else "argument", place, _value(before), _value(after))


def _inside(place: str, old: Json, new: Json) -> Iterator[tuple[str, Json, Json]]:
    """The arguments that differ, inside lists and dicts where these have the same form."""
    if not _differ(old, new):
        return
    for kind in ("list", "tuple"):
        if _are_alike(kind, old, new) and len(old[kind]) == len(new[kind]):
            for number, (before, after) in enumerate(zip(old[kind], new[kind], strict=True)):
                yield from _inside(f"{place}[{number}]", before, after)
            return
    if _are_alike("dict", old, new) and [each[0] for each in old["dict"]] == [each[0] for each in new["dict"]]:
        for before, after in zip(old["dict"], new["dict"], strict=True):
            yield from _inside(f"{place}[{before[0]!r}]", before[1], after[1])
        return
    yield place, old, new


def _are_alike(kind: str, old: Json, new: Json) -> bool:
    """Whether both are such containers; what an index says need not be what was written there."""
    items = [_mapping(each).get(kind) for each in (old, new)]
    if kind == "dict":
        return all(isinstance(each, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in each) for each in items)
    return all(isinstance(each, list) for each in items)


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _value(argument: Json) -> str:
    match argument:
        case None:
            return ""
        case {"value": value}:
            return canonical.dumps(value)
        case {"digest": digest}:
            return str(digest)
        case {"artifact": {"digest": digest, **rest}}:
            as_what = " as ".join(str(rest[name]) for name in ("type", "materializer") if rest.get(name))
            return f"{digest} {as_what}".strip()
        case _:
            return _shown(argument)


def _shown(value: Json) -> str:
    return "" if value is None else value if isinstance(value, str) else canonical.dumps(value)


def _differ(old: Json, new: Json) -> bool:
    """Exactly: 1, 1.0 and True are equal, and other arguments."""
    return canonical.dumps(old) != canonical.dumps(new)


# --- documents by digest ---


def _packages(old: Mapping[str, Json], new: Mapping[str, Json], read: Read) -> Iterator[Change]:
    if old.get("packages") == new.get("packages"):
        return
    was, now = _document(old.get("packages"), read), _document(new.get("packages"), read)
    if was is None or now is None:
        yield Change("package", "packages", _shown(old.get("packages")), _shown(new.get("packages")))
    else:
        yield from _of_mapping("package", was, now)


def _code(old: Mapping[str, Json], new: Mapping[str, Json], read: Read) -> Iterator[Change]:
    if old.get("code") == new.get("code"):
        return
    versions = [(_document(each.get("code"), read), _document(each.get("texts"), read)) for each in (old, new)]
    if any(code is None for code, _ in versions):
        yield Change("code", "code", _shown(old.get("code")), _shown(new.get("code")))
        return
    (was, was_texts), (now, now_texts) = versions
    file, _, function = str(new.get("source", "")).rpartition(":")
    own = [_mapping(_mapping(code).get("own")) for code in (was, now)]
    whole = [_mapping(_document(_mapping(code).get("modules"), read)) for code in (was, now)]
    for before, after in (own, whole):
        for label in dict.fromkeys([*after, *before]):
            if before.get(label) != after.get(label):
                names = None if after is whole[1] else {function} if f"/{label}".endswith(f"/{file}") else set[str]()
                texts = [_read(_mapping(each).get(label), read) for each in (was_texts, now_texts)]
                yield from _changed_file(label, before.get(label), after.get(label), texts, names)


def _changed_file(
    label: str, old: str | None, new: str | None, texts: Sequence[bytes | None], names: Collection[str] | None
) -> Iterator[Change]:
    if old is None or new is None:
        yield Change("code", label, _REACHED if old else "", _REACHED if new else "")
        return
    from orch.planning.statements import differences  # asked for by who explains, not by each decision

    before, after = texts
    found = differences(before, after, names) if before is not None and after is not None else []
    for each in found:
        yield Change("code", f"{label}:{each.line}", each.old, each.new)
    if not found:
        yield Change("code", label, old, new)


def _document(digest: Json, read: Read) -> dict[str, Json] | None:
    found = _parsed(digest, read)
    return found if isinstance(found, dict) else None


def _parsed(digest: Json, read: Read) -> Json:
    """None where it is not kept, or damaged."""
    data = _read(digest, read)
    try:
        return canonical.loads(data) if data is not None else None
    except ValueError:
        return None


def _read(digest: Json, read: Read) -> bytes | None:
    return read(digest) if isinstance(digest, str) and digest else None
