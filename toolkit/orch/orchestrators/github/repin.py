"""Other pins, or another toolkit version, for a whole repository: compiled in memory first, written when all of it is known to fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orch
from orch.authoring.project import find_project
from orch.errors import PinError, SettingsError, UsageError, Where, raise_problems
from orch.names import PINS_PATH
from orch.orchestrators.github.adopt import adopted
from orch.orchestrators.github.drift import edits_of_pins
from orch.orchestrators.github.generated import read
from orch.orchestrators.github.pins import CALLED, OWN_ACTION, PLACEHOLDER, Pins, how_to_run, is_older, load_pins, read_pins
from orch.orchestrators.github.placing import check_places, place
from orch.orchestrators.github.repository import Compilation, compile_references
from orch.orchestrators.github.resolve import Ask, check_name, resolve
from orch.stacks.load import load_settings
from orch.stacks.settings import FILE
from orch.workflow.model import ActionRef


@dataclass(frozen=True, slots=True)
class Repinned:
    """The repository as it would be: `before` are the pins that it has, None where it has no file of them."""

    before: Pins | None
    compilation: Compilation

    @property
    def pins(self) -> Pins:
        return self.compilation.pins

    @property
    def changes(self) -> list[tuple[ActionRef, ActionRef]]:
        """Every pin as it was and as it is, by name; they are equal where nothing changes."""
        before = self.before or Pins()
        return [(before[name], ref) for name, ref in sorted(self.pins.actions.items())]


def resolved(folder: Path, wanted: Sequence[str], ask: Ask, *, major: bool) -> Repinned:
    """The repository around `folder` with pins as `wanted` (`owner/repository[@TAG]`), without any: the newest of all it calls."""
    git_root = find_project(folder).git_root
    pins, override = load_pins(git_root), load_settings(git_root).action
    names = [each.partition("@")[0] for each in wanted]
    for name in names:
        check_name(name)
        if names.count(name) > 1:
            raise UsageError(f"{name!r} is given twice", hint="give it one tag")
    if OWN_ACTION in names and override is not None:
        raise SettingsError(f"action is {override!r}, which goes before a pin", hint=f"take it out of {FILE}", where=Where(FILE))
    with_own = override is None and pins[OWN_ACTION] != PLACEHOLDER
    everything = (*CALLED, OWN_ACTION) if with_own else CALLED
    refs = []
    for each in wanted or everything:
        current = pins[each.partition("@")[0]]
        refs.append(resolve(each, None if current == PLACEHOLDER else current, major=major, ask=ask))
    return _compiled(git_root, pins.complete().with_actions(*refs))


def adopting(folder: Path) -> Repinned:
    """The repository around `folder` with the pins that stand in its generated workflows."""
    compilation = compile_references((), folder)
    edits = tuple(edits_of_pins(compilation))
    override = compilation.settings.action
    for edit in edits:
        if override is not None and override.partition("@")[0] == edit.repository:
            message = f"{edit} stands in {edit.where}, and action is {override!r}"
            raise PinError(message, hint=f"write the new commit into {FILE}, then `orch compile`", where=Where(FILE))
    return _compiled(compilation.git_root, adopted(edits, compilation.pins.complete()))


def upgraded(folder: Path) -> Repinned:
    """The repository around `folder`, compiled by this version of the toolkit; raises SettingsError rather than go back to an older."""
    git_root = find_project(folder).git_root
    pins = read_pins(git_root) or Pins()
    if is_older(orch.__version__, pins.toolkit):
        message = f"toolkit {pins.toolkit!r} compiles this repository, and this one is older: {orch.__version__!r}"
        hint = f"install that version, or a later one; {how_to_run(pins.toolkit)} runs it"
        raise SettingsError(message, hint=hint, where=Where(PINS_PATH))
    return _compiled(git_root, pins.upgraded())


def _compiled(git_root: Path, pins: Pins) -> Repinned:
    return Repinned(read_pins(git_root), compile_references((), git_root, pins))


def files_of(repinned: Repinned) -> Iterator[tuple[str, str | None, str]]:
    """Every file that belongs to it: path from the git root, the text that is there, and the one that should be."""
    compilation = repinned.compilation
    texts = {PINS_PATH: repinned.pins.text()}
    for compiled in compilation.pipelines:
        texts |= compiled.files
    for path, text in texts.items():
        yield path, read(compilation.git_root / path), text


def write_files(repinned: Repinned) -> Iterator[str]:
    """Write what differs; the path of each. The pins come first: after a kill, `orch compile` does the rest."""
    changed = [(path, text) for path, there, text in files_of(repinned) if there != text]
    raise_problems(check_places(repinned.compilation.git_root, [path for path, _ in changed]))
    for path, text in changed:
        place(repinned.compilation.git_root, path, text)
        yield path
