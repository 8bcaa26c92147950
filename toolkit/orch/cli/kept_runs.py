"""The runs that this machine keeps, as their records tell; a record that cannot be read hides no other."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from orch.errors import OrchError, RecordError, UsageError, Where
from orch.model.records import RunRecord, StepRecord
from orch.names import RUN_FILE, STEPS_FILE

_PLACES: Final = ("runs", "act/runs")


@dataclass(frozen=True, slots=True)
class KeptRun:
    """The run's id is its folder's name."""

    folder: Path
    record: RunRecord

    @property
    def logs(self) -> dict[str, Path]:
        """The log file of each step that wrote one, in the order of the record."""
        found = {file.stem: file for file in sorted((self.folder / "logs").glob("*.log"))}
        order = {step.step: number for number, step in enumerate(self.record.steps)}
        return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


def read_runs(home: Path) -> tuple[list[KeptRun], list[OrchError]]:
    """All runs under `home`, newest first, and what is wrong with the records that cannot be read."""
    runs: list[KeptRun] = []
    problems: list[OrchError] = []
    for folder in _folders(home):
        try:
            runs.append(_read(folder))
        except RecordError as error:
            problems.append(error)
    runs.sort(key=lambda run: (run.record.info.started, run.record.info.attempt), reverse=True)
    return runs, problems


def find_run(home: Path, wanted: str | None) -> KeptRun:
    """The run whose id starts with `wanted`, or the newest; raises where there is none, several, or its record is damaged."""
    if wanted is None:
        runs, problems = read_runs(home)
        if not runs:
            raise problems[0] if problems else RecordError(f"no runs in {_from_here(home)!r}", hint="`orch run FILE` makes one")
        return runs[0]
    folders = _folders(home)
    found = [folder for folder in folders if folder.name == wanted] or [folder for folder in folders if folder.name.startswith(wanted)]
    names = [folder.name for folder in folders]
    if len(found) > 1:
        raise UsageError(f"{wanted!r} starts the ids of {len(found)} runs", hint=f"they are {', '.join(folder.name for folder in found)}")
    if not found:
        near = get_close_matches(wanted, names, n=1)
        raise UsageError(f"no run {wanted!r}", hint=f"did you mean {near[0]!r}?" if near else "`orch runs list` shows the runs there are")
    return _read(found[0])


def _steps_so_far(folder: Path) -> tuple[StepRecord, ...]:
    """Of a run that is under way, or was killed: the steps that have ended. The last line may lack its end."""
    file = folder / STEPS_FILE
    lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
    return tuple(StepRecord.read(line) for line in lines if line.endswith(b"\n"))


def _folders(home: Path) -> list[Path]:
    return sorted(folder for place in _PLACES for folder in (home / place).glob("*") if folder.is_dir())


def _read(folder: Path) -> KeptRun:
    file = folder / RUN_FILE
    where = Where(_from_here(file))
    try:
        record = RunRecord.read(file.read_bytes())
        return KeptRun(folder, record if record.state.has_ended else replace(record, steps=_steps_so_far(folder)))
    except RecordError as error:
        raise RecordError(error.message, hint=error.hint, where=where) from error
    except OSError as error:
        raise RecordError(f"this run's record cannot be read: {error.strerror}", where=where) from error


def _from_here(path: Path) -> str:
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else os.fspath(path)
