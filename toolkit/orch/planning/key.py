"""The cache key: the digest of one document that holds all that a step's result depends on.

Steps of equal code and equal arguments share a key, whatever they are called and whoever made their inputs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from orch.model import canonical
from orch.model.artifacts import GATHER, Artifact
from orch.model.canonical import Json
from orch.model.facts import Facts
from orch.model.settings import StepSettings
from orch.model.steps import Binding, Choice, Item, OutputRef, ParameterRef, Sequence, Step, Table, Value

ALGORITHM: Final = 1  # of this document and of the normalised sources; another number misses every earlier result
_LONG: Final = 200  # characters; longer arguments are held by their digest
# Of what is written by hand for a step's job: where it runs, and what is made ready for it there.
_AROUND: Final = ("before", "container", "defaults", "env", "environment", "services")
_EXPRESSION: Final = re.compile(r"\$\{\{(?!\s*secrets\.\w+\s*\}\})")
_EXPLAINS: Final = frozenset({"texts", "parameters", "blind"})  # what a document holds only to show what changed, or cannot be seen

# One item of a list that is kept as data: this, and what has to be said of it besides; None where nobody can look into the list.
Member = Callable[[Artifact, int], tuple[Json, Json] | None]


def key_of(document: Mapping[str, Json]) -> str:
    return digest_of({name: value for name, value in document.items() if name not in _EXPLAINS})


def digest_of(value: Json) -> str:
    return f"sha256:{hashlib.sha256(canonical.dumps(value).encode()).hexdigest()}"


def key_document(
    step: Step,
    facts: Facts,
    parameters: Mapping[str, Json],
    inputs: Mapping[str, Artifact],
    *,
    logical_date: str = "",
    member: Member = lambda _artifact, _index: None,
) -> dict[str, Json]:
    """`parameters` as encoded by `orch.model.values`; `inputs` has every `step.output` that the step reads.

    `member` looks into a list, for one of its items: what does not change there runs no leg again.
    """
    settings = step.settings
    given = _Given(parameters, inputs, member)
    document: dict[str, Json] = {
        "algorithm": ALGORITHM,
        "source": step.source,
        "outputs": [[output.name, output.type] for output in step.outputs],
        "arguments": {name: _argument(binding, given) for name, binding in step.inputs},
        "code": facts.code,
        "packages": facts.packages,
        "python": facts.python,
        "platform": facts.platform,
    }
    if facts.files:
        document["files"] = dict(facts.files)
    if facts.image:
        document["image"] = facts.image
        document["container"] = settings.docker.result_depends_on() if settings.docker else {}
    if settings.environment:
        document["environment"] = dict(settings.environment)
    if around := {key: settings.github[key] for key in _AROUND if key in settings.github}:
        document["github"] = around
    if settings.deploys_to:
        document["deploys_to"] = settings.deploys_to
    if settings.secrets:
        document["secrets"] = sorted(settings.secrets)
    if facts.reads_logical_date:
        document["logical_date"] = logical_date
    if facts.texts:
        document["texts"] = facts.texts
    if facts.blind:
        document["blind"] = facts.blind
    if named := {name: binding.name for name, binding in step.inputs if isinstance(binding, ParameterRef)}:
        document["parameters"] = named
    return document


def has_expressions(settings: StepSettings) -> bool:
    """Whether the step's result may depend on what GitHub puts in the place of `${{ }}`: a key has the text alone.

    Secrets are known by name wherever they are used.
    """
    return any(_EXPRESSION.search(canonical.dumps(settings.github[key])) for key in _AROUND if key in settings.github)


class _Given(NamedTuple):
    parameters: Mapping[str, Json]
    inputs: Mapping[str, Artifact]
    member: Member


def _argument(binding: Binding, given: _Given) -> Json:
    match binding:
        case Value(data):
            return _short(data)
        case ParameterRef(name):
            return _short(given.parameters[name])
        case OutputRef():
            return {"artifact": _content(given.inputs[str(binding)])}
        case Sequence(kind, items):
            return {kind: [_argument(item, given) for item in items]}
        case Table(entries):
            return {"dict": [[name, _argument(item, given)] for name, item in entries]}
        case Item(inner, index):
            return _item(inner, index, given)
        case Choice(refs):
            return _argument(next(ref for ref in refs if str(ref) in given.inputs), given)


def _item(binding: Binding, index: int, given: _Given) -> Json:
    """As if the item were an argument of its own: wherever in a list it stands, and whatever else is there."""
    match binding:
        case Value(data):
            return _short(data[index])
        case ParameterRef(name):
            return _short(given.parameters[name][index])
        case OutputRef():
            artifact = given.inputs[str(binding)]
            if artifact.materializer == GATHER:
                return {"artifact": _content(artifact.items[index])}
            if (told := _told(artifact, index)) is not None:
                return told
            if found := given.member(artifact, index):
                return member_document(*found)
        case _:
            pass
    return {"item": _argument(binding, given), "index": index}


def _told(artifact: Artifact, index: int) -> Json:
    """What the job that made a list says of one item; None where it says nothing, or nothing that can be read."""
    try:
        return canonical.loads(artifact.members[index])
    except (IndexError, ValueError):
        return None


def member_document(data: Json, meta: Json) -> Json:
    """What a key says of one item of a list that is kept as data."""
    return _short(data) if meta is None else {"item": _short(data), "meta": meta}


def _short(data: Json) -> Json:
    text = canonical.dumps(data)
    return {"value": data} if len(text) <= _LONG else {"digest": digest_of(data)}


def _content(artifact: Artifact) -> Json:
    """Two artifacts of the same bytes are the same value only if they are read back in the same way."""
    content: dict[str, Json] = {"digest": artifact.digest, "materializer": artifact.materializer, "type": artifact.type}
    if artifact.materializer == GATHER:
        return content | {"items": digest_of([_content(item) for item in artifact.items])}
    return content if artifact.meta is None else content | {"meta": artifact.meta}
