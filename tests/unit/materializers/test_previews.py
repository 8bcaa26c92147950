from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pydantic
import pytest

from orch.materializers.previews import LENGTH, preview, size_text

np = pytest.importorskip("numpy", reason="numpy is not installed")
pd = pytest.importorskip("pandas", reason="pandas is not installed")


@dataclass
class Score:
    name: str
    value: float
    token: str = field(default="hidden", repr=False)


class Colour(enum.Enum):
    RED = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: str


class Model(pydantic.BaseModel):
    name: str
    token: str = pydantic.Field(repr=False)


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
        (1 - 2j, "(1-2j)"),
        (range(3), "range(0, 3)"),
        (range(10**5000), "range"),
        (dt.timedelta(hours=1), "1:00:00"),
        (fractions.Fraction(1, 3), "1/3"),
        (fractions.Fraction(1, 10**5000), "1/int of 16610 bits"),
        (Colour.RED, "Colour.RED"),
        (Rights.READ | Rights.WRITE, "Rights.READ|WRITE"),
        (Point(1, "x"), "Point(x=1, y='x')"),
        (collections.OrderedDict(a=[1]), "OrderedDict({'a': [1]})"),
        (collections.deque([1, 2], 3), "deque([1, 2])"),
        (bytearray(b"\n"), "bytearray(b'\\n')"),
        (Model(name="a", token="t"), "Model(name='a')"),
        (pydantic.SecretStr("hidden"), "pydantic.types.SecretStr"),
        (Path("a\x1b[2Jb\u202e"), "a\\x1b[2Jb\\u202e"),
        ("\x1b[2J\u202e", "'\\x1b[2J\\u202e'"),
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


class Evil:
    """Whatever is asked of it hangs, or leaks; it says that it is of whoever is believed."""

    def __repr__(self) -> str:
        raise AssertionError

    __str__ = __format__ = __len__ = __iter__ = __bool__ = __hash__ = __eq__ = __getattr__ = __repr__  # type: ignore[assignment, misc]


@pytest.mark.parametrize(
    "module", ["numpy", "pandas.core.frame", "decimal", "datetime", "pathlib", "builtins", "collections", "uuid", "enum"]
)
@pytest.mark.parametrize("name", ["DataFrame", "ndarray", "float64", "Decimal", "PurePosixPath", "Evil", "Timestamp", "OrderedDict"])
def test_a_class_that_says_it_is_another_is_not_believed(module: str, name: str) -> None:
    kind = type(name, (Evil,), {"__module__": module, "__qualname__": name})

    shown = preview([kind()])

    assert name in shown
    assert "0x" not in shown


def test_a_subclass_is_not_asked_for_its_text() -> None:
    class Number(decimal.Decimal):
        def __str__(self) -> str:
            raise AssertionError

    class Zone(dt.tzinfo):
        def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
            raise AssertionError

        dst = tzname = utcoffset  # type: ignore[assignment]

    class Items(list[int]):
        def __iter__(self) -> Any:
            raise AssertionError

    assert [preview(value) for value in (Number(1), dt.datetime(2020, 1, 1, tzinfo=Zone()), Items())] == [
        f"{__name__}.test_a_subclass_is_not_asked_for_its_text.<locals>.Number",
        "datetime.datetime",
        f"{__name__}.test_a_subclass_is_not_asked_for_its_text.<locals>.Items",
    ]


SECRET = "s3cr3t'" + "k" * 300


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"{'a' * 150}{SECRET}",
        f"{'a' * 195}{SECRET}{'b' * 100_000}",
        SECRET * 1000,
        f"{'a' * 65_500}{SECRET}",
        [SECRET, {SECRET: (SECRET,)}],
        SECRET.encode() * 3,
        bytearray(f"{'a' * 180}{SECRET}".encode()),
        Score(SECRET, 1.0),
        Path(SECRET),
        {"a" * 190: SECRET},
        [f"{'a' * 150}{SECRET}"] * 3,
    ],
)
def test_no_part_of_a_secret_is_in_a_preview_that_was_cut(value: Any) -> None:
    def mask(text: str) -> str:
        return text.replace(SECRET, "***").replace(repr(SECRET)[1:-1], "***")

    shown = preview(value, mask)

    assert "s3c" not in shown
    assert "kkk" not in shown
    assert len(shown) <= LENGTH


def test_what_numpy_and_pandas_hold_is_escaped_and_masked() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["\x1b[2J", Evil()])

    assert preview(np.str_("\x1b[2J")) == "\\x1b[2J"
    assert preview(frame) == f"frame 1x2 (\\x1b[2J: int64, {__name__}.Evil: int64)"
    assert preview(np.str_(SECRET), lambda text: text.replace(SECRET, "***")) == "***"


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
