from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orch.replay.act.stand_ins.uv import Refused, main, satisfies


@pytest.mark.parametrize("wanted", ["3.12", "3", "==3.12.1", ">=3.11", ">=3.11,<3.13", "~=3.11", "3.12.*", "!=3.13", "<=3.12", ">3.11"])
def test_a_python_that_serves(wanted: str) -> None:
    assert satisfies((3, 12, 1), wanted)


@pytest.mark.parametrize("wanted", ["3.11", "3.12.2", ">=3.13", "<3.12", "!=3.12", ">=3.11,<3.12", "~=3.13"])
def test_a_python_that_does_not_serve(wanted: str) -> None:
    assert not satisfies((3, 12, 1), wanted)


def test_a_python_it_cannot_read_is_refused() -> None:
    with pytest.raises(Refused, match="pypy"):
        satisfies((3, 12, 1), "pypy3.10")


def test_says_the_version_that_the_action_pins(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ORCH_UV_VERSION", "1.2.3")

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "uv 1.2.3\n"


def test_an_environment_is_this_interpreter(tmp_path: Path) -> None:
    assert main(["venv", "--quiet", "--no-project", "--python", ">=3.11", str(tmp_path / "venv")]) == 0

    assert sys.executable in (tmp_path / "venv/bin/python").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["sync", "--locked", "--no-default-groups", "--project", "p", "--python", "/v/bin/python", "--extra", "gpu"],
        ["pip", "install", "--python", "/v/bin/python", "--requirement", "requirements.txt", "--require-hashes"],
    ],
)
def test_installing_installs_nothing(arguments: list[str]) -> None:
    assert main(arguments) == 0


def test_what_it_does_not_know_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish"]) == 2
    assert "does not know 'publish'" in capsys.readouterr().err


def test_another_python_than_this_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["venv", "--python", "3.1", str(tmp_path / "venv")]) == 2
    assert "asks for Python 3.1" in capsys.readouterr().err
