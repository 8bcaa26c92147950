"""What a change of generated files means to a reviewer: what jobs may do, use and cost, what starts them, steps and edges."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orch.errors import OrchError
from orch.model import canonical
from orch.model.graph import Graph
from orch.names import graph_path, workflow_path
from orch.orchestrators.github.base import Base
from orch.orchestrators.github.bill import bill_of_data
from orch.orchestrators.github.changes import graph_settings_changes, read_workflow
from orch.orchestrators.github.repository import Compilation
from orch.planning.cost import Bill
from orch.runtime.summary import code, escape
from orch.stacks.settings import Settings
from orch.workflow.by_hand import secrets_in


class Area(StrEnum):
    """In the order in which a reviewer wants to know."""

    PERMISSIONS = "permissions"
    SECRETS = "secrets"
    DEPLOYMENTS = "deployments"
    USES = "uses"
    RUNNERS = "runners"
    SCHEDULES = "schedules"
    TRIGGERS = "triggers"
    STEPS = "steps"
    EDGES = "edges"
    SETTINGS = "settings"
    COST = "cost"


Facts = Mapping[Area, Mapping[str, frozenset[str]]]  # what is so -> in which jobs


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a change means for one pipeline: lines by area, those of no area left out."""

    pipeline: str
    lines: Mapping[Area, tuple[str, ...]]


def meanings(before: Mapping[str, str], after: Mapping[str, str], settings: Settings) -> list[Meaning]:
    """For each pipeline that differs between two states of a repository's generated files (path -> text), by name."""
    names = sorted({*_pipelines(before), *_pipelines(after)})
    return [Meaning(name, lines) for name in names if (lines := _lines(name, before, after, settings))]


def meanings_since(base: Base, compilation: Compilation) -> list[Meaning]:
    """What the pipelines of `compilation` mean that they did not mean at `base`; of all, those too that are gone."""
    after = {path: text for compiled in compilation.pipelines for path, text in compiled.files.items()}
    wanted = set(_pipelines(after)) | (set(_pipelines(base.files)) if compilation.is_complete else set())
    paths = {path for name in wanted for path in (graph_path(name), workflow_path(name))}
    before = {path: text for path, text in base.files.items() if path in paths}
    return meanings(before, after, compilation.settings)


def markdown(base: Base, found: list[Meaning]) -> str:
    """The same for the summary of a job."""
    parts = [f"## What changes since {code(base.name)} ({base.commit[:7]})\n"]
    if not found:
        parts.append("Nothing that is generated.\n")
    for each in found:
        rows = (f"| {area} | {'<br>'.join(code(line) for line in lines)} |\n" for area, lines in each.lines.items())
        parts.append(f"### {escape(each.pipeline)}\n\n| | |\n| --- | --- |\n{''.join(rows)}")
    return "\n".join(parts) + "\n"


def _pipelines(files: Iterable[str]) -> Iterator[str]:
    folder, ending = graph_path("").rsplit("/", 1)
    for path in files:
        if path.startswith(f"{folder}/") and path.endswith(ending):
            yield path[len(folder) + 1 : -len(ending)]


def _lines(name: str, before: Mapping[str, str], after: Mapping[str, str], settings: Settings) -> dict[Area, tuple[str, ...]]:
    paths = graph_path(name), workflow_path(name)
    old, new = ([state.get(path, "") for path in paths] for state in (before, after))
    if old == new:
        return {}
    facts = _facts(*old), _facts(*new)
    lines = {area: tuple(_changes(facts[0].get(area, {}), facts[1].get(area, {}))) for area in Area}
    if all((old[0], new[0])):
        lines[Area.SETTINGS] = tuple(graph_settings_changes(old[0], new[0]))
    lines[Area.COST] = tuple(_cost(*(_told_bill(graph, workflow, settings) for graph, workflow in (old, new))))
    return {area: told for area, told in lines.items() if told}


