"""docs/settings.md shows every key of orch.yaml, and what it shows is read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import yaml
from support import pages

from orch.stacks.load import load_settings
from orch.stacks.settings import Retention, Runner, Settings, Stack

(SHOWN,) = (block.text for block in pages.blocks("docs/settings.md", "yaml"))


def keys(kind: type) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_the_page_shows_every_key() -> None:
    data = yaml.safe_load(SHOWN)

    assert set(data) == keys(Settings)
    assert set(data["stacks"]["laptop"]) == keys(Stack)
    assert set(data["runners"][0]) == keys(Runner)
    assert set(data["retention"]) == keys(Retention)


def test_what_the_page_shows_is_read_and_the_defaults_are_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "orch.yaml").write_text(SHOWN, encoding="utf-8")
    settings = load_settings(tmp_path)

    assert settings.runners == (Runner("gpu-small", 8, 1, "32GB", 0.07),)
    assert (settings.active, settings.result_runner, settings.retention) == ("local", Settings().result_runner, Retention())
