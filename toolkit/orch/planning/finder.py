"""Which file an import leads to, without importing anything: as Python's own finders do it, from listings of folders.

First-party is what lies on the path and belongs neither to Python nor to an installed distribution: the project, other
members of its workspace, and whatever an editable install or PYTHONPATH adds, also from outside of the repository.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import cache
from importlib import machinery
from typing import Final, NamedTuple

_SUFFIXES: Final = (*machinery.EXTENSION_SUFFIXES, *machinery.SOURCE_SUFFIXES, *machinery.BYTECODE_SUFFIXES)
_SITES: Final = ("site-packages", "dist-packages")
ARCHIVE: Final = "/"  # no entry of a folder has this name
_OWN: Final = frozenset({"BuiltinImporter", "FrozenImporter", "PathFinder"})


class Owner(Enum):
    """Whose the modules of a folder are."""

    SOURCES = "sources"
    SITE = "site"
    PYTHON = "python"


class Folder(NamedTuple):
    path: str
    owner: Owner


class Module(NamedTuple):
    """A first-party module; `path` is empty for a namespace, `folders` for what is no package."""

    name: str
    path: str
    folders: tuple[Folder, ...]

    @property
    def package(self) -> str:
        """What relative imports in it start from."""
        return self.name if self.folders else self.name.rpartition(".")[0]


class Foreign(NamedTuple):
    """A module of an installed distribution, or of Python itself (`top` is empty)."""

    top: str


PYTHON: Final = Foreign("")
Found = Module | Foreign | None


class Listings:
    """The entries of folders, each read once: whether they are folders themselves."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, bool]] = {}

    def __getitem__(self, folder: str) -> dict[str, bool]:
        found = self._known.get(folder)
        if found is None:
            found = self._known[folder] = _entries(folder)
        return found


def _entries(folder: str) -> dict[str, bool]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.is_dir() for entry in entries}
    except NotADirectoryError:
        return _archived(folder)
    except OSError:  # on the path, and not there
        return {}


def _archived(file: str) -> dict[str, bool]:
    """The top-level modules of an archive: which counts as a whole, by its bytes."""
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(file) as archive:
            tops = {name.partition("/")[0].partition(".")[0] for name in archive.namelist()}
    except (OSError, BadZipFile):
        return {}
    return dict.fromkeys(tops, True) | {ARCHIVE: False}


class Finder:
    """Finds along `path`; `provides` tells whether a distribution installed a top-level module."""

    def __init__(self, path: Sequence[str], listings: Listings, provides: Callable[[str], bool]) -> None:
        self._path = tuple(Folder(entry, owner_of(entry)) for entry in path)
        self._listings = listings
        self._provides = provides
        self._known: dict[str, Found] = {"orch": PYTHON}

    def find(self, name: str) -> Found:
        """The module of a dotted name; None where there is none."""
        try:
            return self._known[name]
        except KeyError:
            found = self._known[name] = self._find(name)
            return found

    def below(self, package: Module) -> Iterator[Module]:
        """Every first-party module inside a package, at any depth."""
        for name in sorted({name for folder in package.folders for name in self._names(folder.path)}):
            found = self.find(f"{package.name}.{name}")
            if isinstance(found, Module):
                yield found
                yield from self.below(found)

    def children(self, package: Module) -> Iterator[Module]:
        for name in sorted({name for folder in package.folders for name in self._names(folder.path)}):
            found = self.find(f"{package.name}.{name}")
            if isinstance(found, Module):
                yield found

    def _names(self, folder: str) -> Iterator[str]:
        for entry in self._listings[folder]:
            name = entry.partition(".")[0]
            if name.isidentifier() and name not in ("__init__", "__pycache__"):
                yield name

    def _find(self, name: str) -> Found:
        parent, _, last = name.rpartition(".")
        if not parent:
            return self._search(name, last, self._path) or self._by_other_finders(name)
        package = self.find(parent)
        if not isinstance(package, Module):
            return package
        return self._search(name, last, package.folders)

    def _search(self, name: str, last: str, folders: Sequence[Folder]) -> Found:
        portions: list[Folder] = []
        top = name.partition(".")[0]
        for folder in folders:
            if folder.owner is Owner.PYTHON:
                if name in sys.stdlib_module_names:
                    return PYTHON
                continue
            listing = self._listings[folder.path]
            if listing.get(ARCHIVE) is False and last in listing:
                return Module(name, folder.path, ())
            is_folder = listing.get(last)
            inside = Folder(f"{folder.path}{os.sep}{last}", folder.owner)
            path = self._file("__init__", inside.path) if is_folder else ""
            if not path:
                inner = (inside,) if is_folder else ()
                portions += inner
                path = self._file(last, folder.path)
                found_folders: tuple[Folder, ...] = ()
            else:
                found_folders = (inside,)
            if path:
                if folder.owner is Owner.SITE and self._provides(top):
                    return Foreign(top)
                return Module(name, path, found_folders)
        if portions and all(portion.owner is Owner.SITE for portion in portions) and self._provides(top):
            return Foreign(top)
        return Module(name, "", tuple(portions)) if portions else None

    def _file(self, stem: str, folder: str) -> str:
        listing = self._listings[folder]
        return next((f"{folder}{os.sep}{stem}{suffix}" for suffix in _SUFFIXES if listing.get(stem + suffix) is False), "")

    def _by_other_finders(self, name: str) -> Found:
        """Builtin modules, and what installers put into `sys.meta_path` for editable installs."""
        if name in sys.stdlib_module_names or name in sys.builtin_module_names:
            return PYTHON
        for finder in sys.meta_path:
            if getattr(finder, "__name__", "") in _OWN:
                continue
            try:
                spec = finder.find_spec(name, None)
            except Exception:  # noqa: BLE001, S112 - it is somebody else's, and only asked
                continue
            if spec is None:
                continue
            folders = tuple(Folder(entry, owner_of(entry)) for entry in spec.submodule_search_locations or ())
            path = spec.origin if spec.has_location and spec.origin else ""
            if self._provides(name) and (not path or owner_of(path) is Owner.SITE):
                return Foreign(name)
            return Module(name, path, folders) if path or folders else None
        return None


def owner_of(path: str) -> Owner:
    parts = path.split(os.sep)
    if any(site in parts for site in _SITES):
        return Owner.SITE
    return Owner.PYTHON if any(path == home or path.startswith(home + os.sep) for home in _homes_of_python()) else Owner.SOURCES


@cache
def _homes_of_python() -> tuple[str, ...]:
    """The folders of the standard library: its modules, the compiled ones of Windows, its archive."""
    home = os.path.dirname(os.path.realpath(os.__file__))
    archive = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    return (
        home,
        os.path.join(sys.base_prefix, "DLLs"),
        os.path.join(os.path.dirname(home), archive),
        os.path.join(sys.base_prefix, archive),
    )
