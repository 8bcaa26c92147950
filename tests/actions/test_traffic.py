"""What a job of a step costs GitHub's services: two uploads and one download at most, and no request to its API unless it has to ask."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import yaml

ACTION: Final = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text(encoding="utf-8"))
STEPS: Final[list[dict[str, Any]]] = ACTION["runs"]["steps"]


def using(action: str) -> list[dict[str, Any]]:
    return [step for step in STEPS if step.get("uses", "").startswith(f"actions/{action}@")]


def test_a_job_uploads_twice_and_downloads_once_at_most() -> None:
    assert [step["name"] for step in using("upload-artifact")] == ["Upload the outputs", "Upload the record"]
    assert [step["name"] for step in using("download-artifact")] == ["Download the inputs"]


def test_what_asks_the_api_does_so_only_where_it_is_told_to() -> None:
    """What has the token is what can ask; the ordinary job, of which no condition holds, has none in any process of ours."""
    asking = {step["name"]: step.get("if", "") for step in STEPS if "GITHUB_TOKEN" in step.get("env", {})}

    assert {"Look for an earlier result", "Take outputs of earlier runs"} <= set(asking)
    told = re.compile(r"steps\.needs\.outputs\.(look|take|mode) (!= ''|== '\w+')")
    assert [name for name, condition in asking.items() if not told.search(condition)] == []


def test_the_users_code_has_no_token() -> None:
    (run,) = (step for step in STEPS if step.get("id") == "run")

    assert not [name for name, value in run["env"].items() if "token" in f"{name} {value}".lower()]


def test_after_a_hit_neither_an_environment_is_made_nor_the_step_run() -> None:
    after = STEPS[[step.get("id") for step in STEPS].index("look") + 1 :]
    needless = ["Restore the packages", "Make the environment", "Take outputs of earlier runs", "Run"]

    assert [step["name"] for step in after if "steps.look.outputs.hit != 'true'" in step.get("if", "")] == needless
