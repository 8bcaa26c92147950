"""What the action does to get a Python, with programs in place of python3 and uv that say how they were called."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = ROOT / "actions" / "environment"
VERSION: Final = re.search(r"uv==(\S+)", (SCRIPTS / "uv.txt").read_text())[1]  # type: ignore[index]

pytestmark = pytest.mark.tools("bash")

NO_PACKAGES: Final = {"kind": "none", "project": "/p", "file": "", "hashes": "false", "extras": "", "groups": "", "python": ""}


class Runner:
    """A machine with nothing on its PATH but what a test puts there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.bin.mkdir()
        self.calls_file = root / "calls"
        self.output = root / "output"
        for name in ("bash", "cp", "dirname", "mkdir", "sed"):
            found = shutil.which(name)
            assert found
            (self.bin / name).symlink_to(found)

    def program(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {shlex.quote(str(self.calls_file))}\n{body}\n')
        path.chmod(0o755)

    def python(self, version: str) -> None:
        """A python3 that says its version, empty if it is too old, and whose pip brings a uv."""
        install = f'while [ "$1" != --target ]; do shift; done; mkdir -p "$2/bin"; cp "{self.bin}/spare-uv" "$2/bin/uv"'
        self.program("python3", f'case "$*" in *pip*) {install} ;; *) echo {version} ;; esac')

    def uv(self, version: str, name: str = "uv") -> None:
        """A uv that makes an environment when asked to."""
        make = 'for last; do :; done; case "$1" in venv) mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;; esac'
        self.program(name, f'[ "$1" != --version ] || echo "uv {version}"\n{make}')

    def run(self, *, variables: dict[str, str] | None = None, **needs: str) -> subprocess.CompletedProcess[str]:
        env = {f"ORCH_{name.upper()}": value for name, value in (NO_PACKAGES | needs).items()} | (variables or {})
        env |= {"PATH": str(self.bin), "RUNNER_TEMP": str(self.root / "temp"), "GITHUB_OUTPUT": str(self.output)}
        (self.root / "temp").mkdir(exist_ok=True)
        return subprocess.run(
            [self.bin / "bash", str(SCRIPTS / "python.sh")], env=env, cwd=self.root, capture_output=True, text=True, check=False
        )

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    @property
    def interpreter(self) -> str:
        return self.output.read_text().strip().removeprefix("python=")

    @property
    def environment(self) -> str:
        return str(self.root / "temp" / "orch" / "venv")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path.resolve())


def test_without_packages_a_new_enough_python_is_taken_as_it_is(runner: Runner) -> None:
    runner.python("3.12.3")

    done = runner.run()

    assert done.returncode == 0, done.stderr
    assert runner.interpreter == str(runner.bin / "python3")
    assert len(runner.calls) == 1


@pytest.mark.parametrize(("version", "wanted"), [('""', ""), ("3.12.3", "3.11"), ("3.12.3", ">=3.13"), ("3.11.0", "3.1")])
def test_a_python_that_does_not_serve_is_made_by_uv(runner: Runner, version: str, wanted: str) -> None:
    runner.python(version)
    runner.uv(VERSION)

    done = runner.run(python=wanted)

    assert done.returncode == 0, done.stderr
    assert runner.interpreter == f"{runner.environment}/bin/python"
    assert f"uv venv --quiet --no-project --python {wanted or '>=3.11'} {runner.environment}" in runner.calls


@pytest.mark.parametrize("wanted", ["3.12", "3.12.3", "3"])
def test_a_python_of_the_wanted_version_serves(runner: Runner, wanted: str) -> None:
    runner.python("3.12.3")

    assert runner.run(python=wanted).returncode == 0
    assert runner.interpreter == str(runner.bin / "python3")


def test_a_lock_is_synced_with_the_steps_extras_and_groups_alone(runner: Runner) -> None:
    runner.python("3.12.3")
    runner.uv(VERSION)

    done = runner.run(kind="lock", extras="big gpu", groups="train")

    assert done.returncode == 0, done.stderr
    expected = "uv sync --locked --no-default-groups --project /p --python {}/bin/python --extra big --extra gpu --group train"
    assert runner.calls[-1] == expected.format(runner.environment)


@pytest.mark.parametrize(("hashes", "option"), [("true", " --require-hashes"), ("false", "")])
def test_requirements_are_installed_with_their_hashes_if_they_have_some(runner: Runner, hashes: str, option: str) -> None:
    runner.python("3.12.3")
    runner.uv(VERSION)

    done = runner.run(kind="requirements", file="/p/requirements with space.txt", hashes=hashes)

    assert done.returncode == 0, done.stderr
    command = f"uv pip install --python {runner.environment}/bin/python --requirement /p/requirements with space.txt{option}"
    assert runner.calls[-1] == command


