"""docs/errors.md explains every error code, under its exit code, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from orch import errors
from orch.errors import ExitCode, OrchError, Problems

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")


def subclasses(kind: type[OrchError]) -> Iterator[type[OrchError]]:
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield inner
            yield from subclasses(inner)


# Several problems are shown one by one, each under its own code.
ERRORS = [kind for kind in subclasses(OrchError) if kind is not Problems]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ERRORS]

    assert len(codes) == len(set(codes))
    assert OrchError.code not in codes
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_every_code_is_explained_under_its_exit_code_and_no_other_is() -> None:
    explained: dict[str, int] = {}
    for section in PAGE.split("\n## Exit code ")[1:]:
        if found := re.match(r"(\d+):", section):
            explained |= dict.fromkeys(re.findall(r"^### `(.+)`$", section, re.MULTILINE), int(found[1]))

    assert explained == {kind.code: int(kind.exit_code) for kind in ERRORS} | {"bug": 70}


def test_each_explanation_says_something() -> None:
    for text in re.split(r"^### .*$", PAGE, flags=re.MULTILINE)[1:]:
        assert len(text.partition("\n## ")[0].split()) > 10


def test_the_table_of_exit_codes_is_the_frozen_one() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)

    assert {name: int(code) for code, name in rows} == {code.name: int(code) for code in ExitCode}
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 70, 130]
