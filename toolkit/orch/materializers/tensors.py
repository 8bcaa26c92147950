"""torch tensors as a safetensors file, by the library of that name: one, or a dict of them by name, as `state_dict()` gives.

What is content is in the file: the values, the names in their order, which names are one tensor. What is none (strides, that it
is a parameter and wants a gradient) goes with the record.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from orch.errors import MaterializationError
from orch.materializers import tensor_memory
from orch.materializers.classes import package, type_name
from orch.model import canonical, values
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from pathlib import Path

    from orch.model.canonical import Json
    from orch.stores.local import LocalStore

NAME: Final = "safetensors"
_KEY: Final = "orch"  # of the layout, in the metadata of the file
_ALONE: Final = "tensor"  # the name of one that has none
_FORGED: Final = "the artifact is damaged or forged"
_KINDS: Final[dict[str, Any]] = {"dict": dict, "OrderedDict": OrderedDict}
# Those of the format, and complex numbers, which are pairs of them.
_DTYPES: Final = frozenset(
    "bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 bfloat16 float16 float32 float64 complex32 complex64 complex128"
    " float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz".split()
)


def takes(value: object) -> bool:
    return _is_tensor(value) or is_state_dict(value)


def is_state_dict(value: Any) -> bool:
    """Names and tensors, in a dict; an OrderedDict may have the attribute that torch gives to that of a module."""
    if type(value) not in _KINDS.values() or not value or not all(map(_is_tensor, value.values())):
        return False
    if not all(type(name) is str and name != "__metadata__" and _is_utf8(name) for name in value):
        return False
    attributes = getattr(value, "__dict__", {})
    return not attributes or (list(attributes) == ["_metadata"] and _is_data(attributes["_metadata"]))


def _is_tensor(value: Any) -> bool:
    """Whether a file can hold it, or it is one that is refused; of any other kind (sparse, quantized, nested) it is pickled."""
    torch = sys.modules.get("torch")
    return (
        torch is not None
        and package(type(value)) == "torch"
        and type(value) in (torch.Tensor, torch.nn.Parameter)
        and value.layout is torch.strided
        and not getattr(value, "is_nested", False)
        and _dtype(value) in _DTYPES
        and not value.__dict__
    )


def save(value: Any, store: LocalStore) -> Artifact:
    named = value if type(value) in _KINDS.values() else {_ALONE: value}
    for name, tensor in named.items():
        _check(tensor, "the tensor" if named is not value else f"the tensor {name!r}")
    layout: dict[str, Json] = {"kind": type(value).__name__ if named is value else _ALONE, "names": list(named)}
    if attributes := getattr(named, "__dict__", {}):
        layout["metadata"] = values.encode(attributes["_metadata"])
    same = tensor_memory.same(named)
    stored = {name: tensor for name, tensor in named.items() if name not in same}
    if same:
        layout["same"] = same
    if numbers := {name: _dtype(tensor) for name, tensor in stored.items() if tensor.is_complex()}:
        layout["complex"] = numbers
    digest, size = _write(tensor_memory.apart(stored), layout, store, value)
    return Artifact(digest, size, NAME, type=type_name(value), meta=_beside(named) or None)


def _check(tensor: Any, holder: str) -> None:
    """Raise where something of a tensor is no data; what to do about it is the same for one and for many."""
    if tensor.device.type == "meta":
        raise MaterializationError(f"{holder} has no values: it is on the meta device", hint="return it when it has some")
    if tensor.device.type != "cpu":
        message = f"{holder} is on {str(tensor.device)!r}, which need not be where the next step runs"
        raise MaterializationError(message, hint="move it with .cpu()")
    if not tensor.is_leaf:
        message = f"{holder} was computed from others that want gradients, and what leads to them would be lost"
        raise MaterializationError(message, hint="return it with .detach(), or compute under torch.no_grad()")
    if tensor.grad is not None:
        raise MaterializationError(f"{holder} has a gradient, which would be lost", hint="return it with .detach(), or model.state_dict()")
    if tensor.has_names():
        raise MaterializationError(f"{holder} has names of dimensions, which would be lost", hint="return it with .rename(None)")
    if tensor._backward_hooks:
        raise MaterializationError(f"{holder} has hooks, which would be lost", hint="return it with .detach()")


def _beside(named: dict[str, Any]) -> dict[str, Json]:
    """What of the tensors is no content."""
    torch = sys.modules["torch"]
    found: dict[str, Json] = {
        "order": {name: order for name, tensor in named.items() if (order := tensor_memory.order(tensor))},
        "parameters": [name for name, tensor in named.items() if type(tensor) is torch.nn.Parameter],
        "requires_grad": [name for name, tensor in named.items() if tensor.requires_grad],
    }
    return {what: content for what, content in found.items() if content}


def _write(stored: dict[str, Any], layout: Json, store: LocalStore, value: object) -> tuple[str, int]:
    save_file, could_not_write = _library(value)
    metadata = {_KEY: canonical.dumps(layout)}  # one alone: the library gives several no order
    try:
        return store.put_written(lambda path: save_file(stored, path, metadata))
    except could_not_write as error:
        hint = "make room there, or make it a folder that may be written to"
        raise MaterializationError(f"safetensors cannot write to the store {str(store.root)!r}: {error}", hint=hint) from error


def _library(value: object) -> tuple[Any, type[Exception]]:
    try:
        import numpy as np  # noqa: F401 -- which the library asks for when it saves
        from safetensors import SafetensorError
        from safetensors.torch import save_file
    except ModuleNotFoundError as error:
        message = f"a value of type {type_name(value)!r} is stored by safetensors, and {error.name} is not installed"
        raise MaterializationError(message, hint=f"add {error.name} to the project's requirements") from error
    return save_file, SafetensorError


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:  # noqa: ARG001 -- every materializer has it
    from safetensors import SafetensorError, safe_open

    meta: dict[str, Any] = artifact.meta or {}
    try:
        with safe_open(store.path(artifact.digest), framework="pt") as file:
            layout = canonical.loads((file.metadata() or {})[_KEY])
            names, same = layout["names"], layout.get("same", {})
            if sorted(file.keys()) != sorted(set(names) - set(same)) or not set(same.values()) <= set(file.keys()):
                raise _damaged("its names are not those of its tensors")
            orders, numbers = meta.get("order", {}), layout.get("complex", {})
            stored = {
                name: tensor_memory.own(file.get_tensor(name), orders.get(name), numbers.get(name)) for name in names if name not in same
            }
    except (SafetensorError, KeyError, ValueError) as error:
        raise _damaged(f"{type(error).__name__}: {error}") from error
    made = {name: _made(stored[same.get(name, name)], name, meta, shared=name in same) for name in names}
    if layout["kind"] == _ALONE:
        return made[_ALONE]
    found = _KINDS[layout["kind"]](made)
    if "metadata" in layout:
        found._metadata = values.decode(layout["metadata"])
    return found


def _made(tensor: Any, name: str, meta: dict[str, Any], *, shared: bool) -> Any:
    import torch

    found = tensor.detach() if shared else tensor
    requires_grad = name in meta.get("requires_grad", ())
    if name in meta.get("parameters", ()):
        return torch.nn.Parameter(found, requires_grad=requires_grad)
    return found.requires_grad_() if requires_grad else found


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_data(value: object) -> bool:
    try:
        values.encode(value)
    except (values.NotPlain, RecursionError):
        return False
    return True


def _damaged(reason: str) -> MaterializationError:
    return MaterializationError(f"this is not a file of tensors: {reason}", hint=_FORGED)
