"""Execute one step in this process: inputs from the store, the user's function, outputs into the store, a record.

This is the one executor: the worker process around it is the same on a laptop, in a job, a container or a pod.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orch
from orch import materializers, system
from orch.authoring.modules import load_module
from orch.authoring.project import Project
from orch.errors import InputMissingError, MaterializationError, OrchError, StoreError, UsageError
from orch.model import values
from orch.model.artifacts import GATHER, Artifact
from orch.model.canonical import Json
from orch.model.fan import index_of, step_of
from orch.model.records import Failure, StepRecord
from orch.model.schema import check_schema
from orch.model.states import State
from orch.runtime import clock, current
from orch.runtime.failures import failure_of, failure_of_orch, failure_of_value
from orch.runtime.masked import masked, named_after, names_beside, names_in
from orch.runtime.redact import Redactor
from orch.stores.local import LocalStore

if TYPE_CHECKING:
    from orch.runtime.context import Context

_SHORT: Final = 100  # characters
SCHEMA: Final = 1  # of setups and orders, as one process hands them to another


class Setup(NamedTuple):
    """What is the same for all steps that one worker executes. Paths are absolute."""

    git_root: str
    root: str
    store: str
    scratch: str
    run: str
    pipeline: str
    trigger: str
    attempt: int
    parameters: Mapping[str, Json]
    verify: bool
    secrets: list[str]
    logical_date: str = ""  # RFC 3339; empty where this process cannot know it
    timezone: str = "UTC"  # of the logical date: an IANA name
    pickles: str = "allow"  # or "forbid"

    @property
    def project(self) -> Project:
        return Project(Path(self.git_root), Path(self.root))

    def to_json(self) -> Json:
        return {"schema": SCHEMA, **self._asdict()}

    @classmethod
    def from_json(cls, data: Json) -> Setup:
        return cls(**_message(data, "setup"))


class Order(NamedTuple):
    """One step to execute. `artifacts`: `step.output` -> an artifact's JSON, and the folder of its store if not the own one.

    With a `hook` (`file:function`), that function is called instead of the step's: `on_failure` where there is a `failure`,
    with the error if it takes one, else `on_success`. The record is then the hook's: it succeeded, or failed and why.
    """

    step: Json  # `orch.model.graph.Step.to_json`
    artifacts: Mapping[str, Json]
    tries: int = 1
    hook: str = ""
    failure: Json = None  # `orch.model.records.Failure.to_json`
    asked: Sequence[Json] = ()  # comparisons of its outputs that conditions hang on: `orch.model.conditions.when_to_json`

    def to_json(self) -> Json:
        return {"schema": SCHEMA, **self._asdict()}

    @classmethod
    def from_json(cls, data: Json) -> Order:
        return cls(**_message(data, "order"))


def _message(data: Json, what: str) -> dict[str, Json]:
    check_schema(data, SCHEMA, what, UsageError)
    return {name: value for name, value in data.items() if name != "schema"}


class _Stopped(Exception):
    def __init__(self, failure: Failure) -> None:
        self.failure = failure


def _variant() -> dict[str, Json]:
    """What tells another Python from the one of its version that most people have."""
    name = "" if sys.implementation.name == "cpython" else sys.implementation.name
    variant = f"{name}{'t' if 't' in getattr(sys, 'abiflags', '') else ''}"
    return {"variant": variant} if variant else {}


class Executor:
    """`after_call` runs after the user's function, before its values are saved."""

    def __init__(self, setup: Setup, *, after_call: Callable[[], None]) -> None:
        self.setup = setup
        self.after_call = after_call
        self.project = setup.project
        self.scratch = Path(setup.scratch)
        self.store = LocalStore(Path(setup.store))
        self.stores: dict[str, LocalStore] = {}
        self.secrets = {name: os.environ.get(name, "") for name in setup.secrets}
        self.redact = Redactor(self.secrets.values())
        self.may_pickle = setup.pickles == "allow"
        self.functions: dict[str, Any] = {}
        self.logged: dict[str, Json] = {}
        self.environment: dict[str, Json] = {
            "orch": orch.__version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "os": sys.platform,
            "arch": system.architecture(),
            **_variant(),
        }

    def execute(self, order: Order) -> StepRecord:
        """Run the step, or its hook; whatever the user's code does short of ending the process is in the record."""
        started, tick = clock.now(), clock.monotonic()
        state, failure = State.SUCCEEDED, None
        self.logged = {}
        outputs: dict[str, Artifact] = {}
        inputs: dict[str, Json] = {}
        flags: dict[str, bool] = {}
        try:
            if order.hook:
                self._call_hook(order)
            else:
                function = self._function(order.step["source"])
                arguments = self._arguments(order, inputs)
                saved = self._save(order.step, self._call(function, order, arguments))
                flags = self._flags(order, saved) if order.asked else flags
                outputs = saved
        except _Stopped as stopped:
            failure = stopped.failure
            state = State.FAILED
        except KeyboardInterrupt as error:
            state, failure = State.CANCELLED, failure_of(error, self.project, self.redact)
        record = StepRecord(
            step=order.step["id"],
            state=state,
            attempt=self.setup.attempt,
            tries=order.tries,
            started=clock.rfc3339(started),
            duration=clock.monotonic() - tick,
            inputs=inputs,
            outputs=outputs,
            failure=failure,
            reason="interrupted" if state is State.CANCELLED else "",
            environment=self.environment,
            metadata=self.logged,
            flags=flags,
        )
        return masked(record, self.redact) if self.redact else record

    def _function(self, source: str) -> Any:
        if source not in self.functions:
            file, _, name = source.rpartition(":")
            path = self._file(file)
            if path is None:
                raise _Stopped(Failure("import", f"no file {file!r} in the project"))
            try:
                found = getattr(load_module(path, self.project), name, None)
            except OrchError as error:
                raise _Stopped(failure_of_orch("import", error)) from error
            if found is None:
                message = f"{file} has no function {name!r} any more: compile the pipeline again"
                raise _Stopped(Failure("import", message, file=self.project.relative(path)))
            self.functions[source] = getattr(found, "function", found)
        return self.functions[source]

    def _file(self, name: str) -> Path | None:
        try:
            path = (self.project.root / name).resolve()
            return path if path.is_relative_to(self.project.root) and path.is_file() else None
        except (OSError, ValueError):  # no system has files of such a name
            return None

    def _arguments(self, order: Order, inputs: dict[str, Json]) -> dict[str, Any]:
        try:
            return {name: self._value(binding, order, inputs) for name, binding in order.step["inputs"]}
        except OrchError as error:
            raise _Stopped(failure_of_value("input", error, self.project, self.redact)) from error
        except Exception as error:  # a pickle may raise anything
            raise _Stopped(failure_of(error, self.project, self.redact, cause="input")) from error

    def _value(self, binding: Json, order: Order, inputs: dict[str, Json]) -> Any:
        match binding:
            case {"value": data}:
                return values.decode(data)
            case {"parameter": name}:
                return values.decode(self.setup.parameters[name])  # each time anew: a step may change what it was given
            case {"step": step, "output": output}:
                return self._load(f"{step}.{output}", order, inputs)
            case {"item": {"step": step, "output": output}, "index": index}:
                return self._load(f"{step}.{output}", order, inputs, item=index)
            case {"item": {"parameter": name}, "index": index}:
                return values.decode(self.setup.parameters[name][index])
            case {"list": items}:
                return [self._value(item, order, inputs) for item in items]
            case {"tuple": items}:
                return tuple(self._value(item, order, inputs) for item in items)
            case {"dict": items}:
                return {key: self._value(item, order, inputs) for key, item in items}
            case _:
                raise MaterializationError(f"{binding!r} is not an argument")

    def _read(self, artifact: Artifact, folder: str | None = None, item: int | None = None) -> Any:
        store, root = self._store(folder), self.project.root
        return materializers.load(artifact, store, scratch=self.scratch, project=root, may_unpickle=self.may_pickle, item=item)

    def _load(self, name: str, order: Order, inputs: dict[str, Json], *, item: int | None = None) -> Any:
        if name not in order.artifacts:
            step, _, output = name.rpartition(".")
            raise InputMissingError(f"step {step!r} delivered no output {output!r}")
        data = order.artifacts[name]
        inputs[name] = {"digest": data["digest"]}
        if data["materializer"] == GATHER:  # each of its items is where its leg left it
            made = data["meta"]["items"] if item is None else [data["meta"]["items"][item]]
            found = [self._read(Artifact.from_json(each), each.get("store")) for each in made]
            return found if item is None else found[0]
        return self._read(Artifact.from_json(data), data.get("store"), item)

    def _store(self, folder: str | None) -> LocalStore:
        if folder is None:
            return self.store
        if folder not in self.stores:
            self.stores[folder] = LocalStore(Path(folder), verify=self.setup.verify)
        return self.stores[folder]

    def _context(self, order: Order) -> Context:
        from orch.runtime.context import Context  # most steps do not ask

        setup = self.setup
        state = State.RUNNING
        if order.hook:
            state = State.FAILED if order.failure else State.SUCCEEDED
        return Context(
            run=setup.run,
            pipeline=setup.pipeline,
            step=step_of(order.step["id"]),
            leg=index_of(order.step["id"]),
            state=state,
            attempt=setup.attempt,
            tries=order.tries,
            trigger=setup.trigger,
            temp=self.scratch,
            _logical_date=setup.logical_date,
            _timezone=setup.timezone,
        )

    def _call(self, function: Any, order: Order, arguments: dict[str, Any], *given: object) -> Any:
        current.enter(lambda: self._context(order))
        try:
            positional = [arguments.pop(name) for name in _positional_only(function) if name in arguments]
            return function(*given, *positional, **arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit and the like must not end the worker: they are this step's failure
            raise _Stopped(failure_of(error, self.project, self.redact)) from error
        finally:
            self.logged = current.leave()
            self.after_call()

    def _call_hook(self, order: Order) -> None:
        from orch.authoring.hooks import StepFailed, takes_error  # most steps have no hooks

        hook = self._function(order.hook)
        failure = None if order.failure is None else Failure.from_json(order.failure)
        try:
            takes = takes_error(hook, "on_failure" if failure else "on_success")
        except OrchError as error:  # it was changed after the pipeline was compiled
            raise _Stopped(failure_of_orch("import", error)) from error
        self._call(hook, order, {}, *([StepFailed(failure)] if failure and takes else []))

    def _save(self, step: Json, result: Any) -> dict[str, Artifact]:
        outputs = step["outputs"]
        if not outputs and result is not None:
            message = f"the step is annotated `-> None` but returned {type(result).__name__}, which would be lost"
            raise _Stopped(Failure("output", message))
        if len(outputs) > 1 and not (isinstance(result, tuple) and len(result) == len(outputs)):
            what = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
            raise _Stopped(Failure("output", f"the step is annotated with {len(outputs)} outputs but returned {what}"))
        results = result if len(outputs) > 1 else (result,) * len(outputs)
        saved = {}
        for output, value in zip(outputs, results, strict=True):
            self._check_names(output["name"], names_in(value))
            try:
                artifact = materializers.save(
                    value, self.store, annotation=output["type"], may_pickle=self.may_pickle, mask=self.redact or None
                )
            except (MaterializationError, StoreError) as error:
                cause = "store" if isinstance(error, StoreError) else "output"
                failure = failure_of_value(cause, error, self.project, self.redact, f"output {output['name']!r}: ")
                raise _Stopped(failure) from error
            except Exception as error:  # a value's own methods may raise anything
                raise _Stopped(failure_of(error, self.project, self.redact, cause="output")) from error
            self._check_names(output["name"], names_beside(artifact))
            saved[output["name"]] = replace(artifact, value=value) if _is_short(value, self.redact) else artifact
        return saved

    def _flags(self, order: Order, saved: Mapping[str, Artifact]) -> dict[str, bool]:
        """What the conditions of other steps ask, of the values as those steps would read them."""
        from orch.model.conditions import leaves, when_from_json  # of most steps nothing is asked
        from orch.model.flags import evaluate, name_of, told
        from orch.model.steps import OutputRef

        found: dict[str, bool] = {}
        read: dict[str, object] = {}
        for leaf in (leaf for data in order.asked for leaf in leaves(when_from_json(data))):
            try:
                for ref in (leaf.left, leaf.right):
                    if isinstance(ref, OutputRef) and ref.output not in read:
                        read[ref.output] = self._read(saved[ref.output])
                found[name_of(leaf)] = evaluate(leaf, lambda ref: read[ref.output] if isinstance(ref, OutputRef) else None)
            except OrchError as error:
                raise _Stopped(failure_of_value("output", error, self.project, self.redact)) from error
            except Exception as error:  # a value's own methods may raise anything
                message = f"it cannot be told whether {told(leaf)}: {type(error).__name__}: {error}"
                raise _Stopped(Failure("output", message)) from error
        return found

    def _check_names(self, output: str, names: Iterator[str]) -> None:
        if self.redact and (found := named_after(names, self.secrets)):
            message = f"output {output!r} has a name that holds the secret {found}, and names are kept in records (give it another one)"
            raise _Stopped(Failure("output", message))


def _is_short(value: object, redact: Redactor) -> bool:
    """Whether a record may hold `value` itself: conditions that are written later can be told by it."""
    match value:
        case bool():
            return True
        case int():
            plain = type(value) is int and abs(value) < 2**53
        case float():
            plain = type(value) is float and math.isfinite(value)
        case str():
            plain = type(value) is str and len(value) <= _SHORT and value.isprintable()
        case _:
            return False
    return plain and not (redact and redact(str(value)) != str(value))


def _positional_only(function: Any) -> tuple[str, ...]:
    """The parameters that take no names, of the function itself where a decorator hides it."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return tuple(code.co_varnames[: code.co_posonlyargcount]) if code else ()
