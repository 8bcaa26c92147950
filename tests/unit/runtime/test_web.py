from __future__ import annotations

import pytest

from orch.errors import SettingsError
from orch.runtime.web import Request, Web, proxies_for

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": PROXY}, {"https": PROXY}),
        ({"HTTPS_PROXY": "http://other", "https_proxy": PROXY}, {"https": PROXY}),
        ({"HTTP_PROXY": PROXY}, {}),
        ({"ALL_PROXY": PROXY}, {"https": PROXY}),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost,.example.com"}, {}),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "*"}, {}),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "other.com"}, {"https": PROXY}),
        ({"HTTPS_PROXY": ""}, {}),
    ],
)
def test_the_environment_says_which_way_a_request_goes(environment: dict[str, str], found: dict[str, str]) -> None:
    assert proxies_for("https://api.example.com/repos", environment) == found


def test_a_request_shows_neither_its_credentials_nor_its_signed_address() -> None:
    request = Request("GET", "https://user:pass@storage.example/blob?sig=signed", {"Authorization": "Bearer x"}, b"body")

    assert repr(request) == "Request(method='GET')"
    assert request.host == "storage.example"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "https:///x", "nonsense"])
def test_only_servers_are_asked(url: str) -> None:
    with pytest.raises(SettingsError, match="no address that can be asked"), Web({}).send(Request("GET", url)):
        pass
