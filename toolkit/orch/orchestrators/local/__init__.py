"""The pipeline on this machine: steps in dependency order, in worker processes."""

from __future__ import annotations

from orch.orchestrators.local.run import default_jobs, run

__all__ = ["default_jobs", "run"]
