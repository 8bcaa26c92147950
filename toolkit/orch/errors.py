"""Every error a user can meet, in one place: what happened, where, and what to type next.

Exit codes (frozen): 0 ok, 1 a step failed, 2 usage or settings, 3 invalid pipeline or findings, 4 drift,
5 target, store or server unreachable, 70 a bug of ours, 130 cancelled. Each `code` is the anchor of its
heading in `docs/errors.md`; a test holds both promises.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar, NamedTuple


class ExitCode(IntEnum):
    OK = 0
    STEP_FAILED = 1
    USAGE = 2
    INVALID = 3
    DRIFT = 4
    UNREACHABLE = 5
    BUG = 70
    CANCELLED = 130


class Where(NamedTuple):
    """A place in a file of the user's; `line` counts from 1, 0 means the file as a whole."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class OrchError(Exception):
    """Trouble that the user can mend. `hint` is the next thing to type or do."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "", where: Where | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    @property
    def problems(self) -> tuple[OrchError, ...]:
        """The errors that this one stands for: itself, unless several were found together."""
        return (self,)

    @property
    def worst(self) -> ExitCode:
        return max(problem.exit_code for problem in self.problems)

    def __str__(self) -> str:
        return self._text("")

    @property
    def told(self) -> str:
        """As on a terminal without colours, for what may not import the command line."""
        return "\n".join(problem._text("error: ") for problem in self.problems)

    def _text(self, word: str) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n  help: {self.hint}" if self.hint else ""
        return f"{place}{word}{self.message} [{self.code}]{hint}"


class Problems(OrchError):
    """Several errors found together, so that a user mends them in one go."""

    code = "problems"

    def __init__(self, problems: Iterable[OrchError]) -> None:
        self._problems = tuple(each for problem in problems for each in problem.problems)
        super().__init__(f"{len(self._problems)} problems")

    @property
    def problems(self) -> tuple[OrchError, ...]:
        return self._problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def raise_problems(problems: Iterable[OrchError]) -> None:
    """Raise nothing, the one problem itself, or all of them as `Problems`."""
    found = tuple(problems)
    if len(found) == 1:
        raise found[0]
    if found:
        raise Problems(found)


# --- usage and settings (2) ---


class UsageError(OrchError):
    """A command line that cannot be carried out as typed."""

    code = "usage"


class SettingsError(OrchError):
    """`orch.yaml` or the environment says something that cannot be used."""

    code = "settings"


class FileNameError(OrchError):
    """A file or folder whose name other machines, or the texts that must name it, cannot hold."""

    code = "file-name"


class ParameterError(OrchError):
    """A value for a pipeline's parameter that its type does not take, or a parameter that does not exist."""

    code = "parameter"


class SecretError(OrchError):
    """A declared secret that is not set where the step would run."""

    code = "secret-missing"


class SecretsFileError(OrchError):
    """A `.env.orch` that cannot be read, or that others could read."""

    code = "secrets-file"


# --- invalid pipeline or findings (3) ---


class PipelineError(OrchError):
    """A pipeline that cannot be turned into a graph."""

    code = "pipeline"
    exit_code = ExitCode.INVALID


class LoadError(PipelineError):
    """A module that cannot be loaded, or that holds no pipeline of that name."""

    code = "load"


class ImportRunError(PipelineError):
    """A pipeline that would run because its module was imported."""

    code = "run-on-import"


class GraphError(PipelineError):
    """A graph that breaks a rule of its own: unknown name, duplicate, bad value. `step` is the id it concerns, if one."""

    code = "graph"

    def __init__(self, message: str, *, hint: str = "", where: Where | None = None, step: str = "") -> None:
        super().__init__(message, hint=hint, where=where)
        self.step = step


class CycleError(GraphError):
    """Steps that wait for each other."""

    code = "graph-cycle"


