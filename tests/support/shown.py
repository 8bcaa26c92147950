"""What the runs under act of a failed test have said, for its report: nobody can look at the disk of a runner that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orch.errors import OrchError
from orch.orchestrators.local.home import Home, RunFolder

_LINES: Final = 60  # of one log, the last ones


def runs_below(folder: Path, since: float) -> list[RunFolder]:
    """Those that were made or have gone on since then, the oldest first; a test has its repositories in its folder, or a folder deeper."""
    homes = {home.resolve() for depth in (".", "*", "*/*", "*/*/*") for home in folder.glob(f"{depth}/.orch/act")}
    runs = [run for home in homes for run in Home.at(home, home.parents[1]).folders()]
    return sorted((run for run in runs if run.path.stat().st_mtime >= since), key=lambda run: run.run_id)


def told(run: RunFolder) -> str:
    """How it and its steps ended and why, what its jobs asked the API, and the logs of steps that did not end well."""
    return "\n".join(_lines(run))


def _lines(run: RunFolder) -> Iterator[str]:
    yield str(run.path)
    try:
        record = run.read()
    except OrchError as error:
        yield f"  {error}"
        return
    logs = run.logs(record)
    yield f"  {record.info.pipeline}: {record.state}"
    for step in record.steps:
        why = step.failure.message if step.failure else step.reason
        yield f"  {step.step}: {step.state}{why and f', {why}'}"
        if not step.state.has_outputs and step.step in logs:
            yield from _end(logs[step.step])
    if (requests := run.path / "requests.log").is_file():
        yield "  requests:"
        yield from _end(requests)


def _end(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]:
        yield f"    | {line}"
