"""The job that tells people of a run's end, under act: it asks a server on this machine, and nobody is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.act import act_module

pytestmark = pytest.mark.act

CODE = """
    @step
    def breaks() -> int: raise ValueError("no @luck")

    @pipeline(on_failure=[notify.issue(labels=["nightly"]), notify.webhook(url_secret="CHAT_URL")])
    def p():
        breaks()
"""


def test_a_failure_opens_an_issue_and_calls_the_webhook(tmp_path: Path) -> None:
    ran = act_module(tmp_path, CODE)

    assert ran.states == {"breaks": "failed"}
    told = json.loads((ran.folder / "notices.json").read_bytes())
    (issue,), (sent,) = told["issues"], told["webhooks"]
    assert (issue["title"], issue["state"]) == ("Pipeline p fails", "open")
    assert issue["labels"] == ["orch", "nightly"]
    assert "<code>ValueError&#58; no &#64;luck</code>" in issue["body"]
    assert (sent["secret"], sent["sent"]["text"]) == ("CHAT_URL", f"p failed: breaks (run {ran.record.info.run})")


def test_a_success_without_an_issue_says_nothing(tmp_path: Path) -> None:
    ran = act_module(tmp_path, CODE.replace('raise ValueError("no @luck")', "return 1"))

    assert ran.states == {"breaks": "succeeded"}
    assert not (ran.folder / "notices.json").exists()
