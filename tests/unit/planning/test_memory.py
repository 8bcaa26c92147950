"""What is remembered of files saves reading them, and is never believed of a file that may have changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sources import Sources, steps

from orch.planning.memory import Memory

SECOND = 1_000_000_000
LONG_AGO = 1_600_000_000 * SECOND
FILES = {"pipeline.py": "from orch import step\nimport helpers\n@step\ndef uses(): return helpers.x\n", "helpers.py": "x = 1\n"}


class Clock:
    """Files and memories are as old as the test says; the inode's own time cannot be set, so it is far from both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "memory.json"

    def write(self, name: str, text: str, at: int) -> str:
        file = self.folder / name
        file.write_text(text)
        os.utime(file, ns=(at, at))
        return str(file)

    def learn(self, *paths: str) -> Memory:
        """As a run that begins an hour from now: nothing of what was written is recent for it."""
        memory = Memory(self.path, now=lambda: _in_an_hour(self.folder))
        for path in paths:
            memory.source(path)
        memory.save()
        if self.path.exists():
            os.utime(self.path, ns=(_in_an_hour(self.folder), _in_an_hour(self.folder)))
        return memory


def _in_an_hour(folder: Path) -> int:
    return max(each.stat().st_ctime_ns for each in (folder, *folder.iterdir())) + 3600 * SECOND


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose bytes were read."""
    import builtins

    opened: list[str] = []
    real: Callable[..., object] = open

    def noted(path: object, *arguments: object, **more: object) -> object:
        opened.append(os.path.basename(str(path)))  # noqa: PTH119
        return real(path, *arguments, **more)

    monkeypatch.setattr(builtins, "open", noted)
    return opened


def test_a_file_that_did_not_change_is_not_read_again(clock: Clock, reads: list[str]) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    first = clock.learn(path).source(path)
    reads.clear()

    again = Memory(clock.path)

    assert again.source(path) == first
    assert "a.py" not in reads


def test_a_file_of_another_size_is_read_again(clock: Clock) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    first = clock.learn(path).source(path)
    clock.write("a.py", "x = 10\n", LONG_AGO)

    assert Memory(clock.path).source(path).digest != first.digest


def test_a_file_of_the_same_size_and_time_of_writing_is_read_again(clock: Clock) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    first = clock.learn(path).source(path)
    clock.write("a.py", "x = 2\n", LONG_AGO)  # as `cp -p` and archives do

    assert Memory(clock.path).source(path).digest != first.digest


def test_a_file_that_was_replaced_is_read_again(clock: Clock) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    first = clock.learn(path).source(path)
    os.replace(clock.write("b.py", "x = 2\n", LONG_AGO), path)  # noqa: PTH105

    assert Memory(clock.path).source(path).digest != first.digest


def test_a_file_that_was_written_just_before_it_was_read_is_read_again(clock: Clock, reads: list[str]) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    written = (clock.folder / "a.py").stat().st_ctime_ns
    memory = Memory(clock.path, now=lambda: written + SECOND)
    memory.source(path)
    memory.save()
    os.utime(clock.path, ns=(written + SECOND, written + SECOND))
    reads.clear()

    Memory(clock.path).source(path)

    assert "a.py" in reads


def test_the_clock_of_the_file_system_counts_too(clock: Clock, reads: list[str]) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    clock.learn(path)
    written = (clock.folder / "a.py").stat().st_ctime_ns
    os.utime(clock.path, ns=(written, written))  # it thinks that this memory is as old as the file
    reads.clear()

    Memory(clock.path).source(path)

    assert "a.py" in reads


def test_a_recent_file_is_not_believed_because_a_later_run_did_not_ask_for_it(clock: Clock, reads: list[str]) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    memory = Memory(clock.path, now=lambda: 0)
    memory.source(path)
    memory.save()

    clock.learn(clock.write("b.py", "y = 1\n", LONG_AGO))
    reads.clear()
    Memory(clock.path).source(path)

    assert "a.py" in reads


def test_what_is_not_asked_for_is_kept(clock: Clock, reads: list[str]) -> None:
    first = clock.write("a.py", "x = 1\n", LONG_AGO)
    clock.learn(first)
    clock.learn(clock.write("b.py", "y = 1\n", LONG_AGO))
    reads.clear()

    Memory(clock.path).source(first)

    assert "a.py" not in reads


def test_nothing_is_written_where_nothing_was_learnt(clock: Clock) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    clock.learn(path)
    before = clock.path.stat().st_ino

    clock.learn(path)

    assert clock.path.stat().st_ino == before


def test_the_digest_of_a_data_file_is_remembered(clock: Clock, reads: list[str]) -> None:
    path = clock.write("data.csv", "a,b\n", LONG_AGO)
    memory = Memory(clock.path, now=lambda: _in_an_hour(clock.folder))
    digest = memory.digest(path)
    memory.save()
    os.utime(clock.path, ns=(_in_an_hour(clock.folder), _in_an_hour(clock.folder)))
    reads.clear()

    assert Memory(clock.path).digest(path) == digest
    assert "data.csv" not in reads


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:0],
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b'"x"', b'"y"'),
        lambda data: b"\x00" * len(data),
        lambda data: data.partition(b"\n")[2],
    ],
)
def test_a_damaged_memory_is_none(damage: Callable[[bytes], bytes], clock: Clock, reads: list[str]) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    clock.learn(path)
    clock.path.write_bytes(damage(clock.path.read_bytes()))
    reads.clear()

    assert Memory(clock.path).source(path).binds == ["x"]
    assert "a.py" in reads


def resealed(clock: Clock, change: Callable[[dict[str, object]], None]) -> None:
    """A memory whose own digest holds, with other content."""
    import hashlib

    data = json.loads(clock.path.read_bytes().partition(b"\n")[2])
    change(data)
    text = json.dumps(data).encode()
    clock.path.write_bytes(f"sha256:{hashlib.sha256(text).hexdigest()}\n".encode() + text)


@pytest.mark.parametrize("made_by", [[0], None, ["another version"]])
def test_the_memory_of_another_version_is_none(made_by: object, clock: Clock, reads: list[str]) -> None:
    path = clock.write("a.py", "x = 1\n", LONG_AGO)
    clock.learn(path)
    resealed(clock, lambda data: data.update(made_by=made_by))
    reads.clear()

    Memory(clock.path).source(path)

    assert "a.py" in reads


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=5), max_leaves=10
)


@given(entry=JSON, files=JSON, packages=JSON)
def test_no_memory_of_another_form_is_a_crash(
    entry: object, files: object, packages: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = Clock(tmp_path_factory.mktemp("memory"))
    path = clock.write("pipeline.py", FILES["pipeline.py"], LONG_AGO)
    clock.learn(path)

    def change(data: dict[str, object]) -> None:
        assert isinstance(data["files"], dict)
        data["files"][path] = entry
        data["packages"] = packages
        if files is not None:
            data["files"] = files

    resealed(clock, change)
    os.utime(clock.path, ns=(_in_an_hour(clock.folder), _in_an_hour(clock.folder)))
    sources = Sources(clock.folder, {}, steps("uses"), memory=clock.path)

    assert sources.facts("uses").code


def test_a_place_that_cannot_be_written_to_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sources = Sources(tmp_path, FILES, steps("uses"), memory=tmp_path / "file" / "memory.json")

    assert sources.facts("uses").code


def test_facts_are_the_same_with_and_without_a_memory(tmp_path: Path) -> None:
    sources = Sources(tmp_path, FILES, steps("uses"))
    without = sources.gather()
    sources.memory = tmp_path / ".orch" / "memory.json"

    assert sources.gather().facts == without.facts
    assert sources.gather().facts == without.facts
    assert sources.gather().documents == without.documents
    sources.write("helpers.py", "x = 2\n")
    assert sources.gather().facts != without.facts
    assert not list((tmp_path / ".orch").glob("*.tmp"))


@given(edits=st.lists(st.tuples(st.sampled_from(["helpers.py", "pipeline.py"]), st.integers(0, 3)), max_size=6))
def test_any_sequence_of_edits_gives_what_reading_everything_gives(
    edits: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("edits")
    remembering = Sources(folder, FILES, steps("uses"), memory=folder / ".orch" / "memory.json")
    forgetting = Sources(folder, {}, steps("uses"))
    for name, number in edits:
        remembering.write(name, FILES[name] + f"y = {number}\n")
        if number == 3:
            (folder / name).unlink()

        assert remembering.gather().facts == forgetting.gather().facts
