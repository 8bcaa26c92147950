"""Enums, named tuples and models: what is kept by its parts, and what is more than those."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Generic, NamedTuple, TypeVar

import pydantic
import pytest
from support.awkward import instances as kept

from orch.errors import MaterializationError
from orch.materializers.instances import problem, takes

T = TypeVar("T")


class Guessing(enum.Flag):
    A = 1
    B = 2

    @classmethod
    def _missing_(cls, value: object) -> Any:
        raise AssertionError(value)


class Noted(NamedTuple):
    x: int


class WithNotes(Noted):
    pass


class OwnReduce(Noted):
    def __reduce__(self) -> Any:
        return (int, ())


class OwnState(pydantic.BaseModel):
    x: int = 1

    def __getstate__(self) -> dict[Any, Any]:
        return {}


class WithSlot(pydantic.BaseModel):
    __slots__ = ("hidden",)
    x: int = 1


class Plain(pydantic.BaseModel):
    x: int = 1


class Box(pydantic.BaseModel, Generic[T]):
    content: T


def noted() -> WithNotes:
    value = WithNotes(1)
    value.note = "kept nowhere"  # type: ignore[attr-defined]
    return value


def stuffed() -> Plain:
    value = Plain()
    value.__dict__["more"] = 1
    return value


def local_enum() -> enum.Enum:
    class Local(enum.Enum):
        A = 1

    return Local.A


def local_model() -> pydantic.BaseModel:
    class Local(pydantic.BaseModel):
        x: int = 1

    return Box[Local](content=Local())


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (local_enum, "cannot be imported"),
        (local_model, "cannot be imported"),
        (noted, "attributes besides its fields: note"),
        (lambda: OwnReduce(1), "its own __reduce__"),
        (lambda: tuple.__new__(Noted, (1, 2)), "more items or fewer"),
        (OwnState, "its own __getstate__"),
        (WithSlot, "slots of its own: hidden"),
        (stuffed, "what it holds is not what its fields are: more"),
        (Plain.model_construct, None),
        (lambda: Box[list[int]](content=[1]), "cannot be imported"),
    ],
)
def test_an_instance_that_is_more_than_its_parts_is_no_data_and_says_why(journey: Any, make: Any, reason: str | None) -> None:
    value = make()

    assert takes(value) is (reason is None)
    if reason:
        assert reason in problem(value)
        with pytest.raises(MaterializationError, match="can only be pickled") as caught:
            journey.save(value, may_pickle=False)
        assert reason in caught.value.message


def test_a_flag_whose_class_guesses_is_kept_by_name_and_never_asked(journey: Any) -> None:
    artifact = journey.save([Guessing.A])
    forged = dataclasses.replace(artifact, digest=journey.store.put(b'[{"$enum":{"flags":3}}]'))

    assert journey.load(artifact) == [Guessing.A]
    with pytest.raises(MaterializationError, match="has no member"):
        journey.load(forged)


def test_the_content_is_read_by_people_and_the_class_is_beside_it(journey: Any) -> None:
    artifact = journey.save([kept.Colour.BLUE, kept.Rights(3), kept.Point(1.0), kept.Cat()])

    assert journey.store.get(artifact.digest) == (
        b'[{"$enum":"BLUE"},{"$enum":{"flags":3}},{"$namedtuple":{"x":0.0,"y":1.0}},'
        b'{"$model":{"extra":null,"fields":{"kind":"cat","lives":9},"private":null,"set":{"$set":[]}}}]'
    )
    assert artifact.meta["classes"]["$[0]"] == "support.awkward.instances:Colour"


def test_what_was_set_and_what_is_private_comes_back(journey: Any) -> None:
    value = kept.home()

    again = journey(value)

    assert again == kept.visited(value)
    assert again._visits == 2
    assert again.model_fields_set == {"pets", "garden"}
    assert again.model_extra == {"garden": ["tree"]}
    assert again.count == 2
    with pytest.raises(pydantic.ValidationError):
        again.size = "x"


def test_a_model_is_not_validated_again(journey: Any) -> None:
    value = kept.Settings.model_construct(rate="no number", where=())

    assert journey(value).rate == "no number"


def test_a_frozen_model_stays_frozen(journey: Any) -> None:
    again = journey(kept.Settings(rate=1.0))

    with pytest.raises(pydantic.ValidationError):
        again.rate = 2.0
    assert hash(again) == hash(kept.Settings(rate=1.0))


@pytest.mark.parametrize(
    ("value", "name", "reason"),
    [
        (kept.Colour.RED, "support.awkward.instances:Level", "has no member 'RED' any more"),
        (kept.Colour.RED, "support.awkward.instances:Point", "is not an enum any more"),
        (kept.Rights(3), "support.awkward.instances:Colour", "has no member"),
        (kept.Point(1.0), "support.awkward.instances:Untyped", "has other fields than the value that was stored: a, b, x, y"),
        (kept.Point(1.0), "builtins:tuple", "is not a named tuple any more"),
        (kept.Cat(), "support.awkward.instances:Dog", "has other fields than the value that was stored: lives, name"),
        (kept.Cat(), "support.awkward.instances:Score", "is not a pydantic model any more"),
        (kept.Score("a"), "support.awkward.instances:Cat", "is not a dataclass any more"),
        (kept.Box[int](content=1), ["support.awkward.instances:Score", "builtins:int"], "is not a pydantic model any more"),
    ],
)
def test_a_class_that_is_another_by_now_is_an_error_that_says_so(journey: Any, value: object, name: object, reason: str) -> None:
    artifact = dataclasses.replace(journey.save({"v": value}), meta={"classes": {"$.v": name}})

    with pytest.raises(MaterializationError, match=rf"at \$\.v: .*{reason}") as caught:
        journey.load(artifact)
    assert "run the step" in caught.value.hint
