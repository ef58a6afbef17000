"""``logistic predict``: labels and probabilities for rows of a file, or for one row that is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from ..errors import InputError, did_you_mean, listed
from .fitted import columns_of, designed, predictions, read_model, sentence, without_formula
from .options import CERTIFIED, STDIN, force_option, json_option, model_argument, several_data_argument, silent_option
from .rows import open_table
from .writing import answer, writable, write_columns

if TYPE_CHECKING:
    import numpy as np

    from .fitted import Fitted


@click.command("predict")
@model_argument
@several_data_argument
@click.option(
    "-o", "--output", default=STDIN, metavar="FILE", help="CSV file to write (with --json, JSON).  [default: standard output]"
)
@click.option("--row", is_flag=True, help="Predict one row, typed as COLUMN=NUMBER (or LEVEL) for each column, in a sentence.")
@force_option
@json_option
@silent_option
def predict_command(model: str, data: tuple[str, ...], output: str, row: bool, force: bool, as_json: bool) -> int:
    """Write the label and the probability of each class for every row of DATA.

    Columns are found by name; those that the model does not know are left alone.

    For example:

        logistic predict model.safetensors people.csv -o predictions.csv
        logistic predict model.safetensors --row age=41 wage=12.5
        cat people.csv | logistic predict model.safetensors - | head
    """
    if row:
        if output != STDIN:
            raise InputError("--row answers in a sentence on standard output; leave out -o")
        return _predict_row(read_model(model), data, as_json)
    if not data:
        raise click.UsageError("Missing argument 'DATA', or --row COLUMN=NUMBER ...", click.get_current_context())
    if len(data) > 1:
        pairs = " (for one row of numbers: --row COLUMN=NUMBER ...)" if any("=" in word for word in data) else ""
        raise click.UsageError(f"predict needs one DATA, but got {len(data)}{pairs}", click.get_current_context())
    path = None if output == STDIN else writable(output, force, (model, data[0]))
    found = read_model(model)
    write_columns(predictions(*designed(found, open_table(data[0]))), path, as_json)
    return CERTIFIED


def _predict_row(model: Fitted, pairs: tuple[str, ...], as_json: bool) -> int:
    x, model = _row(model, pairs), without_formula(model)
    columns = {name: values[0] for name, values in predictions(model, x).items()}
    subject = "This row" if model.provenance is None else model.provenance.target
    answer(columns, f"{sentence(model, x, subject)}.", as_json)
    return CERTIFIED


def _row(model: Fitted, pairs: tuple[str, ...]) -> np.ndarray:
    """(1, p) the numbers that were typed, or what a formula makes of the levels and numbers."""
    import numpy as np

    recipe = getattr(model, "recipe", None)
    names = columns_of(model) if recipe is None else recipe.columns
    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.rpartition("=")
        if not sign:
            raise InputError(f"--row: {pair!r:.60} is not COLUMN=NUMBER")
        if name not in names:
            raise InputError(f"--row: the model has no column {name!r:.60}{did_you_mean(name, names)} (it has {listed(names)})")
        if name in found:
            raise InputError(f"--row gives {name!r:.60} twice")
        levels = {str(level): level for level in (() if recipe is None else recipe.levels_of(name))}
        if levels:
            if text not in levels:
                raise InputError(f"--row: {name:.60} is {text!r:.60}, which is none of its levels {listed(list(levels))}")
            found[name] = levels[text]
            continue
        try:
            found[name] = float(text)
        except ValueError:
            raise InputError(f"--row: {name:.60} is {text!r:.60}, which is not a number") from None
        if not np.isfinite(found[name]):
            raise InputError(f"--row: {name:.60} is {text:.60}; give a finite number")
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(f"--row misses {listed(missing)}; give COLUMN=NUMBER for each column of the model")
    if recipe is not None:
        return np.asarray(recipe.design({name: [value] for name, value in found.items()}))
    return np.array([[found[name] for name in names]])
