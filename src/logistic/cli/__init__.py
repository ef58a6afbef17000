"""The shell face: ``logistic fit``, ``evaluate``, ``predict`` and the rest. stdout carries data, stderr talk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import rich_click as click
from click.exceptions import Exit

from ..errors import LogisticError
from .completion import completion_command
from .data import data_group
from .demo import demo_command
from .doctor import doctor_command
from .evaluate import evaluate_command
from .fit import fit_command
from .lesson import lesson_group
from .options import CERTIFIED, INTERRUPTED, LOOK, USER_ERROR
from .predict import predict_command
from .summary import summary_command
from .writing import write

LONGEST = 2000  # characters of an error
COMMANDS: tuple[click.Command, ...] = (
    demo_command,
    fit_command,
    evaluate_command,
    predict_command,
    summary_command,
    data_group,
    lesson_group,
    doctor_command,
    completion_command,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="logistic", message="%(package)s %(version)s")
@click.rich_config(LOOK)
@click.command_panel("Commands", commands=[str(command.name) for command in COMMANDS])
def main() -> None:
    """Logistic regression done completely: one model, one certified optimum.

    For example:

        logistic demo
        logistic fit people.csv --target answer --split 0.8/0.2 -o model.safetensors
        logistic evaluate model.safetensors people.csv --split test
        logistic predict model.safetensors new.csv -o predictions.csv

    Data goes to stdout, talk to stderr. Exit codes: 0 certified, 3 written but not certified, 2 wrong use, 130 interrupted,
    1 a bug of ours.
    """


for command in COMMANDS:
    main.add_command(command)


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code: one clear line for an error, a traceback only for a bug of ours."""
    typed = sys.argv[1:] if arguments is None else arguments
    code = _guarded(lambda: main.main(typed, prog_name="logistic", standalone_mode=False, obj=typed))
    write(sys.stdout, b"")  # help pages wait in a buffer until here
    sys.exit(code)


def _guarded(command: Callable[[], Any]) -> int:
    try:
        code = command()
        return code if isinstance(code, int) else CERTIFIED
    except Exit as stop:
        return int(stop.exit_code)
    except click.UsageError as error:
        asked = f" (see: {error.ctx.command_path} --help)" if error.ctx is not None else ""
        return _refused(error.format_message() + asked)
    except (click.ClickException, LogisticError) as error:
        return _refused(str(error))
    except OSError as error:
        named = f"{error.filename}: " if error.filename is not None else ""
        return _refused(f"{named}{error.strerror or error}")
    except MemoryError as error:
        return _refused(f"out of memory{f' ({error})' if str(error) else ''}; take fewer rows or columns (--features)")
    except SystemExit as end:  # click's own: 2 without a command, 1 where the reader of a help page has gone away
        return USER_ERROR if end.code == USER_ERROR else CERTIFIED
    except (KeyboardInterrupt, click.Abort):
        write(sys.stderr, "logistic: interrupted")
        return INTERRUPTED


def _refused(message: str) -> int:
    """Say why, in one line whatever names it quotes, and however long they are."""
    from ..outputs.text import printable

    line = printable(message)
    write(sys.stderr, f"logistic: {line if len(line) <= LONGEST else f'{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}'}")
    return USER_ERROR
