"""What is learned from the rows before any fit: the classes, and where each column lies and how far it spreads.

Everything is learned from statistics that merge block by block, and becomes plain data that turns raw rows into encoded blocks.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .backend import EPS
from .contracts import Block, Design, Executor, RawBlock
from .designs import Dense, Intercept, Scaled, Sparse, column_range, is_sparse
from .errors import InputError
from .moments import Moments, merged, of as moments_of, survey

GOLDEN = (3 - 5**0.5) / 2  # where roundings are cut: no mean or deviation of tidy numbers falls there
SOLID = 2**19  # numbers up to which a block that stands alone is copied, 4 MiB
TAME = 1e100  # numbers below this, with ranges above its inverse, are squared and summed as they are, relative to a row
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
    mean, deviation : (p,) array
        Weighted mean and standard deviation with an intercept, whatever is centred inside; 0 and the root mean square without.
    low, high : (p,) array
        Smallest and largest value.
    class_totals : (K,) array
        Sum of the weights of each class, class weights left out.
    total : float
        Sum of the weights, class weights included.
    rounding : float
        Relative rounding unit of the numbers as stored.
    class_weight : (K,) array or None
        Multiplies the weight of the rows of each class.
    """

    classes: np.ndarray
    center: np.ndarray | None
    spread: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    class_totals: np.ndarray
    total: float
    rounding: float
    class_weight: np.ndarray | None = None

    @property
    def reach(self) -> np.ndarray:
        """(p,) largest absolute value."""
        return np.asarray(np.maximum(abs(self.low), abs(self.high)))

    def fingerprint(self, rows: int) -> str:
        """16 hexadecimal digits by which the same rows are known again, in any order and cut into any blocks.

        Made of the number of rows, columns and classes, the total weight, the share of each class, and the range, mean and
        deviation of each column, as the fit saw them: other weights, class weights, or a fit without an intercept give another.
        Sums are rounded to about six digits, so that their order cannot show; two sets that differ in less have the same.

        Parameters
        ----------
        rows : int
        """
        unit = np.where(self.reach > 0, self.reach, 1.0)
        shares = self.class_totals / self.class_totals.sum()
        sums = np.concatenate([np.log2([self.total]), self.mean / unit, self.deviation / unit]) * 2.0**20
        counts = np.array([rows, len(self.mean), len(shares)])
        rounded = np.floor(np.concatenate([sums, shares * 2.0**26]) + GOLDEN)
        found = hashlib.sha256(np.concatenate([counts, rounded]).astype("<i8").tobytes())
        found.update((np.concatenate([self.low, self.high]) + 0.0).astype("<f8").tobytes())  # + 0 makes -0 to 0
        return found.hexdigest()[:16]

    def block(self, raw: RawBlock, scale: np.ndarray, intercept: bool, solid: int = 0) -> Block:
        """Encoded rows; rows of weight zero are left out, as if absent. At most ``solid`` dense numbers become one array."""
        raw = counted(raw)
        X: Design
        if not is_sparse(raw.X) and raw.X.size <= solid:
            X = _solid(raw.X, self.center, scale, intercept)
        else:
            X = Scaled(Sparse(raw.X) if is_sparse(raw.X) else Dense(raw.X), self.center, scale)
            X = Intercept(X) if intercept else X
        codes = self.codes(raw.y) if raw.y.ndim == 1 else np.asarray(raw.y, dtype=np.float64)
        weight = self.row_weights(raw)
        weight = np.broadcast_to(np.ones(1), len(codes)) if weight is None else weight  # ones that take no memory
        return Block(X, codes, weight, _column(raw.offset, 1 if len(self.classes) == 2 else len(self.classes)))

    def codes(self, labels: Any) -> np.ndarray:
        """Position of each label among the classes, in the smallest integer type that holds them."""
        small = np.min_scalar_type(-len(self.classes))
        return np.asarray(np.searchsorted(self.classes, labels), dtype=small)

    def row_weights(self, raw: RawBlock) -> np.ndarray | None:
        """Weights of the rows times those of their classes; None for all ones."""
        return _row_weights(raw.y, raw.weight, self.classes, self.class_weight)

    def merged(self, other: Encoding) -> Encoding:
        """What was learned from these rows and others of the same classes together, without cancellation."""
        total = self.total + other.total
        ours, theirs = self.total / total, other.total / total
        apart = other.mean - self.mean
        mean = self.mean + theirs * apart
        spread, deviation = (
            np.hypot(ours**0.5 * a, theirs**0.5 * b) for a, b in ((self.spread, other.spread), (self.deviation, other.deviation))
        )
        deviation = np.hypot(deviation, (ours * theirs) ** 0.5 * apart)
        return replace(
            self,
            center=None if self.center is None else mean,
            spread=spread if self.center is None else deviation,
            mean=mean,
            deviation=deviation,
            low=np.minimum(self.low, other.low),
            high=np.maximum(self.high, other.high),
            class_totals=self.class_totals + other.class_totals,
            total=total,
            rounding=max(self.rounding, other.rounding),
        )


