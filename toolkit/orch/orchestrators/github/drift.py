"""How the generated files of a repository differ from what its pipelines compile to, and the deed that ends it."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from orch.errors import DriftError, Where, raise_problems
from orch.names import PINS_PATH
from orch.orchestrators.github.adopt import Edit, edits_of
from orch.orchestrators.github.compile import source_path
from orch.orchestrators.github.generated import generated, read
from orch.orchestrators.github.placing import check_places, place
from orch.orchestrators.github.repository import Compilation, Compiled
from orch.stacks.settings import FILE


@dataclass(frozen=True, slots=True)
class Drift:
    """A file that is not what its source compiles to; `diff` leads from what is there to what should be."""

    path: str
    diff: str
    error: DriftError


def write(compilation: Compilation) -> Iterator[tuple[Compiled, str, bool]]:
    """Write what differs: each pipeline, the path of a file of its, and whether it had to be written. Nothing, if one cannot be."""
    raise_problems(check_places(compilation.git_root, [path for compiled in compilation.pipelines for path in compiled.files]))
    for compiled in compilation.pipelines:
        for path, text in compiled.files.items():
            is_new = read(compilation.git_root / path) != text
            if is_new:
                place(compilation.git_root, path, text)
            yield compiled, path, is_new


def drift(compilation: Compilation) -> list[Drift]:
    """Every generated file that is stale, absent, or left behind by a pipeline that is gone."""
    found = []
    for compiled in compilation.pipelines:
        source = source_path(compiled.graph)
        for path, text in compiled.files.items():
            there = read(compilation.git_root / path)
            if there != text:
                what, hint = f"is not what {source} compiles to", f"orch compile {shlex.quote(source)}"
                if there is None:
                    what = "does not exist"
                elif edits := edits_of(path, text, there):
                    what = f"has other pins than {PINS_PATH}: {', '.join(dict.fromkeys(map(str, edits)))}"
                    hint = f"`orch pin --adopt` takes them over, `orch compile {shlex.quote(source)}` undoes them"
                error = DriftError(f"{path} {what}", hint=hint, where=Where(path))
                found.append(Drift(path, _diff(path, there or "", text), error))
    return found + list(_left_behind(compilation))


def edits_of_pins(compilation: Compilation) -> Iterator[Edit]:
    """How generated workflows differ from what was generated; raises every DriftError where they do so in more than pins."""
    problems = []
    for compiled in compilation.pipelines:
        for path, text in compiled.files.items():
            there = read(compilation.git_root / path)
            edits = edits_of(path, text, there) if there is not None else ()
            if edits is None:
                source = source_path(compiled.graph)
                message = f"{path} differs in more than its pins from what {source} compiles to"
                hint = f"`orch check` shows how; undo the rest, or `orch compile {shlex.quote(source)}` and pin by `orch pin`"
                problems.append(DriftError(message, hint=hint, where=Where(path)))
            else:
                yield from edits
    raise_problems(problems)


def _left_behind(compilation: Compilation) -> Iterator[Drift]:
    expected = {path for compiled in compilation.pipelines for path in compiled.files}
    sources = {source_path(compiled.graph) for compiled in compilation.pipelines}
    for path, text, source in generated(compilation.git_root):
        if path in expected:
            continue
        if compilation.is_complete or source in sources or not (compilation.git_root / source).is_file():
            hint = f"git rm {shlex.quote(path)}"
            if compilation.is_listed and source not in sources and (compilation.git_root / source).is_file():
                why, hint = f"which {FILE} does not name", f"add {source!r} to `pipelines` in {FILE}, or {hint}"
            else:
                why = "which no longer defines its pipeline"
            error = DriftError(f"{path} was generated from {source}, {why}", hint=hint, where=Where(path))
            yield Drift(path, _diff(path, text, ""), error)


def _diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm="")
    return "".join(f"{line}\n" for line in lines)
