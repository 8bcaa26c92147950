"""`orch plan`: what a run of the compiled workflow takes and costs, job by job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from orch.cli import arguments
from orch.cli.display.json_lines import json_line
from orch.cli.text import duration, one_line
from orch.model.canonical import Json
from orch.planning.cost import Bill, PlannedJob


@click.command("plan")
@arguments.reference
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one line of JSON.")
def command(reference: str, as_json: bool) -> None:
    """Show the jobs of a pipeline's workflow: what they wait for, how long they take, and what a run costs.

    Steps that ran on this machine are taken to last as long as they did, by the median of their last runs; nothing runs.
    """
    from orch.cli.kept_runs import homes
    from orch.orchestrators.github.bill import bill_of, seconds_of
    from orch.orchestrators.github.prices import prices
    from orch.orchestrators.github.repository import compile_references
    from orch.orchestrators.local.history import newest_first
    from orch.runtime.runner import commands_stopped

    compilation = compile_references([reference], Path.cwd())
    plans = []
    for compiled in compilation.pipelines:
        known: dict[str, float] = {}
        for home in reversed(homes(compilation.git_root)):  # what `orch run` measured goes before what act did
            known |= seconds_of(newest_first(home, compiled.graph.pipeline))
        total = bill_of(compiled.graph, compiled.workflow.jobs, compilation.settings, known)
        edges = sum(len(step.needs) for step in compiled.graph.steps), sum(len(job.needs) for job in total.jobs)
        plans.append((compiled.graph.pipeline, total, edges, frozenset(known)))
    if as_json:
        click.echo(json_line([_to_json(*plan) for plan in plans]))
        return
    with commands_stopped(sys.stdout):  # labels are the repository's own words
        for number, plan in enumerate(plans):
            if number:
                click.echo()
            for line in _table(*plan, date=prices()["date"]):
                click.echo(one_line(line))


def _table(pipeline: str, total: Bill, edges: tuple[int, int], known: frozenset[str], *, date: str) -> Iterator[str]:
    rows = [("JOB", "WAITS FOR", "RUNNER", "TIME", "MINUTES", "COST")]
    rows += [
        (
            job.id if job.legs == 1 else f"{job.id} x {job.legs}",
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
    yield f"{pipeline}: {total.count} jobs, {duration(total.seconds)} to the end, {total.minutes} minutes on the bill, ${total.money:.3f}"
    yield f"the end waits for: {' -> '.join(total.path)}"
    yield f"edges: {edges[0]} between steps, {edges[1]} between jobs with those to the result"
    if any(not known.issuperset(job.steps) for job in total.jobs):
        yield "~ has not run on this machine yet: a guess"
    if total.unpriced:
        yield f"no price is known for {', '.join(total.unpriced)}: name `price_per_minute` with the runner in orch.yaml"
    yield f"prices of {date} for a private repository; GitHub's standard runners cost nothing in public ones"


def _money(job: PlannedJob) -> str:
    return "?" if job.machine.price is None else f"${job.money:.3f}"


def _to_json(pipeline: str, total: Bill, edges: tuple[int, int], known: frozenset[str]) -> Json:
    return {
        "pipeline": pipeline,
        "jobs": [
            {
                "id": job.id,
                "steps": list(job.steps),
                "needs": list(job.needs),
                "runner": job.machine.label,
                "legs": job.legs,
                "seconds": round(job.seconds, 3),
                "measured": known.issuperset(job.steps),
                "minutes": job.minutes,
                "usd": None if job.machine.price is None else round(job.money, 6),
            }
            for job in total.jobs
        ],
        "edges": {"steps": edges[0], "jobs": edges[1]},
        "critical_path": list(total.path),
        "seconds": round(total.seconds, 3),
        "minutes": total.minutes,
        "usd": round(total.money, 6),
    }
