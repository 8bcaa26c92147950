"""What can schedule a whole pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FLAVORS: Final[Mapping[str, str]] = {
    "local": "runs the steps on this machine, in parallel by the graph",
    "github": "compiles to a GitHub Actions workflow with one job per step",
}
