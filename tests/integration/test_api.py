"""GitHub's API as jobs ask it, against real servers on this machine."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from support.web_server import Asked, Reply, WebServer, make_certificate, serving, tunnelling

from orch.errors import RemoteError, SettingsError
from orch.replay.act import server as act_server
from orch.runtime import backoff
from orch.runtime.api import Api
from orch.runtime.web import Web

TOKEN: Final = "ghs_1234567890abcdefghij"
NOW: Final = 1_800_000_000.0


class Waited:
    """A clock that stands still but for what was slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return NOW + sum(self.slept)


def api_of(server: WebServer, waited: Waited | None = None, log: Callable[[str], None] = print) -> Api:
    waited = waited or Waited()
    return Api(server.url, "org/churn", TOKEN, Web({}, seconds=5), now=waited.now, sleep=waited.slept.append, jitter=lambda: 1.0, log=log)


def test_a_request_carries_the_token_and_the_version_and_its_answer_is_read() -> None:
    with serving(WebServer(Reply(body={"jobs": [], "total_count": 0}))) as server:
        answer = api_of(server).get("actions/runs/1/jobs", {"filter": "latest"}, needs="actions: read")

    assert answer == {"jobs": [], "total_count": 0}
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/repos/org/churn/actions/runs/1/jobs", {"filter": "latest"})
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["user-agent"].startswith("orch-toolkit/")


def test_what_is_posted_is_json_and_an_empty_answer_is_none() -> None:
    with serving(WebServer(Reply(202))) as server:
        api = api_of(server)
        answer = api.post("actions/runs/1/cancel", needs="actions: write", repeatable=True)
        api.patch("issues/7", {"state": "closed"}, needs="issues: write")

    assert answer is None
    assert server.paths == ["POST /repos/org/churn/actions/runs/1/cancel", "PATCH /repos/org/churn/issues/7"]
    assert server.asked[1].data == {"state": "closed"}
    assert server.asked[1].headers["content-type"] == "application/json"


def test_pages_are_read_until_one_is_not_full() -> None:
    def answer(asked: Asked) -> Reply:
        first = (int(asked.query["page"]) - 1) * 100
        return Reply(body={"jobs": list(range(first, min(first + 100, 250)))})

    with serving(WebServer(answer=answer)) as server:
        found = list(api_of(server).pages("actions/runs/1/jobs", "jobs", {"filter": "latest"}, needs="actions: read"))

    assert found == list(range(250))
    assert [asked.query for asked in server.asked] == [{"filter": "latest", "per_page": "100", "page": str(page)} for page in (1, 2, 3)]


def test_an_answer_without_the_list_is_an_error() -> None:
    with serving(WebServer(Reply(body={"total_count": 0}))) as server, pytest.raises(RemoteError, match="has no list 'jobs'"):
        list(api_of(server).pages("actions/runs/1/jobs", "jobs", needs="actions: read"))


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_what_passes_is_asked_again_with_growing_waits(status: int) -> None:
    waited = Waited()
    told: list[str] = []
    with serving(WebServer(Reply(status), Reply(status), Reply(status), Reply(body=1))) as server:
        answer = api_of(server, waited, told.append).get("actions/runs/1", needs="actions: read")

    assert answer == 1
    assert waited.slept == [1.0, 2.0, 4.0]
    assert len(told) == 3


def test_after_the_last_try_the_error_has_the_status_and_what_was_asked() -> None:
    waited = Waited()
    with serving(WebServer(Reply(502, {"message": "Server Error"}))) as server, pytest.raises(RemoteError) as raised:
        api_of(server, waited).get("actions/runs/1", needs="actions: read")

    assert len(server.asked) == backoff.TRIES == len(waited.slept) + 1
    assert raised.value.status == 502
    assert raised.value.message == "GitHub answered 502 to GET /repos/org/churn/actions/runs/1: Server Error"
    assert "githubstatus.com" in raised.value.hint


def test_the_server_says_how_long_to_wait() -> None:
    waited = Waited()
    limited = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 20)}
    script = [
        Reply(429, headers={"Retry-After": "7"}),
        Reply(403, headers=limited),
        Reply(503, headers={"Retry-After": "3"}),
        Reply(body=1),
    ]
    with serving(WebServer(*script)) as server:
        api_of(server, waited).get("actions/runs/1", needs="actions: read")

    assert waited.slept == [7.0, 14.0, 3.0]


def test_a_long_wait_is_not_waited() -> None:
    waited = Waited()
    with serving(WebServer(Reply(403, headers={"Retry-After": "1800"}))) as server, pytest.raises(RemoteError) as raised:
        api_of(server, waited).get("actions/runs/1", needs="actions: read")

    assert waited.slept == []
    assert "limits how often it is asked" in raised.value.message
    assert "again in 1800 s" in raised.value.message


def test_a_connection_that_breaks_is_made_again() -> None:
    waited = Waited()
    with serving(WebServer(Reply(hang_up=True), Reply(body=[1], cut=True), Reply(body=2))) as server:
        assert api_of(server, waited).get("actions/runs/1", needs="actions: read") == 2

    assert waited.slept == [1.0, 2.0]


