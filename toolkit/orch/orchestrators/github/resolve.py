"""Which commit an action's tag is, asked of the action's repository.

By `git ls-remote` and not by GitHub's API: git already has the user's tokens, proxies, mirrors and `url.*.insteadOf`, needs no
token for what is public, and knows no limit of requests.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from orch.authoring import git
from orch.errors import OrchError, PinError, RemoteError, ToolMissingError, UsageError
from orch.orchestrators.github.pins import CALLED, OWN_ACTION, SHA, VERSION, is_older, numbers
from orch.workflow.model import ActionRef

SERVER: Final = "https://github.com"
SECONDS: Final = 60.0

_LINE: Final = re.compile(r"([0-9a-f]{40})\trefs/tags/(.+?)(\^\{\})?")

Ask = Callable[[str], str]


def resolve(wanted: str, current: ActionRef | None, *, major: bool, ask: Ask) -> ActionRef:
    """The pin that `owner/repository[@TAG]` asks for: that tag, or the newest release of the major version that is `current`.

    With `major` of any. Raises PinError where the tags are not what was recorded: then somebody has to look.
    """
    name, at, tag = wanted.partition("@")
    check_name(name)
    if at and not VERSION.fullmatch(tag):
        raise UsageError(f"{tag!r} is not a tag that an action could have", hint=f"as in `orch pin {name}@v1.2.3`")
    tags = parse_listing(ask(name))
    if SHA.fullmatch(tag):
        return _by_commit(name, tag, tags)
    if current is not None and len(numbers(current.version) or ()) == 3 and tags.get(current.version, current.sha) != current.sha:
        message = f"the tag {current.version!r} of {name!r} has moved: {current.sha} is recorded, now it is {tags[current.version]}"
        hint = f"look at what changed there; `orch pin {name}@{tags[current.version]}` takes the new commit"
        raise PinError(message, hint=hint)
    return _by_tag(name, tag, tags, current, major=major) if at else _newest(name, tags, current, major=major)


def check_name(name: str) -> None:
    """Raises UsageError for what no generated workflow calls; nothing else is ever asked for over the network."""
    if name not in (*CALLED, OWN_ACTION):
        called = ", ".join((*CALLED, OWN_ACTION))
        hint = f"generated workflows call {called}; what our action calls itself comes with it"
        raise UsageError(f"no generated workflow calls {name!r}", hint=hint)


def parse_listing(listing: str) -> dict[str, str]:
    """The commits of tags, from what `git ls-remote` prints; an annotated tag is an object of its own, `^{}` is its commit."""
    direct: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for line in listing.split("\n"):
        if (found := _LINE.fullmatch(line)) and VERSION.fullmatch(found[2]):
            (peeled if found[3] else direct)[found[2]] = found[1]
    return direct | peeled


def _newest(name: str, tags: Mapping[str, str], current: ActionRef | None, *, major: bool) -> ActionRef:
    recorded = numbers(current.version) if current else None
    within = None if major or not recorded else recorded[0]
    releases = [(found, tag) for tag in tags if (found := _release(tag)) and within in (None, found[0])]
    if not releases:
        which = "" if within is None else f" of version {within}"
        raise PinError(f"{name!r} has no release{which}: no tag such as 'v{within or 1}.0.0'", hint="has it got another name, or none yet?")
    found, tag = max(releases)
    if current is not None and is_older(tag, current.version):
        message = f"the newest release of {name!r} is {tag!r}, and {current.version!r} is recorded"
        raise PinError(message, hint=f"was that release taken back? `orch pin {name}@{tag}` goes back to the older one")
    return ActionRef(name, tags[tag], tag)


def _by_tag(name: str, tag: str, tags: Mapping[str, str], current: ActionRef | None, *, major: bool) -> ActionRef:
    if tag not in tags:
        near = sorted((found, known) for known in tags if (found := _release(known)))[-3:]
        hint = f"the last are {', '.join(known for _, known in near)}" if near else "it has no release yet"
        raise UsageError(f"{name!r} has no tag {tag!r}", hint=hint)
    found, recorded = numbers(tag), numbers(current.version) if current else None
    if recorded and not major and (found is None or found[0] != recorded[0]):
        message = f"{name!r} is at version {recorded[0]}, which this toolkit was reviewed with, and {tag!r} is another"
        raise UsageError(message, hint=f"orch pin {name}@{tag} --major")
    return _full(name, tags[tag], tags, tag)


def _by_commit(name: str, sha: str, tags: Mapping[str, str]) -> ActionRef:
    if sha not in tags.values():  # on GitHub a fork's commits can be had by the name of its parent
        raise PinError(f"no tag of {name!r} is the commit {sha}", hint="only commits that the action has released can be pinned")
    return _full(name, sha, tags, min(tag for tag, commit in tags.items() if commit == sha))


def _full(name: str, sha: str, tags: Mapping[str, str], tag: str) -> ActionRef:
    """`sha` under the number of its release, if it has one: `v7` says less, and moves."""
    releases = [(found, known) for known, commit in tags.items() if commit == sha and (found := _release(known))]
    return ActionRef(name, sha, max(releases)[1] if releases else tag)


def _release(tag: str) -> tuple[int, ...] | None:
    found = numbers(tag) if tag.startswith("v") else None
    return found if found and len(found) == 3 else None


def ls_remote(name: str, *, seconds: float = SECONDS) -> str:
    """What the repository of `name` has as tags; the one place that asks over the network."""
    environment = git.environment() | {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}
    command = ["git", "ls-remote", "--quiet", "--tags", "--", f"{SERVER}/{name}"]
    try:
        # From outside of any repository: a folder that came from elsewhere may bring a configuration of its own.
        with subprocess.Popen(
            command,
            cwd=Path.cwd().anchor,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            out, err = _collect(process, name, seconds)
    except FileNotFoundError as error:
        raise ToolMissingError("git is not on this machine", hint="install git, which asks actions for their tags") from error
    if process.returncode != 0:
        said = err.decode(errors="replace").strip().splitlines()
        told = next((line for line in said if line.startswith("fatal: ")), said[-1] if said else f"git ended with {process.returncode}")
        raise _unreachable(name, told)
    return out.decode(errors="replace")


def _collect(process: subprocess.Popen[bytes], name: str, seconds: float) -> tuple[bytes, bytes]:
    try:
        return process.communicate(timeout=seconds)
    except BaseException as error:
        process.kill()
        for pipe in (process.stdout, process.stderr):  # git's own helper may hold the other ends
            if pipe:
                pipe.close()
        if isinstance(error, subprocess.TimeoutExpired):
            raise _unreachable(name, f"no answer after {seconds:g} s") from None
        raise


def _unreachable(name: str, why: str) -> OrchError:
    hint = f"try `git ls-remote {SERVER}/{name}`: a proxy, mirror or token that git is told of is used here too"
    return RemoteError(f"the repository of {name!r} cannot be asked: {why}", hint=hint)
