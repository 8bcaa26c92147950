from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch.authoring.load import separate_modules
from orch.errors import MaterializationError
from orch.materializers.classes import find, problem, reference

PROJECT = {
    "pyproject.toml": "",
    "steps.py": "import json\ndef lazily():\n    import xml.dom\n",
    "shapes.py": "from collections import namedtuple\nclass Circle:\n    class Centre: ...\nPoint = namedtuple('Point', 'x')\nSIZE = 5\n",
    "deploy.py": "print('deploying')\nraise SystemExit\n",
    "broken.py": "class Broken: ...\nraise ValueError('at the top')\n",
    "moved.py": "class Moved: ...\nMoved.__module__ = 'elsewhere'\n",
    "pack/__init__.py": "",
    "pack/inner.py": "try:\n    class Inner: ...\nexcept ImportError:\n    pass\n",
    ".venv/lib/site-packages/installed.py": "class Installed: ...\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "project"
    for name, text in PROJECT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(str(root / ".venv/lib/site-packages"))
    monkeypatch.syspath_prepend(str(root))
    with separate_modules():
        import importlib

        importlib.import_module("steps")
        yield root.resolve()


class Here:
    class Inside:
        pass


def test_a_class_of_a_loaded_module_is_found_by_its_name() -> None:
    assert find(reference(Here), None) is Here
    assert find(reference(Here.Inside), None) is Here.Inside


@pytest.mark.parametrize("name", ["shapes:Circle", "shapes:Circle.Centre", "shapes:Point", "pack.inner:Inner"])
def test_a_module_of_the_project_that_defines_the_class_is_imported(project: Path, name: str) -> None:
    assert reference(find(name, project)) == name


@pytest.mark.parametrize("name", ["json.decoder:JSONDecoder", "xml.dom.minidom:Node"])
def test_a_package_that_the_loaded_code_of_the_project_imports_may_be_imported(project: Path, name: str) -> None:
    sys.modules.pop("xml.dom.minidom", None)

    assert reference(find(name, project)) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("deploy:main", "imports no module 'deploy'"),
        ("deploy:SystemExit", "imports no module 'deploy'"),
        ("shapes:Square", "imports no module 'shapes'"),
        ("shapes:SIZE", "imports no module 'shapes'"),
        ("shapes:Circle.Radius", "imports no module 'shapes'"),
        ("installed:Installed", "imports no module 'installed'"),
        ("this:Zen", "imports no module 'this'"),
        ("antigravity:Fly", "imports no module 'antigravity'"),
        ("moved:Moved", "there is no class 'moved:Moved'"),
        ("os:system", "there is no class 'os:system'"),
        ("os:path.join", "there is no class"),
        ("os:sys.modules", "there is no class"),
        ("builtins:eval", "there is no class"),
        ("steps:lazily", "there is no class"),
        ("collections:abc.Mapping", "there is no class"),
        ("", "is not the name of a class"),
        ("steps", "is not the name of a class"),
        ("../evil:X", "is not the name of a class"),
        ("steps:X()", "is not the name of a class"),
        ("a.b:<locals>.X", "is not the name of a class"),
        (5, "is not the name of a class"),
        (None, "is not the name of a class"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_imported(
    project: Path, capsys: pytest.CaptureFixture[str], name: object, reason: str
) -> None:
    before = set(sys.modules)

    with pytest.raises(MaterializationError, match=reason) as caught:
        find(name, project)
    assert caught.value.hint
    assert capsys.readouterr().out == ""
    assert set(sys.modules) - before <= {"moved"}


def test_without_a_project_nothing_is_imported(project: Path) -> None:
    with pytest.raises(MaterializationError, match="imports no module 'shapes'"):
        find("shapes:Circle", None)
    assert "shapes" not in sys.modules


def test_a_module_that_fails_to_import_is_told_with_what_it_raised(project: Path) -> None:
    with pytest.raises(MaterializationError, match="importing 'broken', which defines the value's class, raised ValueError: at the top"):
        find("broken:Broken", project)


def test_looking_runs_no_code_of_the_module() -> None:
    class Lazy(type(sys)):  # type: ignore[misc]
        def __getattr__(self, name: str) -> type:
            raise AssertionError(name)

    sys.modules["lazy_module"] = Lazy("lazy_module")
    try:
        with pytest.raises(MaterializationError, match="there is no class"):
            find("lazy_module:Anything", None)
    finally:
        del sys.modules["lazy_module"]


def test_a_class_that_others_cannot_find_is_told_why() -> None:
    class Local:
        pass

    assert problem(Here) is None
    assert "cannot be imported" in (problem(Local) or "")
    Local.__qualname__ = "Here"
    assert "another class by now" in (problem(Local) or "")
    Local.__module__ = "__main__"
    assert "script that was started" in (problem(Local) or "")
