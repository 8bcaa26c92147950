"""Python values to objects in a store and back, exactly or not at all; importing this imports no third-party package."""

from __future__ import annotations

from orch.materializers.choose import load, save

__all__ = ["load", "save"]
