"""The rows that a measure counts: labels, probabilities and weights, checked."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from ..backend import to_numpy
from ..errors import InputError
from ..sources import ArraySource, vector
from .text import MAX_WIDTH, clip, counted

SUM_SLACK = 1e-3  # probabilities of a row may miss 1 by this much: what is left by float32 or by a few printed digits
SHOWN = 10  # labels in a list


class Tally(NamedTuple):
    """What counts: positions of the true labels (n,), probabilities, logarithms (n, K), weights > 0 (n,); all rows given."""

    codes: np.ndarray
    p: np.ndarray
    logs: np.ndarray | None
    weight: np.ndarray | None
    rows: int

    @property
    def scores(self) -> np.ndarray:
        """(n, K) what ranks rows; finite, since scikit-learn refuses -inf."""
        return self.p if self.logs is None else np.maximum(self.logs, np.finfo(np.float64).min)


def tallied(y: Any, probabilities: Any, classes: Any, sample_weight: Any = None, logs: Any = None) -> tuple[np.ndarray, Tally]:
    """The classes (K,) and the rows that count, checked; arguments and errors are those of
    :func:`logistic.outputs.metrics.metrics`.
    """
    labels = class_labels(classes, "classes")
    p = distributions(probabilities, "probabilities", len(labels))
    logs = None if logs is None else _logarithms(logs, p)
    for name, values in (("y", y), ("sample_weight", sample_weight)):
        if hasattr(values, "__len__") and getattr(values, "shape", "list") != () and len(values) != len(p):
            raise InputError(f"{name} has {counted(len(values), 'row')}, but probabilities has {len(p):,}; pass one for each")
    weight = None if sample_weight is None else weights_of(sample_weight, p)
    kept = np.ones(len(p), dtype=bool) if weight is None else weight > 0
    codes = codes_of(vector(y, "y", len(p)), labels, kept)[kept]
    logs, weight = (None if values is None else values[kept] for values in (logs, weight))
    return labels, Tally(codes, p[kept], logs, weight, len(p))


def class_labels(classes: Any, name: str) -> np.ndarray:
    """``classes`` as an array (K,) of two or more different labels; ``name`` is what an error calls them."""
    found = list(classes)
    labels = vector(found, name, len(found))
    if labels.ndim != 1 or len(labels) < 2:
        raise InputError(f"{name} has shape {labels.shape}; pass two or more labels in one dimension")
    twice = next((label for label, count in Counter(labels.tolist()).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"{name} holds {twice!r} twice; pass each label once, in the order of the columns of probabilities")
    return labels


def distributions(values: Any, name: str, classes: int) -> np.ndarray:
    """``values`` as float64 (n, K) with one distribution over the classes a row; ``name`` is what an error calls them."""
    try:
        found = to_numpy(values)
    except ValueError:
        raise InputError(f"{name} has rows of different length; pass {classes} probabilities a row") from None
    if found.ndim != 2 or found.shape[1] != classes or found.dtype.kind not in "fiub":
        raise InputError(f"{name} is {found.dtype} of shape {found.shape}; pass numbers of shape (rows, {classes}), by class")
    if not len(found):
        raise InputError(f"{name} has no rows; pass at least one")
    found = np.asarray(found, dtype=np.float64)
    outside = ~((found >= 0) & (found <= 1))
    if outside.any():
        row, column = np.argwhere(outside)[0].tolist()
        raise InputError(f"{name} is {found[row, column]:g} in row {row}, column {column}; pass numbers from 0 to 1")
    total = found.sum(axis=1)
    row = int(abs(total - 1).argmax())
    if abs(total[row] - 1) > SUM_SLACK:
        raise InputError(f"{name} of row {row} sum to {total[row]:.6g}; pass one distribution a row, as predict_proba gives")
    return found


def _logarithms(values: Any, p: np.ndarray) -> np.ndarray:
    found = np.asarray(to_numpy(values), dtype=np.float64)
    if found.shape != p.shape:
        raise InputError(f"log_probabilities has shape {found.shape}, but probabilities has {p.shape}; pass one for each")
    with np.errstate(over="ignore"):
        off = ~(abs(np.exp(found) - p) <= SUM_SLACK)
    if off.any():
        row, column = np.argwhere(off)[0].tolist()
        where = f"in row {row}, column {column}"
        raise InputError(f"log_probabilities is {found[row, column]:g} {where}; pass the logarithm of {p[row, column]:g} there")
    return found


def weights_of(sample_weight: Any, p: np.ndarray) -> np.ndarray:
    """(n,) weights of the rows of p, checked."""
    weight = ArraySource(p, weight=sample_weight).weight
    assert weight is not None
    if not 1e-300 < weight.sum() < 1e300:
        raise InputError(f"sample_weight sums to {weight.sum():g}; make the sum positive and finite, from 1e-300 to 1e300")
    return weight


def codes_of(y: np.ndarray, labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """(n,) position of each label y among the classes; -1 for a label that is none of them in a row that does not count."""
    if y.ndim != 1:
        raise InputError(f"y must be one label a row, but has shape {y.shape}")
    positions = {label: k for k, label in enumerate(labels.tolist())}
    codes = np.array([positions.get(label, -1) for label in y.tolist()])
    unknown = (codes < 0) & kept
    if unknown.any():
        row = int(unknown.argmax())
        many = counted(int(unknown.sum()), "such row")
        raise InputError(f"y is {quoted(y[row])} in row {row} ({many}), but the classes are {listed(labels)}; correct or drop it")
    return codes


def listed(labels: np.ndarray) -> str:
    """The first labels and how many more there are, on one line."""
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return ", ".join(map(quoted, labels[:SHOWN])) + more


def quoted(label: Any) -> str:
    """A label as Python writes it, so that the text '1' and the number 1 differ."""
    return clip(repr(label.item() if isinstance(label, np.generic) else label), MAX_WIDTH)
