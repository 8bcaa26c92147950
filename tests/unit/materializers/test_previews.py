from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orch.materializers.previews import LENGTH, preview, size_text


@dataclass
class Score:
    name: str
    value: float
    token: str = field(default="hidden", repr=False)


@dataclass(slots=True)
class Slotted:
    x: int


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (0.5, "0.5"),
        (True, "True"),
        ("a\nb", "'a\\nb'"),
        ([1, "x", (2,)], "[1, 'x', (2,)]"),
        ((), "()"),
        ({}, "{}"),
        (set(), "set()"),
        ({"b", "a"}, "{'a', 'b'}"),
        ({"k": [1]}, "{'k': [1]}"),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 20 items]"),
        ([[[[[1]]]]], "[[[[[… 1 items]]]]]"),
        (dt.date(2020, 1, 2), "2020-01-02"),
        (decimal.Decimal("1.50"), "1.50"),
        (Path("/somewhere/plot.png"), "plot.png"),
        (Score("a", 1.0), "Score(name='a', value=1.0)"),
        (Slotted(1), "Slotted(x=1)"),
        pytest.param(10**5000, "int of 16610 bits", id="long"),
        (len, "builtin_function_or_method"),
        (object(), "object"),
    ],
)
def test_a_preview_is_short_text(value: object, text: str) -> None:
    assert preview(value) == text


@pytest.mark.parametrize(
    "value", ["x" * 10**6, b"x" * 10**6, ["y" * 500] * 10**5, {i: i for i in range(10**5)}, set(range(10**5)), "\0" * 1000]
)
def test_a_preview_has_a_limit(value: Any) -> None:
    assert len(preview(value)) <= LENGTH


def test_a_list_that_holds_itself_ends() -> None:
    value: list[Any] = []
    value.append(value)

    assert preview(value) == "[[[[[… 1 items]]]]]"


def test_previews_run_no_code_of_the_users() -> None:
    class Text(str):
        __slots__ = ()

        def __repr__(self) -> str:
            raise AssertionError

    @dataclass
    class Lazy:
        text: str

        def __getattribute__(self, name: str) -> Any:
            if name == "text":
                raise AssertionError
            return super().__getattribute__(name)

    assert preview([Text("x")]).endswith("Text]")
    assert "Lazy(text" in preview(Lazy.__new__(Lazy))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (5 * 10**6, "5.0 MB"), (2 * 10**9, "2.0 GB"), (3 * 10**12, "3.0 TB")]
)
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert size_text(size) == text
