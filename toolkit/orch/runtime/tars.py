"""Tars as bytes, one member after the other: nothing in them tells of the machine or the time at which they were made."""

from __future__ import annotations

import tarfile
from typing import Final

END: Final = b"\0" * (2 * tarfile.BLOCKSIZE)
ROOT: Final = (0, 0)  # the owner and the group


def folder(name: str, owner: tuple[int, int] = ROOT) -> bytes:
    return _header(name, tarfile.DIRTYPE, 0o755, owner)


def link(name: str, pointed_at: str, owner: tuple[int, int] = ROOT) -> bytes:
    return _header(name, tarfile.SYMTYPE, 0o777, owner, pointed_at=pointed_at)


def file(name: str, data: bytes, mode: int = 0o644, owner: tuple[int, int] = ROOT) -> bytes:
    return file_header(name, len(data), mode, owner) + data + padding(len(data))


def file_header(name: str, size: int, mode: int = 0o644, owner: tuple[int, int] = ROOT) -> bytes:
    """Before `size` bytes and their `padding`."""
    return _header(name, tarfile.REGTYPE, mode, owner, size=size)


def padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)


def _header(name: str, kind: bytes, mode: int, owner: tuple[int, int], *, size: int = 0, pointed_at: str = "") -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.size, member.linkname = kind, mode, size, pointed_at
    member.uid, member.gid = owner
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
