"""How good predictions are: how well classes are told apart, who is taken for whom, and whether probabilities come true."""

from __future__ import annotations

import math

import numpy as np

from ....errors import InputError
from ....inference import tails
from ....inference.reliability import calibration as calibrated, hosmer_lemeshow
from ...curves import wilson
from ...plots import CalibrationDisplay, ConfusionMatrixDisplay, PrecisionRecallDisplay, RocCurveDisplay
from ..document import Block, Section, Table, Text, Thresholds
from ..evidence import Evidence
from .drawing import drawn, whole

LEVEL = 0.95
CLASSES, PAIRS = 200, 20
STEPS = 100  # of the threshold


def discrimination(found: Evidence) -> Section:
    """Log loss, Brier score, accuracy; per class precision, recall, area; curves."""
    metrics, blocks = found.metrics, list[Block]()
    blocks.append(_overall(found))
    order = np.argsort(metrics.recall, kind="stable")[:CLASSES] if len(found.labels) > CLASSES else np.arange(len(found.labels))
    labels = np.array(found.labels, dtype=object)[order]
    columns = {"class": labels, "precision": metrics.precision[order], "recall": metrics.recall[order], "F1": metrics.f1[order]}
    columns |= {"ROC AUC": metrics.auc[order], "support": whole(metrics.support[order])}
    few = f", the {CLASSES} of least recall of {len(found.labels):,}" if len(found.labels) > CLASSES else ""
    notes = tuple(f"{note[:1].upper()}{note[1:]}." for note in metrics.notes)
    blocks.append(Table(f"Each class{few}", columns, by_class="class", notes=notes))
    pair = (found.model.classes, found.tally)
    blocks.append(drawn("True positive rate over false positive rate, over all thresholds", RocCurveDisplay.from_tally(pair)))
    caption = "Precision over recall, over all thresholds; the area is the average precision"
    blocks.append(drawn(caption, PrecisionRecallDisplay.from_tally(pair)))
    return Section("discrimination", "How well classes are told apart", tuple(blocks))


def _overall(found: Evidence) -> Table:
    metrics, z = found.metrics, tails.quantile(LEVEL)
    low, high = (float(ends[0]) for ends in wilson(np.array([metrics.accuracy]), np.array([found.effective]), LEVEL))
    shares = found.metrics.support / found.metrics.support.sum()
    known = shares[shares > 0]
    p, brier = found.tally.p, np.zeros(found.rows.count)
    for k in [1] if p.shape[1] == 2 else range(p.shape[1]):
        brier += (p[:, k] - (found.codes == k)) ** 2
    rows = [("accuracy", metrics.accuracy, low, high, float(shares.max()))]
    for name, value, each, plainly in (
        ("log loss", metrics.log_loss, found.losses, float(-(known * np.log(known)).sum())),
        ("Brier score", metrics.brier, brier, float((shares * (1 - shares)).sum()) / (2 if len(shares) == 2 else 1)),
    ):
        half = z * _error(found, each)
        rows.append((name, value, max(value - half, 0.0), value + half, plainly))
    rows.append(("balanced accuracy", metrics.balanced_accuracy, math.nan, math.nan, 1 / max(len(known), 1)))
    rows.append(("mean ROC AUC", metrics.macro.auc, math.nan, math.nan, 0.5 if len(known) > 1 else math.nan))
    names = ("measure", "value", "low", "high", "without columns")
    columns = {name: np.array([row[i] for row in rows], dtype=object if not i else None) for i, name in enumerate(names)}
    notes = (
        f"{100 * LEVEL:g} % intervals of what other such rows would give: Wilson's for accuracy, normal for means over rows.",
        "Without columns: what the shares of the classes among these rows alone would score.",
    )
    return Table("Overall", columns, notes=notes)


def _error(found: Evidence, values: np.ndarray) -> float:
    """Standard error of a weighted mean over the observations."""
    share, frequency = found.rows.weight / found.rows.weight.sum(), found.rows.frequency
    if frequency.sum() < 2:
        return math.nan
    mean = share @ values
    with np.errstate(over="ignore"):
        return float(math.sqrt(share**2 / frequency @ (values - mean) ** 2))


