"""Whom a job has to hear besides its needs, because these may have been skipped: a plan took their results from earlier runs.

A step whose result is known waits for nobody. So nobody below it would hear that a step was cancelled which it only comes after, as a
job is that runs into its time limit: `failure()` tells of failed jobs at any distance, and nothing does so of cancelled ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orch.model.graph import Graph, topological
from orch.model.steps import Step


def foreseeable(graph: Graph, cacheable: Collection[str]) -> frozenset[str]:
    """The steps that a plan may take from an earlier run: all that they read from can be taken, too."""
    found: set[str] = set()
    for step in topological(graph):
        if step.id in cacheable and found.issuperset(step.producers):
            found.add(step.id)
    return frozenset(found)


class Unheard:
    """`taken` are the steps that a plan may take from earlier runs. Of `ambiguous` ones a job may be skipped by choice or not, so that all
    above them have to be heard, too. `above`: all steps that lead to one."""

    def __init__(self, graph: Graph, taken: Collection[str], ambiguous: Collection[str], above: Mapping[str, set[str]]) -> None:
        self._taken, self._ambiguous, self._above = taken, ambiguous, above
        self._of: dict[str, set[str]] = {}  # behind a step that is taken: those that it only comes after, at any distance
        if any(step.after for step in graph.steps):
            for step in topological(graph):
                self._of[step.id] = self._behind(step) if step.id in taken else set()

    def _behind(self, step: Step) -> set[str]:
        read = {*step.producers, *step.asked}
        found = {need for need in step.needs if need not in read}
        found |= {above for need in found if need in self._ambiguous for above in self._above[need]}
        return found.union(*(self._of[need] for need in step.needs))

    def by(self, step: Step) -> set[str]:
        """Those that the job of `step` has to hear, as far as others of which it hears do not prove that they ended well."""
        if not self._of:
            return set()
        found = set[str]().union(*(self._of[need] for need in step.needs))
        surest = {each for each in (*found, *step.needs) if each not in self._taken and each not in self._ambiguous}
        return found.difference(*(self._above[each] for each in surest)) if found else found
