"""The normal form of source: formatting changes nothing, everything else does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.planning.normal_form import normal_form
from orch.planning.read_source import read_source

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "toolkit").rglob("*.py"), *(ROOT / "tests" / "unit").rglob("*.py"), *(ROOT / "examples").rglob("*.py")])


def digest(source: str | bytes) -> str:
    found, _ = read_source(source if isinstance(source, bytes) else source.encode())
    assert not found.is_opaque
    return found.digest


EQUAL: dict[str, tuple[str | bytes, str | bytes]] = {
    "comments": ("x = 1  # one\n# two\n", "x = 1\n"),
    "blank lines": ("x = 1\n\n\n\ny = 2\n", "x = 1\ny = 2\n"),
    "spaces": ("f( a,b=1 ) ; x=  1", "f(a, b=1)\nx = 1\n"),
    "quotes": ("x = 'a\"b'", 'x = "a\\"b"'),
    "a prefix": ("x = u'a' 'b', R'c', B'd'", "x = ('ab', r'c', b'd')"),
    "parentheses": ("x = ((1 + (2)))\nreturn_ = (x)", "x = 1 + 2\nreturn_ = x"),
    "trailing commas": ("f(a, b,)\nx = [1, 2,]\ny = (1,\n)", "f(a, b)\nx = [1, 2]\ny = 1,"),
    "joined lines": ("x = 1 + \\\n    2", "x = (\n    1\n    + 2\n)"),
    "numbers": ("x = 0XFF + 1_000 + 1E3 + 0B11 + 10J + 1.", "x = 0xff + 1000 + 1000.0 + 3 + 10j + 1.0"),
    "implicit concatenation": ("x = 'a' 'b' f'{c}' 'd'", "x = f'ab{c}d'"),
    "line endings": (b"x = '''a\r\nb'''\r\nif x:\r\n    y = 1\r\n", b"x = '''a\nb'''\nif x:\n    y = 1\n"),
    "a mark of byte order": (b"\xef\xbb\xbfx = 1", b"x = 1"),
    "an encoding": ("# coding: latin-1\nx = 'ä'".encode("latin-1"), "x = 'ä'".encode()),
    "indentation": ("if x:\n  y = 1", "if x:\n\ty = 1"),
    "indentation of a docstring": ('def f():\n  """One.\n\n  Two.   \n  """', 'def f():\n    """\n    One.\n\n    Two."""'),
    "a docstring of one line": ('class A:\n    """ One. """', "class A:\n    'One.'"),
    "with items": ("with (a as b, c as d): pass", "with a as b, c as d:\n    pass"),
    "deleted tuples": ("del (a, b)", "del a, b"),
    "empty parentheses of a class": ("class A(): pass", "class A: pass"),
    "a redundant format": ("f'{x:}'", "f'{x}'"),
    "escapes": ("x = '\\x41\\u00e4\\N{BULLET}'", "x = 'Aä•'"),
    "decorators of steps": (
        "from orch import step\n@step(retry=1, timeout=2)\ndef f(): ...",
        "from orch import step\n@step(cache=False)\ndef f(): ...",
    ),
}


@pytest.mark.parametrize("name", EQUAL)
def test_formatting_makes_no_difference(name: str) -> None:
    one, other = EQUAL[name]

    assert digest(one) == digest(other)


DIFFERENT = {
    "a value": ("x = 1", "x = 2"),
    "the type of a number": ("x = 1", "x = 1.0"),
    "true and one": ("x = True", "x = 1"),
    "text and bytes": ("x = 'a'", "x = b'a'"),
    "a name as text": ("x = a", "x = 'a'"),
    "none and its name": ("x = None", "x = 'None'"),
    "the sign of zero": ("x = 0.0", "x = -0.0"),
    "a complex number": ("x = 1j", "x = 1.0"),
    "infinity": ("x = 1e999", "x = -1e999"),
    "precision": ("x = 0.1", "x = 0.1000000000000001"),
    "a very long integer": (f"x = 0x{'1' * 9000}", f"x = 0x{'1' * 8999}2"),
    "surrogates": ("x = '\\ud800'", "x = '\\ud801'"),
    "an operator": ("x = a + b", "x = a - b"),
    "precedence": ("x = (a + b) * c", "x = a + b * c"),
    "a comparison": ("x = a < b", "x = a <= b"),
    "not in": ("x = a not in b", "x = a in b"),
    "order of arguments": ("f(a, b)", "f(b, a)"),
    "order of statements": ("a()\nb()", "b()\na()"),
    "a keyword": ("f(a=1)", "f(b=1)"),
    "a starred argument": ("f(a)", "f(*a)"),
    "an unpacked dict": ("f({**a})", "f({a: None})"),
    "a default": ("def f(x=1): ...", "def f(x=2): ..."),
    "which argument has a default": ("def f(*, a=1, b): ...", "def f(*, a, b=1): ..."),
    "kinds of arguments": ("def f(a, /): ...", "def f(*, a): ..."),
    "an annotation": ("def f(x: int): ...", "def f(x: float): ..."),
    "an annotation without value": ("x: int", "(x): int"),
    "a return annotation": ("def f() -> int: ...", "def f(): ..."),
    "a decorator": ("@a\ndef f(): ...", "@b\ndef f(): ..."),
    "async": ("async def f(): ...", "def f(): ..."),
    "a docstring": ("def f():\n    'a'", "def f():\n    'b'"),
    "indentation inside a docstring": ('"""a\n  b\n    c"""', '"""a\n  b\n  c"""'),
    "spaces in a text": ("x = '''a \nb'''", "x = '''a\nb'''"),
    "a conversion": ("f'{x!r}'", "f'{x!s}'"),
    "a format": ("f'{x:>3}'", "f'{x:>4}'"),
    "a format of braces": ("f'{x:{w}}'", "f'{x:w}'"),
    "text around a value": ("f'a{x}'", "f'{x}a'"),
    "a value that is text": ("f'{x}'", "'{x}'"),
    "braces": ("f'{{x}}'", "f'{x}'"),
    "else": ("if a:\n    b\nelse:\n    c", "if a:\n    b\nc"),
    "elif": ("if a:\n    b\nelif c:\n    d", "if a:\n    b\nif c:\n    d"),
    "a level of import": ("from . import a", "from .. import a"),
    "a name of import": ("import a as b", "import b as a"),
    "what an import binds": ("import a.b", "import a.b as a"),
    "a star": ("from a import *", "from a import b"),
    "a slice": ("x[1:]", "x[:1]"),
    "a tuple and its item": ("x = (1,)", "x = 1"),
    "a chain": ("a.b.c", "a.c.b"),
    "nesting": ("f(g(x), y)", "f(g(x, y))"),
    "global": ("def f():\n    global a", "def f():\n    nonlocal a"),
    "what is raised from what": ("raise a from b", "raise a"),
    "an except group": ("try:\n    a\nexcept* B:\n    c", "try:\n    a\nexcept B:\n    c"),
    "a pattern": ("match x:\n    case [a, *b]: ...", "match x:\n    case [a, b]: ..."),
    "a captured rest": ("match x:\n    case {**a}: ...", "match x:\n    case {**b}: ..."),
    "del of two": ("del a, b", "del a"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_meaning_makes_a_difference(name: str) -> None:
    one, other = DIFFERENT[name]

    assert digest(one) != digest(other)


@given(path=st.sampled_from(FILES))
def test_real_files_survive_being_written_anew(path: Path) -> None:
    tree = ast.parse(path.read_bytes())
    again = ast.parse(ast.unparse(tree))

    assert normal_form(tree)[0] == normal_form(again)[0]


def mutated(node: ast.AST) -> bool:
    """Change one thing about `node`; False where there is nothing to change."""
    match node:
        case ast.Constant(bool(value)):
            node.value = not value
        case ast.Constant(int(number)):
            node.value = number + 1
        case ast.Constant(str(text)):
            node.value = text + "x"
        case ast.Name(name):
            node.id = name + "x"
        case ast.Attribute(_, attribute):
            node.attr = attribute + "x"
        case ast.arg(argument):
            node.arg = argument + "x"
        case ast.BinOp(_, operator):
            node.op = ast.Sub() if isinstance(operator, ast.Add) else ast.Add()
        case ast.Compare(_, [ast.Eq(), *rest]):
            node.ops = [ast.NotEq(), *rest]
        case ast.BoolOp(operator):
            node.op = ast.Or() if isinstance(operator, ast.And) else ast.And()
        case ast.Call(_, [_, *rest]):
            node.args = rest
        case ast.FunctionDef(name) | ast.ClassDef(name):
            node.name = name + "x"
        case ast.alias(name):
            node.name = name + "x"
        case _:
            return False
    return True


@given(path=st.sampled_from(FILES), seed=st.integers(0, 10_000))
def test_any_change_of_a_real_file_makes_a_difference(path: Path, seed: int) -> None:
    tree = ast.parse(path.read_bytes())
    before, visited = normal_form(tree)
    # Of an f-string's text and of docstrings, `visited` has no nodes: their changes are tested above.
    nodes = [node for node in visited if isinstance(node, (ast.Constant, ast.Name, ast.Attribute, ast.arg, ast.BinOp, ast.Call, ast.alias))]
    start = seed % max(len(nodes), 1)
    changed = next((node for node in nodes[start:] + nodes[:start] if mutated(node)), None)

    assert changed is None or normal_form(tree)[0] != before


@pytest.mark.parametrize("source", [b"def f(:", b"x = '\xff'", b"\x00", b"# coding: nonsense\nx = 1", b"f'{'"])
def test_what_cannot_be_parsed_counts_by_its_bytes(source: bytes) -> None:
    found, units = read_source(source)

    assert found.is_opaque
    assert found.digest == found.text
    assert not units


@given(source=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_file_is_a_crash(source: bytes) -> None:
    assert read_source(source)[0].text


def test_long_sums_are_no_trouble() -> None:
    source = "x = " + " + ".join(["a"] * 900)

    assert digest(source) == digest(source.replace(" ", "  ").strip())


def test_what_is_nested_too_deeply_is_read_for_its_imports_alone() -> None:
    found, (unit,) = read_source(b"import helpers\nfrom ..tools import x\nx = " + b"-" * 100_000 + b"1")

    assert found.is_opaque
    assert {(each.level, each.module) for each in found.imports} == {(0, "helpers"), (2, "tools")}
    assert unit.has_effect
    assert [each.text for each in unit.blind] == ["it is nested too deeply to be read"]


def test_warnings_of_the_source_are_not_ours_to_give() -> None:
    assert digest(r"x = '\d'") == digest(r"x = '\\d'")
