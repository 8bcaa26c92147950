"""The runs that this machine keeps, as their records tell; a record that cannot be read hides no other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from orch.errors import OrchError, RecordError, UsageError, Where
from orch.model.runs import RunRecord
from orch.model.states import State
from orch.orchestrators.local.home import Home, RunFolder


@dataclass(frozen=True, slots=True)
class KeptRun:
    """The run's id is its folder's name. A run that `was_killed` did not end: its process is gone, and its record says running."""

    folder: RunFolder
    record: RunRecord
    was_killed: bool = False

    @property
    def logs(self) -> dict[str, Path]:
        """The log file of each step that wrote one, in the order of the record."""
        return self.folder.logs(self.record)

    @property
    def state(self) -> str:
        return "killed" if self.was_killed else str(self.record.state)


def homes(git_root: Path) -> tuple[Home, ...]:
    """Where `orch run` and `orch act` keep theirs."""
    return Home.of(git_root), Home.of_act(git_root)


def read_runs(git_root: Path) -> tuple[list[KeptRun], list[OrchError]]:
    """All runs of a repository, newest first, and what is wrong with the records that cannot be read."""
    runs: list[KeptRun] = []
    problems: list[OrchError] = []
    for folder in _folders(git_root):
        try:
            runs.append(_read(folder))
        except RecordError as error:
            problems.append(error)
    runs.sort(key=lambda run: (run.record.info.started, run.record.info.attempt), reverse=True)
    return runs, problems


def find_run(git_root: Path, wanted: str | None) -> KeptRun:
    """The run whose id starts with `wanted`, or the newest; raises where there is none, several, or its record is damaged."""
    if wanted is None:
        runs, problems = read_runs(git_root)
        if not runs:
            home = _from_here(Home.of(git_root).path)
            raise problems[0] if problems else RecordError(f"no runs in {home!r}", hint="`orch run FILE` makes one")
        return runs[0]
    folders = _folders(git_root)
    names = [folder.run_id for folder in folders]
    begun = [folder for folder in folders if wanted and folder.run_id.startswith(wanted)]
    found = [folder for folder in begun if folder.run_id == wanted] or begun
    if len(found) > 1:
        raise UsageError(f"{wanted!r} starts the ids of {len(found)} runs", hint=f"they are {', '.join(each.run_id for each in found)}")
    if not found:
        near = get_close_matches(wanted, names, n=1)
        raise UsageError(f"no run {wanted!r}", hint=f"did you mean {near[0]!r}?" if near else "`orch runs list` shows the runs there are")
    return _read(found[0])


def _folders(git_root: Path) -> list[RunFolder]:
    return [folder for home in homes(git_root) for folder in home.folders() if folder.has_begun]


def _read(folder: RunFolder) -> KeptRun:
    try:
        record = folder.read()
        if record.state.has_ended or folder.is_going_on:
            return KeptRun(folder, record)
        record = folder.read()  # it may have ended between the two questions
    except RecordError as error:
        where = error.where and Where(_from_here(Path(error.where.path)))
        hint = error.hint or f"`orch runs list` shows the others; delete {_from_here(folder.path)!r} to be rid of this one"
        raise RecordError(error.message, hint=hint, where=where) from error
    if record.state.has_ended:
        return KeptRun(folder, record)
    return KeptRun(folder, replace(record, state=State.CANCELLED), was_killed=True)


def _from_here(path: Path) -> str:
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
