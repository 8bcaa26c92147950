"""What every store promises, whichever way it keeps the bytes."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orch.errors import StoreError
from orch.stores.local import LocalStore

Open = Callable[..., LocalStore]
SPAWN = multiprocessing.get_context("spawn")


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def overwrite(store: LocalStore, digest: str, data: bytes) -> Path:
    """What a failing disk does: the object's file holds other bytes."""
    path = store.path(digest)
    path.chmod(0o644)
    path.write_bytes(data)
    return path


@pytest.fixture(params=[LocalStore], ids=["local"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the store of this test; each call is another reader or writer of the same objects."""

    def open_store(name: str = "store", *, verify: bool = False) -> LocalStore:
        store: LocalStore = request.param(tmp_path / name, verify=verify)
        return store

    return open_store


def test_bytes_come_back_under_their_sha256(opened: Open) -> None:
    digest = opened().put(b"hello")

    assert digest == digest_of(b"hello")
    assert opened().get(digest) == b"hello"
    assert opened().path(digest).read_bytes() == b"hello"
    assert opened().size(digest) == 5
    assert opened().has(digest)


@given(data=st.binary(max_size=4096))
@settings(max_examples=50)
def test_any_bytes_come_back(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = LocalStore(tmp_path_factory.getbasetemp() / "any-bytes", verify=True)

    assert store.get(store.put(data)) == data


def test_nothing_is_made_before_the_first_object(opened: Open, tmp_path: Path) -> None:
    store = opened()

    assert not store.has(digest_of(b"x"))
    assert not (tmp_path / "store").exists()


def test_an_object_is_a_read_only_file_at_its_digest(opened: Open, tmp_path: Path) -> None:
    digest = opened().put(b"x")

    path = tmp_path / "store" / "objects" / digest[7:9] / digest[9:]
    assert opened().path(digest) == path
    assert path.stat().st_mode & 0o222 == 0


def test_all_ways_of_writing_agree(opened: Open, tmp_path: Path) -> None:
    data = b"0123456789" * 300_000
    (tmp_path / "file").write_bytes(data)
    with opened("created").create() as writer:
        for start in range(0, len(data), 70_001):
            assert writer.write(memoryview(data)[start : start + 70_001]) == len(data[start : start + 70_001])
        assert writer.tell() == len(data)

    assert (writer.digest, writer.size) == (opened("put").put(data), len(data))
    assert opened("put_file").put_file(tmp_path / "file") == (writer.digest, len(data))
    written = opened("put_written")
    assert written.put_written(lambda path: Path(path).write_bytes(data)) == (writer.digest, len(data))
    assert written.get(writer.digest) == data
    assert written.path(writer.digest).stat().st_mode == opened("put").path(writer.digest).stat().st_mode
    assert opened("created").get(writer.digest) == data


def test_storing_the_same_again_leaves_the_file_alone(opened: Open, tmp_path: Path) -> None:
    digest = opened().put(b"same")
    before = opened().path(digest).stat()
    (tmp_path / "file").write_bytes(b"same")

    opened().put(b"same")
    opened().put_file(tmp_path / "file")
    opened().put_written(lambda path: Path(path).write_bytes(b"same"))
    after = opened().path(digest).stat()

    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_write_that_fails_leaves_nothing(opened: Open, tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), opened().create() as writer:
        writer.write(b"half")
        raise ZeroDivisionError

    def write_half(path: str) -> None:
        Path(path).write_bytes(b"half")
        raise ZeroDivisionError

    with contextlib.suppress(ZeroDivisionError):
        opened().put_written(write_half)

    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    assert writer.closed
    assert writer.digest == ""


def test_an_unreadable_file_is_the_callers_error_and_leaves_nothing(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened().put_file(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        opened().put_file(tmp_path)

    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("use", ["get", "path", "size"])
def test_a_missing_object_is_named_with_its_place(opened: Open, use: str) -> None:
    digest = digest_of(b"never stored")

    with pytest.raises(StoreError) as caught:
        getattr(opened(), use)(digest)

    assert digest in caught.value.message
    assert digest[9:] in caught.value.message.replace(digest, "")
    assert caught.value.hint


@pytest.mark.parametrize(
    "digest", ["", "sha256:", "sha256:../../../../etc/passwd", "md5:" + "0" * 64, "sha256:" + "A" * 64, "sha256:" + "0" * 65]
)
def test_what_is_not_a_digest_is_refused(opened: Open, digest: str) -> None:
    with pytest.raises(StoreError, match="is not a digest"):
        opened().get(digest)
    with pytest.raises(StoreError, match="is not a digest"):
        opened().has(digest)


@pytest.mark.parametrize(
    "damage", [b"", b"the right by", b"the right bytes!", b"the wrong bytes"], ids=["empty", "truncated", "longer", "changed"]
)
@pytest.mark.parametrize("use", ["get", "path"])
def test_a_verifying_reader_refuses_damaged_bytes(opened: Open, damage: bytes, use: str) -> None:
    digest = opened().put(b"the right bytes")
    path = overwrite(opened(), digest, damage)

    with pytest.raises(StoreError) as caught:
        getattr(opened(verify=True), use)(digest)

    assert digest in caught.value.message
    assert repr(str(path)) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("damage", [b"", b"the wrong bytes"], ids=["empty", "changed"])
@pytest.mark.parametrize("way", ["put", "put_file", "put_written", "create"])
def test_a_writer_replaces_damaged_bytes(opened: Open, tmp_path: Path, damage: bytes, way: str, *, verify: bool) -> None:
    data = b"the right bytes"
    digest = opened().put(data)
    overwrite(opened(), digest, damage)
    (tmp_path / "file").write_bytes(data)
    store = opened(verify=verify)

    def write() -> None:
        match way:
            case "put":
                store.put(data)
            case "put_file":
                store.put_file(tmp_path / "file")
            case "put_written":
                store.put_written(lambda path: Path(path).write_bytes(data))
            case _:
                with store.create() as writer:
                    writer.write(data)

    write()

    assert opened(verify=True).get(digest) == data


def test_an_object_is_hashed_once_by_each_reader(opened: Open) -> None:
    digest = opened().put(b"the right bytes")
    store = opened(verify=True)
    store.get(digest)
    overwrite(opened(), digest, b"the wrong bytes")

    assert store.get(digest) == b"the wrong bytes"
    with pytest.raises(StoreError):
        opened(verify=True).get(digest)


def test_a_writer_need_not_hash_what_it_wrote_itself(opened: Open) -> None:
    store = opened(verify=True)
    digest = store.put(b"the right bytes")
    overwrite(opened(), digest, b"the wrong bytes")

    assert store.get(digest) == b"the wrong bytes"


def test_a_place_that_cannot_be_written_is_named(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")

    with pytest.raises(StoreError, match="cannot write to the store"):
        opened().put(b"x")
    with pytest.raises(StoreError, match="cannot write to the store"), opened().create() as writer:
        writer.write(b"x")
    with pytest.raises(StoreError, match="cannot write to the store"):
        opened().put_written(lambda path: Path(path).write_bytes(b"x"))


def test_transfer_brings_the_objects_and_leaves_the_source(opened: Open) -> None:
    source, store = opened("source"), opened()
    digests = [source.put(b"one"), source.put(b"two"), store.put(b"three"), source.put(b"three")]

    store.transfer(digests, source)

    assert [opened(verify=True).get(digest) for digest in digests] == [b"one", b"two", b"three", b"three"]
    assert [opened("source", verify=True).get(digest) for digest in digests] == [b"one", b"two", b"three", b"three"]


def test_transfer_copies_where_the_file_system_has_no_links(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    source = opened("source")
    digest = source.put(b"one")
    monkeypatch.setattr(os, "link", no_links)

    opened().transfer([digest], source)

    assert opened(verify=True).get(digest) == b"one"


def test_a_copy_of_damaged_bytes_never_gets_the_digest(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    source = opened("source")
    digest = source.put(b"one")
    overwrite(source, digest, b"two")
    monkeypatch.setattr(os, "link", no_links)

    with pytest.raises(StoreError, match="not those its digest names"):
        opened().transfer([digest], source)
    assert not opened().has(digest)


def test_transfer_from_a_verifying_source_refuses_damaged_bytes(opened: Open) -> None:
    digest = opened("source").put(b"one")
    overwrite(opened("source"), digest, b"two")

    with pytest.raises(StoreError, match="not those its digest names"):
        opened().transfer([digest], opened("source", verify=True))
    assert not opened().has(digest)


def test_transfer_names_what_the_source_lacks(opened: Open) -> None:
    with pytest.raises(StoreError, match="is not in the store"):
        opened().transfer([digest_of(b"absent")], opened("source"))


def write_many(root: Path, start: object) -> None:
    store = LocalStore(root, verify=True)
    start.wait()  # type: ignore[attr-defined]
    for i in range(100):
        data = b"%d," % i * 1000
        assert store.get(store.put(data)) == data
        with store.create() as writer:
            writer.write(data * 2)
        assert store.get(writer.digest) == data * 2


def test_processes_that_write_the_same_objects_do_not_disturb_each_other(tmp_path: Path) -> None:
    start = SPAWN.Barrier(3)
    processes = [SPAWN.Process(target=write_many, args=(tmp_path, start)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(list((tmp_path / "objects").glob("*/*"))) == 200
    assert list(tmp_path.glob(".writing-*")) == []


def write_half(root: Path, ready: object) -> None:
    with LocalStore(root).create() as writer:
        writer.write(b"half" * 1_000_000)
        ready.set()  # type: ignore[attr-defined]
        signal.pause()


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and pause are POSIX")
def test_a_killed_writer_leaves_nothing_that_can_be_read(tmp_path: Path) -> None:
    ready = SPAWN.Event()
    process = SPAWN.Process(target=write_half, args=(tmp_path, ready))
    process.start()
    ready.wait()
    process.kill()
    process.join()

    assert not (tmp_path / "objects").exists()
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX")
def test_a_forked_store_shares_no_temporary_name_with_its_parent(opened: Open) -> None:
    store = opened()
    store.put(b"before")
    with store.create() as writer:
        writer.write(b"parent")
        child = os.fork()
        if not child:
            status = 1
            try:
                status = store.put(b"child") != digest_of(b"child")
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert opened().get(writer.digest) == b"parent"
    assert opened().get(digest_of(b"child")) == b"child"
