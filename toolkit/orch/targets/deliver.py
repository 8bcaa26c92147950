"""The tar that a step away from here gets: what all steps of a run share, made once, and after it what is its own."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orch.runtime import parcels, tars
from orch.runtime.parcels import Parcel
from orch.stores.local import LocalStore, object_path

_CHUNK: Final = 1 << 18
_ROOT: Final = parcels.PLACE.strip("/")
_SECRET: Final = 0o600


class Delivered:
    """`runtime` and `bundle` are files that do not change meanwhile; `scratch` is a folder of this process."""

    def __init__(self, runtime: Path, bundle: Path, scratch: Path) -> None:
        self._runtime = runtime
        self._bundle = bundle
        self._scratch = scratch
        self._shared: dict[tuple[int, int], Path] = {}

    def chunks(self, parcel: Parcel, owner: tuple[int, int]) -> Iterator[bytes]:
        """All of it belongs to `owner`, who runs the step: it may be nobody that the image knows."""
        shared = self._shared.get(owner)
        if shared is None:
            shared = self._shared[owner] = self._scratch / f"shared-{owner[0]}-{owner[1]}.tar"
            with shared.open("wb") as file:
                file.writelines(self._shared_chunks(owner))
        with shared.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        yield from own_chunks(parcel, owner)

    def _shared_chunks(self, owner: tuple[int, int]) -> Iterator[bytes]:
        yield tars.folder(_ROOT, owner)
        yield tars.file(f"{_ROOT}/{parcels.RUNTIME}", self._runtime.read_bytes(), owner=owner)
        yield tars.folder(f"{_ROOT}/{parcels.PROJECT}", owner)
        with tarfile.open(self._bundle, "r:") as bundle:
            for member in bundle:
                name = f"{_ROOT}/{parcels.PROJECT}/{member.name}"
                content = bundle.extractfile(member) if member.isreg() else None
                if content is not None:
                    yield tars.file(name, content.read(), member.mode, owner)
                else:
                    yield tars.link(name, member.linkname, owner) if member.issym() else tars.folder(name, owner)


def own_chunks(parcel: Parcel, owner: tuple[int, int]) -> Iterator[bytes]:
    """What is of one parcel alone, and the end of the tar."""
    for name, data in parcel.files().items():
        yield tars.file(f"{_ROOT}/{name}", data, _SECRET, owner)
    folders: set[str] = set()
    for digest, store in sorted(parcel.inputs.items()):
        name = f"{_ROOT}/{parcels.INPUTS}/{object_path(digest)}"
        for above in [each.as_posix() for each in reversed(Path(name).parents) if len(each.parts) > 1]:
            if above not in folders:
                folders.add(above)
                yield tars.folder(above, owner)
        yield from _object(name, LocalStore(Path(store)).path(digest), owner)
    yield tars.END


def _object(name: str, path: Path, owner: tuple[int, int]) -> Iterator[bytes]:
    with path.open("rb") as file:
        size = left = path.stat().st_size
        yield tars.file_header(name, size, 0o444, owner)
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk
        yield b"\0" * left + tars.padding(size)  # what was cut short meanwhile is found by its digest
