"""Only what certainly does not fit is refused: a correct pipeline is never stopped by what is not understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol, TypedDict, TypeVar

import pytest

from orch.authoring.typecheck import name_of, type_fits, value_fits

T = TypeVar("T")


class Animal: ...


class Dog(Animal): ...


class Row(TypedDict):
    name: str


class Named(Protocol):
    name: str


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, int),
        (1, float),
        (1, complex),
        (1.5, complex),
        (True, int),
        (True, bool),
        (None, None),
        (None, type(None)),
        (1, Any),
        (1, int | None),
        (None, int | None),
        (1, Annotated[int, "rows"]),
        ("a", Literal["a", "b"]),
        ([1], list[int]),
        ([1, 2.5], list[float]),
        ([], list[int]),
        ([1], Sequence[int]),
        ((1,), Sequence[int]),
        ((1,), Iterable[int]),
        ({"a": 1}, dict[str, int]),
        ({"a": 1}, Mapping[str, int]),
        ((1, "a"), tuple[int, str]),
        ((1, 2, 3), tuple[int, ...]),
        (Dog(), Animal),
        (1, T),
        ({"name": 3}, Row),
        (1, Named),
        ([1], list),
        ("abc", Sequence[str]),
    ],
)
def test_a_value_of_the_type_fits(value: object, hint: Any) -> None:
    assert value_fits(value, hint)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("1", int),
        (1.0, int),
        (True, float),
        (1, bool),
        (1, str),
        (1, None),
        (None, int),
        (None, int | str),
        (1, Literal["1"]),
        (True, Literal[1]),
        (["a"], list[int]),
        ([[1], ["a"]], list[list[int]]),
        ((1,), list[int]),
        (["a"], Sequence[int]),
        ({"a": "b"}, dict[str, int]),
        ({1: 1}, dict[str, int]),
        ([1], dict[str, int]),
        ((1, 2), tuple[int, str]),
        ((1,), tuple[int, int]),
        ((1, "a"), tuple[int, ...]),
        (Animal(), Dog),
        ("x", Annotated[int, "rows"]),
    ],
)
def test_a_value_of_another_type_does_not_fit(value: object, hint: Any) -> None:
    assert not value_fits(value, hint)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (int, int),
        (int, float),
        (Dog, Animal),
        (Animal, Dog),  # it may be a Dog when it runs
        (object, int),
        (int, object),
        (Any, int),
        (int, Any),
        (int | None, int),
        (int, int | None),
        (None, type(None)),
        (Annotated[int, "a"], int),
        (int, Annotated[int, "a"]),
        (list[int], list),
        (list, list[int]),
        (list[int], list[float]),
        (dict[str, Dog], dict[str, Animal]),
        (list[int], Sequence[float]),
        (dict[str, int], Iterable[str]),
        (T, int),
        (Row, dict),
        (int, Named),
    ],
)
def test_an_output_that_may_be_of_the_type_fits(given: Any, wanted: Any) -> None:
    assert type_fits(given, wanted)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (str, int),
        (float, int),
        (None, int),
        (int, None),
        (int | None, str),
        (str, int | None),
        (list[int], list[str]),
        (dict[str, int], dict[str, str]),
        (list[int], dict),
        (list[int], Sequence[str]),
        (Annotated[str, "a"], int),
        (Dog, int),
    ],
)
def test_an_output_that_cannot_be_of_the_type_does_not_fit(given: Any, wanted: Any) -> None:
    assert not type_fits(given, wanted)


@pytest.mark.parametrize(
    ("hint", "name"),
    [
        (None, "None"),
        (type(None), "None"),
        (int, "int"),
        (Dog, f"{__name__}.Dog"),
        (list[int], "list[int]"),
        (int | None, "int | None"),
    ],
)
def test_a_type_is_named_as_a_person_writes_it(hint: Any, name: str) -> None:
    assert name_of(hint) == name
