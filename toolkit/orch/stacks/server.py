"""Which GitHub a repository is on, and where that one has the actions that workflows use."""

from __future__ import annotations

import re
import urllib.parse
from typing import Final

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_PART: Final = r"(?!\.+(?:/|$))[\w.-]+"
_REPOSITORY: Final = re.compile(rf"{_PART}/({_PART}(/{_PART})*|\*)", re.ASCII)
_FOLDER: Final = re.compile(rf"\./({_PART}/)*{_PART}/?", re.ASCII)


def server_problem(server: str) -> str | None:
    """Why `server` is no address of a GitHub, or None."""
    try:
        parts = urllib.parse.urlsplit(server)
        port = parts.port
    except ValueError:
        return f"is {server!r}, expected an address like 'https://github.example.com'"
    if parts.username or parts.password:
        return f"is {server!r}: credentials do not belong into a file that everybody reads"
    if parts.scheme != "https" or parts.path.strip("/") or parts.query or parts.fragment or not _HOST.fullmatch(parts.hostname or ""):
        return f"is {server!r}, expected an address like 'https://github.example.com'"
    return None if port is None or 0 < port < 65536 else f"is {server!r}, and no port is called {port}"


def is_enterprise_server(server: str | None) -> bool:
    """Whether it is a GitHub Enterprise Server: an installation of one's own, which has what is new later or never."""
    host = urllib.parse.urlsplit(server).hostname or "" if server else "github.com"
    return host not in ("github.com", "www.github.com") and not host.endswith(".ghe.com")


def mirror_problem(name: str, mirror: str) -> str | None:
    """Why `mirror` cannot stand in for the action `name`, or None. Both may end with `/*`: all of an owner's repositories."""
    if not _REPOSITORY.fullmatch(name):
        return f"{name!r} is no repository of an action, as 'actions/checkout' or 'actions/*'"
    is_folder = bool(_FOLDER.fullmatch(mirror))
    if not is_folder and not _REPOSITORY.fullmatch(mirror):
        return f"{mirror!r} cannot stand in for {name!r}: expected owner/repository, or a folder as './actions/x'"
    if name.endswith("/*") != mirror.endswith("/*"):
        return f"{mirror!r} cannot stand in for {name!r}: one names many repositories, the other one"
    if is_folder and name == "actions/checkout":
        return f"{mirror!r} cannot stand in for {name!r}: before it there are no files of the repository"
    return None


def mirrored(name: str, mirrors: dict[str, str]) -> str:
    """What stands in for `name`, which may go on with a folder: the longest entry for it counts."""
    found = [(each, mirror) for each, mirror in mirrors.items() if _stands_for(each, name)]
    if not found:
        return name
    each, mirror = max(found, key=lambda pair: len(pair[0].removesuffix("/*")))
    if each.endswith("/*"):
        return mirror.removesuffix("*") + name.removeprefix(each.removesuffix("*"))
    return mirror.rstrip("/") + name.removeprefix(each)


def _stands_for(each: str, name: str) -> bool:
    return name.startswith(each.removesuffix("*")) if each.endswith("/*") else name == each or name.startswith(f"{each}/")