def confusion(found: Evidence) -> Section:
    """Who is taken for whom, and how that changes with the threshold of two classes."""
    matrix, labels = found.metrics.confusion, found.labels
    display = ConfusionMatrixDisplay(matrix, found.model.classes).plot()
    blocks: list[Block] = [drawn("Rows of each class, by the class that is predicted", display)]
    wrong = np.where(np.eye(len(labels), dtype=bool), 0, matrix)
    order = [at for at in np.argsort(-wrong, axis=None, kind="stable")[:PAIRS] if wrong.flat[at] > 0]
    if not order:
        blocks.append(Text("No row is taken for another class."))
    elif len(labels) > 2:
        i, j = np.unravel_index(order, wrong.shape)
        named = np.array(labels, dtype=object)
        of = matrix.sum(axis=1)[i]
        columns = {"true": named[i], "predicted": named[j], "rows": whole(wrong[i, j]), "share of the true class": wrong[i, j] / of}
        blocks.append(Table("The most frequent mistakes", columns, by_class="true"))
    if len(labels) == 2:
        blocks.append(_thresholds(found))
    return Section("confusion", "Which class is taken for which", tuple(blocks))


def _thresholds(found: Evidence) -> Thresholds:
    at = np.arange(STEPS + 1) / STEPS
    passed = np.searchsorted(at, found.tally.p[:, 1], side="right")  # thresholds that are not above it
    above = []
    for k in (0, 1):
        mine = found.codes == k
        weight = found.rows.weight[mine] if found.weighted else None
        above.append(np.bincount(passed[mine], weight, STEPS + 2)[::-1].cumsum()[::-1])
    (false, true), whole = (side[1:] for side in above), [side[0] for side in above]
    first, second = found.labels
    return Thresholds((first, second), at, true, false, whole[1] - true, whole[0] - false)


def calibration(found: Evidence) -> Section:
    """Whether probabilities come true."""
    display = CalibrationDisplay.from_tally((found.model.classes, found.tally))
    blocks: list[Block] = [
        drawn("Share that came true over the probability that was said, in bins; below, the rows in each", display)
    ]
    parts = [(name, curve, curve.weight > 0) for name, curve in zip(display.names, display.curves, strict=True)]
    columns: dict[str, np.ndarray] = {
        "probability of": np.array([name for name, _, kept in parts for _ in range(kept.sum())], dtype=object),
        "bin from": np.concatenate([curve.edges[:-1][kept] for _, curve, kept in parts]),
        **{
            title: np.concatenate([getattr(curve, key)[kept] for _, curve, kept in parts])
            for title, key in {"mean said": "predicted", "came true": "observed", "low": "low", "high": "high"}.items()
        },
        "rows": whole(np.concatenate([curve.weight[kept] for _, curve, kept in parts])),
    }
    blocks.append(Table("Bins of equal width", columns, by_class="probability of", notes=("Wilson's 95 % intervals.",)))
    return Section("calibration", "Whether probabilities come true", (*blocks, *_slope(found), *_hosmer(found)))


def _slope(found: Evidence) -> list[Block]:
    """Of two classes the regression of the labels on what the model says."""
    if len(found.labels) > 2:
        return []
    if found.likeliest and found.model.penalty.bias is None and found.model.fit_intercept and not found.model.offset:
        return [Text("The calibration slope of a fit without a penalty is 1 on its own rows, however bad it is; ask it of others.")]
    weights = {"sample_weight": found.rows.weight / found.rows.frequency, "freq_weights": found.rows.frequency}
    try:
        record = calibrated(found.plain, found.rows.X, found.model.classes[found.codes], offset=found.rows.offset, **weights)
    except InputError as error:
        return [Text(f"No calibration slope: {error}.")]
    table = {name.replace("_", " "): column for name, column in record.table.items()}
    slope = float(record.table["estimate"][1])
    said = "too extreme, as those of an overfitted model" if slope < 1 else "too timid, as those of a model that is penalised hard"
    sure = not record.table["low"][1] <= 1 <= record.table["high"][1]
    said = f"The slope is {slope:.3g}: probabilities are {said}." if sure else f"The slope is {slope:.3g}, which may well be 1."
    return [Table("Calibration intercept and slope; 0 and 1 are right", table, notes=(said, *record.notes))]


def _hosmer(found: Evidence) -> list[Block]:
    """A test for the rows of the fit, whose distribution is that of a maximum of the likelihood."""
    if not found.likeliest or found.weighted:
        return []
    try:
        record = hosmer_lemeshow(found.plain, found.rows.X, found.model.classes[found.codes], offset=found.rows.offset)
    except InputError as error:
        return [Text(f"No Hosmer-Lemeshow test: {error}.")]
    table = {name.replace("_", " "): whole(column) for name, column in record.table.items()}
    return [Table(record.title[0], table, notes=record.notes)]
