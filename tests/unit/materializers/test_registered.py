from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orch.errors import MaterializationError, OrchError
from orch.materializers import registered
from orch.materializers.registered import materializer


class Molecule:
    def __init__(self, formula: str) -> None:
        self.formula = formula

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Molecule) and other.formula == self.formula

    def __hash__(self) -> int:
        return hash(self.formula)


class Isotope(Molecule):
    pass


class Ion:
    pass


class Colour(enum.Enum):
    RED = 1


@dataclass
class Sample:
    molecules: list[Molecule] = field(default_factory=list)


class Files:
    """The materializer of these tests; what it does wrong is set by each."""

    saved: ClassVar[list[object]] = []

    def save(self, value: Molecule, folder: Path) -> None:
        assert list(folder.iterdir()) == []
        (folder / "formula.txt").write_text(value.formula)
        (folder / "empty").mkdir()

    def load(self, folder: Path) -> Molecule:
        assert (folder / "empty").is_dir()
        return Molecule((folder / "formula.txt").read_text())


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers ends with it."""
    monkeypatch.setattr(registered, "_BY_TYPE", {})
    monkeypatch.setattr(registered, "_BY_CLASS", {})


def test_values_of_its_type_are_kept_with_it_wherever_they_are(journey: Any) -> None:
    materializer(Molecule)(Files)
    value = [Molecule("H2O"), {"k": Sample([Molecule("CO2")])}, {Molecule("He"): {Molecule("Ne")}}]

    artifact = journey.save(value)
    again = journey.load(artifact)

    assert (again[0], again[1]["k"].molecules, *again[2]) == (Molecule("H2O"), [Molecule("CO2")], Molecule("He"))
    assert again[2][Molecule("He")] == {Molecule("Ne")}
    assert artifact.pickled == ()


def test_the_artifact_is_a_folder_and_says_what_made_it(journey: Any) -> None:
    materializer(Molecule, version=3)(Files)

    artifact = journey.save(Molecule("H2O"))

    assert artifact.materializer == "custom"
    assert artifact.type == f"{__name__}.Molecule"
    assert artifact.preview == f"{__name__}.Molecule"
    assert artifact.meta == {
        "class": f"{__name__}:Files",
        "version": 3,
        "source": artifact.meta["source"],
        "type": f"{__name__}:Molecule",
    }
    assert len(artifact.meta["source"]) == 16
    assert [journey.store.get(digest) for digest in artifact.objects] == [b"H2O"]
    assert not artifact.comparable


def test_equal_values_have_equal_bytes_if_it_says_so(journey: Any) -> None:
    materializer(Molecule, deterministic=True)(Files)

    one, other = journey.save(Molecule("H2O")), journey.save(Molecule("H2O"))

    assert one.comparable
    assert one.digest == other.digest


def test_subclasses_are_taken_only_if_it_says_so(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="others are pickled")
    materializer(Molecule)(Files)
    assert journey.save(Isotope("T2O")).pickled == ("$",)

    materializer(Molecule, subclasses=True)(Files)
    artifact = journey.save(Isotope("T2O"))

    assert artifact.materializer == "custom"
    with pytest.raises(MaterializationError, match=r"Files.load gave a .*\.Molecule, and .*\.Isotope was saved"):
        journey.load(artifact)


def test_it_goes_before_what_orch_keeps_itself(journey: Any) -> None:
    class Colours:
        def save(self, value: Colour, folder: Path) -> None:
            (folder / value.name).touch()

        def load(self, folder: Path) -> Colour:
            return Colour[next(folder.iterdir()).name]

    Colours.__qualname__ = "Colours"
    globals()["Colours"] = Colours
    materializer(Colour)(Colours)

    artifact = journey.save([Colour.RED])

    assert artifact.meta["leaves"]["$[0]"]["class"] == f"{__name__}:Colours"
    assert journey.load(artifact) == [Colour.RED]


@pytest.mark.parametrize("kind", [int, str, dict, type(None), tuple, bytes])
def test_plain_data_stays_plain(kind: type) -> None:
    with pytest.raises(TypeError, match="plain data"):
        materializer(kind)


def test_mistakes_are_told_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match="takes the types"):
        materializer()
    with pytest.raises(TypeError, match="takes types, not 'Molecule'"):
        materializer("Molecule")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Ion'> has no save"):
        materializer(Molecule)(Ion)  # type: ignore[type-var]


def test_a_type_has_one_materializer() -> None:
    materializer(Molecule)(Files)
    materializer(Molecule, version=2)(Files)  # its module was loaded once more

    with pytest.raises(TypeError, match=r"Molecule' has a materializer already: .*:Files"):

        @materializer(Molecule)
        class Others(Files):
            pass


def test_one_that_no_other_process_finds_is_refused_when_it_saves(journey: Any) -> None:
    @materializer(Molecule)
    class Local(Files):
        pass

    with pytest.raises(MaterializationError, match="cannot be imported") as caught:
        journey.save([Molecule("H2O")])
    assert "top level of a module" in caught.value.hint


class Checked(Files):
    def equal(self, one: Molecule, other: Molecule) -> bool:
        return one == other


class Lossy(Checked):
    def load(self, _: Path) -> Molecule:
        return Molecule("?")


def test_with_equal_a_value_that_would_change_is_never_stored(journey: Any) -> None:
    materializer(Molecule)(Checked)
    assert journey(Molecule("H2O")) == Molecule("H2O")

    registered._BY_TYPE.clear()
    materializer(Molecule)(Lossy)
    with pytest.raises(MaterializationError, match=r"at \$\[0\]: a .*Molecule would not come back equal: .*:Lossy loads another"):
        journey.save([Molecule("CO2")])


class Broken(Files):
    def save(self, _: Molecule, __: Path) -> None:
        raise ZeroDivisionError("no such bond")


class Unreadable(Files):
    def load(self, _: Path) -> Molecule:
        raise ZeroDivisionError("no such bond")


@pytest.mark.parametrize(("cls", "method"), [(Broken, "save"), (Unreadable, "load")])
def test_what_it_raises_is_told_with_the_materializer_and_the_place(journey: Any, cls: type[Files], method: str) -> None:
    materializer(Molecule)(cls)

    with pytest.raises(
        MaterializationError, match=rf"at \$\.m: .*:{cls.__name__}\.{method} raised ZeroDivisionError: no such bond"
    ) as caught:
        journey.load(journey.save({"m": Molecule("H2O")}))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)  # with its traceback, which the step's failure shows


def test_another_version_is_refused(journey: Any) -> None:
    materializer(Molecule, version=2)(Files)
    artifact = journey.save(Molecule("H2O"))
    registered._BY_TYPE.clear()
    materializer(Molecule, version=1)(Files)

    with pytest.raises(MaterializationError, match=r"written by version 2 of .*Files', and this code has version 1") as caught:
        journey.load(artifact)
    assert "run the step" in caught.value.hint


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        (None, "does not say which materializer"),
        ({"class": 5}, "does not say which materializer"),
        ({"class": "os:system"}, "no class 'os:system'"),
        ({"class": "os:_Environ"}, "is no materializer any more"),
        ({"class": f"{__name__}:Ion"}, "is no materializer any more"),
        ({"class": "this:X"}, "imports no module 'this'"),
        ({"class": "../../evil:X"}, "is not the name of a class"),
        ({"class": f"{__name__}:Gone"}, "there is no class"),
    ],
)
def test_a_forged_reference_is_refused_and_runs_nothing(journey: Any, capsys: Any, meta: Any, reason: str) -> None:
    materializer(Molecule)(Files)
    artifact = journey.save(Molecule("H2O"))
    forged = dataclasses.replace(artifact, meta=meta and {**artifact.meta, **meta})

    with pytest.raises(OrchError, match=reason):
        journey.load(forged)
    assert capsys.readouterr().out == ""
