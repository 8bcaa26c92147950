"""`orch graph`: a pipeline as a picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from orch.cli import arguments

if TYPE_CHECKING:
    from orch.model.graph import Graph

Format = Literal["mermaid", "svg", "png", "html"]
_FORMATS: Final[dict[str, Format]] = {".mmd": "mermaid", ".md": "mermaid", ".svg": "svg", ".png": "png", ".html": "html"}


@click.command("graph")
@arguments.reference
@click.option("--format", "kind", type=click.Choice(["mermaid", "svg", "png", "html"]), help="mermaid, or as the name of --output ends.")
@click.option("--output", metavar="FILE", type=arguments.given_path, help="Write the picture into this file.")
def command(reference: str, kind: Format | None, output: Path | None) -> None:
    """Print the pipeline's graph: as Mermaid, which GitHub draws in Markdown, or as a picture.

    SVG, PNG and HTML are drawn by Graphviz's dot. The HTML is one page with the picture, the parameters and the steps, and
    needs nothing else, not even a network.
    """
    from orch.authoring.load import load_graph
    from orch.errors import UsageError
    from orch.runtime.loading import heard

    chosen = kind or (_FORMATS.get(output.suffix.lower()) if output else "mermaid")
    if chosen is None:
        hint = f"end its name in {', '.join(_FORMATS)}, or add --format"
        raise UsageError(f"--output {str(output)!r} does not say which format", hint=hint)
    if chosen == "png" and output is None and sys.stdout.isatty():
        raise UsageError("a PNG is not for a terminal", hint="name a file, as in --output graph.png")
    with heard():
        graph = load_graph(reference)
    picture = _picture(graph, chosen)
    if output is not None:
        _write(output, picture)
    elif chosen == "png":
        sys.stdout.buffer.write(picture)
    else:
        click.echo(picture.decode(), nl=False)


def _picture(graph: Graph, kind: Format) -> bytes:
    if kind == "mermaid":
        from orch.model.mermaid import mermaid

        return mermaid(graph).encode()
    from orch.cli.drawing.dot import dot
    from orch.cli.drawing.graphviz import draw
    from orch.cli.drawing.page import page

    if kind == "html":
        return page(graph, draw(dot(graph), "svg").decode()).encode()
    return draw(dot(graph), kind)


def _write(file: Path, picture: bytes) -> None:
    from orch.errors import StoreError
    from orch.files import write_atomic

    try:
        write_atomic(file, picture)
    except OSError as error:
        raise StoreError(
            f"cannot write {str(file)!r}: {error.strerror}", hint="name a file in a folder that is there, with room"
        ) from error
