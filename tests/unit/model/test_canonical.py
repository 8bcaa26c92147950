"""Canonical JSON: one text per value, and what has none is refused both ways."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.model import canonical

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=4),
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e16, "1e+16"),
        (-0.0, "-0.0"),
        (1e-7, "1e-07"),
        (0.1, "0.1"),
        (1.0, "1.0"),
        (5e-324, "5e-324"),
        (10**20, "100000000000000000000"),
        ("ä€😀\u2028\x7f", '"ä€😀\u2028\x7f"'),
        ('\x00\n"\\/', '"\\u0000\\n\\"\\\\/"'),
        ({"b": 1, "a": [True, None], "B": {}}, '{"B":{},"a":[true,null],"b":1}'),
        ({"😀": 1, "\uffff": 2}, '{"\uffff":2,"😀":1}'),  # by code points; UTF-16 would sort them the other way
    ],
)
def test_a_value_has_one_text(value: Any, text: str) -> None:
    assert canonical.dumps(value) == text
    assert canonical.loads(text) == value


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), VALUES, max_size=4))
def test_texts_are_put_together_to_the_text_of_the_whole(value: dict[str, Any]) -> None:
    texts = {name: canonical.dumps(each) for name, each in value.items()}

    assert canonical.object_of(texts) == canonical.dumps(value)
    assert canonical.list_of(texts.values()) == canonical.dumps(list(value.values()))


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf], "\ud800", {"\udfff": 1}])
def test_what_has_no_text_is_refused(value: Any) -> None:
    for write in (canonical.dumps, canonical.pretty):
        with pytest.raises(ValueError):  # noqa: PT011
            write(value)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "-Infinity",
        '"\\ud800"',
        '{"\\uDFFF": 1}',
        b'"\xed\xa0\x80"',
        b"\xff",
        '"\ud800"',
        "[" * 100_000,
        "",
        "{} {}",
        "\ufeff{}",
    ],
)
def test_a_text_of_what_has_none_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        canonical.loads(text)


@pytest.mark.parametrize("number", ["1e999", "-1E+400", f"{'9' * 400}.0"])
def test_a_number_that_would_be_read_as_infinity_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="larger than any number"):
        canonical.loads(f'{{"a": [{number}]}}')


def test_a_pair_of_surrogates_is_the_character_that_it_stands_for() -> None:
    assert canonical.loads('"\\ud83d\\ude00"') == "😀"


def test_a_key_that_stands_twice_is_refused_where_that_is_asked_for() -> None:
    assert canonical.loads('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(ValueError, match="'a' stands twice in one object"):
        canonical.loads('[{"b": {"a": 1, "a": 2}}]', unique=True)


@given(VALUES)
def test_a_text_is_read_back_as_it_was(value: Any) -> None:
    for write in (canonical.dumps, canonical.pretty):
        text = write(value)

        assert write(canonical.loads(text.encode(), unique=True)) == text


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=6), st.randoms())
def test_the_order_of_keys_says_nothing(value: dict[str, int], random: Any) -> None:
    items = [(key, item) for key, item in value.items() if key.isascii()]
    random.shuffle(items)

    assert canonical.dumps(dict(items)) == canonical.dumps({key: item for key, item in value.items() if key.isascii()})
