"""Write a Debian root file system as a tar, from the packages that this Debian machine has installed: `rootfs.py PACKAGE... >rootfs.tar`.

Takes the essential packages, the named ones and all that they depend on, as dpkg knows them, with a dpkg database that names exactly
these, so that `apt-get install` works in the image. Nothing is fetched: about one second.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

DPKG: Final = Path("/var/lib/dpkg")
SKIPPED: Final = re.compile(r"/usr/share/(doc|man|locale|info|lintian)/.")
MERGED: Final = re.compile(r"^/(bin|sbin|lib|lib32|lib64|libx32)(?=/)")
EXTRA: Final = "/var/lib/dpkg/info/format /etc/passwd /etc/group /etc/ld.so.cache /etc/ssl/certs/ca-certificates.crt".split()
EMPTY: Final = (
    "tmp var/tmp root proc sys dev run var/cache/apt/archives/partial var/lib/apt/lists/partial var/lib/dpkg/updates var/lib/dpkg/triggers"
).split()


class Package(NamedTuple):
    fields: Mapping[str, str]
    paragraph: str  # of dpkg's status file


def installed() -> Iterator[tuple[str, Package]]:
    for paragraph in (DPKG / "status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*(?:\n .*)*)", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], Package(fields, paragraph.strip("\n"))


def _listed(text: str) -> list[str]:
    return [each for each in re.split(r",\s*", text) if each.strip()]


def closure(wanted: Sequence[str]) -> dict[str, Package]:
    """The packages and what they depend on, and the essential ones."""
    packages = dict(installed())
    provided = {name: name for name in packages}
    for name, package in packages.items():
        for virtual in _listed(package.fields.get("Provides", "")):
            provided.setdefault(virtual.split()[0], name)
    if missing := [name for name in wanted if name not in provided]:
        sys.exit(f"rootfs.py: not installed here: {' '.join(missing)}; run: apt-get install -y {' '.join(missing)}")
    waiting = [name for name, package in packages.items() if package.fields.get("Essential") == "yes"] + list(wanted)
    chosen: dict[str, Package] = {}
    while waiting:
        name = provided[waiting.pop()]
        if name in chosen:
            continue
        chosen[name] = packages[name]
        for clause in _listed(", ".join(packages[name].fields.get(key, "") for key in ("Depends", "Pre-Depends"))):
            names = [alternative.split()[0].split(":")[0] for alternative in clause.split("|")]
            waiting += [each for each in names if each in provided][:1]
    return dict(sorted(chosen.items()))


def paths(chosen: Mapping[str, Package]) -> Iterator[str]:
    for name, (fields, _) in chosen.items():
        stem = f"{name}:{fields['Architecture']}" if fields.get("Multi-Arch") == "same" else name
        yield from map(str, (DPKG / "info").glob(f"{stem}.*"))
        yield from (DPKG / f"info/{stem}.list").read_text().splitlines()
    yield from map(str, Path("/etc/alternatives").iterdir())
    kinds = (".list", ".sources", ".gpg", ".asc")
    yield from (str(path) for path in Path("/etc/apt").rglob("*") if path.suffix in kinds and path.is_file())
    yield from EXTRA


def bytecode(path: str) -> list[str]:
    """What Python made of a source when its package was installed, and no package lists: else each container would make it anew."""
    file = Path("/", path)
    return [str(each).strip("/") for each in (file.parent / "__pycache__").glob(f"{file.stem}.cpython-*.pyc")]


def main(wanted: Sequence[str]) -> None:
    chosen = closure(wanted)
    files = {MERGED.sub(r"/usr/\1", path).strip("/") for path in paths(chosen) if not SKIPPED.match(path)}
    files |= {cached for path in files if path.endswith(".py") for cached in bytecode(path)}
    files |= {str(parent) for path in files for parent in Path(path).parents}
    files |= {"bin", "sbin", "lib", "lib64"}
    files -= {"", ".", *EMPTY}
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", dereference=False) as tar:
        for path in sorted(files):
            tar.inodes.clear()  # type: ignore[attr-defined] # a file is written twice rather than as a link to a name outside of the tar
            if os.path.lexists(f"/{path}"):
                tar.add(f"/{path}", path, recursive=False)
        for path in EMPTY:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if path.endswith("tmp") else 0o755
            tar.addfile(entry)
        for path, text in {"status": "\n\n".join(each.paragraph for each in chosen.values()) + "\n", "available": ""}.items():
            entry = tarfile.TarInfo(f"var/lib/dpkg/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))


if __name__ == "__main__":
    main(sys.argv[1:])
