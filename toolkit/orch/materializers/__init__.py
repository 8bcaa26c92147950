"""Python values to objects in a store and back, exactly or not at all; importing this imports no third-party package."""

from __future__ import annotations

from typing import Final

from orch.materializers.choose import load, save

# Values that are files or folders themselves: loading one runs no code of anybody's.
ON_DISK: Final = frozenset({"file", "folder"})

__all__ = ["ON_DISK", "load", "save"]
