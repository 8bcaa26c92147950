"""`--config FILE.yaml`: values for a pipeline's parameters. What the parameter's type does not take as it is written is an error.

YAML 1.1 reads `no` as false, `010` as 8 and `1:30` as 90. Here a parameter that is text gets the text, one that is a number
gets what `--set` would make of the same characters, and inside lists and dicts, where no type says which, they are refused.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

import yaml

from orch.errors import OrchError, ParameterError, UsageError, Where, raise_problems
from orch.model.parameters import Kind, Parameter, ParameterType

_NAMES: Final[dict[type[yaml.Node], str]] = {yaml.SequenceNode: "list", yaml.MappingNode: "dict"}
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT: Final = "tag:yaml.org,2002:str"
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")  # as JSON writes one
_LIKE_NUMBER: Final = re.compile(r"[-+.]?[0-9][0-9_]*\.?[0-9_]*([eE][-+]?[0-9]+)?")


class _Misfit(ValueError):
    """A node that cannot be taken as it is written."""

    def __init__(self, node: yaml.Node, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line = node.start_mark.line + 1
        self.hint = hint


def read_config(file: Path, parameters: tuple[Parameter, ...]) -> dict[str, object]:
    """Typed values by name; raises everything that is wrong with the file, each with its line."""
    try:
        text = file.read_bytes().decode()
    except OSError as error:
        message = f"--config {str(file)!r} cannot be read: {error.strerror or error}"
        raise UsageError(message, hint="name a YAML file of parameters") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"this is not UTF-8: {error}", hint="save it as UTF-8", where=Where(str(file))) from error
    return parse_config(text, parameters, str(file))


def parse_config(text: str, parameters: tuple[Parameter, ...], file: str) -> dict[str, object]:
    """The same of a file's text."""
    node = _parse(text, file)
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ParameterError("this is not a mapping of parameters", hint="name: value", where=Where(file, node.start_mark.line + 1))
    declared = {parameter.name: parameter for parameter in parameters}
    given: dict[str, object] = {}
    problems: list[OrchError] = []
    for key, value in node.value:
        where = Where(file, key.start_mark.line + 1)
        try:
            name = _key(key, given)
            if name not in declared:
                problems.append(_unknown(name, declared, where))
                continue
            given[name] = None  # it has been given, whether or not it fits
            given[name] = _value(declared[name], value)
        except _Misfit as misfit:
            problems.append(ParameterError(str(misfit), hint=misfit.hint, where=Where(file, misfit.line)))
    raise_problems(problems)
    return given


def _parse(text: str, file: str) -> yaml.Node | None:
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            where = Where(file, event.start_mark.line + 1 if event.start_mark else 0)
            if isinstance(event, yaml.AliasEvent):
                raise ParameterError(f"*{event.anchor} is an alias, which parameters do not have", hint="write the value out", where=where)
            if tag := getattr(event, "tag", None):
                raise ParameterError(f"the tag {tag!r} is not read", hint="remove it", where=where)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or error
        where = Where(file, mark.line + 1 if mark else 0)
        raise ParameterError(f"this is not YAML: {reason}", hint="a line for each parameter, as `rows: 1000`", where=where) from error
    except RecursionError:
        raise ParameterError("this is nested too deeply", hint="such a value is better read by a step", where=Where(file)) from None


def _unknown(name: str, declared: dict[str, Parameter], where: Where) -> ParameterError:
    from difflib import get_close_matches

    near = get_close_matches(name, declared, n=1)
    takes = f"this pipeline takes {', '.join(declared) or 'no parameters'}"
    return ParameterError(f"no parameter {name!r}", hint=f"did you mean {near[0]!r}? {takes}" if near else takes, where=where)


def _key(node: yaml.Node, taken: dict[str, Any]) -> str:
    if not isinstance(node, yaml.ScalarNode) or (node.style is None and node.tag != _TEXT):
        shown = repr(node.value) if isinstance(node, yaml.ScalarNode) else f"a {_NAMES[type(node)]}"
        raise _Misfit(node, f"{shown} is no name", "names are text: quote it if it is one")
    if node.value in taken:
        raise _Misfit(node, f"{node.value!r} stands here twice", "keep one of them")
    name: str = node.value
    return name


def _value(parameter: Parameter, node: yaml.Node) -> object:
    try:
        return _scalar(parameter.type, node) if isinstance(node, yaml.ScalarNode) else _collection(parameter.type, node)
    except _Misfit:
        raise
    except ValueError as error:
        raise _Misfit(
            node, f"parameter {parameter.name!r}: {error}", f"the pipeline declares `{parameter.name}: {parameter.type.text}`"
        ) from error


def _collection(kind: ParameterType, node: yaml.Node) -> object:
    if kind.kind is not Kind.JSON:
        raise ValueError(f"this is a {_NAMES[type(node)]}, expected {kind.text}")
    return kind.check(_plain(node))


def _scalar(kind: ParameterType, node: yaml.ScalarNode) -> object:
    text: str = node.value
    is_text = kind.kind in (Kind.STR, Kind.CHOICE, Kind.ENVIRONMENT)
    if node.style is not None:
        if not is_text:
            raise ValueError(f"{text!r} is text, because of its quotes; expected {kind.text}")
        return kind.check(text)
    if text in _NULL:
        if not kind.optional:
            raise ValueError(f"{text!r} is null; expected {kind.text}" + (", quoted" if is_text else ""))
        return None
    if kind.kind is Kind.JSON:
        raise ValueError(f"{text!r} is no list or dict; expected {kind.text}")
    try:
        value = kind.parse(text)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if kind.kind in (Kind.INT, Kind.FLOAT):
        _check_number(node, value)
    return value


def _check_number(node: yaml.Node, value: Any) -> None:
    """Raise where another reader of YAML would take the same characters for another number."""
    if node.tag != _TEXT:
        other = yaml.safe_load(node.value)
        if other != value and not (isinstance(other, float) and math.isnan(other) and math.isnan(value)):
            raise _Misfit(node, f"{node.value!r} is {other!r} in YAML and {value!r} elsewhere", "write the number out")


def _plain(node: yaml.Node) -> object:
    """Inside a list or dict: what JSON has, and text that nobody could take for anything else."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        items: dict[str, object] = {}
        for key, value in node.value:
            items[_key(key, items)] = _plain(value)
        return items
    assert isinstance(node, yaml.ScalarNode)
    text: str = node.value
    if node.style is not None:
        return text
    if text in _NULL:
        return None
    if text in ("true", "false") or _NUMBER.fullmatch(text):
        return json.loads(text)
    if node.tag == _TEXT and not _LIKE_NUMBER.fullmatch(text):
        return text
    raise _Misfit(
        node, f"{text!r} may be text or something else", f"quote it if it is text, as '{text}'; write true, false and numbers as JSON does"
    )
