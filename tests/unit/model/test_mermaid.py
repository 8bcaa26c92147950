from __future__ import annotations

import re
from dataclasses import replace

from support.steps import a_graph, a_step

from orch.model.conditions import Compare
from orch.model.graph import Choice, OutputRef, Step, Value
from orch.model.mermaid import mermaid
from orch.model.states import State


def test_data_flows_along_solid_arrows_and_order_along_dotted_ones() -> None:
    graph = a_graph(a_step("load"), a_step("train", ["load"]), a_step("end", ["load"], after=["load", "train"]))

    assert mermaid(graph) == (
        "flowchart LR\n"
        '  s_load["load"]\n'
        '  s_train["train"]\n'
        '  s_end["end"]\n'
        "  s_load --> s_train\n"
        "  s_load --> s_end\n"
        "  s_train -.-> s_end\n"
    )


def test_conditions_stand_in_the_boxes_and_mean_nothing_else() -> None:
    on_text = Compare(OutputRef("load", "output"), "==", Value('"]; click x "javascript:alert(1)" %%{init: {}}%% <b>'))
    chosen = Step("use", "p.py:use", (("x", Choice((OutputRef("load", "output"), OutputRef("train", "output")))),))
    text = mermaid(a_graph(a_step("load"), replace(a_step("train"), when=on_text), chosen))

    assert "  s_load -.-> s_train\n  s_load -->|either| s_use\n  s_train -->|either| s_use\n" in text
    (box,) = [line for line in text.splitlines() if "if load.output" in line]
    assert box.startswith('  s_train["train<br/>if load.output == ')
    assert not set('"<>[]{}%;') & set(re.sub(r"#\d+;", "", box.removeprefix('  s_train["train<br/>').removesuffix('"]')))


def test_states_stand_in_the_boxes_and_colour_them() -> None:
    text = mermaid(a_graph(a_step("a"), a_step("b", ["a"])), {"a": State.FAILED})

    assert '  s_a["a<br/>failed"]:::failed\n  s_b["b"]\n' in text
    assert [line.split()[1] for line in text.splitlines() if "classDef" in line] == ["failed"]


def test_every_state_has_its_colour() -> None:
    steps = [a_step(str(state)) for state in State]

    text = mermaid(a_graph(*steps), {str(state): state for state in State})

    assert text.count("  classDef ") == len(State)
