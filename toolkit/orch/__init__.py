"""orch: Python pipelines as GitHub Actions workflows, one job per step.

Importing costs next to nothing and does nothing: names are loaded when they are first used, all of them from the
standard-library part of the package.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from orch.authoring import notify
    from orch.authoring.conditions import either, otherwise, when
    from orch.authoring.fan import unmapped
    from orch.authoring.hooks import StepFailed
    from orch.authoring.pipeline import RunFailed, pipeline
    from orch.authoring.step import step
    from orch.errors import OrchError
    from orch.materializers.registered import materializer
    from orch.model.concurrency import Concurrency
    from orch.model.docker import DockerSettings
    from orch.model.parameters import Environment
    from orch.model.resources import ResourceSettings
    from orch.model.retry import StepRetryConfig
    from orch.model.runs import RunRecord
    from orch.model.settings import ExecutionMode
    from orch.model.triggers import MergeGroup, PullRequest, Push, RepositoryDispatch, Schedule, WorkflowCall
    from orch.runtime.context import Context, context, log_metadata

__version__: Final = "0.1.0"

__all__ = [
    "Concurrency",
    "Context",
    "DockerSettings",
    "Environment",
    "ExecutionMode",
    "MergeGroup",
    "OrchError",
    "PullRequest",
    "Push",
    "RepositoryDispatch",
    "ResourceSettings",
    "RunFailed",
    "Schedule",
    "StepFailed",
    "StepRetryConfig",
    "WorkflowCall",
    "__version__",
    "context",
    "either",
    "log_metadata",
    "materializer",
    "notify",
    "otherwise",
    "pipeline",
    "step",
    "unmapped",
    "when",
]

_HOME: Final = {
    "Concurrency": "orch.model.concurrency",
    "Context": "orch.runtime.context",
    "DockerSettings": "orch.model.docker",
    "Environment": "orch.model.parameters",
    "ExecutionMode": "orch.model.settings",
    "MergeGroup": "orch.model.triggers",
    "OrchError": "orch.errors",
    "PullRequest": "orch.model.triggers",
    "Push": "orch.model.triggers",
    "RepositoryDispatch": "orch.model.triggers",
    "ResourceSettings": "orch.model.resources",
    "RunFailed": "orch.authoring.pipeline",
    "Schedule": "orch.model.triggers",
    "StepFailed": "orch.authoring.hooks",
    "StepRetryConfig": "orch.model.retry",
    "WorkflowCall": "orch.model.triggers",
    "context": "orch.runtime.context",
    "either": "orch.authoring.conditions",
    "log_metadata": "orch.runtime.context",
    "materializer": "orch.materializers.registered",
    "notify": "orch.authoring.notify",
    "otherwise": "orch.authoring.conditions",
    "pipeline": "orch.authoring.pipeline",
    "step": "orch.authoring.step",
    "unmapped": "orch.authoring.fan",
    "when": "orch.authoring.conditions",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        error = AttributeError(f"module 'orch' has no attribute {name!r}")
        # Not as arguments: the Python of a runner, which asks for `orch.names` alone, may be older.
        error.name, error.obj = name, sys.modules[__name__]
        raise error
    module = importlib.import_module(home)
    value = module if name == "notify" else getattr(module, name)
    if name == "pipeline":
        _install_launcher()
    globals()[name] = value
    return value


def _install_launcher() -> None:
    """Calling a pipeline as a script runs it, and running stands above authoring: so the way there is handed down."""
    from orch.authoring import active

    def launch(graph: Any, project: Any, parameters: dict[str, object]) -> RunRecord:
        from orch.cli.run import run_graph

        return run_graph(graph, project, parameters)

    active.launcher[:] = [launch]


def __dir__() -> list[str]:
    return sorted(__all__)
