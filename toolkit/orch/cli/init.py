"""`orch init`: everything that a repository needs for its first run."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orch.cli import arguments

if TYPE_CHECKING:
    from orch.orchestrators.github.setup.plan import Change, Plan


@click.command("init")
@click.argument("folder", default=".", type=arguments.given_path)
@click.option("--name", metavar="NAME", help="Make an example pipeline of this name, also where there are pipelines.")
@click.option("--no-example", is_flag=True, help="Make no example pipeline where there is none.")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def command(folder: Path, name: str | None, no_example: bool, dry_run: bool) -> None:
    """Add orch to the repository of FOLDER, by default the current one.

    Makes an example pipeline (in FOLDER, if the repository has no pipeline), orch.yaml, the workflow and graph of each
    pipeline, and .github/orch/pins.json; adds what is missing to .gitignore, .gitattributes and .github/dependabot.yml.
    What is there is never overwritten, a second time nothing changes, and nothing is asked: a folder outside of any
    repository becomes one (git init).
    """
    from orch.cli.text import printable
    from orch.errors import UsageError
    from orch.orchestrators.github.placing import place
    from orch.orchestrators.github.setup import example
    from orch.orchestrators.github.setup.git import main_branch
    from orch.orchestrators.github.setup.plan import plan
    from orch.runtime.runner import commands_stopped, harmless

    if no_example and name is not None:
        raise UsageError("--name asks for an example and --no-example for none", hint="leave one of them out")
    if name is not None:
        example.check_name(name)
    folder = folder.resolve()
    git_root = _git_root(folder, dry_run=dry_run)
    planned = plan(git_root, folder, branch=main_branch(git_root), name=name, with_example=not no_example)
    with commands_stopped(sys.stdout):
        for change in planned.changes:
            if change.before != change.after and not dry_run:
                place(git_root, change.path, change.after)
            click.echo(_told(change, dry_run=dry_run))
    for note in planned.notes:
        hint = note.hint.replace("\n", "\n    ")
        click.echo(harmless(printable(f"note: {note.message}\n  help: {hint}")), err=True)
    if not dry_run:
        click.echo(harmless("\n".join(["", *_next(planned)])))


def _git_root(folder: Path, *, dry_run: bool) -> Path:
    """Of the repository that `folder` lies in, or that it becomes."""
    from orch.errors import StoreError, UsageError
    from orch.orchestrators.github.setup.git import make_repository

    upwards = (folder, *folder.parents)
    if any(parent.exists() and not parent.is_dir() for parent in upwards):
        raise UsageError(f"{str(folder)!r} is not a folder", hint="name the folder of a project, or a new one")
    if root := next((parent for parent in upwards if (parent / ".git").exists()), None):
        return root
    if dry_run:
        raise UsageError(
            f"{str(folder)!r} lies in no git repository", hint="without --dry-run, `orch init` makes one; or run `git init` first"
        )
    if folder in (Path(folder.anchor), Path(os.path.expanduser("~"))):  # noqa: PTH111 - Path.home() raises where there is none
        raise UsageError(f"{str(folder)!r} would become a repository as a whole", hint="name a folder in it, as in `orch init my-project`")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder {str(folder)!r}: {error.strerror}", hint="name a folder that you may write to") from error
    make_repository(folder)
    click.echo("created           .git (git init)")
    return folder


def _told(change: Change, *, dry_run: bool) -> str:
    from orch.cli.text import one_line

    lines = f"{change.added} line{'' if change.added == 1 else 's'}"
    if change.before == change.after:
        deed = "kept"
    elif change.before is None:
        deed = "would create" if dry_run else "created"
    else:
        deed = f"would add {lines} to" if dry_run else f"added {lines} to"
    return f"{deed:<{22 if dry_run else 17}} {one_line(change.path)}"


def _next(planned: Plan) -> Iterator[str]:
    if not planned.pipelines:
        yield "next: write a pipeline, then `orch run FILE` and `orch compile`"
        return
    from orch.cli.text import one_line

    path = one_line(os.path.relpath(planned.git_root / planned.pipelines[0]))
    file = shlex.quote(Path(path).as_posix())
    yield "next:"
    yield f"  orch run {file}    # here, on this machine"
    yield f"  orch act {file}    # as the workflow that GitHub will run"
    if not planned.notes:
        yield "  orch check    # are the generated files up to date? Exits with 4 if not"
    yield "then commit what was created and open a pull request: its checks show the run"
