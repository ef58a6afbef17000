"""Where columns lie and how far they spread: sums that merge block by block, without cancellation."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from .designs import Sparse, is_sparse

TINY = 1e-100  # numbers below this have no square
CACHED = 2**16  # numbers that stay in a core's cache while their moments are taken


class Moments(NamedTuple):
    """Sum of the weights, and of each column (p,) the mean and the weighted sum of squares about it."""

    total: float
    mean: np.ndarray
    central: np.ndarray


def of(X: Any, w: np.ndarray, middle: np.ndarray, unit: np.ndarray) -> Moments:
    """Of the columns of (X - middle) / unit, dense or sparse (n, p), with weights w (n,)."""
    total = float(w.sum())
    if total == 0:
        return Moments(0.0, np.zeros(len(unit)), np.zeros(len(unit)))
    if is_sparse(X):
        first, second = _sparse_sums(X, w, unit)
        return Moments(total, first / total, second - total * (first / total) ** 2)
    step = max(CACHED // max(X.shape[1], 1), 1)
    parts = (_dense(X[i : i + step], w[i : i + step], middle, unit) for i in range(0, X.shape[0], step))
    return functools.reduce(merged, parts)


def merged(a: Moments, b: Moments) -> Moments:
    """Chan, Golub and LeVeque (1983): moments of both blocks without cancellation."""
    total = a.total + b.total
    if total == 0:
        return a
    apart = b.mean - a.mean
    central = a.central + b.central + apart**2 * (a.total * b.total / total)
    return Moments(total, a.mean + apart * (b.total / total), central)


def _dense(X: np.ndarray, w: np.ndarray, middle: np.ndarray, unit: np.ndarray) -> Moments:
    total = float(w.sum())
    u = X - middle  # in place from here on: memory is what takes the time
    if (unit != 1).any():
        u /= unit
    u -= (mean := w @ u / total)
    u *= u
    return Moments(total, mean, w @ u)


def _sparse_sums(X: Any, w: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(p,) weighted sums of the columns over ``unit``, and of their squares; numbers are divided only where squares need it."""
    if (unit < TINY).any():
        X = X.astype(np.float64)
        X.data /= unit[X.indices]
        unit = np.ones(len(unit))
    design = Sparse(X)
    return design.rmatmul(w[:, None])[:, 0] / unit, design.squared().rmatmul(w[:, None])[:, 0] / unit**2
