"""How often Python looks for garbage in cycles: seldom where we load and decide, which leaves next to none; as ever for users' code."""

from __future__ import annotations

import atexit
import gc
from typing import Final

_PYTHONS_OWN: Final = gc.get_threshold() if hasattr(gc, "freeze") else None  # PyPy collects in another way
# New objects between two looks. What is imported and built lasts as long as the process, so that each look at all of it is in vain.
# Of a step of a run some thirty are left: without the first look, a long chain takes no longer a step than a short one.
_SELDOM: Final = (500_000, 20, 100)


def collect_seldom() -> None:
    """For a process that loads, decides and ends: not at its end either, where Python would look at everything several times."""
    if _PYTHONS_OWN:
        gc.set_threshold(*_SELDOM)
        atexit.register(gc.freeze)


def collect_as_ever() -> None:
    """Before code of the user's begins; what was made until now is not looked at again."""
    if _PYTHONS_OWN:
        gc.freeze()
        gc.set_threshold(*_PYTHONS_OWN)
