"""Single rows: the worst mistakes, those that move the fit most, and why some get the probability that they get."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....inference.diagnostics import influence
from ...plots import ContributionsDisplay
from ...text import counted, likely
from ..document import Block, Section, Table, Text
from ..evidence import Evidence
from .drawing import drawn, whole

WORST, VALUES, INFLUENTIAL = 20, 8, 10
CHEAP = 1e9  # rows times coefficients squared
QUANTILES = {"least": 0.0, "first quarter": 0.25, "median": 0.5, "last quarter": 0.75, "most": 1.0}


def mistakes(found: Evidence) -> Section:
    """Residuals, the most confident errors, and influence where it is cheap."""
    at, wrong = worst(found)
    named, p = np.array(found.labels, dtype=object), found.tally.p
    columns: dict[str, np.ndarray] = {
        "row": found.numbers[at],
        "true": named[found.codes[at]],
        "predicted": named[found.predicted[at]],
        "probability of true": p[at, found.codes[at]],
        "probability of predicted": p[at, found.predicted[at]],
        "log loss": found.losses[at],
    }
    few = len(found.names) if found.model.recipe is None else len(found.model.recipe.columns)
    for name, values in found.values(at, VALUES).items():
        columns[name if name not in columns else f"column {name}"] = whole(values)
    notes: tuple[str, ...] = (f"Rows are counted from {found.first}, in the order of the data.",)
    notes += (f"Values of {VALUES} of {few:,} columns.",) if few > VALUES and not found.pixels else ()
    if wrong:
        those = f"{counted(wrong, 'row')} that {'is' if wrong == 1 else 'are'} predicted wrongly"
        caption = f"The worst of {those}: first those whose true class was thought least likely"
    else:
        caption = "No row is predicted wrongly; these are the least sure of their class"
    blocks: list[Block] = [_residuals(found), Table(caption, columns, by_class="true", notes=notes), *_influence(found)]
    return Section("mistakes", "Residuals and the worst mistakes", tuple(blocks))


def contributions(found: Evidence, chosen: Sequence[int] | None) -> Section:
    """Why a row gets its probability, column by column: of chosen rows, or of the worst mistake and a typical one."""
    if chosen is None:
        at, wrong = worst(found)
        picked = [(int(at[0]), "the worst mistake" if wrong else "the row that is least sure of its class")]
        typical = _typical(found)
        picked += [(typical, "a typical row, of median probability among those predicted rightly")] if typical is not None else []
    else:
        picked = [(place, "") for place in dict.fromkeys(found.place(number) for number in chosen)]
    center = "the center of the columns, their means in the fit," if found.plain.center.any() else "columns that are all zero"
    adds = "what each column adds: its coefficient times its distance from there."
    blocks: list[Block] = [Text(f"The log-odds of a row are those at {center} and {adds}")]
    for place, about in picked:
        true, predicted = int(found.codes[place]), int(found.predicted[place])
        labels = found.model.classes.tolist()
        named = {"own": labels[predicted], **({} if true == predicted else {"other": labels[true]})}
        shift: Any = None if found.rows.offset is None else found.rows.offset[[place]]
        display = ContributionsDisplay.from_estimator(found.plain, found.dense(np.array([place])), offset=shift, **named)
        said = f"Row {found.numbers[place]}" + (f", {about}" if about else "")
        sure = f"predicted {found.labels[predicted]} with {likely(float(found.tally.p[place, predicted]))}"
        blocks.append(drawn(f"{said}: {found.labels[true]}, {sure}", display))
    return Section("contributions", "Why a row gets its probability", tuple(blocks))


def worst(found: Evidence) -> tuple[np.ndarray, int]:
    """Where the rows lie whose true label was thought least likely, and how many rows are predicted wrongly; all, if none is."""
    wrong = np.flatnonzero(found.predicted != found.codes)
    among = wrong if len(wrong) else np.arange(found.rows.count)
    return among[np.argsort(-found.losses[among], kind="stable")[:WORST]], len(wrong)


def _typical(found: Evidence) -> int | None:
    right = np.flatnonzero(found.predicted == found.codes)
    if not len(right):
        return None
    order = np.argsort(found.losses[right], kind="stable")
    return int(right[order[len(order) // 2]])


def _residuals(found: Evidence) -> Table:
    """Spread of the deviance residuals; for two classes with a sign."""
    residual = np.sqrt(2 * np.maximum(found.losses, 0))
    signs = "" if len(found.labels) > 2 else f", above zero for {found.labels[1]}"
    residual = residual if len(found.labels) > 2 else np.where(found.codes == 1, residual, 0.0 - residual)
    columns = {name: np.array([np.quantile(residual, at)]) for name, at in QUANTILES.items()}
    caption = f"Deviance residuals: roots of twice the log loss of a row{signs}"
    return Table(caption, {"rows": np.array([found.rows.count]), **columns})


def _influence(found: Evidence) -> list[Block]:
    """Rows of the fit without which the coefficients would move most."""
    size = found.plain.coef.size + len(found.plain.coef)
    if not found.learned_from or found.model.penalty.alpha > 0 or found.rows.count * size**2 > CHEAP:
        return []
    labels, weight = found.model.classes[found.codes], found.rows.weight / found.rows.frequency
    record = influence(found.plain, found.rows.X, labels, weight, freq_weights=found.rows.frequency, offset=found.rows.offset)
    distance = record.table["cooks_distance"]
    if np.isnan(distance).all():
        return []
    at = np.argsort(-np.nan_to_num(distance), kind="stable")[:INFLUENTIAL]
    named = np.array(found.labels, dtype=object)
    columns = {"row": found.numbers[at], "true": named[found.codes[at]], "Cook's distance": distance[at]}
    columns |= {"leverage": record.table["leverage"][at], "Pearson residual": record.table["pearson"][at]}
    note = "Cook's distance: how far the coefficients would move without the row, in units of their own uncertainty."
    return [Table("Rows that move the fit most", columns, by_class="true", notes=(note, *record.notes))]
