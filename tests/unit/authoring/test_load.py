"""Naming a pipeline on a command line, and what its module says when it cannot be loaded."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from support.modules import write

from orch.authoring.load import load_graph, load_graphs, separate_modules, split_reference
from orch.errors import LoadError, OrchError, Problems, UsageError

TWO = """
    @step
    def a() -> int: return 1
    @pipeline
    def one() -> None: a()
    @pipeline(name="second")
    def two() -> None: a()
"""


def load_error(reference: str) -> OrchError:
    with separate_modules(), pytest.raises(OrchError) as caught:
        load_graph(reference)
    return caught.value


def test_a_reference_is_a_file_and_perhaps_a_pipeline(tmp_path: Path) -> None:
    file = write(tmp_path, TWO)

    assert split_reference(str(file)) == (file, None)
    assert split_reference(f"{file}:one") == (file, "one")
    assert split_reference(f"{file}:") == (file, None)


def test_a_colon_may_be_part_of_the_files_name(tmp_path: Path) -> None:
    file = write(tmp_path, TWO, "a:b.py")

    assert split_reference(str(file)) == (file, None)
    assert split_reference(f"{file}:one") == (file, "one")


@pytest.mark.parametrize("reference", ["missing.py", "missing.py:one", "", ":one", "C:\\missing.py"])
def test_a_file_that_is_not_there_is_a_slip_on_the_command_line(reference: str) -> None:
    with pytest.raises(UsageError, match="no file"):
        split_reference(reference)


def test_a_file_that_is_not_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()

    with pytest.raises(UsageError, match="not a Python file"):
        split_reference(str(tmp_path / "notes.txt"))


@pytest.mark.parametrize(("name", "pipeline"), [("one", "one"), ("second", "second"), ("two", "second")])
def test_a_pipeline_is_named_by_its_own_name_or_its_functions(tmp_path: Path, name: str, pipeline: str) -> None:
    file = write(tmp_path, TWO)

    with separate_modules():
        assert load_graph(f"{file}:{name}").pipeline == pipeline


def test_all_pipelines_of_a_file_come_in_its_order(tmp_path: Path) -> None:
    file = write(tmp_path, TWO)

    with separate_modules():
        assert [graph.pipeline for graph in load_graphs(str(file))] == ["one", "second"]


def test_one_of_several_pipelines_has_to_be_named(tmp_path: Path) -> None:
    error = load_error(str(write(tmp_path, TWO)))

    assert isinstance(error, LoadError)
    assert error.message == "this file defines 2 pipelines"
    assert "pipeline.py:one" in error.hint
    assert "pipeline.py:two" in error.hint


def test_a_pipeline_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    error = load_error(f"{write(tmp_path, TWO)}:three")

    assert (error.message, error.hint) == ("no pipeline 'three' in this file", "it defines one, second")


def test_a_file_without_a_pipeline_says_how_to_make_one(tmp_path: Path) -> None:
    error = load_error(str(write(tmp_path, "x = 1")))

    assert error.message == "this file defines no @pipeline"
    assert str(error.where) == str(tmp_path / "pipeline.py") or str(error.where) == "pipeline.py"


def test_a_pipeline_that_is_only_imported_belongs_to_its_own_file(tmp_path: Path) -> None:
    write(tmp_path, TWO, "shared.py")
    file = write(tmp_path, "from shared import one, a\n@pipeline\ndef mine() -> None: a()\n")

    with separate_modules():
        assert [graph.pipeline for graph in load_graphs(str(file))] == ["mine"]


def test_the_mistakes_of_all_pipelines_come_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "@pipeline\ndef one() -> None: ...\n@pipeline\ndef two() -> None: ...\n")

    with separate_modules(), pytest.raises(Problems) as caught:
        load_graphs(str(file))

    assert [problem.message for problem in caught.value.problems] == ["pipeline 'one' has no steps", "pipeline 'two' has no steps"]


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        ("x = 1\nraise ValueError('no')\n", "raised ValueError: no", 4),
        ("import sys\nsys.exit(3)\n", "raised SystemExit: 3", 4),
        ("def f(:\n", "raised SyntaxError", 3),
        ("import no_such_package_at_all\n", "raised ModuleNotFoundError", 3),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_the_users_line(tmp_path: Path, code: str, message: str, line: int) -> None:
    (tmp_path / ".git").mkdir()

    error = load_error(str(write(tmp_path, code)))

    assert isinstance(error, LoadError)
    assert message in error.message
    assert str(error.where) == f"pipeline.py:{line}"


def test_the_line_is_that_of_the_module_that_failed(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "helper.py").write_text("\n1 / 0\n")

    error = load_error(str(write(tmp_path, "import helper\n")))

    assert str(error.where) == "helper.py:2"


def test_a_missing_package_is_answered_with_where_to_install_it(tmp_path: Path) -> None:
    error = load_error(str(write(tmp_path, "import no_such_package_at_all\n")))

    assert "'no_such_package_at_all'" in error.hint
    assert sys.prefix in error.hint


def test_a_module_that_failed_to_load_is_not_left_half_made(tmp_path: Path) -> None:
    file = write(tmp_path, "raise ValueError\n", "half_made.py")

    load_error(str(file))

    assert "half_made" not in sys.modules


def test_a_name_that_another_module_has_taken_is_refused(tmp_path: Path) -> None:
    error = load_error(str(write(tmp_path, TWO, "json.py")))

    assert error.message == "'json.py' cannot be imported as 'json'"
    assert "rename json.py" in error.hint


def test_modules_of_the_toolkit_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "orch.model.mermaid", raising=False)

    with separate_modules():
        loaded = importlib.import_module("orch.model.mermaid")

    assert sys.modules.get("orch.model.mermaid") is loaded


def test_files_of_two_projects_with_one_name_load_apart(tmp_path: Path) -> None:
    before = list(sys.path)
    for name in ("first", "second"):
        write(tmp_path / name, f"@step\ndef {name}() -> int: return 1\n@pipeline\ndef p() -> None: {name}()\n")
        with separate_modules():
            graph = load_graph(str(tmp_path / name / "pipeline.py"))
        assert [step.id for step in graph.steps] == [name]

    assert sys.path == before
    assert "pipeline" not in sys.modules


def test_two_pipelines_of_one_name_are_refused_whichever_is_asked_for(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
    @step
    def a() -> None: ...

    @pipeline(name="same")
    def one(): a()

    @pipeline(name="same")
    def two(): a(); a()
""",
    )
    for reference in (str(file), f"{file}:same"):
        with separate_modules(), pytest.raises(LoadError, match="two pipelines of this file are named 'same'"):
            load_graphs(reference)


def test_a_pipeline_with_two_names_in_its_module_is_one(tmp_path: Path) -> None:
    file = write(tmp_path, "    @step\n    def a() -> int: ...\n    @pipeline\n    def p(): a()\n    main = p\n")

    with separate_modules():
        assert [graph.pipeline for graph in load_graphs(str(file))] == ["p"]
        assert load_graph(str(file)).pipeline == "p"
