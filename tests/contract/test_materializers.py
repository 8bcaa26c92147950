"""What saving and loading plain values may import: a step without third-party values needs no third-party package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOLKIT = Path(__file__).parents[2] / "toolkit"


def test_importing_and_using_it_for_plain_values_takes_the_standard_library_alone(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(TOOLKIT)!r})
from pathlib import Path
from orch.materializers import load, save
from orch.stores.local import LocalStore
folder = Path({str(tmp_path)!r})
(folder / "file").write_text("x")
store = LocalStore(folder / "store")
load(save({{"a": (1, 2.5), "file": folder / "file"}}, store), store, scratch=folder / "scratch")
print(*sorted({{name.partition(".")[0] for name in sys.modules}} - {{"orch"}} - set(sys.stdlib_module_names) - {{"__main__"}}))
"""
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == ""
