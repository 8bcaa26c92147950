from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from support.graphs import graphs
from support.steps import a_graph, a_step

from orch.cli.drawing.page import page
from orch.cli.text import one_line
from orch.model.graph import Graph
from orch.model.parameters import Kind, Parameter, ParameterType
from orch.model.settings import StepSettings
from orch.model.steps import Output, Step

SVG = "<svg></svg>\n"
HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=y>',
        "-->",
        "</style><b>",
        "&lt;",
        "a\nb",
        "]]>",
        "</td></tr></table>",
        "\u202e",
        "'",
    ]
)


class Reader(HTMLParser):
    """The tags and the text of a page, as a browser takes them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def test_it_shows_the_parameters_and_what_each_step_reads_and_makes() -> None:
    parameters = [Parameter("rows", ParameterType(Kind.INT, text="int"), default=3)]
    text = page(a_graph(a_step("load"), a_step("train", ["load"], ["load"]), parameters=parameters), SVG)

    assert "<td><code>rows</code></td><td><code>int</code></td><td><code>3</code></td>" in text
    assert "<td><code>train</code></td><td><code>load.output</code></td><td><code>output: int</code></td>" in text
    assert "<figcaption>Solid arrows carry data.</figcaption>" in text


def test_dashed_arrows_are_explained_where_there_are_some() -> None:
    assert "dashed ones only order" in page(a_graph(a_step("a"), a_step("b", after=["a"])), SVG)


@given(graph=graphs())
def test_a_browser_is_told_to_load_nothing_and_the_page_asks_for_nothing(graph: Graph) -> None:
    found = Reader(page(graph, SVG))

    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in found.attributes
    assert not {"script", "link", "img", "iframe", "a", "form"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("src", "href", "style")]


@given(kind=HOSTILE | st.text(), target=HOSTILE | st.text(), default=HOSTILE | st.text(), source=HOSTILE | st.text())
def test_a_name_is_text_whatever_it_holds(kind: str, target: str, default: str, source: str) -> None:
    step = Step("a", "p.py:a", (), (Output("output", kind),), (), StepSettings(target=target))
    parameter = Parameter("x", ParameterType(Kind.STR, text=kind), default=default)
    plain = Reader(page(Graph("p", "p.py:p", (Step("a", "p.py:a", (), (Output("output", "int"),)),), (parameter,)), SVG))

    found = Reader(page(Graph("p", f"{source}:p", (step,), (parameter,)), SVG))

    assert found.tags == plain.tags
    assert one_line(f"{source}:p") in found.text
    assert one_line(target) in found.text
