"""GitHub's limits that no other linter knows: each with its number and the way out.

https://docs.github.com/actions/reference/limits and
https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import prod
from typing import Final

from orch.errors import LimitError
from orch.workflow.model import Run, Workflow

FILE_BYTES: Final = 512_000
RUN_CHARACTERS: Final = 21_000
EXPRESSION_CHARACTERS: Final = 21_000
INPUTS: Final = 25
# https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#providing-inputs
INPUT_CHARACTERS: Final = 65_535
# Not documented: a run of 160 jobs with about 4,700 edges was refused at its start (cdklabs/cdk-pipelines-github#1456).
NEEDS: Final = 4_500
MATRIX: Final = 256
JOB_ID: Final = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_-]{0,98}")


def check_limits(workflow: Workflow) -> list[LimitError]:
    checks = (_check_job_ids, _check_needs, _check_matrices, _check_lengths, _check_inputs)
    return [problem for check in checks for problem in check(workflow)]


def check_size(path: str, text: str) -> list[LimitError]:
    """GitHub does not start a run of a file beyond the limit, and says nothing."""
    size = len(text.encode())
    if size <= FILE_BYTES:
        return []
    hint = "split the pipeline in two, or let one step do the work of several"
    return [LimitError(f"{path} has {size:,} bytes, GitHub takes {FILE_BYTES:,}", hint=hint)]


def _check_job_ids(workflow: Workflow) -> Iterator[LimitError]:
    seen: dict[str, str] = {}
    for job_id in workflow.jobs:
        if not JOB_ID.fullmatch(job_id):
            rule = "ASCII letters, digits, '_' and '-', less than 100, no leading digit, '-' or '__'"
            yield LimitError(f"{job_id!r} is not a job id: {rule}", hint="give the step another name with id=")
        if (other := seen.setdefault(job_id.lower(), job_id)) != job_id:
            hint = "give one of the steps another name with id="
            yield LimitError(f"{other!r} and {job_id!r} are one job id to GitHub, which ignores case", hint=hint)


def _check_needs(workflow: Workflow) -> Iterator[LimitError]:
    edges = sum(len(job.needs) for job in workflow.jobs.values())
    if edges > NEEDS:
        hint = "let one step collect the outputs that many steps read, or split the pipeline in two"
        yield LimitError(f"the jobs need each other {edges:,} times, GitHub was seen to refuse {NEEDS:,}", hint=hint)


def _check_matrices(workflow: Workflow) -> Iterator[LimitError]:
    """Of those that are written out; an empty one is an error of GitHub's, too."""
    for job_id, job in workflow.jobs.items():
        values = [len(each) for each in job.strategy.matrix.values() if not isinstance(each, str)] if job.strategy else []
        count = prod(values)
        if values and not 0 < count <= MATRIX:
            hint = "let each job do the work of several"
            yield LimitError(f"the matrix of job {job_id!r} has {count:,} jobs, GitHub takes 1 to {MATRIX}", hint=hint)


def _check_lengths(workflow: Workflow) -> Iterator[LimitError]:
    for job_id, job in workflow.jobs.items():
        if len(job.condition) > EXPRESSION_CHARACTERS:
            hint = "let one step collect the outputs that this one reads"
            yield LimitError(
                f"the condition of job {job_id!r} has {len(job.condition):,} characters, GitHub takes {EXPRESSION_CHARACTERS:,}", hint=hint
            )
        for step in job.steps:
            if isinstance(step, Run) and len(step.script) > RUN_CHARACTERS:
                hint = "put the script into a file of the repository"
                length = len(step.script)
                yield LimitError(f"a script of job {job_id!r} has {length:,} characters, GitHub takes {RUN_CHARACTERS:,}", hint=hint)


def _check_inputs(workflow: Workflow) -> Iterator[LimitError]:
    dispatch = workflow.triggers.workflow_dispatch
    count = len(dispatch.inputs) if dispatch else 0
    if count > INPUTS:
        hint = "group parameters in one of type dict, which is typed as JSON"
        yield LimitError(f"the workflow has {count} inputs, GitHub takes {INPUTS}", hint=hint)
    size = len(json.dumps({name: each.default for name, each in dispatch.inputs.items()}, ensure_ascii=False)) if dispatch else 0
    if size > INPUT_CHARACTERS:
        hint = "read long values from a file of the repository"
        yield LimitError(f"the defaults of the inputs have {size:,} characters, GitHub takes {INPUT_CHARACTERS:,}", hint=hint)
