"""A pipeline that gives its secrets away in every way it can: afterwards no file, log, record or name holds one in any form."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
from support import secret_forms
from support.jobs import Job
from support.modules import write
from support.secret_forms import forms_of

TOOLKIT: Final = Path(__file__).parents[2] / "toolkit"
TOKEN: Final = 'pa\'ss "w0rd"/ä+&$x\\'
KEY: Final = """-----BEGIN KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7
ab
VJTUt9Us8cKjMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dV
-----END KEY-----
"""

LEAKS = """
    import base64, json, os, subprocess, sys, traceback, warnings
    from pathlib import Path
    from secret_forms import FORMS

    def token() -> str: return os.environ["TOKEN"]
    def both() -> list[str]: return [os.environ["TOKEN"], os.environ["KEY"]]

    @step(secrets=["TOKEN", "KEY"])
    def prints() -> int:
        for secret in both():
            for name, write in FORMS.items():
                print(name, write(secret), "end")
                print(write(f"x{secret}y"), file=sys.stderr)
            print(json.dumps({"a": [secret]}), repr({"a": secret}), repr(secret.encode()))
            for before in range(3):
                print(base64.encodebytes(b"-" * (40 + before) + secret.encode() * 3 + b"-" * 40).decode())
            for line in secret.splitlines(): print(line)
        return 1

    @step(secrets=["TOKEN", "KEY"])
    def in_pieces() -> None:
        for secret in both():
            for start in range(0, len(secret), 3):
                sys.stdout.write(secret[start : start + 3])
                sys.stdout.flush()
            for line in secret.splitlines(keepends=True):
                os.write(2, line.encode())
            os.write(1, b"x" * (1 << 20) + secret.encode())

    @step(secrets=["TOKEN", "KEY"])
    def by_children() -> None:
        digits = 'printf %s "$TOKEN" | od -An -tx1 | tr -d " \\\\n"'
        for command in ('echo "$TOKEN"', 'printf %s "$KEY" | base64', digits, 'set -x; : "$TOKEN"'):
            subprocess.run(["sh", "-c", command])
        subprocess.run([sys.executable, "-c", "import os; raise SystemExit(os.environ['TOKEN'])"])

    def hook(error) -> None:
        print("hook:", token(), error)
        raise RuntimeError(f"hook failed: {token()}")

    @step(secrets=["TOKEN"], on_failure=hook)
    def raises() -> None:
        error = type(f"E{token()}", (ValueError,), {})(f"refused: {token()}" + "x" * 9_980 + token())
        error.add_note(f"a note: {token()}")
        try:
            raise KeyError(token())
        except KeyError as cause:
            raise error from cause

    @step(secrets=["TOKEN"])
    def raises_in_code() -> None:
        module = Path(context().temp) / "made.py"
        module.write_text(f"def fail():\\n    raise ValueError(1)  # {token()}\\n")
        names = {}
        exec(compile(module.read_text(), str(module), "exec"), names)
        names["fail"]()

    @step(secrets=["TOKEN"])
    def warns() -> None:
        warnings.warn(f"deprecated: {token()}")
        sys.exit(token())

    @step(secrets=["TOKEN", "KEY"])
    def returns() -> dict[str, str]:
        log_metadata(token=token(), key=os.environ["KEY"][:900], **{f"name {token()}"[:90]: 1})
        return {"token": token(), "padding": "x" * 150, "more": token(), "key": os.environ["KEY"]}

    @step(secrets=["TOKEN"])
    def names_a_file() -> Path:
        file = Path(context().temp) / f"report {token().encode().hex()}.txt"
        file.touch()
        return file

    @step(secrets=["TOKEN"])
    def names_a_file_inside() -> Path:
        file = Path(context().temp) / "out" / base64.urlsafe_b64encode(token().encode()).decode()
        file.parent.mkdir()
        file.touch()
        return file.parent

    @step(secrets=["TOKEN"])
    def takes(password: str) -> int:
        assert password == token()
        raise ValueError(f"wrong: {password}")

    @step(secrets=["TOKEN"])
    def keeps(password: str) -> int:
        return len(password)

    @step
    def looks() -> int:
        return sum("w0rd" in value or "MIIEv" in value for value in os.environ.values())

    @step(secrets=["TOKEN"])
    def command_lines() -> int:
        found = 0
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try: found += b"w0rd" in file.read_bytes()
            except OSError: pass
        return found

    @pipeline
    def p(password: str = "none"):
        prints(); in_pieces(); by_children(); raises(); raises_in_code(); warns(); returns()
        names_a_file(); names_a_file_inside(); takes(password); keeps(password); looks(); command_lines()

    if __name__ == "__main__":
        p()
