"""`.gitignore` and `.gitattributes`: lines added at the end of what is there, and only those whose meaning is not there yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase


def with_ignored(text: str, names: Iterable[str]) -> str:
    """A `.gitignore` that ignores `names` (a folder ends with `/`) wherever they lie."""
    rules = _rules(text)
    return with_lines(text, [name for name in names if not _is_ignored(name, rules)])


def with_attributes(text: str, wanted: Mapping[str, Iterable[str]]) -> str:
    """A `.gitattributes` that gives each path its attributes; what the file says about an attribute of that path stands."""
    said: dict[str, set[str]] = {}
    for rule in _rules(text):
        pattern, *attributes = rule.split()
        said.setdefault(pattern.removeprefix("/"), set()).update(map(_name, attributes))
    missing = {path: [each for each in attributes if _name(each) not in said.get(path, ())] for path, attributes in wanted.items()}
    return with_lines(text, [f"{path} {' '.join(attributes)}" for path, attributes in missing.items() if attributes])


def with_lines(text: str, lines: Iterable[str]) -> str:
    """`text` with `lines` at its end, in its own line ends."""
    newline = "\r\n" if "\r\n" in text else "\n"
    added = "".join(f"{line}{newline}" for line in lines)
    return text + (newline if added and text and not text.endswith("\n") else "") + added


def _rules(text: str) -> list[str]:
    lines = [line.strip() for line in text.removeprefix("\ufeff").split("\n")]
    return [line for line in lines if line and not line.startswith("#")]


def _is_ignored(name: str, rules: Iterable[str]) -> bool:
    """Whether git would ignore `name` at the root, as far as patterns without folders say: the last one that matches counts."""
    ignored = False
    for rule in rules:
        pattern = rule.removeprefix("!").removeprefix("/").removeprefix("**/")
        is_folder = pattern.endswith("/")
        if fnmatchcase(name.rstrip("/"), pattern.rstrip("/")) and (name.endswith("/") or not is_folder):
            ignored = not rule.startswith("!")
    return ignored


def _name(attribute: str) -> str:
    """Of an attribute as it stands in a line: `-text`, `!eol`, `linguist-generated=true`."""
    return attribute.lstrip("-!").partition("=")[0]
