"""What the jobs of a pipeline's execution mode may do that others may not."""

from __future__ import annotations

from orch.model.settings import ExecutionMode
from orch.workflow.model import Permission


def mode_permissions(mode: ExecutionMode) -> tuple[Permission, ...]:
    match mode:
        case ExecutionMode.CONTINUE_ON_FAILURE:
            return ()
        case ExecutionMode.STOP_ON_FAILURE:
            return (Permission("actions", reason="to ask whether another job has failed"),)
        case ExecutionMode.FAIL_FAST:
            return (
                Permission("actions", "write", reason="to ask whether another job has failed, and to cancel the run when this one does"),
            )
