"""The `with when(...)` blocks of a pipeline that is traced: which conditions a step is called under, and which outputs join again."""

from __future__ import annotations

from types import FrameType
from typing import Any, Final

from orch.authoring.comparing import condition_of
from orch.authoring.futures import ChoiceFuture, Future, OutputFuture, shown
from orch.authoring.places import calling_place
from orch.authoring.project import Project
from orch.errors import ArgumentError, ConditionError, OrchError, UnknownStepError, Where
from orch.model.conditions import Condition, all_of, negated

_WITH: Final = "write `with orch.when(...):` around the steps that depend on it"


class Block:
    """`with when(...)`: the steps called inside run only if the condition is true. Outside of a pipeline there are none."""

    def __init__(self, blocks: Blocks, condition: Condition | None, where: Where, frame: FrameType | None) -> None:
        self._blocks = blocks
        self.condition = condition
        self.where = where
        self.frame = frame
        self.is_used = False

    def __enter__(self) -> None:
        self.is_used = True
        self._blocks.opened.append(self)

    def __exit__(self, *_error: object) -> None:
        self._blocks.opened.remove(self)
        self._blocks.last = self


class Blocks:
    """The conditions around the calls of one tracing; `problems` is where it notes what is wrong."""

    def __init__(self, trace: object, project: Project, problems: list[OrchError]) -> None:
        self.trace = trace
        self.project = project
        self.problems = problems
        self.opened: list[Block] = []
        self.made: list[Block] = []
        self.last: Block | None = None  # the `when` that an `otherwise` would belong to

    def when(self, condition: object, frame: FrameType | None) -> Block:
        return self._block(self.condition(condition, calling_place(self.project)), frame)

    def otherwise(self, frame: FrameType | None) -> Block:
        before, self.last = self.last, None
        if before is None or before.frame is not frame:
            hint = "put `with orch.otherwise():` directly below the block of a `with orch.when(...):`"
            self.problems.append(ConditionError("otherwise() follows no when(...)", hint=hint, where=calling_place(self.project)))
            return self._block(None, None)
        return self._block(None if before.condition is None else negated(before.condition), None)

    def either(self, values: tuple[object, ...], report: Any) -> Future:
        where = calling_place(self.project)
        items: list[OutputFuture] = []
        for value in values:
            match value:
                case ChoiceFuture():
                    items += value._orch_items
                case OutputFuture(_orch_output=str()) if value._orch_trace is self.trace:
                    items.append(value)
                case OutputFuture(_orch_output=str()):
                    message = f"either() got {value._orch_what} of another pipeline run"
                    self.problems.append(UnknownStepError(message, hint="call that step in this pipeline", where=where))
                case _:
                    hint = "pass outputs of steps; a step without outputs is waited for with after=[...]"
                    message = f"either() chooses between outputs of steps, and {shown(value)} is none"
                    self.problems.append(ArgumentError(message, hint=hint, where=where))
        found = tuple(dict.fromkeys(items))
        if not values or (len(found) < 2 and len(items) == len(values)):
            got = "none" if not values else "one" if len(values) == 1 else f"{found[0]._orch_what} {len(values)} times"
            hint = "pass the outputs of all branches, the first that is to be taken first"
            self.problems.append(ArgumentError(f"either() chooses between two outputs or more, and got {got}", hint=hint, where=where))
        return ChoiceFuture(report, found)

    def around(self, own: object, where: Where) -> Condition | None:
        """The condition of a step that is called here, with its `own` from `when=`."""
        self.last = None
        conditions = [block.condition for block in self.opened if block.condition is not None]
        if own is not None and (condition := self.condition(own, where)) is not None:
            conditions.append(condition)
        return all_of(*conditions) if conditions else None

    def condition(self, written: object, where: Where) -> Condition | None:
        try:
            return condition_of(written, self.trace)
        except OrchError as error:
            error.where = where
            self.problems.append(error)
            return None

    def finish(self) -> None:
        """After the pipeline function: a condition that nothing hangs on is a mistake."""
        self.last = None
        for block in self.made:
            if not block.is_used:
                self.problems.append(ConditionError("a condition is made here, and no step depends on it", hint=_WITH, where=block.where))

    def _block(self, condition: Condition | None, frame: FrameType | None) -> Block:
        block = Block(self, condition, calling_place(self.project), frame)
        self.made.append(block)
        return block
