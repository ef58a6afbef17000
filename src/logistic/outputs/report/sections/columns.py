"""The rows of the report before any prediction: classes, columns, and which columns say too little or the same."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ....designs import is_sparse
from ....errors import listed
from ....inference.diagnostics import vif
from ....sources import frame
from ...plots import ClassBalanceDisplay, HistogramsDisplay
from ...plots.inputs import sample
from ...text import counted, likely
from ..document import Block, Facts, Section, Table, Text
from ..evidence import Evidence
from .drawing import drawn

SHOWN, PANELS, LEVELS = 40, 12, 50
MOST = 100_000  # rows of a histogram
NEARLY = 0.99  # share of one value from which a column is nearly constant
COLLINEAR = 10.0
CHEAP = 2e9  # rows times columns squared


def data(found: Evidence) -> Section:
    """Balance, missing entries, levels, near-constant and collinear columns."""
    rows, labels = found.rows, found.labels
    counts = np.bincount(found.codes, minlength=len(labels))
    facts = [("rows", f"{rows.count:,}")]
    if found.weighted:
        facts += [
            ("total weight", f"{rows.weight.sum():,.6g}"),
            ("worth", f"as many as {found.effective:,.6g} rows of equal weight"),
        ]
    facts += [("columns", f"{len(found.names):,}"), ("missing", "none: rows with missing entries are refused")]
    if is_sparse(rows.X):
        facts.append(("not zero", likely(rows.X.nnz / (rows.count * max(len(found.names), 1)))))
    blocks: list[Block] = [_whose(found), *_counted_once(found), Facts(tuple(facts))]
    blocks.append(drawn("Rows of each class", ClassBalanceDisplay(found.model.classes, {"": counts}).plot()))
    absent = [label for label, count in zip(labels, counts, strict=True) if not count]
    if absent:
        blocks.append(Text(f"No row is {listed(absent)}: nothing here can say how well such rows are told.", "warning"))
    blocks += [_table(found), *_flat(found), *_alike(found)]
    if found.model.recipe is not None:
        blocks += _levels(found)
    return Section("data", "The data of this report", (*blocks, *_histograms(found)))


def _whose(found: Evidence) -> Text:
    if found.flattering:
        said = found.remark or "these are the rows that the model was fitted to"
        return Text(f"{said[:1].upper()}{said[1:]}, so all that follows flatters it.", "warning")
    said = f"The model was fitted to {counted(found.model.rows, 'row')}; it is judged here by {counted(found.rows.count, 'row')}."
    doubt = " If they are the same rows, all that follows is better than it would be on others."
    return Text(said + (doubt if found.model.rows == found.given else ""))


def _counted_once(found: Evidence) -> list[Block]:
    """Where the fit had frequencies and these rows have none."""
    model = found.model
    if model.statistics is None or model.statistics.count == model.rows or found.weighted:
        return []
    many = f"{counted(model.rows, 'row')} for {model.statistics.count:,.15g} observations"
    return [Text(f"The fit took its {many}; here each row counts once, since it was given no weight.", "note")]


def _histograms(found: Evidence) -> list[Block]:
    """Of the strongest columns that are more than 0 and 1."""
    several = found.drawable
    if is_sparse(found.rows.X) or found.pixels or not several:
        return []
    chosen, n = sorted(several[:PANELS]), found.rows.count
    at = sample(n, MOST)
    X = frame({found.names[j]: np.asarray(found.rows.X[at, j], dtype=np.float64) for j in chosen}, "pyarrow")
    few = f"the {PANELS} strongest of {len(several):,} columns" if len(several) > PANELS else "columns"
    thin = f"; {MOST:,} rows, evenly spread over all" if n > MOST else ""
    display = HistogramsDisplay.from_rows(X, found.model.classes[found.codes[at]])
    by = "" if display.classes is None else ", by class"
    return [drawn(f"How the values of {few} are distributed{by}{thin}", display)]


def _table(found: Evidence) -> Table:
    spread, order = found.spread, found.strongest[:SHOWN]
    columns = {
        "column": np.array([found.names[j] for j in order], dtype=object),
        "mean": spread.mean[order],
        "deviation": spread.deviation[order],
        "least": spread.low[order],
        "most": spread.high[order],
        "log-odds per deviation": found.sizes[order],
    }
    few = f", the {SHOWN} strongest of {len(found.names):,}" if len(found.names) > SHOWN else ""
    note = "The last column is the largest change of log-odds between two classes that one standard deviation makes."
    return Table(f"Columns{few}, strongest first", columns, notes=(note,))


def _flat(found: Evidence) -> list[Block]:
    """Columns that say next to nothing."""
    spread, blocks = found.spread, list[Block]()
    constant = [found.names[j] for j in np.flatnonzero(spread.low == spread.high)]
    if constant:
        blocks.append(Text(f"{counted(len(constant), 'column')} constant in these rows: {listed(constant)}.", "note"))
    near = np.flatnonzero((np.nan_to_num(spread.common) >= NEARLY) & (spread.low < spread.high))
    if len(near):
        named = listed([f"{found.names[j]} ({likely(spread.common[j])})" for j in near])
        text = f"{counted(len(near), 'column')} with one value in {NEARLY:.0%} of the rows or more: {named}."
        blocks.append(Text(text, "note"))
    return blocks or [Text(f"No column is constant or has one value in {NEARLY:.0%} of the rows.")]


def _alike(found: Evidence) -> list[Block]:
    """Columns that others explain."""
    (n, p), blocks = found.rows.X.shape, list[Block]()
    aliased = found.model.certificate.columns if found.model.certificate.status.word == "rank_deficient" else ()
    if aliased:
        blocks.append(Text(f"Combinations of other columns in the fit: {listed([found.names[j] for j in aliased])}.", "warning"))
    if p < 2 or n <= p or n * p**2 > CHEAP or not found.spread.tame.all():
        return blocks
    factor = vif(found.rows.X, found.rows.weight).table["vif"]
    high = np.flatnonzero(np.nan_to_num(factor, posinf=np.inf) >= COLLINEAR)
    if not len(high):
        least = np.nanmax(factor) if np.isfinite(factor).any() else 1.0
        return [*blocks, Text(f"No column is collinear: the largest variance inflation factor is {least:.3g}.")]
    order = high[np.argsort(-factor[high], kind="stable")][:SHOWN]
    columns = {"column": np.array([found.names[j] for j in order], dtype=object), "variance inflation": factor[order]}
    many = f"Of {p:,} columns {len(high):,} are from {COLLINEAR:.0f} on."
    note = f"{many} Their coefficients are less sure, each by itself; predictions are not."
    return [*blocks, Table("Columns that others explain", columns, notes=(note,))]


def _levels(found: Evidence) -> list[Block]:
    """Of each factor of categories how many rows have each level."""
    recipe, held = found.model.recipe, found.rows.data
    assert recipe is not None
    assert held is not None
    told: list[tuple[str, str, int, str]] = []
    for factor in recipe.factors:
        if factor.levels and len(factor.columns) == 1:
            counts = Counter(held[factor.columns[0]].values.tolist())
            compared = {str(factor.reference)} if factor.label in recipe.references() else set()
            told += [(factor.label, str(x), counts[x], "yes" if str(x) in compared else "") for x in factor.levels]
    if not told:
        return []
    columns = {
        title: np.array([row[i] for row in told[:LEVELS]], dtype=object if i != 2 else None)
        for i, title in enumerate(("factor", "level", "rows", "reference"))
    }
    few = f", the first {LEVELS} of {len(told):,}" if len(told) > LEVELS else ""
    return [Table(f"Levels of categories{few}", columns)]
