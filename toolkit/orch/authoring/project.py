"""Where a user's file belongs: its repository, and the project (working directory, imports, lock) inside it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Project:
    """`root` is where steps run and what their sources are relative to; `git_root` is where generated files go."""

    git_root: Path
    root: Path

    @property
    def name(self) -> str:
        """The project root from the git root, as a POSIX path."""
        return self.root.relative_to(self.git_root).as_posix()

    def relative(self, path: Path) -> str:
        """`path` from the git root where it lies inside, as people see it in messages and annotations."""
        return path.relative_to(self.git_root).as_posix() if path.is_relative_to(self.git_root) else str(path)


def find_project(file: Path) -> Project:
    """The project of `file` (or folder): the nearest `pyproject.toml` up to the git root, else the git root, else the folder."""
    file = file.resolve()
    folder = file if file.is_dir() else file.parent
    upwards = [folder, *folder.parents]
    git_root = next((parent for parent in upwards if (parent / ".git").exists()), None)
    within = upwards[: upwards.index(git_root) + 1] if git_root else upwards
    root = next((parent for parent in within if (parent / "pyproject.toml").is_file()), git_root or folder)
    return Project(git_root or root, root)


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
