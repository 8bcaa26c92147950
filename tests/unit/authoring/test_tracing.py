"""Calling a pipeline gives its graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.modules import graph_of, problems_of, write

from orch.errors import Problems
from orch.model.graph import OutputRef, ParameterRef, Sequence, Table, Value
from orch.model.resources import ResourceSettings
from orch.model.retry import StepRetryConfig
from orch.model.triggers import PullRequest, Push, Schedule, WorkflowCall

STEPS = """
    from typing import Annotated, Literal

    @step
    def load(rows: int) -> list[int]:
        raise RuntimeError("a step's body does not run while the graph is built")

    @step
    def split(xs: list[int]) -> tuple[Annotated[list[int], "train"], Annotated[list[int], "test"]]: ...

    @step
    def total(xs: list[int], scale: float = 1.0) -> float: ...

    @step
    def report(parts: object) -> Annotated[str, "text"]: ...

    @step
    def deploy() -> None: ...
"""


def test_arguments_become_data_edges_parameters_and_values(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, STEPS + "    @pipeline\n    def p(rows: int = 3):\n        total(load(rows), 2.5)\n")

    assert graph["load"].inputs == (("rows", ParameterRef("rows")),)
    assert graph["total"].inputs == (("xs", OutputRef("load", "output")), ("scale", Value(2.5)))


def test_outputs_inside_lists_tuples_and_dicts_are_data_edges(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        STEPS
        + """
    @pipeline
    def p():
        train, test = split(load(1))
        report([total(train), 5])
        report({"b": total(test), "a": (train, 1)})
""",
    )

    assert dict(graph["report"].inputs)["parts"] == Sequence("list", (OutputRef("total", "output"), Value(5)))
    assert dict(graph["report_2"].inputs)["parts"] == Table(
        (("b", OutputRef("total_2", "output")), ("a", Sequence("tuple", (OutputRef("split", "train"), Value(1)))))
    )


def test_the_second_call_of_a_step_gets_a_number_and_id_names_it(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        STEPS
        + """
    @pipeline
    def p():
        load(1); load(2); load(3, id="third"); load.with_options(id="fourth")(4); load(5)
""",
    )

    assert [step.id for step in graph.steps] == ["load", "load_2", "third", "fourth", "load_3"]


def test_ids_that_github_does_not_tell_apart_are_numbered_too(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
    @step
    def load() -> int: return 1
    @step
    def Load() -> int: return 2
    @step
    def load_2() -> int: return 3
    @pipeline
    def p():
        load_2()
        load()
        Load()
        load()
""",
    )

    assert [step.id for step in graph.steps] == ["load_2", "load", "Load_3", "load_4"]


def test_an_output_of_another_pipeline_is_refused(tmp_path: Path) -> None:
    code = """
    kept = []
    @step
    def load() -> int: return 1
    @step
    def report(x: int) -> None: ...
    @pipeline
    def first():
        kept.append(load())
    @pipeline
    def second():
        first.graph()
        load()
        report(kept[0])
        report(1, after=kept[0])
"""
    with pytest.raises(Problems) as caught:
        graph_of(tmp_path, code, "second")

    assert [problem.message.partition(" <")[0] for problem in caught.value.problems] == [
        "argument 'x' of step 'report' is output 'output' of step 'load' of another pipeline run",
        "step 'report_2' comes after",
    ]


def test_a_step_from_outside_the_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "elsewhere", "@step\ndef far() -> None: ...\n", "shared_steps.py")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").touch()
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")

    problems = problems_of(tmp_path / "project", "from shared_steps import far\n@pipeline\ndef p():\n    far()\n")

    assert [(problem.code, problem.message) for problem in problems] == [("step-reference", "'far' lies outside the project")]


@pytest.mark.parametrize("name", ["../requirements.txt", "missing.txt", "jobs"])
def test_requirements_that_are_no_file_of_the_project_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "project" / "jobs").mkdir(parents=True)

    problems = problems_of(tmp_path / "project", f"@step\ndef a() -> None: ...\n@pipeline(requirements={name!r})\ndef p():\n    a()\n")

    assert [problem.message for problem in problems] == [f"requirements {name!r} is not a file of the project"]


def test_an_exception_after_a_reported_mistake_is_not_a_second_one(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        """
    @step
    def load() -> int: return 1
    @pipeline
    def p():
        for x in load(): ...
        [].pop()
""",
    )

    assert [problem.code for problem in problems] == ["value-not-known-yet"]


def test_after_takes_ids_outputs_and_steps_without_outputs(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        STEPS
        + """
    @pipeline
    def p():
        xs = load(1)
        first = deploy()
        deploy(after=[xs, first, "load"])
        deploy.with_options(id="last", after="deploy_2")()
""",
    )

    assert graph["deploy_2"].after == ("load", "deploy")
    assert graph["last"].after == ("deploy_2",)


def test_a_pipeline_in_a_pipeline_is_inlined(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        STEPS
        + """
    @pipeline
    def inner(rows: int = 1):
        return total(load(rows))

    @pipeline
    def p():
        report([inner(1), inner(rows=2)])
""",
        pipeline="p",
    )

    assert [step.id for step in graph.steps] == ["load", "total", "load_2", "total_2", "report"]
    assert dict(graph["load_2"].inputs)["rows"] == Value(2)


