"""``logistic report``: one page of what was fitted, how good it is on rows whose labels are known, and where it errs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from ..errors import InputError
from .fitted import counted_once, flattery, kind_of, read_model
from .options import CERTIFIED, STDIN, data_argument, files, force_option, json_option, model_argument, quiet_option
from .rows import Rows, open_table, rows_to_judge
from .writing import answer, tell, writable

if TYPE_CHECKING:
    from ..model import Model
    from ..outputs.report import Report


@click.command("report")
@model_argument
@data_argument
@click.option("-o", "--output", metavar="FILE", required=True, shell_complete=files, help="Page, such as report.html.")
@click.option("--target", metavar="COLUMN", help="Column of the true labels.  [default: the one that was fitted]")
@click.option("--weight", metavar="COLUMN", help="Column of weights.  [default: the one that was fitted, where DATA has it]")
@click.option("--split", metavar="PART", help="Only the rows of train, validation or test, as fit --split divided them.")
@click.option(
    "--row",
    "chosen",
    metavar="NUMBER",
    type=int,
    multiple=True,
    help="Explain this row of DATA, counted from 1; more than once for several.  [default: the worst mistake and a typical row]",
)
@click.option("--title", metavar="TEXT", help="Heading of the page.")
@force_option
@json_option
@quiet_option
def report_command(model: str, data: str, output: str, **choices: Any) -> int:
    """Write a page that shows MODEL: what was fitted and how, how good it is on DATA, and where it errs.

    The file holds all that it shows, and needs no network. The same model and data make the same bytes.

    For example:

        logistic report model.safetensors people.csv --split test -o report.html
        logistic report model.safetensors later.csv --row 17 -o report.html
    """
    from ..model import Model
    from ..outputs.report import installed

    if output == STDIN:
        raise InputError("a report cannot be written to standard output; name a file with -o")
    path = writable(output, choices["force"], (model, data))
    installed()
    found = read_model(model)
    if not isinstance(found, Model):
        raise InputError(f"{model} holds a {kind_of(found)}, which has no report; see: logistic evaluate {model} {data}")
    table, part = open_table(data), choices["split"]
    rows = rows_to_judge(table, found, choices["target"], choices["weight"], part)
    once = "" if rows.weight is not None else counted_once(found)
    if once:
        tell(f"note: {once}", choices["quiet"] or choices["as_json"])
    report = written_up(found, rows, part, choices["chosen"] or None, choices["title"])
    report.save(path)
    tell(f"{report}\nwrote {path}", choices["quiet"] or choices["as_json"])
    if choices["as_json"]:
        contents = {section.anchor: section.title for section in report.sections}
        answer({"path": str(path), "title": report.title, "rows": report.rows, "sections": contents}, "", as_json=True)
    return CERTIFIED


def written_up(model: Model, rows: Rows, part: str | None, chosen: Any = None, title: str | None = None) -> Report:
    """The report of a model on a part of the rows, or on all; they are called by their numbers in the data, from 1 on."""
    from dataclasses import replace

    from ..outputs.report import Report, evidence

    found = evidence(model, rows.columns(part), rows.labels(part), rows.weights(part), numbers=rows.numbers(part))
    return Report(replace(found, remark=flattery(model, rows.table, part)), chosen, title)
