from __future__ import annotations

import json

import pytest
from support.steps import a_graph

from orch.model.canonical import Json
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.triggers import RepositoryDispatch, Schedule, Trigger, WorkflowCall
from orch.orchestrators.github.inputs import check_inputs, dispatch_input, handed_over, inputs_of
from orch.workflow.model import Input


def a_parameter(kind: Kind, default: Json = None, *, optional: bool = False, choices: tuple[str, ...] = (), name: str = "x") -> Parameter:
    return Parameter(name, ParameterType(kind, optional, choices, str(kind)), default=default)


def messages(*parameters: Parameter, triggers: tuple[Trigger, ...] = ()) -> list[str]:
    return [problem.message for problem in check_inputs(a_graph(parameters=parameters, triggers=triggers))]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (a_parameter(Kind.INT, 0), Input("number", "int", default=0)),
        (a_parameter(Kind.FLOAT, 0.1), Input("number", "float", default=0.1)),
        (a_parameter(Kind.FLOAT, 0.30000000000000004), Input("string", "float", default="0.30000000000000004")),
        (a_parameter(Kind.FLOAT, 1 / 3), Input("string", "float", default="0.3333333333333333")),
        (a_parameter(Kind.BOOL, False), Input("boolean", "bool", default=False)),
        (a_parameter(Kind.STR, ""), Input("string", "str", default="")),
        (a_parameter(Kind.CHOICE, "b", choices=("a", "b")), Input("choice", "choice", default="b", options=("a", "b"))),
        (a_parameter(Kind.JSON, [1, {"a": None}]), Input("string", "json", default='[1, {"a": null}]')),
        (a_parameter(Kind.JSON, {"$ordered": [["b", 1], ["a", 2]]}), Input("string", "json", default='{"b": 1, "a": 2}')),
        (a_parameter(Kind.ENVIRONMENT, "staging"), Input("environment", "environment", default="staging")),
        (a_parameter(Kind.ENVIRONMENT, None, optional=True), Input("string", "environment", default="")),
        (a_parameter(Kind.INT, None, optional=True), Input("string", "int", default="")),
        (a_parameter(Kind.INT, 7, optional=True), Input("string", "int", default="7")),
        (a_parameter(Kind.BOOL, True, optional=True), Input("string", "bool", default="true")),
        (a_parameter(Kind.CHOICE, "a", optional=True, choices=("a", "b")), Input("string", "choice", default="a")),
        (Parameter("x", ParameterType(Kind.INT, text="int"), required=True), Input("number", "int", required=True)),
    ],
)
def test_a_parameter_becomes_a_field_that_can_say_all_its_values(parameter: Parameter, expected: Input) -> None:
    assert dispatch_input(parameter) == expected
    assert messages(parameter) == []


@pytest.mark.parametrize(
    "parameter",
    [
        a_parameter(Kind.INT, 7),
        a_parameter(Kind.INT, 7, optional=True),
        a_parameter(Kind.FLOAT, 1e-9),
        a_parameter(Kind.BOOL, True, optional=True),
        a_parameter(Kind.STR, "a b"),
        a_parameter(Kind.STR, None, optional=True),
        a_parameter(Kind.JSON, {"a": [1, "é"]}),
        a_parameter(Kind.CHOICE, "b", choices=("a", "b")),
    ],
)
def test_an_untouched_field_gives_back_the_default(parameter: Parameter) -> None:
    assert parameter.type.from_input(dispatch_input(parameter).default) == parameter.default


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.1 + 0.2, 3.141592653589793, 1e-300, 1e21, -5.0, 123456789012345.0, 10**15, -(10**15)])
def test_a_default_survives_the_15_digits_that_githubs_numbers_have(value: float) -> None:
    parameter = a_parameter(Kind.INT if isinstance(value, int) else Kind.FLOAT, value)
    default = dispatch_input(parameter).default
    written = default if isinstance(default, str) else f"{default:.15g}"

    assert messages(parameter) == []
    assert parameter.type.from_input(json.loads(written)) == parameter.type.from_input(written) == value


def many(count: int) -> list[Parameter]:
    return [a_parameter(Kind.INT, 1, name=f"x{number}") for number in range(count)]


def test_of_more_parameters_than_github_has_fields_the_last_share_one() -> None:
    assert list(inputs_of(a_graph(parameters=many(25)))) == [f"x{number}" for number in range(25)]

    fields = inputs_of(a_graph(parameters=many(27)))

    assert list(fields) == [*(f"x{number}" for number in range(24)), "parameters"]
    said = 'the other parameters as JSON, as {"x24": ...}; there are x24: int, x25: int, x26: int'
    assert fields["parameters"] == Input("string", said, default="")
    assert messages(*many(27)) == []


