"""The digests of sources under other Pythons and after a real formatter."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support.pythons import PYTHONS

from orch.planning.read_source import read_source

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("toolkit", "examples", "benchmarks")
# What Pythons are known to parse into different trees.
ODD: Final = (
    r'f"{x!r:>{width}}" f"{x=}" "a" f"{y:}" f"{{}}" rf"\d{z}"',
    'f"""\n{a:%Y-%m-%d}""" f"{f\'{inner}\'}"',
    'def f(a, /, b: int = 0xFF, *c, d=-0.0, **e) -> "x":\n    """Doc.\n\n    More.\n    """',
    'class A(B, metaclass=C):\n    x: int\n    """x"""',
    "class A[T: int](B): pass",
    "type X = int",
    'async def g():\n    async with a as b, c:\n        yield {**a, "b": [*c]}, *d',
    'match x:\n    case {"a": [1, *rest], **others} | A(b=-1.5):\n        del (a, b), c',
    "try: pass\nexcept* (A, B) as e: raise e from None",
    "lambda *, x=1j: (yield x)",
    r'x = 1_0, 1e400, b"\x00", u"\ud800", ..., None, True, a[1:2, ::3], a[*b], not a, a if b else c, (a := 1), a @ b',
)
SCRIPT: Final = """
import sys
sys.path.insert(0, sys.argv[1])
from orch.planning.read_source import read_source
from pathlib import Path
for name in sys.stdin.read().splitlines():
    print(read_source(Path(name).read_bytes())[0].digest)
"""


def files(folder: Path) -> list[Path]:
    return sorted(file for name in FOLDERS for file in (folder / name).rglob("*.py"))


def copied(folder: Path) -> None:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def digests(paths: list[Path]) -> list[str]:
    return [read_source(path.read_bytes())[0].digest for path in paths]


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_every_python_gives_the_same_digests(python: str, tmp_path: Path) -> None:
    parts = [tmp_path / f"{number}.py" for number in range(len(ODD))]
    for part, source in zip(parts, ODD, strict=True):
        part.write_text(source)
    # What an older Python cannot read counts by its bytes there.
    readable = [part for part in parts if not read_source(part.read_bytes())[0].is_opaque]
    copied(tmp_path / "copy")
    wanted = [*files(tmp_path / "copy"), *readable]
    command = [python, "-I", "-c", SCRIPT, str(ROOT / "toolkit")]
    asked = subprocess.run(command, input="\n".join(map(str, wanted)), capture_output=True, text=True, check=True)

    assert len(readable) >= len(ODD) - 2
    assert dict(zip(wanted, asked.stdout.split(), strict=True)) == dict(zip(wanted, digests(wanted), strict=True))


def test_a_formatter_changes_no_digest(tmp_path: Path) -> None:
    copied(tmp_path)
    before = files(tmp_path)
    expected = digests(before)
    text = [file.read_bytes() for file in before]
    styles = ["format.quote-style='single'", "format.indent-style='tab'", "format.skip-magic-trailing-comma=true", "line-length=60"]
    options = [option for style in styles for option in ("--config", style)]
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", "--isolated", *options, str(tmp_path)], check=True)

    assert [file.read_bytes() for file in before] != text
    assert dict(zip(before, digests(before), strict=True)) == dict(zip(before, expected, strict=True))
