"""A display inside a GitHub Actions job: what steps print cannot command the runner, and failures become annotations."""

from __future__ import annotations

from typing import TextIO

from orch.cli.display.contract import Display
from orch.cli.display.ending import reason_of
from orch.model.events import Event, RunEnded
from orch.model.runs import RunRecord
from orch.runtime.runner import annotation, hook_annotation, new_token, resume_commands, stop_commands


class Guard:
    def __init__(self, display: Display, stream: TextIO) -> None:
        self._display = display
        self._stream = stream
        self._token = new_token()
        self._ended: RunRecord | None = None
        print(stop_commands(self._token), file=stream, flush=True)

    def __call__(self, event: Event, /) -> None:
        self._display(event)
        if isinstance(event, RunEnded):
            self._ended = event.record

    def close(self) -> None:
        self._display.close()
        print(resume_commands(self._token), file=self._stream)
        for step in self._ended.steps if self._ended else ():
            if failure := step.failure:
                title = f"{step.step} failed"
                message = annotation("error", reason_of(step), file=failure.file, line=failure.line, title=title)
                print(message, file=self._stream)
            if step.hook:
                print(hook_annotation(step.step, step.hook), file=self._stream)
        self._stream.flush()
