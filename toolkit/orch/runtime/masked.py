"""What a step had a say in, without the secrets that it knows: its record, and the names of what it returns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.model.records import Failure, StepRecord
from orch.runtime.redact import MASK, Redactor


def masked(record: StepRecord, redact: Redactor) -> StepRecord:
    if not redact:
        return record
    return replace(
        record,
        reason=redact(record.reason),
        failure=_failure(record.failure, redact),
        hook=_failure(record.hook, redact),
        metadata=masked_values(record.metadata, redact),
        outputs={name: replace(artifact, preview=redact.of_cut(artifact.preview)) for name, artifact in record.outputs.items()},
    )


def _failure(failure: Failure | None, redact: Redactor) -> Failure | None:
    if failure is None:
        return None
    return Failure(
        failure.cause, redact(failure.message), redact(failure.type), redact(failure.traceback), redact(failure.file), failure.line
    )


def masked_values(values: Mapping[str, Json], redact: Redactor) -> dict[str, Json]:
    """Names and all that they stand for; a number, too, may be a secret."""
    return {redact(name): _value(value, redact) for name, value in values.items()} if redact else dict(values)


def _value(value: Json, redact: Redactor) -> Json:
    match value:
        case str():
            return redact(value)
        case list():
            return [_value(item, redact) for item in value]
        case dict():
            return masked_values(value, redact)
        case _:
            return MASK if redact(str(value)) != str(value) else value


def secret_name(value: object, redact: Redactor) -> str:
    """The first name of a file or folder in `value` that holds a secret, masked; empty if none does.

    A name is part of the value, so it cannot be masked where it is kept.
    """
    return next((shown for name in _names(value) if (shown := redact(name)) != name), "") if redact else ""


def _names(value: object) -> Iterator[str]:
    match value:
        case PurePath():
            yield value.name
            for _, folders, files in os.walk(value):
                yield from folders
                yield from files
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _names(item)
        case dict():
            for item in value.values():
                yield from _names(item)
        case _:
            pass


def secret_meta(artifact: Artifact, redact: Redactor) -> str:
    """The same for what a materializer of any kind keeps beside the bytes."""
    if not redact or artifact.meta is None:
        return ""
    text = canonical.dumps(artifact.meta)
    return shown if (shown := redact(text)) != text else ""
