from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import OrchError, PinError, UsageError
from orch.orchestrators.github.resolve import parse_listing, resolve
from orch.workflow.model import ActionRef

NAME = "actions/checkout"
SHAS = {letter: letter * 40 for letter in "abcdef"}


def listing(**tags: str) -> str:
    """`git ls-remote --tags` for tags as `v7_0_1="a"`."""
    return "".join(f"{SHAS[sha]}\trefs/tags/{tag.replace('_', '.')}\n" for tag, sha in tags.items())


def pinned(wanted: str, tags: str, recorded: tuple[str, str] | None = ("v7.0.1", "a"), *, major: bool = False) -> tuple[str, str]:
    current = None if recorded is None else ActionRef(NAME, SHAS[recorded[1]], recorded[0])
    ref = resolve(wanted, current, major=major, ask=lambda _: tags)
    assert ref.name == wanted.partition("@")[0]
    return ref.version, ref.sha[0]


def refused(wanted: str, tags: str, recorded: tuple[str, str] | None = ("v7.0.1", "a")) -> OrchError:
    with pytest.raises(OrchError) as caught:
        pinned(wanted, tags, recorded)
    return caught.value


def test_the_newest_release_of_the_major_version_by_number_and_not_by_text() -> None:
    assert pinned(NAME, listing(v7_0_1="a", v7_9_0="b", v7_10_0="c", v8_0_0="d", v7="c")) == ("v7.10.0", "c")


def test_another_major_version_only_if_asked_for() -> None:
    assert pinned(NAME, listing(v7_0_1="a", v8_0_0="d"), major=True) == ("v8.0.0", "d")


def test_pre_releases_and_other_names_are_no_releases() -> None:
    assert pinned(NAME, listing(**{"v7_0_1": "a", "v7_1_0-rc1": "b", "7_2_0": "c", "v7_3": "d", "nightly": "e"})) == ("v7.0.1", "a")


def test_the_commit_of_an_annotated_tag_and_not_the_tag_itself() -> None:
    text = f"{SHAS['b']}\trefs/tags/v7.1.0\n{SHAS['c']}\trefs/tags/v7.1.0^{{}}\n"

    assert pinned(NAME, listing(v7_0_1="a") + text) == ("v7.1.0", "c")


def test_a_tag_that_moves_is_recorded_as_the_release_that_it_is() -> None:
    assert pinned(f"{NAME}@v7", listing(v7_0_1="a", v7_0_2="b", v7="b")) == ("v7.0.2", "b")
    assert pinned(f"{NAME}@v7", listing(v7_0_1="a", v7="c")) == ("v7", "c")


def test_a_release_whose_commit_changed_is_refused_until_somebody_names_the_new_one() -> None:
    tags = listing(v7_0_1="b", v7_0_2="c")

    error = refused(NAME, tags)

    assert isinstance(error, PinError)
    assert error.message == f"the tag 'v7.0.1' of 'actions/checkout' has moved: {SHAS['a']} is recorded, now it is {SHAS['b']}"
    assert f"orch pin actions/checkout@{SHAS['b']}" in error.hint
    assert refused(f"{NAME}@v7.0.2", tags).message == error.message
    assert pinned(f"{NAME}@{SHAS['b']}", tags) == ("v7.0.1", "b")


def test_a_major_tag_may_move() -> None:
    assert pinned(NAME, listing(v7="b", v7_0_2="b"), ("v7", "a")) == ("v7.0.2", "b")


def test_a_commit_that_no_tag_names_is_refused_as_forks_have_such() -> None:
    assert refused(f"{NAME}@{SHAS['f']}", listing(v7_0_1="a")).message == f"no tag of 'actions/checkout' is the commit {SHAS['f']}"


def test_a_tag_that_is_not_there_names_those_that_are() -> None:
    error = refused(f"{NAME}@v7.0.9", listing(v7_0_1="a", v7_0_2="b"))

    assert (error.message, error.hint) == ("'actions/checkout' has no tag 'v7.0.9'", "the last are v7.0.1, v7.0.2")


def test_a_tag_of_another_major_version_needs_to_be_asked_for() -> None:
    assert refused(f"{NAME}@v8.0.0", listing(v8_0_0="b")).hint == "orch pin actions/checkout@v8.0.0 --major"
    assert refused(f"{NAME}@nightly", listing(nightly="b")).hint == "orch pin actions/checkout@nightly --major"


def test_releases_that_were_taken_back_are_not_followed_in_silence() -> None:
    assert "the newest release of 'actions/checkout' is 'v7.0.0', and 'v7.0.1' is recorded" in refused(NAME, listing(v7_0_0="b")).message


def test_a_repository_without_releases() -> None:
    assert refused(NAME, "").message == "'actions/checkout' has no release of version 7: no tag such as 'v7.0.0'"
    assert refused("orch-dev/orch-action", "", None).message == "'orch-dev/orch-action' has no release: no tag such as 'v1.0.0'"


def test_the_first_pin_of_our_own_action_is_the_newest_release() -> None:
    assert pinned("orch-dev/orch-action", listing(v0_1_0="a", v0_2_0="b"), None) == ("v0.2.0", "b")


@pytest.mark.parametrize(
    "wanted", ["evil/checkout", "actions/cache", "actions/../evil/x", "--upload-pack=x", "", "@v1", "https://example.org/x", f"{NAME}/x"]
)
def test_nothing_else_is_asked_for(wanted: str) -> None:
    with pytest.raises(UsageError, match="no generated workflow calls"):
        resolve(wanted, None, major=False, ask=lambda name: pytest.fail(f"asked for {name}"))


@pytest.mark.parametrize("tag", ["", "--x", "v1;x", "$(x)", "v1\nx", "../x", "v1 x", "x" * 101, "@{-1}", "vé"])
def test_a_hostile_tag_is_refused_before_anybody_is_asked(tag: str) -> None:
    with pytest.raises(UsageError, match="is not a tag that an action could have"):
        resolve(f"{NAME}@{tag}", None, major=False, ask=lambda name: pytest.fail(f"asked for {name}"))


@given(st.text())
def test_whatever_a_server_says_only_plain_tags_with_commits_count(text: str) -> None:
    for tag, sha in parse_listing(text + "\n" + listing(v1_0_0="a") + text).items():
        assert tag.replace("-", "").replace(".", "").replace("+", "").replace("_", "").isalnum()
        assert len(sha) == 40
