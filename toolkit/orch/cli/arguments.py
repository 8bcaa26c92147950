"""The arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from orch.errors import OrchError, UsageError, raise_problems
from orch.model.parameters import Parameter, parse_all, resolve


class _GivenPath(click.Path):
    """A path that was typed. The empty text, as of a variable that is not set, is none: Python would take it for the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("'' is no path", param, ctx)
        return super().convert(value, param, ctx)


given_path: Final = _GivenPath(path_type=Path)
reference: Final[Callable[[Any], Any]] = click.argument("reference", metavar="FILE[:PIPELINE]", type=click.Path())
references: Final[Callable[[Any], Any]] = click.argument("references", metavar="[FILE[:PIPELINE]]...", type=click.Path(), nargs=-1)
set_option: Final[Callable[[Any], Any]] = click.option(
    "--set", "assignments", metavar="NAME=VALUE", multiple=True, help="Give a parameter of the pipeline a value; once for each."
)
config_option: Final[Callable[[Any], Any]] = click.option(
    "--config", metavar="FILE.yaml", type=given_path, help="Read the parameters' values from this file; --set wins."
)
no_cache_option: Final[Callable[[Any], Any]] = click.option("--no-cache", is_flag=True, help="Run every step, whatever ran before.")
json_option: Final[Callable[[Any], Any]] = click.option(
    "--json", "as_json", is_flag=True, help="One event per line on stdout, the last line is the run's record; logs on stderr."
)


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """`NAME=VALUE` texts by name; the value is all after the first `=`. Raises all problems at once."""
    texts: dict[str, str] = {}
    problems: list[OrchError] = []
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            problems.append(UsageError(f"--set {assignment!r} is not NAME=VALUE", hint="as in --set rows=1000"))
        elif name in texts:
            problems.append(UsageError(f"--set gives {name!r} two values, {texts[name]!r} and {value!r}", hint="keep one of them"))
        else:
            texts[name] = value
    raise_problems(problems)
    return texts


def values_for(parameters: tuple[Parameter, ...], texts: Mapping[str, str], config: Path | None) -> dict[str, object]:
    """The value of every parameter: what `--set` says, then the file, then its default."""
    read: dict[str, object] = {}
    if config is not None:
        from orch.cli.config import read_config

        read = read_config(config, parameters)
    return resolve(parameters, {**read, **parse_all(parameters, texts)})