class DuplicateStepError(GraphError):
    """Two steps of one pipeline under one id."""

    code = "step-duplicate"


class UnknownStepError(GraphError):
    """A reference to a step or output that the pipeline does not have."""

    code = "step-unknown"


class ArgumentError(PipelineError):
    """A step call whose arguments do not fit the step's signature or types."""

    code = "argument"


class MapError(PipelineError):
    """A step that is to run once for each item of what is no list, or of lists that do not go together."""

    code = "map"


class SerializationError(PipelineError):
    """A parameter that cannot be written into the graph."""

    code = "not-serializable"


class FutureValueError(PipelineError):
    """A step's output or a pipeline's parameter used as a value while the graph is built."""

    code = "value-not-known-yet"


class ConditionError(PipelineError):
    """A condition of `orch.when` that compares what cannot be compared, or that nothing hangs on."""

    code = "condition"


class StepReferenceError(PipelineError):
    """A step that a job could not find again as `file:function`."""

    code = "step-reference"


class FilesError(PipelineError):
    """A `files=[...]` of a step that matches nothing, leads out of the project, or cannot be read."""

    code = "files"


class UnsupportedError(PipelineError):
    """Something asked of a target or of GitHub that it cannot do."""

    code = "unsupported"


class LimitError(PipelineError):
    """A limit of GitHub's that the generated workflow would break."""

    code = "limit"


class UnreleasedActionError(PipelineError):
    """A generated workflow whose `uses:` of our own action is the placeholder from before the first release."""

    code = "unreleased-action"


class PinError(OrchError):
    """A pin that nobody should rely on without a look: a tag that moved, no full commit, an action that is none of ours."""

    code = "pin"
    exit_code = ExitCode.INVALID


# --- drift (4) ---


class DriftError(OrchError):
    """A generated file that is not what its source compiles to."""

    code = "drift"
    exit_code = ExitCode.DRIFT


# --- a step failed (1) ---


class StepError(OrchError):
    """A step that did not succeed."""

    code = "step-failed"
    exit_code = ExitCode.STEP_FAILED


class InputMissingError(StepError):
    """An input of a step that no producer delivered."""

    code = "input-missing"


class MaterializationError(StepError):
    """A value that cannot be stored, or not read back, without changing it."""

    code = "materialization"


# --- unreachable (5) ---


class StoreError(OrchError):
    """Bytes that are absent from the store, or not the bytes their digest names."""

    code = "store"
    exit_code = ExitCode.UNREACHABLE


class RemoteError(OrchError):
    """A server that a command or a job asks over the network, and that does not answer or refuses.

    `status` is that of its answer; 0 where there was none.
    """

    code = "remote"
    exit_code = ExitCode.UNREACHABLE

    def __init__(self, message: str, *, hint: str = "", where: Where | None = None, status: int = 0) -> None:
        super().__init__(message, hint=hint, where=where)
        self.status = status


class ToolMissingError(OrchError):
    """A program that a command needs and that is not on this machine."""

    code = "tool-missing"
    exit_code = ExitCode.UNREACHABLE


class ToolFailedError(OrchError):
    """A program that a command needs, and that ended in a way that says nothing about the steps."""

    code = "tool-failed"
    exit_code = ExitCode.UNREACHABLE


class TargetError(OrchError):
    """Where a step was to run, it could not, or what became of it there cannot be known."""

    code = "target"
    exit_code = ExitCode.UNREACHABLE


class EngineError(TargetError):
    """The engine that runs containers does not answer."""

    code = "engine"


class ImageError(TargetError):
    """An image that is not there, or that no step can run in."""

    code = "image"


class RegistryError(TargetError):
    """A registry that does not hand out an image."""

    code = "registry"


class DiskFullError(TargetError):
    """The engine has no room left for a container."""

    code = "disk-full"


class RecordError(OrchError):
    """A record that is absent, damaged, or of a schema newer than this toolkit reads."""

    code = "record"
