"""kill -9 at any moment: what is left is whole, the next run finishes, and nothing is left running or lying about."""

from __future__ import annotations

import hashlib
import json
import os
import random
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import FunctionType
from typing import Any, Final, Self

import pytest
from support.effects.sitecustomize import EFFECTS
from support.killable import Ended, Killable
from support.modules import write

from orch import files, locks
from orch.cli.kept_runs import find_run, read_runs
from orch.orchestrators.local.home import Home
from orch.stores.local import object_file, stored_objects

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and the lifeline of workers, are Linux's")

PATIENCE = 300.0  # seconds after which a test that waits has failed

BUSY = """
    import os, subprocess, sys

    @step
    def busy() -> None:
        alive = os.open("alive", os.O_WRONLY)
        subprocess.Popen([sys.executable, "-c", f"import os, time; os.write({alive}, b'x'); time.sleep(1000)"], pass_fds=[alive])
        while True:
            sum(range(1000))

    @pipeline
    def p():
        busy()
"""


def test_a_killed_run_leaves_neither_its_worker_nor_what_the_step_started(tmp_path: Path) -> None:
    """Both hold a pipe open: its end is read when the last of them is gone."""
    file = write(tmp_path, BUSY)
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    with subprocess.Popen([sys.executable, "-m", "orch", "run", str(file)], cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        assert select.select([alive], [], [], PATIENCE)[0]
        assert os.read(alive, 1) == b"x"
        process.kill()

        assert select.select([alive], [], [], PATIENCE)[0]
        assert os.read(alive, 1) == b""
    os.close(alive)


# --- at every effect on files ---


def test_every_effect_is_counted() -> None:
    """Those that are made of others excepted."""
    public = {name for name, function in vars(files).items() if isinstance(function, FunctionType) and not name.startswith("_")}

    assert public - {"write_atomic", "overwrite"} == set(EFFECTS)


SMALL: Final = """
    from pathlib import Path

    @step
    def plain(n: int) -> dict[str, list[int]]:
        print("plain")
        return {"numbers": list(range(n))}

    @step
    def file(plain: dict[str, list[int]]) -> Path:
        Path(context().temp, "out.txt").write_text(str(plain))
        return Path(context().temp, "out.txt")

    @step
    def folder(plain: dict[str, list[int]]) -> Path:
        out = Path(context().temp, "out")
        (out / "below").mkdir(parents=True)
        (out / "below" / "a").write_text("a")
        (out / "b").symlink_to("below/a")
        return out

    @pipeline
    def p(n: int = 3):
        first = plain(n)
        file(first)
        folder(first)
"""

RETRIED: Final = """
    @step(retry=StepRetryConfig(max_retries=1))
    def flaky() -> int:
        print("try", context().tries)
        if context().tries == 1:
            raise ValueError("once more")
        return 7

    @pipeline
    def p():
        flaky()
"""

ARRAY: Final = """
    import numpy as np

    @step
    def array() -> np.ndarray:
        return np.arange(100_000)

    @pipeline
    def p():
        array()
"""

FRAME: Final = """
    import pandas as pd

    @step
    def frame() -> pd.DataFrame:
        return pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]})

    @pipeline
    def p():
        frame()
"""

RUN: Final = ("run", "--json", "--jobs", "1", "pipeline.py")


class Machines:
    """Two processes that start commands; what is to be tried is shared out between them."""

    def __init__(self) -> None:
        self._free: SimpleQueue[Killable] = SimpleQueue()

    def __enter__(self) -> Self:
        for _ in range(2):
            self._free.put(Killable())
        return self

    def __exit__(self, *error: object) -> None:
        for _ in range(2):
            self._free.get().__exit__(None, None, None)

    def __call__(self, folder: Path, *arguments: str, kill: str = "", after: float | None = None) -> Ended:
        machine = self._free.get()
        try:
            return machine(folder, *arguments, kill=kill, after=after)
        finally:
            self._free.put(machine)

    def each(self, trial: Callable[[Any], None], cases: Iterable[Any]) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(trial, cases))


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


