"""The codec of parameters: every type, from the text of a command line or form, and from GitHub's `inputs` context."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import parameters as any_parameter

from orch.errors import OrchError, ParameterError, Problems
from orch.model import canonical, values
from orch.model.parameters import EXACT_INT, Kind, Parameter, ParameterType, from_inputs, parse_all, resolve, type_of

INT, FLOAT, BOOL, STR, JSON = (ParameterType(kind, text=str(kind)) for kind in (Kind.INT, Kind.FLOAT, Kind.BOOL, Kind.STR, Kind.JSON))
CHOICE = ParameterType(Kind.CHOICE, choices=("adam", "sgd"), text="Literal['adam', 'sgd']")
ALL = (INT, FLOAT, BOOL, STR, CHOICE, JSON)


def or_none(kind: ParameterType) -> ParameterType:
    return ParameterType(kind.kind, True, kind.choices, f"{kind.text} | None")


def same(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right


@pytest.mark.parametrize("optional", [False, True], ids=["plain", "optional"])
@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (INT, "12", 12),
        (INT, "-3", -3),
        (INT, "3.0", 3),
        (INT, "1e3", 1000),
        (INT, "9007199254740993", 9007199254740993),
        (FLOAT, "0.5", 0.5),
        (FLOAT, "1e-3", 0.001),
        (FLOAT, "3", 3.0),
        (BOOL, "true", True),
        (BOOL, "True", True),
        (BOOL, "false", False),
        (BOOL, "False", False),
        (STR, "12", "12"),
        (STR, "a=b c", "a=b c"),
        (CHOICE, "sgd", "sgd"),
        (JSON, "[1, null]", [1, None]),
        (JSON, '{"a": "b"}', {"a": "b"}),
    ],
)
def test_text_becomes_a_value_of_the_type(kind: ParameterType, text: str, value: object, *, optional: bool) -> None:
    parsed = (or_none(kind) if optional else kind).parse(text)

    assert same(parsed, value)


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (INT, "", "expected a whole number"),
        (INT, "many", "expected a whole number"),
        (INT, "3.5", "expected a whole number"),
        (INT, "nan", "expected a whole number"),
        (INT, "1e16", "written out"),
        (FLOAT, "", "expected a number"),
        (FLOAT, "1,5", "expected a number"),
        (BOOL, "", "expected true or false"),
        (BOOL, "1", "expected true or false"),
        (BOOL, "yes", "expected true or false"),
        (CHOICE, "SGD", "expected one of adam, sgd"),
        (CHOICE, "", "expected one of adam, sgd"),
        (JSON, "[1", "expected JSON"),
        (JSON, "", "expected JSON"),
    ],
)
def test_text_that_is_no_value_of_the_type_is_refused_with_the_reason(kind: ParameterType, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        kind.parse(text)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: str(kind.kind))
def test_empty_text_means_none_where_none_is_a_value(kind: ParameterType) -> None:
    assert or_none(kind).parse("") is None


def test_empty_text_is_a_text() -> None:
    assert STR.parse("") == ""


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (INT, 3, 3),
        (INT, 3.0, 3),
        (INT, "3", 3),
        (INT, EXACT_INT, EXACT_INT),
        (FLOAT, 3, 3.0),
        (FLOAT, 0.5, 0.5),
        (FLOAT, "0.5", 0.5),
        (BOOL, True, True),
        (BOOL, "false", False),
        (STR, "x", "x"),
        (CHOICE, "adam", "adam"),
        (JSON, "[true]", [True]),
        (or_none(INT), None, None),
        (or_none(STR), "", None),
    ],
)
def test_an_input_is_text_or_of_the_declared_type(kind: ParameterType, given: object, value: object) -> None:
    assert same(kind.from_input(given), value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (INT, 3.5),
        (INT, True),
        (INT, EXACT_INT + 1),
        (INT, -EXACT_INT - 1),
        (INT, 1e17),
        (INT, None),
        (FLOAT, True),
        (BOOL, 1),
        (STR, 1),
        (STR, None),
        (CHOICE, 1),
        (CHOICE, "rmsprop"),
    ],
)
def test_an_input_of_another_type_is_refused(kind: ParameterType, given: object) -> None:
    with pytest.raises(ValueError, match=r"expected|exact"):
        kind.from_input(given)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (INT, "3"),
        (INT, True),
        (INT, 3.0),
        (FLOAT, "3"),
        (BOOL, 0),
        (STR, b"x"),
        (CHOICE, "rmsprop"),
        (JSON, (1, 2)),
        (JSON, {1: 2}),
        (JSON, [{1, 2}]),
        (JSON, {"a": [object]}),
    ],
)
def test_a_python_value_of_another_type_is_refused(kind: ParameterType, value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        kind.check(value)


def test_an_int_is_taken_for_a_float_and_becomes_one() -> None:
    assert same(FLOAT.check(2), 2.0)


@given(kind=st.sampled_from([INT, or_none(INT)]), number=st.integers())
def test_every_integer_survives_its_text(kind: ParameterType, number: int) -> None:
    assert same(kind.parse(str(number)), number)


@given(kind=st.sampled_from([FLOAT, or_none(FLOAT)]), number=st.floats(allow_nan=False))
def test_every_float_survives_its_text(kind: ParameterType, number: float) -> None:
    assert same(kind.parse(repr(number)), number)


@given(number=st.integers(-EXACT_INT, EXACT_INT))
def test_an_integer_that_a_double_holds_survives_githubs_form(number: int) -> None:
    assert same(INT.from_input(float(number)), number)


@given(parameter=any_parameter("p"))
def test_a_parameter_survives_the_graph_file(parameter: Parameter) -> None:
    data = canonical.loads(canonical.dumps(parameter.to_json()))

    assert Parameter.from_json(data) == parameter


def test_a_required_parameter_survives_the_graph_file() -> None:
    parameter = Parameter("rows", INT, required=True)

    assert Parameter.from_json(parameter.to_json()) == parameter


# --- annotations ---


@pytest.mark.parametrize(
    ("annotation", "kind", "optional"),
    [
        (int, Kind.INT, False),
        (float, Kind.FLOAT, False),
        (bool, Kind.BOOL, False),
        (str, Kind.STR, False),
        (list, Kind.JSON, False),
        (dict[str, int], Kind.JSON, False),
        (list[int] | None, Kind.JSON, True),
        (int | None, Kind.INT, True),
        (Union[None, str], Kind.STR, True),  # noqa: UP007 - written this way too
        (Annotated[float, "rate"], Kind.FLOAT, False),
        (Annotated[float, "rate"] | None, Kind.FLOAT, True),
        (Literal["a", "b"], Kind.CHOICE, False),
        (Literal["a"] | None, Kind.CHOICE, True),
    ],
)
def test_an_annotation_has_a_type_of_parameter(annotation: Any, kind: Kind, *, optional: bool) -> None:
    found = type_of(annotation, "as written")

    assert found is not None
    assert (found.kind, found.optional, found.text) == (kind, optional, "as written")


def test_a_literals_texts_are_the_choices() -> None:
    found = type_of(Literal["a", "b"], "")

    assert found is not None
    assert found.choices == ("a", "b")


@pytest.mark.parametrize("annotation", [int | str, Literal[1, 2], Literal["a", 1], bytes, object, tuple, set, complex, None])
def test_an_annotation_without_a_form_in_text_has_none(annotation: Any) -> None:
    assert type_of(annotation, "") is None


# --- all parameters of a pipeline ---

ROWS = Parameter("rows", INT, default=1000)
RATE = Parameter("rate", FLOAT, default=0.1)
NAME = Parameter("name", STR, default="x")
LIMIT = Parameter("limit", or_none(INT), default=5)
PLACE = Parameter("place", STR, required=True)
SEED = Parameter("seed", INT, required=True)


def problems_of(error: OrchError) -> list[str]:
    return [problem.message for problem in error.problems]


def test_what_is_not_given_has_its_default() -> None:
    assert resolve((ROWS, RATE), {"rate": 1}) == {"rows": 1000, "rate": 1.0}


@given(parameter=any_parameter("p"))
def test_a_default_is_a_value_of_its_type(parameter: Parameter) -> None:
    value = resolve((Parameter("p", parameter.type, default=values.encode(parameter.default)),), {})["p"]

    assert parameter.type.check(value) == parameter.default


def test_all_problems_of_values_come_at_once() -> None:
    with pytest.raises(Problems) as caught:
        resolve((ROWS, PLACE), {"rows": "many", "typo": 1})

    assert problems_of(caught.value) == [
        "no parameter 'typo'",
        "parameter 'rows' is 'many': expected int",
        "parameter 'place' has no value",
    ]


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ParameterError) as caught:
        parse_all((ROWS, RATE), {"row": "3"})

    assert caught.value.hint == "did you mean 'rows'? this pipeline takes rows, rate"


def test_texts_that_are_given_are_parsed_and_no_others() -> None:
    assert parse_all((ROWS, RATE), {"rows": "5"}) == {"rows": 5}


def test_a_misfit_is_answered_with_the_declaration() -> None:
    with pytest.raises(ParameterError) as caught:
        parse_all((ROWS,), {"rows": "5.5"})

    assert caught.value.message == "parameter 'rows' is '5.5': expected a whole number"
    assert caught.value.hint == "the pipeline declares `rows: int`"


def test_how_a_list_is_written_stands_beside_one_that_is_not() -> None:
    kind = type_of(list[int], "list[int]")
    assert kind is not None
    rows, names = Parameter("rows", kind, default=[2, 6]), Parameter("names", kind, required=True)

    with pytest.raises(OrchError) as caught:
        parse_all((rows, names), {"rows": "[2,", "names": "2"})

    assert [problem.hint for problem in caught.value.problems] == [
        "the pipeline declares `rows: list[int]`, and takes it as JSON, as its default is: [2, 6]",
        "the pipeline declares `names: list[int]`, and takes it as JSON",
    ]


@pytest.mark.parametrize("inputs", [None, {}])
def test_a_schedule_or_push_leaves_every_parameter_to_its_default(inputs: dict[str, object] | None) -> None:
    assert from_inputs((ROWS, RATE, NAME), inputs) == {}


@pytest.mark.parametrize("empty", ["", None])
def test_an_untouched_field_leaves_a_number_at_its_default(empty: object) -> None:
    assert from_inputs((ROWS,), {"rows": empty}) == {}


def test_an_untouched_field_is_none_where_none_is_a_value_and_empty_where_text_is() -> None:
    assert from_inputs((LIMIT, NAME), {"limit": "", "name": ""}) == {"limit": None, "name": ""}


def test_an_untouched_field_of_a_required_parameter_is_refused() -> None:
    with pytest.raises(ParameterError, match="'seed' is ''"):
        from_inputs((SEED,), {"seed": ""})


def test_an_unknown_input_is_refused_also_when_it_is_empty() -> None:
    with pytest.raises(ParameterError, match="no parameter 'typo'"):
        from_inputs((ROWS,), {"typo": ""})
