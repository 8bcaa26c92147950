"""What docs/values.md says of values holds: each of its tables is tried, its program runs."""

from __future__ import annotations

import datetime as dt
import enum
import importlib
import inspect
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pydantic
import pytest
from support import pages, value_tables
from support.journeys import Journey

from orch.errors import MaterializationError
from orch.materializers import choose, documents, registered
from orch.materializers.previews import LENGTH

np: Any = importlib.import_module("numpy")
pa: Any = importlib.import_module("pyarrow")
pd: Any = importlib.import_module("pandas")
pl: Any = importlib.import_module("polars")

PROGRAM, PRINTED = (block.text for block in pages.blocks("docs/values.md", "python", "text"))


@dataclass
class Score:
    name: str
    value: float


class Colour(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: int
    y: int


class Model(pydantic.BaseModel):
    name: str


@attrs.define
class Attrs:
    x: int


class Plain:
    pass


class Molecule:
    def __init__(self, formula: str) -> None:
        self.formula = formula


class MoleculeFile:
    def save(self, value: Molecule, folder: Path) -> None:
        (folder / "formula.txt").write_text(value.formula)

    def load(self, folder: Path) -> Molecule:
        return Molecule((folder / "formula.txt").read_text())


NAMES: Final[dict[str, object]] = {
    **{thing.__name__: thing for thing in (Score, Colour, Point, Model, Attrs, Plain, Molecule, Path, PurePosixPath, Decimal, Fraction)},
    **{thing.__name__: thing for thing in (UUID, ZoneInfo, Counter, OrderedDict, defaultdict, deque, pydantic.SecretStr)},
    "dt": dt,
    "np": np,
    "pa": pa,
    "pd": pd,
    "pl": pl,
}


# What has torch in it is tried where torch is: tests/contract/with_torch.py.
KEPT: Final = [row for row in value_tables.kept() if "torch" not in row.value]
REFUSED: Final = [row for row in value_tables.refused() if "torch" not in row.value]


@pytest.fixture
def journey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journey:
    """Of values that are made in a project's folder, where a materializer is known."""
    project = tmp_path / "project"
    (project / "site").mkdir(parents=True)
    (project / "data.csv").touch()
    monkeypatch.chdir(project)
    monkeypatch.setattr(registered, "_BY_TYPE", {})
    registered.materializer(Molecule)(MoleculeFile)
    return Journey(tmp_path / "journey")


@pytest.mark.parametrize(("value", "kept"), KEPT, ids=[row.value for row in KEPT])
def test_a_value_is_kept_as_the_table_says(journey: Journey, value: str, kept: str) -> None:
    made = eval(value, dict(NAMES))  # noqa: S307 -- the page is ours

    artifact = journey.save(made)

    assert artifact.materializer == kept
    assert type(journey.load(artifact)) is type(made)


@pytest.mark.parametrize(("value", "why", "way_out"), REFUSED, ids=[row.value for row in REFUSED])
def test_a_value_is_refused_as_the_table_says(journey: Journey, value: str, why: str, way_out: str) -> None:
    made = eval(value, dict(NAMES))  # noqa: S307 -- the page is ours

    with pytest.raises(MaterializationError) as caught:
        journey.save(made)

    assert why in caught.value.message
    assert way_out in caught.value.hint


def test_the_program_prints_what_stands_below_it(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pipeline.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "orch.yaml").write_text("pickle: forbid\n")

    ran = subprocess.run([sys.executable, "-m", "orch", "run", "pipeline.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert PRINTED.strip() in ran.stdout


def test_what_the_page_says_of_the_decorator_is_its_signature() -> None:
    told = {name.partition("=")[0] for row in value_tables.rows("Materializers of your own") for name in value_tables.quoted(" ".join(row))}
    options = set(inspect.signature(registered.materializer).parameters) - {"types"}

    assert options <= told
    assert f"at most {LENGTH} characters" in value_tables.SECTIONS["Previews"]


def test_every_kind_is_in_the_table() -> None:
    assert {row.kept for row in value_tables.kept()} == {*choose.WHOLE, documents.NAME, registered.NAME}
