"""Materializers of the user's own: `@orch.materializer(Molecule)` on a class that saves a value into a folder and loads it from one.

They are found by the type of a value, and again by the name of their class: it lies in the project, or in a package that the
step's code imports. A value is kept as that folder; what made it (class, version, source) goes with the record, and so it is in
the cache key of every step that reads the value.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from orch import files
from orch.errors import MaterializationError, OrchError
from orch.materializers import classes, folders
from orch.materializers.classes import reference, type_name
from orch.model import values
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from orch.stores.local import LocalStore


class Keeper(Protocol):
    """What a materializer of the user's own has to have; it is made without arguments."""

    def save(self, value: Any, folder: Path, /) -> object:
        """Write `value` into `folder`, which is empty."""

    def load(self, folder: Path, /) -> Any:
        """The value again, equal in all that matters, from a folder of the caller's own."""


C = TypeVar("C", bound=type[Keeper])

NAME: Final = "custom"
_FOLDER: Final = "value"


class Registration(NamedTuple):
    cls: Any
    types: tuple[type, ...]
    version: int
    subclasses: bool
    deterministic: bool


_BY_TYPE: Final[dict[type, Registration]] = {}
_BY_CLASS: Final[dict[type, Registration]] = {}


def materializer(*types: type, version: int = 1, subclasses: bool = False, deterministic: bool = False) -> Callable[[C], C]:
    """Keep values of `types` with the decorated class: `save(self, value, folder)` writes files, `load(self, folder)` reads them.

    It is made without arguments. With a method `equal(self, one, other)`, what was saved is loaded at once and compared, and
    saving fails where it is not equal. `subclasses` takes values of subclasses, too. `deterministic` promises the same bytes
    for equal values, so that runs can be compared by digest. Another `version` reads nothing that an earlier one wrote.
    """
    if not types:
        raise TypeError("@materializer takes the types whose values it keeps: @materializer(Molecule)")
    for kind in types:
        if not isinstance(kind, type):
            raise TypeError(f"@materializer takes types, not {kind!r}")
        if values.is_plain(kind) or issubclass(kind, type):
            raise TypeError(f"values of {kind.__qualname__!r} are plain data: no materializer can take them")

    def register(cls: C) -> C:
        for method in ("save", "load"):
            if not callable(getattr(cls, method, None)):
                wanted = "a class with save(self, value, folder) and load(self, folder)"
                raise TypeError(f"@materializer decorates {wanted}: {cls!r} has no {method}")
        registration = Registration(cls, types, version, subclasses, deterministic)
        for kind in types:
            other = _BY_TYPE.get(kind)
            if other and reference(other.cls) != reference(cls):  # a module that is loaded again says the same
                raise TypeError(f"{reference(kind)!r} has a materializer already: {reference(other.cls)}")
            _BY_TYPE[kind] = registration
        _BY_CLASS[cls] = registration
        return cls

    return register


def of(value: object) -> Registration | None:
    if not _BY_TYPE:
        return None
    kind = type(value)
    if found := _BY_TYPE.get(kind):
        return found
    return next((found for base in kind.__mro__[1:] if (found := _BY_TYPE.get(base)) and found.subclasses), None)


def save(value: object, store: LocalStore) -> Artifact:
    import tempfile

    registration = of(value)
    assert registration is not None
    cls = registration.cls
    if unfound := classes.problem(cls):
        hint = "define it at the top level of a module of the project"
        raise MaterializationError(f"the materializer {reference(cls)!r} cannot be used: {unfound}", hint=hint)
    with tempfile.TemporaryDirectory(prefix="orch-materializer-") as scratch:
        folder = Path(scratch, _FOLDER)
        files.make_folder(folder)
        _call(cls, "save", value, folder)
        if hasattr(cls, "equal"):
            _check(registration, value, folder)
        kept = folders.save(folder, store)
    meta = {"class": reference(cls), "version": registration.version, "source": _source(cls), "type": reference(type(value))}
    return replace(kept, materializer=NAME, type=type_name(value), meta=meta, preview="", comparable=registration.deterministic)


def _check(registration: Registration, value: object, folder: Path) -> None:
    cls = registration.cls
    again = _call(cls, "load", folder)
    if type(again) is not type(value) or not _call(cls, "equal", value, again):
        hint = f"mend save and load of {reference(cls)}, or its equal"
        raise MaterializationError(f"a {type_name(value)} would not come back equal: {reference(cls)} loads another value", hint=hint)


def load(artifact: Artifact, store: LocalStore, scratch: Path, project: Path | None) -> object:
    match artifact.meta:
        case {"class": str(name), "version": int(version), "type": str(kind)}:
            pass
        case _:
            raise MaterializationError("the record does not say which materializer wrote it", hint="the artifact is damaged or forged")
    cls = classes.find(name, project)
    registration = _BY_CLASS.get(cls)
    if registration is None:
        hint = "decorate it with @orch.materializer, or run the step again"
        raise MaterializationError(f"{name!r} is no materializer any more", hint=hint)
    if registration.version != version:
        message = f"the value was written by version {version} of {name!r}, and this code has version {registration.version}"
        raise MaterializationError(message, hint=classes.ANEW)
    folder = folders.load(replace(artifact, materializer=folders.NAME, meta={"name": _FOLDER}), store, scratch)
    value = _call(cls, "load", folder)
    if reference(type(value)) != kind:
        message = f"{name}.load gave a {type_name(value)}, and {kind.replace(':', '.')} was saved"
        raise MaterializationError(message, hint=f"mend load of {name}")
    return value


def _call(cls: Any, method: str, *arguments: object) -> Any:
    try:
        return getattr(cls(), method)(*arguments)
    except (OrchError, MemoryError):
        raise
    except Exception as error:
        message = f"{reference(cls)}.{method} raised {type(error).__name__}: {error}"
        raise MaterializationError(message, hint=f"mend {method} of this materializer") from error


def _source(cls: type) -> str:
    """What changes when its module does, but for comments and layout: `load` may change while `save` writes the same bytes."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return _digest(file) if file else ""


@functools.cache
def _digest(file: str) -> str:
    import ast  # most steps have no materializers of their own

    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):  # no source: an extension, or a byte-code file alone
        return ""
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
