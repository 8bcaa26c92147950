"""The options of the entrypoints that jobs call."""

from __future__ import annotations

import pytest

from orch.errors import UsageError
from orch.runtime.arguments import parse


def test_a_value_follows_its_option_or_stands_behind_an_equals_sign() -> None:
    assert parse(["--graph", "g.json", "--step=a=b"], required=["graph", "step"]) == {"graph": "g.json", "step": "a=b"}


def test_a_value_may_look_like_an_option_and_may_be_empty() -> None:
    assert parse(["--graph", "--step", "--step="], required=["graph", "step"]) == {"graph": "--step", "step": ""}


def test_an_optional_option_may_be_absent() -> None:
    assert parse(["--graph", "g"], required=["graph"], optional=["project"]) == {"graph": "g"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["g"], "unknown argument 'g'"),
        (["graph", "g"], "unknown argument 'graph'"),
        (["--grpah", "g"], "unknown argument '--grpah'"),
        (["--graph"], "option --graph needs a value"),
        ([], "missing --graph, --step"),
        (["--step", "a"], "missing --graph"),
    ],
)
def test_a_wrong_command_line_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(arguments, required=["graph", "step"])

    assert caught.value.message == message