def test_outputs_have_names_and_types_as_written(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, STEPS + "    @pipeline\n    def p():\n        split(load(1)); report(1); deploy()\n")

    assert [(output.name, output.type) for output in graph["split"].outputs] == [("train", "list[int]"), ("test", "list[int]")]
    assert [(output.name, output.type) for output in graph["report"].outputs] == [("text", "str")]
    assert graph["deploy"].outputs == ()


def test_steps_are_files_and_functions_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "steps.py").write_text("from orch import step\n\n@step\ndef far() -> int: ...\n")
    graph = graph_of(tmp_path, "    from lib.steps import far\n\n    @pipeline\n    def p():\n        far()\n")

    assert graph.source == "pipeline.py:p"
    assert graph["far"].source == "lib/steps.py:far"


def test_settings_of_a_step_reach_the_graph(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
    @step(settings={"resources": ResourceSettings(cpu_count=2, memory="8GB")}, retry=StepRetryConfig(max_retries=2, delay=1, backoff=2),
          timeout="1h30m", secrets=["TOKEN"], environment={"B": "2", "A": "1"}, keep=True)
    def fit() -> int: ...

    @pipeline
    def p():
        fit()
""",
    )
    settings = graph["fit"].settings

    assert settings.resources == ResourceSettings(cpu_count=2, memory="8GB")
    assert settings.retry == StepRetryConfig(2, 1, 2)
    assert (settings.timeout, settings.secrets, settings.keep) == (5400.0, ("TOKEN",), True)
    assert settings.environment == (("A", "1"), ("B", "2"))


def test_triggers_come_from_the_schedule_and_the_list(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        STEPS
        + """
    @pipeline(schedule=Schedule("0 2 * * *", "Europe/Berlin"), triggers=[Push(["main"]), PullRequest(paths=["src/**"]), WorkflowCall()])
    def p():
        deploy()
""",
    )

    assert graph.triggers == (Schedule("0 2 * * *", "Europe/Berlin"), Push(["main"]), PullRequest(paths=["src/**"]), WorkflowCall())


@pytest.mark.parametrize("schedule", ["'0 2 * * *'", "[Schedule('0 2 * * *')]", "Push(['main'])"])
def test_a_schedule_that_is_none_is_told_with_how_to_write_one(tmp_path: Path, schedule: str) -> None:
    (problem,) = problems_of(tmp_path, STEPS + f"    @pipeline(schedule={schedule})\n    def p():\n        deploy()\n")

    assert problem.message.startswith("schedule is ")
    assert "schedule=Schedule('30 2 * * *'" in problem.hint
    assert problem.where is not None
    assert problem.where.line


def test_the_graph_survives_its_json(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path, STEPS + "    @pipeline\n    def p(n: int | None = None):\n        report({'x': load(n), 'y': [1.5, None]})\n"
    )

    assert type(graph).from_json(graph.to_json()) == graph


def test_a_comment_or_a_body_leaves_the_graph_as_it_is(tmp_path: Path) -> None:
    before = graph_of(tmp_path / "a", STEPS + "    @pipeline\n    def p():\n        deploy()\n")
    after = graph_of(
        tmp_path / "b", "    # more\n    x = 1\n" + STEPS.replace("...", "return None") + "    @pipeline\n    def p():\n        deploy()\n"
    )

    assert before.text() == after.text()


MISTAKES = [
    ("load('ten')", "argument", "argument 'rows' of step 'load' is 'ten', expected int"),
    ("load()", "argument", "missing a required argument: 'rows'"),
    ("load(1, wrong=2)", "argument", "unexpected keyword argument 'wrong'"),
    ("load(total([1]))", "argument", "argument 'rows' of step 'load' is int, but output 'output' of step 'total' is float"),
    ("total([load(1)])", "argument", "argument 'xs' of step 'total' is [<output 'output' of step 'load', not known until it runs>]"),
    ("total(split([1]))", "argument", "not known until it runs>), expected list[int]"),
    ("report(object())", "not-serializable", "which cannot be written into the graph"),
    ("report(lambda: 1)", "not-serializable", "which cannot be written into the graph"),
    ("load(1, id='a'); load(2, id='A')", "step-duplicate", "two steps have the id 'A'"),
    ("load(1, id='not valid')", "graph", "'not valid' is not a name that GitHub takes"),
    ("load(1, id='')", "graph", "step id '' is not a name that GitHub takes"),
    ("deploy(after='nowhere')", "step-unknown", "comes after 'nowhere', which does not exist"),
    ("deploy(after=5)", "step-unknown", "comes after 5, which is not a step"),
    ("deploy(after={'load'})", "step-unknown", "comes after {'load'}, which is not a step"),
    ("deploy(id='a', after='b'); deploy(id='b', after='a')", "graph-cycle", "'a' -> 'b' -> 'a'"),
    ("report(deploy())", "argument", "is what step 'deploy' returns, and that is nothing"),
    ("[x for x in load(1)]", "value-not-known-yet", "output 'output' of step 'load' is iterated or unpacked"),
    ("a, b = load(1)", "value-not-known-yet", "is iterated or unpacked"),
    ("deploy() if total([1]) > 3 else load(1)", "value-not-known-yet", "condition total.output > 3 is tested as true or false"),
    ("load(1) and deploy()", "value-not-known-yet", "is tested as true or false"),
    ("report(load(1)[0])", "value-not-known-yet", "is indexed"),
    ("report(load(1).mean().round())", "value-not-known-yet", "is asked for .mean"),
    ("report(f'{load(1)}')", "value-not-known-yet", "is formatted into text"),
    ("report(total([1]) * 2)", "value-not-known-yet", "is used in an expression"),
    ("report(2 + total([1]))", "value-not-known-yet", "is used in an expression"),
    ("len(load(1))", "value-not-known-yet", "is measured with len()"),
    ("range(rows)", "value-not-known-yet", "parameter 'rows' is used as an index"),
    ("load(1); 1 / 0", "pipeline", "building the pipeline raised ZeroDivisionError: division by zero"),
    ("pass", "graph", "has no steps"),
    ("load.with_options(timeout='soon')(1)", "argument", "'soon' is not a duration"),
    ("load.with_options(resources=3)(1)", "argument", "resources is 3, expected ResourceSettings(...)"),
    ("load.with_options(secrets='TOKEN')(1)", "argument", "secrets is 'TOKEN', expected a list of names"),
]


@pytest.mark.parametrize(("line", "code", "message"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_is_named_with_its_line_and_a_way_out(tmp_path: Path, line: str, code: str, message: str) -> None:
    problems = problems_of(tmp_path, STEPS + f"    @pipeline\n    def p(rows: int = 1):\n        {line}\n")

    assert [problem.code for problem in problems] == [code]
    assert message in problems[0].message
    assert problems[0].hint or code in ("pipeline", "graph-cycle")
    assert problems[0].where is not None
    assert problems[0].where.path == "pipeline.py"
    assert problems[0].where.line > 20


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    body = "".join(f"        {line}\n" for line, _, _ in MISTAKES[:4])
    problems = problems_of(tmp_path, STEPS + f"    @pipeline\n    def p(rows: int = 1):\n{body}")

    assert len(problems) == 4
    assert [problem.where.line for problem in problems if problem.where] == sorted({p.where.line for p in problems if p.where})


@pytest.mark.parametrize("name", ["record", "run"])
def test_a_name_that_would_make_artifacts_ambiguous_is_refused(tmp_path: Path, name: str) -> None:
    problems = problems_of(tmp_path, STEPS + f"    @pipeline\n    def {name}():\n        deploy()\n")

    assert [problem.code for problem in problems] == ["graph"]
    assert problems[0].hint == f"@pipeline(name='{name}_pipeline')"


SIGNATURES = [
    ("x: object = None", "not-serializable", "has no form as an input"),
    ("x", "not-serializable", "has no form as an input"),
    ("x: int = 'a'", "argument", "has the default 'a': expected int"),
    ("*x", "argument", "has no name that an input could have"),
    ("x: Unknown = 1", "argument", "an annotation of 'p' cannot be read: NameError"),
]


@pytest.mark.parametrize(("signature", "code", "message"), SIGNATURES)
def test_a_parameter_that_no_input_can_hold_is_refused(tmp_path: Path, signature: str, code: str, message: str) -> None:
    problems = problems_of(tmp_path, STEPS + f"    @pipeline\n    def p({signature}):\n        deploy()\n")

    assert [problem.code for problem in problems] == [code]
    assert message in problems[0].message


def test_a_step_inside_a_function_is_refused(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        """
    def make():
        @step
        def inner() -> int: ...
        return inner
    made = make()

    @pipeline
    def p():
        made()
""",
    )

    assert [problem.code for problem in problems] == ["step-reference"]


def test_a_step_under_another_name_of_its_module_is_found(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
    def plain() -> int: ...
    renamed = step(plain)
    del plain

    @pipeline
    def p():
        renamed()
""",
    )

    assert graph["plain"].source == "pipeline.py:renamed"


def test_a_step_is_a_plain_call_outside_a_pipeline(tmp_path: Path) -> None:
    from orch import step

    @step
    def double(x: int) -> int:
        return 2 * x

    assert double(4) == 8


def test_a_pipeline_called_while_its_module_is_imported_does_not_run(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, STEPS + "    @pipeline\n    def p():\n        deploy()\n    p()\n")

    assert [problem.code for problem in problems] == ["run-on-import"]
    assert problems[0].where is not None


def test_an_empty_name_is_refused_and_the_functions_own_offered(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "@step(name='')\ndef load(): ...\n\n@pipeline(name='')\ndef p():\n    load()\n")
    told = {problem.message.partition(" is ")[0]: problem.hint for problem in problems}

    assert told == {"step id ''": "give it a name with id='load'", "pipeline name ''": "@pipeline(name='p')"}
