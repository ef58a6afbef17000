"""``logistic evaluate``: how good a model's predictions are on rows whose labels are known."""

from __future__ import annotations

import rich_click as click

from .fitted import counted_once, flattery, metrics_of, read_model, without_formula
from .options import CERTIFIED, data_argument, json_option, model_argument, quiet_option
from .rows import open_table, rows_to_judge
from .writing import answer, tell


@click.command("evaluate")
@model_argument
@data_argument
@click.option("--target", metavar="COLUMN", help="Column of the true labels.  [default: the one that was fitted]")
@click.option("--weight", metavar="COLUMN", help="Column of weights.  [default: the one that was fitted, where DATA has it]")
@click.option("--split", metavar="PART", help="Only the rows of train, validation or test, as fit --split divided them.")
@json_option
@quiet_option
def evaluate_command(
    model: str, data: str, target: str | None, weight: str | None, split: str | None, as_json: bool, quiet: bool
) -> int:
    """Show how good MODEL's predictions for DATA are, overall and class by class.

    The rows that fit --split held out are found again: the model file keeps the fractions, the seed and a digest of DATA.

    For example:

        logistic evaluate model.safetensors people.csv --split test
        logistic evaluate model.safetensors later.csv --json
    """
    found = read_model(model)
    table = open_table(data)
    rows = rows_to_judge(table, found, target, weight, split)
    metrics = metrics_of(without_formula(found), rows.part(split), "" if split is None else f" of the {split} part")
    origin = found.provenance
    once = "" if rows.weight is not None else counted_once(found)
    if once:
        tell(f"note: {once}\n", quiet or as_json)
    learned = flattery(found, table, split)
    if learned:
        others = "; --split test takes those held out" if origin is not None and origin.fractions else ""
        tell(f"note: {learned}, so the metrics flatter the model{others}\n", quiet or as_json)
    answer(metrics.to_dict(), str(metrics), as_json)
    return CERTIFIED
