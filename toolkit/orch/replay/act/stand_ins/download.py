"""Stands in for actions/download-artifact v8: which artifacts it takes, where it puts them, and what it cannot reach."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from orch.replay.act.stand_ins import archive
from orch.replay.act.stand_ins.job_step import Inputs, Refused, perform


def download(inputs: Inputs, environ: Mapping[str, str]) -> dict[str, str]:
    if inputs["artifact-ids"] or inputs.flag("skip-decompress"):
        raise Refused("the stand-in for download-artifact knows neither artifact-ids nor skip-decompress")
    inputs.one_of("digest-mismatch", "ignore", "info", "warn", "error")
    target = Path(inputs["path"] or environ["GITHUB_WORKSPACE"]).resolve()
    by_rest = bool(inputs["github-token"])
    run = inputs["run-id"] if by_rest else environ["GITHUB_RUN_ID"]
    found = list(archive.listed(Path(environ["ORCH_ACT_ARTIFACTS"], run)))
    if name := inputs["name"]:
        found = [artifact for artifact in found if artifact.name == name]
        if not found:
            raise Refused(f"Unable to download artifact(s): Artifact '{name}' not found")
    elif pattern := inputs["pattern"]:
        found = [artifact for artifact in found if matches(artifact.name, pattern)]
    for artifact in found:
        # The run-time service lists the artifacts of earlier attempts, and then does not find them.
        if not by_rest and artifact.attempt < int(environ["GITHUB_RUN_ATTEMPT"]):
            raise Refused(f"Unable to download artifact(s): {artifact.name}: Failed request: (404) Not Found")
    # In a folder of its own each, except where there is only one.
    apart = not (name or inputs.flag("merge-multiple") or len(found) == 1)
    for artifact in found:
        _unpack(artifact, target / artifact.name if apart else target)
    return {"download-path": str(target)}


def _unpack(artifact: archive.Stored, folder: Path) -> None:
    with Path(artifact.path).open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != artifact.digest:
            raise Refused(f"Digest validation failed for artifact(s): {artifact.name}.")
    folder.mkdir(parents=True, exist_ok=True)
    with artifact.open() as zipped:
        for member in zipped.infolist():
            file = folder / member.filename
            file.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(member) as source, file.open("wb") as written:
                shutil.copyfileobj(source, written, 1 << 20)


def matches(name: str, pattern: str) -> bool:
    """minimatch, as far as names without `/` go."""
    return any(fnmatch.fnmatchcase(name, one) for one in expand_braces(pattern))


def expand_braces(pattern: str) -> list[str]:
    """`a{b,c}` as `ab` and `ac`; braces around a single item stand as they are."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", pattern)
    if not found:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [one for item in found[1].split(",") for one in expand_braces(f"{before}{item}{after}")]


if __name__ == "__main__":
    perform(download)
