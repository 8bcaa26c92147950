"""Repositories of actions on this disk, which git takes for those on github.com."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


class ActionRepositories:
    """Bare repositories under one folder; each tag is a commit of its own, unless it says which."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        for name, value in {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{folder.as_uri()}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        }.items():
            monkeypatch.setenv(name, value)

    def commit(self, name: str, message: str) -> str:
        """A new commit of the repository `owner/repository`, which is made if need be."""
        if not (self.folder / name).is_dir():
            (self.folder / name).mkdir(parents=True)
            self._git(name, "init", "--quiet", "--bare")
        tree = self._git(name, "hash-object", "-w", "-t", "tree", os.devnull)
        return self._git(name, "commit-tree", tree, "-m", message)

    def tag(self, name: str, tag: str, commit: str | None = None, *, annotated: bool = False) -> str:
        """Put or move a tag; the commit that it names."""
        commit = commit or self.commit(name, tag)
        self._git(name, "tag", "--force", *(["--annotate", "--message", tag] if annotated else []), tag, commit)
        return commit

    def _git(self, name: str, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.folder / name), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()
