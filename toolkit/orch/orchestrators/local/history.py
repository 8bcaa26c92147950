"""The records of runs on this machine, newest first."""

from __future__ import annotations

from collections.abc import Iterator

from orch.errors import RecordError
from orch.model.runs import RunRecord
from orch.names import RUN_FILE
from orch.orchestrators.local.home import Home, RunFolder


def newest_first(home: Home, pipeline: str) -> Iterator[RunRecord]:
    """Records are read as far as they are asked for: there may be many. A damaged one hides no other."""
    for folder in sorted(home.folders(), key=_written, reverse=True):
        try:
            record = folder.read()
        except RecordError:
            continue
        if record.info.pipeline == pipeline:
            yield record


def _written(folder: RunFolder) -> int:
    try:
        return (folder.path / RUN_FILE).stat().st_mtime_ns
    except OSError:
        return 0
