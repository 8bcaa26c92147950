"""What a hook may take, asked when the pipeline is traced and again before the hook is called, and the error that it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

from orch.authoring.annotations import where_defined
from orch.errors import ArgumentError
from orch.model.records import Failure

Option = Literal["on_failure", "on_success"]
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


class StepFailed(Exception):
    """Why a step failed, as its `on_failure` hook gets it: made anew from the record, since the step's process may be gone.

    `failure` has the cause, the message, the type's name, the traceback as text, and the place in the user's file.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.type}: {failure.message}" if failure.type else failure.message)
        self.failure = failure


def takes_error(hook: Callable[..., Any], option: Option) -> bool:
    """Whether `hook` is called with the error; raises ArgumentError where it cannot be called as a hook of this kind."""
    name, where = hook.__name__, where_defined(hook)
    if inspect.iscoroutinefunction(hook) or inspect.isasyncgenfunction(hook) or inspect.isgeneratorfunction(hook):
        message = f"{option} is {name!r}, an async function or a generator: a call of it would do nothing"
        raise ArgumentError(message, hint="make it a plain function, that may end with asyncio.run(...)", where=where)
    parameters = inspect.signature(hook).parameters.values()
    takes = option == "on_failure" and any(parameter.kind in _POSITIONAL for parameter in parameters)
    try:
        inspect.signature(hook).bind(*([None] if takes else []))
    except TypeError as error:
        given = "one argument, the error, or none" if option == "on_failure" else "no argument"
        hint = f"{option} is called with {given}: give every other parameter a default"
        raise ArgumentError(f"{option} cannot call {name!r}: {error}", hint=hint, where=where) from None
    return takes
