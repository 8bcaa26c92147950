"""Artifact stores that a URL names, as the other side of the folder store."""

from __future__ import annotations

from orch.transports.open import open_transport

__all__ = ["open_transport"]
