"""A Python that has torch: this one, or the system's, which is lent the packages of this one that are not compiled for it alone.

torch from PyPI needs gigabytes of libraries for graphics cards, so it is not in the lock; Debian and Ubuntu have it for processors.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from support.tools import REQUIRED

SYSTEM: Final = "/usr/bin/python3"
LENT: Final = ("_pytest", "cloudpickle", "iniconfig", "packaging", "pluggy", "py", "pygments", "pytest", "safetensors")
HOW_TO_GET: Final = "pip install torch in .venv, or apt-get install python3-torch"
_HAS_IT: Final = "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None or sys.version_info < (3, 11))"


class Torch(NamedTuple):
    python: str
    path: tuple[str, ...]  # for PYTHONPATH


def requires_torch(folder: Path) -> Torch:
    """`folder` is where packages are lent from; without torch the test is skipped, or fails where ORCH_REQUIRE_TOOLS=1 says so."""
    if importlib.util.find_spec("torch"):
        return Torch(sys.executable, ())
    if Path(SYSTEM).exists() and subprocess.run([SYSTEM, "-c", _HAS_IT], check=False).returncode == 0:
        for name in LENT:
            spec = importlib.util.find_spec(name)
            assert spec is not None, name
            assert spec.origin is not None, name
            found = Path(spec.origin)
            place = found.parent if spec.submodule_search_locations else found
            (folder / place.name).symlink_to(place)
        return Torch(SYSTEM, (str(folder),))
    reason = f"torch is not on this machine: {HOW_TO_GET}"
    if REQUIRED:
        pytest.fail(f"{reason} (ORCH_REQUIRE_TOOLS=1 forbids to skip)", pytrace=False)
    pytest.skip(reason)
