"""The commits that generated workflows use, and the toolkit version that compiles this repository: `.github/orch/pins.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orch
from orch.errors import OrchError, SettingsError, Where, raise_problems
from orch.names import PINS_PATH
from orch.workflow.actions import known_actions
from orch.workflow.model import ActionRef

SCHEMA: Final = 1
OWN_ACTION: Final = "orch-dev/orch-action"
# Its own commit cannot ship inside itself: the release workflow writes the last published one here.
PLACEHOLDER: Final = ActionRef(OWN_ACTION, "0" * 40, "unreleased")

_SHA: Final = re.compile(r"[0-9a-f]{40}")
_VERSION: Final = re.compile(r"[\w.+-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pins:
    """`actions` are the repository's own pins, by `owner/repository`; the shipped, reviewed ones serve for the rest."""

    toolkit: str = orch.__version__
    actions: Mapping[str, ActionRef] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ActionRef:
        return self.actions.get(name) or known_actions()[name].ref

    def own_action(self, override: str | None) -> ActionRef:
        """Our action: as `orch.yaml` says, as pinned here, else the placeholder."""
        if override is None:
            return self.actions.get(OWN_ACTION, PLACEHOLDER)
        name, _, sha = override.partition("@")
        pinned = self.actions.get(name)
        return ActionRef(name, sha, pinned.version if pinned and pinned.sha == sha else "")


def load_pins(git_root: Path) -> Pins:
    """The repository's pins; the shipped ones where it has none. Raises if another toolkit version compiles it."""
    file = git_root / PINS_PATH
    if not file.is_file():
        return Pins()
    where = Where(PINS_PATH)
    try:
        data = json.loads(file.read_bytes())
    except ValueError as error:
        raise SettingsError(f"this is not JSON: {error}", where=where) from error
    raise_problems(_check(data, where))
    if data["toolkit"] != orch.__version__:
        recorded = data["toolkit"]
        hint = (
            f"compile with that version: `uvx --from orch-toolkit=={recorded} orch compile`; "
            f"or set 'toolkit' in {PINS_PATH} to {orch.__version__!r}, compile, and review what changes"
        )
        raise SettingsError(f"toolkit {recorded!r} compiles this repository, this one is {orch.__version__!r}", hint=hint, where=where)
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
    if not (isinstance(data.get("toolkit"), str) and _VERSION.fullmatch(data["toolkit"])):
        yield SettingsError(f"'toolkit' is {data.get('toolkit')!r}, expected a version", where=where)
    if not isinstance(data.get("actions"), dict):
        yield SettingsError(f"'actions' is {data.get('actions')!r}, expected pins by name", hint=f"expected {shape}", where=where)
        return
    for name, pin in data["actions"].items():
        sha, version = (pin.get("sha"), pin.get("version")) if isinstance(pin, dict) else (None, None)
        if not (isinstance(sha, str) and _SHA.fullmatch(sha)):
            yield SettingsError(f"{name!r} is pinned to {sha!r}, expected the 40 digits of a commit", where=where)
        if not (isinstance(version, str) and _VERSION.fullmatch(version)):
            yield SettingsError(f"the version of {name!r} is {version!r}, expected one like 'v1.2.3'", where=where)
