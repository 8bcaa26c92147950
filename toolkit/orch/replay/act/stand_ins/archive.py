"""Artifacts as GitHub keeps them: immutable zips of plain files, by run, with the rules for their names and contents.

`<folder>/<run id>/<name>.zip` holds the files and `<name>.json` what the service knows about them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from orch.replay.act.stand_ins.job_step import Refused

# @actions/artifact: path-and-artifact-name-validation.ts
_NOT_IN_NAMES: Final = re.compile(r'[":<>|*?\r\n\\/]')
_NOT_IN_PATHS: Final = re.compile(r'[":<>|*?\r\n]')
_LONGEST: Final = 90  # days, as the largest retention of a repository without settings of its own


@dataclass(frozen=True)
class Stored:
    name: str
    id: int
    attempt: int
    digest: str
    retention: int
    path: str

    def open(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.path)


def check_name(name: str) -> None:
    if not name:
        raise Refused("Provided artifact name input during validation is empty")
    if found := _NOT_IN_NAMES.search(name):
        raise Refused(f"The artifact name is not valid: {name}. Contains the following character: {found[0]!r}")


def retention_days(text: str) -> int:
    """The days an artifact is kept, of the input's text; empty and 0 mean the repository's setting."""
    if not text:
        return _LONGEST
    if not re.fullmatch(r"-?\d+", text):
        raise Refused(f"Invalid retention-days: {text!r}")
    days = int(text)
    if days < 0 or days > _LONGEST:
        raise Refused(f"retention-days is {days}, expected 1 to {_LONGEST}")
    return days or _LONGEST


def store(folder: Path, name: str, files: Iterable[tuple[str, Path]], *, attempt: int, retention: int, overwrite: bool) -> Stored:
    """Make the artifact `name` of `files` (path inside, file). A name that exists is refused, as the service does."""
    check_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.zip"
    if overwrite:
        target.unlink(missing_ok=True)
    aside = folder / f".{name}.{os.getpid()}.zip"
    with zipfile.ZipFile(aside, "w") as zipped:
        for inside, file in files:
            if found := _NOT_IN_PATHS.search(inside):
                raise Refused(f"The path for one of the files in artifact is not valid: {inside}. Contains: {found[0]!r}")
            # Content alone: the zip that the action makes has no permissions, times or links.
            with file.open("rb") as source, zipped.open(inside, "w", force_zip64=True) as member:
                shutil.copyfileobj(source, member, 1 << 20)
    with aside.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    try:
        os.link(aside, target)
    except FileExistsError:
        raise Refused(
            "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: "
            f"an artifact with this name already exists on the workflow run ({name})"
        ) from None
    finally:
        aside.unlink()
    stored = Stored(name, _new_id(folder), attempt, digest, retention, str(target))
    (folder / f"{name}.json").write_text(json.dumps(asdict(stored)), encoding="utf-8")
    return stored


def _new_id(folder: Path) -> int:
    """Of this run's artifacts; several jobs upload at a time."""
    number = 1
    while True:
        try:
            (folder / f".id-{number}").touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return number


def listed(folder: Path) -> Iterator[Stored]:
    """The artifacts of a run, by name."""
    for path in sorted(folder.glob("*.json")):
        stored = Stored(**json.loads(path.read_text(encoding="utf-8")))
        yield replace(stored, path=str(folder / f"{stored.name}.zip"))  # the folder may have been reached by another way
