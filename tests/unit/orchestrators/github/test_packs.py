"""Packs in a workflow: which steps may share a job, and what that job is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.steps import a_graph, a_step

from orch.errors import OrchError
from orch.model.graph import Graph
from orch.model.notices import Issue, Notice
from orch.model.resources import ResourceSettings
from orch.model.settings import StepSettings
from orch.orchestrators.github.compile import compile_workflow
from orch.orchestrators.github.packs import chosen_packs, graph_of_jobs, with_packs
from orch.stacks.settings import Runner, Settings

CHAIN = a_graph(a_step("load"), a_step("clean", ["load"]), a_step("train", ["clean"]), a_step("report", ["train", "clean"]))


def packed(graph: Graph, *packs: str, settings: Settings | None = None) -> Graph:
    return with_packs(graph, settings or Settings(), [tuple(pack.split()) for pack in packs])


def in_pack(name: str, **more: object) -> StepSettings:
    return StepSettings(pack=name, **more)  # type: ignore[arg-type]


def problems(graph: Graph, *packs: str) -> list[str]:
    with pytest.raises(OrchError) as raised:
        packed(graph, *packs)
    return [problem.message for problem in raised.value.problems]


def test_steps_of_one_name_share_a_job_and_one_alone_has_its_own() -> None:
    steps = [replace(step, settings=in_pack("first" if step.id in ("load", "clean") else step.id)) for step in CHAIN.steps]
    graph = packed(replace(CHAIN, steps=tuple(steps)))

    assert graph.packs == (("load", "clean"),)
    assert dict(graph.job_of) == {"load": "load", "clean": "load", "train": "train", "report": "report"}


def test_the_job_of_a_pack_waits_reads_and_may_take_what_its_steps_do() -> None:
    jobs = compile_workflow(packed(CHAIN, "load clean", "train report")).jobs

    assert list(jobs) == ["load", "train", "orch-result"]
    assert [jobs[name].name for name in ("load", "train")] == ["load + clean", "train + report"]
    assert jobs["train"].needs == ("load",)
    assert jobs["train"].condition == ""
    run = jobs["train"].steps[1].to_data()["with"]
    assert (run["step"], run["inputs"]) == ("train", "load")


def test_a_pack_is_called_by_no_more_names_than_a_page_shows() -> None:
    graph = a_graph(a_step("a"), *(a_step(name, [before]) for before, name in ("ab", "bc", "cd")))

    assert compile_workflow(packed(graph, "a b c d")).jobs["a"].name == "a + 3 more"


def test_time_limits_add_up_as_far_as_a_job_may_take() -> None:
    limited = [replace(CHAIN[name], settings=StepSettings(timeout=1200.0)) for name in ("load", "clean")]
    graph = replace(CHAIN, steps=(*limited, CHAIN["train"], CHAIN["report"]))

    assert compile_workflow(packed(graph, "load clean")).jobs["load"].timeout_minutes == 50
    assert compile_workflow(packed(graph, "load clean train report")).jobs["load"].timeout_minutes == 40 + 2 * 60 + 10
    assert compile_workflow(packed(graph, "train report")).jobs["train"].timeout_minutes == 2 * 60 + 10
    ten = a_graph(a_step("s0"), *(a_step(f"s{number}", [f"s{number - 1}"]) for number in range(1, 10)))
    assert compile_workflow(packed(ten, " ".join(ten.by_id))).jobs["s0"].timeout_minutes == 360


def test_a_pack_that_may_take_longer_than_its_runner_allows_is_refused() -> None:
    limited = [replace(CHAIN[name], settings=StepSettings(timeout=18_000.0)) for name in ("load", "clean")]
    graph = replace(CHAIN, steps=(*limited, CHAIN["train"], CHAIN["report"]))
    with pytest.raises(OrchError, match=r"may take 610 minutes, a job on 'ubuntu-24\.04' ends after 360"):
        compile_workflow(packed(graph, "load clean"))


def test_packs_do_not_change_who_looks_for_earlier_results() -> None:
    steps = a_graph(a_step("s0"), *(a_step(f"s{number}", [f"s{number - 1}"]) for number in range(1, 6)))
    settings = Settings(cache="auto")

    assert "orch-plan" in compile_workflow(steps, settings).jobs
    assert "orch-plan" in compile_workflow(packed(steps, "s0 s1", "s2 s3", "s4 s5"), settings).jobs


def test_steps_that_ask_for_different_jobs_share_none() -> None:
    settings = {
        "secrets": StepSettings(secrets=("TOKEN",)),
        "extras": StepSettings(extras=("gpu",)),
        "keep": StepSettings(keep=True),
    }
    for name, others in settings.items():
        graph = replace(CHAIN, steps=(CHAIN["load"], replace(CHAIN["clean"], settings=others), CHAIN["train"], CHAIN["report"]))
        assert problems(graph, "load clean") == [
            "the pack ['load', 'clean'] cannot be one job: 'load' and 'clean' differ in what their job needs"
        ], name


def test_what_differs_between_steps_alone_does_not_keep_them_apart() -> None:
    own = StepSettings(environment=(("LEVEL", "1"),), timeout=5.0, cache=False, resources=ResourceSettings(cpu_count=1))
    graph = replace(CHAIN, steps=(CHAIN["load"], replace(CHAIN["clean"], settings=own), CHAIN["train"], CHAIN["report"]))

    assert packed(graph, "load clean").packs == (("load", "clean"),)


def test_another_runner_is_another_job() -> None:
    large = StepSettings(resources=ResourceSettings(cpu_count=8))
    graph = replace(CHAIN, steps=(CHAIN["load"], replace(CHAIN["clean"], settings=large), CHAIN["train"], CHAIN["report"]))
    with pytest.raises(OrchError, match="differ in what their job needs"):
        packed(graph, "load clean", settings=Settings(runners=(Runner("large", cpu_count=16),)))


@pytest.mark.parametrize(
    ("pack", "why"),
    [
        ("load train", "'clean' lies between its steps, so that the job would wait for itself"),
        ("clean gone", ""),
    ],
)
def test_what_cannot_be_one_job_any_more_is_told_with_the_way_out(pack: str, why: str) -> None:
    with pytest.raises(OrchError) as raised:
        packed(CHAIN, pack)
    first = raised.value.problems[0]
    assert (first.message.endswith(why) if why else "is not any more" in first.message) is True
    assert "orch compile --pack auto" in first.hint


def test_auto_leaves_alone_what_names_a_pack() -> None:
    steps = tuple(replace(step, settings=in_pack("mine")) if step.id in ("load", "clean") else step for step in CHAIN.steps)
    graph = replace(CHAIN, steps=steps)
    chosen = chosen_packs(graph, Settings(), dict.fromkeys(graph.by_id, 2.0))

    assert chosen == (("train", "report"),)
    assert packed(graph, "train report").packs == (("load", "clean"), ("train", "report"))


def test_a_notice_of_a_step_in_a_pack_is_one_of_its_job() -> None:
    told = replace(CHAIN, notices=(Notice("failure", Issue(), ("clean", "train")),))
    graph = graph_of_jobs(packed(told, "load clean"))

    assert [notice.steps for notice in graph.notices] == [("load", "train")]
    assert "orch-notify" in compile_workflow(packed(told, "load clean")).jobs


def test_without_packs_the_jobs_are_the_steps() -> None:
    assert graph_of_jobs(CHAIN) is CHAIN
