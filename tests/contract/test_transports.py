"""What every transport promises, wherever the other side is."""

from __future__ import annotations

import hashlib
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as registry
from support.sides import LOCAL, NEEDS, Bucket, Memory, Objects, Side, Unwilling

from orch.errors import ExitCode, StoreError
from orch.stores.local import LocalStore, object_path, stored_objects
from orch.transports import open_transport
from orch.transports.drivers import PART

pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # as Azure's driver does
SIDES: Final = [*LOCAL, *(pytest.param(name, marks=pytest.mark.stores(NEEDS[name])) for name in NEEDS)]


@pytest.fixture(params=SIDES)
def there(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    if request.param in NEEDS:
        yield Bucket(request.getfixturevalue("object_servers")[request.param], monkeypatch)
    else:
        yield LOCAL[request.param](tmp_path)
        MemoryFileSystem.store.clear()


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_what_one_machine_pushes_another_pulls(there: Side, here: LocalStore, elsewhere: LocalStore) -> None:
    digests = [here.put(data) for data in (b"", b"one", b"two" * 1000)]

    there.open().push(digests, here)
    there.open().pull(digests, elsewhere)

    assert [elsewhere.get(digest) for digest in digests] == [b"", b"one", b"two" * 1000]
    assert there.files() == sorted(object_path(digest) for digest in digests)


def test_what_is_there_is_told_and_nothing_else(there: Side, here: LocalStore) -> None:
    digest = here.put(b"one")
    absent = digest_of(b"never")

    assert there.open().has([digest, absent]) == set()
    there.open().push([digest], here)
    assert there.open().has([digest, absent]) == {digest}
    assert there.open().has([]) == set()


def test_pushing_again_writes_nothing_and_pulling_again_reads_nothing(there: Side, here: LocalStore, elsewhere: LocalStore) -> None:
    digest = here.put(b"the right bytes")
    for _ in range(2):
        there.open().push([digest, digest], here)
        there.open().pull([digest, digest], elsewhere)
    there.write(object_path(digest), b"the wrong bytes")

    there.open().push([digest], here)
    there.open().pull([digest], elsewhere)

    assert there.read(object_path(digest)) == (b"the right bytes" if there.mends else b"the wrong bytes"), "of the right size: few look"
    assert elsewhere.get(digest) == b"the right bytes"


@pytest.mark.parametrize("damage", [b"", b"the right", b"the wrong bytes", b"the right bytes and more"])
def test_wrong_bytes_are_refused_and_named_and_nothing_of_them_is_kept(
    there: Side, here: LocalStore, elsewhere: LocalStore, damage: bytes
) -> None:
    digest = here.put(b"the right bytes")
    there.open().push([digest], here)
    there.write(object_path(digest), damage)

    with pytest.raises(StoreError, match="not those its digest names") as caught:
        there.open().pull([digest], elsewhere)

    assert digest in caught.value.message
    assert there.url in caught.value.message
    assert caught.value.hint
    assert dict(stored_objects(elsewhere.root)) == {}
    assert list(elsewhere.root.glob(".*")) == []


def test_an_object_that_is_not_there_is_named(there: Side, elsewhere: LocalStore) -> None:
    with pytest.raises(StoreError, match="is not in the artifact store") as caught:
        there.open().pull([digest_of(b"absent")], elsewhere)

    assert digest_of(b"absent") in caught.value.message
    assert there.url in caught.value.message


def test_bytes_that_are_damaged_here_never_get_there(there: Side, here: LocalStore) -> None:
    digest = here.put(b"the right bytes")
    here.path(digest).chmod(0o644)
    here.path(digest).write_bytes(b"the wrong bytes")

    with pytest.raises(StoreError, match="not those its digest names"):
        there.open().push([digest], LocalStore(here.root))
    assert there.files() == []


def test_what_is_not_here_cannot_be_pushed(there: Side, here: LocalStore) -> None:
    with pytest.raises(StoreError, match="is not in the store"):
        there.open().push([digest_of(b"absent")], here)


@pytest.mark.parametrize("part", [b"", b"the right"])
def test_the_partial_object_of_a_dead_writer_is_written_anew(there: Side, here: LocalStore, elsewhere: LocalStore, part: bytes) -> None:
    digest = here.put(b"the right bytes")
    there.write(object_path(digest), part)
    there.write(".writing-dead", b"half")

    there.open().push([digest], here)
    there.open().pull([digest], elsewhere)

    assert elsewhere.get(digest) == b"the right bytes"
    assert there.files() == sorted([".writing-dead", object_path(digest)])


def test_several_push_the_same_at_a_time(there: Side, here: LocalStore, elsewhere: LocalStore) -> None:
    digests = [here.put(b"%d" % number * 1000) for number in range(20)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: there.open().push(digests, here), range(4)))
    there.open().pull(digests, elsewhere)

    assert there.files() == sorted(object_path(digest) for digest in digests)


