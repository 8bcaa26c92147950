"""The moment that a run on GitHub is for: computed once, by the plan job, and the same in all jobs and all attempts.

GitHub starts scheduled runs late, often by hours. So a scheduled run is not for its start, but for the latest moment of
its schedule before that; any other run is for its start, unless it was given a moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from orch.errors import OrchError, UsageError
from orch.model import cron, dates
from orch.model.canonical import Json
from orch.model.graph import Graph
from orch.model.triggers import Schedule
from orch.names import LOGICAL_DATE_INPUT
from orch.runtime import clock
from orch.runtime.api import Api
from orch.runtime.inputs import reserved_input
from orch.runtime.newest_runs import NewestRuns


def logical_date_of(
    graph: Graph, environment: Mapping[str, str], api: Callable[[], Api], newest: NewestRuns | None = None, *, now: clock.Clock = clock.now
) -> tuple[str, OrchError | None]:
    """RFC 3339, in the zone of the schedules; else empty, and why it cannot be told. Raises UsageError where the given one is none."""
    zone_name = dates.zone_of(graph.triggers)
    if given := reserved_input(LOGICAL_DATE_INPUT, graph.parameters, environment):
        return dates.parse(_text(given), zone_name).isoformat(), None
    try:
        return moment_for(graph, cron_of_event(environment), _started(environment, api, newest, now)).isoformat(), None
    except OrchError as error:
        return "", error


def moment_for(graph: Graph, fired: str, started: float) -> datetime:
    """What a run that `started` then is for; `fired` is the cron expression that GitHub names, empty for other events."""
    zone_name = dates.zone_of(graph.triggers)
    for schedule in graph.triggers:
        if isinstance(schedule, Schedule) and cron.scattered(schedule.cron_expression, graph.pipeline) == fired:
            moment = latest_of(schedule, graph.pipeline, datetime.fromtimestamp(started, UTC))
            if moment is not None:
                return moment.astimezone(dates.zone(zone_name or "UTC"))
    return dates.at(started, zone_name)


def latest_of(schedule: Schedule, pipeline: str, moment: datetime) -> datetime | None:
    """The last one not after `moment` as the schedule was written; GitHub has it some minutes later, where it was scattered."""
    fires = cron.parse(cron.scattered(schedule.cron_expression, pipeline))
    due = cron.latest(fires, schedule.timezone, moment)
    return due and cron.latest(cron.parse(schedule.cron_expression), schedule.timezone, due)


def cron_of_event(environment: Mapping[str, str]) -> str:
    """`github.event.schedule`."""
    if environment.get("GITHUB_EVENT_NAME") != "schedule" or not environment.get("GITHUB_EVENT_PATH"):
        return ""
    event: Json = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())
    return str(event.get("schedule", "")) if isinstance(event, dict) else ""


def _started(environment: Mapping[str, str], api: Callable[[], Api], newest: NewestRuns | None, now: clock.Clock) -> float:
    """When the run was made: each attempt has another start, and its jobs may have waited.

    The list of `newest` runs mostly has this one, and costs nothing where it is asked for anyhow. Where the API does not tell, a first
    attempt takes the clock, and a later one must not.
    """
    try:
        listed = newest.this() if newest is not None else None
        run = listed or api().get(f"actions/runs/{environment.get('GITHUB_RUN_ID', '')}", needs="actions: read")
        return datetime.fromisoformat(run["created_at"]).timestamp()
    except (OrchError, KeyError, TypeError, ValueError) as error:
        if int(environment.get("GITHUB_RUN_ATTEMPT") or 1) == 1:
            return now()
        why = error.message if isinstance(error, OrchError) else "its answer has no 'created_at'"
        message = f"the moment that this run is for is not known: GitHub did not say when its first attempt began ({why})"
        raise UsageError(message, hint="re-run all jobs once it does, or start a run with the input 'logical_date'") from error


def _text(given: Json) -> str:
    if not isinstance(given, str):
        raise UsageError(f"{LOGICAL_DATE_INPUT} is {given!r}, expected a text", hint="write it as 2026-03-29T02:30")
    return given
