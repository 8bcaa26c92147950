"""What somebody may have meant who wrote a name that there is not."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from types import ModuleType

_FROM_ORCH = r"cannot import name '(\w+)' from 'orch'"
_OF_INIT = r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'cache'?`, or nothing."""
    from difflib import get_close_matches  # dear to import, and needed for a mistake only

    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def of_ours(error: BaseException) -> str:
    """The same for a name that one of orch's own objects or modules does not have, as in `step.prodct(...)` or `Push(branch=...)`."""
    if isinstance(error, ImportError) and (found := re.match(_FROM_ORCH, str(error))):
        return did_you_mean(found[1], _public("orch"))
    if isinstance(error, TypeError) and "'function' object does not support the context manager" in str(error):
        return "; a function is called there, as in `with orch.otherwise():`"
    if isinstance(error, TypeError) and (found := re.match(_OF_INIT, str(error))):
        return _of_class(*found.groups())
    if isinstance(error, AttributeError) and isinstance(error.name, str):
        owner = error.obj.__name__ if isinstance(error.obj, ModuleType) else type(error.obj).__module__
        if str(owner).partition(".")[0] == "orch":
            return did_you_mean(error.name, (name for name in dir(error.obj) if not name.startswith("_")))
    return ""


def _of_class(name: str, option: str) -> str:
    if name not in _public("orch"):
        return ""
    import inspect

    takes = list(inspect.signature(getattr(importlib.import_module("orch"), name)).parameters)
    return did_you_mean(option, takes) or f"; it takes {', '.join(takes)}"


def _public(module: str) -> list[str]:
    return dir(importlib.import_module(module))
