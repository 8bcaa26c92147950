"""`orch step run`, as people meet it: its help. Jobs reach the same entrypoint without importing any of this."""

from __future__ import annotations

import os
import sys

import click

from orch.runtime import step_run


@click.group("step")
def command() -> None:
    """Run one step by itself, the way jobs, containers and pods run it."""


@command.command("run", context_settings={"ignore_unknown_options": True}, options_metavar="--graph FILE --step ID ...")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="")
def run(arguments: tuple[str, ...]) -> int:
    """Run one step of a compiled pipeline: a folder of inputs in, a folder of outputs and a record out.

    It needs nothing but Python's standard library and what the step itself imports.

    \b
      --graph FILE     the graph, as `orch compile` writes it
      --step ID        the step to run
      --inputs DIR     one folder per producer, as its --outputs left it
      --outputs DIR    gets the outputs and their record, if the step succeeds
      --record DIR     gets record.json and log.txt, however the step ends
      --project DIR    the project's root; by default as the graph says
      --pickle forbid  refuse values that only a pickle can keep; `allow` without

    The pipeline's parameters are read from the environment variable ORCH_INPUTS, the JSON text of GitHub's `inputs`;
    empty, `null` and `{}` mean the defaults. The exit code is 0, 1 if the step failed, 2 if the command is wrong, 130 if
    it was interrupted.
    """
    return step_run.main(list(arguments), dict(os.environ), sys.stdout)