def test_a_writer_that_fails_leaves_nothing_that_can_be_read(there: Side, here: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = here.put(b"x" * 1_000_000)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orch.files.rename", fail)
    for system in (LocalFileSystem, MemoryFileSystem, Unwilling):
        monkeypatch.setattr(system, "mv", fail)
    monkeypatch.setattr(there.driver if isinstance(there, Bucket) else Objects, "put_file", fail)
    with pytest.raises(StoreError, match="No space left on device"):
        there.open().push([digest], here)

    assert there.files() == []


@pytest.mark.parametrize("digest", ["", "sha256:../../../etc/passwd", "md5:" + "0" * 64])
def test_what_is_not_a_digest_is_refused(there: Side, here: LocalStore, digest: str) -> None:
    for ask in (lambda: there.open().has([digest]), lambda: there.open().push([digest], here), lambda: there.open().pull([digest], here)):
        with pytest.raises(StoreError, match="is not a digest"):
            ask()


def test_a_side_that_does_not_answer_is_one_clear_error(there: Side, here: LocalStore) -> None:
    digest = here.put(b"one")
    asks: list[Callable[[], object]] = [
        lambda: there.broken().has([digest]),
        lambda: there.broken().push([digest], here),
        lambda: there.broken().pull([digest_of(b"two")], here),
    ]
    for ask in asks:
        with pytest.raises(StoreError, match=r"cannot .* the artifact store") as caught:
            ask()
        assert repr(there.url) in caught.value.message
        assert "\n" not in caught.value.message
        assert caught.value.hint
        assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_large_objects_pass_in_pieces(there: Side, here: LocalStore, elsewhere: LocalStore) -> None:
    if isinstance(there, Memory):
        pytest.skip("the other side is this process's memory")
    size = 64_000_000
    with here.create() as writer:
        for _ in range(size // 1_000_000):
            writer.write(os.urandom(1_000_000))

    tracemalloc.start()
    there.open().push([writer.digest], here)
    there.open().pull([writer.digest], elsewhere)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert elsewhere.size(writer.digest) == size
    assert peak < (6 * PART if isinstance(there, Bucket) else size / 3)


# --- urls ---


def test_a_driver_that_is_not_installed_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(registry, "s3", raising=False)
    with pytest.raises(StoreError, match="the driver for the artifact store 's3://bucket' is not installed") as caught:
        open_transport("s3://bucket")

    assert caught.value.hint == "pip install 'orch-toolkit[s3]'"


def test_what_no_driver_reaches_is_refused() -> None:
    with pytest.raises(StoreError, match="nothing that fsspec knows reaches the artifact store 'gopher://hole'"):
        open_transport("gopher://hole")


def test_a_folder_whose_name_is_written_in_percents_is_that_folder(tmp_path: Path, here: LocalStore) -> None:
    folder = tmp_path / "with a space"
    open_transport(folder.as_uri()).push([here.put(b"one")], here)

    assert [digest for digest, _ in stored_objects(folder)] == [digest_of(b"one")]
