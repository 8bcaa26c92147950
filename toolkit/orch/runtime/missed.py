"""Scheduled runs that did not start, as the next run finds: GitHub drops some when it is busy, and turns schedules off.

What GitHub knows of a run is when it was made, not which moment it was for; so a moment counts as missed if no run was made from it
to the next one. Where runs start later than the next moment comes, that finds fewer than there are, and never one too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Final

from orch.model import cron, dates
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.triggers import Schedule
from orch.names import workflow_path
from orch.runtime.api import Api
from orch.runtime.newest_runs import NewestRuns

# GitHub starts some runs half a day late: what is younger may still come.
PATIENCE: Final = timedelta(days=1)
_MOST: Final = 100  # that are counted
_SHOWN: Final = 5
_RUNS: Final = 20


def missed_moments(graph: Graph, made: Iterable[datetime], until: datetime, since: datetime) -> list[datetime]:
    """The moments of the schedules between the last of the `made` runs, or `since` if that is later, and `until`; the last first."""
    last = max((moment for moment in made if moment < until), default=None)
    if last is None:
        return []  # the first run of all, or one after so long that GitHub has forgotten
    schedules = [trigger for trigger in graph.triggers if isinstance(trigger, Schedule)]
    missed = {due for schedule in schedules for due in _between(schedule, graph.pipeline, max(last, since), until)}
    return sorted(missed, reverse=True)[:_MOST]


def find_missed(
    graph: Graph, environment: Mapping[str, str], api: Callable[[], Api], logical_date: str, now: float, newest: NewestRuns | None = None
) -> list[datetime]:
    """Asks GitHub, where this run is one that should; raises OrchError where it does not answer."""
    event = environment.get("GITHUB_EVENT_NAME", "")
    if event not in ("schedule", "workflow_dispatch", "push") or environment.get("GITHUB_RUN_ATTEMPT", "1") != "1":
        return []
    until = datetime.fromisoformat(logical_date) if event == "schedule" and logical_date else datetime.fromtimestamp(now, UTC) - PATIENCE
    file = workflow_path(graph.pipeline)
    scheduled = _scheduled(file, environment, api, newest)
    made = [moment for run in scheduled if (moment := _moment(run.get("created_at")))]
    if not missed_moments(graph, made, until, datetime.min.replace(tzinfo=UTC)):
        return []
    commits = api().get("commits", {"path": file, "per_page": 1}, needs="contents: read")
    changed = [moment for commit in _list(commits, "") if (moment := _moment(_at(commit, "commit", "committer", "date")))]
    return missed_moments(graph, made, until, max(changed, default=datetime.fromtimestamp(now, UTC)))


def _scheduled(file: str, environment: Mapping[str, str], api: Callable[[], Api], newest: NewestRuns | None) -> list[Json]:
    """Other scheduled runs, the last one at least, if there is one: those of the list that is asked for anyhow do, where it has some."""
    if newest is not None and newest.here.workflow == file:
        found = [run for run in newest.all() if _is_other(run, environment)]
        if found or newest.are_all:
            return found
    query: dict[str, str | int] = {"event": "schedule", "per_page": _RUNS}
    answer = api().get(f"actions/workflows/{file.rpartition('/')[2]}/runs", query, needs="actions: read")
    return [run for run in _list(answer, "workflow_runs") if _is_other(run, environment)]


def told(graph: Graph, missed: list[datetime]) -> str:
    """One line about them, and how to make up for the last."""
    zone = dates.zone(dates.zone_of(graph.triggers) or "UTC")
    shown = ", ".join(moment.astimezone(zone).isoformat(timespec="minutes") for moment in missed[:_SHOWN])
    more = f", and {'at least ' if len(missed) == _MOST else ''}{len(missed) - _SHOWN} before" if len(missed) > _SHOWN else ""
    count = f"{len(missed)} scheduled runs" if len(missed) > 1 else "1 scheduled run"
    last = missed[0].astimezone(zone).isoformat(timespec="minutes")
    again = f"`gh workflow run {graph.pipeline}.yml -f logical_date={last}` makes up for the last"
    why = "GitHub drops some when it is busy, and turns schedules off after 60 days without activity in a public repository"
    return f"{count} of {graph.pipeline} did not start: {shown}{more}. {why}; {again}."


def _between(schedule: Schedule, pipeline: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """The moments as they were written, of those that GitHub has after `after` and before `until`."""
    fires = cron.parse(cron.scattered(schedule.cron_expression, pipeline))
    written = cron.parse(schedule.cron_expression)
    due = takewhile(lambda moment: moment > after, cron.moments_until(fires, schedule.timezone, until))
    for moment in islice(due, _MOST + 1):
        meant = cron.latest(written, schedule.timezone, moment)
        if meant is not None and meant < until and moment < until:
            yield meant


def _is_other(run: Json, environment: Mapping[str, str]) -> bool:
    return isinstance(run, dict) and run.get("event") == "schedule" and str(run.get("id")) != environment.get("GITHUB_RUN_ID")


def _list(answer: Json, key: str) -> list[Json]:
    found = answer.get(key) if key and isinstance(answer, dict) else answer
    return found if isinstance(found, list) else []


def _at(data: Json, *path: str) -> Json:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _moment(text: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
