"""A step called with a wrong argument is an error in the editor, and outputs have their types: by mypy and by pyright."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.tools import requires_tool

MODULE = Path(__file__).with_name("users_module.py")
TOOLKIT = Path(__file__).parents[2] / "toolkit"


def test_mypy_agrees(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--config-file=", f"--cache-dir={tmp_path}", str(MODULE)]
    environment = {**os.environ, "MYPYPATH": str(TOOLKIT)}
    checked = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert checked.stdout == "Success: no issues found in 1 source file\n"


@pytest.mark.tools("node", "pyright")
def test_pyright_agrees(tmp_path: Path) -> None:
    settings = {
        "include": [MODULE.name],
        "extraPaths": [str(TOOLKIT)],
        "typeCheckingMode": "strict",
        "enableTypeIgnoreComments": False,
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    shutil.copy(MODULE, tmp_path)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [requires_tool("pyright"), "--outputjson", "--pythonpath", sys.executable, "--project", str(tmp_path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(checked.stdout)

    assert [(found["range"]["start"]["line"] + 1, found["message"]) for found in report["generalDiagnostics"]] == []
    assert report["summary"]["filesAnalyzed"] == 1
