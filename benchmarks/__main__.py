"""How fast: each figure beside its bar, every pair measured in turn within one run, medians.

python3 tasks.py bench [--rounds N]

Quote ratios and differences of one run only: machines differ, and so do the same machine's days.
"""

from __future__ import annotations

import math
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import sources
from benchmarks.job_phases import measure as phases_of_jobs

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable


class Row(NamedTuple):
    what: str
    measured: float
    bar: float
    unit: str
    how: str

    @property
    def holds(self) -> bool:
        return self.measured <= self.bar


class Bench:
    """Whole processes in a project of their own, by the clock on the wall."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.environment = {**os.environ, "PYTHONHASHSEED": "0"}
        for name in ("GITHUB_ACTIONS", "ORCH_STACK"):
            self.environment.pop(name, None)
        shutil.copy(HERE / "pipelines.py", folder)
        (folder / "pyproject.toml").touch()

    def seconds(self, command: Sequence[str], *, fails: bool = False) -> float:
        started = time.perf_counter()
        ended = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, check=False)
        took = time.perf_counter() - started
        if (ended.returncode != 0) is not fails:
            sys.exit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr.decode()}")
        return took

    def in_turn(self, *measures: Callable[[], float]) -> list[float]:
        """Medians of the measures, each round taking all of them once, after one round that does not count."""
        for measure in measures:
            measure()
        rounds = [[measure() for measure in measures] for _ in range(self.rounds)]
        return [statistics.median(column) for column in zip(*rounds, strict=True)]

    def python(self, *arguments: str) -> Callable[[], float]:
        return lambda: self.seconds([PYTHON, *arguments])

    def orch(self, *arguments: str, fails: bool = False) -> Callable[[], float]:
        return lambda: self.seconds([PYTHON, "-m", "orch", *arguments], fails=fails)

    def pickle_loop(self, length: int) -> float:
        """Seconds for what a chain cannot do without: each value to disk and back, here by pickle."""
        folder = self.folder / "pickles"
        folder.mkdir(exist_ok=True)
        started = time.perf_counter()
        value = 0
        for number in range(length):
            file = folder / str(number)
            with file.open("wb") as writing:
                pickle.dump(value + 1, writing)
            with file.open("rb") as reading:
                value = pickle.load(reading)  # noqa: S301 (written three lines above)
        took = time.perf_counter() - started
        shutil.rmtree(folder)
        return took


def start_up(bench: Bench) -> list[Row]:
    bare, click, help_, imported = bench.in_turn(
        bench.python("-c", "pass"),
        bench.python("-c", "import click"),
        bench.orch("--help"),
        bench.python("-c", "from orch import step, pipeline"),
    )
    return [
        Row("orch --help", help_ / click, 2, "x", "of `python -c 'import click'`"),
        Row("from orch import step, pipeline", (imported - bare) * 1000, 30, "ms", "above bare Python"),
    ]


def one_step(bench: Bench) -> list[Row]:
    graph = "from orch.authoring.load import load_graph; print(load_graph('pipelines.py:chain_1').text())"
    text = subprocess.run([PYTHON, "-c", graph], cwd=bench.folder, env=bench.environment, capture_output=True, check=True).stdout
    (bench.folder / "graph.json").write_bytes(text)
    folders = ["--inputs", "inputs", "--outputs", "outputs", "--record", "record", "--project", "."]

    def step() -> float:
        for name in ("outputs", "record"):
            shutil.rmtree(bench.folder / name, ignore_errors=True)
        return bench.orch("step", "run", "--graph", "graph.json", "--step", "start", *folders)()

    bare, ran = bench.in_turn(bench.python("-c", "pass"), step)
    return [Row("one step by the step runtime", (ran - bare) * 1000, 60, "ms", "above bare Python, whole process")]


def local_runs(bench: Bench) -> list[Row]:
    def run(pipeline: str, jobs: int, *, fails: bool = False) -> Callable[[], float]:
        return bench.orch("run", f"pipelines.py:{pipeline}", "--no-cache", "--jobs", str(jobs), fails=fails)

    short, long, loop = bench.in_turn(run("chain_1", 1), run("chain_100", 1), lambda: bench.pickle_loop(99))
    one, fan, death = bench.in_turn(run("fan_1", 2), run("fan_100", 2), run("fan_99_and_a_death", 2, fails=True))
    bare, worker = bench.in_turn(bench.python("-c", "pass"), bench.python("-c", "import orch.runtime.worker"))
    return [
        Row(
            "chain of 100 steps, --jobs 1",
            (long - short - loop) * 1000 / 99,
            0.5,
            "ms",
            f"a step, above the {loop * 1000 / 99:.2f} of a loop that pickles",
        ),
        Row("100 independent steps, --jobs 2", (fan - one) * 1000 / 99, 2, "ms", "a step"),
        Row("one of them dies", (death - fan) / worker, 2, "x", f"of one new process ({(worker - bare) * 1000:.0f} ms above bare Python)"),
    ]


def long_chains(bench: Bench) -> list[Row]:
    def rows(what: str, *options: str) -> list[Row]:
        start, *longer = bench.in_turn(*(bench.orch("run", f"pipelines.py:chain_{length}", *options) for length in (1, 100, 1000, 3000)))
        at_100, at_1000, at_3000 = ((took - start) / steps for took, steps in zip(longer, (99, 999, 2999), strict=True))
        return [
            Row(f"chain of 100 steps, {what}", at_100 * 1000, 0.25, "ms", "a step, above starting `orch run` on one step"),
            Row(f"a step at 1,000 against a step at 100, {what}", at_1000 / at_100, 1, "x", ""),
            Row(f"a step at 3,000 against a step at 100, {what}", at_3000 / at_100, 1, "x", ""),
        ]

    cached, ran = rows("all cached"), rows("all run", "--jobs", "1", "--no-cache")[1:]
    (part,) = bench.in_turn(bench.orch("run", "pipelines.py:chain_100", "--step", "add_50"))
    return [*cached, *ran, Row("orch run --step, one step of 100", part, 1, "s", "whole process")]


def compiling(bench: Bench) -> list[Row]:
    def compile_(length: int) -> Callable[[], float]:
        def measure() -> float:
            shutil.rmtree(bench.folder / ".github", ignore_errors=True)
            return bench.orch("compile", f"pipelines.py:chain_{length}")()

        return measure

    one, thirty, three_hundred, six_hundred = bench.in_turn(compile_(1), compile_(30), compile_(300), compile_(600))
    return [
        Row("compile 30 steps", thirty, 1, "s", "whole process"),
        Row("compile 300 steps", three_hundred, 1, "s", "whole process"),
        Row(
            "compile, a step at 600 against a step at 300", (six_hundred - one) / (three_hundred - one) * 299 / 599, 1.2, "x", "1 is linear"
        ),
    ]


class Large:
    """What one megabyte and what 400 take, in a folder of memory: seconds, and the most that any of the processes held."""

    MEGABYTES = 400
    PEAK = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    PEAK += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench = bench
        self._folder = folder
        shutil.copy(HERE / "large.py", folder)
        (folder / "pyproject.toml").touch()
        (folder / ".git").mkdir()

    def orch(self, kind: str) -> list[str]:
        return ["-m", "orch", "run", "large.py", "--jobs", "1", "--set", f"kind={kind}", "--set"]

    def numpy(self, kind: str) -> list[str]:
        return ["large.py", kind]

    def seconds(self, command: Sequence[str]) -> Callable[[], float]:
        """Of the bytes alone: without what the same takes for one megabyte."""
        return lambda: self._once(command, self.MEGABYTES)[0] - self._once(command, 1)[0]

    def peak(self, command: Sequence[str]) -> Callable[[], float]:
        """Beside what Python and its libraries are."""
        return lambda: (self._once(command, self.MEGABYTES)[1] - self._once(command, 1)[1]) / self.MEGABYTES

    def _once(self, command: Sequence[str], megabytes: int) -> tuple[float, float]:
        shutil.rmtree(self._folder / ".orch", ignore_errors=True)
        last = f"megabytes={megabytes}" if "orch" in command else str(megabytes)
        called = [PYTHON, "-c", self.PEAK, PYTHON, *command, last]
        started = time.perf_counter()
        ended = subprocess.run(called, cwd=self._folder, env=self._bench.environment, capture_output=True, check=True)
        return time.perf_counter() - started, float(ended.stdout) * 1024 / 1_000_000


def large_values(bench: Bench) -> list[Row]:
    memory = Path("/dev/shm")  # noqa: S108 (no disk is measured; elsewhere the folder for temporary files has to do)
    with tempfile.TemporaryDirectory(prefix="orch-bench-", dir=memory if memory.is_dir() else None) as folder:
        large = Large(bench, Path(folder))
        rows = []
        for kind, what in (("C", "400 MB array from one step to the next"), ("F", "the same in Fortran order")):
            ours, theirs = large.orch(kind), large.numpy(kind)
            mine, alone = bench.in_turn(large.seconds(ours), large.seconds(theirs))
            held, held_alone = large.peak(ours)(), large.peak(theirs)()
            rows += [
                Row(what, mine / alone, 1.3, "x", f"of numpy's save and load and one SHA-256 ({alone:.2f} s)"),
                Row(f"{what}, memory", held / held_alone, 1.2, "x", f"of numpy's own peak ({held_alone:.2f} of the array)"),
            ]
        frame, held = large.seconds(large.orch("frame"))(), large.peak(large.orch("frame"))()
        rows.append(Row("400 MB frame from one step to the next", frame, math.inf, "s", f"peak {held:.2f} of the frame; for information"))
    return rows


class Project:
    """Steps and helpers in a folder of their own, to decide about."""

    def __init__(self, bench: Bench, steps: int) -> None:
        self._bench = bench
        self._folder = bench.folder / f"steps_{steps}"
        self._folder.mkdir()
        (self._folder / "pyproject.toml").touch()
        (self._folder / "graph.json").write_text(sources.write(self._folder, modules=200, steps=steps).text())

    def cold(self) -> float:
        shutil.rmtree(self._folder / "memory", ignore_errors=True)
        return self.unchanged()

    def unchanged(self) -> float:
        """Seconds as the process itself takes them, without its start."""
        command = [PYTHON, str(HERE / "decide_once.py"), "graph.json", "memory/sources.json"]
        ended = subprocess.run(command, cwd=self._folder, env=self._bench.environment, capture_output=True, check=True)
        return float(ended.stdout)


def deciding(bench: Bench) -> list[Row]:
    small, large = Project(bench, 300), Project(bench, 3000)
    time.sleep(2.5)  # sources that were written just now are read again
    cold, large_cold = bench.in_turn(small.cold, large.cold)
    unchanged, large_unchanged = bench.in_turn(small.unchanged, large.unchanged)
    return [
        Row("decide 300 steps that reach 200 modules, cold", cold * 1000, 300, "ms", "facts and decisions, without starting Python"),
        Row("the same, nothing changed", unchanged * 1000, 60, "ms", "facts and decisions, without starting Python"),
        Row("decide, a step at 3,000 against a step at 300, cold", large_cold / cold / 10, 1, "x", ""),
        Row("the same, nothing changed", large_unchanged / unchanged / 10, 1, "x", ""),
    ]


def job_phases(bench: Bench) -> list[Row]:
    rows = []
    for job, phases in phases_of_jobs(bench.folder).items():
        parts = ", ".join(f"{phase} {seconds * 1000:.0f}" for phase, seconds in phases.items())
        rows.append(Row(f"our own phases of a {job} job under act", sum(phases.values()) * 1000, 500, "ms", parts))
    return rows


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | bar | |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        verdict = "" if row.holds else " **missed**"
        lines.append(f"| {row.what} | {row.measured:.2f} {row.unit} | {row.bar:g} {row.unit} | {row.how}{verdict} |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    rounds = int(arguments[arguments.index("--rounds") + 1]) if "--rounds" in arguments else 9
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
        bench = Bench(Path(folder), rounds)
        rows = [
            *start_up(bench),
            *one_step(bench),
            *local_runs(bench),
            *long_chains(bench),
            *compiling(bench),
            *deciding(bench),
            *job_phases(bench),
            *large_values(bench),
        ]
    print(table(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
