"""`orch schema`: the JSON Schemas of what orch writes and reads."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import click

from orch import files, schemas
from orch.cli import arguments
from orch.errors import StoreError, UsageError


@click.command("schema")
@click.argument("name", required=False)
@click.option("--output", metavar="DIR", type=arguments.given_path, help="Write every schema, or that of NAME, into this folder.")
def command(name: str | None, output: Path | None) -> None:
    """Print the JSON Schema of NAME, or list the names.

    Each is one document of draft 2020-12 that refers to no other.
    """
    known = schemas.names()
    if name is not None and name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise UsageError(f"no schema {name!r}", hint=hint)
    if output is not None:
        _write(output, [name] if name else known)
    elif name is not None:
        click.echo(_text(name), nl=False)
    else:
        width = max(map(len, known))
        for each in known:
            click.echo(f"{each:{width}}  {schemas.schema(each)['description'].partition('. ')[0]}")


def _write(folder: Path, names: list[str]) -> None:
    try:
        files.make_folders(folder)
        for name in names:
            files.write_atomic(folder / f"{name}.json", _text(name).encode())
    except OSError as error:
        raise StoreError(
            f"cannot write to {str(folder)!r}: {error.strerror}", hint="name a folder that you may write to, with room"
        ) from error
    click.echo(f"{len(names)} schema{'' if len(names) == 1 else 's'} written to {folder}")


def _text(name: str) -> str:
    return json.dumps(schemas.schema(name), indent=2, ensure_ascii=False) + "\n"
