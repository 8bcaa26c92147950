"""Whatever the toolkit and its tests import is named in pyproject.toml: what another package happens to bring may go with it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: list[str]) -> set[str]:
    return {normal(match[0]) for text in requirements if (match := re.match(r"[\w.-]+", text))}


# pydantic pins its core exactly, and tells of errors in its types; so does docker with those of the two that it speaks HTTP by.
BROUGHT: Final = {"orch-toolkit", "pydantic-core", "requests", "urllib3"}
OWN: Final = named(PROJECT["project"]["dependencies"])
EXTRAS: Final = named([text for extra in PROJECT["project"].get("optional-dependencies", {}).values() for text in extra])
DEV: Final = named([text for text in PROJECT["dependency-groups"]["dev"] if isinstance(text, str)])


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def imported(folder: Path) -> dict[str, str]:
    """The distributions that modules below `folder` import, each with one of these modules."""
    distributions = _distributions()
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.py")):
        if "golden" in file.parts or "node_modules" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for top in {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names):
                for distribution in distributions.get(top, ()):
                    found[normal(distribution)] = file.relative_to(ROOT).as_posix()
    return found


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "toolkit"])
def test_what_is_imported_is_named(folder: str) -> None:
    unnamed = {name: file for name, file in imported(ROOT / folder).items() if name not in OWN | EXTRAS | DEV | BROUGHT}

    assert unnamed == {}
