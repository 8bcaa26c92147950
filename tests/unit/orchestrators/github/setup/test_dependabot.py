from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orch.orchestrators.github.setup.dependabot import new_file, snippet, with_excluded

PATHS = (".github/workflows/a.yml", ".github/workflows/b.yml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (  # below what every entry has
            "version: 2\nupdates:\n  # ours\n  - package-ecosystem: github-actions # all\n    directory: /\n",
            (
                "version: 2\nupdates:\n  # ours\n  - package-ecosystem: github-actions # all\n    exclude-paths:\n"
                "      - .github/workflows/a.yml\n      - .github/workflows/b.yml\n    directory: /\n"
            ),
        ),
        (  # behind what is excluded, in its own indentation
            "updates:\n- package-ecosystem: 'github-actions'\n  exclude-paths:\n  - 'x/**' # why\n  directory: /\n",
            (
                "updates:\n- package-ecosystem: 'github-actions'\n  exclude-paths:\n  - 'x/**' # why\n  - .github/workflows/a.yml\n"
                "  - .github/workflows/b.yml\n  directory: /\n"
            ),
        ),
        (  # on one line
            'updates:\n  - directory: /\n    exclude-paths: [x, ".github/workflows/a.yml"] # my\n    package-ecosystem: github-actions\n',
            (
                'updates:\n  - directory: /\n    exclude-paths: [x, ".github/workflows/a.yml", .github/workflows/b.yml] # my\n'
                "    package-ecosystem: github-actions\n"
            ),
        ),
        (  # line ends stay, also where the last is missing
            "updates:\r\n  - directory: /\r\n    package-ecosystem: github-actions",
            (
                "updates:\r\n  - directory: /\r\n    package-ecosystem: github-actions\r\n    exclude-paths:\r\n"
                "      - .github/workflows/a.yml\r\n      - .github/workflows/b.yml"
            ),
        ),
    ],
)
def test_the_paths_are_added_and_every_other_byte_stays(before: str, after: str) -> None:
    assert with_excluded(before, PATHS) == after
    assert with_excluded(after, PATHS) == after


def test_every_entry_of_actions_gets_them_and_no_other() -> None:
    before = "".join(
        f"  - package-ecosystem: {name}\n    directory: /\n    target-branch: {branch}\n"
        for name, branch in (("github-actions", "main"), ("npm", "main"), ("github-actions", "next"))
    )
    after = with_excluded(f"version: 2\nupdates:\n{before}", PATHS)

    assert after is not None
    assert [entry.get("exclude-paths") for entry in yaml.safe_load(after)["updates"]] == [list(PATHS), None, list(PATHS)]


@pytest.mark.parametrize("text", ["", "version: 2\nupdates: []\n", "updates:\n  - package-ecosystem: npm\n", "a: b", "- x\n"])
def test_a_file_that_renews_no_actions_stays(text: str) -> None:
    assert with_excluded(text, PATHS) == text


@pytest.mark.parametrize(
    "text",
    [
        "updates: [{package-ecosystem: github-actions, directory: /}]\n",
        "updates:\n  - package-ecosystem: github-actions\n    exclude-paths: []\n",
        "updates:\n  - package-ecosystem: github-actions\n    exclude-paths: x\n",
        "updates:\n  - package-ecosystem: github-actions\n    exclude-paths:\n",
        "x: &x [y]\nupdates:\n  - package-ecosystem: github-actions\n    exclude-paths: *x\n",
        "updates:\n  - package-ecosystem: github-actions\n    exclude-paths: [x]\n    exclude-paths: [y]\n",
        "updates: [\n",
        "updates:\n  - a\n---\nupdates:\n",
        "updates: &u\n  - package-ecosystem: github-actions\n    nested: *u\n",
    ],
)
def test_a_form_that_cannot_be_added_to_safely_is_left_alone(text: str) -> None:
    assert with_excluded(text, PATHS) is None


ENTRY = st.fixed_dictionaries(
    {"package-ecosystem": st.sampled_from(["github-actions", "npm"]), "directory": st.sampled_from(["/", "/x"])},
    optional={
        "exclude-paths": st.lists(st.sampled_from(["x/**", *PATHS, "yes", "# no", "a: b"]), min_size=1, unique=True),
        "labels": st.lists(st.text(max_size=5), max_size=2),
        "schedule": st.just({"interval": "weekly"}),
    },
)


@given(
    entries=st.lists(ENTRY, max_size=3),
    style=st.sampled_from([None, False, True]),
    indent=st.integers(2, 6),
    sort=st.booleans(),
)
def test_whatever_the_style_the_meaning_is_exact_or_the_file_is_left_alone(
    entries: list[dict[str, object]], style: bool | None, indent: int, sort: bool
) -> None:
    data = {"version": 2, "updates": entries}
    text = yaml.safe_dump(data, default_flow_style=style, indent=indent, sort_keys=sort)

    edited = with_excluded(text, PATHS)

    if edited is not None:
        found = yaml.safe_load(edited)
        for before, after in zip(entries, found["updates"], strict=True):
            excluded = after.pop("exclude-paths", [])
            known = before.get("exclude-paths", [])
            assert isinstance(known, list)
            assert after == {key: value for key, value in before.items() if key != "exclude-paths"}
            is_actions = before["package-ecosystem"] == "github-actions"
            assert excluded == [*known, *(path for path in PATHS if is_actions and path not in known)]
    else:
        assert style is not False


@given(st.text())
def test_any_text_is_edited_or_left_alone(text: str) -> None:
    edited = with_excluded(text, PATHS)

    assert edited is None or yaml.safe_load(edited) == yaml.safe_load(text)


def test_a_new_file_and_the_snippet_say_the_same() -> None:
    (entry,) = yaml.safe_load(new_file(PATHS))["updates"]

    assert entry["exclude-paths"] == yaml.safe_load(snippet(PATHS))["exclude-paths"] == list(PATHS)
