"""Instances of classes of a user's own."""

from __future__ import annotations

import enum
import functools
from collections import namedtuple
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar

import pydantic

T = TypeVar("T")


@dataclass
class Score:
    name: str
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    z: int
    a: Score | None = None


@dataclass
class Derived(Score, Generic[T]):
    extra: T | None = None
    hidden: int = field(init=False, repr=False, default=3)
    seed: InitVar[int] = 0

    def __post_init__(self, seed: int) -> None:
        self.hidden = seed


@dataclass
class Circle:
    radius: float

    @functools.cached_property
    def area(self) -> float:
        return 3 * self.radius


class Colour(enum.Enum):
    RED = "r"
    ALSO_RED = RED
    BLUE = (0, 0, 255)


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    YES = "yes"


class Rights(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Point(NamedTuple):
    y: float
    x: float = 0.0


Untyped = namedtuple("Untyped", "b a")  # noqa: PYI024 -- untyped ones exist


class Cat(pydantic.BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Home(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", validate_assignment=True)

    pets: list[Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]] = []
    size: int = 1
    _visits: int = pydantic.PrivateAttr(default=0)

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @functools.cached_property
    def count(self) -> int:
        return len(self.pets)


class Settings(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, strict=True)

    rate: float
    where: tuple[int, ...] = ()


class Names(pydantic.RootModel[list[str]]):
    pass


class Box(pydantic.BaseModel, Generic[T]):
    content: T


@pydantic.dataclasses.dataclass
class Checked:
    x: int


def home() -> Home:
    value = Home.model_validate({"pets": [{"kind": "cat"}, {"kind": "dog", "name": "Rex"}], "garden": ["tree"]})
    value._visits = 2
    assert value.count == 2
    return value


def circle() -> Circle:
    value = Circle(2.0)
    assert value.area == 6.0
    del value.area  # what it computed is computed again
    return value


def visited(home: Home) -> Home:
    vars(home).pop("count", None)
    return home


VALUES: Final[dict[str, Callable[[], Any]]] = {
    "dataclass": lambda: Score("a", [1.0]),
    "frozen, with slots, by keyword, nested": lambda: Frozen(z=1, a=Score("b")),
    "derived, generic, InitVar, no init": lambda: Derived("a", [2.0], extra=(1,), seed=7),
    "cached property": circle,
    "enum": lambda: [Colour.RED, Colour.ALSO_RED, Colour.BLUE],
    "enums that are numbers and text": lambda: [Level.LOW, Word.YES],
    "flags": lambda: [Rights.READ, Rights.READ | Rights.WRITE, Rights(0)],
    "named tuples": lambda: [Point(1.0), Untyped((1,), [2])],
    "as keys and members": lambda: {Colour.RED: {Colour.BLUE, Level.LOW, Point(1.0)}, Point(2.0): {Frozen(z=1)}},
    "model": lambda: visited(home()),
    "models": lambda: [Cat(), Dog(name="x"), Settings(rate=0.1, where=(1, 2)), Names(["a"])],
    "generic model": lambda: [Box[int](content=1), Box[Cat](content=Cat(lives=1))],
    "model that validated nothing": lambda: Settings.model_construct(rate="x", where=()),
    "pydantic's dataclass": lambda: Checked(x=1),
}
