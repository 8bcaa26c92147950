"""Anything else, by cloudpickle: the last resort. Equal values need not have equal bytes, and loading runs code.

This is the only module that loads a pickle.
"""

from __future__ import annotations

import functools
import io
from collections import ChainMap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

from orch.errors import MaterializationError, StoreError
from orch.materializers import instances
from orch.materializers.classes import reference, type_name
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

    from orch.stores.local import LocalStore

NAME: Final = "pickle"
_PROTOCOL: Final = 5
_WAY_OUT: Final = (
    "return data (numbers, text, lists, arrays, frames, dataclasses), write a file and return its Path,"
    " or write an @orch.materializer for its class"
)

_WRITTEN_DOWN: Final = "would be written down for all who can read artifacts"
_ASK: Final = "declare it with @step(secrets=[...]) where it is needed, and read it from the environment there"
# What cloudpickle would keep, and nobody wants kept: why, and what to do.
_NEVER: Final = {
    "polars.lazyframe.frame.LazyFrame": (
        "is a plan, whose sources may be others or gone when it is collected",
        "return value.collect()",
    ),
    "numpy.memmap": ("would come back as another: it is a view of a file", "return numpy.array(value), or the Path of its file"),
    **{f"pydantic.types.{name}": (_WRITTEN_DOWN, _ASK) for name in ("SecretStr", "SecretBytes", "Secret")},
}
# What is no pickle, for instances of a class and of those below it.
_BETTER: Final = {
    "torch:Tensor": "return value.to_dense(), value.dequantize(), or, for the values alone, value.detach().as_subclass(torch.Tensor)",
    "torch.nn.modules.module:Module": "return value.state_dict(), and load it into a new one with load_state_dict",
}


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"cannot pickle {type_name(value)!r} object")


# cloudpickle would make bytes and text in memory of these: another type than the one that was returned.
_REFUSED: Final[dict[type, Callable[[Any], NoReturn]]] = {memoryview: _refuse, io.TextIOWrapper: _refuse}


@functools.cache
def _exact(pickler: type) -> Any:
    """A class, because the table is read when a pickler is made."""
    return type("ExactPickler", (pickler,), {"dispatch_table": ChainMap(_REFUSED, pickler.dispatch_table)})  # type: ignore[attr-defined]


def save(value: object, store: LocalStore) -> Artifact:
    if type_name(value) in _NEVER:
        raise refused(value)
    try:
        import cloudpickle
    except ModuleNotFoundError as error:
        message = f"{_only_pickled(value)}, and cloudpickle is not installed"
        raise MaterializationError(message, hint="add cloudpickle to the project's requirements, or return plain data") from error
    try:
        with store.create() as writer:
            _exact(cloudpickle.Pickler)(writer, protocol=_PROTOCOL).dump(value)
    except (StoreError, MemoryError):
        raise
    except Exception as error:  # `__reduce__` and `__getstate__` are the user's code
        message = f"a value of type {type_name(value)!r} cannot be pickled: {type(error).__name__}: {error}"
        raise MaterializationError(message, hint=_WAY_OUT) from error
    return Artifact(writer.digest, writer.size, NAME, type=type_name(value), comparable=False)


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    import pickle

    with store.path(artifact.digest).open("rb") as file:
        return pickle.load(file)  # noqa: S301 -- its digest is in a record of this run


def refused(value: object) -> MaterializationError:
    why, way_out = _NEVER[type_name(value)]
    return MaterializationError(f"a value of type {type_name(value)!r} {why}", hint=way_out)


def forbidden(value: object) -> MaterializationError:
    if type_name(value) in _NEVER:
        return refused(value)
    hint = next((_BETTER[name] for name in map(reference, type(value).__mro__) if name in _BETTER), _WAY_OUT)
    return MaterializationError(f"{_only_pickled(value)}, and orch.yaml says `pickle: forbid`", hint=hint)


def forbidden_to_load(artifact: Artifact) -> MaterializationError:
    message = f"the artifact {artifact.digest} is a pickle, loading it could run any code, and orch.yaml says `pickle: forbid`"
    return MaterializationError(message, hint="`orch run --no-cache` runs the step that makes it again, which says what else to return")


def _only_pickled(value: object) -> str:
    reason = instances.problem(value)
    return f"a value of type {type_name(value)!r} can only be pickled{reason and f' ({reason})'}"