def points(effects: list[str], who: str, *, since: int = 0) -> list[str]:
    """Before each effect and when half of a write is written. After one of the command's own is before its next one; after one of a
    worker is another matter, because there the command is killed as well."""
    found = []
    for number, name in list(enumerate(effects))[since:]:
        found.append(f"{who}:{number}:before")
        if who == "workers" or number == len(effects) - 1:
            found.append(f"{who}:{number}:after")
        if name in ("write_all", "append_lines"):
            found.append(f"{who}:{number}:half")
    return found


def digests_of(step: Any) -> set[str]:
    """Of every object of its outputs."""
    return {digest for output in step["outputs"].values() for digest in (output["digest"], *output.get("objects", ()))}


def digests(ended: Ended) -> dict[str, str]:
    return {f"{step['id']}.{name}": output["digest"] for step in ended.record["steps"] for name, output in step["outputs"].items()}


def laid_out(folder: Path, run: str) -> dict[str, str]:
    outputs = Home.of(folder).run(run).path / "outputs"
    return {path.relative_to(outputs).as_posix(): path.read_text() for path in outputs.rglob("*") if path.is_file()}


def litter(folder: Path) -> list[str]:
    """What only a writer that is at work may have."""
    here = [path for path in (folder / ".orch").rglob("*") if path.name.startswith(".") or path.name.endswith(".tmp")]
    return sorted(path.name for path in [*here, *(folder / "tmp").iterdir()] if path.name != ".gitignore")


class Undisturbed:
    def __init__(self, machines: Machines, folder: Path, code: str) -> None:
        self.machines = machines
        self.folder = folder
        self.code = code
        ended = self.run(self.project("undisturbed"))
        assert ended.code == 0, ended.err
        self.effects = ended.effects
        self.begin = ended.begin
        self.digests = digests(ended)
        self.outputs = laid_out(folder / "undisturbed", ended.record["run"])

    def project(self, name: str) -> Path:
        write(self.folder / name, self.code)
        return self.folder / name

    def run(self, folder: Path, *, kill: str = "", after: float | None = None) -> Ended:
        return self.machines(folder, *RUN, kill=kill, after=after)

    def check(self, folder: Path, what: object) -> None:
        """What a killed run has left in `folder` is whole, and the next run makes of it what an undisturbed one does."""
        if (folder / ".orch" / "lock").exists():  # a worker that was just being started has it until it is Python
            locks.take(folder / ".orch" / "lock").close()
        runs, problems = read_runs(folder)
        assert problems == [], what
        assert {run.state for run in runs} <= {"killed", "failed", "succeeded"}, what
        if runs:
            find_run(folder, None)
        for digest, _ in stored_objects(Home.of(folder).store):
            assert hashlib.sha256(object_file(Home.of(folder).store, digest).read_bytes()).hexdigest() == digest[7:], what
        again = self.run(folder)
        assert again.code == 0, (what, again.err)
        assert digests(again) == self.digests, what
        assert laid_out(folder, again.record["run"]) == self.outputs, what
        cleaned = self.machines(folder, "gc")
        assert (cleaned.code, litter(folder)) == (0, []), (what, cleaned.err)
        assert {digest for step in again.record["steps"] for digest in digests_of(step)} <= set(dict(stored_objects(Home.of(folder).store)))


@pytest.mark.parametrize("code", [SMALL, RETRIED, ARRAY, FRAME], ids=["small", "retried", "array", "frame"])
def test_a_run_that_is_killed_at_any_effect_is_finished_by_the_next(machines: Machines, tmp_path: Path, code: str) -> None:
    undisturbed = Undisturbed(machines, tmp_path, code)
    kills = points(undisturbed.effects["workers"], "workers")
    if code in (SMALL, RETRIED):  # of the others, it is what workers do that differs
        kills += points(undisturbed.effects["own"], "own", since=0 if code == SMALL else undisturbed.begin)

    def trial(kill: str) -> None:
        folder = undisturbed.project(kill.replace(":", "-"))
        killed = undisturbed.run(folder, kill=kill)
        assert killed.code in (-9, 0, 1), (kill, killed.err)
        undisturbed.check(folder, kill)

    machines.each(trial, kills)
    assert len(kills) > 10


