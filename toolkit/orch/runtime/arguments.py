"""Options of the entrypoints, parsed without argparse, whose import costs as much as running a small step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orch.errors import UsageError


def pickles(options: Mapping[str, str]) -> str:
    """`--pickle`, which is `allow` unless it is given; raises UsageError."""
    chosen = options.get("pickle", "allow")
    if chosen not in ("allow", "forbid"):
        raise UsageError(f"--pickle is {chosen!r}, expected 'allow' or 'forbid'", hint="--pickle forbid")
    return chosen


def parse(arguments: Sequence[str], *, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, str]:
    """`--name value` and `--name=value` as a dict with `name` (dashes kept); raises UsageError."""
    known = (*required, *optional)
    found: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        option, equals, value = rest.pop(0).partition("=")
        name = option.removeprefix("--")
        if not option.startswith("--") or name not in known:
            raise UsageError(f"unknown argument {option!r}", hint=_nearest(name, known))
        if not equals:
            if not rest:
                raise UsageError(f"option {option} needs a value", hint=f"as in {option} VALUE")
            value = rest.pop(0)
        found[name] = value
    if missing := [f"--{name}" for name in required if name not in found]:
        raise UsageError(f"missing {', '.join(missing)}", hint=f"give each a value, as {missing[0]} VALUE")
    return found


def _nearest(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # only for who needs it

    near = get_close_matches(name, known, n=1)
    options = f"options are {', '.join(f'--{other}' for other in known)}"
    return f"did you mean '--{near[0]}'? {options}" if near else options
