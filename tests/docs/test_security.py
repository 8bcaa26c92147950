"""What docs/security.md and docs/schemas.md show and list is what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
import yaml
from support import pages
from support.command_line import CommandLine

from orch import schemas
from orch.model import canonical
from orch.runtime.redact import SHORTEST
from orch.stacks.dotenv import parse
from orch.stacks.load import parse_settings
from orch.stacks.secrets import FILE

DOCS: Final = Path(__file__).parents[2] / "docs"
SECURITY: Final = (DOCS / "security.md").read_text(encoding="utf-8")
SCHEMAS: Final = (DOCS / "schemas.md").read_text(encoding="utf-8")
(DOTENV,) = (block.text for block in pages.blocks("docs/security.md", "dotenv"))
(TYPED,) = (block.text for block in pages.blocks("docs/schemas.md", "console"))
(SETTINGS,) = (block.text for block in pages.blocks("docs/schemas.md", "yaml"))


def test_the_file_of_secrets_that_is_shown_is_read() -> None:
    assert parse(DOTENV.encode(), FILE) == {
        "HF_TOKEN": "hf_abc123==",
        "API_KEY": 'everything as it is: $HOME, "quotes", \\n',
        "DATABASE": "two lines\nand a $",
        "CERTIFICATE": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    }


def test_the_shortest_secret_that_is_masked_is_the_one_told() -> None:
    assert "fewer than four characters" in SECURITY
    assert SHORTEST == 4


def test_the_table_has_every_schema_and_its_version() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\| (\d+|none) \| (refused|ignored) \|$", SCHEMAS, re.MULTILINE)

    assert sorted(name for name, _, _ in rows) == schemas.names()
    for name, version, _ in rows:
        schema = schemas.schema(name)
        numbers = set(re.findall(r'"schema": {[^}]*"const": (\d+)', canonical.dumps(schema).replace(":", ": ")))
        assert numbers == (set() if version == "none" else {version})


def test_the_settings_that_are_shown_are_read_and_the_command_says_what_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, said = TYPED.removeprefix("$ orch ").rstrip().split("\n")
    monkeypatch.chdir(tmp_path)

    assert parse_settings(SETTINGS).active == "local"
    assert CommandLine(capsys)(*command.split()).out == f"{said}\n"
    written = re.search(r"\$schema=(\S+)", SETTINGS)
    assert written
    assert (tmp_path / written[1]).is_file()
    assert set(yaml.safe_load(SETTINGS)) <= set(schemas.schema("settings")["properties"])


def test_the_forms_of_canonical_json_are_those_that_are_told() -> None:
    assert canonical.dumps([0.1, 1e16, 1e-7, -0.0, 1.0, 1, "ä"]) == '[0.1,1e+16,1e-07,-0.0,1.0,1,"ä"]'
