"""The `@step` decorator. Decorating only notes what was asked for: it is checked when a pipeline is traced."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from orch.authoring import active

if TYPE_CHECKING:
    from orch.authoring.notify import Told
    from orch.model.resources import ResourceSettings
    from orch.model.retry import StepRetryConfig

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class StepFunction(Generic[P, R]):
    """A decorated function: a plain call outside a pipeline, a step of the graph inside one."""

    def __init__(self, function: Callable[P, R], options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = active.current.get()
        if trace is None:
            return self.function(*args, **kwargs)
        called: R = trace.call_step(self, args, kwargs)
        return called

    # Several outputs are as many lists. There is no way to say this of any number of outputs.
    @overload
    def map(self: StepFunction[..., tuple[A, B]], *args: Any, **kwargs: Any) -> tuple[list[A], list[B]]: ...
    @overload
    def map(self: StepFunction[..., tuple[A, B, C]], *args: Any, **kwargs: Any) -> tuple[list[A], list[B], list[C]]: ...
    @overload
    def map(self: StepFunction[..., tuple[A, B, C, D]], *args: Any, **kwargs: Any) -> tuple[list[A], list[B], list[C], list[D]]: ...
    @overload
    def map(self, *args: Any, **kwargs: Any) -> list[R]: ...

    def map(self, *args: Any, **kwargs: Any) -> Any:
        """One leg for each item: the first items of all lists, then the second ones, and so on; the outputs are lists in this order.

        Every argument is a list, or the output of a step that is one, or `unmapped(...)`.
        """
        return self._each(args, kwargs, product=False)

    @overload
    def product(self: StepFunction[..., tuple[A, B]], *args: Any, **kwargs: Any) -> tuple[list[A], list[B]]: ...
    @overload
    def product(self: StepFunction[..., tuple[A, B, C]], *args: Any, **kwargs: Any) -> tuple[list[A], list[B], list[C]]: ...
    @overload
    def product(self: StepFunction[..., tuple[A, B, C, D]], *args: Any, **kwargs: Any) -> tuple[list[A], list[B], list[C], list[D]]: ...
    @overload
    def product(self, *args: Any, **kwargs: Any) -> list[R]: ...

    def product(self, *args: Any, **kwargs: Any) -> Any:
        """`map`, with one leg for every combination of items, in the order of nested loops: the last list turns fastest."""
        return self._each(args, kwargs, product=True)

    def _each(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, product: bool) -> Any:
        trace = active.current.get()
        if trace is not None:
            return trace.map_step(self, args, kwargs, product=product)
        from orch.authoring.fan import call_each

        return call_each(self.function, args, kwargs, product=product)

    def with_options(
        self,
        *,
        id: str | None = None,
        after: object = None,
        when: object = None,
        target: str | None = None,
        resources: ResourceSettings | None = None,
        settings: Mapping[str, Any] | None = None,
        extras: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
        retry: StepRetryConfig | None = None,
        timeout: str | float | None = None,
        secrets: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        deploys_to: str | None = None,
        permissions: Mapping[str, str] | None = None,
        keep: bool | None = None,
        cache: bool | None = None,
        cache_expires_after: str | float | None = None,
        files: Sequence[str] | None = None,
        max_parallel: int | None = None,
        max_items: int | None = None,
        github: Mapping[str, Any] | None = None,
        on_failure: Told | None = None,
        on_success: Told | None = None,
        pack: str | None = None,
    ) -> StepFunction[P, R]:
        """A copy with these options changed; `id`, `after` (ids or outputs, one or a list) and `when` (a condition) are for one call."""
        given = {name: value for name, value in locals().items() if name != "self" and value is not None}
        return StepFunction(self.function, self.options | given)

    def __repr__(self) -> str:
        return f"<step {self.function.__module__}.{self.function.__qualname__}>"


@overload
def step(function: Callable[P, R], /) -> StepFunction[P, R]: ...


@overload
def step(
    *,
    name: str | None = None,
    target: str | None = None,
    resources: ResourceSettings | None = None,
    settings: Mapping[str, Any] | None = None,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    retry: StepRetryConfig | None = None,
    timeout: str | float | None = None,
    secrets: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    deploys_to: str | None = None,
    permissions: Mapping[str, str] | None = None,
    keep: bool = False,
    cache: bool | None = None,
    cache_expires_after: str | float | None = None,
    files: Sequence[str] = (),
    max_parallel: int | None = None,
    max_items: int | None = None,
    github: Mapping[str, Any] | None = None,
    on_failure: Told | None = None,
    on_success: Told | None = None,
    pack: str | None = None,
) -> Callable[[Callable[P, R]], StepFunction[P, R]]: ...


def step(function: Callable[P, R] | None = None, /, **options: Any) -> Any:
    """Turn a top-level function into a step.

    `timeout` is seconds or text like `2h`, `90m`; `secrets` names environment variables that only this step sees;
    `keep` keeps its outputs for 30 days on GitHub instead of the one that passing them on takes.

    `deploys_to` names an environment of the repository on GitHub, which may ask somebody first, or in `with_options` is a parameter
    of the pipeline that chooses among some; `permissions` is what the token of
    the step's job may do besides reading the code, as `{"id-token": "write"}`. Both mean nothing locally.

    A step with outputs is not run again while its code, inputs, parameters and packages are the same: `cache=False` runs it
    every time, `cache=True` skips one without outputs, too; `cache_expires_after` limits the age of a result (seconds or
    text like `12h`); `files` names further files of the project that it reads (globs from the project root).

    `max_parallel` limits how many legs of one `.map(...)` or `.product(...)` run at the same time; `max_items`
    is how many there may be: more are an error, and `max_cost` in orch.yaml counts on it where only the run finds the items.

    Steps of one `pack` share a job of the workflow; locally it means nothing.

    `github` has keys of the step's job in a compiled workflow, as GitHub writes them, besides orch's own: `runs-on`, `container`,
    `services`, `environment`, `permissions`, `concurrency`, `env`, `defaults`, and lists of job steps to run `before` and `after`.

    `on_failure` and `on_success` are top-level functions, called once the step has ended for good; `on_failure` may take
    the error as its argument. Beside one, or instead, they take what `orch.notify` has, for workflows.
    """
    if function is None:
        return lambda decorated: StepFunction(checked(decorated, "step"), _known(options))
    return StepFunction(checked(function, "step"), _known(options))


def checked(decorated: Any, decorator: str) -> Any:
    """`decorated`, if it is a function, or what a decorator with `functools.wraps` made of one: these have a place and a signature."""
    function = decorated
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if not callable(decorated) or not isinstance(function, FunctionType):
        raise TypeError(f"@{decorator} decorates a function, not {decorated!r}; options go by name: @{decorator}(name=...)")
    return decorated


OPTIONS = frozenset(
    {"name", "target", "resources", "settings", "extras", "groups", "retry", "timeout", "secrets", "environment", "keep"}
    | {"deploys_to", "permissions"}
    | {"cache", "cache_expires_after", "files", "github", "max_items", "max_parallel", "on_failure", "on_success", "pack"}
)


def _known(options: dict[str, Any]) -> dict[str, Any]:
    return known(options, OPTIONS, "step")


def known(options: dict[str, Any], names: frozenset[str], decorator: str) -> dict[str, Any]:
    """`options`, if all of them are among `names`."""
    if unknown := sorted(set(options) - names):
        from orch.authoring.nearest import did_you_mean

        meant = did_you_mean(unknown[0], sorted(names)) or f"; it has {', '.join(sorted(names))}"
        raise TypeError(f"@{decorator} has no option {unknown[0]!r}{meant}")
    return options
