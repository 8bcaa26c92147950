"""What things may be called, and the names that are derived from others.

Step ids become GitHub job ids, parts of artifact names and file names, so one alphabet serves all three: a
Python identifier in ASCII. It has no `-`, which keeps `orch-<pipeline>-<step>-a<attempt>` unambiguous and leaves
`orch-...` free for the jobs that the compiler adds.
"""

from __future__ import annotations

import re
from typing import Final

# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_id: below 100 characters,
# no leading `__`; shorter here, because the artifact name holds the pipeline's name as well.
STEP_ID: Final = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]{0,63}")
RESULT_JOB: Final = "orch-result"
NOTIFY_JOB: Final = "orch-notify"
PLAN_JOB: Final = "orch-plan"
# Inputs of a workflow besides the pipeline's parameters.
LOGICAL_DATE_INPUT: Final = "logical_date"
NO_CACHE_INPUT: Final = "no_cache"
PARAMETERS_INPUT: Final = "parameters"  # as JSON, those that have no field of their own
# `orch-record-...` and `orch-run-...` are artifacts of every pipeline, and the pins lie beside the graphs, on some systems in any case.
_TAKEN: Final = frozenset({"record", "run", "pins"})


# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: devices in every folder, whatever follows after a dot. Whoever
# has such a file cannot check it out on Windows, nor unpack it.
DEVICES: Final = frozenset({"aux", "con", "nul", "prn"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)})


def device_problem(name: str) -> str | None:
    """Why `name` cannot be the name of a file, or None."""
    if name.partition(".")[0].rstrip().lower() in DEVICES:
        return f"{name!r} is the name of a device on Windows, and no file there can be called that"
    return None


def step_id_problem(name: str) -> str | None:
    """Why `name` cannot be a step id, or None."""
    if STEP_ID.fullmatch(name):
        return device_problem(name)
    return f"{name!r} is not a name that GitHub takes: ASCII letters, digits and '_', at most 64, no leading '__' or digit"


def pipeline_name_problem(name: str) -> str | None:
    """Why `name` cannot be a pipeline's name, or None."""
    if is_taken(name):
        return f"{name!r} is taken: files or artifacts of orch itself are called so"
    return step_id_problem(name)


def is_taken(name: str) -> bool:
    """Whether no pipeline can have this name, although it is one."""
    return name.lower() in _TAKEN


# Outputs become parts of file names and keys of job outputs; no `.`, which stands between a step and its output.
OUTPUT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def output_name_problem(name: str) -> str | None:
    """Why `name` cannot be an output's name, or None."""
    if OUTPUT_NAME.fullmatch(name):
        return device_problem(name)
    return f"{name!r} is not a name that an output can have: ASCII letters, digits, '_' and '-', at most 64, no leading digit or '-'"


def suggest_id(name: str) -> str:
    """A valid id that resembles `name`."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:64]
    return f"step_{plain}"[:64].rstrip("_") if step_id_problem(plain) else plain


def legs_job(step: str) -> str:
    """The job that counts the legs of a mapped step, where these hang on what several jobs made."""
    return f"{step}-legs"


def gate_job(environment: str) -> str:
    """The job that asks for an environment, once for all steps that deploy to it; of a name that is no id, with a part of its digest."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", environment).strip("-")[:60]
    if plain == environment:
        return f"environment-{plain}"
    import hashlib  # names are asked for by every process, this one hardly ever

    return f"environment-{plain}-{hashlib.sha256(environment.encode()).hexdigest()[:6]}"


def chosen_gate_job(parameter: str) -> str:
    """The same for the environment that a parameter chooses; no other job begins so."""
    return f"chosen-environment-{parameter}"


def outputs_artifact(pipeline: str, step: str, attempt: int | str) -> str:
    """The GitHub artifact that carries a step's outputs to the jobs that read them."""
    return f"orch-{pipeline}-{step}-a{attempt}"


def record_artifact(pipeline: str, step: str, attempt: int | str) -> str:
    """The GitHub artifact that carries a step's record and log; the prefix differs, so that no glob takes both."""
    return f"orch-record-{pipeline}-{step}-a{attempt}"


def run_artifact(pipeline: str, attempt: int | str) -> str:
    """The GitHub artifact that carries the run's folded record."""
    return f"orch-run-{pipeline}-a{attempt}"


def plan_artifact(pipeline: str, attempt: int | str) -> str:
    """The GitHub artifact that carries what the plan job knows; no step has a `-` in its id, so none has this name."""
    return outputs_artifact(pipeline, PLAN_JOB, attempt)


def index_artifact(pipeline: str, attempt: int | str) -> str:
    """The GitHub artifact that carries the index of results, which the next run's plan reads."""
    return outputs_artifact(pipeline, "orch-index", attempt)


def workflow_path(pipeline: str) -> str:
    """Where the generated workflow lives, from the root of the repository."""
    return f".github/workflows/{pipeline}.yml"


def graph_path(pipeline: str) -> str:
    """Where the graph lives, from the root of the repository."""
    return f".github/orch/{pipeline}.json"


# In a run's folder: the whole record, and the steps' records one by one as they end.
RUN_FILE: Final = "run.json"
STEPS_FILE: Final = "records.jsonl"

PINS_PATH: Final = ".github/orch/pins.json"
