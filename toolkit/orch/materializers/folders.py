"""A folder as a manifest of its files: relative POSIX path to digest, size and executable bit; links stay links.

Unpacking trusts nothing in a manifest: no path leaves the folder, and nothing is written through a link, because the
links are made last and are looked at once more when they are there.
"""

from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from orch import files
from orch.errors import MaterializationError
from orch.materializers.copies import FORGED, checked_name, checked_path, copy_object, private_folder, store_file, utf8_name
from orch.materializers.previews import size_text
from orch.model import canonical
from orch.model.artifacts import Artifact

if TYPE_CHECKING:
    from orch.stores.local import LocalStore

NAME: Final = "folder"


def save(value: Any, store: LocalStore) -> Artifact:
    path: Path = value
    root = path.resolve()
    for inner, what in ((store.root, "the store that it would be kept in"), (Path(), "the whole project")):
        if inner.resolve().is_relative_to(root):
            hint = "return a folder of its own, as Path('out')"
            raise MaterializationError(f"the folder {str(path)!r} holds {what}", hint=hint)
    try:
        manifest = _manifest(root, store)
    except OSError as error:
        raise MaterializationError(f"the folder {str(path)!r} cannot be read: {error.filename!r}: {error.strerror}") from error
    text = canonical.dumps(manifest).encode()
    digest = store.put(text)
    sizes = {entry["digest"]: entry["size"] for entry in manifest["files"].values()}
    total = sum(entry["size"] for entry in manifest["files"].values())
    name = path.name if path.name not in ("", "..") else root.name or "folder"
    count = len(manifest["files"])
    return Artifact(
        digest=digest,
        size=len(text) + sum(sizes.values()),
        materializer=NAME,
        type="pathlib.Path",
        objects=tuple(sorted(sizes)),
        meta={"name": utf8_name(name)},
        preview=f"{name}/, {count} file{'' if count == 1 else 's'}, {size_text(total)}",
    )


def _manifest(root: Path, store: LocalStore) -> dict[str, Any]:
    regular: dict[str, dict[str, object]] = {}
    folders: list[str] = []  # empty ones: the others follow from their files
    links: dict[str, str] = {}
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(root / prefix) as listing:
            entries = list(listing)
        if prefix and not entries:
            folders.append(prefix[:-1])
        for entry in entries:
            path = utf8_name(f"{prefix}{entry.name}")
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                links[path] = _link(root, path)
            elif stat.S_ISDIR(mode):
                waiting.append(f"{path}/")
            elif stat.S_ISREG(mode):
                digest, size, is_executable = store_file(root / path, store)
                regular[path] = {"digest": digest, "size": size} | ({"executable": True} if is_executable else {})
            else:
                raise MaterializationError(f"{path!r} in the folder {str(root)!r} is neither a file, a folder nor a link")
    return {"files": regular, "folders": sorted(folders), "links": links}


def _link(root: Path, path: str) -> str:
    """The target of a link, relative to it."""
    folder, target = (root / path).parent, (root / path).readlink()
    if target.is_absolute():
        target = Path(os.path.relpath(os.path.realpath(target), os.path.realpath(folder)))
    text = utf8_name(target.as_posix())
    if _leaves(path, text) or not _is_inside(root / path, root):
        hint = "put the file itself there instead of a link"
        raise MaterializationError(f"the link {path!r} in the folder {str(root)!r} leads out of it: {str(target)!r}", hint=hint)
    return text


def _leaves(path: str, target: str) -> bool:
    """Whether the text alone of a link at `path` leads above its folder."""
    return target.startswith("/") or posixpath.normpath(posixpath.join(posixpath.dirname(path), target)).split("/")[0] == ".."


def _is_inside(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def load(artifact: Artifact, store: LocalStore, scratch: Path) -> object:
    manifest = canonical.loads(store.get(artifact.digest))
    name = checked_name((artifact.meta or {}).get("name"))
    private = private_folder(scratch, artifact.digest)
    try:
        _unpack(manifest, store, private / name)
    except BaseException:
        files.remove_tree(private)
        raise
    return private / name


def _unpack(manifest: Any, store: LocalStore, root: Path) -> None:
    regular = {checked_path(path): entry for path, entry in manifest["files"].items()}
    folders = [checked_path(path) for path in manifest["folders"]]
    links = {checked_path(path): target for path, target in manifest["links"].items()}
    files.make_folder(root)
    try:
        for folder in {*folders, *(path.parent for path in (*regular, *links))}:
            files.make_folders(root / folder)
        for path, entry in regular.items():
            copy_object(store, entry["digest"], root / path, executable=bool(entry.get("executable")))
        for path, target in links.items():
            files.symlink(_checked_target(path, target), root / path)
    except (FileExistsError, NotADirectoryError) as error:
        message = f"two entries of the folder have one name on this disk: {Path(error.filename2 or error.filename).name!r}"
        raise MaterializationError(message, hint="give them names that differ in more than case, in the step that makes them") from error
    for path in links:
        if not _is_inside(root / path, root):
            raise MaterializationError(f"the link {str(path)!r} leads out of its folder", hint=FORGED)


def _checked_target(path: PurePosixPath, target: object) -> str:
    if not isinstance(target, str) or "\0" in target or _leaves(str(path), target) or (os.name == "nt" and set(target) & set("\\:")):
        raise MaterializationError(f"the link {str(path)!r} leads out of its folder: {target!r}", hint=FORGED)
    return target
