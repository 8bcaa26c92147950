"""What real runs write fits the published schemas, and canonical JSON is the same bytes on every Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from support.jobs import Job
from support.modules import write
from support.pythons import PYTHONS
from support.schemas import problems

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"
STEPS = """
    from pathlib import Path

    def tell(error) -> None: raise ValueError("the hook fails, too")

    @step
    def load(rows: int) -> list[int]:
        log_metadata(rows=rows, rate=0.5)
        print("loading")
        return list(range(rows))

    @step
    def report(xs: list[int]) -> Path:
        folder = Path(context().temp) / "out"
        folder.mkdir()
        (folder / "a.txt").write_text(str(xs))
        return folder

    @step(on_failure=tell, retry=StepRetryConfig(max_retries=1))
    def fails(folder: Path) -> None: raise ValueError("no")

    @step(cache=True)
    def never(xs: list[int]) -> object: return object

    @pipeline
    def p(rows: int = 3):
        xs = load(rows)
        never.with_options(after=[fails(report(xs))])(xs)
"""


def orch(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-P", "-m", "orch", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(TOOLKIT), "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def lines(text: str) -> Iterator[Any]:
    yield from map(json.loads, text.splitlines())


def test_what_a_run_prints_and_keeps_fits_the_schemas(tmp_path: Path) -> None:
    write(tmp_path, STEPS)
    (tmp_path / ".git").mkdir()
    told = [*lines(orch(tmp_path, "run", "pipeline.py", "--json")), *lines(orch(tmp_path, "run", "pipeline.py", "--json"))]
    home = tmp_path / ".orch"
    kept = [json.loads(file.read_bytes()) for file in home.glob("runs/*/run.json")]
    kept += [document for file in home.glob("runs/*/records.jsonl") for document in lines(file.read_text())]
    shown = [json.loads(orch(tmp_path, "runs", "show", "--json")), *json.loads(orch(tmp_path, "runs", "list", "--json"))]
    entries = [document for file in home.glob("cache/index.jsonl") for document in lines(file.read_text())]

    states = {event["record"]["state"] for event in told if event.get("event") == "step-ended"}
    assert states == {"succeeded", "cached", "failed", "skipped"}
    assert len(entries) == 2
    for name, documents in (("event", told), ("record", [*kept, *shown]), ("cache-entry", entries)):
        assert len(documents) >= 2
        for document in documents:
            assert problems(name, document, closed=True) == []


def test_what_a_job_keeps_fits_the_schemas(tmp_path: Path) -> None:
    job = Job(tmp_path, STEPS)
    for step in ("load", "report", "fails"):
        job.run(step)
        assert problems("record", job.record(), closed=True) == []
        if step != "fails":
            job.deliver(f"orch-p-{step}-a1")

    assert problems("graph", json.loads((tmp_path / "graph.json").read_bytes()), closed=True) == []


CANONICAL = """
import sys
sys.path.insert(0, sys.argv[1])
from orch.model import canonical
values = [1e16, 123456789012345680.0, -0.0, 0.0, 1e-7, 1e22, 1.5e300, 5e-324, 0.1, 1 / 3, 2**70, -(10**30), True, None,
          "\\u00e4\\u20ac\\U0001f600\\u2028\\x00\\x7f\\\\\\"/", {"b": [], "a": {}, "\\U0001f600": 1, "\\uffff": 2, "B": 3, "": 4}]
sys.stdout.buffer.write((canonical.dumps(values) + canonical.pretty(values)).encode())
"""
TEXT: Final = (
    "[1e+16,1.2345678901234568e+17,-0.0,0.0,1e-07,1e+22,1.5e+300,5e-324,0.1,0.3333333333333333,1180591620717411303424,"
    '-1000000000000000000000000000000,true,null,"ä€😀\u2028\\u0000\x7f\\\\\\"/",{"":4,"B":3,"a":{},"b":[],"\uffff":2,"😀":1}]'
)


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_canonical_json_is_the_same_bytes_on_every_python(python: str) -> None:
    written = subprocess.run([python, "-I", "-c", CANONICAL, str(TOOLKIT)], capture_output=True, check=True).stdout.decode()

    assert written[: len(TEXT)] == TEXT
    assert json.loads(written[len(TEXT) :]) == json.loads(TEXT)
    assert written[len(TEXT) :] == json.dumps(json.loads(TEXT), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
