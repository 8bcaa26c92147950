"""The pipeline on this machine: steps in dependency order, in worker processes."""

from __future__ import annotations

from orch.orchestrators.local.preflight import default_jobs
from orch.orchestrators.local.run import run

__all__ = ["default_jobs", "run"]
