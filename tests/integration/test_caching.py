"""Results of earlier runs: when they are used, when not, and that nothing damaged or foreign is ever taken for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.local import run_module
from support.modules import write
from support.ran import Ran

from orch.model.events import Event, StepStarted
from orch.orchestrators.local.cache import EDITED
from orch.runtime import clock
from orch.stores.local import LocalStore

TOOLKIT = Path(__file__).parents[2] / "toolkit"
CODE = """
    from pathlib import Path

    @step
    def load(rows: int) -> list[int]:
        return list(range(rows))

    @step
    def evens(xs: list[int]) -> list[int]:
        return [x for x in xs if x % 2 == 0]

    @step
    def total(xs: list[int]) -> int:
        return sum(xs)

    @step
    def publish(x: int) -> None:
        print("published", x)

    @pipeline
    def p(rows: int = 5):
        publish(total(evens(load(rows))))
"""


def states(ran: Ran) -> list[str]:
    return list(ran.states.values())


def index(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / ".orch/cache/index.jsonl").read_text().splitlines()]


def test_what_ran_before_is_used_again_with_its_outputs_and_where_they_come_from(tmp_path: Path) -> None:
    first = run_module(tmp_path, CODE)
    second = run_module(tmp_path, CODE)
    load = second["load"]

    assert states(first) == ["succeeded"] * 4
    assert states(second) == ["cached", "cached", "cached", "succeeded"]
    assert load.outputs == first["load"].outputs
    assert (load.cached_from, load.reason) == (first.folder.name, f"as in run {first.folder.name}")
    assert (load.key, load.facts) == (first["load"].key, first["load"].facts)
    assert second["evens"].inputs == first["evens"].inputs
    assert second.record.state == "succeeded"


def test_the_run_that_made_a_result_is_named_however_often_it_is_used(tmp_path: Path) -> None:
    first = run_module(tmp_path, CODE)
    run_module(tmp_path, CODE)

    assert run_module(tmp_path, CODE)["load"].cached_from == first.folder.name


NO_WORKERS = """
import os, sys

def refuse(event, args):
    if event == "os.fork" or (event == "subprocess.Popen" and os.path.basename(str(args[0])) != "git"):
        os.write(2, b"a worker was started")
        os._exit(99)

