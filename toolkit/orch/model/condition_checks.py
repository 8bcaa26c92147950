"""The rules of a step's condition: what it compares exists, is no list, and is made in one place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from orch.errors import GraphError, OrchError, UnknownStepError
from orch.model.bindings import OutputRef, ParameterRef, Value
from orch.model.conditions import leaves
from orch.model.steps import Step

_HINT = "compare in a step that returns True or False, and use that as the condition"


def check_condition(step: Step, steps: Mapping[str, Step], parameters: Collection[str]) -> Iterator[OrchError]:
    for leaf in leaves(step.when) if step.when else ():
        for operand in (leaf.left, leaf.right):
            yield from _check_operand(step.id, operand, steps, parameters)
        if isinstance(leaf.right, OutputRef) and not (isinstance(leaf.left, OutputRef) and leaf.left.step == leaf.right.step):
            message = f"the condition of step {step.id!r} compares {str(leaf.right)!r} with what its step does not know"
            yield GraphError(message, hint=_HINT, step=step.id)


def _check_operand(
    step: str, operand: OutputRef | ParameterRef | Value, steps: Mapping[str, Step], parameters: Collection[str]
) -> Iterator[OrchError]:
    match operand:
        case ParameterRef(name) if name not in parameters:
            yield UnknownStepError(f"the condition of step {step!r} names the parameter {name!r}, which does not exist", step=step)
        case OutputRef(maker, output) if maker not in steps or all(each.name != output for each in steps[maker].outputs):
            yield UnknownStepError(f"the condition of step {step!r} compares {str(operand)!r}, which does not exist", step=step)
        case OutputRef(maker) if steps[maker].fan:
            message = f"the condition of step {step!r} compares {str(operand)!r}, which is the list of what the legs of a mapped step made"
            yield GraphError(message, hint=_HINT, step=step)
        case _:
            pass
