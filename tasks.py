"""The project's chores, on a machine that has only git and Python 3.11: `python3 tasks.py example`, `python3 tasks.py test`, ...

Standard library only. Makes `.venv` from the hash-locked `requirements-dev.txt` when it is absent or the lock has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements-dev.txt"
STAMP = VENV / "made-from.txt"
EXAMPLES = ("penguins", "search", "hello")  # the first one, if none is named
LOCKED = ("penguins", "search")
# A file's tests stay in one process, as they share what was made for them; the long files come first in the order of folders.
SIDE_BY_SIDE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder")


def example(arguments: list[str]) -> int:
    """run an example pipeline (penguins; or name one) on this machine, then as a GitHub Actions workflow under act"""
    named = arguments[:1] if arguments and arguments[0] in EXAMPLES else []
    arguments = arguments[len(named) :]
    file = f"examples/{(named or EXAMPLES)[0]}/pipeline.py"
    if failed := tool("orch", "run", file, *arguments):
        return failed
    if os.name == "nt":
        return 0  # act runs jobs in bash here, which Windows does not bring
    print("\nthe same pipeline as a GitHub Actions workflow, one job per step, under act:\n", flush=True)
    return tool("orch", "act", file, *arguments)


def test(arguments: list[str]) -> int:
    """run all tests, side by side; with arguments, pytest with these"""
    return tool("pytest", *(arguments or SIDE_BY_SIDE))


def lint(_: list[str]) -> int:
    """ruff, mypy (for this system and for Windows), shellcheck"""
    found = [*sorted(ROOT.glob("actions/**/*.sh")), *sorted(ROOT.glob("tests/engines/**/*.sh"))]
    scripts = [str(path) for path in (ROOT / ".ci/run", *found)]
    # With one cache, each mypy would throw away what the other has found.
    windows = ["--platform", "win32", "--cache-dir", ".mypy_cache/win32", "toolkit/orch"]
    checks = {
        "mypy": ["mypy"],
        "mypy for Windows": ["mypy", *windows],
        "ruff check": ["ruff", "check"],
        "ruff format": ["ruff", "format", "--check"],
        "shellcheck": ["shellcheck", *scripts],
    }
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(checks, pool.map(told_at_the_end, checks.values()), strict=True))
    if failed := [name for name, code in results.items() if code]:
        print(f"lint failed: {', '.join(failed)}", file=sys.stderr)
    return max(results.values())


def bench(arguments: list[str]) -> int:
    """print the table of benchmarks"""
    return tool("python", "-m", "benchmarks", *arguments)


def regenerate(_: list[str]) -> int:
    """rewrite everything that is generated and committed: the examples' workflows and the golden files"""
    return max(tool("orch", "compile"), tool("pytest", "-q", "--update-golden", "tests/unit", "tests/cli", "tests/golden"))


def lock(arguments: list[str]) -> int:
    """resolve the locks anew; `--upgrade` takes newer versions"""
    # No address of an index or folder of this machine may end in a file that others install from.
    options = ["--quiet", "--generate-hashes", "--universal", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header"]
    common = ["uv", "pip", "compile", *options, "--python-version", "3.11"]
    examples = {f"examples/{name}/requirements.txt": f"examples/{name}/requirements.in" for name in LOCKED}
    extras = ["--group", "dev", "--extra", "act", "--extra", "docker"]
    if failed := tool(*common, "pyproject.toml", *examples.values(), *extras, "--output-file", LOCK.name, *arguments):
        return failed
    # The rest takes its versions from there: what jobs install is what the tests ran with.
    parts = {
        **examples,
        "actions/environment/toolkit.txt": "pyproject.toml",
        "actions/environment/uv.txt": "actions/environment/uv.in",
    }
    return max(tool(*common, source, "--constraints", LOCK.name, "--output-file", file) for file, source in parts.items())


TASKS: dict[str, Callable[[list[str]], int]] = {task.__name__: task for task in (example, test, lint, bench, regenerate, lock)}


def tool(name: str, *arguments: str) -> int:
    """Run a program of the environment at the root of the project; its exit code."""
    return subprocess.run([str(BIN / name), *arguments], cwd=ROOT, env=environment(), check=False).returncode


def told_at_the_end(command: list[str]) -> int:
    """The same for one that runs beside others."""
    name, *arguments = command
    done = subprocess.run(
        [str(BIN / name), *arguments], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    return done.returncode


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", "")])}


def fingerprint() -> str:
    """What the environment depends on: this Python, the lock, and how the project itself is installed."""
    import tomllib  # not at the top: an older Python must reach the message in `main`

    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)
    installed = json.dumps([sys.version, settings["project"], settings["tool"]["hatch"]], sort_keys=True)
    return hashlib.sha256(LOCK.read_bytes() + installed.encode()).hexdigest()


def make_environment() -> None:
    """Make `.venv` anew unless the one that is there was finished from the same lock."""
    made_from = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == made_from:
        return
    print(f"making {VENV.name} from {LOCK.name}; this happens once and takes a minute or two", file=sys.stderr, flush=True)
    venv.create(VENV, clear=True, with_pip=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
    # hatchling comes from the lock as well, so that nothing is installed without a hash.
    subprocess.run([*pip, "--no-build-isolation", "--editable", str(ROOT)], check=True)
    STAMP.write_text(made_from)


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):
        print(f"Python 3.11 or later is needed, this is {sys.version.split()[0]}: run this file with python3.11", file=sys.stderr)
        return 2
    if not arguments or arguments[0] not in TASKS:
        print("usage: python3 tasks.py TASK [ARGUMENTS]\n", file=sys.stderr)
        for name, task in TASKS.items():
            print(f"  {name:<12}{task.__doc__}", file=sys.stderr)
        return 2
    try:
        make_environment()
    except subprocess.CalledProcessError as error:
        print(f"could not make {VENV}: {' '.join(map(str, error.cmd))} ended with {error.returncode}", file=sys.stderr)
        print("  help: on Debian and Ubuntu `sudo apt install python3-venv`; pip needs to reach a package index", file=sys.stderr)
        return 5
    return TASKS[arguments[0]](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