"""
STATES: Final = {
    "prints": "succeeded",
    "in_pieces": "succeeded",
    "by_children": "succeeded",
    "raises": "failed",
    "raises_in_code": "failed",
    "warns": "failed",
    "returns": "succeeded",
    "names_a_file": "failed",
    "names_a_file_inside": "failed",
    "takes": "failed",
    "keeps": "succeeded",
    "looks": "succeeded",
    "command_lines": "succeeded",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write(folder, LEAKS)
    shutil.copy(secret_forms.__file__, folder)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitignore").write_text(".env.orch\n.orch/\n__pycache__/\n")
    (tmp_path / "temp").mkdir()
    return folder


def env_file(project: Path) -> Path:
    """Outside what is searched for secrets after the run."""
    file = project / ".env.orch"
    escaped = TOKEN.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    file.write_text(f"TOKEN=\"{escaped}\"\nKEY='{KEY}'\n", encoding="utf-8")
    file.chmod(0o600)
    return file


def environment(project: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TOOLKIT), "TMPDIR": str(project.parent / "temp"), "PYTHONDONTWRITEBYTECODE": "1", **more}


def orch(project: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "orch", *arguments]
    return subprocess.run(command, cwd=project, env=environment(project, **more), capture_output=True, check=False)


# A line of two letters is not masked, and its four hexadecimal digits stand in many a time stamp.
FORBIDDEN: Final = sorted(
    {
        form
        for secret in (TOKEN, KEY)
        for part in (secret, *secret.splitlines())
        if len(part) > 3
        for form in forms_of(part)
        if len(form) > 3
    }
)


def leaks(text: bytes) -> list[str]:
    joined = text.replace(b"\n", b"")  # as base64 that is wrapped
    return [form for form in FORBIDDEN if form.encode() in text or form.encode() in joined]


def leaking_files(folder: Path, stored: set[str]) -> dict[str, list[str]]:
    """By their names, too; `stored` are digests of what the user's own values are."""
    found = {}
    for path in folder.rglob("*"):
        relative = path.relative_to(folder).as_posix()
        told = leaks(relative.encode())
        if path.is_file() and path.name not in stored and path.name != ".env.orch":
            told += leaks(path.read_bytes())
        if told:
            found[relative] = told
    return found


def digests(steps: list[Any], *names: str) -> set[str]:
    """The objects' names in a store."""
    return {
        artifact["digest"].removeprefix("sha256:")[2:] for step in steps if step["id"] in names for artifact in step["outputs"].values()
    }


def check_run(project: Path, printed: bytes, *, typed: int = 0) -> list[Any]:
    """`typed`: how many processes have a secret in their command line because it was typed there."""
    (file,) = project.glob(".orch/runs/*/run.json")
    record = json.loads(file.read_bytes())
    steps = record["steps"]
    assert {step["id"]: step["state"] for step in steps} == STATES
    by_id = {step["id"]: step for step in steps}
    assert by_id["looks"]["outputs"]["output"]["preview"] == "0"
    assert by_id["command_lines"]["outputs"]["output"]["preview"] == str(typed)
    for name in ("names_a_file", "names_a_file_inside"):
        assert "a name that holds the secret 'TOKEN'" in by_id[name]["failure"]["message"]
    assert by_id["raises"]["hook"]["message"] == "hook failed: ***"
    assert leaks(printed) == []
    assert leaking_files(project, digests(steps, "returns")) == {}
    assert list((project.parent / "temp").iterdir()) == []
    return list(steps)


def test_orch_run_leaves_no_secret(project: Path) -> None:
    env_file(project)
    ran = orch(project, "run", "pipeline.py", "--set", f"password={TOKEN}")

    steps = check_run(project, ran.stdout + ran.stderr, typed=1)

    assert ran.returncode == 1
    record = json.loads(next((project / ".orch").glob("runs/*/run.json")).read_bytes())
    assert record["parameters"] == {"password": "***"}
    keeps = next(step for step in steps if step["id"] == "keeps")
    assert keeps["facts"]["arguments"] == {"password": {"value": "***"}}
    assert next((project / ".orch").glob("cache/*.jsonl")).read_bytes().count(b'"step":"keeps"') == 1


