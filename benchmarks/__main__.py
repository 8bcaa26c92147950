"""How fast: each figure beside its bar, every pair measured in turn within one run.

python3 tasks.py bench [--rounds N] [start_up one_step local_runs ...]

What is told by itself is a median. A difference is one of least times: whatever else the machine does only adds to them, by
more than some of the differences are. Whether a step takes longer in a long chain is told by what processors spent on the steps
from n to 2n, so that nothing counts that a run does once, or that it waits for.

Quote ratios and differences of one run only: machines differ, and so do the same machine's days.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import os
import pickle
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import sources
from benchmarks.job_phases import measure as phases_of_jobs

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable
_LENGTHS: Final = (100, 1000, 3000)  # of chains
_NOT_CACHED: Final = ("--jobs", "1", "--no-cache")
_TOLD: Final = (
    "import sys, time, orch.cli.run; from orch.__main__ import main; print(time.process_time(), file=sys.stderr); sys.exit(main())"
)
_TURN: Final = 1.0  # seconds in a round for one measure, which is taken as often as it fits in


class Row(NamedTuple):
    what: str
    measured: float
    bar: float
    unit: str
    how: str

    @property
    def holds(self) -> bool:
        return self.measured <= self.bar


class Chain(NamedTuple):
    """In a project of its own."""

    folder: Path
    length: int
    options: Sequence[str]
    firsts: Iterator[int]

    def arguments(self) -> list[str]:
        """Where its steps are to run, they make values that are not in the store."""
        first = ["--set", f"first={next(self.firsts)}"] if "--no-cache" in self.options else []
        return ["run", f"pipelines.py:chain_{self.length}", *self.options, *first]


class Bench:
    """Whole processes in a project of their own, by the clock on the wall."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.environment = {name: value for name, value in os.environ.items() if not _changes_python(name)}
        self.environment["PYTHONHASHSEED"] = "0"
        for name in ("GITHUB_ACTIONS", "ORCH_STACK"):
            self.environment.pop(name, None)
        _make_project(folder)

    def project(self, name: str) -> Path:
        """Of one measure alone: what a run reads and writes is its own, and not what the others left."""
        folder = self.folder / name
        folder.mkdir()
        _make_project(folder)
        return folder

    def seconds(self, command: Sequence[str], *, fails: bool = False, folder: Path | None = None) -> float:
        started = time.perf_counter()
        ended = subprocess.run(command, cwd=folder or self.folder, env=self.environment, capture_output=True, check=False)
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

    def least(self, *measures: Callable[[], float]) -> list[float]:
        """The least of each measure, to subtract one from another: each round takes all of them, short ones several times."""
        times = [min(5, math.ceil(_TURN / measure())) for measure in measures]
        rounds = [[min(measure() for _ in range(n)) for measure, n in zip(measures, times, strict=True)] for _ in range(self.rounds)]
        return [min(column) for column in zip(*rounds, strict=True)]

    def spent(self, *arguments: str, folder: Path) -> float:
        """Seconds of processors for `orch` and its workers, from when Python has started and has imported it to its end."""
        before = _spent_by_children()
        command = [PYTHON, "-c", _TOLD, *arguments]
        ended = subprocess.run(command, cwd=folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return _spent_by_children() - before - float(ended.stderr)

    def python(self, *arguments: str) -> Callable[[], float]:
        return lambda: self.seconds([PYTHON, *arguments])

    def orch(self, *arguments: str, fails: bool = False) -> Callable[[], float]:
        return lambda: self.seconds([PYTHON, "-m", "orch", *arguments], fails=fails)

    def runs(self, pipeline: str, *options: str, fails: bool = False) -> Callable[[], float]:
        """Of `orch run`, in a project of its own."""
        folder = self.project("-".join((pipeline, *(option.strip("-") for option in options))))
        return lambda: self.seconds([PYTHON, "-m", "orch", "run", f"pipelines.py:{pipeline}", *options], fails=fails, folder=folder)

    def uncached(self, length: int) -> Callable[[], float]:
        """Of a chain whose steps all run, one after the other, and make values that are not in the store."""
        chain = self.chain(length, "uncached", _NOT_CACHED)
        return lambda: self.seconds([PYTHON, "-m", "orch", *chain.arguments()], folder=chain.folder)

    def growth(self, what: str, *options: str) -> list[Row]:
        """What processors spend on a step of long chains, against one of a short chain."""
        chains = [self.chain(length, f"growth-{what}", options) for n in _LENGTHS for length in (n, 2 * n)]
        least = self.least(*(functools.partial(self.spent_on, chain) for chain in chains))
        short, *longer = ((twice - once) / n for n, once, twice in zip(_LENGTHS, least[::2], least[1::2], strict=True))
        return [
            Row(f"a step at {n:,} against a step at 100, {what}", step / short, 1, "x", f"{step * 1000:.3f} of {short * 1000:.3f} ms")
            for n, step in zip(_LENGTHS[1:], longer, strict=True)
        ]

    def chain(self, length: int, name: str, options: Sequence[str]) -> Chain:
        return Chain(self.project(f"chain_{length}-{name}"), length, options, _firsts())

    def spent_on(self, chain: Chain) -> float:
        return self.spent(*chain.arguments(), folder=chain.folder)

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


def _spent_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _changes_python(variable: str) -> bool:
    """Whether it makes Python other than it is for users, as one that has no bytecode kept."""
    return variable.startswith("PYTHON") and variable != "PYTHONPATH"


def _make_project(folder: Path) -> None:
    shutil.copy(HERE / "pipelines.py", folder)
    (folder / "pyproject.toml").touch()


def _firsts() -> Iterator[int]:
    """Where chains start that have no value in common, however long they are."""
    return itertools.count(1_000_000, 1_000_000)


def start_up(bench: Bench) -> list[Row]:
    bare, click, help_, imported = bench.least(
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

    bare, ran = bench.least(bench.python("-c", "pass"), step)
    return [Row("one step by the step runtime", (ran - bare) * 1000, 60, "ms", "above bare Python, whole process")]


def local_runs(bench: Bench) -> list[Row]:
    def run(pipeline: str, *, fails: bool = False) -> Callable[[], float]:
        return bench.runs(pipeline, "--no-cache", "--jobs", "2", fails=fails)

    start, at_100, loop = bench.least(bench.uncached(1), bench.uncached(100), lambda: bench.pickle_loop(99))
    one, fan, death = bench.least(run("fan_1"), run("fan_100"), run("fan_99_and_a_death", fails=True))
    bare, worker = bench.least(bench.python("-c", "pass"), bench.python("-c", "import orch.runtime.worker"))
    return [
        Row(
            "chain of 100 steps, --jobs 1",
            (at_100 - start - loop) / 99 * 1000,
            0.5,
            "ms",
            f"a step, above the {loop * 1000 / 99:.2f} of a loop that pickles",
        ),
        *bench.growth("all run", *_NOT_CACHED),
        Row("100 independent steps, --jobs 2", (fan - one) * 1000 / 99, 2, "ms", "a step"),
        Row("one of them dies", (death - fan) / worker, 2, "x", f"of one new process ({(worker - bare) * 1000:.0f} ms above bare Python)"),
    ]


def cached_runs(bench: Bench) -> list[Row]:
    start, at_100 = bench.least(bench.runs("chain_1"), bench.runs("chain_100"))
    bench.orch("run", "pipelines.py:chain_100")()
    (part,) = bench.in_turn(bench.orch("run", "pipelines.py:chain_100", "--step", "add_50"))
    return [
        Row("chain of 100 steps, all cached", (at_100 - start) / 99 * 1000, 0.25, "ms", "a step, above starting `orch run` on one step"),
        *bench.growth("all cached"),
        Row("orch run --step, one step of 100", part, 1, "s", "whole process"),
    ]


def compiling(bench: Bench) -> list[Row]:
    def compile_(length: int) -> Callable[[], float]:
        def measure() -> float:
            shutil.rmtree(bench.folder / ".github", ignore_errors=True)
            return bench.orch("compile", f"pipelines.py:chain_{length}")()

        return measure

    thirty, three_hundred = bench.in_turn(compile_(30), compile_(300))
    one, at_300, at_600 = bench.least(compile_(1), compile_(300), compile_(600))
    return [
        Row("compile 30 steps", thirty, 1, "s", "whole process"),
        Row("compile 300 steps", three_hundred, 1, "s", "whole process"),
        Row("compile, a step at 600 against a step at 300", (at_600 - one) / (at_300 - one) * 299 / 599, 1.2, "x", "1 is linear"),
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


def docker_steps(bench: Bench) -> list[Row]:
    """On the engine that answers, in the image that `tests/engines/docker/up.sh` makes."""
    image = os.environ.get("ORCH_TEST_IMAGE", "orch-tests/python:3.11")
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode:
        print(f"no engine has the image {image}: . what tests/engines/docker/up.sh writes", file=sys.stderr)
        return []
    folder = bench.project("docker")
    settings = f"{{stacks: {{d: {{target: docker, docker: {{parent_image: '{image}'}}}}}}, active: d}}"
    (folder / "orch.yaml").write_text(settings)
    (folder / ".git").mkdir()

    def chain(length: int) -> Callable[[], float]:
        command = [PYTHON, "-m", "orch", "run", f"pipelines.py:chain_{length}", *_NOT_CACHED]
        return lambda: bench.seconds(command, folder=folder)

    plain = ["docker", "run", "--rm", image, "python3", "-c", "pass"]
    alone, one, ten = bench.least(lambda: bench.seconds(plain), chain(1), chain(10))
    started = time.perf_counter()
    bench.seconds([PYTHON, "-m", "orch", "run", "pipelines.py:fan_100", "--jobs", "4", "--no-cache"], folder=folder)
    took = time.perf_counter() - started
    listed = ["docker", "ps", "--all", "--quiet", "--filter", "label=orch.run"]
    left = subprocess.run(listed, capture_output=True, check=True).stdout.split()
    step = (ten - one) / 9
    return [
        Row("a step in a container that does nothing", step / alone, 1.3, "x", f"of `docker run --rm` of the same image ({alone:.2f} s)"),
        Row("100 steps in containers, --jobs 4: containers that are left", len(left), 0, "", f"in {took:.0f} s"),
    ]


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | bar | |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        verdict = "" if row.holds else " **missed**"
        lines.append(f"| {row.what} | {row.measured:.2f} {row.unit} | {row.bar:g} {row.unit} | {row.how}{verdict} |")
    return "\n".join(lines)


GROUPS: Final = {
    group.__name__: group
    for group in (start_up, one_step, local_runs, cached_runs, compiling, deciding, job_phases, large_values, docker_steps)
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Print the table of benchmarks.")
    parser.add_argument("groups", nargs="*", help=f"all, or some of: {', '.join(GROUPS)}")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.groups if name not in GROUPS]:
        parser.error(f"there is no group {unknown[0]!r}")
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
        bench = Bench(Path(folder), options.rounds)
        rows = [row for name in options.groups or GROUPS for row in GROUPS[name](bench)]
    print(table(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
