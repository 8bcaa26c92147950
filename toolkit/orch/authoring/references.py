"""A step as `file:function`: how a job finds it again, on another machine, without anything pickled."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol

from orch.authoring.annotations import where_defined
from orch.authoring.hooks import Option, takes_error
from orch.authoring.project import Project, portable
from orch.errors import ArgumentError, StepReferenceError, Where


class Decorated(Protocol):
    """A step or a pipeline: the user's function, and what its decorator was told."""

    @property
    def function(self) -> Callable[..., Any]: ...
    @property
    def options(self) -> dict[str, Any]: ...


def file_of(function: Callable[..., Any]) -> Path:
    """The file of the module that holds `function`; raises StepReferenceError where there is none."""
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    if file is None:
        message = f"{function.__name__!r} was not defined in a file, so no other process can find it"
        raise StepReferenceError(message, hint="put it into a module: a .py file", where=where_defined(function))
    return Path(file).resolve()


def source_of(decorated: Decorated, project: Project, what: str) -> str:
    """`path/in/project.py:name` of a decorated step or pipeline."""
    return _source(decorated.function, project, f"@{what}")


def _source(function: Callable[..., Any], project: Project, what: str) -> str:
    file = file_of(function)
    where = where_defined(function)
    if not file.is_relative_to(project.root):
        hint = f"move what {what} takes into {project.root}, or give the folder that holds both a pyproject.toml"
        raise StepReferenceError(f"{function.__name__!r} lies outside the project", hint=hint, where=where)
    if "<locals>" in function.__qualname__ or function.__name__ == "<lambda>":
        hint = f"{what} takes what stands at the top level of a module: move it there"
        raise StepReferenceError(f"{function.__qualname__!r} is defined inside a function or is a lambda", hint=hint, where=where)
    name = _global_name(function)
    if name is None:
        hint = "give it a name of its own at the top level of its module"
        raise StepReferenceError(f"{function.__qualname__!r} is not a name of its module any more", hint=hint, where=where)
    return f"{portable(file, project.root)}:{name}"


def hook_source(hook: object, project: Project, option: Option, where: Where) -> str:
    """`path/in/project.py:name` of the function given as `option`; raises ArgumentError where it is none, or cannot be called as a hook."""
    function = getattr(hook, "function", hook)
    if not isinstance(function, FunctionType):
        hint = "give it a function of the project, defined at the top level of its module, or `orch.notify.issue()`"
        raise ArgumentError(f"{option} is {hook!r}, which is not a function", hint=hint, where=where)
    takes_error(function, option)
    return _source(function, project, option)


def _global_name(function: Callable[..., Any]) -> str | None:
    names = vars(sys.modules[function.__module__])
    own: str = function.__name__
    if _is_same(names.get(own), function):
        return own
    return next((name for name, value in names.items() if _is_same(value, function)), None)


def _is_same(value: object, function: Callable[..., Any]) -> bool:
    return value is function or getattr(value, "function", None) is function