def test_a_server_that_is_not_there_is_an_error_with_its_name() -> None:
    with serving(WebServer(Reply())) as server:
        api = api_of(server)

    with pytest.raises(RemoteError, match=r"'127\.0\.0\.1:\d+' did not answer GET .*refused") as raised:
        api.get("actions/runs/1", needs="actions: read")
    assert raised.value.status == 0
    assert "HTTPS_PROXY" in raised.value.hint


def test_what_must_not_be_done_twice_is_sent_again_only_where_it_was_not_done() -> None:
    with serving(WebServer(Reply(502))) as server, pytest.raises(RemoteError):
        api_of(server).post("issues", {"title": "x"}, needs="issues: write")
    with serving(WebServer(Reply(hang_up=True))) as dropping, pytest.raises(RemoteError):
        api_of(dropping).post("issues", {"title": "x"}, needs="issues: write")
    with serving(WebServer(Reply(429), Reply(201, {"number": 1}))) as limiting:
        assert api_of(limiting).post("issues", {"title": "x"}, needs="issues: write") == {"number": 1}

    assert (len(server.asked), len(dropping.asked), len(limiting.asked)) == (1, 1, 2)


def test_a_missing_permission_names_the_line_of_the_workflow() -> None:
    refused = {"message": "Resource not accessible by integration"}
    with serving(WebServer(Reply(403, refused))) as server, pytest.raises(RemoteError) as raised:
        api_of(server).post("actions/runs/1/cancel", needs="actions: write")
    either = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
    with serving(WebServer(Reply(403, refused, either))) as other, pytest.raises(RemoteError) as accepted:
        api_of(other).post("issues", {}, needs="contents: read")

    assert raised.value.status == 403
    assert "`permissions:` with `actions: write`" in raised.value.hint
    assert len(server.asked) == 1
    assert "`permissions:` with `issues: write or pull_requests: write`" in accepted.value.hint


def test_the_token_is_in_no_error_and_no_log() -> None:
    told: list[str] = []
    refusals = [
        Reply(401, {"message": f"Bad credentials {TOKEN}"}),
        Reply(502, {"message": f"echo {TOKEN}"}),
        Reply(body=f"x{TOKEN}".encode()),
    ]
    for reply in refusals:
        with serving(WebServer(reply)) as server, pytest.raises(RemoteError) as raised:
            api_of(server, log=told.append).get("actions/runs/1", needs="actions: read")
        assert TOKEN not in str(raised.value)
        assert TOKEN not in repr(raised.value)
    assert TOKEN not in "".join(told)
    assert told


def test_an_answer_that_is_no_json_is_an_error() -> None:
    with serving(WebServer(Reply(body=b"<html>sign in</html>"))) as server, pytest.raises(RemoteError, match="is not JSON"):
        api_of(server).get("actions/runs/1", needs="actions: read")


# --- artifacts ---


@contextmanager
def serving_with_storage(*stored: Reply) -> Iterator[tuple[WebServer, WebServer]]:
    """An API whose artifacts lie elsewhere, at an address that is signed, and that place."""
    with (
        serving(WebServer(*stored)) as storage,
        serving(WebServer(Reply(302, headers={"Location": f"{storage.url}/blob?sig=signed"}))) as api,
    ):
        yield api, storage


def test_an_artifact_comes_from_the_storage_that_never_sees_the_token(tmp_path: Path) -> None:
    with serving_with_storage(Reply(body=b"PK zip")) as (server, storage):
        api_of(server).download(9, tmp_path / "9.zip")

    assert (tmp_path / "9.zip").read_bytes() == b"PK zip"
    assert server.paths == ["GET /repos/org/churn/actions/artifacts/9/zip"]
    (asked,) = storage.asked
    assert asked.query == {"sig": "signed"}
    assert "authorization" not in asked.headers


def test_a_download_that_breaks_starts_anew_and_leaves_nothing_half(tmp_path: Path) -> None:
    with serving_with_storage(Reply(body=b"PK", cut=True), Reply(body=b"PK whole")) as (server, _):
        api_of(server).download(9, tmp_path / "9.zip")

    assert (tmp_path / "9.zip").read_bytes() == b"PK whole"
    assert [path.name for path in tmp_path.iterdir()] == ["9.zip"]


def test_an_artifact_above_the_limit_is_refused_before_or_while_it_is_read(tmp_path: Path) -> None:
    for headers in ({}, {"Transfer-Encoding": "chunked"}):
        body = b"5\r\nabcde\r\n0\r\n\r\n" if headers else b"abcde"
        with serving(WebServer(Reply(body=body, headers=headers))) as server, pytest.raises(RemoteError, match="larger than the 4 bytes"):
            api_of(server).download(9, tmp_path / "9.zip", limit=4)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [404, 410])
