"""How tensors lie in memory: which are one, which overlap, in what order their dimensions do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orch.errors import MaterializationError

if TYPE_CHECKING:
    from orch.model.canonical import Json


def same(named: dict[str, Any]) -> dict[str, Json]:
    """The names whose tensor is one that came before, as tied weights are, and the name that it has there."""
    first: dict[object, str] = {}
    found: dict[str, Json] = {}
    for name, tensor in named.items():
        if not tensor.numel():
            continue
        place = (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride(), tensor.is_conj(), tensor.is_neg())
        if place in first:
            found[name] = first[place]
        first.setdefault(place, name)
    return found


def apart(named: dict[str, Any]) -> dict[str, Any]:
    """The values alone, dense and in the order of their dimensions, none in the memory of another."""
    plain = {name: _plain(tensor) for name, tensor in named.items()}
    end = 0
    for name, tensor in sorted(plain.items(), key=lambda item: (item[1].data_ptr(), item[0])):
        if not tensor.numel():
            continue
        start = tensor.data_ptr()
        if start < end:
            plain[name] = tensor.clone()
        end = max(end, start + tensor.numel() * tensor.element_size())
    return plain


def _plain(tensor: Any) -> Any:
    import torch

    found = tensor.detach().resolve_conj().resolve_neg()
    return (torch.view_as_real(found) if found.is_complex() else found).contiguous()


def order(tensor: Any) -> list[int]:
    """The dimensions from the one with the largest strides on, where they lie dense in another order than their own; else nothing."""
    if tensor.is_contiguous():
        return []
    found = sorted(range(tensor.dim()), key=lambda i: (tensor.shape[i] != 1, tensor.shape[i] != 1 and -tensor.stride(i)))
    return found if tensor.permute(found).is_contiguous() else []


def own(tensor: Any, order: Json, number: Json) -> Any:
    """A tensor of a file, in memory of the caller's own, as it lay there before; `number` is the complex dtype that it was of."""
    import torch

    # Before anything else: in a file numbers need not lie where processors like to read them.
    found = tensor.clone(memory_format=torch.contiguous_format)
    found = torch.view_as_complex(found) if number else found
    if number and str(found.dtype) != f"torch.{number}":
        raise _forged(f"{found.dtype} is not torch.{number}")
    if order is None:
        return found
    if type(order) is not list or sorted(order) != list(range(found.dim())):
        raise _forged(f"{order!r} is no order of {found.dim()} dimensions")
    back = sorted(range(len(order)), key=order.__getitem__)
    return found.permute(order).contiguous().permute(back)


def _forged(reason: str) -> MaterializationError:
    return MaterializationError(f"this is not a file of tensors: {reason}", hint="the artifact is damaged or forged")
