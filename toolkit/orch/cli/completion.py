"""`orch completion`: the code that makes a shell complete commands, options and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from orch.cli.main import COMPLETE_VARIABLE, orch


@click.command("completion")
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the code that completes `orch` in a shell. Load it where the shell starts:

    \b
      bash   eval "$(orch completion bash)"         in ~/.bashrc
      zsh    eval "$(orch completion zsh)"          in ~/.zshrc
      fish   orch completion fish | source          in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell  # click knows all three
    completion = kind(orch, {}, "orch", COMPLETE_VARIABLE)
    click.echo(completion.source_template % completion.source_vars())
