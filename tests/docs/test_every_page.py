"""All pages together: every block of code on them is one that a test runs or compares, every link leads somewhere."""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from markdown_it import MarkdownIt
from support import pages

# What links to files begin with in the README, which is the page on PyPI, too.
ONLINE: Final = "https://github.com/orch-dev/orch-action/blob/main/"
MARKDOWN: Final = MarkdownIt("commonmark").enable("table")


def test_every_block_on_a_page_is_taken_by_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"{file.stem}_again", file)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)

    unknown = [f"{block.page}:{block.line}" for page in pages.PAGES for block in pages.every_block(page) if block[:3] not in pages.TAKEN]
    assert unknown == []


def anchors(page: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    tokens = MARKDOWN.parse(pages.text(page))
    headings = [text.content for token, text in itertools.pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: str) -> Iterator[str]:
    for token in MARKDOWN.parse(pages.text(page)):
        yield from (str(child.attrs["href"]) for child in token.children or () if child.type == "link_open")


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_link_leads_to_a_file_and_heading_that_there_are(page: str) -> None:
    dead = []
    for link in links(page):
        target = link.removeprefix(ONLINE)
        if "://" in target:
            continue
        folder = pages.ROOT if target != link else (pages.ROOT / page).parent
        path, _, anchor = target.partition("#")
        file = (folder / path).resolve() if path else pages.ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file.relative_to(pages.ROOT).as_posix())):
            dead.append(link)
    assert dead == []


def test_no_text_in_brackets_was_meant_to_be_a_link() -> None:
    """`[Tutorial]` is one only where its address is given."""
    for page in pages.PAGES:
        shown = [child for token in MARKDOWN.parse(pages.text(page)) for child in token.children or () if child.type == "text"]
        assert [child.content for child in shown if re.search(r"\[[A-Z]\w+\]", child.content)] == [], page


def test_the_readme_has_no_link_that_only_a_repository_could_follow() -> None:
    assert [link for link in links("README.md") if "://" not in link] == []


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    linked = {link.removeprefix(ONLINE) for link in links("README.md")}

    assert {page for page in pages.PAGES if page.startswith("docs/")} <= linked


def test_links_and_headings_are_found() -> None:
    assert anchors("docs/errors.md") >= {"exit-codes", "run-on-import"}
    assert "errors.md#exit-codes" in set(links("docs/commands.md"))
