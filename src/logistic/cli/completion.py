"""``logistic completion``: what makes a shell complete commands, options, data sets and files."""

from __future__ import annotations

import sys

import rich_click as click

from .options import CERTIFIED
from .writing import write

SHELLS = ("bash", "fish", "zsh")
COLON = "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}"  # or bash would see three words in dataset:iris


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), help="The shell that you type in.")
@click.pass_context
def completion_command(context: click.Context, /, shell: str) -> int:
    """Print what makes a shell complete commands, options, data sets and files.

    Add it to what the shell reads when it starts.

    For example:

        logistic completion bash >> ~/.bashrc
        logistic completion zsh >> ~/.zshrc
        logistic completion fish > ~/.config/fish/completions/logistic.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(context.find_root().command, {}, "logistic", "_LOGISTIC_COMPLETE").source().strip()
    write(sys.stdout, f"{script}\n{COLON}" if shell == "bash" else script)
    return CERTIFIED
