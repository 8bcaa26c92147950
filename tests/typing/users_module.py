"""What a type checker tells a user: read by mypy and pyright in test_typing.py, never run.

A line that must be an error carries an ignore for exactly that error, and an ignore that is not needed is an error too.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, assert_type

from orch import (
    Concurrency,
    Context,
    DockerSettings,
    Environment,
    MergeGroup,
    PullRequest,
    Push,
    RepositoryDispatch,
    ResourceSettings,
    Schedule,
    StepFailed,
    StepRetryConfig,
    WorkflowCall,
    context,
    either,
    log_metadata,
    materializer,
    notify,
    otherwise,
    pipeline,
    step,
    unmapped,
    when,
)


def tell(error: StepFailed) -> None:
    assert_type(error.failure.cause, str)


@step
def load(rows: int) -> list[int]:
    assert_type(context(), Context)
    assert_type(context().logical_date, datetime)
    log_metadata(rows=rows, share=0.5, name="a", first=context().logical_date, nothing=None, fine=True)
    log_metadata(rows=[rows])  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return list(range(rows))


@step(
    name="halve",
    target="local",
    resources=ResourceSettings(cpu_count=2, memory="4GB"),
    settings={"docker": DockerSettings(parent_image="python:3.12", volumes=("data:/data",), run_args={"shm_size": "1g"})},
    retry=StepRetryConfig(max_retries=2),
    timeout="2h",
    secrets=["TOKEN"],
    environment={"MODE": "fast"},
    deploys_to="production",
    permissions={"id-token": "write"},
    extras=["gpu"],
    keep=True,
    github={"runs-on": "gpu", "before": [{"run": "make"}]},
    on_failure=[tell, notify.issue(labels=["nightly"])],
    on_success=notify.webhook(url_secret="CHAT_URL"),
)
def split(xs: list[int]) -> tuple[Annotated[list[int], "train"], Annotated[list[int], "test"]]:
    return xs[::2], xs[1::2]


@step
def total(xs: list[int], *, scale: float = 1.0) -> float:
    return sum(xs) * scale


@step
def deploy(score: float) -> None: ...


@pipeline
def part(rows: int) -> float:
    return total(load(rows))


@pipeline(
    schedule=Schedule("0 2 * * *"),
    triggers=[
        Push(branches=["main"], paths=("data/**",)),
        PullRequest(),
        MergeGroup(),
        RepositoryDispatch(types=["arrived"]),
        WorkflowCall(),
    ],
    requirements="r.txt",
    concurrency=Concurrency("deploys"),
)
def whole(rows: int = 10, scale: float = 0.5, where: Environment = "staging") -> None:
    assert_type(where, str)
    xs = load(rows)
    assert_type(xs, list[int])
    train, test = split(xs)
    assert_type(train, list[int])
    assert_type(total(test, scale=scale), float)
    assert_type(part(rows), float)
    deploy.with_options(id="last", after=[xs, "load"])(total(train))

    assert_type(total.map([xs], scale=unmapped(2.0)), list[float])
    assert_type(total.product([xs, train]), list[float])
    trains, tests = split.with_options(max_parallel=3, max_items=10).map(load.map([1, 2]))
    assert_type(trains, list[list[int]])
    assert_type(split.product(trains), tuple[list[list[int]], list[list[int]]])
    assert_type(deploy.map([0.5]), list[None])
    deploy.map([0.5]).sort(key=len)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    total(unmapped(tests))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    with when((total(test) > 0.5) & (scale <= 2) | (where == "staging")):
        assert_type(either(train, xs), list[int])
    with otherwise():
        deploy.with_options(when=scale > 1)(either(total(xs), scale))
    with when("yes"):  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        deploy(either(0.5, "a"))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    load("ten")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    load()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    load(rows=1, columns=2)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    total(rows)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    total(load(1), "2")  # type: ignore[arg-type, call-arg] # pyright: ignore[reportCallIssue]
    split(train).sort()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    load.with_options(retry=3)(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    part("ten")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@step(retry="twice")  # type: ignore[call-overload, untyped-decorator] # pyright: ignore[reportArgumentType]
def wrong() -> None: ...


@materializer(Path, version=2, subclasses=True, deterministic=True)
class Kept:
    def save(self, value: Path, folder: Path) -> None:
        (folder / "name").write_text(value.name)

    def load(self, folder: Path) -> Path:
        return Path((folder / "name").read_text())


assert_type(Kept().load(Path()), Path)


@materializer(Path)  # pyright: ignore[reportArgumentType, reportUntypedClassDecorator]
class Forgetful:  # type: ignore[type-var]
    def save(self, value: Path, folder: Path) -> None: ...


if __name__ == "__main__":
    whole(rows=3)
    whole(rows="3")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
