"""The Pythons that orch runs on, as far as this machine has them: beside this one, on PATH, or pyenv's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from support.tools import find_tool

_VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14")
_OWN: Final = ".".join(map(str, sys.version_info[:2]))
_PYENV: Final = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"


def _found(version: str) -> str | None:
    if version == _OWN:
        return sys.executable
    return find_tool(f"python{version}") or next(map(str, sorted(_PYENV.glob(f"{version}.*/bin/python"))), None)


PYTHONS: Final = {version: path for version in _VERSIONS if (path := _found(version))}
