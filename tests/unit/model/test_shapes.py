"""Lists and dicts as parameters: what is declared is what arrives, and nothing else does."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest

from orch.model.parameters import ParameterType, type_of
from orch.model.shapes import Shape, shape_of


def kind_of(annotation: Any) -> ParameterType:
    kind = type_of(annotation, str(annotation))
    assert kind is not None
    return kind


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (list, '[1, "x", null]', [1, "x", None]),
        (list[Any], '[{"a": [1]}]', [{"a": [1]}]),
        (list[int], "[1]", [1]),
        (list[float], "[1, 0.5]", [1.0, 0.5]),
        (list[Annotated[int, "rows"]], "[1]", [1]),
        (list[int | None], "[1, null]", [1, None]),
        (list[int] | None, "[1]", [1]),
        (list[int | str], '[1, "x"]', [1, "x"]),
        (list[Literal["a", "b"]], '["a"]', ["a"]),
        (list[list[str]], '[["x"], []]', [["x"], []]),
        (dict, '{"a": null}', {"a": None}),
        (dict[str, bool], '{"a": true}', {"a": True}),
        (dict[str, list[int]], '{"a": [1]}', {"a": [1]}),
    ],
)
def test_json_of_the_declared_shape_is_a_value(annotation: Any, text: str, value: object) -> None:
    parsed = kind_of(annotation).parse(text)

    assert repr(parsed) == repr(value)


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        (list, "5", "expected"),
        (list, "{}", "expected list at $, not {}"),
        (dict, "[]", "expected dict at $, not []"),
        (list[int], '["a"]', "expected int at $[0], not 'a'"),
        (list[int], "[true]", "expected int at $[0], not True"),
        (list[int], "[1.0]", "expected int at $[0], not 1.0"),
        (list[float], "[true]", "expected float at $[0], not True"),
        (list[str | None], "[1]", "expected str | None at $[0], not 1"),
        (dict[str, list[int]], '{"a": [null]}', "expected int at $.a[0], not None"),
        (list, "[" * 100_000, "expected JSON"),
    ],
)
def test_json_of_another_shape_is_refused_with_the_place(annotation: Any, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^expected") as caught:
        kind_of(annotation).parse(text)

    assert message in str(caught.value)


@pytest.mark.parametrize("annotation", [list[bytes], dict[int, str], list[dict[int, int]], dict[str, complex], list[set[int]]])
def test_what_json_cannot_hold_has_no_form_as_an_input(annotation: Any) -> None:
    assert type_of(annotation, "") is None


@pytest.mark.parametrize("annotation", [list, list[int | None], dict[str, list[float]], list[Any]])
def test_a_shape_survives_the_graph_file(annotation: Any) -> None:
    kind = kind_of(annotation)

    assert ParameterType.from_json(kind.to_json()) == kind


def test_a_shape_reads_like_its_annotation() -> None:
    assert str(shape_of(dict[str, list[int | None]])) == "dict[str, list[int | None]]"


def test_a_kind_that_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="'set'"):
        Shape.from_json({"kind": "set"})
