"""A mistake is shown at the user's own line, whoever else stands on the stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orch.authoring import places
from orch.authoring.places import from_git_root, is_ours, raising_place
from orch.authoring.project import Project
from orch.errors import Where


def raised(source: str, file: Path | str, **names: object) -> Exception:
    """What `source` raises, as if it stood in `file`."""
    try:
        exec(compile(source, str(file), "exec"), dict(names))  # noqa: S102 - code of a test
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return error
    raise AssertionError("it raised nothing")


def function(source: str, file: Path | str) -> Any:
    names: dict[str, object] = {}
    exec(compile(source, str(file), "exec"), names)  # noqa: S102 - code of a test
    return names["f"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, tmp_path / "jobs")


def place_of(error: Exception, project: Project) -> str:
    return str(raising_place(error, error.__traceback__, project))


def test_the_last_line_of_the_project_counts(project: Project) -> None:
    helper = function("def f():\n    1 / 0\n", project.root / "helper.py")

    assert place_of(raised("x = 1\nf()\n", project.root / "pipeline.py", f=helper), project) == "jobs/helper.py:2"


@pytest.mark.parametrize(
    "file", ["/usr/lib/python3/json.py", "jobs/.venv/lib/site-packages/numpy.py", "<string>", "<frozen importlib._bootstrap>", "other/x.py"]
)
def test_a_line_that_is_not_the_projects_does_not(project: Project, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    project.root.mkdir()
    monkeypatch.chdir(project.root)
    foreign = function("def f():\n    1 / 0\n", file if file.startswith("<") else project.git_root / file)

    assert place_of(raised("x = 1\nf()\n", project.root / "pipeline.py", f=foreign), project) == "jobs/pipeline.py:2"


def test_a_line_of_the_toolkit_is_not_the_users_also_in_its_own_repository() -> None:
    toolkit = Path(places.__file__).parents[3]
    ours = function("def f():\n    1 / 0\n", toolkit / "toolkit" / "orch" / "model" / "x.py")

    error = raised("f()\n", toolkit / "examples" / "pipeline.py", f=ours)

    assert place_of(error, Project(toolkit, toolkit)) == "examples/pipeline.py:1"
    assert is_ours(places.__file__)


def test_an_exception_from_elsewhere_has_no_place(project: Project) -> None:
    assert place_of(raised("1 / 0\n", "/elsewhere/x.py"), project) == "None"


def test_a_syntax_error_is_where_it_points_to_if_that_is_in_the_project(project: Project) -> None:
    mistake = f"compile('(', {str(project.root / 'broken.py')!r}, 'exec')\n"

    assert place_of(raised(mistake, project.root / "pipeline.py"), project) == "jobs/broken.py:1"
    assert place_of(raised("\neval('(')\n", project.root / "pipeline.py"), project) == "jobs/pipeline.py:2"


def test_a_place_is_shown_from_the_root_of_the_repository(project: Project) -> None:
    assert from_git_root(Where(str(project.root / "x.py"), 3), project) == Where("jobs/x.py", 3)
    assert from_git_root(Where("/elsewhere/x.py", 3), project) == Where("/elsewhere/x.py", 3)
    assert from_git_root(Where("<stdin>", 3), project) == Where("<stdin>", 3)