def test_a_run_that_is_killed_at_a_random_moment_is_finished_by_the_next(machines: Machines, tmp_path: Path) -> None:
    undisturbed = Undisturbed(machines, tmp_path, SMALL)
    moments = random.Random(20261121)  # noqa: S311 - no secret

    def trial(case: tuple[int, float]) -> None:
        folder = undisturbed.project(f"random-{case[0]}")
        undisturbed.run(folder, after=case[1])
        undisturbed.check(folder, case)

    machines.each(trial, [(number, moments.uniform(0.0, 0.5)) for number in range(50)])


def test_a_run_that_is_killed_again_and_again_gets_on(machines: Machines, tmp_path: Path) -> None:
    """On one home: what earlier runs left must not be in the way of later ones."""
    undisturbed = Undisturbed(machines, tmp_path, SMALL)
    folder = undisturbed.project("again and again")
    for kill in points(undisturbed.effects["own"], "own")[::7]:
        undisturbed.run(folder, kill=kill)

    undisturbed.check(folder, "again and again")


# --- commands that write into the repository ---


def files_in(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for place in (folder / ".github", folder / "orch.yaml")
        for path in [place, *place.rglob("*")]
        if path.is_file()
    }


@pytest.mark.parametrize("command", [("compile", "pipeline.py"), ("stack", "set", "github")], ids=["compile", "stack set"])
def test_a_command_that_is_killed_leaves_each_file_as_it_was_or_as_it_will_be(
    machines: Machines, tmp_path: Path, command: tuple[str, ...]
) -> None:
    def project(name: str, code: str = SMALL) -> Path:
        write(tmp_path / name, code)
        (tmp_path / name / "orch.yaml").write_text("# mine\nactive: local\n")
        return tmp_path / name

    old, new = project("old", SMALL.replace("plain", "simple")), project("new")
    assert machines(old, *command).code == 0
    done = machines(new, *command)
    before, after = files_in(old) if command[0] == "compile" else {"orch.yaml": "# mine\nactive: local\n"}, files_in(new)

    def trial(kill: str) -> None:
        folder = project(kill.replace(":", "-"))
        for name, text in before.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        assert machines(folder, *command, kill=kill).code == -9, kill
        left = {name: text for name, text in files_in(folder).items() if not name.endswith(".tmp")}
        assert all(text in (before.get(name), after[name]) for name, text in left.items()), kill
        for path in folder.rglob("*.tmp"):
            os.utime(path, (0, 0))  # as if that had been a while ago
        assert machines(folder, *command).code == 0, kill
        assert machines(folder, *command).code == 0, kill
        assert files_in(folder) == after, kill

    changed = project("changed")
    for name, text in before.items():
        (changed / name).parent.mkdir(parents=True, exist_ok=True)
        (changed / name).write_text(text)
    machines.each(trial, points(machines(changed, *command).effects["own"], "own"))
    assert done.code == 0


def test_a_killed_gc_loses_nothing_that_is_kept(machines: Machines, tmp_path: Path) -> None:
    undisturbed = Undisturbed(machines, tmp_path, SMALL)
    collect = ("gc", "--older-than", "0s", "--json")

    full = undisturbed.project("full")
    assert machines(full, "run", "pipeline.py", "--set", "n=5").code == 0
    assert undisturbed.run(full).code == 0

    def project(name: str) -> Path:
        return shutil.copytree(full, tmp_path / name, symlinks=True)

    def trial(kill: str) -> None:
        folder = project(kill.replace(":", "-"))
        assert machines(folder, *collect, kill=kill).code == -9, kill
        assert machines(folder, *collect).code == 0, kill
        assert [run.record.info.parameters for run in read_runs(folder)[0]] == [{"n": 3}], kill
        undisturbed.check(folder, kill)

    ended = machines(project("whole"), *collect)
    assert json.loads(ended.out)["objects"] > 0
    machines.each(trial, points(ended.effects["own"], "own"))
