"""Options of the entrypoints, parsed without argparse, whose import costs as much as running a small step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orch.errors import UsageError


def pickles(options: Mapping[str, str]) -> str:
    """`--pickle`, which is `allow` unless it is given; raises UsageError."""
    chosen = options.get("pickle", "allow")
    if chosen not in ("allow", "forbid"):
        raise UsageError(f"--pickle is {chosen!r}, expected 'allow' or 'forbid'")
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
            raise UsageError(f"unknown argument {option!r}", hint=f"options are {', '.join(f'--{other}' for other in known)}")
        if not equals:
            if not rest:
                raise UsageError(f"option {option} needs a value")
            value = rest.pop(0)
        found[name] = value
    if missing := [f"--{name}" for name in required if name not in found]:
        raise UsageError(f"missing {', '.join(missing)}", hint="orch step run --help")
    return found
