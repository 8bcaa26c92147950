"""A workflow as the text of its file: the same bytes for the same workflow, in the form that people would type."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from orch.workflow.model import Data, Workflow
from orch.workflow.scalars import Commented, OneLine, OneLineTable, Script

# Above this the text repeats nothing: equal parts become YAML anchors, which GitHub reads but people read less easily.
ANCHORS_FROM: Final = 400_000

# The two emitters of PyYAML differ in nothing that we print but in speed: the one in C takes a tenth of the time.
_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_ONE_LINE: Final = 2**31 - 1  # libyaml's width is a C int
_MARK: Final = "\x1f"  # never in a workflow: control characters are refused where text comes in
_COMMENT: Final = re.compile(r'"([^"\\\n]*)\\x1F([^"\\\n]*)"(\}?)$', re.MULTILINE)
# Numbers to GitHub, which reads YAML 1.2, and text to PyYAML, which reads 1.1: https://yaml.org/spec/1.2.2/#1032-tag-resolution
_NUMBER: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_BREAKS: Final = frozenset("\n\x85\u2028\u2029")  # the last three end a line in YAML 1.1 alone


class _Dumper(_Base):  # type: ignore[misc]
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


class _AnchorDumper(_Base):  # type: ignore[misc]
    pass


def _represent_commented(dumper: Any, value: Commented) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", f"{value}{_MARK} # {value.comment}", style='"')


def _represent_script(dumper: Any, value: Script) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style="|")


def _represent_text(dumper: Any, value: str) -> Any:
    # A quoted text of several lines would be folded over lines of the file; escaped, it stays on its own.
    style = '"' if _BREAKS.intersection(value) else "'" if _NUMBER.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _represent_one_line(dumper: Any, value: OneLine[Data]) -> Any:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", list(value), flow_style=True)


def _represent_one_line_table(dumper: Any, value: OneLineTable[Data]) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _represent_none(dumper: Any, _: None) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:null", "")  # `push:`, as people write it


for _dumper in (_Dumper, _AnchorDumper):
    _dumper.add_representer(Commented, _represent_commented)
    _dumper.add_representer(Script, _represent_script)
    _dumper.add_representer(str, _represent_text)
    _dumper.add_representer(type(None), _represent_none)
    _dumper.add_representer(OneLine, _represent_one_line)
    _dumper.add_representer(OneLineTable, _represent_one_line_table)


def emit(workflow: Workflow, header: str = "") -> str:
    """The file: `header` as a comment, then the workflow; with anchors only if it would be very long without."""
    data = workflow.to_data()
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    text = comment + _dump(data, _Dumper)
    if len(text.encode()) > ANCHORS_FROM:
        text = comment + _dump(_share(data, {}), _AnchorDumper)
    return text


def _dump(data: Data, dumper: Any) -> str:
    text: str = yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True, width=_ONE_LINE, default_flow_style=False)
    # YAML 1.1 reads a bare `on` as true, so PyYAML quotes it; GitHub reads YAML 1.2 and everybody writes it bare.
    return _COMMENT.sub(r"\1\3\2", text).replace("\n'on':", "\non:", 1)


def _share(data: Data, seen: dict[Any, Data]) -> Data:
    """`data` with equal dicts and lists as one object, which PyYAML then writes once; empty ones are not worth an anchor."""
    if isinstance(data, dict):
        made: Data = type(data)((key, _share(value, seen)) for key, value in data.items())
        key: Any = ("dict", *((name, _identity(value)) for name, value in made.items()))
    elif isinstance(data, list) and not isinstance(data, OneLine):
        made = [_share(value, seen) for value in data]
        key = ("list", *map(_identity, made))
    else:
        return data
    return seen.setdefault(key, made) if made else made


def _identity(value: Data) -> Any:
    """Shared containers are equal exactly if they are the same object; scalars by type too, as `1 == True`."""
    return id(value) if isinstance(value, (dict, list)) else (type(value), value)
