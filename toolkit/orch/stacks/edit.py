"""Changing `orch.yaml` in place: comments, order and every other byte stay as they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from orch import files
from orch.errors import SettingsError, StoreError, Where
from orch.stacks.load import load_settings, parse_settings
from orch.stacks.settings import FILE, unknown_stack

if TYPE_CHECKING:
    import yaml


def set_active(git_root: Path, name: str) -> None:
    """Make `name` the active stack of the repository; creates the file. Raises SettingsError where there is no such stack."""
    settings = load_settings(git_root)
    if name not in settings.all_stacks:
        raise unknown_stack(name, settings)
    file = git_root / FILE
    if file.is_symlink():
        message = f"{FILE!r} is a link, to {str(file.readlink())!r}, and would be replaced by a file"
        raise SettingsError(message, hint=f"write `active: {name}` into the file that it leads to", where=Where(FILE))
    before = file.read_bytes().decode() if file.is_file() else ""
    after = with_active(before, name).encode()
    try:
        files.write_atomic(file, after, tidy=True)
    except OSError as error:
        hint = f"make room there, or the repository writable; or use it once: `--stack {name}`"
        raise StoreError(f"cannot write {FILE!r}: {error.strerror or error}", hint=hint, where=Where(FILE)) from error


def with_active(text: str, name: str) -> str:
    """`text`, valid settings, with the active stack `name`."""
    import yaml

    value = yaml.safe_dump(name, explicit_end=False).splitlines()[0]  # quoted where YAML would read a bare word as something else
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    edited = _edit(text, node, value)
    try:
        changed = parse_settings(edited)
    except SettingsError:
        changed = None
    if changed != dataclasses.replace(parse_settings(text), active=name):  # a form of YAML that the edit did not foresee
        message = "cannot change 'active' in this file and keep the rest as it is"
        raise SettingsError(message, hint=f"write `active: {value}` into it", where=Where(FILE))
    return edited


def _edit(text: str, node: yaml.Node | None, value: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    if node is None:  # nothing, or comments alone
        separator = "" if not text or text.endswith(("\n", "\r")) else newline
        return f"{text}{separator}active: {value}{newline}"
    for key, old in node.value:
        if key.value == "active":
            start, end = old.start_mark.index, old.end_mark.index
            space = " " if text[key.end_mark.index : start].endswith(":") else ""
            return f"{text[:start]}{space}{value}{text[end:]}"
    start = node.value[0][0].start_mark.index if node.value else node.end_mark.index - 1
    if text[node.start_mark.index] == "{":
        comma = ", " if node.value else ""
        return f"{text[:start]}active: {value}{comma}{text[start:]}"
    return f"{text[:start]}active: {value}{newline}{text[start:]}"
