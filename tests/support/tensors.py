"""What torch has, of the version that is there: float8 came later than the rest."""

from __future__ import annotations

import collections
import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

torch: Any = importlib.import_module("torch")

NUMBERS: Final = "int8 int16 int32 int64 uint8 float16 bfloat16 float32 float64 complex64 complex128".split()
LATER: Final = "uint16 uint32 uint64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz".split()


def numbers(dtype: str) -> Any:
    return torch.tensor([0, 1, 1]).to(getattr(torch, dtype))


def image() -> Any:
    return torch.arange(48.0).reshape(2, 3, 2, 4)


def module() -> Any:
    """With tied weights, buffers, a number of no dimension, and a version that `load_state_dict` asks for."""

    class Tied(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(3, 2)
            self.norm = torch.nn.BatchNorm1d(2)
            self.decoder = torch.nn.Linear(2, 3, bias=False)
            self.decoder.weight = self.embedding.weight

        def forward(self, words: Any) -> Any:
            return self.decoder(self.norm(self.embedding(words)))

    torch.manual_seed(7)
    return Tied()


def trained() -> Any:
    model = module()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.tensor([0, 1, 2])).sum().backward()
    optimizer.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}


def views() -> Any:
    whole = torch.arange(5)
    return {"whole": whole, "part": whole[1:3], "every other": whole[::2]}


def twice() -> Any:
    one = torch.ones(2)
    return {"a": one, "b": one, "c": one.clone()}


def inferred() -> Any:
    with torch.inference_mode():
        return torch.ones(2)


TENSORS: Final[dict[str, Callable[[], Any]]] = {
    **{name: partial(numbers, name) for name in (*NUMBERS, *LATER) if hasattr(torch, name)},
    "bool": lambda: torch.tensor([[True, False]]),
    "complex32": lambda: torch.tensor([[0.0, -1.0]], dtype=torch.float16).view(torch.complex32),
    "not numbers": lambda: torch.tensor([float("nan"), float("inf"), -0.0]),
    "payload": lambda: torch.tensor([0x7FC00001, -1], dtype=torch.int32).view(torch.float32),
    "no dimension": lambda: torch.tensor(1.5),
    "no elements": lambda: torch.zeros(0, 3),
    "transposed": lambda: torch.arange(6).reshape(2, 3).t(),
    "transposed, complex": lambda: torch.tensor([[1j, 2], [3, 4j]]).t(),
    "channels last": lambda: image().contiguous(memory_format=torch.channels_last),
    "one channel, which lies anywhere": lambda: torch.arange(6).as_strided((1, 3, 2), (1, 1, 3)),
    "order of dimensions": lambda: image().permute(2, 0, 3, 1),
    "conjugated": lambda: torch.tensor([1 + 2j, 3]).conj(),
    "negated": lambda: torch.tensor([1 + 2j, 3]).conj().imag,
    "part": lambda: torch.arange(10)[::2],
    "repeated": lambda: torch.tensor([1]).expand(3),
    "inferred": inferred,
    "wants a gradient": lambda: torch.ones(2, requires_grad=True),
    "parameter": lambda: torch.nn.Parameter(torch.ones(2, 3).t()),
    "frozen parameter": lambda: torch.nn.Parameter(torch.ones(2), requires_grad=False),
}
DICTS: Final[dict[str, Callable[[], Any]]] = {
    "names in order": lambda: {"z": torch.ones(2), "a": torch.zeros(1), "ä.b": torch.tensor(1)},
    "OrderedDict": lambda: collections.OrderedDict(b=torch.ones(1), a=torch.ones(1, dtype=torch.float16)),
    "state of a module": lambda: module().state_dict(),
    "parameters of a module": lambda: {**dict(module().named_parameters()), "decoder": module().decoder.weight},
    "checkpoint": trained,
    "views": views,
    "twice": twice,
    "parameter twice": lambda: dict.fromkeys("ab", torch.nn.Parameter(torch.ones(2))),
    "all sorts": lambda: {name: make() for name, make in TENSORS.items()},
    "list": lambda: [torch.ones(1), {"a": torch.zeros(1)}],
    "odd names": lambda: {"__metadata__": torch.ones(1), "\ud800": torch.zeros(1)},
    "empty dict": dict,
}
