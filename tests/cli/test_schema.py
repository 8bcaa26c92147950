"""`orch schema`: names, one schema, or all of them as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import CommandLine

from orch import schemas


def test_without_a_name_the_schemas_are_listed(orch: CommandLine) -> None:
    code, out, _ = orch("schema")

    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == schemas.names()
    assert all(len(line.split()) > 5 for line in out.splitlines())


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_one_document_that_refers_to_no_other(name: str, orch: CommandLine) -> None:
    code, out, _ = orch("schema", name)
    schema = json.loads(out)
    embedded = {inner["$id"] for inner in schema.get("$defs", {}).values() if "$id" in inner}

    assert code == 0
    assert schema["$id"] == f"urn:orch:schema:{name}:1"
    assert {word.partition("#")[0] for word in out.split('"') if word.startswith("urn:")} == {schema["$id"], *embedded}


def test_an_unknown_name_is_answered_with_the_nearest(orch: CommandLine) -> None:
    assert orch("schema", "grap") == (2, "", "error: no schema 'grap' [usage]\n  help: did you mean 'graph'?\n")
    assert "there are cache-entry, event, graph" in orch("schema", "x").err


def test_schemas_are_written_into_a_folder(orch: CommandLine, tmp_path: Path) -> None:
    assert orch("schema", "--output", str(tmp_path / "new" / "all")).code == 0
    assert orch("schema", "settings", "--output", str(tmp_path / "one")).out == f"1 schema written to {tmp_path / 'one'}\n"

    assert sorted(file.stem for file in (tmp_path / "new" / "all").iterdir()) == schemas.names()
    assert (tmp_path / "one" / "settings.json").read_text() == orch("schema", "settings").out


def test_a_folder_that_cannot_be_written_to_is_named(orch: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    code, _, err = orch("schema", "--output", str(tmp_path / "file"))

    assert code == 5
    assert f"cannot write to {str(tmp_path / 'file')!r}" in err
