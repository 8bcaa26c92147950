"""Stands in for uv: an environment it makes is the one that called `orch act`, interpreter and packages.

So `uv sync` and `uv pip install` install nothing. What it does not know it refuses, and so does a Python of another
version than the one asked for.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Final

_TAKES_VALUE: Final = frozenset(("--python", "--project", "--requirement", "--extra", "--group"))
_COMPARED: Final = re.compile(r"(==|>=|<=|>|<|!=|~=)?\s*(\d+(?:\.\d+)*)(?:\.\*)?")


class Refused(Exception):
    """Asked for what the environment at hand cannot give."""


def main(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        sys.stdout.write(f"uv {os.environ['ORCH_UV_VERSION']}\n")
        return 0
    try:
        perform(arguments)
    except Refused as refused:
        sys.stderr.write(f"error: {refused}\n")
        return 2
    return 0


def perform(arguments: list[str]) -> None:
    options, positional = parse(arguments)
    if python := options.get("--python"):
        check_python(python)
    if positional[:1] == ["venv"]:
        make(Path(positional[1]))
    elif positional[:2] != ["pip", "install"] and positional[:1] != ["sync"]:
        raise Refused(f"the stand-in for uv does not know {shlex.join(arguments)!r}: use --env locked")


def parse(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    positional: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in _TAKES_VALUE:
            options[argument] = next(rest, "")
        elif not argument.startswith("-"):
            positional.append(argument)
    return options, positional


def check_python(wanted: str) -> None:
    if "/" in wanted:
        return  # an environment that this stand-in made
    if not satisfies(sys.version_info[:3], wanted):
        have = ".".join(map(str, sys.version_info[:3]))
        raise Refused(f"the pipeline asks for Python {wanted}, orch act runs on {have}: call it with that one, or use --env locked")


def satisfies(version: tuple[int, ...], wanted: str) -> bool:
    """Whether `version` is what `3.12` or `>=3.11,<3.14` asks for."""
    for part in wanted.split(","):
        found = _COMPARED.fullmatch(part.strip())
        if not found:
            raise Refused(f"the stand-in for uv does not know the Python {wanted!r}: use --env locked")
        other = tuple(map(int, found[2].split(".")))
        head = version[: len(other)]
        match found[1]:
            case None | "==":
                holds = head == other
            case "!=":
                holds = head != other
            case ">=":
                holds = head >= other
            case "<=":
                holds = head <= other
            case ">":
                holds = head > other
            case "<":
                holds = head < other
            case _:
                holds = head >= other and version[: len(other) - 1] == other[:-1]
        if not holds:
            return False
    return True


def make(environment: Path) -> None:
    program = environment / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
