"""What a step asks for: amounts as people write them, and settings that say only what was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from support.graphs import TRIGGERS
from support.graphs import settings as any_settings

from orch.model import canonical
from orch.model.resources import ResourceSettings, memory_bytes
from orch.model.retry import StepRetryConfig
from orch.model.settings import StepSettings, seconds
from orch.model.triggers import PullRequest, Push, Trigger, trigger_from_json


@pytest.mark.parametrize(
    ("text", "size"), [("1B", 1), ("8GB", 8 * 10**9), ("8 GB", 8 * 10**9), ("512MiB", 512 * 2**20), ("1KiB", 1024), ("2PB", 2 * 10**15)]
)
def test_memory_is_a_number_with_a_unit(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "8", "GB", "8gb", "-1GB", "1.5GB", "8GB free", "8 G"])
def test_memory_without_a_known_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of memory"):
        memory_bytes(text)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1h1m1s", 3661), (1, 1), (0.5, 0.5)],
)
def test_a_duration_is_text_or_seconds(duration: str | float, expected: float) -> None:
    assert seconds(duration) == expected


@pytest.mark.parametrize("duration", ["", "0s", "5", "30m1h", "1.5h", "-1s", "1d", 0, -1, True, None, float("nan")])
def test_what_is_no_positive_duration_is_refused(duration: Any) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        seconds(duration)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"cpu_count": 0}, "cpu_count"),
        ({"cpu_count": float("nan")}, "cpu_count"),
        ({"gpu_count": -1}, "gpu_count"),
        ({"gpu_count": 1.0}, "gpu_count"),
        ({"memory": "8"}, "memory"),
    ],
)
def test_resources_that_no_machine_has_are_refused(given: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        ResourceSettings(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"max_retries": -1},
        {"max_retries": 1.5},
        {"delay": -1},
        {"backoff": 0.5},
        {"delay": float("nan")},
        {"delay": float("inf")},
        {"backoff": float("inf")},
        {"backoff": 2, "delay": 600, "max_retries": 14},
        {"backoff": 2, "delay": 1, "max_retries": 10**9},
    ],
)
def test_a_retry_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        StepRetryConfig(**given)


def test_each_wait_is_the_one_before_times_the_backoff_until_the_last_try() -> None:
    retry = StepRetryConfig(max_retries=3, delay=2, backoff=3)

    assert [retry.delay_after(tries) for tries in (1, 2, 3, 4)] == [2, 6, 18, None]


@pytest.mark.parametrize(
    "retry", [StepRetryConfig(10**9, 5), StepRetryConfig(10**9, 0, 2), StepRetryConfig(13, 600, 2), StepRetryConfig(1, 1, 1e300)]
)
def test_every_wait_of_a_retry_that_is_accepted_is_one_of_days(retry: StepRetryConfig) -> None:
    last = retry.delay_after(retry.max_retries)

    assert last is not None
    assert 0 <= last <= 30 * 86_400


def test_settings_that_nobody_made_leave_no_trace_in_the_graph() -> None:
    assert StepSettings().to_json() == {}


@pytest.mark.parametrize(
    "settings",
    [
        StepSettings(target="kubernetes"),
        StepSettings(resources=ResourceSettings(cpu_count=0.5, gpu_count=0, memory="1GiB")),
        StepSettings(resources=ResourceSettings()),
        StepSettings(extras=("gpu",), groups=("train",), secrets=("TOKEN",)),
        StepSettings(retry=StepRetryConfig(0)),
        StepSettings(cache=False),
        StepSettings(cache=True),
    ],
)
def test_settings_survive_the_graph_file(settings: StepSettings) -> None:
    assert StepSettings.from_json(canonical.loads(canonical.dumps(settings.to_json()))) == settings


@given(settings=any_settings())
def test_any_settings_survive_the_graph_file(settings: StepSettings) -> None:
    assert StepSettings.from_json(canonical.loads(canonical.dumps(settings.to_json()))) == settings


@given(trigger=TRIGGERS)
def test_a_trigger_survives_the_graph_file(trigger: Trigger) -> None:
    assert trigger_from_json(canonical.loads(canonical.dumps(trigger.to_json()))) == trigger


def test_a_push_is_no_pull_request() -> None:
    triggers: set[Trigger] = {Push(["main"]), PullRequest(["main"])}

    assert len(triggers) == 2
    assert repr(PullRequest(["main"])) == "PullRequest(branches=('main',), paths=())"


def test_an_unknown_trigger_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown trigger 'moon'"):
        trigger_from_json({"type": "moon"})
