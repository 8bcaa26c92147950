"""A step that runs once for each item of its inputs: which of them vary, and how they are combined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orch.errors import GraphError
from orch.model.canonical import Json
from orch.model.graph_file import FLAG, TEXTS, WHOLE, Keys

_FAN: Final = Keys("a fan", {"over": TEXTS}, {"product": FLAG, "max_parallel": WHOLE, "max_items": WHOLE})


@dataclass(frozen=True, slots=True)
class Fan:
    """The inputs named by `over` are lists, of which each leg gets one item: the first of each, the second of each, and so on, or
    with `product` every combination, in the order of nested loops. At most `max_parallel` legs run at a time, and
    more than `max_items` are a mistake, where these are given."""

    over: tuple[str, ...]
    product: bool = False
    max_parallel: int | None = None
    max_items: int | None = None

    def __post_init__(self) -> None:
        if not self.over or len(set(self.over)) < len(self.over):
            raise GraphError(f"a fan is over {list(self.over)!r}, expected the names of one or more inputs")
        for name in ("max_parallel", "max_items"):
            if (most := getattr(self, name)) is not None and most < 1:
                raise GraphError(f"{name} is {most}, expected 1 or more")

    def to_json(self) -> Json:
        data: dict[str, Json] = {"over": list(self.over)}
        if self.product:
            data["product"] = True
        if self.max_parallel is not None:
            data["max_parallel"] = self.max_parallel
        if self.max_items is not None:
            data["max_items"] = self.max_items
        return data

    @classmethod
    def from_json(cls, data: Json) -> Fan:
        _FAN.check(data)
        return cls(tuple(data["over"]), data.get("product", False), data.get("max_parallel"), data.get("max_items"))
