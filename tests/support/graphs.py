"""Random pipelines that are valid, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st
from support import hostile

from orch.model.conditions import OPERATORS, And, Compare, Condition, Not, Or
from orch.model.fans import Fan
from orch.model.graph import Binding, Choice, Graph, Output, OutputRef, ParameterRef, Sequence, Step, Table, Value
from orch.model.legs import fixed_length
from orch.model.notices import Issue, Notice, Webhook
from orch.model.parameters import EXACT_INT, Kind, Parameter, ParameterType
from orch.model.resources import ResourceSettings
from orch.model.retry import StepRetryConfig
from orch.model.settings import ExecutionMode, StepSettings
from orch.model.triggers import MergeGroup, PullRequest, Push, RepositoryDispatch, Schedule, Trigger, WorkflowCall
from orch.names import STEP_ID

IDS = st.text("abzAZ09_", min_size=1, max_size=5).filter(STEP_ID.fullmatch) | st.integers(1, 64).map(lambda length: "x" * length)
# What a form on GitHub keeps; `${{` would be read as an expression.
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30).filter(lambda text: "${{" not in text)
TRIGGERS: st.SearchStrategy[Trigger] = st.sampled_from(
    [
        Schedule("0 2 * * *"),
        Schedule("30 2 * * 1-5", "Europe/Berlin"),
        Push(),
        Push(branches=["main", "release/**"], paths=["data/**"]),
        PullRequest(branches=["main"]),
        MergeGroup(paths=["src/**", "!src/docs/**"]),
        RepositoryDispatch(["arrived"]),
        WorkflowCall(),
    ]
)


def ids(least: int, most: int) -> st.SearchStrategy[list[str]]:
    """Names that GitHub tells apart, which ignores case."""
    return st.lists(IDS, min_size=least, max_size=most, unique_by=str.lower)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@st.composite
def parameters(draw: st.DrawFn, name: str) -> Parameter:
    kind = draw(st.sampled_from(Kind))
    choices = tuple(draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=3, unique=True))) if kind is Kind.CHOICE else ()
    optional = draw(st.booleans())
    numbers = st.floats(-1e6, 1e6, allow_nan=False)
    values = {
        Kind.INT: st.integers(-EXACT_INT, EXACT_INT),
        Kind.FLOAT: numbers,
        Kind.BOOL: st.booleans(),
        Kind.STR: TEXTS.filter(bool) if optional else TEXTS,
        Kind.ENVIRONMENT: TEXTS.filter(bool),
        Kind.CHOICE: st.sampled_from(choices or ("",)),
        Kind.JSON: st.lists(st.one_of(st.none(), st.integers(-9, 9), TEXTS), max_size=3),
    }
    default = draw(st.one_of(st.none(), values[kind])) if optional else draw(values[kind])
    return Parameter(name, ParameterType(kind, optional, choices, str(kind)), default=default)


def settings() -> st.SearchStrategy[StepSettings]:
    return st.builds(
        StepSettings,
        retry=st.none() | st.builds(StepRetryConfig, max_retries=st.integers(0, 2), delay=st.integers(0, 30), backoff=st.integers(1, 2)),
        timeout=st.none() | st.integers(1, 3600).map(float),
        secrets=st.lists(st.sampled_from(["HF_TOKEN", "API_KEY"]), unique=True, max_size=2).map(tuple),
        environment=st.lists(st.tuples(st.sampled_from(["LEVEL", "MODE"]), TEXTS), unique_by=lambda pair: pair[0], max_size=2)
        .map(sorted)
        .map(tuple),
        keep=st.booleans(),
    )


def granted_settings() -> st.SearchStrategy[StepSettings]:
    """The same, of steps that also ask for machines, environments, tokens and results of earlier runs."""
    areas = st.sampled_from([("contents", "write"), ("id-token", "write"), ("issues", "read"), ("packages", "write")])
    more = st.fixed_dictionaries(
        {
            "resources": st.none()
            | st.builds(ResourceSettings, cpu_count=st.none() | st.sampled_from([0.5, 4]), memory=st.none() | st.just("8GB")),
            "extras": st.lists(st.sampled_from(["gpu", "plots"]), unique=True, max_size=2).map(tuple),
            "cache": st.none() | st.booleans(),
            "cache_expires_after": st.none() | st.just(3600.0),
            "files": st.sampled_from([(), ("data/*.csv",)]),
            "deploys_to": st.none() | st.sampled_from(["production", "staging"]),
            "permissions": st.lists(areas, unique=True, max_size=2).map(sorted).map(tuple),
        }
    )
    return st.builds(lambda plain, granted: plain._replace(**granted), settings(), more)


@st.composite
def bindings(draw: st.DrawFn, outputs: list[OutputRef], names: list[str]) -> Binding:
    """An argument that may read any of `outputs` and the parameters `names`, alone or inside a list or dict."""
    numbers = st.integers(0, 9)
    single: list[st.SearchStrategy[Binding]] = [numbers.map(Value), st.lists(numbers, max_size=3).map(Value)]
    if outputs:
        single.append(st.sampled_from(outputs))
    if names:
        single.append(st.sampled_from(names).map(ParameterRef))
    one = st.one_of(single)
    several = st.lists(one, min_size=1, max_size=3)
    return draw(
        one
        | several.map(lambda items: Sequence("list", tuple(items)))
        | several.map(lambda items: Table(tuple((f"k{i}", item) for i, item in enumerate(items))))
    )


@st.composite
def fans(draw: st.DrawFn, inputs: tuple[tuple[str, Binding], ...]) -> Fan | None:
    """Over some of `inputs`, if one of them can be a list."""
    lists = [name for name, binding in inputs if isinstance(binding, (OutputRef, ParameterRef)) or fixed_length(binding) is not None]
    over = draw(st.lists(st.sampled_from(lists), unique=True, max_size=2)) if lists else []
    if not over:
        return None
    fixed = {length for name, binding in inputs if name in over and (length := fixed_length(binding)) is not None}
    return Fan(tuple(over), len(fixed) > 1 or draw(st.booleans()), draw(st.none() | st.integers(1, 3)))


HOSTILE = st.sampled_from([text for text in (*hostile.EXPRESSIONS, *hostile.SHELLS, *hostile.COMMANDS, *hostile.MARKUPS) if _is_text(text)])
PLAIN = st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, -1e300]) | TEXTS | HOSTILE


def comparisons(outputs: list[OutputRef], names: list[str]) -> st.SearchStrategy[Condition]:
    """Of one of `outputs` or of the parameters `names` with a plain value, a parameter, or an output of the same step."""
    plain: st.SearchStrategy[Value | ParameterRef | OutputRef] = PLAIN.map(Value)
    right = plain | st.sampled_from(names).map(ParameterRef) if names else plain
    sides: list[st.SearchStrategy[Condition]] = []
    if outputs:
        sides.append(st.builds(Compare, st.sampled_from(outputs), st.sampled_from(OPERATORS), right))
        sides.append(st.sampled_from(outputs).map(lambda ref: Compare(ref, "<", ref)))
    if names:
        sides.append(st.builds(Compare, st.sampled_from(names).map(ParameterRef), st.sampled_from(OPERATORS), right))
    return st.one_of(sides)


def whens(outputs: list[OutputRef], names: list[str]) -> st.SearchStrategy[Condition | None]:
    if not (outputs or names):
        return st.none()
    several = st.recursive(
        comparisons(outputs, names),
        lambda inner: (
            inner.map(Not)
            | st.lists(inner, min_size=2, max_size=3).map(lambda terms: And(tuple(terms)))
            | st.lists(inner, min_size=2, max_size=3).map(lambda terms: Or(tuple(terms)))
        ),
        max_leaves=4,
    )
    return st.none() | several


def _notices(step: str) -> list[Notice]:
    return [Notice("failure", Issue(("nightly",)), (step,)), Notice("failure", Issue()), Notice("success", Webhook("CHAT_URL"))]


@st.composite
def graphs(draw: st.DrawFn, most: int = 10, *, mapped: bool = False, conditional: bool = False) -> Graph:
    """Up to `most` steps in any order, with data and control edges, parameters of every type, settings and triggers; some `mapped`,
    some with conditions and choices."""
    taken = [draw(parameters(name)) for name in draw(ids(0, 4))]
    steps: list[Step] = []
    for name in draw(ids(1, most)):
        earlier = [OutputRef(step.id, output.name) for step in steps for output in step.outputs]
        arguments = draw(st.lists(bindings(earlier, [parameter.name for parameter in taken]), max_size=3))
        single = [OutputRef(step.id, output.name) for step in steps if not step.fan for output in step.outputs]
        if conditional and len(single) > 1 and draw(st.booleans()):
            arguments.append(Choice(tuple(draw(st.lists(st.sampled_from(single), min_size=2, max_size=3, unique=True)))))
        after = draw(st.lists(st.sampled_from([step.id for step in steps]), unique=True, max_size=2)) if steps else []
        outputs = tuple(Output(output, "int") for output in ("output", "second")[: draw(st.integers(0, 2))])
        inputs = tuple((f"argument_{i}", argument) for i, argument in enumerate(arguments))
        fan = draw(fans(inputs)) if mapped else None
        when = draw(whens(single, [parameter.name for parameter in taken])) if conditional else None
        steps.append(Step(name, f"pipeline.py:{name}", inputs, outputs, tuple(after), draw(settings()), fan, when))
    triggers: list[Trigger] = draw(st.lists(TRIGGERS, unique_by=type, max_size=3))
    return Graph(
        pipeline=draw(IDS),
        source="pipeline.py:random",
        steps=tuple(draw(st.permutations(steps))),
        parameters=tuple(taken),
        triggers=tuple(triggers),
        requirements=draw(st.sampled_from([None, "requirements.txt"])),
        execution_mode=draw(st.sampled_from(ExecutionMode)),
        notices=tuple(draw(st.lists(st.sampled_from(_notices(steps[0].id)), unique=True, max_size=2))),
    )
