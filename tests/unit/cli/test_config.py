"""`--config`: what a file of parameters gives, and everything that it may say in vain."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.cli.arguments import values_for
from orch.cli.config import parse_config, read_config
from orch.errors import OrchError, ParameterError, UsageError
from orch.model.parameters import Kind, Parameter, ParameterType, type_of


def declared(**types: Any) -> tuple[Parameter, ...]:
    found = {name: type_of(annotation, getattr(annotation, "__name__", str(annotation))) for name, annotation in types.items()}
    return tuple(Parameter(name, kind, required=True) for name, kind in found.items() if kind)


ALL = declared(
    rows=int,
    rate=float,
    fast=bool,
    name=str,
    note=str | None,
    limit=int | None,
    sizes=list[int],
    words=list[str],
    table=dict[str, float],
    free=dict,
)


def read(text: str) -> dict[str, object]:
    return parse_config(text, ALL, "c.yaml")


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(OrchError) as caught:
        read(text)
    return [(problem.where.line if problem.where else 0, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("rows: 5", "rows", 5),
        ("rows: 1e3", "rows", 1000),
        ("rows: -3", "rows", -3),
        ("rate: 1e3", "rate", 1000.0),
        ("rate: 5", "rate", 5.0),
        ("rate: .5", "rate", 0.5),
        ("fast: true", "fast", True),
        ("fast: False", "fast", False),
        ("name: no", "name", "no"),
        ("name: on", "name", "on"),
        ("name: 1.10", "name", "1.10"),
        ("name: 0123", "name", "0123"),
        ("name: 2026-01-31", "name", "2026-01-31"),
        ("name: 12:30:45", "name", "12:30:45"),
        ("name: 'null'", "name", "null"),
        ('name: ""', "name", ""),
        ("name: |\n  two\n  lines\n", "name", "two\nlines\n"),
        ("note:", "note", None),
        ("note: ''", "note", ""),
        ("limit: ~", "limit", None),
        ("sizes: [1, 2]", "sizes", [1, 2]),
        ("sizes:\n- 1\n- 2\n", "sizes", [1, 2]),
        ("words: [a, 'no', \"1\"]", "words", ["a", "no", "1"]),
        ("table: {a: 1, b: 2.5e3}", "table", {"a": 1.0, "b": 2500.0}),
        ("free: {a: [true, null, {b: x}]}", "free", {"a": [True, None, {"b": "x"}]}),
    ],
)
def test_a_value_is_what_the_parameters_type_makes_of_it(text: str, name: str, value: object) -> None:
    found = read(text)

    assert found == {name: value}
    assert type(found[name]) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: yes", "parameter 'rows': 'yes': expected a whole number"),
        ("rows: 1.5", "parameter 'rows': '1.5': expected a whole number"),
        ("rows: 010", "'010' is 8 in YAML and 10 elsewhere"),
        ("rows: 2026-01-31", "parameter 'rows': '2026-01-31': expected a whole number"),
        ("rows: '5'", "parameter 'rows': '5' is text, because of its quotes; expected int"),
        ("rows:", "parameter 'rows': '' is null; expected int"),
        ("rows: [1]", "parameter 'rows': this is a list, expected int"),
        ("rate: .inf", "parameter 'rate': '.inf': expected a number"),
        ("rate: 1:30", "parameter 'rate': '1:30': expected a number"),
        ("fast: yes", "parameter 'fast': 'yes': expected true or false"),
        ("fast: 1", "parameter 'fast': '1': expected true or false"),
        ("name: null", "parameter 'name': 'null' is null; expected str, quoted"),
        ("name: ~", "parameter 'name': '~' is null; expected str, quoted"),
        ("name: {a: 1}", "parameter 'name': this is a dict, expected str"),
        ("sizes: 5", "parameter 'sizes': '5' is no list or dict; expected list"),
        ("words: [no]", "'no' may be text or something else"),
        ("words: [2026-01-31]", "'2026-01-31' may be text or something else"),
        ("words: [1e3x, 010]", "'010' may be text or something else"),
        ("words: [1_000]", "'1_000' may be text or something else"),
        ("free: {1: a}", "'1' is no name"),
        ("free: {no: a}", "'no' is no name"),
        ("free: {a: 1, a: 2}", "'a' stands here twice"),
        ("free: {<<: {a: 1}}", "'<<' is no name"),
        ("raws: 5", "no parameter 'raws'"),
        ("yes: 5", "'yes' is no name"),
        ("? [a]\n: 5", "a list is no name"),
        ("rows: 1\nrows: 2", "'rows' stands here twice"),
        ("- rows", "this is not a mapping of parameters"),
        ("rows", "this is not a mapping of parameters"),
        ("rows: &a 1\nlimit: *a", "*a is an alias, which parameters do not have"),
        ("name: !!python/name:os.system x", "the tag 'tag:yaml.org,2002:python/name:os.system' is not read"),
        ("rows: !!str 5", "the tag 'tag:yaml.org,2002:str' is not read"),
        ("rows: [", "this is not YAML: expected the node content, but found '<stream end>'"),
        ("rows: 1\n---\nrows: 2", "this is not YAML: but found another document"),
        ("free: " + "[" * 800 + "]" * 800, "this is nested too deeply"),
    ],
)
def test_what_yaml_or_the_type_would_change_is_refused(text: str, message: str) -> None:
    assert problems(text)[0][1] == message


def test_every_problem_is_told_at_once_with_its_line() -> None:
    assert [line for line, _ in problems("rows: yes\nraws: 1\nname: x\nwords:\n- fine\n- no\n")] == [1, 2, 6]


def test_an_empty_file_gives_nothing() -> None:
    assert read("") == read("# nothing\n") == {}


def test_set_wins(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("rows: 1\nname: file\n")
    parameters = declared(rows=int, name=str)

    assert values_for(parameters, {"rows": "7"}, tmp_path / "c.yaml") == {"rows": 7, "name": "file"}


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"name: \xff\n")

    with pytest.raises(UsageError, match=r"absent\.yaml"):
        read_config(tmp_path / "absent.yaml", ALL)
    with pytest.raises(ParameterError, match="UTF-8"):
        read_config(tmp_path / "c.yaml", ALL)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(OrchError):
        read(text)


@given(st.text("0123456789.eE+-_xXobnaifytr~:", min_size=1, max_size=12))
def test_a_scalar_that_is_taken_is_what_set_would_take(text: str) -> None:
    """No characters mean one thing here and another on the command line."""
    for kind, name in ((Kind.INT, "rows"), (Kind.FLOAT, "rate"), (Kind.BOOL, "fast"), (Kind.STR, "name")):
        try:
            value = parse_config(f"{name}: {text}", ALL, "c.yaml")[name]
        except OrchError:
            continue
        assert repr(value) == repr(ParameterType(kind).parse(text))
