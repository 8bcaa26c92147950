"""Where a user's file belongs: its repository, and the project (working directory, imports, lock) inside it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from orch.errors import FileNameError, Where

_REORDERING: Final = ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")  # https://unicode.org/reports/tr9/


class Project(NamedTuple):
    """`root` is where steps run and what their sources are relative to; `git_root` is where generated files go."""

    git_root: Path
    root: Path

    @property
    def name(self) -> str:
        """The project root from the git root, as a POSIX path."""
        return portable(self.root, self.git_root)

    def relative(self, path: Path) -> str:
        """`path` from the git root where it lies inside, as people see it in messages and annotations."""
        return path.relative_to(self.git_root).as_posix() if path.is_relative_to(self.git_root) else str(path)


def find_project(file: Path) -> Project:
    """The project of `file` (or folder): the nearest `pyproject.toml` up to the git root, else the git root, else the folder."""
    named, file = file, file.resolve()
    _check_utf8(file)
    folder = file if file.is_dir() else file.parent
    upwards = [folder, *folder.parents]
    git_root = _git_root(upwards)
    # As it was named, by way of links; the repository itself may be reached by one.
    if (seen := _git_root([named.absolute(), *named.absolute().parents])) and seen.resolve() != git_root:
        hint = "name the file where it is, or put a copy in the place of the link"
        raise FileNameError(f"{str(named)!r} is or lies behind a link that leads out of the repository, to {str(file)!r}", hint=hint)
    within = upwards[: upwards.index(git_root) + 1] if git_root else upwards
    root = next((parent for parent in within if (parent / "pyproject.toml").is_file()), git_root or folder)
    return Project(git_root or root, root)


@cache
def portable(file: Path, root: Path) -> str:
    """`file` from `root` as a text that finds it on every machine: divided by `/`, in the case of the folders, in NFC.

    A graph made on macOS or Windows, whose file systems take a name in any case or form, must be read on Linux, which takes
    it in one. Raises FileNameError for a name that git brings to other machines as another.
    """
    text = _as_listed(file, root).as_posix()
    if not text.isprintable():
        _check_marks(text)
    if text.isascii():
        return text
    import unicodedata  # most names need none

    composed = unicodedata.normalize("NFC", text)
    if composed != text and not (root / composed).exists():
        message = f"the name {text!r} is written with combining characters, which git on macOS changes"
        raise FileNameError(message, hint=f"rename it to {composed!r}, which looks the same")
    return composed


def _check_marks(name: str) -> None:
    """Raises FileNameError for what a workflow cannot hold, and for what has a name read otherwise than it is."""
    import unicodedata

    for char in name:
        if unicodedata.category(char) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(char) in _REORDERING:
            raise FileNameError(f"the name {name!r} holds {char!r}, a character that controls how text is shown", hint="rename it")


def check_divided_by_slashes(path: str, what: str, where: Where | None = None) -> None:
    """A path in a source or in settings is read on every system, and `\\` divides folders on one only."""
    if "\\" in path:
        hint = f"write {path.replace(chr(92), '/')!r}, which Windows takes as well"
        raise FileNameError(f"{what} {path!r} is divided by backslashes", hint=hint, where=where)


def _as_listed(file: Path, root: Path) -> Path:
    """`file` from `root`, each part as its folder lists it."""
    found = root
    for part in file.relative_to(root).parts:
        try:
            names = [entry.name for entry in found.iterdir()]
        except OSError:  # a folder may be entered and not listed
            names = []
        near = [name for name in names if name.casefold() == part.casefold()] if part not in names else []
        found /= next((name for name in near if (found / name).samefile(found / part)), part)
    return found.relative_to(root)


def _check_utf8(file: Path) -> None:
    try:
        str(file).encode()
    except UnicodeEncodeError as error:
        if sys.getfilesystemencoding() == "utf-8":
            raise FileNameError(f"the path {str(file)!r} is not UTF-8, as texts that hold it are", hint="rename it") from error
        message = f"the path {str(file)!r} cannot be told: this Python takes names of files for {sys.getfilesystemencoding()}"
        raise FileNameError(message, hint="set PYTHONUTF8=1, or LC_ALL=C.UTF-8") from error


def _git_root(upwards: Iterable[Path]) -> Path | None:
    return next((parent for parent in upwards if (parent / ".git").exists()), None)


def import_root(file: Path) -> Path:
    """The folder from which `file` is imported: its own, or above the packages (`__init__.py`) that it lies in."""
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def module_name(file: Path) -> str:
    """The dotted name under which `file` is imported from its `import_root`."""
    return ".".join(file.relative_to(import_root(file)).with_suffix("").parts)


def add_import_paths(root: Path, file: Path) -> None:
    """Make first-party imports work as `python FILE` would, and from the project's root and its `src` folder."""
    wanted = [import_root(file), root, root / "src"]
    for path in reversed([str(path) for path in wanted if path.is_dir()]):
        if path in sys.path:
            sys.path.remove(path)
        sys.path.insert(0, path)
