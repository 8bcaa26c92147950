from __future__ import annotations

import dataclasses
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from orch.errors import MaterializationError
from orch.materializers import load, save


def iter_nothing() -> Iterator[int]:
    yield from ()


class Text(str):
    __slots__ = ()


@attrs.define
class Attrs:
    x: int


class Shouts:
    """Everything that a preview or an error message might call."""

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    __str__ = __format__ = __hash__ = __bool__ = __len__ = __eq__ = __repr__  # type: ignore[assignment]


class Unwilling:
    def __reduce__(self) -> Any:
        raise ZeroDivisionError("not me")


class Nothing:
    """Holds a value deep inside a pickle."""

    def __init__(self, value: object) -> None:
        self.value = [value]


class Explodes:
    def __reduce__(self) -> Any:
        return (int, ("not a number",))


@pytest.mark.parametrize(
    "value",
    [int, NotImplemented, types.SimpleNamespace(a=1), Text("x"), Attrs(1)],
    ids=lambda value: type(value).__name__,
)
def test_other_values_come_back_by_type_and_are_marked(journey: Any, value: object) -> None:
    pytest.importorskip("cloudpickle", reason="they are pickled")

    artifact = journey.save([value])
    again = journey.load(artifact)[0]

    assert not artifact.comparable
    assert type(again) is type(value)
    assert again == value


def test_functions_without_a_name_come_back(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="they are pickled")
    base = 3

    assert journey(lambda x: x + base)(4) == 7


def test_a_repr_that_raises_does_not_fail_the_step(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")

    artifact = journey.save({"a": [Shouts()]})

    assert "Shouts" in artifact.preview
    assert type(journey.load(artifact)["a"][0]) is Shouts


@pytest.mark.parametrize("value", [threading.Lock(), iter_nothing(), Unwilling()], ids=["lock", "generator", "unwilling"])
def test_what_cannot_be_pickled_is_an_error_with_the_way_out(journey: Any, value: object) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")

    with pytest.raises(MaterializationError, match=r"at \$\[0\]: a value of type '.*' cannot be pickled") as caught:
        journey.save([value])
    assert "Path" in caught.value.hint
    assert not list(journey.store.root.rglob("*.*"))


@pytest.mark.parametrize("make", [lambda: memoryview(b"x"), Path(__file__).open], ids=["memoryview", "open file"])
def test_what_a_pickle_would_turn_into_another_type_is_refused(journey: Any, make: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it makes bytes and text in memory of them")

    with make() as value, pytest.raises(MaterializationError, match="cannot be pickled"):
        journey.save(Nothing(value))


def test_the_declared_type_is_named_in_the_error(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")

    with pytest.raises(MaterializationError, match=r"declared as 'list\[int\]'"):
        save(iter_nothing(), journey.store, annotation="list[int]")


def test_without_cloudpickle_the_requirement_is_named(journey: Any, without: Any) -> None:
    without("cloudpickle")

    with pytest.raises(
        MaterializationError, match="a value of type 'NotImplementedType' can only be pickled, and cloudpickle is not installed"
    ) as caught:
        journey.save(NotImplemented)
    assert "add cloudpickle to the project's requirements" in caught.value.hint


def test_a_pickle_that_fails_to_load_is_an_error_with_its_digest(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="it is pickled")
    artifact = journey.save(Explodes())

    with pytest.raises(MaterializationError, match=f"pickle artifact {artifact.digest} cannot be read back: ValueError"):
        journey.load(artifact)


def test_a_module_that_the_reader_lacks_is_named(journey: Any) -> None:
    digest = journey.store.put(b"\x80\x05cno_such_module\nThing\n.")
    artifact = dataclasses.replace(journey.save(1), digest=digest, materializer="pickle")

    with pytest.raises(MaterializationError, match="needs a module that is not here: 'no_such_module'") as caught:
        load(artifact, journey.store, scratch=journey.folder)
    assert "requirements" in caught.value.hint


def test_an_unknown_materializer_is_named(journey: Any) -> None:
    artifact = dataclasses.replace(journey.save(1), materializer="tensor")

    with pytest.raises(MaterializationError, match=r"the tensor artifact sha256:.* was written by a materializer that this version lacks"):
        load(artifact, journey.store, scratch=journey.folder)
