from __future__ import annotations

import errno
from pathlib import Path

import pytest

from orch import locks


def test_one_has_it_alone_or_several_share_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locks.take(path, shared=True), locks.take(path, shared=True):
        assert locks.try_take(path) is None
        assert not locks.is_taken(path)
    with locks.take(path):
        assert locks.try_take(path, shared=True) is None
        assert locks.is_taken(path)

    assert not locks.is_taken(path)


def test_nobody_has_what_does_not_exist_and_asking_does_not_make_it(tmp_path: Path) -> None:
    assert not locks.is_taken(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_closing_twice_closes_nobody_elses_file(tmp_path: Path) -> None:
    lock = locks.take(tmp_path / "lock")
    lock.close()
    with locks.take(tmp_path / "lock"):
        lock.close()
        assert locks.is_taken(tmp_path / "lock")


def test_where_the_file_system_has_no_locks_one_is_given_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    fcntl = pytest.importorskip("fcntl", reason="Windows has no flock")
    monkeypatch.setattr(fcntl, "flock", no_locks)
    lock = locks.take(tmp_path / "lock")

    assert not lock.is_real
    assert locks.is_taken(tmp_path / "lock"), "nobody can tell, so it is better left alone"
    lock.close()