def test_the_moment_that_a_run_is_for_takes_one_of_the_fields() -> None:
    fields = inputs_of(a_graph(parameters=many(25), triggers=[Schedule("5 2 * * *")]))

    assert list(fields) == [*(f"x{number}" for number in range(23)), "parameters", "logical_date"]


def test_a_parameter_cannot_be_called_as_the_shared_field_is() -> None:
    own = a_parameter(Kind.STR, "", name="parameters")

    assert messages(*many(24), own) == []
    assert messages(*many(25), own) == [
        "parameter 'parameters' is taken: every workflow that has more than 25 inputs has the input 'parameters'"
    ]


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (a_parameter(Kind.INT, 1, name="é"), "parameter 'é' is not a name that GitHub takes"),
        (
            a_parameter(Kind.STR, "${{ secrets.A }}"),
            "the default of parameter 'x' is '${{ secrets.A }}', which GitHub would read as an expression",
        ),
        (
            a_parameter(Kind.STR, "a\nb"),
            "the default of parameter 'x' is 'a\\nb', which holds a line break or another character that GitHub's form does not keep",
        ),
        (a_parameter(Kind.STR, "", optional=True), "the default of parameter 'x' is '', which GitHub's form cannot tell from None"),
        (a_parameter(Kind.FLOAT, {"$float": "nan"}), "the default of parameter 'x' is nan, which is no number to GitHub"),
        (
            a_parameter(Kind.INT, 10**15 + 1),
            "the default of parameter 'x' is 1000000000000001, GitHub's numbers are exact up to 1000000000000000",
        ),
        (a_parameter(Kind.JSON, [{"$float": "inf"}]), "the default of parameter 'x' is [inf], which is not JSON"),
        (
            a_parameter(Kind.CHOICE, "a", choices=("a", "${{ github.token }}")),
            "the type of parameter 'x' is '${{ github.token }}', which GitHub would read as an expression",
        ),
    ],
)
def test_a_parameter_that_a_form_cannot_hold_is_refused(parameter: Parameter, expected: str) -> None:
    assert messages(parameter) == [expected]


def test_names_that_differ_in_case_alone_are_one_to_github() -> None:
    assert messages(a_parameter(Kind.INT, 1, name="rows"), a_parameter(Kind.INT, 1, name="Rows")) == [
        "parameters 'rows' and 'Rows' are one to GitHub, which ignores case"
    ]


def test_a_pipeline_with_a_schedule_can_be_given_the_moment_that_a_run_is_for() -> None:
    graph = a_graph(parameters=[a_parameter(Kind.INT, 1)], triggers=[Schedule("5 2 * * *", "Europe/Berlin")])

    assert list(inputs_of(graph)) == ["x", "logical_date"]
    said = "the moment that the run is for, as 2026-03-29T02:30, read in Europe/Berlin; the run's start without"
    assert inputs_of(graph)["logical_date"] == Input("string", said, default="")
    assert list(inputs_of(a_graph(parameters=[a_parameter(Kind.INT, 1)]))) == ["x"]


def test_the_moment_needs_an_offset_where_the_schedules_are_in_several_zones() -> None:
    graph = a_graph(triggers=[Schedule("5 2 * * *", "Europe/Berlin"), Schedule("5 3 * * *")])

    assert "as 2026-03-29T02:30, with its offset" in inputs_of(graph)["logical_date"].description


def test_a_parameter_cannot_be_called_as_that_moment_is() -> None:
    parameter = a_parameter(Kind.STR, "", name="Logical_Date")

    assert messages(parameter) == []
    assert messages(parameter, triggers=(Schedule("5 2 * * *"),)) == [
        "parameter 'Logical_Date' is taken: every workflow with a schedule has the input 'logical_date'"
    ]


def test_jobs_are_handed_what_was_typed_where_there_is_a_form() -> None:
    assert handed_over(a_graph()) == {}
    assert handed_over(a_graph(triggers=[Schedule("5 2 * * *")])) == {"parameters": "${{ toJSON(inputs) }}"}


def test_what_a_program_sends_gives_parameters_by_name_unless_another_workflow_gives_them() -> None:
    sent = [RepositoryDispatch(["arrived"])]
    parameters = [a_parameter(Kind.INT, 1)]

    assert handed_over(a_graph(triggers=sent)) == {}
    assert handed_over(a_graph(parameters=parameters, triggers=sent)) == {
        "parameters": "${{ toJSON(github.event_name == 'repository_dispatch' && github.event.client_payload || inputs) }}"
    }
    is_sent = "github.event_name == 'repository_dispatch' && toJSON(inputs.x) == 'null'"
    assert handed_over(a_graph(parameters=parameters, triggers=[*sent, WorkflowCall()])) == {
        "parameters": f"${{{{ toJSON({is_sent} && github.event.client_payload || inputs) }}}}"
    }
