"""How a run ended: its steps, their outputs, what failed and what to type next."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orch.cli.text import cut, duration, one_line, paint, printable
from orch.materializers import ON_DISK
from orch.model import values
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.fan import index_of, step_of
from orch.model.gathered import count_legs, worth_telling
from orch.model.graph import Graph, OutputRef
from orch.model.records import Failure, StepRecord
from orch.model.runs import RunInfo, RunRecord
from orch.model.states import State
from orch.names import output_name_problem, step_id_problem
from orch.runtime.metadata import as_text

_COLOURS: Final = {
    State.SUCCEEDED: ("green",),
    State.FAILED: ("bold", "red"),
    State.CANCELLED: ("yellow",),
    State.RUNNING: ("cyan",),
}
_LONGEST_PREVIEW: Final = 100
_LONGEST_LIST: Final = 400
_MOST_LEGS: Final = 10  # of a mapped step that are told one by one
LONGEST_REASON: Final = 200


def colour_of(state: State) -> tuple[str, ...]:
    return _COLOURS.get(state, ("dim",))


def reason_of(record: StepRecord) -> str:
    """Why the step ended as it did, or nothing where that needs no words."""
    if failure := record.failure:
        return f"{failure.type}: {failure.message}" if failure.type and failure.cause == "exception" else failure.message
    return record.reason


def heading(info: RunInfo, *, steps: int) -> str:
    """The first line of a run, with the values of its parameters."""
    count = f", {steps} step{'' if steps == 1 else 's'}" if steps else ""
    if info.part:
        more = f" and {len(info.part) - 1} more" if len(info.part) > 1 else ""
        count = f", only {one_line(info.part[0])}{more}"
    return f"run {one_line(info.run)} of {one_line(info.pipeline)}{count}{_parameters(info)}"


def _parameters(info: RunInfo) -> str:
    given = [f"{one_line(name)}={one_line(_parameter(value))}" for name, value in info.parameters.items()]
    return f" ({', '.join(given)})" if given else ""


def _parameter(value: Json) -> str:
    try:
        return json.dumps(values.decode(value), ensure_ascii=False)
    except Exception:  # noqa: BLE001 - in a damaged record, or one by another hand, it may be anything
        return json.dumps(value, ensure_ascii=False)


def ending(record: RunRecord, folder: Path, *, graph: Graph | None = None, colour: bool = False) -> list[str]:
    """The lines. `folder` is the run's own; with `graph`, only outputs that no step reads are listed."""
    lines = _table(record, colour=colour)
    for part in (list(_outputs(record, folder, graph)), list(_logged(record))):
        if part:
            width = max(len(name) for name, _ in part)
            lines += ["", *(f"{name.ljust(width)}  {text}" for name, text in part)]
    if pickled := list(_pickled(record)):
        lines += ["", cut(f"kept by pickle, which runs code when it is loaded: {', '.join(pickled)}", _LONGEST_LIST)]
    legs = count_legs(record.steps)
    for step in worth_telling(record.steps, _MOST_LEGS):
        if step.state is State.FAILED and step.step not in legs:  # of a mapped step, its legs say why
            lines += ["", *_failure(record, step, colour=colour)]
        if step.hook:
            lines += ["", *_failed_hook(step, step.hook, colour=colour)]
    state = paint(record.state, *colour_of(record.state), colour=colour)
    why = f": {cut(one_line(record.failure.message), LONGEST_REASON)}" if record.failure else ""
    return [*lines, "", f"run {one_line(record.info.run)} {state} in {duration(record.duration)}{why}"]


def _table(record: RunRecord, *, colour: bool) -> list[str]:
    legs, told = count_legs(record.steps), worth_telling(record.steps)
    width = max((len(one_line(step.step)) for step in told), default=0)
    lines = []
    for step in told:
        state = paint(step.state.ljust(9), *colour_of(step.state), colour=colour)
        took = duration(step.duration) if step.started else ""
        why = cut(one_line(reason_of(step)), LONGEST_REASON) or (f"{legs[step.step]:,} legs" if legs[step.step] > 1 else "")
        lines.append(f"{one_line(step.step).ljust(width)}  {state}  {took.rjust(11)}  {why}".rstrip())
    return lines


