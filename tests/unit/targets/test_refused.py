"""What an engine's own words come to: the code of an error, and what to do."""

from __future__ import annotations

import pytest

from orch.targets.refused import engine_away, not_pulled, refusal


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        ("write /var/lib/docker/overlay2/x/link: no space left on device", "disk-full", "docker system prune"),
        ('could not select device driver "" with capabilities: [[gpu]]', "target", "NVIDIA Container Toolkit"),
        (
            'failed to create shim: OCI runtime create failed: exec: "python3": executable file not found in $PATH: unknown',
            "image",
            "Python 3.11",
        ),
        ("network nowhere not found", "target", "docker network"),
        ("Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", "target", "ResourceSettings"),
    ],
)
def test_a_refusal_of_the_engine(words: str, code: str, hint: str) -> None:
    error = refusal(words, image="python", doing="starting the container")

    assert error.code == code
    assert hint in error.hint


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("manifest for 127.0.0.1:5000/x:1 not found: manifest unknown: manifest unknown", "image"),
        ("pull access denied for churn, repository does not exist or may require 'docker login': denied", "image"),
        ('Head "http://127.0.0.1:5001/v2/x/manifests/1": no basic auth credentials', "registry"),
        ("unauthorized: authentication required", "registry"),
        ("toomanyrequests: You have reached your pull rate limit", "registry"),
        ('Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', "registry"),
        ("write /var/lib/docker/tmp/GetImageBlob: no space left on device", "disk-full"),
    ],
)
def test_why_an_image_does_not_come(words: str, code: str) -> None:
    error = not_pulled(words, "registry.example/churn:1")

    assert error.code == code
    assert "registry.example/churn:1" in error.message or code == "disk-full"
    assert error.hint


def test_the_login_that_is_missing_is_to_the_registry_of_the_image() -> None:
    assert "docker login ghcr.io" in not_pulled("denied: denied", "ghcr.io/team/image:1").hint


def test_an_engine_that_may_not_be_asked_is_another_thing_than_none() -> None:
    assert "group `docker`" in engine_away("unix:///x", "('Connection aborted.', PermissionError(13, 'Permission denied'))").hint
    assert "start it" in engine_away("unix:///x", "FileNotFoundError(2, 'No such file or directory')").hint
