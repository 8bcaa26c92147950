"""Random pipelines as modules that can be run: what their steps make follows from what they read, and they fail where a file says so.

One number is one program, everywhere: who finds a difference can make it again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

PYTHON: Final = f"{sys.version_info[0]}.{sys.version_info[1]}"  # a plan has to know it to find what an earlier run has made
PARAMETERS: Final[dict[str, tuple[str, list[object]]]] = {
    "n": ("int", [2, 0, 3]),
    "go": ("bool", [True, False]),
    "word": ("str", ["fast", ""]),
    "xs": ("list[int]", [[1, 2], [], [3]]),
}
_HEAD: Final = """
    import hashlib, tempfile
    from pathlib import Path
    from typing import Annotated

    def text_of(part: object) -> str:
        if isinstance(part, Path):
            return part.read_text()
        if isinstance(part, (list, dict)):
            return " ".join(map(text_of, part.values() if isinstance(part, dict) else part))
        return repr(part)

    def mix(*parts: object) -> int:
        return hashlib.sha256("\\n".join(map(text_of, parts)).encode()).digest()[0]

    def may_fail(name: str) -> None:
        if (Path({folder!r}) / name).exists():
            raise ValueError(f"{{name}} was told to fail")
"""
# What a step returns, and how it makes it of `made`, a number below 256.
_RETURNS: Final = {
    "number": ("int", "return made % 5"),
    "numbers": ("list[int]", "return [made // 3 % 4 + i for i in range(made % 3)]"),
    "pair": ("tuple[Annotated[int, 'count'], Annotated[list[int], 'items']]", "return made % 4, [made % 7] * (made % 3)"),
    "text": ("str", "return 'abc'[:made % 3]"),
    "file": ("Path", "path = context().temp / 'made.txt'; path.write_text(f'made {made}'); return path"),
    "nothing": ("None", "return None"),
}


@dataclass(frozen=True)
class Variable:
    """A name in the pipeline's body, of a step's output; `is_list` of one that a mapped step gathers, too."""

    name: str
    kind: str
    is_mapped: bool = False

    @property
    def is_list(self) -> bool:
        return self.is_mapped or self.kind == "numbers"


@dataclass
class Program:
    """`may_break` are the names of steps and legs that fail if a file has their name."""

    functions: dict[str, tuple[str, list[str]]] = field(default_factory=dict)  # step -> options and lines
    body: list[str] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    may_break: list[str] = field(default_factory=list)

    def code(self, folder: str, *, changed: str = "", packs: Mapping[str, str] | None = None) -> str:
        """The module; of step `changed` the code is another than before, and `packs` names those that share a job."""
        text = _HEAD.format(folder=folder)
        for step, (options, lines) in self.functions.items():
            pack = f"pack={packs[step]!r}, " if packs and step in packs else ""
            salt = "another" if step == changed else "as it was"
            text += f"\n    @step({pack}{options})\n" + "".join(f"    {line.replace('SALT', repr(salt))}\n" for line in lines)
        given = ", ".join(f"{name}: {kind} = {values[0]!r}" for name, (kind, values) in PARAMETERS.items())
        text += f'\n    @pipeline(python="{PYTHON}")\n    def p({given}):\n'
        return text + "".join(f"        {line}\n" for line in self.body)


# How often a step is mapped, and how often a condition begins: of those that share jobs there are few beside either.
SHAPES: Final = {"maps": (0.5, 0.1), "conditions": (0.1, 0.6), "packs": (0.0, 0.0), "all": (0.3, 0.3)}


def program(random: Random, steps: int, shape: str) -> Program:
    made = Program()
    _Writer(random, made, steps, *SHAPES[shape]).block("", 0)
    return made


def _can_join(one: Variable, other: Variable) -> bool:
    return one != other and one.kind == other.kind != "nothing" and not (one.is_mapped or other.is_mapped)


class _Writer:
    def __init__(self, random: Random, made: Program, steps: int, maps: float, conditions: float) -> None:
        self.random = random
        self.maps = maps
        self.conditions = conditions
        self.made = made
        self.left = steps
        self.asked = ""  # what the next step is to make
        self.joined: list[tuple[Variable, Variable]] = []  # of two branches that have just ended
        self.opened: list[str] = []  # the conditions of the blocks that the next call stands in
        self.under: dict[str, frozenset[str]] = {}  # those that each variable is made under

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def block(self, indent: str, most: int) -> None:
        """As many calls as are left, or at most `most` of them where it stands under a condition."""
        until = self.left - most if most else 0
        while self.left > until:
            condition = self._condition() if len(indent) < 8 and not self.joined and self._chance(self.conditions) else ""
            if not condition:
                self._call(indent)
                continue
            known = len(self.made.variables)
            self.made.body.append(f"{indent}with when({condition}):")
            self.opened.append(condition)
            self.block(indent + "    ", self.random.choice([1, 1, 2]) if self.left > 1 else 1)
            self.opened.pop()
            if self.left > until and self._chance(0.8):
                hidden = self.made.variables[known:]  # what both branches read from never runs
                del self.made.variables[known:]
                self.made.body.append(f"{indent}with otherwise():")
                self.asked = hidden[-1].kind if not hidden[-1].is_mapped else ""
                self.opened.append(f"not {condition}")
                self.block(indent + "    ", 1)
                self.opened.pop()
                self.joined = [(one, other) for one in hidden for other in self.made.variables[known:] if _can_join(one, other)]
                self.made.variables += hidden

    def _some(self, wanted: Callable[[Variable], bool]) -> Variable | None:
        """Later ones more often: so graphs get deep."""
        found = [variable for variable in self.made.variables if wanted(variable)]
        return self.random.choice(found + found[-2:]) if found else None

    def _condition(self) -> str:
        """Empty where there is nothing to compare."""
        number = self._some(lambda each: each.kind == "number" and not each.is_mapped)
        text = self._some(lambda each: each.kind == "text" and not each.is_mapped)
        ways = ["go", "~go", "n > 1", "word == 'fast'"]
        if number:
            ways += [f"{number.name} > {self.random.randint(0, 3)}", f"{number.name} != 2", f"{number.name} <= n"] * 2
            ways += [f"({number.name} > 0) & go", f"~({number.name} == 1) | (n < 1)"]
        if text:
            ways += [f"{text.name} == 'a'"] * 2
        return self.random.choice(ways)

    def _call(self, indent: str) -> None:
        self.left -= 1
        step = f"s{len(self.made.functions)}"
        asked, self.asked = self.asked, ""
        is_mapped = not (asked or self.joined) and self._chance(self.maps)
        kind = asked or self.random.choice(
            ["number"] * 4 + (["pair"] if is_mapped else ["numbers"] * 2 + ["pair", "text", "file", "nothing"])
        )
        arguments, names, way = self._lists() if is_mapped else self._arguments()
        options, extra = self._options(step, kind)
        if self.made.variables and self._chance(0.25):
            arguments.append(f"after={self.random.choice(self.made.variables).name}")
        returns, last = _RETURNS[kind]
        broken = f'f"{step}.{{context().leg}}"' if is_mapped else repr(step)
        made = f"made = mix(SALT, {', '.join([repr(step), *names])})"
        lines = [f"def {step}({', '.join(names)}) -> {returns}:", f"    may_fail({broken})", *extra, f"    {made}"]
        self.made.functions[step] = (options, [*lines, f'    print("{step} made", made)', f"    {last}"])
        self.made.may_break += [f"{step}.0", f"{step}.1"] if is_mapped else [step]
        outputs = [("_count", "number"), ("_items", "numbers")] if kind == "pair" else [("", kind)]
        targets = [Variable(f"v_{step}{suffix}", each, is_mapped) for suffix, each in outputs]
        self.made.body.append(f"{indent}{', '.join(each.name for each in targets)} = {step}{way}({', '.join(arguments)})")
        self.made.variables += targets
        self.under |= {each.name: frozenset(self.opened) for each in targets}

    def _options(self, step: str, kind: str) -> tuple[str, list[str]]:
        options = [
            *(["cache=False"] if self._chance(0.1) else ["cache=True"] if kind == "nothing" and self._chance(0.5) else []),
            *(["max_parallel=1"] if self._chance(0.05) else []),
        ]
        if not self._chance(0.1):
            return ", ".join(options), []
        lines = ["    if context().tries < 2:", f'        raise ValueError("the first try of {step}")']
        return ", ".join([*options, "retry=StepRetryConfig(max_retries=1, delay=0)"]), lines

    def _arguments(self) -> tuple[list[str], list[str], str]:
        """What stands in the call, the names in the function, and how it is called."""
        arguments = [self._argument() for _ in range(self.random.choice([0, 1, 1, 2, 2]) if self.made.variables and not self.joined else 1)]
        return arguments, [f"a{i}" for i in range(len(arguments))], ""

    def _argument(self) -> str:
        joined, self.joined = self.joined, []
        if joined and self._may_be_skipped(joined[-1][0]):
            one, other = joined[-1]
            return f"either({one.name}, {other.name})"
        readable = self._some(lambda each: each.kind != "nothing")
        if readable is None or self._chance(0.1):
            return self.random.choice(["1", "n", "xs", "word"])
        if (beside := self._some(lambda each: _can_join(each, readable) and self._may_be_skipped(each))) and self._chance(0.15):
            return f"either({beside.name}, {readable.name})"
        ways = [readable.name] * 6 + [f"[{readable.name}, n]", f"{{'k': {readable.name}, 'm': [1]}}"]
        return self.random.choice(ways)

    def _may_be_skipped(self, variable: Variable) -> bool:
        """Where the next call is not: else `either` would never take another one."""
        return not self.under[variable.name].issubset(self.opened)

    def _lists(self) -> tuple[list[str], list[str], str]:
        arguments = [self._list() for _ in range(self.random.choice([1, 1, 1, 2]))]
        is_product = len(arguments) > 1 and self._chance(0.5)
        names = ["x", "y"][: len(arguments)]
        if (whole := self._some(lambda each: each.kind != "nothing")) and self._chance(0.3):
            arguments.append(f"w=unmapped({whole.name})")
            names.append("w")
        return arguments, names, ".product" if is_product else ".map"

    def _list(self) -> str:
        made = self._some(lambda each: each.is_list)
        if made and self._chance(0.75):
            return made.name
        number = self._some(lambda each: each.kind == "number" and not each.is_mapped)
        return self.random.choice(["xs", "xs", "[4, 5]", "[]", *([f"[{number.name}, 7]"] * 2 if number else [])])