def _changes(old: Mapping[str, frozenset[str]], new: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for sign, ones, others in (("+", new, old), ("-", old, new)):
        for fact, jobs in ones.items():
            if more := jobs - others.get(fact, frozenset()):
                yield f"{sign} {fact}" + (_in_jobs(more, len(jobs)) if all(more) else "")
            elif fact not in others:
                yield f"{sign} {fact}"


def _in_jobs(jobs: frozenset[str], of: int) -> str:
    shown = sorted(jobs)
    if len(shown) > 3:
        return f" ({'all ' if len(shown) == of else ''}{len(shown)} jobs)"
    return f" ({', '.join(shown)})"


# --- what a state of the files says ---


def _facts(graph: str, workflow: str) -> Facts:
    found: dict[Area, dict[str, set[str]]] = {}
    for area, fact, job in (*_of_graph(graph), *_of_workflow(workflow)):
        found.setdefault(area, {}).setdefault(fact, set()).add(job)
    return {area: {fact: frozenset(jobs) for fact, jobs in facts.items()} for area, facts in found.items()}


def _of_graph(text: str) -> Iterator[tuple[Area, str, str]]:
    try:
        steps = canonical.loads(text)["steps"] if text else []
        for step in steps:
            yield Area.STEPS, step["id"], ""
            for producer in dict.fromkeys(_producers(step["inputs"])):
                yield Area.EDGES, f"{producer} -> {step['id']}", ""
            for producer in dict.fromkeys(_producers(step.get("when"))):
                yield Area.EDGES, f"{producer} -> {step['id']} (condition)", ""
            for earlier in step.get("after", ()):
                yield Area.EDGES, f"{earlier} -> {step['id']} (order only)", ""
    except (ValueError, KeyError, TypeError, AttributeError, OrchError):
        yield Area.STEPS, "the graph cannot be read", ""


def _producers(binding: Any) -> Iterator[str]:
    if isinstance(binding, dict):
        if set(binding) == {"step", "output"}:
            yield binding["step"]
        elif "value" not in binding:
            for item in binding.values():
                yield from _producers(item)
    elif isinstance(binding, list):
        for item in binding:
            yield from _producers(item)


def _of_workflow(text: str) -> Iterator[tuple[Area, str, str]]:
    try:
        data = read_workflow(text) if text else {}
        for name, trigger in (data.get("on") or {}).items():
            if name == "schedule":
                yield from ((Area.SCHEDULES, " ".join(filter(None, (each["cron"], each.get("timezone")))), "") for each in trigger)
            elif name != "workflow_dispatch":
                yield Area.TRIGGERS, name + (f" {json.dumps(trigger, sort_keys=True)}" if trigger else ""), ""
        for job, given in (data.get("jobs") or {}).items():
            yield from _of_job(job, given)
    except (ValueError, KeyError, TypeError, AttributeError):
        yield Area.STEPS, "the workflow cannot be read", ""


def _of_job(job: str, given: Mapping[str, Any]) -> Iterator[tuple[Area, str, str]]:
    yield Area.RUNNERS, str(given.get("runs-on", "?")), job
    if environment := given.get("environment"):
        yield Area.DEPLOYMENTS, str(environment.get("name") if isinstance(environment, dict) else environment), job
    permissions = given.get("permissions") or {}
    if isinstance(permissions, str):
        yield Area.PERMISSIONS, permissions, job
    else:
        yield from ((Area.PERMISSIONS, f"{area}: {access}", job) for area, access in permissions.items())
    yield from ((Area.SECRETS, name, job) for name in sorted(secrets_in(given)))
    for place in (given, *given.get("steps", ())):
        if "uses" in place:
            yield Area.USES, place["uses"], job


# --- what it costs ---


def _told_bill(graph: str, workflow: str, settings: Settings) -> str:
    if not workflow:
        return "nothing"
    try:
        return _told(bill_of_data(Graph.from_json(canonical.loads(graph)), read_workflow(workflow)["jobs"], settings))
    except (ValueError, KeyError, TypeError, AttributeError, OrchError):
        return "unknown"


def _cost(old: str, new: str) -> Iterator[str]:
    if old != new:
        yield f"{old} -> {new}"


def _told(total: Bill) -> str:
    unknown = [f"the price of {label!r}" for label in total.unpriced] + [f"the number of items of {job.id!r}" for job in total.uncounted]
    least = "at least " if unknown else ""
    why = f"; unknown: {', '.join(unknown)}" if unknown else ""
    return f"{least}${total.money:.3f} a run ({_jobs(total)}{why})"


def _jobs(total: Bill) -> str:
    return f"{total.count} job{'s' * (total.count != 1)}, {total.minutes} minute{'s' * (total.minutes != 1)}"
