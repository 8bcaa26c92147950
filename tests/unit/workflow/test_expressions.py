from __future__ import annotations

import pytest

from orch.workflow.expressions import (
    CANCELLED,
    And,
    Call,
    Context,
    Equal,
    Expression,
    Literal,
    Not,
    Or,
    interpolate,
    is_plain,
    need_succeeded,
    render,
    to_json,
)

A = need_succeeded("a")
B = need_succeeded("b")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (Literal("it's"), "'it''s'"),
        (Literal("}}"), "'}}'"),
        (Literal(True), "true"),
        (Literal(None), "null"),
        (Literal(1.5), "1.5"),
        (Context(("needs", "orch-result", "result")), "needs.orch-result.result"),
        (Context(("github", "event", "a b", "c'd")), "github.event['a b']['c''d']"),
        (to_json(Context(("inputs",))), "toJSON(inputs)"),
        (Call("format", (Literal("{0}"), Literal(1))), "format('{0}', 1)"),
        (Not(CANCELLED), "!cancelled()"),
        (Not(A), "!(needs.a.result == 'success')"),
        (Not(Not(CANCELLED)), "!!cancelled()"),
        (And((A, B)), "needs.a.result == 'success' && needs.b.result == 'success'"),
        (And((A, Or((A, B)))), "needs.a.result == 'success' && (needs.a.result == 'success' || needs.b.result == 'success')"),
        (Or((And((A, B)), A)), "needs.a.result == 'success' && needs.b.result == 'success' || needs.a.result == 'success'"),
        (Equal(And((A, B)), Literal(False)), "(needs.a.result == 'success' && needs.b.result == 'success') == false"),
        (And(()), "true"),
        (Or(()), "false"),
    ],
)
def test_an_expression_is_printed_with_its_literals_quoted_and_its_order_kept(expression: Expression, text: str) -> None:
    assert render(expression) == text


def test_an_expression_stands_in_text_between_its_braces() -> None:
    assert interpolate(to_json(Context(("needs",)))) == "${{ toJSON(needs) }}"


def test_a_number_that_github_cannot_read_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        render(Literal(float("nan")))


def test_text_with_an_expression_in_it_is_not_plain() -> None:
    assert not is_plain("a ${{ github.token }}")
    assert is_plain("a $ { { b }}")
