"""The command line: subcommands that load when they are used, and the one place where errors become text and exit codes."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, TextIO

import click

from orch import __version__
from orch.errors import ExitCode

# name -> what it does; each lives in `orch.cli.<name>` as `command`, whose callback returns its exit code.
COMMANDS: Final = {
    "init": "Add orch to a repository.",
    "run": "Run a pipeline.",
    "compile": "Write the workflow and graph files of pipelines.",
    "check": "Check that the generated files are what their pipelines compile to.",
    "graph": "Draw a pipeline: as Mermaid, SVG, PNG or HTML.",
    "pin": "Pin the actions that workflows call to commits.",
    "upgrade": "Move the repository to this version of orch.",
    "act": "Run a pipeline's compiled workflow on this machine with act.",
    "runs": "List runs, show one, read its logs.",
    "plan": "Show the jobs of a pipeline's workflow, how long they take and what a run costs.",
    "explain": "Show why a step ran or was cached, and what changed.",
    "gc": "Delete runs and results that are not needed any more.",
    "stack": "Show stacks and choose the active one.",
    "orchestrator": "Show what a pipeline can be scheduled by.",
    "schema": "Print the JSON Schemas of what orch writes and reads.",
    "step": "Run one step, as jobs, containers and pods do.",
    "completion": "Print the code that completes commands in a shell.",
}
COMPLETE_VARIABLE: Final = "_ORCH_COMPLETE"


class LazyCommands(click.Group):
    """Imports a command's module when the command is invoked, or asked for its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"orch.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)


@click.group(
    "orch",
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 a step failed, 2 usage or settings, 3 invalid pipeline or findings, 4 drift, "
    "5 target, store or server unreachable, 70 a bug in orch, 130 cancelled.",
)
@click.version_option(__version__, prog_name="orch", message="%(prog)s %(version)s")
def orch() -> None:
    """Pipelines in Python that run on the laptop and as GitHub Actions workflows, one job per step."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. The only place that catches what commands raise."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")  # a file's name or a narrow terminal must not end a run
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary: what is not an error of ours is a bug of ours
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            return ExitCode.OK
        from orch.cli.report import report
        from orch.system import streams

        code = report(error)
        streams.drop_unwritten()
    return code


def _invoke(arguments: list[str]) -> int:
    if instruction := os.environ.get(COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(orch, {}, "orch", COMPLETE_VARIABLE, instruction)
    try:
        with orch.make_context("orch", arguments) as context:
            code: int | None = orch.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return code or ExitCode.OK


def _reader_is_gone() -> bool:
    """Whether stdout has no reader any more, as in `orch runs list | head -1`. Then nothing is left to say there."""
    try:
        sys.stdout.flush()
        is_gone = _is_hung_up(sys.stdout)
    except BrokenPipeError:
        is_gone = True
    if is_gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return is_gone


def _is_hung_up(stream: TextIO) -> bool:
    """An unbuffered stream has nothing left whose flushing would fail; the system is asked, where it can be."""
    from orch import system

    try:
        return system.is_hung_up(stream.fileno())
    except OSError:  # no file descriptor, as under a test
        return False
