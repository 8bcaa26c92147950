"""The runtime that travels: the same bytes each time, and nothing in it that is not there to run a step."""

from __future__ import annotations

import io
import marshal
import zipfile
from pathlib import Path

from test_architecture import TRAVELS as LAYERS

from orch.runtime.zipapp import OLDEST, TRAVELS, runtime_zip, with_bytecode


def test_the_zip_is_the_same_bytes_each_time_and_from_another_folder(tmp_path: Path) -> None:
    import shutil

    import orch

    there = tmp_path / "elsewhere"
    shutil.copytree(Path(orch.__file__).parent, there, ignore=shutil.ignore_patterns("__pycache__"))
    for file in there.rglob("*.py"):
        file.chmod(0o700)

    assert runtime_zip() == runtime_zip(there)


def test_what_travels_is_what_stands_below_the_line() -> None:
    assert {f"orch.{name}" for name in TRAVELS} == {name for level in LAYERS for name in level}


def test_members_are_sorted_and_of_no_time() -> None:
    with zipfile.ZipFile(io.BytesIO(runtime_zip())) as zipped:
        members = zipped.infolist()

    assert [each.filename for each in members] == sorted(each.filename for each in members)
    assert {each.date_time for each in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {each.external_attr >> 16 for each in members} == {0o100644}
    assert not any("cli" in each.filename.split("/") or "targets" in each.filename.split("/") for each in members)


def test_the_first_words_are_understood_by_pythons_that_are_too_old() -> None:
    with zipfile.ZipFile(io.BytesIO(runtime_zip())) as zipped:
        main = zipped.read("__main__.py").decode()

    assert OLDEST == (3, 11)
    assert main.index("version_info") < main.index("from orch")
    assert 'f"' not in main


def test_bytecode_is_that_of_the_source_beside_it() -> None:
    with zipfile.ZipFile(io.BytesIO(with_bytecode(runtime_zip()))) as zipped:
        names = set(zipped.namelist())
        code = marshal.loads(zipped.read("orch/names.pyc")[16:])  # noqa: S302 - made two lines above

    assert {f"{name}c" for name in names if name.startswith("orch/") and name.endswith(".py")} <= names
    assert code.co_filename == "/orch/runtime.zip/orch/names.py"