class _Extremes(NamedTuple):
    low: np.ndarray
    high: np.ndarray
    classes: np.ndarray
    weights: np.ndarray  # of each of these classes
    soft: bool
    moments: Moments | None  # where they were taken at once


def learn(
    executor: Executor,
    handles: list[Any],
    centred: bool,
    class_weight: Any = None,
    classes: np.ndarray | None = None,
    refuse: Callable[[], None] | None = None,
) -> Encoding:
    """One pass over raw blocks for extremes and for moments relative to a row, so that they do not cancel.

    Where squares would overflow, or weights depend on what the labels are, another pass takes the moments.

    Parameters
    ----------
    executor : Executor
    handles : list
        Of raw blocks.
    centred : bool
        Whether dense columns are centred (there is an intercept).
    class_weight : dict or "balanced", optional
        The weight of each label, 1 for labels not in it; ``balanced`` gives every class the same total weight.
    classes : (K,) array, optional
        All labels, where they are known before; these rows need not hold all of them.
    refuse : callable, optional
        Called where numbers of dense rows are not finite; raises its own error.

    Raises
    ------
    InputError
        If there are fewer than two classes, one of them has no weight, or a sparse column is too large to square.
    """
    first = next((row for row in executor.map(_first, handles, centred) if row is not None), None)
    parts = executor.map(_extremes, handles, first if class_weight is None else None)
    low, high = np.minimum.reduce([part.low for part in parts]), np.maximum.reduce([part.high for part in parts])
    if refuse is not None and not all(np.isfinite([part.low, part.high]).all() for part in parts if part.weights.any()):
        refuse()
    whole = classes is None
    if classes is None:
        classes = parts[0].classes if len(parts) == 1 else union([part.classes for part in parts])
    each = np.zeros(len(classes))
    for part in parts:
        each[np.searchsorted(classes, part.classes)] += part.weights
    total = float(each.sum())
    if total == 0:
        raise InputError("no row has a positive weight; at least one of sample_weight must be above zero")
    if not 1e-300 < total < 1e300:
        raise InputError(f"sample_weight sums to {total:g}, beyond what float64 can share out; rescale the weights")
    if whole and (not parts[0].soft or len(classes) < 2):
        _check_classes(classes, each)
    per_class = _class_weight(class_weight, classes, each)
    if per_class is not None:
        total = float(each @ per_class)
    first_raw = next(raw for raw in executor.map(_storage, handles[:1]))
    reach = np.maximum(abs(low), abs(high))
    if first_raw.sparse and reach.size and reach.max() > SPARSE_RANGE:
        raise InputError(f"column {int(reach.argmax())} of X reaches {reach.max():.1e}; rescale it below {SPARSE_RANGE:g}")
    if whole and centred and parts[0].soft and not each.all():
        k = int((each == 0).argmax())
        raise InputError(f"class {k} has probability 0 in every row, so its intercept has no finite value; drop its column of y")
    intercept, centred = centred, centred and not first_raw.sparse
    middle = low / 2 + high / 2 if centred else np.zeros_like(low)
    half = high / 2 - low / 2 if centred else reach
    unit, taken = np.where(half > 0, half, 1.0), list[Moments]()
    if len(unit) and unit.min() > 1 / TAME and reach.max() < TAME:
        middle, unit = middle if first is None else first, np.ones_like(unit)
        taken = [part.moments for part in parts if part.moments is not None]
    found = functools.reduce(merged, taken) if taken else None
    if found is None:
        found = executor.map_merge(_moments, handles, merged, middle, unit, classes, per_class)
    variance = np.where(half > 0, found.central / total, 0.0)
    mean, deviation = middle + unit * found.mean, unit * np.sqrt(np.maximum(variance, 0))
    seen = (low, high, each, total, first_raw.rounding, per_class)
    if centred:
        return Encoding(classes, mean, deviation, mean, deviation, *seen)
    spread = unit * np.sqrt(np.maximum(variance, 0) + found.mean**2)
    if not intercept:
        mean, deviation = np.zeros_like(mean), spread
    deviation = np.where((low == high) & intercept, 0.0, deviation)  # sums of squares leave noise on a constant column
    return Encoding(classes, None, spread, mean, deviation, *seen)


