"""What GitHub cannot do: all of it at once."""

from __future__ import annotations

from orch import Push, ResourceSettings, Schedule, pipeline, step


@step(target="mainframe", secrets=["GITHUB_X"])
def far(rows: int) -> int:
    return rows


@step(resources=ResourceSettings(gpu_count=8, memory="640GB"), timeout="7h")
def large(x: int) -> int:
    return x


@step(timeout="7h")
def slow(x: int) -> int:
    return x


@pipeline(triggers=[Push(), Schedule("* * * * *", "Mars/Olympus")], execution_mode="fail_fast")
def refused(rows: int, note: str = "${{ secrets.A }}") -> None:
    slow(large(far(rows)))
