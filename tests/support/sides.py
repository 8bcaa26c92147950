"""What may be the other side of a transport, for the one suite that all of them pass."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from support.stores import BUCKET, SERVERS, ObjectServer, free_port

from orch.stores.folder import FolderPlace
from orch.stores.transport import Transport
from orch.transports import open_transport
from orch.transports.buckets import BucketPlace
from orch.transports.drivers import EXTRAS, file_system
from orch.transports.remote import RemotePlace


class Side(Protocol):
    """The other side, as somebody else sees it; `broken` gives a transport to where nothing answers."""

    url: str
    mends: bool  # what is there under a digest and has other bytes, when the right ones are pushed

    def open(self) -> Transport: ...
    def write(self, path: str, data: bytes) -> None: ...
    def read(self, path: str) -> bytes: ...
    def files(self) -> list[str]: ...
    def broken(self) -> Transport: ...


class Folder:
    mends = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "there"
        self.url = self.folder.as_uri()

    def open(self) -> Transport:
        return open_transport(self.url)

    def write(self, path: str, data: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).unlink(missing_ok=True)
        (self.folder / path).write_bytes(data)

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    def broken(self) -> Transport:
        file = self.folder.with_name("a file")
        file.touch()
        return Transport(FolderPlace(file, self.url))


class Gone(MemoryFileSystem):  # type: ignore[misc]
    """Nothing answers."""

    cachable = False

    def info(self, *_: object, **__: object) -> Any:
        raise RuntimeError("the server hung up\nwith details")

    _open = cat_file = info


class Memory:
    """fsspec's own, within this process."""

    mends = False

    def __init__(self, _: Path) -> None:
        self.root = f"/{uuid.uuid4()}/below"
        self.url = f"memory:/{self.root}"

    def open(self) -> Transport:
        return open_transport(self.url)

    def write(self, path: str, data: bytes) -> None:
        fsspec.filesystem("memory").pipe_file(f"{self.root}/{path}", data)

    def read(self, path: str) -> bytes:
        data: bytes = fsspec.filesystem("memory").cat_file(f"{self.root}/{path}")
        return data

    def files(self) -> list[str]:
        return sorted(path.removeprefix(f"{self.root}/") for path in fsspec.filesystem("memory").find(self.root))

    def broken(self) -> Transport:
        return Transport(RemotePlace(self.url, Gone(), self.root))


class Objects(MemoryFileSystem):  # type: ignore[misc]
    """As a store of whole objects, where nothing is renamed."""

    cachable = False

    def split_path(self, path: str) -> tuple[str, str, None]:
        bucket, _, key = path.lstrip("/").partition("/")
        return f"/{bucket}", key, None

    def mv(self, *_: object, **__: object) -> None:
        raise AssertionError("renaming is copying here")


class Buckets(Memory):
    mends = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        fsspec.filesystem("memory").makedirs(self.root)

    def open(self) -> Transport:
        return Transport(BucketPlace(self.url, Objects(), self.root, ""))


class Unwilling(LocalFileSystem):  # type: ignore[misc]
    """As SFTP's servers: renaming onto a file that is there fails."""

    cachable = False

    def mv(self, path1: str, path2: str, **_: object) -> None:
        os.link(path1, path2)
        os.unlink(path1)  # noqa: PTH108


class Server(Folder):
    def open(self) -> Transport:
        return Transport(RemotePlace(self.url, Unwilling(), str(self.folder)))

    def broken(self) -> Transport:
        return Transport(RemotePlace(self.url, Gone(), str(self.folder)))


_DRIVERS: Final[dict[ObjectServer, tuple[Any, Any]]] = {}


class Bucket:
    """A folder of its own in the bucket of a real server."""

    mends = True

    def __init__(self, server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.root = f"{BUCKET}/{uuid.uuid4()}"
        self.url = f"{server.SCHEME}://{self.root}"
        self._monkeypatch = monkeypatch
        self.become(server.environment())
        if server not in _DRIVERS:
            _DRIVERS[server] = (server.files(), file_system(self.url, 30)[0])
        self._files, self.driver = _DRIVERS[server]

    def become(self, environment: Mapping[str, str]) -> None:
        """A machine with these variables."""
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)

    def open(self) -> Transport:
        """With one connection for all tests of a server: to make one takes longer than most tests do."""
        return Transport(BucketPlace(self.url, self.driver, self.root, EXTRAS[self.server.SCHEME]))

    def write(self, path: str, data: bytes) -> None:
        self._files.pipe_file(f"{self.root}/{path}", data)

    def read(self, path: str) -> bytes:
        data: bytes = self._files.cat_file(f"{self.root}/{path}")
        return data

    def files(self) -> list[str]:
        return sorted(path.removeprefix(f"{self.root}/") for path in self._files.find(self.root))

    def broken(self) -> Transport:
        without_pauses(self._monkeypatch)
        self.become(type(self.server)(self.server.folder, front=free_port()).environment())
        return open_transport(self.url)


def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers wait for up to half a minute between their tries, which they make all the same."""
    pause = asyncio.sleep

    async def sleep(delay: float, result: object = None) -> object:
        return await pause(min(delay, 0.01), result)

    monkeypatch.setattr(asyncio, "sleep", sleep)


LOCAL: Final[Mapping[str, Callable[[Path], Side]]] = {"folder": Folder, "memory": Memory, "objects": Buckets, "server": Server}
# Each real one, and the program that it needs.
NEEDS: Final = {scheme: server.PROGRAM for scheme, server in SERVERS.items()}
