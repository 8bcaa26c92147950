"""A summary of hostile values, read as GitHub reads Markdown: it shows them, and has no link, image or HTML of theirs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

from markdown_it import MarkdownIt
from support import runs
from support.hostile import VALUES, uncontrolled

from orch.model import values
from orch.model.artifacts import Artifact
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.runtime.summary import render, step_summary

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_OURS: Final = {"code", "details", "summary", "br"}


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.tags.add(f"<!--{data}-->")


def record_of(value: str) -> RunRecord:
    """`value` wherever a step, its author or who started the run has a say."""
    short = value[:3000]
    artifact = Artifact(f"sha256:{'a' * 64}", 1, "json", short, preview=short)
    failure = Failure("exception", short, short, short, short, 3)
    failed = StepRecord("load", State.FAILED, failure=failure, hook=failure, reason=short, metadata={short: values.encode(short)})
    made = StepRecord("train", State.SUCCEEDED, outputs={"model": artifact, "accuracy": artifact})
    info = dataclasses.replace(runs.info(short), parameters={"name": values.encode(short)}, trigger=short)
    return RunRecord(info, State.FAILED, (failed, made))


def shown() -> Iterator[tuple[str, str]]:
    for value in VALUES:
        record = record_of(value)
        yield value, render(record, runs.graph())
        yield value, step_summary("churn", record.steps[0])


def test_a_summary_of_hostile_values_has_no_tag_attribute_or_link_but_ours() -> None:
    for value, text in shown():
        html: Any = _MARKDOWN.render(text)
        page = Tags(html)

        assert page.tags <= _OURS | {"p", "pre", "h2", "h3", "table", "thead", "tbody", "tr", "th", "td"}, value[:80]
        assert page.attributes <= {"class", "style"}, value[:80]  # of fences' languages, and of columns
        assert not uncontrolled(text), value[:80]


def test_nothing_of_a_value_in_a_summary_links_or_mentions_by_itself() -> None:
    """GitHub links addresses, people and issues in text, outside of code."""
    for value, text in shown():
        outside = "".join(token.content for token in _MARKDOWN.parse(text) if token.type == "inline")

        assert not {"https://", "www.", "@user", "repo#1", "javascript:"} & set(outside.split()), value[:80]
        for mark in ("https://example", "www.example", "@user", "repo#1"):
            assert mark not in outside, value[:80]
