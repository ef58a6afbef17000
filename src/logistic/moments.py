"""Where columns lie and how far they spread: sums that merge block by block, without cancellation."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .backend import overflow_allowed
from .designs import Sparse, is_sparse

TINY = 1e-100  # numbers below this have no square
WIDE = 2**11  # numbers that are laid side by side
PIECE = 2**19  # numbers at a time, 4 MiB
FAR = 0.99  # share of the squares that may come from the distance of the middle from the mean
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


class Survey(NamedTuple):
    """Smallest and largest value of each column (p,), and its moments less ``middle``."""

    low: np.ndarray
    high: np.ndarray
    moments: Moments


def survey(X: np.ndarray, w: np.ndarray | None, middle: np.ndarray) -> Survey:
    """Of a dense X (n, p) with at least one row, while its rows are in cache; what overflows is not finite."""
    with overflow_allowed():
        if w is None and X.flags.c_contiguous and X.shape[1] > 0:
            return functools.reduce(_both, _pieces(X, middle))
        unit, weight = np.ones_like(middle), np.ones(len(X)) if w is None else w
        return Survey(_double(X.min(axis=0)), _double(X.max(axis=0)), of(X, weight, middle, unit))


def _both(a: Survey, b: Survey) -> Survey:
    return Survey(np.minimum(a.low, b.low), np.maximum(a.high, b.high), merged(a.moments, b.moments))


def _pieces(X: np.ndarray, middle: np.ndarray) -> Iterator[Survey]:
    """Several rows are laid side by side: a long row is what NumPy adds up, and compares, at the speed of memory."""
    p = X.shape[1]
    side = min(max(2 ** (WIDE // p).bit_length() // 2, 1), len(X))  # a power of two, as the rows of a block are a multiple of one
    step = max(PIECE // (side * p), 1) * side
    beside = np.tile(middle, side)
    room = np.empty(min(step, len(X)) * p)  # written again and again: new memory costs more than what is done in it
    for start in range(0, len(X), step):
        part = X[start : start + step]
        whole = len(part) // side * side
        if whole:
            yield _piece(part[:whole].reshape(-1, side * p), beside, p, room)
        if whole < len(part):
            yield _piece(part[whole:], middle, p, room)


def _piece(X: np.ndarray, middle: np.ndarray, p: int, room: np.ndarray) -> Survey:
    """Of rows (m, k p) that are k rows each."""
    count = X.size // p
    low, high, first, second = _sums(X, middle, p, room)
    mean = first / count
    central = second - first * mean
    if (first * mean > FAR * second).any():
        _, _, first, second = _sums(X, middle + np.tile(mean, X.shape[1] // p), p, room)
        central = second - first * (first / count)
    return Survey(low, high, Moments(float(count), mean, central))


def _sums(X: np.ndarray, middle: np.ndarray, p: int, room: np.ndarray) -> tuple[np.ndarray, ...]:
    """(p,) each: extremes, and sums of X - middle and of its squares; by compiled code where all is finite."""
    found = np.empty((4, X.shape[1]))
    done = kernels.compiled is not None and X.dtype == np.float64 and X.flags.aligned
    if done:
        kernels.compiled.survey_rows(X, middle, found)
        done = bool(np.isfinite(found[2]).all())
    if not done:
        found[0], found[1], u = X.min(axis=0), X.max(axis=0), np.subtract(X, middle, out=room[: X.size].reshape(X.shape))
        found[2], found[3] = u.sum(axis=0), np.einsum("ij,ij->j", u, u)
    low, high, first, second = found.reshape(4, -1, p)
    return low.min(axis=0), high.max(axis=0), first.sum(axis=0), second.sum(axis=0)


def _double(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


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
