from __future__ import annotations

import dataclasses
import functools
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from orch.errors import MaterializationError
from orch.materializers import load
from orch.materializers.fields import problem
from orch.materializers.instances import takes

T = TypeVar("T")


@dataclass
class Plain:
    zulu: int
    alpha: list[int] = field(default_factory=list)
    count: ClassVar[int] = 0


@dataclass(frozen=True)
class Frozen:
    x: int


@dataclass(frozen=True, slots=True)
class Slotted:
    x: int
    inner: Plain | None = None


@dataclass
class Child(Plain):
    more: str = ""


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Computed:
    x: int
    double: int = field(init=False)

    def __post_init__(self) -> None:
        self.double = 2 * self.x


@dataclass
class Grows:
    """Rebuilt by `__init__`, it would change each time."""

    x: int

    def __post_init__(self) -> None:
        self.x += 1


@dataclass
class WithInitVar:
    x: int = 0
    seed: InitVar[int] = 5

    def __post_init__(self, seed: int) -> None:
        self.x += seed


@dataclass
class Cached:
    x: int

    @functools.cached_property
    def square(self) -> int:
        return self.x**2


@dataclass
class WithFile:
    plot: Path
    score: float


@dataclass
class WithExtra:
    x: int

    def fit(self) -> WithExtra:
        self.learned_ = self.x * 10
        return self


@dataclass
class ListLike(list):  # type: ignore[type-arg]
    x: int = 0


@dataclass
class OwnState:
    x: int

    def __getstate__(self) -> dict[str, Any]:
        return {"x": -self.x}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.x = -state["x"]


@dataclass
class Stubborn:
    x: int

    def __getattribute__(self, name: str) -> Any:
        return 7 if name == "x" else super().__getattribute__(name)


class Outer:
    @dataclass
    class Inner:
        x: int


class SlotBase:
    __slots__ = ("hidden",)


@dataclass
class OverSlots(SlotBase):
    x: int = 0


@pytest.mark.parametrize(
    "value",
    [
        Plain(1),
        Plain(1, [2, 3]),
        Frozen(1),
        Slotted(1, Plain(2)),
        Child(1, [2], "three"),
        Box((1, {2})),
        Computed(4),
        Grows(4),
        WithInitVar(1, seed=2),
        Outer.Inner(5),
        OverSlots(6),
    ],
    ids=lambda value: type(value).__name__,
)
def test_instances_come_back_as_data(journey: Any, value: object) -> None:
    artifact = journey.save([value, {"k": (value,)}])
    again = journey.load(artifact)

    assert artifact.materializer == "json"
    assert artifact.comparable
    assert artifact.objects == ()
    assert again == [value, {"k": (value,)}]
    assert type(again[0]) is type(value)


def test_the_class_is_not_in_the_digest(journey: Any) -> None:
    one, other = journey.save(Frozen(1)), journey.save(Outer.Inner(1))

    assert one.digest == other.digest
    assert one.meta == {"classes": {"$": f"{__name__}:Frozen"}}
    assert (journey.load(one), journey.load(other)) == (Frozen(1), Outer.Inner(1))


def test_the_order_of_the_fields_does_not_disturb_the_places(journey: Any, tmp_path: Path) -> None:
    (tmp_path / "plot.svg").write_text("<svg/>")

    again = journey({"m": WithFile(tmp_path / "plot.svg", 0.5)})["m"]

    assert (again.plot.name, again.plot.read_text(), again.score) == ("plot.svg", "<svg/>", 0.5)


def test_what_a_cached_property_computed_is_computed_again(journey: Any) -> None:
    value = Cached(3)
    assert value.square == 9

    again = journey(value)

    assert vars(again) == {"x": 3}
    assert again.square == 9


def local_class() -> object:
    @dataclass
    class Local:
        x: int

    return Local(1)


def unset() -> object:
    value = Plain(1)
    del value.alpha
    return value


def over_slots() -> object:
    value = OverSlots(1)
    value.hidden = 5  # type: ignore[attr-defined]
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (WithExtra(1).fit(), "attributes besides its fields: learned_"),
        (over_slots(), "attributes besides its fields: hidden"),
        (ListLike(2), "its own __"),
        (OwnState(1), "its own __getstate__"),
        (Stubborn(1), "its own __getattribute__"),
        (local_class(), "cannot be imported"),
        (unset(), "cannot be read"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_an_instance_that_is_more_than_its_fields_is_no_data(value: object, reason: str) -> None:
    assert not takes(value)
    assert reason in (problem(value) or "")


@pytest.mark.parametrize("value", [WithExtra(1).fit(), OwnState(1), unset()], ids=lambda value: type(value).__name__)
def test_an_instance_that_is_more_than_its_fields_is_pickled_as_a_whole(journey: Any, value: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")

    artifact = journey.save(value)
    again = journey.load(artifact)

    assert artifact.materializer == "pickle"
    assert type(again) is type(value)
    assert vars(again) == vars(value)


def test_without_cloudpickle_the_reason_is_named(journey: Any, without: Any) -> None:
    without("cloudpickle")

    with pytest.raises(MaterializationError, match=r"WithExtra' can only be pickled .*learned_") as caught:
        journey.save(WithExtra(1).fit())
    assert "cloudpickle" in caught.value.hint


def test_a_class_of_the_started_script_is_no_data() -> None:
    cls = dataclasses.make_dataclass("Script", ["x"])
    cls.__module__ = "__main__"

    assert "script that was started" in (problem(cls(1)) or "")


def test_a_class_whose_fields_changed_since_is_an_error(journey: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = journey.save(Frozen(1))
    changed = dataclasses.make_dataclass("Frozen", ["y"])
    changed.__module__ = __name__
    monkeypatch.setitem(globals(), "Frozen", changed)

    with pytest.raises(MaterializationError, match="has other fields than the value that was stored: x, y"):
        journey.load(artifact)


def test_a_name_that_is_no_dataclass_is_refused(journey: Any) -> None:
    artifact = dataclasses.replace(journey.save(Frozen(1)), meta={"classes": {"$": "builtins:dict"}})

    with pytest.raises(MaterializationError, match="'builtins:dict' is not a dataclass"):
        load(artifact, journey.store, scratch=journey.folder)


def test_a_class_that_is_gone_is_an_error_with_its_module(journey: Any) -> None:
    artifact = dataclasses.replace(journey.save(Frozen(1)), meta={"classes": {"$": "no_such_module:Frozen"}})

    with pytest.raises(MaterializationError, match="no_such_module"):
        load(artifact, journey.store, scratch=journey.folder)
