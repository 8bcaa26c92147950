"""`.github/dependabot.yml`: Dependabot renews the workflows that people write, and leaves the generated ones to `orch pin`.

https://docs.github.com/code-security/reference/supply-chain-security/dependabot-options-reference#exclude-paths-
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import yaml

PATHS: Final = (".github/dependabot.yml", ".github/dependabot.yaml")
_KEY: Final = "exclude-paths"
_NEW: Final = """\
# Dependabot renews the actions that hand-written workflows call. Those that orch generates take theirs from
# .github/orch/pins.json: `orch pin` renews them.
version: 2
updates:
  - package-ecosystem: github-actions
    directory: /
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
    exclude-paths:
"""


def new_file(paths: Sequence[str]) -> str:
    return _NEW + "".join(f"      - {path}\n" for path in paths)


def snippet(paths: Sequence[str]) -> str:
    """What a person has to add, where the file cannot be edited safely."""
    return "\n".join([f"{_KEY}:", *(f"  - {path}" for path in paths)])


def with_excluded(text: str, paths: Sequence[str]) -> str | None:
    """`text` with `paths` excluded where GitHub's actions are renewed, everything else as it is; None if that cannot be done safely.

    A file that renews no actions stays as it is: then Dependabot edits no workflow.
    """
    import yaml

    try:
        before = yaml.safe_load(text)
        edited = _edited(text, paths)
        return edited if yaml.safe_load(edited) == _excluded(before, paths) else None
    except (yaml.YAMLError, _Unforeseen, RecursionError):  # the last for an alias that contains itself
        return None


class _Unforeseen(Exception):
    """A form of YAML that the edit does not know."""


def _edited(text: str, paths: Sequence[str]) -> str:
    import yaml

    # From the end, so that the places before stay where they are.
    for entry in reversed(list(_entries(yaml.compose(text, Loader=yaml.SafeLoader)))):
        text = _with_entry(text, entry, paths)
    return text


def _entries(root: yaml.Node | None) -> Iterator[Any]:
    """The entries that renew GitHub's actions."""
    updates = _child(root, "updates")
    for entry in updates.value if updates is not None and isinstance(updates.value, list) else ():
        name = _child(entry, "package-ecosystem")
        if name is not None and name.value == "github-actions":
            yield entry


def _child(node: yaml.Node | None, name: str) -> Any:
    pairs = node.value if node is not None and isinstance(node.value, list) else []
    return next((pair[1] for pair in pairs if isinstance(pair, tuple) and pair[0].value == name), None)


def _with_entry(text: str, entry: Any, paths: Sequence[str]) -> str:
    there = _child(entry, _KEY)
    if there is None:
        return _with_key(text, entry, paths)
    if not isinstance(there.value, list) or (there.flow_style and not there.value):
        raise _Unforeseen
    known = {item.value for item in there.value}
    missing = [path for path in paths if path not in known]
    if not missing:
        return text
    last = there.value[-1]
    if there.flow_style:
        return f"{text[: last.end_mark.index]}, {', '.join(missing)}{text[last.end_mark.index :]}"
    return _after_line(text, last.end_mark.index, [f"{' ' * (there.start_mark.column)}- {path}" for path in missing])


def _with_key(text: str, entry: Any, paths: Sequence[str]) -> str:
    """The key, below the one that every entry has."""
    key, value = next(pair for pair in entry.value if pair[0].value == "package-ecosystem")
    if entry.flow_style:
        raise _Unforeseen
    indent = " " * key.start_mark.column
    return _after_line(text, value.end_mark.index, [f"{indent}{_KEY}:", *(f"{indent}  - {path}" for path in paths)])


def _after_line(text: str, index: int, lines: Sequence[str]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", index)
    if end == -1:
        return text + "".join(f"{newline}{line}" for line in lines)
    return text[: end + 1] + "".join(f"{line}{newline}" for line in lines) + text[end + 1 :]


def _excluded(data: Any, paths: Sequence[str]) -> Any:
    """What the edit has to mean."""
    wanted = copy.deepcopy(data)
    updates = wanted.get("updates") if isinstance(wanted, dict) else None
    for entry in updates if isinstance(updates, list) else ():
        if isinstance(entry, dict) and entry.get("package-ecosystem") == "github-actions":
            there = entry.get(_KEY, [])
            if isinstance(there, list):
                entry[_KEY] = [*there, *(path for path in paths if path not in there)]
    return wanted
