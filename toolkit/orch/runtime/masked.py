"""What a step had a say in, without the secrets that it knows: its record; and whether what it returns is named after one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
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
            shown = redact(value)
            # By chance, sixty-four digits may hold a short secret; a digest that is none any more helps nobody.
            return value if _is_digest(value) and shown != f"sha256:{MASK}" else shown
        case list():
            return [_value(item, redact) for item in value]
        case dict():
            return masked_values(value, redact)
        case _:
            return MASK if redact(str(value)) != str(value) else value


def _is_digest(text: str) -> bool:
    name, _, digits = text.partition(":")
    return name == "sha256" and len(digits) == 64 and not digits.strip("0123456789abcdef")


def named_after(names: Iterable[str], secrets: Mapping[str, str]) -> str:
    """Which of `secrets` (name -> value) one of `names` holds, and that name, masked, as one word; empty if none does.

    What a file is called is part of the value, so it cannot be masked where it is kept.
    """
    redact = Redactor(secrets.values())
    for name in names if redact else ():
        if (shown := redact(name)) != name:
            secret = next((secret for secret, value in secrets.items() if Redactor([value])(name) != name), "")
            return f"{secret!r}: {shown!r}"
    return ""


def names_in(value: object) -> Iterator[str]:
    """What the files and folders of a value are called."""
    match value:
        case PurePath():
            yield value.name
            for _, folders, files in os.walk(value):
                yield from folders
                yield from files
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from names_in(item)
        case dict():
            for item in value.values():
                yield from names_in(item)
        case _:
            pass


def names_beside(artifact: Artifact) -> Iterator[str]:
    """What a materializer of any kind keeps beside the bytes."""
    if artifact.meta is not None:
        yield canonical.dumps(artifact.meta)
