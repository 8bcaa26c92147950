"""Stands in for actions/upload-artifact v7: what it takes, refuses, and loses on the way."""

# ruff: noqa: PTH100, PTH113, PTH118, PTH120, PTH207
# The action joins, cuts and matches paths as texts, and does not resolve links
from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from orch.replay.act.stand_ins import archive
from orch.replay.act.stand_ins.job_step import Inputs, Refused, perform


def upload(inputs: Inputs, environ: Mapping[str, str]) -> dict[str, str]:
    name, path = inputs["name"] or "artifact", inputs.required("path")
    missing = inputs.one_of("if-no-files-found", "warn", "error", "ignore")
    inputs.one_of("compression-level", *"0123456789")
    retention = archive.retention_days(inputs["retention-days"])
    if not inputs.flag("archive"):
        raise Refused("the stand-in for upload-artifact does not know archive: false")
    files = list(find(path.splitlines(), home=environ.get("HOME", ""), hidden=inputs.flag("include-hidden-files")))
    if not files:
        message = f"No files were found with the provided path: {path}. No artifacts will be uploaded."
        if missing == "error":
            raise Refused(message)
        if missing == "warn":
            sys.stdout.write(f"::warning::{message}\n")
        return {}
    stored = archive.store(
        Path(environ["ORCH_ACT_ARTIFACTS"], environ["GITHUB_RUN_ID"]),
        name,
        files,
        attempt=int(environ["GITHUB_RUN_ATTEMPT"]),
        retention=retention,
        overwrite=inputs.flag("overwrite"),
    )
    address = f"{environ['GITHUB_SERVER_URL']}/{environ['GITHUB_REPOSITORY']}/actions/runs/{environ['GITHUB_RUN_ID']}/artifacts/{stored.id}"
    return {"artifact-id": str(stored.id), "artifact-url": address, "artifact-digest": stored.digest}


def find(patterns: list[str], *, home: str, hidden: bool) -> Iterator[tuple[str, Path]]:
    """The files of the patterns with their paths inside the artifact: below what the patterns have in common."""
    patterns = [pattern.strip() for pattern in patterns if pattern.strip()]
    patterns = [home + pattern[1:] if pattern.startswith("~/") else pattern for pattern in patterns]
    if any(pattern.startswith("!") for pattern in patterns):
        raise Refused("the stand-in for upload-artifact does not know patterns that exclude")
    roots = [_search_path(os.path.abspath(pattern)) for pattern in patterns]
    root = os.path.commonpath(roots)
    found: dict[str, Path] = {}
    for pattern in patterns:
        for match in glob.glob(os.path.abspath(pattern), recursive=True, include_hidden=hidden):
            for file in _files(match):
                found[file] = Path(file)
    if len(found) == 1 and len(roots) == 1 and root in found:
        root = os.path.dirname(root)  # one file, named as such: its folders are not kept
    for file, path in sorted(found.items()):
        inside = os.path.relpath(file, root)
        if hidden or not any(part.startswith(".") for part in Path(inside).parts):
            yield Path(inside).as_posix(), path


def _search_path(pattern: str) -> str:
    """The part of a pattern before its first wildcard."""
    parts: list[str] = []
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        parts.append(part)
    return os.path.join(*parts)


def _files(match: str) -> Iterator[str]:
    """Files at or below `match`; links are followed, broken ones left out."""
    if os.path.isfile(match):
        yield match
    for folder, _, names in os.walk(match, followlinks=True):
        yield from (path for name in names if os.path.isfile(path := os.path.join(folder, name)))


if __name__ == "__main__":
    perform(upload)
