"""A project of many modules and steps, as large ones look: helpers that use each other, steps that use some of them."""

from __future__ import annotations

from pathlib import Path

from orch.model.graph import Graph, Output, OutputRef, Step

_HELPER = '''"""What helper {number} is for."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
{imports}

log = logging.getLogger(__name__)
LIMIT = {number}


@dataclass(frozen=True)
class Summary{number}:
    """The figures of one column."""

    mean: float
    spread: float


def summarise(values: Sequence[float], *, weight: float = 1.0) -> Summary{number}:
    """Mean and spread; nothing is left out."""
    if not values:
        raise ValueError(f"no values for helper {number}")
    mean = sum(values) / len(values)  # the plain one
    squares = [(value - mean) ** 2 for value in values]
    return Summary{number}(mean * weight, math.sqrt(sum(squares) / len(values)))


def clip(values: Sequence[float]) -> list[float]:
    kept = [value for value in values if abs(value) < LIMIT]
    log.info("%d of %d values are kept", len(kept), len(values))
    return {calls}
'''
_STEP = '''

@step
def step_{number}(x: int = 0) -> int:
    """One of many."""
    summary = helper_{first}.summarise([float(x)])
    kept = helper_{second}.clip([summary.mean])
    return x + len(kept)
'''


def write(folder: Path, *, modules: int, steps: int, per_file: int = 30) -> Graph:
    """`steps` steps in files of `per_file`, each reaching several of `modules` helpers, all of them together."""
    package = folder / "helpers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for number in range(modules):
        used = [each for each in (2 * number + 1, 2 * number + 2) if each < modules]
        imports = "".join(f"\nfrom helpers import helper_{each}" for each in used)
        calls = " + ".join(["kept", *(f"helper_{each}.clip(kept)" for each in used)])
        (package / f"helper_{number}.py").write_text(_HELPER.format(number=number, imports=imports, calls=calls))
    found: list[Step] = []
    for start in range(0, steps, per_file):
        pairs = [(number, number % modules, number * 7 % modules) for number in range(start, min(start + per_file, steps))]
        imports = "".join(f"from helpers import helper_{each}\n" for each in sorted({each for _, *both in pairs for each in both}))
        file = f"steps_{start // per_file}.py"
        code = "".join(_STEP.format(number=number, first=first, second=second) for number, first, second in pairs)
        (folder / file).write_text(f"from orch import step\n{imports}{code}")
        for number, _, _ in pairs:
            reads = (("x", OutputRef(f"step_{number - 1}", "output")),) if number % 10 else ()
            found.append(Step(f"step_{number}", f"{file}:step_{number}", reads, (Output("output", "int"),)))
    return Graph("many", "steps_0.py:many", tuple(found))
