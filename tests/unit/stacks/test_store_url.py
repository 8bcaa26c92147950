from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import SettingsError
from orch.stacks.load import parse_settings
from orch.stacks.settings import Stack
from orch.stacks.store_url import store_url_problem


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket",
        "s3://bucket/a/path",
        "gs://bucket/path/",
        "az://container/path",
        "abfss://container@account.dfs.core.windows.net/path",
        "sftp://me@host:22/folder",
        "memory://below",
        "file:///folder",
        "file:///with%20a%20space",
    ],
)
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert store_url_problem(url) is None
    assert parse_settings(f"stacks: {{a: {{artifact_store: '{url}'}}}}").stacks["a"].store_url == url


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIA:hunter2@bucket",
        "s3://hunter2@bucket",
        "sftp://me:hunter2@host/folder",
        "abfss://container:hunter2@account/path",
        "https://host/path?sig=hunter2",
        "s3://bucket?X-Amz-Security-Token=hunter2",
    ],
)
def test_credentials_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="credentials") as caught:
        parse_settings(f"stacks: {{a: {{artifact_store: '{url}'}}}}")

    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith("orch.yaml:1: ")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://host/path", "cannot be written to"),
        ("s3://bucket?x=1", "goes on after the path"),
        ("s3://bucket#x", "goes on after the path"),
        ("s3://", "names no bucket"),
        ("://bucket", "has no scheme"),
        ("file://folder", "names no folder of this machine"),
        ("file:///", "names no folder of this machine"),
        ("s3://bucket/../other", "leads upwards"),
        ("s3://a bucket", "characters that no URL has"),
        ("s3://[", "it is no URL"),
    ],
)
def test_what_is_no_address_to_write_to_is_refused(url: str, problem: str) -> None:
    assert problem in (store_url_problem(url) or "")


@given(text=st.text(max_size=30), scheme=st.sampled_from(["s3", "file", "sftp", ""]))
def test_any_text_gives_a_problem_or_none(text: str, scheme: str) -> None:
    problem = store_url_problem(f"{scheme}://{text}")

    assert problem is None or problem


def test_the_store_of_the_orchestrator_has_no_url() -> None:
    assert Stack().store_url is None
    assert Stack("github").store == "github"
