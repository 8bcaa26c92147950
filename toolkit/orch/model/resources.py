"""What a step needs of its machine. Names are ZenML's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from orch.model.canonical import Json
from orch.model.graph_file import NUMBER, TEXT, WHOLE, Keys

_UNITS: Final[dict[str, int]] = {"B": 1} | {
    f"{letter}{suffix}": base**power for power, letter in enumerate("KMGTP", start=1) for suffix, base in (("B", 1000), ("iB", 1024))
}
_MEMORY: Final = r"([0-9]+)\s*(" + "|".join(_UNITS) + r")"
_KEYS: Final = Keys("resources", {}, {"cpu_count": NUMBER, "gpu_count": WHOLE, "memory": TEXT})


def memory_bytes(text: str) -> int:
    """Bytes of `8GB`, `512MiB`; raises ValueError."""
    found = re.fullmatch(_MEMORY, text)
    if not found:
        raise ValueError(f"{text!r} is not an amount of memory like '8GB' or '512MiB'")
    return int(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """What a step needs of its machine. `memory` is text with a unit, as `8GB` or `512MiB`."""

    cpu_count: float | None = None
    gpu_count: int | None = None
    memory: str | None = None

    def __post_init__(self) -> None:
        if self.cpu_count is not None and not self.cpu_count > 0:
            raise ValueError(f"cpu_count is {self.cpu_count!r}, expected more than 0")
        if self.gpu_count is not None and not (type(self.gpu_count) is int and self.gpu_count >= 0):
            raise ValueError(f"gpu_count is {self.gpu_count!r}, expected a whole number from 0")
        if self.memory is not None:
            memory_bytes(self.memory)

    def to_json(self) -> Json:
        names = ("cpu_count", "gpu_count", "memory")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @classmethod
    def from_json(cls, data: Json) -> ResourceSettings:
        _KEYS.check(data)
        return cls(**data)