def test_a_project_without_lock_is_installed_from_its_pyproject(runner: Runner) -> None:
    runner.python("3.12.3")
    runner.uv(VERSION)

    done = runner.run(kind="pyproject", project=str(runner.root), extras="gpu")

    assert done.returncode == 0, done.stderr
    assert runner.calls[-1] == f"uv pip install --python {runner.environment}/bin/python --requirement pyproject.toml --extra gpu"


@pytest.mark.parametrize("there", [None, "0.1.0"])
def test_uv_is_the_pinned_wheel_unless_that_version_is_there(runner: Runner, there: str | None) -> None:
    runner.python("3.12.3")
    runner.uv(VERSION, name="spare-uv")
    if there:
        runner.uv(there)

    done = runner.run(kind="lock")

    assert done.returncode == 0, done.stderr
    (pip,) = (call for call in runner.calls if " pip install " in call and "python3" in call)
    for option in ("--require-hashes", "--only-binary :all:", "--no-deps", f"--requirement {SCRIPTS}/uv.txt"):
        assert option in pip
    assert runner.calls[-1].startswith("spare-uv sync")


def test_a_preinstalled_uv_may_have_any_version(runner: Runner) -> None:
    runner.python("3.12.3")
    runner.uv("0.1.0")

    assert runner.run(kind="lock", bootstrap="preinstalled").returncode == 0
    assert runner.calls[-1].startswith("uv sync")


def test_a_missing_preinstalled_uv_is_named(runner: Runner) -> None:
    runner.python("3.12.3")

    done = runner.run(kind="lock", bootstrap="preinstalled")

    assert done.returncode == 2
    assert done.stdout.startswith("::error title=orch::bootstrap is 'preinstalled', and this runner has no uv")


def test_a_failing_installation_fails_the_job(runner: Runner) -> None:
    runner.python("3.12.3")
    runner.uv(VERSION)
    uv = runner.bin / "uv"
    uv.write_text(uv.read_text() + '[ "$1" != sync ] || exit 7\n')

    done = runner.run(kind="lock")

    assert done.returncode == 7
    assert not runner.output.exists()


@pytest.mark.parametrize(
    ("kind", "given", "pip", "uv"),
    [
        ("requirements", {"PIP_INDEX_URL": "https://m/s"}, {"PIP_INDEX_URL": "https://m/s"}, {"UV_DEFAULT_INDEX": "https://m/s"}),
        ("lock", {"PIP_INDEX_URL": "https://m/s"}, {"PIP_INDEX_URL": "https://m/s"}, {}),  # the lock names its own
        ("lock", {"UV_DEFAULT_INDEX": "m=https://m/s"}, {"PIP_INDEX_URL": "https://m/s"}, {"UV_DEFAULT_INDEX": "m=https://m/s"}),
        (
            "requirements",
            {"UV_DEFAULT_INDEX": "https://u", "PIP_INDEX_URL": "https://p"},
            {"PIP_INDEX_URL": "https://p"},
            {"UV_DEFAULT_INDEX": "https://u"},
        ),
        ("requirements", {"PIP_CERT": "/c"}, {"PIP_CERT": "/c"}, {"SSL_CERT_FILE": "/c"}),
        ("requirements", {"SSL_CERT_FILE": "/c"}, {"PIP_CERT": "/c"}, {"SSL_CERT_FILE": "/c"}),
        ("requirements", {}, {}, {}),
    ],
)
def test_pip_and_uv_are_told_of_one_index_and_its_certificate(
    runner: Runner, kind: str, given: dict[str, str], pip: dict[str, str], uv: dict[str, str]
) -> None:
    runner.python("3.12.3")
    runner.uv(VERSION, "spare-uv")
    for name in ("python3", "spare-uv"):
        program = runner.bin / name
        say = f'eval "value=\\$$name"; echo "{name} $name=$value" >> {runner.root}/told'
        note = f"for name in PIP_INDEX_URL PIP_CERT UV_DEFAULT_INDEX SSL_CERT_FILE; do {say}; done\n"
        lines = program.read_text().splitlines(keepends=True)
        program.write_text("".join([lines[0], note, *lines[1:]]))

    assert runner.run(kind=kind, file="/p/requirements.txt", variables=given).returncode == 0

    told = dict(line.split("=", 1) for line in (runner.root / "told").read_text().splitlines())
    assert {name: told[f"python3 {name}"] for name in ("PIP_INDEX_URL", "PIP_CERT") if told[f"python3 {name}"]} == pip
    assert {name: told[f"spare-uv {name}"] for name in ("UV_DEFAULT_INDEX", "SSL_CERT_FILE") if told[f"spare-uv {name}"]} == uv