def refuse_unknown(classes: np.ndarray, y: np.ndarray, name: str, first: int = 0) -> None:
    """An error that names the first label of ``y``, rows from ``first`` on, that is none of the classes.

    Raises
    ------
    InputError
        Also where distributions are over another number of classes.
    """
    if y.ndim == 2:
        if y.shape[1] != len(classes):
            raise InputError(f"{name} has {y.shape[1]} columns, but there are {len(classes)} classes")
        return
    known = dict.fromkeys(classes.tolist())
    for row, label in enumerate(y.tolist(), start=first):
        if label not in known:
            raise InputError(f"{name} holds {label!r:.60} in row {row}, which is none of the classes {list(known)!r:.200}")


def _check_classes(classes: np.ndarray, each: np.ndarray) -> None:
    """At least two labels, and weight on each."""
    present = classes[each > 0]
    if present.dtype.kind == "f" and (present != np.round(present)).any():
        odd = present[present != np.round(present)][0]
        raise InputError(f"Unknown label type: y holds {odd:g}, which is no label; for classes use whole numbers, text or booleans")
    if len(present) < len(classes):
        raise InputError(f"class {classes[each == 0].tolist()[0]!r} has weight 0 in every row; drop its rows, or give them weight")
    if len(present) < 2:
        raise InputError(f"y holds only 1 class, {present[:1].tolist()[0]!r}; at least two are needed to tell apart")


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


def _first(raw: RawBlock, centred: bool) -> np.ndarray | None:
    """From where the numbers of a dense block are summed: its first row that counts, or zero."""
    X = counted(raw).X
    if is_sparse(X) or X.shape[0] == 0:
        return None
    return np.asarray(X[0] if centred else np.zeros(X.shape[1]), dtype=np.float64)


def _extremes(raw: RawBlock, middle: np.ndarray | None) -> _Extremes:
    """The moments besides, where a ``middle`` is given."""
    if raw.y is None:
        raise InputError("y is missing; pass one label for each row of X")
    labels = union([raw.y]) if raw.y.ndim == 1 else np.arange(raw.y.shape[1])
    X, y, weight, *_ = counted(raw)
    w = np.ones(X.shape[0]) if weight is None else weight
    moments = None
    if X.shape[0] == 0:
        low, high = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
    elif is_sparse(X):
        low, high = column_range(X)
    elif middle is None:
        low, high = np.asarray(X.min(axis=0), dtype=np.float64), np.asarray(X.max(axis=0), dtype=np.float64)
    else:
        low, high, moments = survey(X, weight, middle)
    each = np.bincount(np.searchsorted(labels, y), w, len(labels)) if y.ndim == 1 else w @ y
    return _Extremes(low, high, labels, each, y.ndim == 2, moments)


