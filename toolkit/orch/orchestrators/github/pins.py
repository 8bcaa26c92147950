"""The commits that generated workflows use, and the toolkit version that compiles this repository: `.github/orch/pins.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orch
from orch.errors import OrchError, SettingsError, Where, raise_problems
from orch.model import canonical
from orch.names import PINS_PATH
from orch.workflow.actions import known_actions
from orch.workflow.model import ActionRef

SCHEMA: Final = 1
OWN_ACTION: Final = "orch-dev/orch-action"
# Its own commit cannot ship inside itself: the release workflow writes the last published one here.
PLACEHOLDER: Final = ActionRef(OWN_ACTION, "0" * 40, "unreleased")
# What generated workflows call besides our own action, which brings the pins of what it calls itself.
CALLED: Final = ("actions/checkout",)

SHA: Final = re.compile(r"[0-9a-f]{40}")
VERSION: Final = re.compile(r"\w[\w.+-]{0,99}", re.ASCII)
_NUMBERS: Final = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pins:
    """`actions` are the repository's own pins, by `owner/repository`; the shipped, reviewed ones serve for the rest."""

    toolkit: str = orch.__version__
    actions: Mapping[str, ActionRef] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ActionRef:
        return self.actions.get(name) or (PLACEHOLDER if name == OWN_ACTION else known_actions()[name].ref)

    def own_action(self, override: str | None) -> ActionRef:
        """Our action: as `orch.yaml` says, as pinned here, else the placeholder."""
        if override is None:
            return self[OWN_ACTION]
        name, _, sha = override.partition("@")
        pinned = self.actions.get(name)
        return ActionRef(name, sha, pinned.version if pinned and pinned.sha == sha else "")

    def with_actions(self, *refs: ActionRef) -> Pins:
        return replace(self, actions={**self.actions, **{ref.name: ref for ref in refs}})

    def complete(self) -> Pins:
        """With everything that a generated workflow calls written out, as far as it is released."""
        return self.with_actions(*(self[name] for name in (*CALLED, OWN_ACTION) if self[name] != PLACEHOLDER))

    def upgraded(self) -> Pins:
        """For this version of the toolkit: pins that are older than the shipped ones are replaced by these, newer ones stay."""
        shipped = Pins().complete().actions.values()
        newer = [ref for ref in shipped if is_older(self[ref.name].version, ref.version)]
        return replace(self.with_actions(*newer), toolkit=orch.__version__).complete()

    def text(self) -> str:
        """The file: canonical JSON, indented for review."""
        actions = {name: {"sha": ref.sha, "version": ref.version} for name, ref in self.actions.items()}
        return canonical.pretty({"schema": SCHEMA, "toolkit": self.toolkit, "actions": actions})


def numbers(version: str) -> tuple[int, ...] | None:
    """`v7.0.1` as `(7, 0, 1)`, also of what is only `v7`; None for any other text, such as a pre-release."""
    found = _NUMBERS.fullmatch(version)
    return tuple(int(part) for part in found.groups() if part is not None) if found else None


def is_older(version: str, other: str) -> bool:
    """Whether `version` comes before `other` for certain: `v7` may be any of its releases, and of other texts nothing is known."""
    mine, others = numbers(version), numbers(other)
    return mine is not None and others is not None and mine < others[: len(mine)]


def is_same_toolkit(recorded: str, running: str) -> bool:
    """Whether both compile the same. What follows a `+` names a build of a version, and no index has it."""
    return recorded.partition("+")[0] == running.partition("+")[0]


def load_pins(git_root: Path) -> Pins:
    """The repository's pins; the shipped ones where it has none. Raises if another toolkit version compiles it."""
    pins = read_pins(git_root) or Pins()
    if not is_same_toolkit(pins.toolkit, orch.__version__):
        message = f"toolkit {pins.toolkit!r} compiles this repository, this one is {orch.__version__!r}"
        hint = f"`orch upgrade` moves the repository to {orch.__version__}; {how_to_run(pins.toolkit)} leaves it where it is"
        raise SettingsError(message, hint=hint, where=Where(PINS_PATH))
    return pins


def how_to_run(toolkit: str) -> str:
    """The command that compiles with another version."""
    return f"`uvx --from orch-toolkit=={toolkit.partition('+')[0]} orch compile`"


def read_pins(git_root: Path) -> Pins | None:
    """The repository's pins, whichever toolkit version compiles it; None where it has none."""
    file = git_root / PINS_PATH
    if not file.is_file():
        return None
    where = Where(PINS_PATH)
    try:
        data = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"this is not JSON: {error}", where=where) from error
    raise_problems(_check(data, where))
    actions = {name: ActionRef(name, pin["sha"], pin["version"]) for name, pin in data["actions"].items()}
    return Pins(data["toolkit"], actions)


def _check(data: Any, where: Where) -> Iterator[OrchError]:
    shape = '{"schema": 1, "toolkit": "...", "actions": {"owner/repository": {"version": "v1.2.3", "sha": "..."}}}'
    if not isinstance(data, dict) or type(data.get("schema")) is not int:
        yield SettingsError("this is not a file of pins", hint=f"expected {shape}", where=where)
        return
    if data["schema"] > SCHEMA:
        message = f"pins of schema {data['schema']}, this version reads up to {SCHEMA}"
        yield SettingsError(message, hint="install a later orch-toolkit", where=where)
        return
    if not (isinstance(data.get("toolkit"), str) and VERSION.fullmatch(data["toolkit"])):
        yield SettingsError(f"'toolkit' is {data.get('toolkit')!r}, expected a version", where=where)
    if not isinstance(data.get("actions"), dict):
        yield SettingsError(f"'actions' is {data.get('actions')!r}, expected pins by name", hint=f"expected {shape}", where=where)
        return
    for name, pin in data["actions"].items():
        sha, version = (pin.get("sha"), pin.get("version")) if isinstance(pin, dict) else (None, None)
        if not (isinstance(sha, str) and SHA.fullmatch(sha)):
            yield SettingsError(f"{name!r} is pinned to {sha!r}, expected the 40 digits of a commit", where=where)
        if not (isinstance(version, str) and VERSION.fullmatch(version)):
            yield SettingsError(f"the version of {name!r} is {version!r}, expected one like 'v1.2.3'", where=where)