def test_an_artifact_that_is_gone_is_told_by_its_status(tmp_path: Path, status: int) -> None:
    with serving(WebServer(Reply(status, {"message": "Not Found"}))) as server, pytest.raises(RemoteError) as raised:
        api_of(server).download(9, tmp_path / "9.zip")

    assert raised.value.status == status
    assert len(server.asked) == 1


def test_a_storage_that_refuses_is_named_without_its_signed_address(tmp_path: Path) -> None:
    failed = Reply(403, b"<Error>AuthenticationFailed</Error>")
    with serving_with_storage(failed) as (server, storage), pytest.raises(RemoteError) as raised:
        api_of(server).download(9, tmp_path / "9.zip")

    assert "signed" not in str(raised.value)
    assert storage.url.removeprefix("http://") in raised.value.message


def test_what_writes_is_not_redirected_and_no_ring_is_walked(tmp_path: Path) -> None:
    with serving(WebServer(Reply(307, headers={"Location": "/elsewhere"}))) as server:
        with pytest.raises(RemoteError, match="which is not followed"):
            api_of(server).post("issues", {}, needs="issues: write")
        with pytest.raises(RemoteError, match="redirected more than 5 times"):
            api_of(server).get("actions/runs/1", needs="actions: read")


def test_a_repository_that_was_renamed_is_followed_with_the_token() -> None:
    with serving(WebServer(Reply(301, headers={"Location": "/repositories/1/actions/runs/1"}), Reply(body=1))) as server:
        assert api_of(server).get("actions/runs/1", needs="actions: read") == 1

    assert server.asked[1].headers["authorization"] == f"Bearer {TOKEN}"


# --- the way there ---


def test_a_proxy_is_asked_where_the_environment_names_one() -> None:
    with serving(WebServer(Reply(body=1))) as proxy:
        environment = {
            "http_proxy": proxy.url,
            "GITHUB_API_URL": "http://github.example/api/v3",
            "GITHUB_REPOSITORY": "org/churn",
            "GITHUB_TOKEN": TOKEN,
        }
        assert Api.of_job(environment).get("actions/runs/1", needs="actions: read") == 1

    assert proxy.paths == ["GET http://github.example/api/v3/repos/org/churn/actions/runs/1"]


@pytest.mark.tools("openssl")
def test_a_certificate_is_trusted_where_a_variable_names_it(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with serving(WebServer(Reply(body=1)), certificate) as server:
        environment = {"GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": "org/churn", "GITHUB_TOKEN": TOKEN}
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            assert Api.of_job({**environment, name: str(tmp_path / "certificate.pem")}).get("actions/runs/1", needs="actions: read") == 1
        with pytest.raises(RemoteError, match=r"is not trusted: self.signed") as raised:
            Api.of_job(environment).get("actions/runs/1", needs="actions: read")
        with pytest.raises(SettingsError, match=r"SSL_CERT_FILE is .* holds no certificates"):
            Api.of_job({**environment, "SSL_CERT_FILE": "/nowhere.pem"}).get("actions/runs/1", needs="actions: read")

    assert "REQUESTS_CA_BUNDLE" in raised.value.hint


@pytest.mark.parametrize("absent", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_outside_of_a_job_the_error_says_what_is_not_set(absent: str) -> None:
    environment = {"GITHUB_REPOSITORY": "org/churn", "GITHUB_TOKEN": TOKEN}
    del environment[absent]

    with pytest.raises(SettingsError, match=f"{absent} is not set"):
        Api.of_job(environment)


@pytest.mark.tools("openssl")
def test_through_a_proxy_for_https_goes_what_the_proxy_cannot_read(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with serving(WebServer(Reply(body=1)), certificate) as server, tunnelling() as (proxy, read):
        environment = {"GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": "org/churn", "GITHUB_TOKEN": TOKEN}
        environment |= {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(tmp_path / "certificate.pem")}
        assert Api.of_job(environment).get("actions/runs/1", needs="actions: read") == 1
        asked = list(read)
        assert Api.of_job({**environment, "NO_PROXY": "127.0.0.1"}).get("actions/runs/1", needs="actions: read") == 1

    assert asked[0].startswith(f"CONNECT {server.url.removeprefix('https://')} HTTP/1.".encode())
    assert TOKEN.encode() not in b"".join(read)
    assert read == asked
    assert len(server.asked) == 2


@pytest.mark.posix
def test_under_act_a_job_that_is_gone_before_its_answer_is_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    heard, gone = threading.Event(), threading.Event()

    def slow(_: act_server.Asked) -> act_server.Reply:
        heard.set()
        gone.wait(10)
        return act_server.Reply(body=b"x" * (1 << 24))  # more than any buffer takes

    route = act_server.Route("GET", "slow", slow)
    with act_server.serving([route], repository="local/churn", token=TOKEN) as api, socket.socket() as job:
        job.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as the system closes it for a process that is killed
        job.connect(("127.0.0.1", int(api.rpartition(":")[2])))
        job.sendall(f"GET /repos/local/churn/slow HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        assert heard.wait(10)
        (answering,) = [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]
        job.close()
        gone.set()
        answering.join(10)

    assert capfd.readouterr().err == ""
