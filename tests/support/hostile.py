"""What hostile people put where orch takes text, as data; and how to see that none of it was obeyed.

Whatever of it is executed makes a file whose name holds `PWNED`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PWNED: Final = "orch-pwned"
_TOUCH: Final = f"touch {PWNED}"

EXPRESSIONS: Final = (
    "${{ secrets.TOKEN }}",
    "${{ toJSON(github) }}",
    "${{{{ github.token }}}}",
    "${{ 'never closed",
    "}} && ${{",
    "$${{ env.HOME }}",
    "{{ x }}",
)
SHELLS: Final = (
    f"$({_TOUCH})",
    f"`{_TOUCH}`",
    f"'; {_TOUCH}; '",
    f'"; {_TOUCH}; "',
    f"a & {_TOUCH} & b | {_TOUCH} || {_TOUCH} && {_TOUCH}",
    f"a\n{_TOUCH}\nb",
    f"<({_TOUCH}) >{PWNED} <<x",
    f"${{x:-$({_TOUCH})}}",
    f"$'\\x27'; {_TOUCH}",
    f"%COMSPEC% /c echo x > {PWNED} ^& echo",
    f'"; New-Item {PWNED}; $(New-Item {PWNED})',
    "~root *.py ?[a-z] {a,b} !! $HOME ${IFS} %PATH% \\",
    "\\",
    "'",
    '"',
)
COMMANDS: Final = (
    "::set-output name=state::succeeded",
    "::add-mask::e",
    "::error file=a.py,line=1,title=t::an error",
    "::stop-commands::x",
    "  ::error::after spaces",
    "\u2003\u00a0::error::after other spaces",
    "##[error]an error",
    "anywhere ##[add-mask]e in a line",
    "##[group]x",
    "::endgroup::",
    "a\r::error::after a carriage return",
    "a\n::error::after a newline",
    "a\r\n##[error]x",
    "%0A::error::x %25 %0D",
    "::save-state name=a::b",
    "::add-matcher::m.json",
    "::debug::x",
    "::echo::on",
)
TERMINALS: Final = (
    "\x1b[2J\x1b[H\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]8;;https://example.com/\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\\x1b[c\x1b[6n",
    "\x9b2J\x9d0;title\x9c\x85",
    "a\rb\bc\vd\fe\x00f\x7f",
    "\u202egnp.exe\u202c \u2066x\u2069 \u061c",
    "zero\u200bwidth\ufeff\u2060",
    "line\u2028separator\u2029",
    "half a pair \ud800 and \udcff",
    "[bold]rich[/bold] [link=https://example.com]x[/link] :smile:",
)
MARKUPS: Final = (
    "a | b\n| --- | --- |\n| c | d",
    "```\n# out of the fence\n```",
    "`code` ``code``",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</code></td></details><h1>x",
    "--> <!-- x -->",
    "]]> <![CDATA[",
    '"] --> evil["x"] ; click evil href "javascript:alert(1)"',
    "[x](javascript:alert(1)) ![x](https://example.com/x.png) <https://example.com>",
    "https://example.com www.example.com a@example.com @user #1 org/repo#1",
    "# title\n- item\n> quote\n\n    code\n***\n1. x",
    "&lt;b&gt; &#60; &amp;",
    "**bold** _em_ ~~del~~ $math$ :tada:",
    "%%{init: {}}%%",
    "\\<b\\>",
)
TRAPS: Final = (
    *("", " ", "yes", "no", "on", "null", "~", "1e3", "0x1F", "0o17", "017", "1_000", ".inf", ".nan", "NaN", "-Infinity", "12:30:45"),
    *("2026-01-01", "*a", "&a", "!!python/object/apply:os.system [x]", "!x", "a: b", "a #b", "- a", "? a", "| a", "> a", "%TAG", "@a"),
    *("\ta\t", "---", "...", "<<", "=", "{", "[", '{"a": 1}', '{"$bytes": "x"}', '{"schema": 99}', "\\ud800", "\\u0000", "1" * 5000),
    *("../../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "file:///etc/passwd", "CON", "a/b", ".", ".."),
    *("--help", "-rf", "--set=x=1", "=", "a=b", "@file", "-"),
    *(
        "{0.__class__.__mro__}",
        "{self}",
        "%s %n %d",
        "%(x)s",
        "$x",
        "\\1 \\g<0>",
        "(a+)+$",
        "a" * 30 + "!",
        "(?P<x>",
        "\N{COMBINING ACUTE ACCENT}e",
    ),
)
LONG: Final = ("x" * 1_000_000, "`" * 5_000, "\u202e" * 5_000, "::error::" * 10_000, "a\n" * 10_000)
VALUES: Final = (*EXPRESSIONS, *SHELLS, *COMMANDS, *TERMINALS, *MARKUPS, *TRAPS, *LONG)

# What a step writes to its stdout and stderr: lines of all of the above, those that have no end, and what is no text.
BINARY: Final = (
    bytes(range(256)),
    b"\xff\xfe::error::x\n\xc3\n::error::x\xc3",
    b"\xe2\x80\n::error::x",
    b"no end ::error::x",
    b"\r::error::x\r##[error]x\r",
)

# What files and folders may be called on POSIX systems.
FILE_NAMES: Final = (
    *(value.replace("/", "_") for value in (*EXPRESSIONS, *SHELLS, *COMMANDS, *TERMINALS, *MARKUPS, *TRAPS[:50])),
    "-rf",
    "--help",
    " leading",
    "trailing ",
    "x" * 200,
    "e\N{COMBINING ACUTE ACCENT}",
)

# --- oracles ---

_SPACES: Final = " \t\v\f\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))  # .NET's
_REGISTERED: Final = frozenset(
    "add-mask add-matcher add-path debug echo endgroup error group notice remove-matcher save-state set-env set-output stop-commands"
    " warning".split()
)


def obeyed(log: bytes) -> Iterator[tuple[str, str]]:
    """Each command, and its line, that GitHub's runner finds in a job's log, as its ActionCommandManager reads one.

    https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs
    """
    stopped = ""
    for line in re.split(r"\r\n|\r|\n", log.decode("utf-8", "replace")):
        command = _command(line, stopped)
        if stopped:
            stopped = "" if command == stopped else stopped
        elif command:
            if command == "stop-commands":
                stopped = line.rpartition("::")[2]
            yield command, line


def _command(line: str, token: str) -> str:
    known = _REGISTERED | ({token} if token else set())
    begun = line.lstrip(_SPACES)
    if begun.startswith("::") and (end := begun.find("::", 2)) >= 0:
        name = begun[2:end].partition(" ")[0].lower() if not token else begun[2:end].partition(" ")[0]
        if name in known:
            return name
    if (start := line.find("##[")) >= 0 and (end := line.find("]", start)) >= 0:
        name = line[start + 3 : end].partition(" ")[0]
        if name in known:
            return name
    return ""


def uncontrolled(text: str) -> list[str]:
    """What a terminal would act on, besides newlines, tabs and colours."""
    return re.findall(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", re.sub("\x1b\\[[0-9;]*m", "", text)
    )


def pwned(*folders: Path) -> list[Path]:
    """What the corpus would have made if any of it had been executed."""
    return [path for folder in folders for path in folder.rglob("*") if path.name == PWNED]


# --- documents ---


def _nested(depth: int) -> object:
    made: object = 1
    for _ in range(depth):
        made = [made]
    return made


_WRONG: Final[tuple[Any, ...]] = (
    *(None, True, -1, 10**400, 1e308, -1.5, "", "../../../x", "/etc/passwd", "a\x1b]0;t\x07\n::error::x\u202e", "x" * 5000, "a\x00b"),
    *([], {}, ["a"], [[[[1]]]], {"a": {"b": [None]}}, {"../x": "sha256:"}, {"digest": "x"}, _nested(300), _nested(900)),
    *({"$int": "zz"}, {"$range": [0, 10**30, 1]}, {"$zone": "../../etc/passwd"}, {"$datetime": "x"}, {"$complex": ["a"]}, {"$bytes": 3}),
)


def documents(valid: object) -> Iterator[tuple[str, object]]:
    """Where and how each differs from `valid`, and the document: something else at every place, or nothing."""
    for path in _places(valid):
        for wrong in _WRONG:
            yield f"{path}: {wrong!r:.60}", _with(valid, path, wrong)
        if path:
            yield f"{path}: gone", _with(valid, path, _GONE)


_GONE: Final = object()


def _places(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _places(value, (*path, key))
    if isinstance(document, list):
        for number, value in enumerate(document):
            yield from _places(value, (*path, number))


def _with(document: Any, path: tuple[str | int, ...], value: object) -> Any:
    if not path:
        return value
    first, *rest = path
    changed = document.copy()
    changed[first] = _with(changed[first], tuple(rest), value)
    if changed[first] is _GONE:
        del changed[first]
    return changed
