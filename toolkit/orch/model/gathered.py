"""What the legs of a mapped step made, as one artifact: a list that has no bytes of its own, but those of its items."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from orch.model import canonical
from orch.model.artifacts import GATHER, Artifact
from orch.model.fan import index_of, leg_id, step_of
from orch.model.records import Failure, StepRecord
from orch.model.states import State
from orch.model.steps import Step

_PREVIEW: Final = 200  # characters
_NAMED: Final = 5  # legs in a message
# Of the legs of a step, the state that comes first here is that of the step.
_WORST_FIRST: Final = (State.FAILED, State.CANCELLED, State.RUNNING, State.QUEUED, State.SKIPPED, State.SUCCEEDED)


def gather(items: Sequence[Artifact]) -> Artifact:
    """The list of `items`, whose digest covers theirs in their order."""
    digests = canonical.dumps([item.digest for item in items])
    return Artifact(
        digest=f"sha256:{hashlib.sha256(digests.encode()).hexdigest()}",
        size=sum(item.size for item in items),
        materializer=GATHER,
        type="builtins.list",
        objects=tuple(dict.fromkeys(digest for item in items for digest in item.digests)),
        meta={"items": [replace(item, preview="").to_json() for item in items]},
        preview=_preview(items),
        comparable=all(item.comparable for item in items),
        length=len(items),
    )


def _preview(items: Sequence[Artifact]) -> str:
    text = ""
    for number, item in enumerate(items):
        text += (", " if number else "") + (item.preview or item.type)
        if len(text) > _PREVIEW:
            break
    text = f"[{text}]"
    return text if len(text) <= _PREVIEW else f"{text[: _PREVIEW - 1]}…"


def fold_legs(step: Step, legs: Sequence[StepRecord], attempt: int) -> StepRecord:
    """The record of a mapped step from those of all its legs, in their order; of none it succeeded, with empty lists."""
    states = {leg.state for leg in legs}
    state = next((worst for worst in _WORST_FIRST if worst in states), State.CACHED if states else State.SUCCEEDED)
    started = min((leg.started for leg in legs if leg.started), default="")
    whole = state.has_outputs
    failed = [leg for leg in legs if leg.state is State.FAILED]
    runs = {leg.cached_from for leg in legs}
    return StepRecord(
        step=step.id,
        state=state,
        attempt=attempt,
        started=started,
        duration=_duration(legs) if started else 0.0,
        outputs={output.name: gather([leg.outputs[output.name] for leg in legs]) for output in step.outputs} if whole else {},
        failure=_failure(failed, len(legs)) if failed else None,
        reason=_reason(legs, state) if not failed else "",
        cached_from=next(iter(runs)) if state is State.CACHED and len(runs) == 1 else "",
    )


def _failure(failed: Sequence[StepRecord], count: int) -> Failure:
    names = ", ".join(leg.step for leg in failed[:_NAMED]) + (f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else "")
    own = {leg.failure.cause for leg in failed if leg.failure}
    cause = "store" if own == {"store"} else "legs"
    return Failure(cause, f"{len(failed)} of {count} legs failed: {names}")


def _reason(legs: Sequence[StepRecord], state: State) -> str:
    if not legs:
        return "there was nothing to map over"
    if state is State.CACHED:
        return f"all {len(legs)} legs are cached" if len(legs) > 1 else legs[0].reason
    if state in (State.SKIPPED, State.CANCELLED):
        return next(leg.reason for leg in legs if leg.state is state)
    cached = sum(leg.state is State.CACHED for leg in legs)
    return f"{cached} of {len(legs)} legs are cached" if cached else ""


def _duration(legs: Sequence[StepRecord]) -> float:
    """From the start of the first leg to the end of the last; of a record that any job could have written, what can be told."""
    spans = [(begin, begin + leg.duration) for leg in legs if leg.started and (begin := _seconds(leg.started)) is not None]
    return max(end for _, end in spans) - min(begin for begin, _ in spans) if spans else 0.0


def _seconds(moment: str) -> float | None:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        return None


def worth_telling(steps: Iterable[StepRecord], most: int = 20) -> list[StepRecord]:
    """The records of a run without those of legs that went well, of which there may be thousands; of others at most `most` of each step."""
    told: list[StepRecord] = []
    counts: Counter[str] = Counter()
    for record in steps:
        if index_of(record.step) is not None:
            if record.state not in (State.FAILED, State.CANCELLED) or counts[step_of(record.step)] >= most:
                continue
            counts[step_of(record.step)] += 1
        told.append(record)
    return told


def count_legs(steps: Iterable[StepRecord]) -> Counter[str]:
    """How many legs each mapped step had."""
    return Counter(step_of(record.step) for record in steps if index_of(record.step) is not None)


def spread_out(outputs: Mapping[str, Artifact]) -> dict[str, Artifact]:
    """`outputs`, by `step.output`, with each list that legs made as the outputs of these legs."""
    found: dict[str, Artifact] = {}
    for name, artifact in outputs.items():
        if artifact.materializer == GATHER:
            step, _, output = name.rpartition(".")
            found |= {f"{leg_id(step, index)}.{output}": item for index, item in enumerate(artifact.items)}
        else:
            found[name] = artifact
    return found