def _moments(raw: RawBlock, middle: np.ndarray, unit: np.ndarray, classes: np.ndarray, class_weight: np.ndarray | None) -> Moments:
    X, y, weight, *_ = counted(raw)
    weight = _row_weights(y, weight, classes, class_weight)
    w = np.ones(X.shape[0]) if weight is None else weight
    return moments_of(X, w, middle, unit)


def _row_weights(y: Any, weight: Any, classes: np.ndarray, class_weight: np.ndarray | None) -> np.ndarray | None:
    if class_weight is None:
        return None if weight is None else np.asarray(weight)
    if y.ndim == 2:
        raise InputError("class_weight weighs labels, but y holds distributions over the classes; weigh rows by sample_weight")
    per_row: np.ndarray = class_weight[np.searchsorted(classes, y)]
    return per_row if weight is None else weight * per_row


def _class_weight(chosen: Any, classes: np.ndarray, each: np.ndarray) -> np.ndarray | None:
    """(K,) weights of the classes, whose rows weigh ``each`` in sum."""
    if chosen is None:
        return None
    if isinstance(chosen, str) and chosen == "balanced":
        return np.asarray(each.sum() / (len(classes) * each))
    if not isinstance(chosen, Mapping):
        raise InputError(f"class_weight must be 'balanced', a dict of label: weight, or None, but is {chosen!r}")
    labels = classes.tolist()
    unknown = [label for label in chosen if label not in labels]
    missing = [label for label in labels if label not in chosen]
    if unknown and missing:
        raise InputError(f"class_weight names {unknown[0]!r}, which is none of the classes {labels!r:.200}")
    weights = [chosen.get(label, 1.0) for label in labels]
    for label, weight in zip(labels, weights, strict=True):
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.number) or not 0 < weight < np.inf:
            raise InputError(f"class_weight of {label!r} must be a finite number above 0, but is {weight!r}")
    return np.asarray(weights, dtype=np.float64)


def counted(raw: RawBlock) -> RawBlock:
    """The rows that count: those of positive weight."""
    if raw.weight is None or (raw.weight > 0).all():
        return raw
    kept = np.flatnonzero(raw.weight > 0)
    return RawBlock(*(None if values is None else values[kept] for values in raw))


def union(parts: list[np.ndarray]) -> np.ndarray:
    """All labels that occur, sorted.

    Raises
    ------
    InputError
        If they are of several types.
    """
    joined = np.concatenate(parts)
    if joined.dtype.kind == "O":
        kinds = sorted({type(label).__name__ for label in joined})
        if len(kinds) > 1:
            raise InputError(f"y mixes labels of type {' and '.join(kinds)}; make them all one type")
    labels = np.unique(joined)
    return np.asarray(labels.tolist()) if labels.dtype.kind == "U" else labels  # text no wider than its longest label


def _solid(X: np.ndarray, center: np.ndarray | None, scale: np.ndarray, intercept: bool) -> Dense:
    """Columns centred and divided, and the ones, in an array of their own: a product is a single call then."""
    found = np.empty((X.shape[0], X.shape[1] + intercept))
    columns = found[:, : X.shape[1]]
    found[:, X.shape[1] :] = 1.0
    if center is None:
        np.divide(X, scale, out=columns)
    else:
        np.subtract(X, center, out=columns)
        columns /= scale
    return Dense(found)


def _column(offset: Any, logits: int) -> np.ndarray | None:
    if offset is None:
        return None
    offset = np.asarray(offset, dtype=np.float64)
    column: np.ndarray = offset[:, None] if offset.ndim == 1 else offset
    if column.shape[1] != logits:
        raise InputError(f"offset has {column.shape[1]} columns, but a row has {logits} logits; pass one column for each")
    return column
