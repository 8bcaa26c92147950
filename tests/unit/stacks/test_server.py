from __future__ import annotations

import pytest

from orch.stacks.server import is_enterprise_server, mirror_problem, server_problem


@pytest.mark.parametrize("server", ["https://github.com", "https://acme.ghe.com/", "https://github.acme.test:8443", "https://git"])
def test_an_address_of_a_server_is_one(server: str) -> None:
    assert server_problem(server) is None


@pytest.mark.parametrize(
    "server",
    [
        "github.com",
        "http://github.acme.test",
        "https://",
        "https://a b",
        "https://x/api/v3",
        "https://x?y",
        "ssh://x",
        "https://x:y",
        "https://-x",
    ],
)
def test_what_is_no_address_is_told(server: str) -> None:
    assert server_problem(server) == f"is {server!r}, expected an address like 'https://github.example.com'"


def test_credentials_are_not_taken() -> None:
    assert "credentials do not belong" in (server_problem("https://me:token@github.acme.test") or "")


@pytest.mark.parametrize(
    ("server", "is_own"),
    [
        (None, False),
        ("https://github.com", False),
        ("https://acme.ghe.com", False),
        ("https://ghe.com.acme.test", True),
        ("https://github.acme.test", True),
    ],
)
def test_an_enterprise_server_is_told_from_githubs_own(server: str | None, is_own: bool) -> None:
    assert is_enterprise_server(server) is is_own


@pytest.mark.parametrize(
    ("name", "mirror"),
    [("actions/checkout", "acme/checkout"), ("actions/*", "mirror/*"), ("orch-dev/orch-action", "./vendor/orch")],
)
def test_a_mirror_is_a_repository_a_folder_or_an_owner(name: str, mirror: str) -> None:
    assert mirror_problem(name, mirror) is None


@pytest.mark.parametrize(
    ("name", "mirror", "told"),
    [
        ("checkout", "acme/checkout", "is no repository of an action"),
        ("actions/checkout@v7", "acme/checkout", "is no repository of an action"),
        ("actions/checkout", "acme/checkout@v7", "cannot stand in"),
        ("actions/checkout", "https://acme.test/checkout", "cannot stand in"),
        ("actions/checkout", "./checkout", "before it there are no files of the repository"),
        ("actions/*", "acme/one", "one names many repositories"),
        ("actions/cache", "mirror/*", "one names many repositories"),
        ("orch-dev/orch-action", "./../x", "cannot stand in"),
    ],
)
def test_what_is_no_mirror_is_told(name: str, mirror: str, told: str) -> None:
    assert told in (mirror_problem(name, mirror) or "")
