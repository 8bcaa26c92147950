"""The `@pipeline` decorator: tracing a function into a graph, and running it where it is called as a script."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

from orch.authoring import active
from orch.authoring.step import checked, known

if TYPE_CHECKING:
    from orch.authoring.notify import Told
    from orch.model.concurrency import Concurrency
    from orch.model.graph import Graph
    from orch.model.runs import RunRecord
    from orch.model.settings import ExecutionMode
    from orch.model.triggers import Schedule, Trigger

P = ParamSpec("P")
R = TypeVar("R")


class RunFailed(SystemExit):
    """A pipeline called as a script did not succeed; uncaught, it ends Python with the run's exit code."""

    def __init__(self, exit_code: int, record: RunRecord | None) -> None:
        super().__init__(exit_code)
        self.record = record


class PipelineFunction(Generic[P, R]):
    """A decorated function: runs on the active stack when called as a script, is inlined when called in a pipeline."""

    def __init__(self, function: Callable[P, R], options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if active.current.get() is not None:
            return self.function(*args, **kwargs)
        self._refuse_import_run(sys._getframe(1))
        self._launch(args, kwargs)
        return cast("R", None)

    def run(self, *args: P.args, **kwargs: P.kwargs) -> RunRecord:
        """Run on the active stack and return the record; raises RunFailed where the run did not succeed."""
        self._refuse_import_run(sys._getframe(1))
        return self._launch(args, kwargs)

    def graph(self) -> Graph:
        """Trace the pipeline; raises every problem found, at once."""
        from orch.authoring.tracing import trace

        return trace(self)

    def _launch(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> RunRecord:
        from orch.authoring.tracing import bind_parameters, project_of
        from orch.errors import OrchError
        from orch.model.states import State

        try:
            graph = self.graph()
            parameters = bind_parameters(self, graph, args, kwargs)
            record = _launch(graph, project_of(self), parameters)
        except OrchError as error:
            sys.stderr.write(f"{error.told}\n")
            raise RunFailed(error.worst, None) from None
        if record.state is not State.SUCCEEDED:
            raise RunFailed(record.exit_code, record)
        return record

    def _refuse_import_run(self, caller: Any) -> None:
        if caller.f_code.co_name == "<module>" and caller.f_globals.get("__name__") != "__main__":
            from orch.errors import ImportRunError, Where

            hint = f'put the call under `if __name__ == "__main__":`, or type `orch run {caller.f_code.co_filename}`'
            message = f"importing this module would run the pipeline {self.__name__!r}"  # type: ignore[attr-defined]
            raise ImportRunError(message, hint=hint, where=Where(caller.f_code.co_filename, caller.f_lineno))

    def __repr__(self) -> str:
        return f"<pipeline {self.function.__module__}.{self.function.__qualname__}>"


def _launch(graph: Graph, project: Any, parameters: dict[str, object]) -> RunRecord:
    from orch.system import streams
    from orch.system.refusals import refusal

    if sys.stdout is None or sys.stderr is None:
        streams.open_missing()
    try:
        return active.launcher[0](graph, project, parameters)
    except OSError as error:
        raise refusal(error) or error from None


@overload
def pipeline(function: Callable[P, R], /) -> PipelineFunction[P, R]: ...


@overload
def pipeline(
    *,
    name: str | None = None,
    schedule: Schedule | None = None,
    triggers: Sequence[Trigger] = (),
    requirements: str | None = None,
    python: str | None = None,
    execution_mode: ExecutionMode | str = "continue_on_failure",
    concurrency: Concurrency | None = None,
    cache: bool | None = None,
    settings: Mapping[str, Any] | None = None,
    github: Mapping[str, Any] | None = None,
    on_failure: Told | None = None,
    on_success: Told | None = None,
) -> Callable[[Callable[P, R]], PipelineFunction[P, R]]: ...


def pipeline(function: Callable[P, R] | None = None, /, **options: Any) -> Any:
    """Turn a function that calls steps into a pipeline; its parameters become the workflow's inputs.

    `requirements` is a file in the project that lists what the steps need; `python` a version like `3.12`.
    `execution_mode` says what a failure means for steps that do not depend on it, `concurrency` which runs on GitHub wait for each
    other. `cache`, `on_failure` and `on_success` are those of every step that does not say otherwise; what `orch.notify` has is told
    once, of the whole run. `settings={"docker": DockerSettings(...)}` is for the containers of all steps that run in one. `github` has
    keys of the compiled workflow besides orch's own: `run-name`, `env`, `defaults`.
    """
    if function is None:
        return lambda decorated: PipelineFunction(checked(decorated, "pipeline"), _known(options))
    return PipelineFunction(checked(function, "pipeline"), _known(options))


OPTIONS = frozenset(
    {"name", "schedule", "triggers", "requirements", "python", "execution_mode", "cache", "concurrency", "github", "settings"}
    | {"on_failure", "on_success"}
)


def _known(options: dict[str, Any]) -> dict[str, Any]:
    return known(options, OPTIONS, "pipeline")
