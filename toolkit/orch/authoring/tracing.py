"""Calling a pipeline function once, with futures for its parameters, gives its graph; all mistakes are reported at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, get_args

from orch.authoring import active, notify, typecheck
from orch.authoring.annotations import Signature, read_signature, where_defined
from orch.authoring.blocks import Blocks
from orch.authoring.fan import Limits, Spread, Unmapped, limits_of
from orch.authoring.futures import ChoiceFuture, ConditionFuture, Future, MappedFuture, OutputFuture, ParameterFuture, Truth, silent
from orch.authoring.hooks import Option
from orch.authoring.never import never_run
from orch.authoring.options import pipeline_docker, pipeline_table, python_version, step_settings
from orch.authoring.places import calling_place, from_git_root, raising_place, told
from orch.authoring.project import Project, check_divided_by_slashes, find_project, portable
from orch.authoring.references import Decorated, file_of, hook_source, source_of
from orch.authoring.step import StepFunction
from orch.errors import (
    ArgumentError,
    DuplicateStepError,
    FutureValueError,
    GraphError,
    MapError,
    OrchError,
    ParameterError,
    PipelineError,
    SerializationError,
    UnknownStepError,
    Where,
    raise_problems,
)
from orch.model import values
from orch.model.concurrency import Concurrency
from orch.model.graph import Binding, Choice, Graph, OutputRef, ParameterRef, Sequence, Step, Table, Value
from orch.model.notices import Notice
from orch.model.parameters import Parameter, ParameterType, resolve, type_of
from orch.model.settings import ExecutionMode, StepSettings
from orch.model.triggers import Schedule, Trigger
from orch.names import is_taken, pipeline_name_problem, step_id_problem, suggest_id

if TYPE_CHECKING:
    from orch.model.docker import DockerSettings

_OF_CALL: Final = ("id", "after", "when")  # options of one call, unless the step has arguments of these names


def project_of(pipeline: Decorated) -> Project:
    return find_project(file_of(pipeline.function))


def trace(pipeline: Decorated) -> Graph:
    """The graph of `pipeline`; raises every problem of its steps and arguments."""
    return Trace(pipeline).run()


def bind_parameters(pipeline: Decorated, graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, object]:
    """The values of a Python call of the pipeline, with defaults; raises ParameterErrors."""
    try:
        bound = read_signature(pipeline.function).parameters.bind_partial(*args, **kwargs)
    except TypeError as error:
        raise ParameterError(f"{graph.pipeline}(): {error}") from None
    return resolve(graph.parameters, bound.arguments)


class Trace:
    """One tracing of one pipeline: the steps called so far, and all that is wrong with them."""

    def __init__(self, pipeline: Decorated) -> None:
        self.pipeline = pipeline
        self.project = project_of(pipeline)
        self.steps: list[Step] = []
        self.places: dict[str, Where] = {}
        self.taken: set[str] = set()
        self.numbers: dict[str, Iterator[int]] = {}
        self.problems: list[OrchError] = []
        self.blocks = Blocks(self, self.project, self.problems)
        self.signatures: dict[object, Signature | None] = {}
        self.sources: dict[object, str] = {}
        self.hooks: dict[tuple[str, int], str | None] = {}
        self.settings: dict[StepFunction[..., Any], StepSettings] = {}
        self.notices: list[Notice] = []
        self.docker: DockerSettings | None = None

    # --- the pipeline as a whole ---

    def run(self) -> Graph:
        options = self.pipeline.options
        name = _first(options.get("name"), self.pipeline.function.__name__)
        where = from_git_root(where_defined(self.pipeline.function), self.project)
        source = self._attempt(lambda: source_of(self.pipeline, self.project, "pipeline")) or ""
        if problem := pipeline_name_problem(name):
            hint = f"@pipeline(name={suggest_id(f'{name}_pipeline' if is_taken(name) else name or self.pipeline.function.__name__)!r})"
            self.problems.append(GraphError(f"pipeline name {problem}", hint=hint, where=where))
        self.docker = self._attempt(lambda: pipeline_docker(options.get("settings"), where))
        signature = self._attempt(lambda: read_signature(self.pipeline.function))
        parameters = self._parameters(signature, where) if signature else ()
        self._call(signature, where)
        if not self.steps and not self.problems:
            self.problems.append(GraphError(f"pipeline {name!r} has no steps", hint="call a @step in it", where=where))
        self._check_after()
        self.problems += never_run(self.steps, self.places)
        self._note(options, (), where)
        raise_problems(self.problems)
        try:
            return Graph(
                pipeline=name,
                source=source,
                steps=tuple(self.steps),
                parameters=parameters,
                triggers=self._triggers(options, where),
                project=self.project.name,
                requirements=self._requirements(options.get("requirements"), where),
                python=python_version(options.get("python"), where),
                execution_mode=_execution_mode(options.get("execution_mode"), where),
                concurrency=_concurrency(options.get("concurrency"), where),
                notices=notify.merged(self.notices),
                github=pipeline_table(options.get("github"), where),
            )
        except GraphError as error:
            error.where = error.where or self.places.get(error.step, where)
            raise

    def _call(self, signature: Signature | None, where: Where) -> None:
        if signature is None:
            return
        arguments = {name: self._parameter_future(name, signature) for name in signature.parameters.parameters}
        token = active.current.set(self)
        try:
            self.pipeline.function(**arguments)
        except OrchError as error:
            self.problems.append(error)
        except Exception as error:  # noqa: BLE001 (user code)
            # After a reported problem, an exception is most likely its consequence: only the cause is worth showing.
            if not self.problems:
                message = f"building the pipeline raised {told(error)}"
                hint = "mend what stands there; whatever computes something is better a step"
                place = raising_place(error, error.__traceback__, self.project) or where
                self.problems.append(PipelineError(message, hint=hint, where=place))
        finally:
            active.current.reset(token)
        if not self.problems:
            self.blocks.finish()

    def _parameter_future(self, name: str, signature: Signature) -> ParameterFuture:
        return ParameterFuture(f"parameter {name!r}", self.report_use, name, signature.hints.get(name, Any))

    def _parameters(self, signature: Signature, where: Where) -> tuple[Parameter, ...]:
        parameters = []
        for parameter in signature.parameters.parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                message = f"parameter {str(parameter)!r} has no name that an input could have"
                self.problems.append(ArgumentError(message, hint="give each input a plain parameter", where=where))
                continue
            made = self._attempt(lambda p=parameter: _parameter(p, signature, where))
            if made:
                parameters.append(made)
        return tuple(parameters)

    def _triggers(self, options: Mapping[str, Any], where: Where) -> tuple[Trigger, ...]:
        schedule = options.get("schedule")
        if schedule and not isinstance(schedule, Schedule):
            hint = "as schedule=Schedule('30 2 * * *', timezone='Europe/Berlin'); several stand in triggers=[...]"
            raise PipelineError(f"schedule is {schedule!r}, expected a Schedule(...)", hint=hint, where=where)
        triggers = [*([schedule] if schedule else []), *options.get("triggers", ())]
        for trigger in triggers:
            if not isinstance(trigger, Trigger):
                hint = f"triggers are {', '.join(f'{kind.__name__}(...)' for kind in get_args(Trigger))}"
                raise PipelineError(f"{trigger!r} is not a trigger", hint=hint, where=where)
        return tuple(triggers)

    def _requirements(self, requirements: str | None, where: Where) -> str | None:
        """`requirements` as a POSIX path from the project root; it is read beside the pipeline's file, then from the root."""
        if requirements is None:
            return None
        check_divided_by_slashes(requirements, "requirements", where)
        for folder in (file_of(self.pipeline.function).parent, self.project.root):
            with suppress(OSError, ValueError):  # no system has files of such a name
                file = (folder / requirements).resolve()
                if file.is_file() and file.is_relative_to(self.project.root):
                    return portable(file, self.project.root)
        message = f"requirements {requirements!r} is not a file of the project"
        raise PipelineError(message, hint=f"write it below {self.project.root}", where=where)

    def _check_after(self) -> None:
        known = {step.id for step in self.steps}
        for step in self.steps:
            for name in step.after:
                if name not in known:
                    hint = f"steps are {', '.join(sorted(known))}"
                    message = f"step {step.id!r} comes after {name!r}, which does not exist"
                    self.problems.append(UnknownStepError(message, hint=hint, where=self.places[step.id]))

    # --- one call of a step ---

    def call_step(self, step: StepFunction[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        return self._add(step, args, kwargs, None)

    def map_step(self, step: StepFunction[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], *, product: bool) -> Any:
        return self._add(step, args, kwargs, Spread(product=product))

    def _add(self, step: StepFunction[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], spread: Spread | None) -> Any:
        where = calling_place(self.project)
        signature = self._signature(step)
        if signature is None:
            return silent(f"the output of step {step.function.__name__!r}")
        names = signature.parameters.parameters
        options = step.options | {name: kwargs[name] for name in _OF_CALL if name in kwargs and name not in names}
        arguments = {name: value for name, value in kwargs.items() if name in names or name not in _OF_CALL}
        step_id = self._step_id(step, options, where)
        inputs = self._inputs(step_id, signature, args, arguments, where, spread)
        source = self.sources.get(step.function)
        if source is None:
            source = self._attempt(lambda: source_of(step, self.project, "step")) or "?:?"
            self.sources[step.function] = source
        settings = self._attempt(lambda: self._settings(step, where)) or StepSettings()
        after = self._after(options.get("after"), step_id, where)
        limits = self._attempt(lambda: limits_of(options, where)) or Limits()
        fan = self._attempt(lambda: spread.fan(step_id, limits, where)) if spread and inputs else None
        when = self.blocks.around(options.get("when"), where)
        self.steps.append(Step(step_id, source, inputs, signature.outputs, after, settings, fan, when))
        self.places[step_id] = where
        self._note(step.options, (step_id,), where)
        return self._result(step_id, signature, is_mapped=spread is not None)

    def _settings(self, step: StepFunction[..., Any], where: Where) -> StepSettings:
        """The same for every call of `step`: its own options, then the pipeline's for all steps."""
        known = self.settings.get(step)
        if known is None:
            known = self.settings[step] = self._settings_of(step.options, where)
        return known

    def _settings_of(self, options: Mapping[str, Any], where: Where) -> StepSettings:
        inherited = {"cache": self.pipeline.options.get("cache")} if options.get("cache") is None else {}
        settings = step_settings({**options, **inherited}, where)
        if self.docker and settings.target in (None, "docker"):
            settings = settings._replace(docker=settings.docker.over(self.docker) if settings.docker else self.docker)
        return settings._replace(on_failure=self._hook("on_failure", options, where), on_success=self._hook("on_success", options, where))

    def _note(self, options: Mapping[str, Any], steps: tuple[str, ...], where: Where) -> None:
        """Whom the options of a step, or of the pipeline, want told."""
        for name in ("on_failure", "on_success"):
            self.notices += self._attempt(lambda name=name: notify.notices_in(options.get(name), name, steps, where)) or []

    def _hook(self, name: Option, options: Mapping[str, Any], where: Where) -> str | None:
        given = self.pipeline.options.get(name) if options.get(name) is None else options[name]
        if given is None:
            return None
        if (name, id(given)) not in self.hooks:  # a mistake in one that all steps inherit is told once
            self.hooks[name, id(given)] = self._attempt(lambda: self._hook_source(name, given, where))
        return self.hooks[name, id(given)]

    def _hook_source(self, name: Option, given: object, where: Where) -> str | None:
        hook = notify.hook_in(given, name, where)
        return None if hook is None else hook_source(hook, self.project, name, where)

    def _result(self, step_id: str, signature: Signature, *, is_mapped: bool) -> Any:
        kind = MappedFuture if is_mapped else OutputFuture
        futures = tuple(
            kind(f"output {output.name!r} of step {step_id!r}", self.report_use, self, step_id, output.name, hint)
            for output, hint in zip(signature.outputs, signature.output_hints, strict=True)
        )
        if signature.several:
            return futures
        return futures[0] if futures else OutputFuture(f"step {step_id!r}", self.report_use, self, step_id, None, None)

    def _signature(self, step: StepFunction[..., Any]) -> Signature | None:
        if step.function not in self.signatures:
            self.signatures[step.function] = self._attempt(lambda: _step_signature(step))
        return self.signatures[step.function]

    def _step_id(self, step: StepFunction[..., Any], options: Mapping[str, Any], where: Where) -> str:
        explicit = options.get("id")
        name = _first(explicit, options.get("name"), step.function.__name__)
        if problem := step_id_problem(name):
            hint = f"give it a name with id={suggest_id(name or step.function.__name__)!r}"
            self.problems.append(GraphError(f"step id {problem}", hint=hint, where=where))
            return f"invalid_{len(self.steps)}"
        if name.lower() not in self.taken:
            return self._take(name)
        if explicit:
            message = f"two steps have the id {name!r}"
            hint = f"the first is at {self._place_of(name)}; give one of them another id="
            self.problems.append(DuplicateStepError(message, hint=hint, where=where))
        numbers = self.numbers.setdefault(name.lower(), itertools.count(2))
        return self._take(next(numbered for n in numbers if (numbered := f"{name}_{n}").lower() not in self.taken))

    def _take(self, step_id: str) -> str:
        self.taken.add(step_id.lower())  # GitHub compares job ids without regard to case
        return step_id

    def _place_of(self, name: str) -> Where:
        return next(place for known, place in self.places.items() if known.lower() == name.lower())

    def _inputs(
        self, step_id: str, signature: Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any], where: Where, spread: Spread | None
    ) -> tuple[tuple[str, Binding], ...]:
        try:
            bound = signature.parameters.bind(*args, **kwargs)
        except TypeError as error:
            self.problems.append(ArgumentError(f"step {step_id!r}: {error}", hint=f"its signature is {_written(signature)}", where=where))
            return ()
        return tuple((name, self._binding(step_id, name, value, signature, where, spread)) for name, value in bound.arguments.items())

    def _binding(self, step_id: str, name: str, value: object, signature: Signature, where: Where, spread: Spread | None) -> Binding:
        hint = signature.hints.get(name, Any)
        what = f"argument {name!r} of step {step_id!r}"
        if spread and isinstance(value, Unmapped):
            value = value.value
        elif spread:
            value, problem = spread.take(name, value, hint, what, where)
            self.problems += [problem] if problem else []
            return self._encode(value, what, where)
        if isinstance(value, (OutputFuture, ParameterFuture)):
            if not typecheck.type_fits(value._orch_hint, hint):
                self.problems.append(_misfit(what, hint, value, where))
        elif isinstance(value, ChoiceFuture):
            misfits = (item for item in value._orch_items if not typecheck.type_fits(item._orch_hint, hint))
            self.problems += [_misfit(what, hint, item, where) for item in misfits]
        elif not isinstance(value, (Unmapped, ConditionFuture)) and not typecheck.value_fits(value, hint):
            message = f"{what} is {value!r}, expected {typecheck.name_of(hint)}"
            self.problems.append(ArgumentError(message, hint="pass a value of the type that the step takes", where=where))
        return self._encode(value, what, where)

    def _encode(self, value: object, what: str, where: Where) -> Binding:
        if isinstance(value, OutputFuture):
            return self._output_ref(value, what, where)
        if isinstance(value, ChoiceFuture):
            refs = tuple(OutputRef(item._orch_step, str(item._orch_output)) for item in value._orch_items)
            return Choice(refs) if len(refs) > 1 else Value(None)  # its misuse is already reported
        if isinstance(value, ConditionFuture):
            message = f"{what} is the {value._orch_what}, which has no value"
            hint = "pass the values, and compare them in the step; conditions are for `with orch.when(...):`"
            self.problems.append(ArgumentError(message, hint=hint, where=where))
            return Value(None)
        if isinstance(value, ParameterFuture):
            return ParameterRef(value._orch_name)
        if isinstance(value, Future):
            return Value(None)  # its misuse is already reported
        if isinstance(value, Unmapped):
            message = f"{what} is {value!r}, and nothing of this call is mapped over"
            self.problems.append(MapError(message, hint=f"pass {value.value!r} itself, or call `.map(...)`", where=where))
            return Value(None)
        if type(value) in (list, tuple) and _holds_future(value):
            items = tuple(self._encode(item, what, where) for item in value)  # type: ignore[attr-defined]
            return Sequence("list" if type(value) is list else "tuple", items)
        if type(value) is dict and _holds_future(value) and all(type(key) is str for key in value):
            return Table(tuple((key, self._encode(item, what, where)) for key, item in value.items()))
        try:
            return Value(values.encode(value))
        except values.NotPlain as error:
            message = f"{what} holds {error.value!r} at {error.path}, which cannot be written into the graph"
            hint = "make it in a step and pass that step's output, or pass plain values (numbers, text, lists, dicts)"
            self.problems.append(SerializationError(message, hint=hint, where=where))
            return Value(None)

    def _output_ref(self, value: OutputFuture, what: str, where: Where) -> Binding:
        if value._orch_trace is not self:
            message = f"{what} is {value._orch_what} of another pipeline run"
            self.problems.append(UnknownStepError(message, hint="call that step in this pipeline", where=where))
        elif value._orch_output is None:
            message = f"{what} is what step {value._orch_step!r} returns, and that is nothing"
            hint = f"annotate its return type, or write after={value._orch_step!r} to wait for it"
            self.problems.append(ArgumentError(message, hint=hint, where=where))
        else:
            return OutputRef(value._orch_step, value._orch_output)
        return Value(None)

    def _after(self, after: object, step_id: str, where: Where) -> tuple[str, ...]:
        if after is None:
            return ()
        if isinstance(after, (list, tuple)):
            ids = (name for item in after for name in self._after(item, step_id, where))
            return tuple(dict.fromkeys(ids))
        if type(after) is str:
            return (after,)
        if isinstance(after, OutputFuture) and after._orch_trace is self:
            return (after._orch_step,)
        if isinstance(after, ChoiceFuture):
            return self._after(after._orch_items, step_id, where)
        message = f"step {step_id!r} comes after {after!r}, which is not a step"
        self.problems.append(UnknownStepError(message, hint="after= takes step ids or outputs, one or a list", where=where))
        return ()

    # --- mistakes ---

    def report_use(self, future: Future, use: str) -> None:
        what = future._orch_what
        hint = "do this in a step: there the value is known"
        if isinstance(future, OutputFuture) and "unpacked" in use:
            several = "a step with several outputs is annotated as `-> tuple[A, B]`"
            hint = f"{several}; `other.map(...)` runs a step for each item of a list; for anything else loop inside a step"
        if isinstance(future, Truth) and "true or false" in use:
            hint = "`with orch.when(...):` around steps makes them depend on it; combine with `&`, `|`, `~`, not with `and`, `or`, `not`"
        elif isinstance(future, Truth) and "combined" in use:
            hint = "put each comparison in parentheses, as in `orch.when((x > 0) & (y > 0))`"
        message = f"{what} is {use} while the pipeline is built, when it has no value yet"
        self.problems.append(FutureValueError(message, hint=hint, where=calling_place(self.project)))

    def _attempt(self, make: Any) -> Any:
        try:
            return make()
        except OrchError as error:
            if error.where:
                error.where = from_git_root(error.where, self.project)
            self.problems.append(error)
            return None


def _misfit(what: str, hint: Any, future: Future, where: Where) -> ArgumentError:
    message = f"{what} is {typecheck.name_of(hint)}, but {future._orch_what} is {typecheck.name_of(future._orch_hint)}"
    return ArgumentError(message, hint="pass a value of the type that the step takes", where=where)


def _step_signature(step: StepFunction[..., Any]) -> Signature:
    signature = read_signature(step.function)
    for parameter in signature.parameters.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            message = f"step {step.function.__name__!r} takes {str(parameter)!r}, whose inputs have no names of their own"
            raise ArgumentError(message, hint="take a list or a dict instead", where=where_defined(step.function))
    return signature


def _parameter(parameter: Any, signature: Signature, where: Where) -> Parameter:
    name, default = parameter.name, parameter.default
    required = default is parameter.empty
    hint = signature.hints.get(name)
    if hint is None and not required and default is not None:
        hint = type(default)
    text = signature.texts.get(name) or (typecheck.name_of(hint) if hint else "")
    kind: ParameterType | None = type_of(hint, text)
    if kind is None:
        message = f"parameter {name!r} of the pipeline is {text or 'without a type'}, which has no form as an input"
        way_out = "annotate it as int, float, bool, str, Literal[...], list, dict, or one of these | None"
        raise SerializationError(message, hint=way_out, where=where)
    if required:
        return Parameter(name, kind, required=True)
    try:
        return Parameter(name, kind, default=values.encode(kind.check(default)))
    except ValueError as error:
        message = f"parameter {name!r} has the default {default!r}: {error}"
        raise ArgumentError(message, hint="make the default fit the annotation", where=where) from None


def _concurrency(given: object, where: Where) -> Concurrency | None:
    if given is None or isinstance(given, Concurrency):
        return given
    hint = 'as Concurrency(group="deploys") or Concurrency(cancel_in_progress=True)'
    raise PipelineError(f"concurrency is {given!r}", hint=hint, where=where)


def _first(*names: object) -> str:
    """The first that was said: an empty one was, too."""
    return str(next(name for name in names if name is not None))


def _execution_mode(given: object, where: Where) -> ExecutionMode:
    if given is None:
        return ExecutionMode.CONTINUE_ON_FAILURE
    try:
        return ExecutionMode(str(given))
    except ValueError:
        hint = f"it is one of {', '.join(repr(str(mode)) for mode in ExecutionMode)}"
        raise PipelineError(f"execution_mode is {given!r}", hint=hint, where=where) from None


def _holds_future(value: object) -> bool:
    if isinstance(value, Future):
        return True
    if type(value) in (list, tuple):
        return any(_holds_future(item) for item in value)  # type: ignore[attr-defined]
    return type(value) is dict and any(_holds_future(item) for item in value.values())


def _written(signature: Signature) -> str:
    empty = signature.parameters.empty
    names = []
    for name, parameter in signature.parameters.parameters.items():
        text = f"{name}: {signature.texts[name]}" if name in signature.texts else name
        names.append(text if parameter.default is empty else f"{text} = {parameter.default!r}")
    return f"({', '.join(names)})"
