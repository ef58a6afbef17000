"""What is learned from the rows before any fit: the classes, and where each column lies and how far it spreads.

Everything is learned from statistics that merge block by block, and becomes plain data that turns raw rows into encoded blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .backend import EPS
from .contracts import Block, Design, Executor, RawBlock
from .designs import Dense, Intercept, Scaled, Sparse, is_sparse
from .errors import InputError

SPARSE_RANGE = 1e150  # sparse columns are multiplied as they are, so their squares must stay finite


@dataclass(frozen=True)
class Encoding:
    """Labels and columns, as learned.

    Attributes
    ----------
    classes : (K,) array
        The labels, sorted; any one type that NumPy sorts.
    center : (p,) array or None
        Weighted means, subtracted inside; None where nothing is centred (sparse data, or no intercept).
    spread : (p,) array
        Weighted standard deviation (root mean square where nothing is centred); 0 for a constant column.
    reach : (p,) array
        Largest absolute value.
    total : float
        Sum of the weights.
    rounding : float
        Relative rounding unit of the numbers as stored.
    """

    classes: np.ndarray
    center: np.ndarray | None
    spread: np.ndarray
    reach: np.ndarray
    total: float
    rounding: float

    def block(self, raw: RawBlock, scale: np.ndarray, intercept: bool) -> Block:
        """Encoded rows; rows of weight zero are left out, as if they were absent."""
        X: Design = Sparse(raw.X) if is_sparse(raw.X) else Dense(raw.X)
        y, weight, offset = raw.y, raw.weight, raw.offset
        if weight is not None and not (weight > 0).all():
            kept = np.flatnonzero(weight > 0)
            X, y, weight = X.take(kept), y[kept], weight[kept]
            offset = None if offset is None else offset[kept]
        X = Scaled(X, self.center, scale)
        if intercept:
            X = Intercept(X)
        codes = self.codes(y) if y.ndim == 1 else np.asarray(y, dtype=np.float64)
        weight = np.broadcast_to(np.ones(1), len(codes)) if weight is None else weight  # ones that take no memory
        return Block(X, codes, weight, _column(offset, 1 if len(self.classes) == 2 else len(self.classes)))

    def codes(self, labels: Any) -> np.ndarray:
        """Position of each label among the classes, in the smallest integer type that holds them."""
        small = np.min_scalar_type(-len(self.classes))
        return np.asarray(np.searchsorted(self.classes, labels), dtype=small)


class _Extremes(NamedTuple):
    low: np.ndarray
    high: np.ndarray
    classes: np.ndarray
    total: float


class _Moments(NamedTuple):
    total: float
    mean: np.ndarray
    central: np.ndarray  # weighted sum of squares about the mean


def learn(executor: Executor, handles: list[Any], centred: bool) -> Encoding:
    """Two passes over raw blocks: extremes, then moments relative to them, so that no range of numbers overflows or cancels.

    Parameters
    ----------
    executor : Executor
    handles : list
        Of raw blocks.
    centred : bool
        Whether dense columns are centred (there is an intercept).

    Raises
    ------
    InputError
        If fewer than two classes carry weight, or a sparse column is too large to square.
    """
    parts = [part for part in executor.map(_extremes, handles) if part is not None]
    if not parts:
        raise InputError("no row has a positive weight; at least one of sample_weight must be above 0")
    low, high = np.min([part.low for part in parts], axis=0), np.max([part.high for part in parts], axis=0)
    total = float(sum(part.total for part in parts))
    if not 1e-300 < total < 1e300:
        raise InputError(f"sample_weight sums to {total:g}, beyond what float64 can share out; rescale the weights")
    classes = _union([part.classes for part in parts])
    if classes.dtype.kind == "f" and (classes != np.round(classes)).any():
        odd = classes[classes != np.round(classes)][0]
        raise InputError(f"y holds {odd:g}, which is no label; for classes use whole numbers, text or booleans")
    if len(classes) < 2:
        raise InputError(f"y holds a single class, {classes[:1].tolist()[0]!r}; at least two are needed to tell apart")
    first_raw = next(raw for raw in executor.map(_storage, handles[:1]))
    reach = np.maximum(abs(low), abs(high))
    if first_raw.sparse and reach.size and reach.max() > SPARSE_RANGE:
        raise InputError(f"column {int(reach.argmax())} of X reaches {reach.max():.1e}; rescale it below {SPARSE_RANGE:g}")
    centred = centred and not first_raw.sparse
    middle = low / 2 + high / 2 if centred else np.zeros_like(low)
    half = high / 2 - low / 2 if centred else reach
    unit = np.where(half > 0, half, 1.0)
    moments = executor.map_merge(_moments, handles, _add, middle, unit)
    variance = moments.central / total
    if not centred:
        return Encoding(classes, None, unit * np.sqrt(variance + moments.mean**2), reach, total, first_raw.rounding)
    spread = unit * np.sqrt(variance) * (half > 0)
    return Encoding(classes, middle + unit * moments.mean, spread, reach, total, first_raw.rounding)


def scales(encoding: Encoding, pull: np.ndarray, classes: int) -> np.ndarray:
    """(p,) divisors that bring every column's curvature, penalty included, to that of a standardised column.

    The loss curves at most like h spread² with h = (1 - 1/K) / K at equal probabilities, the penalty like ``pull`` squared.
    """
    curvature = (1 - 1 / classes) / classes
    root = np.hypot(encoding.spread, pull / curvature**0.5)
    return np.asarray(np.where(root > 0, root, 1.0))


def resolution(encoding: Encoding, scale: np.ndarray) -> np.ndarray:
    """(p,) rounding of the stored numbers in the scaled columns."""
    return np.asarray(encoding.rounding * encoding.reach / scale)


# ------------------------------------------------------------------------------------------------------------ on one block


class _Storage(NamedTuple):
    sparse: bool
    rounding: float


def _storage(raw: RawBlock) -> _Storage:
    dtype = raw.X.dtype
    return _Storage(is_sparse(raw.X), float(np.finfo(dtype).eps) if dtype.kind == "f" else EPS)


def _extremes(raw: RawBlock) -> _Extremes | None:
    X, y, weight, _ = _positive(raw)
    if y is None:
        raise InputError("y is missing; pass one label for each row of X")
    if X.shape[0] == 0:
        return None
    if is_sparse(X):
        low, high = (np.asarray(f(axis=0).toarray(), dtype=np.float64).ravel() for f in (X.min, X.max))
    else:
        low, high = np.asarray(X.min(axis=0), dtype=np.float64), np.asarray(X.max(axis=0), dtype=np.float64)
    found = _union([y]) if y.ndim == 1 else np.arange(y.shape[1])
    return _Extremes(low, high, found, float(X.shape[0]) if weight is None else float(weight.sum()))


def _moments(raw: RawBlock, middle: np.ndarray, unit: np.ndarray) -> _Moments:
    X, _, weight, _ = _positive(raw)
    w = np.ones(X.shape[0]) if weight is None else weight
    total = float(w.sum())
    if total == 0:
        return _Moments(0.0, np.zeros(len(unit)), np.zeros(len(unit)))
    if is_sparse(X):
        from scipy.sparse import csr_array

        values = X.data / unit[X.indices]
        first, second = (csr_array((v, X.indices, X.indptr), shape=X.shape).T @ w for v in (values, values**2))
        return _Moments(total, first / total, second - total * (first / total) ** 2)
    u = (X - middle) / unit
    mean = w @ u / total
    u -= mean
    return _Moments(total, mean, w @ (u * u))


def _add(a: _Moments, b: _Moments) -> _Moments:
    """Chan, Golub and LeVeque (1983): moments of both blocks without cancellation."""
    total = a.total + b.total
    if total == 0:
        return a
    apart = b.mean - a.mean
    central = a.central + b.central + apart**2 * (a.total * b.total / total)
    return _Moments(total, a.mean + apart * (b.total / total), central)


def _positive(raw: RawBlock) -> RawBlock:
    """The rows that count."""
    if raw.weight is None or (raw.weight > 0).all():
        return raw
    kept = np.flatnonzero(raw.weight > 0)
    return RawBlock(raw.X[kept], None if raw.y is None else raw.y[kept], raw.weight[kept], None)


def _union(parts: list[np.ndarray]) -> np.ndarray:
    joined = np.concatenate(parts)
    if joined.dtype.kind == "O":
        kinds = sorted({type(label).__name__ for label in joined})
        if len(kinds) > 1:
            raise InputError(f"y mixes labels of type {' and '.join(kinds)}; make them all one type")
    labels = np.unique(joined)
    return np.asarray(labels.tolist()) if labels.dtype.kind == "U" else labels  # text no wider than its longest label


def _column(offset: Any, logits: int) -> np.ndarray | None:
    if offset is None:
        return None
    offset = np.asarray(offset, dtype=np.float64)
    column: np.ndarray = offset[:, None] if offset.ndim == 1 else offset
    if column.shape[1] != logits:
        raise InputError(f"offset has {column.shape[1]} columns, but a row has {logits} logits; pass one column for each")
    return column
