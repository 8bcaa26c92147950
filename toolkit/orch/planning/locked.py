"""Which packages a step's job will install, as the files of the project say: known before there is any environment.

Of a lock all that the step's extras and groups lead to, by version; of other files their lines, as they stand. Markers are not
evaluated, as nowhere: a package too many costs a run.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orch.errors import FilesError
from orch.model.graph import Graph
from orch.model.steps import Step

_INCLUDE: Final = re.compile(r"(?:-r|-c|--requirement|--constraint)(?:\s+|=)(\S+)")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_DEPTH: Final = 10  # of files of requirements that name others
_OWN: Final = "orch-toolkit"


@dataclass(frozen=True, slots=True)
class Locked:
    """`packages` map a name to a version, or a line of a file to nothing; `folders` hold packages that are installed from source."""

    packages: Mapping[str, str]
    folders: tuple[Path, ...] = ()


class Locks:
    """Of one graph; each file is read once. Raises FilesError for a file that cannot be read."""

    def __init__(self, graph: Graph, root: Path, git_root: Path) -> None:
        self._requirements = graph.requirements
        self._root = root
        self._git_root = git_root
        self._lock: _Lock | None = None
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], Locked] = {}

    def of(self, step: Step) -> Locked:
        wanted = (step.settings.extras, step.settings.groups)
        if wanted not in self._known:
            self._known[wanted] = self._read(*wanted)
        return self._known[wanted]

    def _read(self, extras: Collection[str], groups: Collection[str]) -> Locked:
        if self._requirements is not None:
            return Locked(dict.fromkeys(_lines(self._root / self._requirements, self._git_root), ""))
        project = self._root / "pyproject.toml"
        if not project.is_file():
            return Locked({})
        said = _toml(project)
        about = said.get("project", {})
        if not (extras or groups or about.get("dependencies") or "dependencies" in about.get("dynamic", ())):
            return Locked({}, (self._root,))
        lock = self._find_lock()
        if lock is None:
            named = [about.get("dependencies", [])]
            named += [about.get("optional-dependencies", {}).get(extra, []) for extra in extras]
            named += [said.get("dependency-groups", {}).get(group, []) for group in groups]
            return Locked({str(line): "" for lines in named for line in lines}, (self._root,))
        if self._lock is None:
            self._lock = _Lock(lock, self._root)
        return self._lock.closure(extras, groups)

    def _find_lock(self) -> Path | None:
        """Of the project, or of the workspace that it is a member of; no higher than the repository."""
        for folder in (self._root, *self._root.parents):
            if (folder / "uv.lock").is_file():
                return folder / "uv.lock"
            if folder == self._git_root:
                break
        return None


class _Lock:
    """https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile"""

    def __init__(self, file: Path, root: Path) -> None:
        self._file = file
        packages = _toml(file).get("package", [])
        try:
            self._by_name: dict[str, list[dict[str, Any]]] = {}
            for package in packages:
                self._by_name.setdefault(package["name"], []).append(package)
            self._project = next((package for package in packages if self._folder(package) == root), None)
        except (KeyError, TypeError, AttributeError) as error:
            raise _unreadable(file, f"{type(error).__name__}: {error}") from error
        if self._project is None:
            raise FilesError(f"{file.name!r} does not have the project in {root.name!r}", hint="uv lock")

    def closure(self, extras: Collection[str], groups: Collection[str]) -> Locked:
        assert self._project is not None
        try:
            return self._closure(self._project, extras, groups)
        except (KeyError, TypeError, AttributeError) as error:
            raise _unreadable(self._file, f"{type(error).__name__}: {error}") from error

    def _closure(self, project: Mapping[str, Any], extras: Collection[str], groups: Collection[str]) -> Locked:
        waiting = [*project.get("dependencies", ())]
        for table, names in (("optional-dependencies", extras), ("dev-dependencies", groups)):
            waiting += [each for name in names for each in project.get(table, {}).get(name, ())]
        seen: set[tuple[str, str, str]] = set()
        found: dict[str, set[str]] = {}
        folders = {folder: None for folder in (self._folder(project),) if folder}
        while waiting:
            wanted = waiting.pop()
            for package in self._packages(wanted):
                version, folder = _version(package), self._folder(package)
                if folder is not None:
                    folders[folder] = None
                elif package["name"] != _OWN:
                    found.setdefault(package["name"], set()).add(version)
                for extra in ("", *wanted.get("extra", ())):
                    if (name := (package["name"], version, extra)) not in seen:
                        seen.add(name)
                        waiting += package.get("optional-dependencies", {}).get(extra, ()) if extra else package.get("dependencies", ())
        return Locked({name: " ".join(sorted(versions)) for name, versions in found.items()}, tuple(folders))

    def _packages(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        """One, but where the lock has several versions for different systems, and the dependency does not say which."""
        named = self._by_name.get(wanted["name"], [])
        exact = [each for each in named if all(wanted[key] == each.get(key) for key in ("version", "source") if key in wanted)]
        return exact or named

    def _folder(self, package: Mapping[str, Any]) -> Path | None:
        """Of a package that is installed from a folder: its sources count as they are, and no version tells."""
        source = package.get("source", {})
        path = next((source[kind] for kind in ("editable", "virtual", "directory") if kind in source), None)
        return None if path is None else (self._file.parent / path).resolve()


def _version(package: Mapping[str, Any]) -> str:
    """With the commit or the hash of what came from a repository or as a file: these change under one version."""
    source = package.get("source", {})
    version = str(package.get("version", ""))
    if "git" in source:
        return f"{version} ({str(source['git']).rpartition('#')[2]})"
    if "url" in source or "path" in source:
        files = [package.get("sdist", {}), *package.get("wheels", ())]
        return f"{version} ({' '.join(sorted(str(file['hash']) for file in files if 'hash' in file)) or source.get('url')})"
    return version


def _lines(file: Path, inside: Path, depth: int = 0) -> Iterator[str]:
    """What a file of requirements asks for, and those that it names, without comments and hashes."""
    resolved = file.resolve()
    if depth > _DEPTH or not resolved.is_relative_to(inside):
        raise FilesError(f"the requirements {file.name!r} lie outside of the repository, or name themselves", hint="name files in it")
    try:
        text = resolved.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _unreadable(file, str(error)) from error
    for line in text.replace("\\\n", " ").splitlines():
        plain = " ".join(_COMMENT.sub("", line).split())
        if found := _INCLUDE.fullmatch(plain):
            yield from _lines(file.parent / found[1], inside, depth + 1)
        elif plain:
            yield plain


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(file, str(error)) from error


def _unreadable(file: Path, why: str) -> FilesError:
    return FilesError(f"{file.name!r} cannot be read: {why}", hint="it says which packages the jobs install: mend it, or make it anew")
