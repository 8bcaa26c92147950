"""Reading `orch.yaml`: every mistake in it at once, each with its line and the key that was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orch.errors import OrchError, SettingsError, Where, raise_problems
from orch.model.docker import DockerSettings
from orch.stacks.settings import FILE, Retention, Runner, Settings, Stack

if TYPE_CHECKING:
    import yaml
    from pydantic_core import ErrorDetails

_ACTION: Final = re.compile(r"\./([\w.-]+/)*|[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def load_settings(git_root: Path) -> Settings:
    """The settings of a repository; all defaults where it has no `orch.yaml`."""
    file = git_root / FILE
    if not file.is_file():
        return Settings()
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise SettingsError(f"this is not UTF-8: {error}", where=Where(FILE)) from error
    return parse_settings(text)


def parse_settings(text: str) -> Settings:
    """The settings that `text` spells; raises every SettingsError at once."""
    import pydantic
    import yaml

    try:
        _refuse_aliases(text)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or error
        raise SettingsError(f"this is not YAML: {reason}", where=Where(FILE, mark.line + 1 if mark else 0)) from error
    if node is None:
        return Settings()
    raise_problems([*_check_duplicates(node), *_check_tags(node)])
    try:
        settings = pydantic.TypeAdapter(Settings).validate_python(_frozen(loader.construct_document(node)), strict=False)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if not isinstance(error, pydantic.ValidationError):  # a tag that its text does not fit, a key that is a list
            reason = getattr(error, "problem", None) or error
            raise SettingsError(f"this is not a settings file: {reason}", where=Where(FILE)) from error
        problems = [_problem(details, node) for details in error.errors()]
        raise_problems(sorted(problems, key=lambda problem: problem.where.line if problem.where else 0))
        raise
    raise_problems(_check(settings, node))
    return settings


def _frozen(data: Any) -> Any:
    """Lists as the tuples that the frozen types hold."""
    if isinstance(data, dict):
        return {key: _frozen(value) for key, value in data.items()}
    return tuple(map(_frozen, data)) if isinstance(data, list) else data


def _check(settings: Settings, node: yaml.Node) -> Iterator[OrchError]:
    if settings.action is not None and not _ACTION.fullmatch(settings.action):
        hint = "'./' for the action of this repository, or owner/repository@ and the 40 digits of a commit"
        yield SettingsError(f"action is {settings.action!r}, which is not pinned", hint=hint, where=Where(FILE, line_of(node, ("action",))))


def _refuse_aliases(text: str) -> None:
    """An alias may contain itself, or make a few lines stand for gigabytes; settings are too short to need one."""
    import yaml

    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            where = Where(FILE, event.start_mark.line + 1 if event.start_mark else 0)
            raise SettingsError(f"*{event.anchor} is an alias, which settings do not have", hint="write the value out", where=where)


def _check_duplicates(node: yaml.Node) -> Iterator[OrchError]:
    """A key given twice, of which YAML readers take one in silence."""
    if isinstance(node.value, str):
        return
    seen: set[str] = set()
    for item in node.value:
        if not isinstance(item, tuple):
            yield from _check_duplicates(item)
            continue
        key, value = item
        if isinstance(key.value, str) and key.value in seen:
            yield SettingsError(f"{key.value!r} stands here twice", where=Where(FILE, key.start_mark.line + 1))
        seen.add(str(key.value))
        yield from _check_duplicates(value)


_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "int", "float", "str", "seq", "map"))


def _check_tags(node: yaml.Node) -> Iterator[OrchError]:
    """`yes`, `on` and the like, where a name, a number or a list is due: read as a number, `yes` would be 1. And what is no data at all."""
    where = Where(FILE, node.start_mark.line + 1)
    if node.tag == "tag:yaml.org,2002:bool":
        told = f"{node.value!r} is a yes or no, which no setting is"
        yield SettingsError(told, hint=f"quote it, as '{node.value}', if it is a name", where=where)
    elif node.tag not in _TAGS:
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        yield SettingsError(f"this is a {kind!r}, which no setting is", hint="quote it if it is a text, or remove its tag", where=where)
    for item in node.value if isinstance(node.value, list) else ():
        for part in item if isinstance(item, tuple) else (item,):
            yield from _check_tags(part)


def line_of(node: yaml.Node, path: Sequence[str | int]) -> int:
    """The line of what `path` names, or of the last part of it that exists."""
    line: int = node.start_mark.line + 1
    for part in path:
        items = node.value if isinstance(node.value, list) else []
        if isinstance(part, int):
            if part >= len(items):
                return line
            node = items[part]
            line = node.start_mark.line + 1
        else:
            found = next((item for item in items if isinstance(item, tuple) and item[0].value == part), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
    return line


def _problem(details: ErrorDetails, node: yaml.Node) -> SettingsError:
    path = details["loc"]
    where = Where(FILE, line_of(node, path))
    name = ".".join(map(str, path))
    if details["type"] == "unexpected_keyword_argument":
        known = _keys(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(known)}"
        return SettingsError(f"unknown key {name!r}", hint=hint, where=where)
    if details["type"] == "dataclass_type" and not path:
        return SettingsError(f"{FILE} holds keys and values", hint=f"known keys are {', '.join(_keys(()))}", where=where)
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "value_error":
        return SettingsError(f"{name}: {message}", where=where)
    message = (message[:1].lower() + message[1:]).replace("valid tuple", "valid list")
    given = "" if details["type"] == "missing" else f" is {details['input']!r}"
    return SettingsError(f"{name}{given}: {message}", where=where)


def _keys(path: Sequence[str | int]) -> list[str]:
    """The keys that may stand under `path`."""
    kinds: dict[str | int, type] = {"stacks": Stack, "runners": Runner, "retention": Retention}
    kind = kinds.get(path[0], Settings) if path else Settings
    if kind is Stack and "docker" in path[2:]:
        kind = DockerSettings
    return [each.name for each in fields(kind)]
