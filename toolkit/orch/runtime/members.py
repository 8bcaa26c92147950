"""What a cache key says of each item of a list that is mapped over, told beside the list by the job that made it.

A plan decides about each leg without the list's bytes, and finds the keys that a run on a laptop, which has them, computes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from orch.errors import StoreError
from orch.materializers import documents
from orch.model import canonical
from orch.model.artifacts import Artifact
from orch.model.canonical import Json
from orch.planning.key import digest_of, member_document
from orch.runtime.redact import Redactor
from orch.stores.local import LocalStore

# Characters, of all items of a list. Of more nothing is said: then each leg depends on the whole list and on its place in it.
MOST: Final = 512 << 10


def with_members(outputs: Mapping[str, Artifact], asked: Collection[str], store: LocalStore, redact: Redactor) -> dict[str, Artifact]:
    """`outputs` of a step, those of them that others map over with what is told of their items."""
    return {name: _told(artifact, store, redact) if name in asked else artifact for name, artifact in outputs.items()}


def _told(artifact: Artifact, store: LocalStore, redact: Redactor) -> Artifact:
    if artifact.materializer != documents.NAME or artifact.length is None:
        return artifact
    last = documents.Last()
    try:
        items = last.members(artifact, store)
    except StoreError:  # whoever reads the list says so
        return artifact
    told = tuple(_text(member_document(data, documents.as_alone(last.meta(artifact, i), i)), redact) for i, data in enumerate(items))
    return replace(artifact, members=told) if sum(map(len, told)) <= MOST else artifact


def _text(document: Json, redact: Redactor) -> str:
    """A record leaves the machine: what a secret is part of is told by its digest."""
    text = canonical.dumps(document)
    return canonical.dumps({"digest": digest_of(document)}) if redact and redact(text) != text else text
