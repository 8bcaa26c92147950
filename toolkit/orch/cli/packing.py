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
    return measured_legs(git_root, pipeline)[0]


def measured_legs(git_root: Path, pipeline: str) -> tuple[dict[str, float], dict[str, int]]:
    """And how many legs the mapped ones had."""
    from orch.cli.kept_runs import homes
    from orch.orchestrators.github.bill import last_runs, seconds_of
    from orch.orchestrators.github.counts import seen_in
    from orch.orchestrators.local.history import newest_first

    seconds: dict[str, float] = {}
    legs: dict[str, int] = {}
    for home in reversed(homes(git_root)):  # what `orch run` measured goes before what act did
        records = last_runs(newest_first(home, pipeline))
        seconds |= seconds_of(records)
        legs |= seen_in(records)
    return seconds, legs
