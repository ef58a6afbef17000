"""What several commands share: exit codes, options, the arguments DATA and MODEL, and the look of help pages."""

from __future__ import annotations

from typing import Any

import rich_click as click
from click.shell_completion import CompletionItem

CERTIFIED, BUG, USER_ERROR, NOT_CERTIFIED, INTERRUPTED = 0, 1, 2, 3, 130
DATASET = "dataset:"
STDIN = "-"
LOOK: dict[str, Any] = {  # of help pages
    "theme": "default-slim",  # no boxes: the same on a terminal and in a pipe
    "text_paragraph_linebreaks": "\n\n",
    "padding_helptext_first_line": (0, 0, 1, 0),
    "options_table_column_types": ["opt_short", "opt_long", "metavar", "help"],
    "range_string": "",  # what is out of range is refused in words
    "options_table_help_sections": ["help", "required", "default"],
    "default_string": r"\[default: {}]",
    "max_width": 110,
}


def _known_data(_context: Any, _parameter: Any, typed: str) -> list[CompletionItem]:
    """Data sets by name where the word begins so, files otherwise."""
    if typed and DATASET.startswith(typed[: len(DATASET)]):
        from ..datasets import names

        return [CompletionItem(f"{DATASET}{name}") for name in names() if f"{DATASET}{name}".startswith(typed)]
    return [CompletionItem(typed, type="file")]


def files(_context: Any, _parameter: Any, typed: str) -> list[CompletionItem]:
    """Files, as the shell itself completes them."""
    return [CompletionItem(typed, type="file")]


DATA = "CSV (.csv, .csv.gz, .tsv), Parquet or .npz file, - for standard input, or dataset:NAME (see: logistic data list)."

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
force_option = click.option("--force", is_flag=True, help="Overwrite an existing output.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
silent_option = click.option("-q", "--quiet", is_flag=True, expose_value=False, help="Say nothing on stderr but errors.")
data_argument = click.argument("data", shell_complete=_known_data, help=DATA)
optional_data_argument = click.argument("data", required=False, shell_complete=_known_data, help=DATA)
several_data_argument = click.argument(
    "data", nargs=-1, metavar="DATA | --row COLUMN=NUMBER ...", shell_complete=_known_data, help=DATA
)
model_argument = click.argument("model", shell_complete=files, help="Model file, as logistic fit writes it.")
