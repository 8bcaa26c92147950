"""What only a real server shows: who is refused, who was first, and what is there after it was killed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from support.front import Front
from support.sides import NEEDS, Bucket, without_pauses
from support.stores import SECRET, SERVERS, Servers

from orch.errors import StoreError
from orch.stores.local import LocalStore, object_path, stored_objects
from orch.stores.transport import Transport
from orch.transports import open_transport

# As Azure's driver does.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
ALL: Final = [pytest.param(scheme, marks=pytest.mark.stores(program)) for scheme, program in NEEDS.items()]
# Google's stand-in lets everybody in.
STRICT: Final = [parameter for parameter in ALL if parameter.values != ("gs",)]


@pytest.fixture
def there(request: pytest.FixtureRequest, object_servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    return Bucket(object_servers[request.param], monkeypatch)


@pytest.fixture
def front() -> Iterator[Front]:
    with Front() as front:
        yield front


def asks(transport: Transport, here: LocalStore) -> list[Callable[[], object]]:
    digest = here.put(b"one")
    empty = LocalStore(here.root.with_name("empty"))
    return [
        transport.check,
        lambda: transport.has([digest]),
        lambda: transport.push([digest], here),
        lambda: transport.pull([digest], empty),
    ]


@pytest.mark.parametrize("scheme", ALL)
def test_of_eight_who_write_the_same_at_a_time_one_does(
    scheme: str, front: Front, object_servers: Servers, here: LocalStore, elsewhere: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = here.put(b"the right bytes")
    front.before(object_servers[scheme].port)
    there = Bucket(object_servers[scheme].seen_through(front.port), monkeypatch)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: there.open().push([digest], here), range(8)))

    written = [status for method, status in front.answered if method in ("PUT", "POST")]
    assert len(written) == 8
    assert sum(status < 300 for status in written) == 1
    assert {status for status in written if status >= 300} <= {409, 412}
    there.open().pull([digest], elsewhere)
    assert there.files() == [object_path(digest)]


@pytest.mark.parametrize("there", ALL, indirect=True)
def test_of_two_who_write_the_same_large_object_the_second_finds_it(there: Bucket, here: LocalStore) -> None:
    digest = here.put(os.urandom(20_000_000))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: there.open().push([digest], here), range(2)))

    assert there.files() == [object_path(digest)]
    assert len(there.read(object_path(digest))) == 20_000_000


@pytest.mark.parametrize("there", ALL, indirect=True)
def test_what_another_machine_has_just_written_is_seen(there: Bucket, here: LocalStore) -> None:
    transport, digest = there.open(), here.put(b"one")
    assert transport.has([digest]) == set()

    there.write(object_path(digest), b"one")

    assert transport.has([digest]) == {digest}


@pytest.mark.parametrize("there", STRICT, indirect=True)
def test_wrong_credentials_are_refused_and_never_shown(there: Bucket, here: LocalStore, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = f"{SECRET}-of-yesterday"
    there.become(there.server.environment(wrong))

    for ask in asks(open_transport(there.url), here):
        with pytest.raises(StoreError, match="refuses the credentials of this machine") as caught:
            ask()
        assert there.url in caught.value.message
        assert "docs/stores.md" in (caught.value.hint or "")
        for secret in (wrong, there.server.environment(wrong).get("AZURE_STORAGE_CONNECTION_STRING", wrong)):
            assert secret not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("there", [parameter for parameter in ALL if parameter.values == ("az",)], indirect=True)
def test_a_signature_that_ran_out_is_refused_and_never_shown(there: Bucket, here: LocalStore) -> None:
    signature = "c2lnbmF0dXJlIG9mIHllc3RlcmRheQ%3D%3D"
    token = f"sv=2024-11-04&ss=b&srt=sco&sp=rwl&se=2024-12-01T00:00:00Z&sig={signature}"
    own = there.server.environment()["AZURE_STORAGE_CONNECTION_STRING"].partition("BlobEndpoint=")[2]
    there.become({"AZURE_STORAGE_CONNECTION_STRING": f"BlobEndpoint={own};SharedAccessSignature={token}"})

    for ask in asks(open_transport(there.url), here):
        with pytest.raises(StoreError, match="refuses the credentials of this machine") as caught:
            ask()
        assert signature not in str(caught.value)
        assert "c2lnbmF0dXJl" not in str(caught.value)


@pytest.mark.parametrize("there", ALL, indirect=True)
def test_a_bucket_that_is_not_there_is_named(there: Bucket, here: LocalStore, capfd: pytest.CaptureFixture[str]) -> None:
    check, _, push, pull = asks(open_transport(f"{there.server.SCHEME}://no-such-bucket/path"), here)

    for ask in (check, push, pull):
        with pytest.raises(StoreError, match="there is no 'no-such-bucket'") as caught:
            ask()
        assert caught.value.hint == "make it, or correct artifact_store in orch.yaml"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("there", STRICT, indirect=True)
def test_what_no_bucket_can_be_called_is_named(there: Bucket, here: LocalStore) -> None:
    check, _, push, _ = asks(open_transport(f"{there.server.SCHEME}://b/path"), here)

    for ask in (check, push):
        with pytest.raises(StoreError, match="'b' is no name that it knows") as caught:
            ask()
        assert "correct artifact_store in orch.yaml" in (caught.value.hint or "")


@pytest.mark.parametrize("there", ALL, indirect=True)
def test_a_server_that_never_answers_is_given_up(there: Bucket, here: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there.become(type(there.server)(there.server.folder, front=silent.getsockname()[1]).environment())
        with pytest.raises(StoreError, match="it did not answer in time") as caught:
            open_transport(there.url, timeout=0.1).push([here.put(b"one")], here)

    assert there.url in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("scheme", ALL)
def test_a_server_that_is_killed_in_the_middle_leaves_nothing_half(
    scheme: str, front: Front, here: LocalStore, elsewhere: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SERVERS[scheme](tmp_path / "server", front=front.port)
    front.before(server.port)
    server.start()
    try:
        server.make_bucket()
        there = Bucket(server, monkeypatch)
        without_pauses(monkeypatch)
        digest = here.put(os.urandom(20_000_000))

        front.open(up=10_000_000, then=server.kill)
        with pytest.raises(StoreError, match=r"cannot write to the artifact store .* it does not answer") as caught:
            there.open().push([digest], here)
        assert there.url in caught.value.message
        server.start()
        server.make_bucket()
        front.open()
        assert there.open().has([digest]) == set()
        there.open().push([digest], here)

        front.open(down=10_000_000, then=server.kill)
        with pytest.raises(StoreError, match=r"cannot read from the artifact store .* it does not answer"):
            there.open().pull([digest], elsewhere)
        assert dict(stored_objects(elsewhere.root)) == {}
        assert [path for path in elsewhere.root.rglob("*") if path.is_file()] == []
        server.start()
        server.make_bucket()
        front.open()
        there.open().push([digest], here)
        there.open().pull([digest], elsewhere)
        assert elsewhere.size(digest) == 20_000_000
    finally:
        server.kill()


@pytest.mark.parametrize("scheme", ALL)
def test_many_small_objects_share_few_connections_and_take_one_request_each_way(
    scheme: str, front: Front, object_servers: Servers, here: LocalStore, elsewhere: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    front.before(object_servers[scheme].port)
    there = Bucket(object_servers[scheme].seen_through(front.port), monkeypatch)
    transport = there.open()
    digests = [here.put(b"%d" % number) for number in range(100)]

    transport.push(digests, here)
    transport.pull(digests, elsewhere)
    transport.push(digests, here, expected=digests)

    assert len(front.answered) == 300
    assert front.connections <= 20
