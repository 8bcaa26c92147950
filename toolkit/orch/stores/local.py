"""A folder of bytes by digest: the one store that the runtime knows.

An object is written aside and renamed, so it is there whole or not at all, and it is never changed afterwards. There is
no fsync: what a power cut tears is found by its digest.
"""

# A `Path` costs as much as the system call behind it, and a small object is stored in 50 microseconds.
# ruff: noqa: PTH110, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from orch import files
from orch.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_CHUNK: Final = 1 << 20
_SMALL: Final = 1 << 16  # bytes
_READING: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
# Hidden, so that an upload of this folder leaves out what a killed writer left behind.
ASIDE: Final = ".writing-"


class LocalStore:
    """`verify=True`: an object that this store object did not write itself is hashed before it is first used.

    An object that is to be written and is there already is hashed in any case: then whoever reads what this process tree
    stored need not ask who wrote it.
    """

    def __init__(self, root: Path, *, verify: bool = False) -> None:
        self.root = root
        self.verify = verify
        self._prefix = f"{root}{os.sep}"
        self._trusted: set[str] = set()
        self._aside = os.path.join(root, f"{ASIDE}{os.urandom(6).hex()}")
        self._count = itertools.count()

    def put(self, data: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        with _writing(self.root):
            if not self._is_stored(digest, len(data)):
                fd, aside = self._open_aside()
                try:
                    try:
                        files.write_all(fd, data)
                    finally:
                        os.close(fd)
                    self._commit(aside, digest)
                except BaseException:
                    files.unlink(aside)
                    raise
        return digest

    def put_file(self, path: Path) -> tuple[str, int]:
        """The digest and size of the file's bytes as they were copied; an unreadable file is the caller's OSError."""
        with open(path, "rb", buffering=0) as source, self.create() as writer:
            buffer = memoryview(bytearray(_CHUNK))
            while count := source.readinto(buffer):
                writer.write(buffer[:count])
        return writer.digest, writer.size

    def put_written(self, write: Callable[[str], object]) -> tuple[str, int]:
        """The digest and size of what `write` writes to the path that it is given: for a library that opens files itself."""
        aside = self._name_aside()
        with _writing(self.root):
            files.make_folders(self.root)
        try:
            write(aside)
            with _writing(self.root):
                files.make_read_only(aside)
                with open(aside, "rb", buffering=0) as file:
                    digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
                    size = os.fstat(file.fileno()).st_size
                if self._is_stored(digest, size):
                    files.unlink(aside)
                else:
                    self._commit(aside, digest)
        except BaseException:
            files.unlink(aside)
            raise
        return digest, size

    @contextlib.contextmanager
    def create(self, *, expected: str = "", source: str = "") -> Iterator[Writer]:
        """A binary file to write one object into; it is stored when the `with` block ends without an exception.

        `expected` is the digest that the bytes from `source` are said to have: other bytes are refused.
        """
        with _writing(self.root):
            fd, aside = self._open_aside()
        writer = Writer(io.BufferedWriter(files.RawFile(fd), _CHUNK // 4), self.root)
        try:
            try:
                yield writer
            finally:
                writer.close()
            digest = f"sha256:{writer.hash.hexdigest()}"
            _check_arrived(digest, expected, f"{source!r} ({writer.size} bytes)")
            with _writing(self.root):
                if self._is_stored(digest, writer.size):
                    files.unlink(aside)
                else:
                    self._commit(aside, digest)
        except BaseException:
            files.unlink(aside)
            raise
        writer.digest = digest

    def get(self, digest: str) -> bytes:
        try:
            data = _read(self._file(digest))
        except OSError as error:
            raise self._unreadable(digest, error) from error
        if self.verify and digest not in self._trusted:
            self._trust(digest, hashlib.sha256(data).hexdigest(), len(data))
        return data

    def path(self, digest: str) -> Path:
        """The object's file, to be read only."""
        self._check(digest)
        return Path(self._file(digest))

    def size(self, digest: str) -> int:
        try:
            return os.stat(self._file(digest)).st_size
        except OSError as error:
            raise self._unreadable(digest, error) from error

    def has(self, digest: str) -> bool:
        return os.path.exists(self._file(digest))

    def transfer(self, digests: Iterable[str], source: LocalStore) -> None:
        """Have `digests` here as well: as links to the source's files where the file system can, else as copies."""
        for digest in digests:
            if self.has(digest):
                self._check(digest)
                continue
            path = source.path(digest)
            with _writing(self.root):
                if not self._link(path, digest):
                    self._copy(path, digest, source)
            if source.verify:
                self._trusted.add(digest)

    def _link(self, path: Path, digest: str) -> bool:
        target = self._file(digest)
        for _ in range(2):
            try:
                files.link(path, target)
            except FileExistsError:  # another process was faster
                return True
            except FileNotFoundError:
                files.make_folders(os.path.dirname(target))
            except OSError:  # another file system, or one without links
                return False
            else:
                return True
        return False

    def _copy(self, path: Path, digest: str, source: LocalStore) -> None:
        copied, size = self.put_file(path)
        if copied != digest:
            # What was stored is whole, under its own digest; it is not what was asked for.
            raise source.damaged(digest, size)

    def _file(self, digest: str) -> str:
        return f"{self._prefix}{object_path(digest)}"

    def _is_stored(self, digest: str, size: int) -> bool:
        """False also where what is there is damaged: who has the right bytes puts them in its place."""
        try:
            found = os.stat(self._file(digest)).st_size
        except FileNotFoundError:
            return False
        if found == size and digest not in self._trusted:
            try:
                self._hash(digest)
            except StoreError:
                return False
        return found == size

    def _check(self, digest: str) -> None:
        """Raise unless the object is there and, as far as `verify` asks, whole."""
        if not self.verify or digest in self._trusted:
            self.size(digest)
        else:
            self._hash(digest)

    def _hash(self, digest: str) -> None:
        try:
            with open(self._file(digest), "rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                # What reads in large parts prepares a buffer for one, which takes longer than a small object does.
                found = (hashlib.sha256(file.read()) if size <= _SMALL else hashlib.file_digest(file, "sha256")).hexdigest()
        except OSError as error:
            raise self._unreadable(digest, error) from error
        self._trust(digest, found, size)

    def _trust(self, digest: str, found: str, size: int) -> None:
        if digest[7:] != found:
            raise self.damaged(digest, size)
        self._trusted.add(digest)

    def _open_aside(self) -> tuple[int, str]:
        aside = self._name_aside()
        try:
            return files.create(aside, 0o444), aside
        except FileNotFoundError:
            files.make_folders(self.root)
            return files.create(aside, 0o444), aside

    def _name_aside(self) -> str:
        # The process id keeps a forked copy of this object from the same names.
        return f"{self._aside}-{os.getpid()}-{next(self._count)}"

    def _commit(self, aside: str, digest: str) -> None:
        target = self._file(digest)
        try:
            files.rename(aside, target)
        except FileNotFoundError:
            files.make_folders(os.path.dirname(target))
            files.rename(aside, target)
        except PermissionError:  # Windows: another process holds the same object open
            if not os.path.exists(target):
                raise
            files.unlink(aside)
            self._hash(digest)
        self._trusted.add(digest)

    def damaged(self, digest: str, size: int) -> StoreError:
        path = self._file(digest)
        hint = "run the step that made it again: it writes them anew"
        return StoreError(f"the bytes of object {digest} are not those its digest names: {path!r} ({size} bytes)", hint=hint)

    def _unreadable(self, digest: str, error: OSError) -> StoreError:
        path = self._file(digest)
        if isinstance(error, FileNotFoundError):
            return StoreError(f"object {digest} is not in the store: {path!r}", hint="run the step that makes it again")
        return StoreError(f"object {digest} cannot be read: {path!r}: {error.strerror}")


def _read(path: str) -> bytes:
    """A small object at once: Python's own files ask the system for more than twice as much."""
    descriptor = os.open(path, _READING)
    try:
        size = os.fstat(descriptor).st_size
        if size <= _SMALL:
            return os.read(descriptor, size)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _check_arrived(digest: str, expected: str, source: str) -> None:
    if expected not in ("", digest):
        raise StoreError(f"the bytes of object {expected} are not those its digest names: {source}", hint="delete it there")


def object_path(digest: str) -> str:
    """From the root of a store; raises StoreError where `digest` is none."""
    if not _DIGEST.fullmatch(digest):
        raise StoreError(f"{digest!r} is not a digest: expected 'sha256:' and 64 hexadecimal digits")
    return f"objects/{digest[7:9]}/{digest[9:]}"


def object_file(root: Path, digest: str) -> Path:
    """Where the object is in the store at `root`, if it is there."""
    return root / object_path(digest)


def stored_objects(root: Path) -> Iterator[tuple[str, int]]:
    """The digest and size of every object in the store; nothing else that may lie there."""
    with contextlib.suppress(FileNotFoundError), os.scandir(os.path.join(root, "objects")) as folders:
        for folder in folders:
            if folder.is_dir(follow_symlinks=False):
                with os.scandir(folder.path) as entries:
                    for entry in entries:
                        digest = f"sha256:{folder.name}{entry.name}"
                        if _DIGEST.fullmatch(digest) and entry.is_file(follow_symlinks=False):
                            yield digest, entry.stat(follow_symlinks=False).st_size


class Writer(io.BufferedIOBase):
    """One object while it is written: a binary file that hashes. `digest` is set when the object is stored."""

    def __init__(self, file: BinaryIO, root: Path) -> None:
        self.digest = ""
        self.size = 0
        self.hash = hashlib.sha256()
        self._file = file
        self._root = root

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        with _writing(self._root):
            self._file.write(view)
        self.hash.update(view)
        self.size += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self.size

    def close(self) -> None:
        with _writing(self._root):
            self._file.close()
        super().close()


@contextlib.contextmanager
def _writing(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "make room there, or make it a folder that may be written to"
        raise StoreError(f"cannot write to the store {str(root)!r}: {error.strerror or error}", hint=hint) from error
