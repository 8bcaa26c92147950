"""What changed between two results, said so that a person can go there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sources import Sources, steps

from orch.model.artifacts import Artifact
from orch.model.canonical import Json, dumps
from orch.model.facts import Facts
from orch.model.plan import Change
from orch.model.steps import OutputRef, ParameterRef, Sequence, Step, Table, Value
from orch.planning.changes import blind, changes, first_change
from orch.planning.facts import Gathered
from orch.planning.key import key_document

FACTS = Facts("sha256:code", "sha256:packages", "3.11", "linux-x86_64")
PIPELINE = """\
import helpers
from orch import step


def scale(x):
    # as it is
    return x * 2


@step(timeout=5)
def train(rows: int) -> int:
    table = {
        "a": 1,
        "b": 2,
    }
    if rows:
        return helpers.add(scale(rows), table)
    return 0


@step
def other() -> int:
    return 1
"""
HELPERS = "def add(x, table):\n    return x + table['a']\n"


class Kept:
    """Two states of a project, and all that was kept of them."""

    def __init__(self, tmp_path: Path) -> None:
        self.sources = Sources(tmp_path, {"pipeline.py": PIPELINE, "helpers.py": HELPERS}, steps("train", "other"))
        self.bytes: dict[str, bytes] = {}
        self.before = self.document()

    def document(self, step: str = "train") -> dict[str, Json]:
        gathered: Gathered = self.sources.gather()
        self.bytes |= gathered.documents
        self.bytes |= {digest: each.read_bytes() if isinstance(each, Path) else each for digest, each in gathered.sources.items()}
        return key_document(self.sources.steps[0], gathered.facts[step], {}, {})

    def changes(self) -> tuple[Change, ...]:
        return changes(self.before, self.document(), self.bytes.get)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "was", "now"),
    [
        ("pipeline.py", "x * 2", "x * 3", "pipeline.py:7", "return x * 2", "return x * 3"),
        ("pipeline.py", '"b": 2', '"b": 3', "pipeline.py:14", '"b": 2,', '"b": 3,'),
        ("pipeline.py", "if rows:", "if not rows:", "pipeline.py:16", "if rows:", "if not rows:"),
        ("pipeline.py", "rows: int)", "rows: float)", "pipeline.py:11", "def train(rows: int) -> int:", "def train(rows: float) -> int:"),
        ("pipeline.py", "    return 0\n", "    print(rows)\n    return 0\n", "pipeline.py:18", "", "print(rows)"),
        ("pipeline.py", "    if rows:\n        return helpers.add(scale(rows), table)\n", "", "pipeline.py:16", "if rows:", ""),
        ("helpers.py", "+", "-", "helpers.py:2", "return x + table['a']", "return x - table['a']"),
    ],
)
def test_a_change_of_code_names_the_line(file: str, old: str, new: str, place: str, was: str, now: str, kept: Kept) -> None:
    kept.sources.replace(file, old, new)

    assert kept.changes() == (Change("code", place, was, now),)


def test_lines_are_those_of_the_new_version_and_comments_move_them(kept: Kept) -> None:
    kept.sources.replace("pipeline.py", "# as it is\n    return x * 2", "# one\n    # two\n\n    return (x * 3)  # three")

    assert kept.changes() == (Change("code", "pipeline.py:9", "return x * 2", "return (x * 3)  # three"),)


def test_several_changes_are_all_named(kept: Kept) -> None:
    kept.sources.replace("pipeline.py", "x * 2", "x * 3")
    kept.sources.replace("pipeline.py", "return 0", "return 1")
    kept.sources.replace("helpers.py", "x + ", "")

    assert [change.name for change in kept.changes()] == ["pipeline.py:7", "pipeline.py:18", "helpers.py:2"]


def test_what_other_steps_do_is_not_named(kept: Kept) -> None:
    kept.sources.replace("pipeline.py", "return 1", "return 2")
    kept.sources.replace("pipeline.py", "x * 2", "x * 3")

    assert [change.name for change in kept.changes()] == ["pipeline.py:7"]


def test_a_module_that_is_reached_now_or_no_more_is_named(kept: Kept) -> None:
    kept.sources.write("more.py", "x = 1\n")
    kept.sources.replace("helpers.py", "def add", "import more\ndef add")

    assert kept.changes() == (Change("code", "helpers.py:1", "", "import more"), Change("code", "more.py", "", "reached"))


def test_where_the_old_source_is_not_kept_the_file_is_named(kept: Kept) -> None:
    old = kept.sources.gather().sources
    kept.sources.replace("helpers.py", "+", "-")
    document = kept.document()
    lines = {digest: data for digest, data in kept.bytes.items() if digest not in old}

    (change,) = changes(kept.before, document, lines.get)

    assert (change.kind, change.name) == ("code", "helpers.py")
    assert change.old.startswith("sha256:")
    assert change.old != change.new


def test_where_nothing_is_kept_the_code_is_named(kept: Kept) -> None:
    kept.sources.replace("helpers.py", "+", "-")

    (change,) = changes(kept.before, kept.document(), lambda _: None)

    assert (change.kind, change.name) == ("code", "code")


def test_a_file_that_cannot_be_read_is_named(kept: Kept) -> None:
    kept.sources.write("helpers.py", "def add(:\n")

    assert [change.name for change in kept.changes() if change.kind == "code"] == ["helpers.py"]


def documents(old: Facts, new: Facts) -> tuple[dict[str, Json], dict[str, Json]]:
    step = Step("train", "pipeline.py:train")
    return key_document(step, old, {}, {}), key_document(step, new, {}, {})


def facts(**more: object) -> Facts:
    values = {"code": "sha256:code", "packages": "sha256:packages", "python": "3.11", "platform": "linux-x86_64"}
    return Facts(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (facts(python="3.12"), Change("python", "python", "3.11", "3.12")),
        (facts(platform="darwin-arm64"), Change("platform", "platform", "linux-x86_64", "darwin-arm64")),
        (facts(files={"data.csv": "sha256:1"}), Change("file", "data.csv", "", "sha256:1")),
        (facts(reads_logical_date=True), Change("setting", "logical date", "", "")),
    ],
)
def test_what_else_changed_is_named(new: Facts, expected: Change) -> None:
    assert changes(*documents(FACTS, new), lambda _: None) == (expected,)


def test_packages_are_named_with_both_versions() -> None:
    kept = {"sha256:packages": b'{"numpy":"1.0","pandas":"2.0"}', "sha256:new": b'{"numpy":"1.1","polars":"1.0"}'}

    assert changes(*documents(FACTS, facts(packages="sha256:new")), kept.get) == (
        Change("package", "numpy", "1.0", "1.1"),
        Change("package", "pandas", "2.0", ""),
        Change("package", "polars", "", "1.0"),
    )


def test_arguments_are_named_as_what_they_are() -> None:
    arguments = (
        ("rate", ParameterRef("lr")),
        ("rows", Value(5)),
        ("tables", Sequence("list", (OutputRef("load", "a"), OutputRef("load", "b")))),
        ("named", Table((("x", OutputRef("load", "b")), ("y", Value(1))))),
    )
    step = Step("train", "pipeline.py:train", arguments)
    first = {"load.a": Artifact("sha256:1", 1, "json"), "load.b": Artifact("sha256:2", 1, "json", "builtins.int")}
    old = key_document(step, FACTS, {"lr": 0.1}, first)
    new = key_document(step, FACTS, {"lr": 0.2}, {**first, "load.b": Artifact("sha256:3", 1, "json", "builtins.int")})

    assert changes(old, new, lambda _: None) == (
        Change("parameter", "lr", "0.1", "0.2"),
        Change("input", "tables[1]", "sha256:2 builtins.int as json", "sha256:3 builtins.int as json"),
        Change("input", "named['x']", "sha256:2 builtins.int as json", "sha256:3 builtins.int as json"),
    )
    without = {name: value for name, value in new.items() if name != "parameters"}  # as records before this was kept
    assert [change.kind for change in changes(old, without, lambda _: None)] == ["argument", "input", "input"]


def test_equal_numbers_of_other_types_are_other_arguments() -> None:
    old, new = ({"arguments": {"x": {"value": value}}} for value in (1, True))

    assert changes(old, new, lambda _: None) == (Change("argument", "x", "1", "true"),)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ({"code": "sha256:1"}, "its code has changed"),
        ({"code": "sha256:1", "python": "3.12"}, "its code has changed, and 1 more"),
        ({"arguments": {"rows": {"value": 6}}}, "argument 'rows' is 6, it was 5"),
        ({"arguments": {"rows": {"value": "x" * 41}}}, "argument 'rows' has changed"),
        ({"arguments": {"rows": {"artifact": {"digest": "sha256:1"}}}}, "input 'rows' has changed"),
        ({"arguments": {"rows": {"value": 5}, "more": {"value": 1}}}, "argument 'more' is new"),
        ({"arguments": {}}, "argument 'rows' is gone"),
        ({"packages": "sha256:1"}, "its packages have changed"),
        ({"python": "3.12"}, "python is 3.12, it was 3.11"),
        ({"files": {"data.csv": "sha256:1"}}, "file 'data.csv' is new"),
        ({"environment": {"LEVEL": "2"}}, "setting 'LEVEL' is new"),
        ({}, "what it depends on has changed"),
    ],
)
def test_the_reason_of_a_decision_names_the_first_change(new: Mapping[str, Json], reason: str) -> None:
    old = {**documents(FACTS, FACTS)[0], "arguments": {"rows": {"value": 5}}}

    assert first_change(old, {**old, **new}) == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["dict", "list", "artifact", "value", "own"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ("arguments", "code", "files", "packages", "texts", "environment", "source", "parameters", "blind")
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), JSON)


@given(old=DOCUMENTS, new=DOCUMENTS, kept=st.binary(max_size=20) | JSON.map(lambda value: dumps(value).encode()))
def test_no_document_however_damaged_is_a_crash(old: dict[str, Json], new: dict[str, Json], kept: bytes) -> None:
    assert isinstance(changes(old, new, lambda _: kept), tuple)
    assert isinstance(blind(new, lambda _: kept), tuple)
    assert first_change(old, new)


@given(document=DOCUMENTS)
def test_a_document_has_no_changes_from_itself(document: dict[str, Json]) -> None:
    assert changes(document, document, lambda _: None) == ()
