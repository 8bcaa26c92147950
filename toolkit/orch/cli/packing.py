"""`--pack`: which steps share a job, as commands are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from orch.model.graph import Graph
    from orch.orchestrators.github.repository import Choose
    from orch.planning.packing import Pack
    from orch.stacks.settings import Settings

pack_option: Final[Callable[[Any], Any]] = click.option(
    "--pack",
    type=click.Choice(["auto", "none"]),
    help="Let steps share jobs where that is cheaper and no later, or none but those that name a pack; as the last time without.",
)


def chooser(pack: str | None) -> Choose | None:
    """What `--pack` says; None leaves the packs as they are in the repository."""
    return {"auto": _auto, "none": _none}[pack] if pack else None


def _none(git_root: Path, graph: Graph, settings: Settings) -> Iterable[Pack]:  # noqa: ARG001 - as `_auto`
    return ()


def _auto(git_root: Path, graph: Graph, settings: Settings) -> Iterable[Pack]:
    from orch.orchestrators.github.packs import chosen_packs

    return chosen_packs(graph, settings, measured(git_root, graph.pipeline))


def measured(git_root: Path, pipeline: str) -> dict[str, float]:
    """Seconds that steps took on this machine, by their last runs."""
    from orch.cli.kept_runs import homes
    from orch.orchestrators.github.bill import seconds_of
    from orch.orchestrators.local.history import newest_first

    known: dict[str, float] = {}
    for home in reversed(homes(git_root)):  # what `orch run` measured goes before what act did
        known |= seconds_of(newest_first(home, pipeline))
    return known
