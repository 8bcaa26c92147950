"""Which installed distributions code needs, and in which versions: those that its imports come from, and all that these require.

What is installed counts, not what a lock says. Environment markers are not evaluated: a requirement that is installed is one.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from typing import Final

from orch.model import canonical
from orch.model.canonical import Json
from orch.planning.memory import Memory

_REQUIRES: Final = re.compile(rb"^Requires-Dist:[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
_VERSION: Final = re.compile(rb"^Version:[ \t]*(\S+)", re.MULTILINE)
_TOP: Final = re.compile(rb'^"?([^/\\,\r\n"]+)', re.MULTILINE)
_EDITABLE: Final = "editable"


class Packages:
    """Of the folders `sites`, in the order of the path."""

    def __init__(self, sites: Sequence[str], memory: Memory) -> None:
        self._memory = memory
        self._infos: dict[str, str] = {}  # distribution -> its .dist-info
        state = [_state(site) for site in sites]
        for site, (_, entries) in zip(sites, state, strict=True):
            for entry, _ in entries:
                self._infos.setdefault(_name_of(entry), os.path.join(site, entry))
        known = memory.packages
        if not isinstance(known, dict) or known.get("state") != [[site, *each] for site, each in zip(sites, state, strict=True)]:
            known = self._read([[site, *each] for site, each in zip(sites, state, strict=True)])
            memory.keep_packages(known)
        self._known = known

    def _read(self, state: Json) -> Json:
        tops: dict[str, list[str]] = {}
        versions: dict[str, str] = {}
        for name, info in self._infos.items():
            record = _read(info, "RECORD") or _read(info, "installed-files.txt")
            versions[name] = _version(info, record)
            for top in _tops(info, record):
                tops.setdefault(top, []).append(name)
        return {"state": state, "tops": tops, "versions": versions, "requires": {}}

    def provides(self, top: str) -> bool:
        """Whether a distribution installed the top-level module."""
        return top in self._known["tops"]

    def needed_by(self, tops: Iterable[str]) -> dict[str, str]:
        """Distributions and versions behind top-level modules."""
        versions = self._known["versions"]
        waiting = [name for top in tops for name in self._known["tops"].get(top, ())]
        found: dict[str, str] = {}
        while waiting:
            name = waiting.pop()
            if name in found or name not in versions or name == "orch-toolkit":
                continue
            found[name] = versions[name]
            waiting += self._requires(name)
        return found

    def editable_modules(self, top: str) -> list[str]:
        """Names that the editable installs which a module's distribution needs are probably imported under."""
        needed = self.needed_by([top])
        return sorted(name.replace("-", "_") for name, version in needed.items() if version.endswith(f"({_EDITABLE})"))

    def _requires(self, name: str) -> list[str]:
        known: list[str] | None = self._known["requires"].get(name)
        if known is None:
            head = (_read(self._infos[name], "METADATA") or _read(self._infos[name], "PKG-INFO")).partition(b"\n\n")[0]
            known = sorted({_normalised(each.decode()) for each in _REQUIRES.findall(head)})
            self._known["requires"][name] = known
            self._memory.keep_packages(self._known)
        return known


def _state(site: str) -> tuple[int, list[Json]]:
    """What changes when something is installed, upgraded or removed."""
    try:
        with os.scandir(site) as entries:
            infos = sorted([entry.name, entry.stat().st_mtime_ns] for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))
        return os.stat(site).st_mtime_ns, infos
    except OSError:
        return 0, []


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_of(entry: str) -> str:
    """Of `name-1.0.dist-info`, `name-1.0-py3.11.egg-info`."""
    return _normalised(entry.removesuffix(".dist-info").removesuffix(".egg-info").partition("-")[0])


def _read(info: str, name: str) -> bytes:
    try:
        with open(os.path.join(info, name), "rb") as file:
            return file.read()
    except OSError:
        return b""


def _tops(info: str, record: bytes) -> set[str]:
    names = {name.decode(errors="replace") for name in _TOP.findall(record)}
    names |= set(_read(info, "top_level.txt").decode(errors="replace").split())
    tops = {name.partition(".")[0] for name in names if not name.endswith((".dist-info", ".egg-info", ".pth", ".data"))}
    return {top for top in tops if top.isidentifier() and top != "__pycache__"}


def _version(info: str, record: bytes) -> str:
    """With the commit or the bytes of what came from a repository or a folder: these change under one version."""
    version = os.path.basename(info).removesuffix(".dist-info").partition("-")[2]
    if not info.endswith(".dist-info"):
        found = _VERSION.search(_read(info, "PKG-INFO"))
        version = found[1].decode() if found else ""
    origin = _read(info, "direct_url.json")
    if not origin:
        return version
    try:
        data = canonical.loads(origin)
        if data.get("dir_info", {}).get("editable"):
            return f"{version} ({_EDITABLE})"
        if commit := data.get("vcs_info", {}).get("commit_id"):
            return f"{version} ({commit})"
    except (ValueError, AttributeError):
        pass
    return f"{version} (sha256:{_digest_of_contents(record)})"


def _digest_of_contents(record: bytes) -> str:
    """Of a RECORD, but for what the installation itself added."""
    lines = [line for line in sorted(record.splitlines()) if b".dist-info/" not in line and b".pyc," not in line]
    return hashlib.sha256(b"\n".join(lines)).hexdigest()
