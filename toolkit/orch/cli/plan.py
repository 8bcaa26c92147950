"""`orch plan`: what a run of the compiled workflow takes and costs, job by job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from orch.cli import arguments
from orch.cli.display.json_lines import json_line
from orch.cli.packing import chooser, measured_legs, pack_option
from orch.cli.text import duration, one_line
from orch.model.canonical import Json
from orch.planning.cost import Basis, Bill, PlannedJob


@click.command("plan")
@arguments.reference
@pack_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one line of JSON.")
def command(reference: str, pack: str | None, as_json: bool) -> None:
    """Show the jobs of a pipeline's workflow: what they wait for, how long they take, and what a run costs.

    Steps that ran on this machine are taken to last as long as they did, by the median of their last runs, and to have as many
    legs, at most; nothing runs.
    """
    from orch.errors import OrchError
    from orch.orchestrators.github.bill import bill_of
    from orch.orchestrators.github.compile import compile_workflow
    from orch.orchestrators.github.prices import prices
    from orch.orchestrators.github.repository import compile_references
    from orch.runtime.runner import commands_stopped

    compilation = compile_references([reference], Path.cwd(), choose=chooser(pack))
    plans = []
    for compiled in compilation.pipelines:
        graph, settings = compiled.graph, compilation.settings
        known, seen = measured_legs(compilation.git_root, graph.pipeline)
        total = bill_of(graph, compiled.workflow.jobs, settings, known, seen)
        apart = replace(graph, packs=())
        unpacked = None
        if graph.packs:
            with suppress(OrchError):  # too large, it may be, without packs
                unpacked = bill_of(apart, compile_workflow(apart, settings, compilation.pins).jobs, settings, known, seen)
        edges = sum(len(step.needs) for step in graph.steps), sum(len(job.needs) for job in total.jobs)
        plans.append((graph.pipeline, total, unpacked, edges, frozenset(known)))
    if as_json:
        click.echo(json_line([_to_json(*plan) for plan in plans]))
        return
    with commands_stopped(sys.stdout):  # labels are the repository's own words
        for number, plan in enumerate(plans):
            if number:
                click.echo()
            for line in _table(*plan, date=prices()["date"]):
                click.echo(one_line(line))


def _table(pipeline: str, total: Bill, unpacked: Bill | None, edges: tuple[int, int], known: frozenset[str], *, date: str) -> Iterator[str]:
    rows = [("JOB", "WAITS FOR", "RUNNER", "TIME", "MINUTES", "COST")]
    rows += [
        (
            _name(job),
            ", ".join(job.needs) if len(job.needs) <= 3 else f"{len(job.needs)} jobs",
            job.machine.label,
            f"{'' if known.issuperset(job.steps) else '~'}{duration(job.seconds)}",
            str(job.minutes),
            _money(job),
        )
        for job in total.jobs
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        left = [text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True)]
        right = [text.rjust(width) for text, width in zip(row[3:], widths[3:], strict=True)]
        yield "  ".join([*left, *right]).rstrip()
    yield ""
    yield f"{pipeline}: {_total(total)}"
    if unpacked:
        yield f"with a job for each step: {_total(unpacked)}"
    yield f"the end waits for: {' -> '.join(total.path)}"
    yield f"edges: {edges[0]} between steps, {edges[1]} between jobs with those to the result"
    if any(not known.issuperset(job.steps) for job in total.jobs):
        yield "~ has not run on this machine yet: a guess"
    yield from filter(None, map(_counted, total.jobs))
    if total.unpriced:
        yield f"no price is known for {', '.join(total.unpriced)}: name `price_per_minute` with the runner in orch.yaml"
    yield f"prices of {date} for a private repository; GitHub's standard runners cost nothing in public ones"


def _name(job: PlannedJob) -> str:
    if len(job.steps) > 1:
        return f"{job.id} + {len(job.steps) - 1} more"
    return job.id if job.legs == 1 else f"{job.id} x {job.legs}"


def _counted(job: PlannedJob) -> str:
    """What the number of legs rests on, where the pipeline does not say it."""
    taken = f"{job.id} is taken to have {job.items:,} item{'' if job.items == 1 else 's'}"
    match job.basis:
        case Basis.RUNS:
            return f"{taken}, as its last runs on this machine had at most"
        case Basis.BOUND:
            return f"{taken}, its max_items"
        case Basis.DEFAULT:
            return f"{taken}, by the defaults of the parameters"
        case Basis.NOTHING:
            return f"{taken}, as nobody knows how many: `@step(max_items=...)` says how many there may be"
        case Basis.GRAPH:
            return ""


def _total(bill: Bill) -> str:
    least = "" if bill.is_whole else "at least "
    return f"{bill.count} jobs, {duration(bill.seconds)} to the end, {bill.minutes} minutes on the bill, {least}${bill.money:.3f}"


def _money(job: PlannedJob) -> str:
    return "?" if job.machine.price is None else f"${job.money:.3f}"


def _to_json(pipeline: str, total: Bill, unpacked: Bill | None, edges: tuple[int, int], known: frozenset[str]) -> Json:
    return {
        "pipeline": pipeline,
        "jobs": [
            {
                "id": job.id,
                "steps": list(job.steps),
                "needs": list(job.needs),
                "runner": job.machine.label,
                "legs": job.legs,
                "items": job.items,
                "counted_by": str(job.basis),
                "seconds": round(job.seconds, 3),
                "measured": known.issuperset(job.steps),
                "minutes": job.minutes,
                "usd": None if job.machine.price is None else round(job.money, 6),
            }
            for job in total.jobs
        ],
        "edges": {"steps": edges[0], "jobs": edges[1]},
        **_sums(total),
        "unpacked": None if unpacked is None else _sums(unpacked),
    }


def _sums(bill: Bill) -> dict[str, Json]:
    return {
        "count": bill.count,
        "critical_path": list(bill.path),
        "seconds": round(bill.seconds, 3),
        "minutes": bill.minutes,
        "usd": round(bill.money, 6),
        "is_whole": bill.is_whole,
    }
