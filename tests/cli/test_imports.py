"""What importing costs: a user's module and `orch --help` load only what they use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

LIST_MODULES = """
import sys
before = set(sys.modules)
{code}
import json
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""


def loaded_by(code: str) -> set[str]:
    """The top-level modules that `code` imports in a Python that has no site-packages, but the toolkit."""
    script = f"import sys; sys.path.insert(0, {str(ROOT / 'toolkit')!r})\n" + LIST_MODULES.format(code=code)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_orch_loads_the_standard_library_only() -> None:
    assert loaded_by("import orch") - sys.stdlib_module_names == {"orch"}


def test_what_a_users_module_imports_loads_the_standard_library_only() -> None:
    code = "import orch\nfor name in orch.__all__: getattr(orch, name)"

    assert loaded_by(code) - sys.stdlib_module_names == {"orch"}


def test_help_loads_no_library_that_it_does_not_show() -> None:
    code = "import runpy, sys; sys.argv = ['orch', '--help']\ntry: runpy.run_module('orch', run_name='__main__')\nexcept SystemExit: pass"
    script = f"{code}\nprint([name for name in ('pydantic', 'rich', 'yaml', 'pandas') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)

    assert "Usage: orch" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
