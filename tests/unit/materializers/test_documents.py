from __future__ import annotations

import datetime as dt
import decimal
import enum
import hashlib
import math
import struct
import uuid
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orch.errors import MaterializationError
from orch.materializers import load
from orch.model.artifacts import Artifact


def exact(value: Any) -> object:
    """Equal for two values only if they agree in type and order everywhere; `==` takes True for 1 and knows no NaN."""
    kind = type(value)
    if kind is float:
        return kind, "nan" if math.isnan(value) else struct.pack("d", value)
    if kind is dict:
        return kind, [(exact(key), exact(item)) for key, item in value.items()]
    if kind in (list, tuple):
        return kind, [exact(item) for item in value]
    if kind in (set, frozenset):
        return kind, sorted(map(repr, map(exact, value)))
    if kind in (dt.datetime, dt.time, decimal.Decimal):
        return kind, repr(value)
    return kind, value


class One(enum.Enum):
    SAME = 1


class Other(enum.Enum):
    SAME = 1


class Text(str):
    __slots__ = ()


ZONES = st.none() | st.just(dt.UTC) | st.integers(-1000, 1000).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()))  # with lone surrogates
    | st.sampled_from(["$tuple", "$artifact", "$", "\0", "a.b", "[0]"])
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.just(decimal.Decimal("NaN"))
    | st.dates()
    | st.datetimes(timezones=ZONES).map(lambda value: value.replace(fold=0))
    | st.times().map(lambda value: value.replace(fold=0))
    | st.uuids()
)
HASHABLE = st.recursive(ATOMS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
PLAIN = st.recursive(
    ATOMS | st.sets(HASHABLE, max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(HASHABLE, inner, max_size=4),
    max_leaves=12,
)


@given(value=PLAIN)
@settings(max_examples=300)
def test_plain_values_come_back_exactly(value: object, long_journey: Any) -> None:
    artifact = long_journey.save(value)

    assert artifact.materializer == "json"
    assert artifact.comparable
    assert exact(long_journey.load(artifact)) == exact(value)


@given(value=PLAIN)
@settings(max_examples=100)
def test_a_value_read_back_has_the_same_digest(value: object, long_journey: Any) -> None:
    artifact = long_journey.save(value)

    assert long_journey.save(long_journey.load(artifact)).digest == artifact.digest


def test_the_object_is_the_canonical_json(journey: Any) -> None:
    artifact = journey.save({"b": 1.5, "c": [None, "ä"]})

    text = '{"b":1.5,"c":[null,"ä"]}'.encode()
    assert artifact.digest == f"sha256:{hashlib.sha256(text).hexdigest()}"
    assert artifact.size == len(text)
    assert (artifact.type, artifact.objects, artifact.meta) == ("dict", (), None)


def test_the_order_of_a_sets_items_is_not_in_the_digest(journey: Any) -> None:
    some = ["a", "b", 1, (2, "c"), frozenset({3, "d"})]

    assert journey.save(set(some)).digest == journey.save({*some[::-1]}).digest


def test_the_order_of_a_dicts_items_is_kept_and_in_the_digest(journey: Any) -> None:
    one, other = journey.save({"a": 1, "b": 2}), journey.save({"b": 2, "a": 1})

    assert one.digest != other.digest
    assert list(journey.load(other)) == ["b", "a"]


def test_a_number_too_long_for_decimal_text_comes_back(journey: Any) -> None:
    value = [10**5000, -(10**5000), {10**5000: 1}]

    assert journey(value) == value


def test_leaves_that_are_not_plain_are_objects_of_their_own(journey: Any, tmp_path: Any) -> None:
    (tmp_path / "one.txt").write_text("one")
    value = {"first": [tmp_path / "one.txt"], "n": 1, "second": (tmp_path / "one.txt",)}

    artifact = journey.save(value)
    again = journey.load(artifact)

    digest = f"sha256:{hashlib.sha256(b'one').hexdigest()}"
    assert artifact.objects == (digest,)
    assert artifact.size == journey.store.size(artifact.digest) + 3
    assert list(again) == ["first", "n", "second"]
    assert [again["first"][0].read_text(), again["second"][0].read_text()] == ["one", "one"]
    assert again["first"][0] != again["second"][0]


def test_the_names_of_files_inside_are_not_in_the_digest(journey: Any, tmp_path: Any) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_text("same")

    one, other = journey.save([tmp_path / "one"]), journey.save([tmp_path / "other"])

    assert one.digest == other.digest
    assert (journey.load(one)[0].name, journey.load(other)[0].name) == ("one", "other")


def test_places_that_look_alike_are_kept_apart(journey: Any, tmp_path: Any) -> None:
    names = ["a.b", "x", "[0]", "0", "key", "k 0"]
    for name in names:
        (tmp_path / name).write_text(name)
    one, two, three, four, five, six = (tmp_path / name for name in names)
    value = {"a.b": one, "a": {"b": two}, "['a']": three, 0: four, "[0]": [five], ("t", 0): six, (frozenset({"s", "t"}),): six}

    again = journey(value)

    assert [again["a.b"].name, again["a"]["b"].name, again["['a']"].name, again[0].name] == ["a.b", "x", "[0]", "0"]
    assert again["[0]"][0].read_text() == "key"
    assert again["t", 0].name == again[frozenset({"s", "t"}),].name == "k 0"


def test_a_failing_leaf_is_named_by_its_place(journey: Any, tmp_path: Any) -> None:
    with pytest.raises(MaterializationError, match=r"at \$\.plots\[1\]: the file .*absent.* does not exist"):
        journey.save({"plots": [1, tmp_path / "absent"]})


def test_members_and_keys_that_are_no_data_are_leaves_of_their_own(journey: Any, tmp_path: Any) -> None:
    pytest.importorskip("cloudpickle", reason="they are pickled")
    (tmp_path / "file").write_text("x")
    value = [{Text("x")}, {"file": tmp_path / "file", Text("y"): 1}, {(1, Text("z")): 3}, {(1, tmp_path / "file")}]

    artifact = journey.save(value)
    again = journey.load(artifact)

    assert (again[0], again[2], again[1][Text("y")]) == (value[0], value[2], 1)
    assert [type(key) for key in (*again[0], *again[1], *next(iter(again[2])))] == [Text, str, Text, int, Text]
    assert again[1]["file"].read_text() == next(iter(again[3]))[1].read_text() == "x"
    assert not artifact.comparable
    assert artifact.pickled == ("$[0]{0}", "$[1][key 1] as a key", "$[2][key 0] as a key[1]")


def test_members_of_equal_text_are_told_apart_by_their_class(journey: Any) -> None:
    saved = {str(journey.save(set(members))) for members in ([One.SAME, Other.SAME], [Other.SAME, One.SAME])}

    assert len(saved) == 1
    assert journey({One.SAME, Other.SAME}) == {One.SAME, Other.SAME}


def test_secrets_of_pydantic_are_refused(journey: Any) -> None:
    told = r"at \$\.token: a value of type 'pydantic.types.SecretStr' would be written down"
    with pytest.raises(MaterializationError, match=told) as caught:
        journey.save({"token": pydantic.SecretStr("hunter2")})
    assert "secrets=[...]" in caught.value.hint
    assert "hunter2" not in str(caught.value)


def test_a_list_that_holds_itself_is_pickled(journey: Any) -> None:
    pytest.importorskip("cloudpickle", reason="JSON has no cycles")
    value: list[Any] = [1]
    value.append(value)

    artifact = journey.save(value)
    again = journey.load(artifact)

    assert artifact.materializer == "pickle"
    assert again[1] is again


def test_nesting_without_end_is_an_error_and_not_a_crash(journey: Any) -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(MaterializationError, match="recursion"):
        journey.save(value)


def test_a_tag_of_a_newer_version_is_named(journey: Any) -> None:
    digest = journey.store.put(b'[{"$tensor":1}]')

    with pytest.raises(MaterializationError, match=r"at \$\[0\]: .*'\$tensor'"):
        load(Artifact(digest, 15, "json"), journey.store, scratch=journey.folder)


@pytest.mark.parametrize("text", [b"", b"{", b'{"$tuple":1}', b'{"$artifact":{}}', b'{"$dataclass":{}}', b'{"$uuid":"x"}', b"[" * 100_000])
def test_a_document_that_makes_no_sense_is_an_error_with_its_digest(journey: Any, text: bytes) -> None:
    digest = journey.store.put(text)

    with pytest.raises(MaterializationError) as caught:
        load(Artifact(digest, len(text), "json"), journey.store, scratch=journey.folder)
    assert digest in caught.value.message or "at $" in caught.value.message


def test_uuid_and_text_keys_do_not_collide(journey: Any) -> None:
    key = uuid.UUID(int=1)

    assert journey({key: 1, str(key): 2}) == {key: 1, str(key): 2}
