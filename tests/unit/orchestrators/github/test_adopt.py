from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import OrchError
from orch.orchestrators.github.adopt import Edit, adopted, edits_of
from orch.orchestrators.github.pins import Pins
from orch.workflow.model import ActionRef

OLD, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40
GENERATED = f"""jobs:
  one:
    steps:
    - name: Check out
      uses: actions/checkout@{OLD} # v7.0.1
    - name: Result
      uses: orch-dev/orch-action/actions/result@{OLD} # v0.1.0
    timeout-minutes: 60
"""
CHECKOUT = f"actions/checkout@{OLD} # v7.0.1"


def edits(there: str, path: str = "x.yml") -> tuple[Edit, ...]:
    found = edits_of(path, GENERATED, there)
    assert found is not None
    return found


def problems(*found: Edit) -> list[OrchError]:
    with pytest.raises(OrchError) as caught:
        adopted(found, Pins())
    return list(caught.value.problems)


def test_an_edit_of_dependabot_is_taken_over_and_nothing_else_changes() -> None:
    pins = Pins("0.0.1", {"orch-dev/orch-action": ActionRef("orch-dev/orch-action", OLD, "v0.1.0")})

    found = adopted(edits(GENERATED.replace(CHECKOUT, f"actions/checkout@{NEW} # v7.1.0")), pins)

    assert found.toolkit == "0.0.1"
    assert dict(found.actions) == {**pins.actions, "actions/checkout": ActionRef("actions/checkout", NEW, "v7.1.0")}


def test_an_action_in_a_folder_is_pinned_by_its_repository() -> None:
    (edit,) = edits(GENERATED.replace(f"result@{OLD} # v0.1.0", f"result@{NEW} # v0.2.0"))

    assert str(edit) == "orch-dev/orch-action v0.2.0"
    assert adopted([edit], Pins())["orch-dev/orch-action"] == ActionRef("orch-dev/orch-action", NEW, "v0.2.0")


def test_a_file_as_it_was_generated_has_no_edits() -> None:
    assert edits(GENERATED) == ()
    assert adopted((), Pins()) == Pins()


@pytest.mark.parametrize(
    "there",
    [
        GENERATED.replace("timeout-minutes: 60", "timeout-minutes: 61"),
        GENERATED + "# more\n",
        GENERATED.replace("- name: Check out\n", "- name: Check out\n      if: true\n"),
        GENERATED.replace("      uses: actions/checkout", "        uses: actions/checkout"),
        GENERATED.replace(f"uses: {CHECKOUT}", f"uses: 'actions/checkout@{NEW}'"),
        GENERATED.replace(f"uses: {CHECKOUT}", "uses: ./"),
        GENERATED.replace(f"uses: {CHECKOUT}", "run: echo"),
        "",
    ],
)
def test_anything_else_is_more_than_an_edit_of_pins(there: str) -> None:
    assert edits_of("x.yml", GENERATED, there) is None


@pytest.mark.parametrize(
    ("uses", "message", "hint"),
    [
        ("actions/checkout@v8", "'actions/checkout' is at 'v8', expected the 40 digits of a commit", "orch pin actions/checkout@v8"),
        (f"actions/checkout@{NEW[:39]} # v8", "'actions/checkout' is at", "orch pin actions/checkout"),
        (f"actions/checkout@{NEW.upper()} # v8", "'actions/checkout' is at", "orch pin actions/checkout"),
        (f"evil/checkout@{NEW} # v7.0.1", "'evil/checkout' stands where 'actions/checkout' was generated", "`orch compile` brings back"),
        (f"actions/checkout/sub@{NEW} # v7.0.1", "'actions/checkout/sub' stands where", "`orch compile` brings back"),
        (f"actions/checkout@{NEW}", f"'actions/checkout' is at {NEW}, and no comment says which version", "as in `# v1.2.3`"),
        (f"actions/checkout@{NEW} # see #12", f"'actions/checkout' is at {NEW}, and 'see #12' is no version", "as in `# v1.2.3`"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_with_its_line(uses: str, message: str, hint: str) -> None:
    (problem,) = problems(*edits(GENERATED.replace(CHECKOUT, uses)))

    assert problem.code == "pin"
    assert problem.message.startswith(message)
    assert problem.hint.startswith(hint)
    assert str(problem.where) == "x.yml:5"


def test_edits_that_do_not_agree_are_refused_with_both_places() -> None:
    one = edits(GENERATED.replace(CHECKOUT, f"actions/checkout@{NEW} # v7.1.0"), "one.yml")
    two = edits(GENERATED.replace(CHECKOUT, f"actions/checkout@{OTHER} # v7.2.0"), "two.yml")

    (problem,) = problems(*one, *two)

    assert problem.message == (
        "the edits do not agree on 'actions/checkout': v7.1.0 (bbbbbbb) at one.yml:5 and v7.2.0 (ccccccc) at two.yml:5"
    )
    assert adopted([*one, *one], Pins())["actions/checkout"].sha == NEW


@given(st.text())
def test_a_line_that_is_no_pin_of_an_action_is_never_taken_over(text: str) -> None:
    found = edits_of("x.yml", GENERATED, GENERATED.replace(f"uses: {CHECKOUT}", text))

    assert not found
