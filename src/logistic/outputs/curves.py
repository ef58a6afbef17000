"""What figures of predictions show, as numbers: ROC and precision-recall curves, calibration, who is taken for whom."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..backend import to_numpy
from ..errors import InputError
from ..inference import tails
from ..sources import vector
from .tally import Tally, class_labels, codes_of, weights_of

STRATEGIES = ("uniform", "quantile")


class Curve(NamedTuple):
    """A curve of one class against the rest, a point a threshold, and the area under it.

    For ROC ``x`` is the false positive rate and ``y`` the true positive rate; for precision-recall ``x`` is the recall, ``y`` the
    precision and ``area`` the average precision. NaN where the rows hold only the class, or only the rest.
    """

    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray
    area: float


class Calibration(NamedTuple):
    """Probabilities in B bins beside what came true; NaN in a bin without rows.

    Attributes
    ----------
    edges : (B + 1,) array
    predicted, observed : (B,) arrays
        Mean probability, and share of rows where it came true.
    low, high : (B,) arrays
        Wilson interval of ``observed``; weighted rows count as (sum of weights)² / sum of squared weights.
    weight : (B,) array
        Rows in the bin, or their weight.
    error : float
        Expected calibration error: mean of abs(observed - predicted), weighted by ``weight``.
    """

    edges: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray
    error: float


def roc(rows: Tally) -> list[Curve]:
    """For each class its ROC curve against the rest, exactly as :class:`logistic.Metrics` ranks rows."""
    from sklearn.metrics import auc, roc_curve

    found = []
    for truth, scores in _each(rows):
        if truth.all() or not truth.any():
            found.append(_undefined())
            continue
        fpr, tpr, thresholds = roc_curve(truth, scores, sample_weight=rows.weight)
        found.append(Curve(fpr, tpr, _probabilities(rows, thresholds), float(auc(fpr, tpr))))
    return found


def precision_recall(rows: Tally) -> list[Curve]:
    """For each class precision over recall; the area is the average precision, a sum over steps, not of trapezoids."""
    from sklearn.metrics import precision_recall_curve

    found = []
    for truth, scores in _each(rows):
        if truth.all() or not truth.any():
            found.append(_undefined())
            continue
        precision, recall, thresholds = precision_recall_curve(truth, scores, sample_weight=rows.weight)
        area = float(max(-np.sum(np.diff(recall) * precision[:-1]), 0.0))
        found.append(Curve(recall, precision, _probabilities(rows, thresholds), area))
    return found


def calibration(truth: np.ndarray, p: np.ndarray, weight: np.ndarray | None, bins: int, strategy: str, level: float) -> Calibration:
    """Of probabilities p (n,) of what is true or not (n,).

    Parameters
    ----------
    truth, p, weight
    bins : int
    strategy : {"uniform", "quantile"}
        Bins of equal width, or with equally many rows.
    level : float
        Of the intervals.

    Raises
    ------
    InputError
        For bins or a strategy that cannot be.
    """
    edges = _edges(p, bins, strategy)
    place = np.searchsorted(edges[1:-1], p)
    B = len(edges) - 1
    w = np.ones(len(p)) if weight is None else weight
    total = np.bincount(place, w, B)
    with np.errstate(invalid="ignore", divide="ignore"):
        predicted, observed = (np.bincount(place, w * values, B) / total for values in (p, truth))
        share = w / w.sum()  # whose squares float64 can hold
        effective = np.bincount(place, share, B) ** 2 / np.bincount(place, share**2, B)
    low, high = wilson(observed, effective, level)
    error = float(np.nansum(total * abs(observed - predicted)) / total.sum())
    return Calibration(edges, predicted, observed, low, high, total, error)


def wilson(share: np.ndarray, count: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of Wilson's interval of shares of ``count`` rows each."""
    z = tails.quantile(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)


def confusion(y: Any, predicted: Any, classes: Any = None, sample_weight: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Classes (K,), and the rows (K, K) of each true class that are predicted as each class, or their weight.

    Without ``classes`` they are all labels that occur, sorted.

    Raises
    ------
    InputError
        For a label that is none of the classes, or lengths that differ.
    """
    predicted = vector(predicted, "predicted", _length(predicted))
    truth = vector(y, "y", len(predicted))
    labels = class_labels(np.unique(np.concatenate([truth, predicted])) if classes is None else to_numpy(classes), "classes")
    weight = None if sample_weight is None else weights_of(sample_weight, np.zeros((len(truth), 1)))
    kept = np.ones(len(truth), dtype=bool) if weight is None else weight > 0
    rows, columns = (codes_of(values, labels, kept)[kept] for values in (truth, predicted))
    K = len(labels)
    found = np.bincount(rows * K + columns, None if weight is None else weight[kept], K * K).reshape(K, K)
    return labels, found


def thinned(x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most ``most`` + 1 points, first and last among them, spread evenly along the line through all."""
    if len(x) <= most:
        return np.arange(len(x))
    length = np.concatenate([[0.0], np.cumsum(abs(np.diff(x)) + abs(np.diff(y)))])
    found = np.searchsorted(length, np.linspace(0, length[-1], most))
    return np.unique(np.append(found, len(x) - 1))


def _each(rows: Tally) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each class whether it is true (n,), and its scores (n,)."""
    scores = rows.scores
    for k in range(scores.shape[1]):
        yield rows.codes == k, scores[:, k]


def _probabilities(rows: Tally, thresholds: np.ndarray) -> np.ndarray:
    return thresholds if rows.logs is None else np.exp(thresholds)


def _undefined() -> Curve:
    nothing = np.full(1, math.nan)
    return Curve(nothing, nothing, nothing, math.nan)


def _edges(p: np.ndarray, bins: int, strategy: str) -> np.ndarray:
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or not 1 <= bins <= 1000:
        raise InputError(f"bins must be a whole number from 1 to 1000, but is {bins!r}")
    if strategy not in STRATEGIES:
        raise InputError(f"strategy={strategy!r} is unknown; choose one of {', '.join(STRATEGIES)}")
    if strategy == "uniform":
        return np.linspace(0, 1, bins + 1)
    found = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)))
    return found if len(found) > 1 else np.array([found[0], found[0]])


def _length(values: Any) -> int:
    return len(values) if hasattr(values, "__len__") and getattr(values, "shape", "list") != () else 0
