"""The coefficients, with errors and odds ratios where they exist, and the reason where they do not."""

from __future__ import annotations

import numpy as np

from ....inference.effects import avg_slopes
from ....inference.estimates import covariance_kind, why_none
from ....inference.table import Columns
from ....outcome import Status
from ...plots import CoefficientsDisplay
from ...summary import Summary
from ..document import Block, Section, Table, Text
from ..evidence import Evidence
from .drawing import drawn

SHOWN = 100  # rows of a table
CHEAP = 1e8  # rows times coefficients squared
KEYS = {
    "std_error": "std. error",
    "z": "z",
    "p": "p",
    "low": "low",
    "high": "high",
    "odds_ratio": "odds ratio",
    "odds_low": "odds low",
    "odds_high": "odds high",
}


def coefficients(found: Evidence) -> Section:
    """A table, strongest first, and a forest."""
    summary = Summary(found.model)
    columns, names = summary.columns, found.names
    blocks: list[Block] = [*_doubts(found, summary), Text(_reading(found, summary.columns["reference"][0]))]
    q = len(names) + found.model.fit_intercept
    contrasts = len(columns["term"]) // q
    kept = max(SHOWN // contrasts, 3)
    chosen = [*found.strongest[:kept].tolist(), *([len(names)] if found.model.fit_intercept else [])]
    at = (np.arange(contrasts) * q + np.array(chosen)[:, None]).ravel()
    few = f", the {kept} strongest of {len(names):,} columns" if len(names) > kept else ""
    table = _table({name: column[at] for name, column in columns.items()}, contrasts)
    notes = [f"Errors {summary.errors()}."] if covariance_kind(found.model) else []
    notes += [f"{100 * summary.level:g} % intervals from low to high."] if "low" in table else []
    recipe = found.model.recipe
    if recipe is not None and recipe.references():
        levels = "; ".join(f"{label}: {level}" for label, level in recipe.references().items())
        notes.append(f"Levels are compared with the reference of their factor: {levels}.")
    blocks.append(Table(f"Coefficients in the units of the data{few}, strongest first", table, notes=tuple(notes)))
    blocks += _effects(found)
    if found.pixels:
        blocks.append(Text("The weights of all columns are drawn as images, under Pictures."))
        return Section("coefficients", "Coefficients", tuple(blocks))
    odds = len(found.labels) == 2 and bool(covariance_kind(found.model)) and found.model.penalty.alpha == 0
    kind = "Odds ratios" if odds else "Coefficients"
    caption = f"{kind} for one standard deviation of a column, or for the whole step of a column of 0 and 1"
    against = columns["reference"][0]
    contrast = {} if len(found.labels) == 2 else {"reference": against} if against else {"symmetric": True}
    blocks.append(drawn(caption, CoefficientsDisplay.from_estimator(found.plain, odds=odds, step=found.steps, **contrast)))
    return Section("coefficients", "Coefficients", tuple(blocks))


def _effects(found: Evidence) -> list[Block]:
    """What columns do to probabilities, which does not hang on how classes and levels are coded."""
    rows, model = found.rows, found.model
    known = covariance_kind(model) and model.penalty.alpha == 0 and found.spread.tame.all()
    if not known or rows.count * found.plain.coef.size**2 > CHEAP:
        return []
    weight = {"sample_weight": rows.weight / rows.frequency, "freq_weights": rows.frequency}
    record = avg_slopes(model, rows.X if rows.data is None else rows.data, offset=rows.offset, **weight)
    kept = ["term", "contrast", *(["class"] if len(found.labels) > 2 else []), "estimate", "std_error", "z", "p", "low", "high"]
    columns = {KEYS.get(name, name): record.table[name][:SHOWN] for name in kept}
    of = "" if len(found.labels) > 2 else f" of {found.labels[1]}"
    step = "one unit, or for another level," if model.recipe is not None and model.recipe.references() else "one unit,"
    caption = f"Average marginal effects: the change of the probability{of} for {step} averaged over these rows"
    return [Table(caption, columns, notes=record.notes)]


def _doubts(found: Evidence, summary: Summary) -> list[Block]:
    """What the numbers are not."""
    certificate = found.model.certificate
    if certificate.status is Status.SEPARATED:
        known = "the table has the limits that they tend to" if certificate.limit is not None else "what they tend to is not known"
        stopped = "Predictions, and what follows from them, are those of the coefficients at which the search stopped"
        return [Text(f"No finite estimate exists, since columns separate the classes: {known}. {stopped}.", "warning")]
    blocks: list[Block] = []
    if not (certificate.status.certified or certificate.status is Status.RANK_DEFICIENT):
        blocks.append(Text("Not certified: these numbers are only where the search stopped.", "warning"))
    said = summary.doubts() if covariance_kind(found.model) else [why_none(found.model)]
    return blocks + [Text(f"{one[:1].upper()}{one[1:]}.", "warning") for one in said]


def _reading(found: Evidence, reference: str) -> str:
    """How a coefficient is read."""
    labels = found.labels
    adds = "One unit more of a column adds its coefficient to the log-odds of"
    if len(labels) == 2:
        return f"{adds} {labels[1]} against {labels[0]}, and multiplies the odds by the odds ratio."
    if reference:
        return f"{adds} the class against the one that it is compared with."
    return "One unit more of a column adds its coefficient to the logarithm of the probability of the class less the mean of all."


def _table(columns: Columns, contrasts: int) -> dict[str, np.ndarray]:
    """The columns that are known of a few coefficients."""
    table = {"column": columns["term"]}
    if contrasts > 1:
        table["class"] = columns["class"]
        table["against"] = np.array([other or "mean of all" for other in columns["reference"]], dtype=object)
    table["estimate"] = columns["estimate"]
    known = {title: columns[key] for key, title in KEYS.items() if not np.isnan(columns[key]).all()}
    if contrasts > 1:
        known = {title: column for title, column in known.items() if not title.startswith("odds")}
    return table | known