def test_a_script_takes_its_secrets_from_the_file_too_and_leaves_none(project: Path) -> None:
    env_file(project)
    ran = subprocess.run([sys.executable, "pipeline.py"], cwd=project, env=environment(project), capture_output=True, check=False)

    check_run(project, ran.stdout + ran.stderr)


def test_the_search_finds_what_is_not_masked(project: Path) -> None:
    file = project / "pipeline.py"
    file.write_text(file.read_text().replace('secrets=["TOKEN", "KEY"]', "").replace('secrets=["TOKEN"]', "").replace("(, ", "("))

    ran = orch(project, "run", "pipeline.py", TOKEN=TOKEN, KEY=KEY)

    (logs,) = project.glob(".orch/runs/*/logs")
    assert set(leaks((logs / "prints.log").read_bytes())) == set(FORBIDDEN)
    assert TOKEN in forms_of(TOKEN)
    assert leaks(ran.stdout + ran.stderr)
    found = " ".join(leaking_files(project, set()))
    assert all(place in found for place in ("run.json", "records.jsonl", "cache/index.jsonl", "outputs/names_a_file/"))


def test_json_lines_and_what_commands_show_afterwards_hold_no_secret(project: Path) -> None:
    env_file(project)
    ran = orch(project, "run", "pipeline.py", "--json")
    shown = [orch(project, "runs", "show"), orch(project, "runs", "show", "--json"), orch(project, "runs", "logs", "--step", "prints")]

    assert ran.stdout.count(b"\n") > len(STATES)
    assert [each.returncode for each in shown] == [0, 0, 0]
    assert leaks(b"".join([ran.stdout, ran.stderr, *(each.stdout + each.stderr for each in shown)])) == []


def test_a_whole_pipeline_in_a_job_leaves_no_secret(project: Path) -> None:
    told = project.parent / "told"
    told.mkdir()
    given = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(told / "output"), "GITHUB_STEP_SUMMARY": str(told / "summary")}
    inputs = json.dumps({"password": TOKEN})

    ran = orch(
        project, "pipeline", "run", "--pipeline", "pipeline.py", "--home", ".orch", TOKEN=TOKEN, KEY=KEY, ORCH_INPUTS=inputs, **given
    )

    check_run(project, ran.stdout + ran.stderr)
    assert (told / "summary").stat().st_size > 1000
    assert leaking_files(told, set()) == {}


@pytest.mark.parametrize("step", [name for name in STATES if name != "looks"])
def test_a_step_in_its_job_leaves_no_secret(project: Path, step: str) -> None:
    job = Job(project, LEAKS)
    inputs = json.dumps({"password": TOKEN})
    temp = {"TMPDIR": str(project.parent / "temp"), "PYTHONDONTWRITEBYTECODE": "1"}

    ran = job.run(step, TOKEN=TOKEN, KEY=KEY, ORCH_INPUTS=inputs, **temp)

    record = job.record()
    assert record["state"] == STATES[step]
    assert leaks((ran.stdout + ran.stderr).encode()) == []
    assert leaking_files(project, digests([record], "returns")) == {}
    assert list((project.parent / "temp").iterdir()) == []


@pytest.mark.act
def test_a_run_under_act_leaves_no_secret(project: Path) -> None:
    env_file(project)
    kept = project.parent / "kept"

    ran = orch(project, "act", "pipeline.py", "--keep", str(kept))

    record = json.loads(next((project / ".orch" / "act").glob("runs/*/run.json")).read_bytes())
    stored = digests(record["steps"], "returns")
    assert {step["id"]: step["state"] for step in record["steps"]} == STATES
    assert leaks(ran.stdout + ran.stderr) == []
    act = project / ".orch" / "act"
    for archive in act.rglob("*.zip"):
        zipfile.ZipFile(archive).extractall(act / "unpacked" / archive.stem)
        archive.unlink()
    assert len(list(act.glob("unpacked/*"))) > len(STATES)
    assert leaking_files(project, stored) == {}
    assert leaking_files(kept, stored) == {}
    assert list((project.parent / "temp").iterdir()) == []


def test_a_missing_secret_is_told_with_both_ways_to_set_it_before_anything_runs(project: Path) -> None:
    env_file(project).write_text(f"TOKN='{KEY}'\n")

    ran = orch(project, "run", "pipeline.py")

    assert ran.returncode == 2
    assert b"secret 'TOKEN' is not set" in ran.stderr
    assert b"export TOKEN=..., or write TOKEN=... into .env.orch at the root of the repository" in ran.stderr
    assert not (project / ".orch" / "runs").exists()
    assert leaks(ran.stdout + ran.stderr) == []
