"""`orch graph`: Mermaid, and pictures by Graphviz."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.steps import a_graph, a_step

from orch.cli.drawing.dot import dot
from orch.cli.drawing.graphviz import draw
from orch.model.settings import StepSettings

PIPELINE = """
from orch import pipeline, step

@step
def load() -> int:
    return 1

@step(target="local")
def train(x: int) -> int:
    return x

@pipeline
def flow(title: str = "<b>") -> None:
    train.with_options(after=[load()])(load.with_options(id="other")())
"""
MERMAID = "flowchart LR\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "flow.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parsed(svg: str) -> ET.Element:
    """The picture, which has to be well-formed."""
    return ET.fromstring(svg)  # noqa: S314 - dot has just made it


def boxes(svg: str) -> list[str]:
    """The steps that are drawn."""
    name = "{http://www.w3.org/2000/svg}"
    groups = [group for group in parsed(svg).iter(f"{name}g") if group.get("class") == "node"]
    return sorted(group.findtext(f"{name}title") or "" for group in groups)


def test_mermaid_needs_no_program(orch: CommandLine, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv("PATH", "")

    assert orch("graph", "flow.py").out.startswith(MERMAID)
    assert orch("graph", "flow.py", "--output", "flow.mmd") == (0, "", "")
    assert (project / "flow.mmd").read_text().startswith(MERMAID)


@pytest.mark.tools("dot")
def test_an_svg_has_a_box_for_each_step(orch: CommandLine) -> None:
    assert boxes(orch("graph", "flow.py", "--format", "svg").out) == ["load", "other", "train"]


@pytest.mark.tools("dot")
def test_the_end_of_the_name_says_which_picture(orch: CommandLine, project: Path) -> None:
    for name in ("flow.svg", "flow.PNG", "flow.html"):
        assert orch("graph", "flow.py", "--output", name) == (0, "", "")

    assert boxes((project / "flow.svg").read_text()) == ["load", "other", "train"]
    png = (project / "flow.PNG").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert all(side > 100 for side in struct.unpack(">II", png[16:24]))
    page = (project / "flow.html").read_text()
    assert page.startswith("<!doctype html>")
    assert boxes(page[page.index("<svg") : page.index("</svg>") + 6]) == ["load", "other", "train"]
    assert "&lt;b&gt;" in page


@pytest.mark.tools("dot")
def test_a_picture_is_the_same_bytes_each_time(orch: CommandLine, project: Path) -> None:
    for kind in ("svg", "png", "html"):
        for name in ("one", "two"):
            orch("graph", "flow.py", "--format", kind, "--output", name)
        assert (project / "one").read_bytes() == (project / "two").read_bytes()


@pytest.mark.tools("dot")
def test_a_page_names_no_other_place(orch: CommandLine) -> None:
    page = orch("graph", "flow.py", "--format", "html").out

    assert page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "").count("://") == 0


@pytest.mark.tools("dot")
@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        '"];evil[x="',
        "\\",
        "\\N\\G",
        "--&gt;",
        "]]>",
        "a\nb",
        "é→",
        "<",
        "&",
        "</font></td>",
        "\u202e",
        "\x00",
        "\ud800",
    ],
)
def test_graphviz_takes_whatever_a_name_holds_as_text(text: str) -> None:
    svg = draw(dot(a_graph(a_step("a", settings=StepSettings(target=text)), a_step("b", ["a"]))), "svg").decode()

    assert boxes(svg) == ["a", "b"]
    assert not [element for element in parsed(svg).iter() if element.tag.endswith("script")]


@pytest.mark.tools("dot")
def test_300_steps_with_thousands_of_arrows_are_drawn() -> None:
    names = [f"s{number}" for number in range(300)]
    graph = a_graph(*(a_step(name, names[max(0, number // 10 * 10 - 10) : number // 10 * 10]) for number, name in enumerate(names)))

    assert len(boxes(draw(dot(graph), "svg").decode())) == 300


def test_without_graphviz_the_error_says_how_to_get_it(orch: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    ran = orch("graph", "flow.py", "--format", "svg")

    assert (ran.code, ran.out) == (5, "")
    assert "[tool-missing]\n  help: `sudo apt install graphviz`" in ran.err


def test_a_program_of_that_name_that_fails_is_told_with_its_words(
    orch: CommandLine, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    program = project / "bin" / "dot"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'no fonts' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    ran = orch("graph", "flow.py", "--format", "svg")

    assert ran.code == 5
    assert "Graphviz's dot ended with 3: no fonts [tool-failed]" in ran.err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_a_png_is_not_written_to_a_terminal(project: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "orch", "graph", "flow.py", "--format", "png"]
    try:
        done = subprocess.run(command, cwd=project, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(ours)
        os.close(theirs)

    assert done.returncode == 2
    assert "a PNG is not for a terminal [usage]\n  help: name a file, as in --output graph.png" in done.stderr


@pytest.mark.tools("dot")
def test_a_png_goes_into_a_pipe(project: Path) -> None:
    command = [sys.executable, "-P", "-m", "orch", "graph", "flow.py", "--format", "png"]

    assert subprocess.run(command, cwd=project, capture_output=True, check=True).stdout.startswith(b"\x89PNG")


def test_a_file_that_cannot_be_written_is_told(orch: CommandLine) -> None:
    ran = orch("graph", "flow.py", "--output", "nowhere/flow.mmd")

    assert ran.code == 5
    assert "cannot write 'nowhere/flow.mmd': No such file or directory" in ran.err
