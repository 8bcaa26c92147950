"""Edits of the pins in generated workflows, as Dependabot makes them: what they are, and whether they can be taken over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orch.errors import OrchError, PinError, Where, raise_problems
from orch.orchestrators.github.pins import SHA, VERSION, Pins
from orch.workflow.model import ActionRef

_USES: Final = re.compile(r"( *(?:- )?uses: )([\w./-]+)@([\w./+-]+)(?: +# *(\S.*?))? *", re.ASCII)


@dataclass(frozen=True, slots=True)
class Edit:
    """A `uses:` line that is not as it was generated; `ref` and `comment` are as somebody wrote them."""

    path: str
    line: int
    generated: str  # owner/repository[/folder]
    name: str
    ref: str
    comment: str

    @property
    def where(self) -> Where:
        return Where(self.path, self.line)

    def __str__(self) -> str:
        return f"{self.repository} {self.comment or self.ref}"

    @property
    def repository(self) -> str:
        return "/".join(self.generated.split("/")[:2])


def edits_of(path: str, generated: str, there: str) -> tuple[Edit, ...] | None:
    """How the file at `path` differs from what was generated, if it does so in `uses:` lines alone; None if there is more."""
    before, after = generated.split("\n"), there.split("\n")
    if len(before) != len(after):
        return None
    found = []
    for line, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        if old == new:
            continue
        was, now = _USES.fullmatch(old), _USES.fullmatch(new)
        if not (was and now and was[1] == now[1]):
            return None
        found.append(Edit(path, line, was[2], now[2], now[3], now[4] or ""))
    return tuple(found)


def adopted(edits: Iterable[Edit], pins: Pins) -> Pins:
    """`pins` with what `edits` say; raises every PinError at once, also where two edits do not agree."""
    edits = tuple(edits)
    raise_problems(problem for edit in edits for problem in _check(edit))
    found: dict[str, dict[ActionRef, Edit]] = {}
    for edit in edits:
        found.setdefault(edit.repository, {}).setdefault(ActionRef(edit.repository, edit.ref, edit.comment), edit)
    raise_problems(_check_agreement(found))
    return pins.with_actions(*(ref for refs in found.values() for ref in refs))


def _check(edit: Edit) -> Iterator[OrchError]:
    if edit.name != edit.generated:
        hint = f"`orch compile` brings back {edit.generated!r}"
        yield PinError(f"{edit.name!r} stands where {edit.generated!r} was generated", hint=hint, where=edit.where)
    elif not SHA.fullmatch(edit.ref):
        hint = f"orch pin {edit.repository}@{edit.ref}" if VERSION.fullmatch(edit.ref) else f"orch pin {edit.repository}"
        yield PinError(f"{edit.name!r} is at {edit.ref!r}, expected the 40 digits of a commit", hint=hint, where=edit.where)
    elif not VERSION.fullmatch(edit.comment):
        given = f"{edit.comment!r} is no version" if edit.comment else "no comment says which version it is"
        yield PinError(f"{edit.name!r} is at {edit.ref}, and {given}", hint="as in `# v1.2.3` behind it", where=edit.where)


def _check_agreement(found: Mapping[str, Mapping[ActionRef, Edit]]) -> Iterator[OrchError]:
    for name, refs in found.items():
        if len(refs) > 1:
            told = " and ".join(f"{ref.version} ({ref.sha[:7]}) at {edit.where}" for ref, edit in refs.items())
            yield PinError(f"the edits do not agree on {name!r}: {told}", hint=f"make them one, or `orch pin {name}`")
