from __future__ import annotations

from pathlib import Path

import pytest

from orch.errors import SettingsError
from orch.stacks.edit import set_active, with_active
from orch.stacks.load import load_settings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "active: github\n"),
        ("# ours\n", "# ours\nactive: github\n"),
        ("# ours", "# ours\nactive: github\n"),
        ("active: local # for now\nstacks: {}\n", "active: github # for now\nstacks: {}\n"),
        ("active: 'local'\n", "active: github\n"),
        ("# head\n\nstacks: {}   # none\n", "# head\n\nactive: github\nstacks: {}   # none\n"),
        ("---\nstacks: {}\n", "---\nactive: github\nstacks: {}\n"),
        ("stacks: {}\r\naction: ./\r\n", "active: github\r\nstacks: {}\r\naction: ./\r\n"),
        ("\ufeffstacks: {}\n", "\ufeffactive: github\nstacks: {}\n"),
        ("{action: ./, active: local}\n", "{action: ./, active: github}\n"),
        ("{action: ./}\n", "{active: github, action: ./}\n"),
        ("{}\n", "{active: github}\n"),
        ("action: ./\nactive: local", "action: ./\nactive: github"),
    ],
)
def test_only_the_active_stack_changes(before: str, after: str) -> None:
    assert with_active(before, "github") == after


def test_a_name_that_yaml_would_read_as_something_else_is_quoted() -> None:
    assert with_active("stacks:\n  'yes': {}\n", "yes") == "active: 'yes'\nstacks:\n  'yes': {}\n"


@pytest.mark.parametrize("text", ["action: &a ./\nactive: *a\n", "stacks: {github: &s {}}\nactive: local\nactive: x\n"])
def test_what_cannot_be_changed_alone_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        with_active(text, "github")


def test_the_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    set_active(tmp_path, "github")

    assert (tmp_path / "orch.yaml").read_bytes() == b"active: github\n"
    assert load_settings(tmp_path).active == "github"


def test_line_ends_stay_as_they_are_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "orch.yaml"
    file.write_bytes(b"active: local\r\n# end\r\n")

    set_active(tmp_path, "github")

    assert file.read_bytes() == b"active: github\r\n# end\r\n"


def test_a_stack_that_does_not_exist_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no stack 'nope'"):
        set_active(tmp_path, "nope")

    assert not (tmp_path / "orch.yaml").exists()


def test_an_unknown_active_stack_can_be_mended(tmp_path: Path) -> None:
    (tmp_path / "orch.yaml").write_text("active: gone\n")

    set_active(tmp_path, "local")

    assert load_settings(tmp_path).active == "local"
