"""``logistic demo``: the main job on bundled real data, every step shown."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import rich_click as click

from ..errors import InputError
from .fitted import facts, predictions, sentence
from .options import CERTIFIED, DATASET, NOT_CERTIFIED, json_option, silent_option
from .parts import provenance
from .report import written_up
from .rows import ROLES, open_table, rows_to_fit
from .writing import answer, write, write_columns

SETS = ("iris", "breast_cancer", "digits")
FRACTIONS, SEED = "0.8/0.2", 0
CHOICES = {"features": (), "linear": False, **dict.fromkeys(("target", "formula", *ROLES, "positive", "bins"))}
MOST_SHOWN = 100  # coefficients in a table


@click.command("demo")
@click.option(
    "-o", "--output", metavar="FOLDER", default="logistic-demo", show_default=True, help="For models, predictions and reports."
)
@json_option
@silent_option
def demo_command(output: str, as_json: bool) -> int:
    """Fit bundled real data (iris, breast cancer, digits) and show every step.

    Models, predictions and a report of each are left in a folder, to be used by the other commands and read in a browser.

    For example:

        logistic demo -o my-folder
    """
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} exists and is not a folder; choose another with -o")
    folder.mkdir(parents=True, exist_ok=True)
    lacking = _lacking()
    results = [_demonstrate(name, folder, quiet=as_json, report=not lacking) for name in SETS]
    if as_json:
        answer(results, "", as_json=True)
    else:
        first = folder / f"{SETS[0]}.safetensors"
        if lacking:
            write(sys.stdout, f"\nModels and predictions are in {folder}. For reports, {lacking}.")
        else:
            write(sys.stdout, f"\nModels, predictions and reports are in {folder}. Open in a browser:")
            write(sys.stdout, "\n".join(f"  {folder / _page(name)}" for name in SETS))
        write(sys.stdout, f"Now try:\n  logistic summary {first}\n  logistic evaluate {first} {DATASET}{SETS[0]} --split test")
    return CERTIFIED if all(result["certified"] for result in results) else NOT_CERTIFIED


def _lacking() -> str:
    """What reports need that is not installed; nothing where all is."""
    from ..outputs.report import installed

    try:
        installed()
    except InputError as error:
        return str(error)
    return ""


def _page(name: str) -> str:
    return f"{name}-report.html"


def _demonstrate(name: str, folder: Path, quiet: bool, report: bool) -> dict[str, Any]:
    """Fit on four rows of five, judge by the fifth, and say so."""
    from ..contracts import Spec
    from ..datasets import load
    from ..fit import fit

    rows = rows_to_fit(open_table(f"{DATASET}{name}"), {**CHOICES, "split": FRACTIONS, "seed": SEED})
    test = rows.part("test")
    model = fit(rows.part("train"), Spec(C=1.0)).model
    model = replace(model, provenance=provenance(rows, FRACTIONS, SEED, "logistic demo"))
    path = folder / f"{name}.safetensors"
    model.save(path)
    truth = rows.labels("test").tolist()
    write_columns({"truth": truth, **predictions(model, test.X)}, folder / f"{name}-predictions.csv", as_json=False)
    metrics = model.metrics(test.X, test.y)
    if report:
        written_up(model, rows, "test").save(folder / _page(name))
    if not quiet:
        head, table = str(model.summary()).split("\n\n", 1)
        if model.coef.size > MOST_SHOWN:
            table = f"{model.coef.size + model.base.size} coefficients, too many to show here; see: logistic summary {path}"
        said = f"one of these rows: {sentence(model, test.X[:1], rows.target)}; in truth it is {truth[0]}"
        parts = [str(rows.split), head, table, "on the rows held out:", str(metrics), said]
        lines = [line for part in parts for line in (*part.splitlines(), "")]
        write(sys.stdout, "\n".join([f"\n{name}: {load(name).about}", "", *(f"  {line}".rstrip() for line in lines[:-1])]))
    return {**facts(model), "name": name, "metrics": metrics.to_dict(), "report": _page(name) if report else None}