sys.addaudithook(refuse)
from orch.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_where_nothing_has_to_run_no_process_is_started(tmp_path: Path) -> None:
    write(tmp_path, CODE.replace("publish(total(evens(load(rows))))", "total(evens(load(rows)))"))
    environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}

    def run(*python: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *python, "run", "pipeline.py", "--json"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert run("-c", NO_WORKERS).returncode == 99
    assert run("-m", "orch").returncode == 0
    ran = run("-c", NO_WORKERS)

    assert ran.returncode == 0, ran.stderr
    assert [step["state"] for step in json.loads(ran.stdout.splitlines()[-1])["steps"]] == ["cached"] * 3


MISSES: dict[str, Callable[[str], str]] = {
    "its own code": lambda code: code.replace("x % 2 == 0", "x % 2 == 1"),
    "a module's code that it reads": lambda code: code.replace("list(range(rows))", "list(range(rows + 1))"),
    "its type of output": lambda code: code.replace("evens(xs: list[int]) -> list[int]", "evens(xs: list[int]) -> list[object]"),
    "its environment": lambda code: code.replace("@step\n    def evens", "@step(environment={'MODE': 'fast'})\n    def evens"),
    "its declared files": lambda code: code.replace("@step\n    def evens", "@step(files=['pyproject.toml'])\n    def evens"),
}


@pytest.mark.parametrize("change", MISSES.values(), ids=MISSES)
def test_what_a_step_depends_on_was_changed_so_it_runs(tmp_path: Path, change: Callable[[str], str]) -> None:
    (tmp_path / "pyproject.toml").touch()
    run_module(tmp_path, CODE)

    ran = run_module(tmp_path, change(CODE))

    assert ran.states["evens"] == "succeeded"


def test_another_parameter_is_another_result_and_the_first_one_is_still_there(tmp_path: Path) -> None:
    run_module(tmp_path, CODE)

    assert states(run_module(tmp_path, CODE, parameters={"rows": 9})) == ["succeeded"] * 4
    assert states(run_module(tmp_path, CODE, parameters={"rows": 9})) == ["cached"] * 3 + ["succeeded"]
    assert states(run_module(tmp_path, CODE)) == ["cached"] * 3 + ["succeeded"]


def test_a_step_that_ran_again_with_the_same_output_leaves_those_below_it_cached(tmp_path: Path) -> None:
    """4 rows more, of which the even ones are as many: what stands below has nothing to do."""
    run_module(tmp_path, CODE, parameters={"rows": 5})

    ran = run_module(tmp_path, CODE, parameters={"rows": 6})

    assert states(ran) == ["succeeded", "succeeded", "cached", "succeeded"]


def test_a_step_without_outputs_runs_each_time_unless_it_says_otherwise(tmp_path: Path) -> None:
    code = CODE.replace("@step\n    def publish", "@step(cache=True)\n    def publish")
    run_module(tmp_path, code)

    assert run_module(tmp_path, code).states["publish"] == "cached"


def test_a_step_that_wants_no_cache_runs_each_time_and_leaves_nothing(tmp_path: Path) -> None:
    code = CODE.replace("@step\n    def load", "@step(cache=False)\n    def load")
    run_module(tmp_path, code)

    assert states(run_module(tmp_path, code)) == ["succeeded", "cached", "cached", "succeeded"]
    assert "load" not in {entry["step"] for entry in index(tmp_path)}


def test_without_the_cache_every_step_runs_and_its_result_is_the_one_that_is_used_next(tmp_path: Path) -> None:
    code = "    import os\n    @step\n    def draw() -> str: return os.urandom(8).hex()\n\n    @pipeline\n    def p(): draw()\n"
    first = run_module(tmp_path, code)
    second = run_module(tmp_path, code, cache=False)
    third = run_module(tmp_path, code)

    assert (first.states, second.states, third.states) == ({"draw": "succeeded"}, {"draw": "succeeded"}, {"draw": "cached"})
    assert first.preview("draw") != second.preview("draw") == third.preview("draw")


def test_draws_that_depend_on_the_same_stay_as_many_results(tmp_path: Path) -> None:
    code = """
    import os

    @step
    def draw() -> str: return os.urandom(8).hex()

    @pipeline
    def p():
        for _ in range(5): draw()
        draw(after="draw", id="late")
"""
    first = run_module(tmp_path, code)
    second = run_module(tmp_path, code)

    assert len({first.preview(step) for step in first.states}) == 6
    assert [second.preview(step) for step in second.states] == [first.preview(step) for step in first.states]
    assert set(states(second)) == {"cached"}


def test_a_result_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = CODE.replace("@step\n    def load", "@step(cache_expires_after='1h')\n    def load")
    run_module(tmp_path, code)
    now = clock.now()

    monkeypatch.setattr(clock, "now", lambda: now + 3500)
    assert run_module(tmp_path, code).states["load"] == "cached"
    monkeypatch.setattr(clock, "now", lambda: now + 3700)
    ran = run_module(tmp_path, code)

    assert (ran.states["load"], ran.states["evens"]) == ("succeeded", "cached")


def test_a_failed_step_leaves_no_result(tmp_path: Path) -> None:
    code = CODE.replace("return sum(xs)", "raise ValueError")
    run_module(tmp_path, code)

    ran = run_module(tmp_path, code)

    assert states(ran) == ["cached", "cached", "failed", "skipped"]
    assert ran["total"].key


def test_files_of_cached_steps_are_laid_out_for_people(tmp_path: Path) -> None:
    code = """
    from pathlib import Path

    @step
    def write() -> Path:
        file = context().temp / "report.txt"
        file.write_text("fine")
        return file

    @pipeline
    def p(): write()
"""
    run_module(tmp_path, code)
    ran = run_module(tmp_path, code)

    assert ran.states == {"write": "cached"}
    assert (ran.folder / "outputs/write/output/report.txt").read_text() == "fine"


# --- lost and damaged ---


def objects_of(ran: Ran, step: str) -> list[Path]:
    store = LocalStore(ran.home / "store")
    return [store.path(digest) for artifact in ran[step].outputs.values() for digest in artifact.digests]


def spoil(file: Path) -> None:
    """Other bytes, as many of them."""
    data = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(bytes(byte ^ 1 for byte in data))


def shorten(file: Path) -> None:
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [Path.unlink, shorten], ids=["gone", "shorter"])
def test_a_result_whose_bytes_are_gone_is_made_again(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    first = run_module(tmp_path, CODE)
    for file in objects_of(first, "evens"):
        harm(file)

    ran = run_module(tmp_path, CODE)

    assert states(ran) == ["cached", "succeeded", "cached", "succeeded"]
    assert states(run_module(tmp_path, CODE)) == ["cached"] * 3 + ["succeeded"]


def test_damaged_bytes_are_found_by_who_reads_them_and_the_step_that_made_them_runs_again(tmp_path: Path) -> None:
    first = run_module(tmp_path, CODE, parameters={"rows": 9})
    for file in objects_of(first, "evens"):
        spoil(file)

    ran = run_module(tmp_path, CODE.replace("return sum(xs)", "return sum(xs) + 1"), parameters={"rows": 9})

    assert states(ran) == ["cached", "succeeded", "succeeded", "succeeded"]
    assert ran["evens"].outputs["output"].digest == first["evens"].outputs["output"].digest
    assert ran.preview("total") == "21"
    assert "damaged" in ran.output("evens")


def test_a_whole_chain_of_damaged_results_is_made_again(tmp_path: Path) -> None:
    first = run_module(tmp_path, CODE, parameters={"rows": 9})
    for step in ("load", "evens"):
        for file in objects_of(first, step):
            spoil(file)

    ran = run_module(tmp_path, CODE.replace("return sum(xs)", "return sum(xs) + 1"), parameters={"rows": 9})

    assert states(ran) == ["succeeded"] * 4
    assert ran.preview("total") == "21"


def test_a_damaged_file_that_would_be_laid_out_is_made_again(tmp_path: Path) -> None:
    code = """
    from pathlib import Path

    @step
    def words() -> list[str]: return ["fine"]

    @step
    def write(words: list[str]) -> Path:
        file = context().temp / "report.txt"
        file.write_text(" ".join(words))
        return file

    @pipeline
    def p(): write(words())
"""
    first = run_module(tmp_path, code)
    spoil(objects_of(first, "write")[0])

    ran = run_module(tmp_path, code)

    assert ran.states == {"words": "cached", "write": "succeeded"}
    assert (ran.folder / "outputs/write/output/report.txt").read_text() == "fine"


def test_what_already_ran_on_a_result_that_turns_out_damaged_keeps_its_end(tmp_path: Path) -> None:
    """`early` reads the half of `make` that is whole, `late` the damaged one: what is made again is the same, so `early` ran once."""
    code = """
    from pathlib import Path

    def note(name: str) -> None:
        with Path("ran").open("a") as file: file.write(name + "\\n")

    @step
    def make() -> tuple[list[int], list[int]]:
        note("make")
        return [1, 1, 1], [2, 2, 2]

    @step(cache=False)
    def early(xs: list[int]) -> int:
        note("early")
        return sum(xs)

    @step(cache=False)
    def late(xs: list[int], after_early: int) -> int:
        note("late")
        return sum(xs)

    @pipeline
    def p():
        one, two = make()
        late(two, early(one))
"""
    first = run_module(tmp_path, code)
    (tmp_path / "ran").unlink()
    spoil(LocalStore(first.home / "store").path(first["make"].outputs["output_1"].digest))

    ran = run_module(tmp_path, code)

    assert set(states(ran)) == {"succeeded"}
    assert (tmp_path / "ran").read_text().split() == ["early", "make", "late"]


# --- while the run goes on ---


def test_a_source_that_is_edited_while_the_run_goes_on_leaves_no_result_under_a_wrong_name(tmp_path: Path) -> None:
    def edit(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "evens":
            write(tmp_path, CODE.replace("return sum(xs)", "return -sum(xs)"))

    ran = run_module(tmp_path, CODE, watch=edit)

    assert set(states(ran)) == {"succeeded"}
    assert [entry["step"] for entry in index(tmp_path)] == ["load"]
    assert (ran["evens"].reason, ran["evens"].key) == (EDITED, "")
    assert run_module(tmp_path, CODE).states == {"load": "cached", "evens": "succeeded", "total": "succeeded", "publish": "succeeded"}


def test_a_declared_file_that_comes_while_the_run_goes_on_leaves_no_result_under_a_wrong_name(tmp_path: Path) -> None:
    code = CODE.replace("@step\n    def load", "@step(files=['data/*.csv'])\n    def load")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/one.csv").write_text("1")

    def add(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "load":
            (tmp_path / "data/two.csv").write_text("2")

    assert run_module(tmp_path, code, watch=add)["load"].reason == EDITED
    assert run_module(tmp_path, code).states["load"] == "succeeded"
    assert run_module(tmp_path, code).states["load"] == "cached"


def test_two_runs_at_a_time_share_results_and_store(tmp_path: Path) -> None:
    write(tmp_path, CODE.replace("return list(range(rows))", "import time; time.sleep(0.2); return list(range(rows))"))
    environment = {**os.environ, "PYTHONPATH": str(TOOLKIT)}

    def run(rows: int) -> dict[str, object]:
        command = [sys.executable, "-m", "orch", "run", "pipeline.py", "--json", "--set", f"rows={rows}"]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return {step["id"]: step["state"] for step in json.loads(ran.stdout.splitlines()[-1])["steps"]}

    with ThreadPoolExecutor(4) as threads:
        assert all(set(states.values()) <= {"succeeded", "cached"} for states in threads.map(run, [5, 5, 6, 7]))
        again = list(threads.map(run, [5, 6, 7]))

    assert again == [{"load": "cached", "evens": "cached", "total": "cached", "publish": "succeeded"}] * 3
    assert len({entry["key"] for entry in index(tmp_path)}) == len(
        {json.dumps(entry["facts"], sort_keys=True) for entry in index(tmp_path)}
    )