def _outputs(record: RunRecord, folder: Path, graph: Graph | None) -> Iterator[tuple[str, str]]:
    read = graph.outputs_read if graph else frozenset()
    for step in _without_long_lists(record):
        for name, artifact in step.outputs.items():
            if index_of(step.step) is not None and artifact.materializer not in ON_DISK:
                continue  # its step shows the list
            if OutputRef(step_of(step.step), name) not in read:
                yield one_line(f"{step.step}.{name}"), _shown(artifact, _exported(folder, step.step, name))


def _exported(folder: Path, step: str, output: str) -> Path | None:
    """Where the files of an output are, if there are any; none of those whose names in the record would lead elsewhere."""
    if step_id_problem(step_of(step)) or output_name_problem(output):
        return None
    exported = folder / "outputs" / step / output
    return exported if exported.is_dir() else None


def _logged(record: RunRecord) -> Iterator[tuple[str, str]]:
    """What steps said about their results by `orch.log_metadata`."""
    for step in _without_long_lists(record):
        for name, value in step.metadata.items():
            yield one_line(f"{step.step}.{name}"), cut(one_line(as_text(value)), _LONGEST_PREVIEW)


def _without_long_lists(record: RunRecord) -> Iterator[StepRecord]:
    """All steps, and of mapped ones the first legs."""
    return (step for step in record.steps if (index_of(step.step) or 0) < _MOST_LEGS)


def _pickled(record: RunRecord) -> Iterator[str]:
    for step in _without_long_lists(record):
        for name, artifact in step.outputs.items():
            if places := artifact.pickled:
                inside = "" if places[0] == "$" else f" (at {', '.join(places)})"
                yield one_line(f"{step.step}.{name}{inside}")


def _shown(artifact: Artifact, exported: Path | None) -> str:
    """The path of an output that is a file, else its preview; always the digest, where it says something about the value."""
    digest = one_line(artifact.digest)[:19] if artifact.comparable else f"stored as {one_line(artifact.materializer)}, not comparable"
    if exported:
        entries = list(exported.iterdir())
        return f"{one_line(_from_here(entries[0] if len(entries) == 1 else exported))}  {digest}"
    preview = cut(one_line(artifact.preview.strip().partition("\n")[0]), _LONGEST_PREVIEW)
    return f"{preview or one_line(artifact.type)}  {digest}"


def _from_here(path: Path) -> str:
    """`path` as one would type it in the working directory."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)


def _failure(record: RunRecord, step: StepRecord, *, colour: bool) -> Iterator[str]:
    failure = step.failure
    place = f" ({failure.file}:{failure.line})" if failure and failure.file else ""
    reason = one_line(reason_of(step))
    if failure and failure.traceback:  # which ends with all of it
        reason = cut(reason, LONGEST_REASON)
    yield paint(f"{one_line(step.step)} failed{one_line(place)}: {reason}", "bold", colour=colour)
    if failure:
        yield from _traceback(failure)
    help_ = paint("help:", "cyan", colour=colour)
    yield f"  {help_} orch runs logs {shlex.quote(one_line(record.info.run))} --step {shlex.quote(one_line(step.step))}"


def _failed_hook(step: StepRecord, failure: Failure, *, colour: bool) -> Iterator[str]:
    """The step stays what it is, and so does the run."""
    place = f" ({failure.file}:{failure.line})" if failure.file else ""
    why = f"{failure.type}: {failure.message}" if failure.type else failure.message
    text = f"{one_line(step.step)}: a hook failed{one_line(place)}: {cut(one_line(why), LONGEST_REASON)}"
    yield paint(text, "bold", colour=colour)
    yield from _traceback(failure)


def _traceback(failure: Failure) -> Iterator[str]:
    return (f"  {printable(line)}" for line in failure.traceback.rstrip("\n").split("\n") if line)
