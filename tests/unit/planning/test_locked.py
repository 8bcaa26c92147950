from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.steps import a_graph, a_step

from orch.errors import FilesError
from orch.model.graph import Graph
from orch.model.settings import StepSettings
from orch.planning.locked import Locked, Locks

PYPROJECT = """
[project]
name = "churn"
dependencies = ["pandas"]
[project.optional-dependencies]
gpu = ["torch"]
[dependency-groups]
dev = ["pytest"]
"""
LOCK = """
version = 1
[[package]]
name = "churn"
source = { editable = "." }
dependencies = [{ name = "pandas" }, { name = "lib" }, { name = "tool", extra = ["fast"] }]
[package.optional-dependencies]
gpu = [{ name = "torch" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "pandas"
version = "2.2.3"
source = { registry = "https://pypi.org/simple" }
dependencies = [
  { name = "numpy", version = "1.26.4", source = { registry = "https://pypi.org/simple" }, marker = "python_version < '3.12'" },
  { name = "numpy", version = "2.1.0", source = { registry = "https://pypi.org/simple" } }]
[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "tool"
version = "1.0"
source = { git = "https://example.org/tool?rev=main#0123abc" }
[package.optional-dependencies]
fast = [{ name = "speedup" }]
[[package]]
name = "speedup"
version = "3"
source = { url = "https://example.org/speedup-3.tar.gz" }
sdist = { hash = "sha256:aa" }
[[package]]
name = "torch"
version = "2.5.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "numpy" }]
[[package]]
name = "pytest"
version = "8.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "lib"
version = "0.1"
source = { editable = "packages/lib" }
"""
BASE = {"pandas": "2.2.3", "numpy": "1.26.4 2.1.0", "tool": "1.0 (0123abc)", "speedup": "3 (sha256:aa)"}


def locked(root: Path, settings: StepSettings | None = None, **graph: Any) -> Locked:
    step = a_step("a", settings=settings)
    made = Graph("p", "pipeline.py:p", (step,), **graph)
    return Locks(made, root, root).of(step)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "uv.lock").write_text(LOCK)
    return tmp_path.resolve()


def test_all_that_the_lock_leads_to_counts_by_version(project: Path) -> None:
    assert locked(project).packages == BASE


def test_extras_and_groups_count_for_the_steps_that_name_them(project: Path) -> None:
    assert locked(project, StepSettings(extras=("gpu",))).packages == BASE | {"torch": "2.5.0"}
    assert locked(project, StepSettings(groups=("dev",))).packages == BASE | {"pytest": "8.0"}


def test_what_is_installed_from_a_folder_counts_by_its_sources(project: Path) -> None:
    assert locked(project).folders == (project, project / "packages" / "lib")


def test_a_member_of_a_workspace_has_the_lock_of_its_root(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    member = root / "packages" / "app"
    member.mkdir(parents=True)
    (member / "pyproject.toml").write_text('[project]\nname = "app"\ndependencies = ["x"]\n')
    (root / "uv.lock").write_text(
        '[[package]]\nname = "app"\nsource = { editable = "packages/app" }\ndependencies = [{ name = "x" }]\n'
        '[[package]]\nname = "x"\nversion = "1"\n[[package]]\nname = "y"\nversion = "1"\n'
    )

    assert Locks(a_graph(a_step("a")), member, root).of(a_step("a")).packages == {"x": "1"}


def test_without_a_lock_the_lines_count(project: Path) -> None:
    (project / "uv.lock").unlink()

    assert locked(project).packages == {"pandas": ""}
    assert locked(project, StepSettings(extras=("gpu",), groups=("dev",))).packages == {"pandas": "", "torch": "", "pytest": ""}


def test_requirements_count_by_their_lines_and_those_of_the_files_that_they_name(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# what it needs\npandas==2.2.3 \\\n  --hash=sha256:aa  # pinned\n-r more.txt\n\n")
    (tmp_path / "more.txt").write_text("numpy  >=  1\n")

    found = locked(tmp_path.resolve(), requirements="requirements.txt").packages
    assert found == {"pandas==2.2.3 --hash=sha256:aa": "", "numpy >= 1": ""}


def test_a_project_without_packages_has_none(tmp_path: Path) -> None:
    assert locked(tmp_path).packages == {}
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert locked(tmp_path.resolve()) == Locked({}, (tmp_path.resolve(),))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("uv.lock", "not toml ["),
        ("uv.lock", "package = 3"),
        ("uv.lock", "[[package]]\nversion = '1'"),
        ("uv.lock", "[[package]]\nname = 'other'\n"),
        ("uv.lock", "[[package]]\nname = 'churn'\nsource = { editable = '.' }\ndependencies = [3]"),
        ("pyproject.toml", "\x00"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_with_its_name(project: Path, file: str, text: str) -> None:
    (project / file).write_text(text)

    with pytest.raises(FilesError, match=file):
        locked(project)


def test_requirements_that_name_themselves_or_lie_elsewhere_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("-r r.txt\n")
    (tmp_path / "s.txt").write_text("-r ../s.txt\n")

    for name in ("r.txt", "s.txt", "absent.txt"):
        with pytest.raises(FilesError):
            locked(tmp_path.resolve(), requirements=name)
