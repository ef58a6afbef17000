"""What a report is made of: rows, what a model says of them, and how their columns are spread."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...backend import to_numpy
from ...designs import is_sparse
from ...encoding import Encoding
from ...errors import InputError
from ...inference.estimates import feature_names
from ...inference.rows import Rows, model_of, rows_of
from ...model import Model
from ...outcome import Status
from ..metrics import Metrics, judged
from ..tally import Tally

SAME = 1e-8  # relative difference of the log-likelihoods of the same rows
HUGE = 1e150
BLOCK = 2**21  # numbers
FEWEST = 8  # pixels of a side of an image
SERIES = re.compile(r"[^\d]*\d+([^\d]+\d+)?[^\d]*")  # names as pixels have them: x0, pixel_3_4


@dataclass(frozen=True, eq=False)
class Spread:
    """How the p columns of some rows are spread, with the weights of the rows.

    Attributes
    ----------
    mean, deviation, low, high : (p,) arrays
    common : (p,) array
        Share of the rows with the commonest value, where it is more than half of them; else NaN.
    binary : (p,) array of bool
        Whether all values are 0 or 1.
    """

    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    common: np.ndarray
    binary: np.ndarray

    @property
    def tame(self) -> np.ndarray:
        """(p,) whether float64 holds the squares of all values."""
        return np.asarray(np.maximum(abs(self.low), abs(self.high)) < HUGE)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Rows whose labels are known, beside a model; rows of weight zero are left out.

    Attributes
    ----------
    model : Model
        As it was fitted, with its formula if it has one.
    estimator : object or None
        That the model came from, which knows the course of its fit.
    rows : Rows
        Columns of the design, codes of the classes, weights.
    numbers : (n,) array
        How each row is called.
    given : int
        Rows before those of weight zero were left out.
    first : int
        From which the numbers count.
    remark : str
        Which of the rows the model learned from, where somebody knows.
    """

    model: Model
    estimator: Any
    rows: Rows
    numbers: np.ndarray
    given: int
    first: int = 0
    remark: str = ""

    @property
    def plain(self) -> Model:
        """The model of the columns of its design."""
        return self.rows.model

    @cached_property
    def labels(self) -> list[str]:
        """The classes as text."""
        return [str(label) for label in self.model.classes]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the design."""
        return feature_names(self.plain)

    @property
    def codes(self) -> np.ndarray:
        """(n,) positions of the true labels."""
        assert self.rows.y is not None
        return self.rows.y

    @property
    def weighted(self) -> bool:
        """Whether some row counts more or less than once."""
        return bool((self.rows.weight != 1).any())

    @cached_property
    def tally(self) -> Tally:
        """What the model says of the rows, as metrics and figures take it."""
        with np.errstate(over="ignore", invalid="ignore"):
            logits = to_numpy(self.plain.logits(self.rows.X, self.rows.offset))
        lost = ~np.isfinite(logits).all(axis=1)
        if lost.any():
            row = self.numbers[int(lost.argmax())]
            raise InputError(f"row {row} lies so far out that its logits are beyond what float64 can hold; rescale it, or drop it")
        p, logs = map(np.asarray, (self.plain.loss.probabilities(logits), self.plain.loss.log_probabilities(logits)))
        return Tally(self.codes, p, logs, self.rows.weight if self.weighted else None, self.rows.count)

    @cached_property
    def metrics(self) -> Metrics:
        """How good the predictions are."""
        return judged(self.model.classes, self.tally)

    @cached_property
    def predicted(self) -> np.ndarray:
        """(n,) positions of the likeliest classes."""
        return np.asarray(self.tally.p.argmax(axis=1))

    @cached_property
    def losses(self) -> np.ndarray:
        """(n,) of each row minus the logarithm of the probability of its label."""
        assert self.tally.logs is not None
        return np.asarray(-self.tally.logs[np.arange(self.rows.count), self.codes])

    @cached_property
    def effective(self) -> float:
        """What the observations are worth where they weigh differently: (sum of weights)² / sum of squared weights."""
        share = self.rows.weight / self.rows.weight.sum()
        return float(1 / (share**2 / self.rows.frequency).sum())

    @property
    def flattering(self) -> bool:
        """Whether the model learned from some of these rows, as far as anybody knows."""
        return bool(self.remark) or self.learned_from

    @cached_property
    def learned_from(self) -> bool:
        """Whether these are the rows and weights of the fit, as far as their fingerprint and, if it is known, likelihood tell."""
        if self.model.fingerprint != self._fingerprint:
            return False
        statistics = self.model.statistics
        found = -float(self.rows.weight @ self.losses)
        return statistics is None or math.isclose(found, statistics.log_likelihood, rel_tol=SAME, abs_tol=SAME)

    @property
    def _fingerprint(self) -> str:
        """Of these rows, had the model been fitted to them without class weights."""
        spread, weight = self.spread, self.rows.weight
        mean, deviation = spread.mean, spread.deviation
        if not self.model.fit_intercept:
            mean, deviation = np.zeros(len(mean)), np.hypot(mean, deviation)
        totals = np.bincount(self.codes, weight, len(self.labels))
        ends, total = (spread.low, spread.high), float(weight.sum())
        return Encoding(self.model.classes, None, deviation, mean, deviation, *ends, totals, total, 0.0).fingerprint(self.given)

    @property
    def likeliest(self) -> bool:
        """Whether these are the rows of the fit, and it found a maximum of their likelihood, perhaps with Firth's term."""
        status = self.model.certificate.status
        return self.learned_from and self.model.penalty.alpha == 0 and (status.certified or status is Status.RANK_DEFICIENT)

    @cached_property
    def spread(self) -> Spread:
        """Of the columns of the design."""
        return _spread_sparse(self.rows) if is_sparse(self.rows.X) else _spread(self.rows)

    @cached_property
    def steps(self) -> np.ndarray:
        """(p,) the change of each column for which coefficients are drawn: its deviation, or one where that says nothing."""
        spread = self.spread
        return np.where(spread.binary | ~(spread.deviation > 0) | ~spread.tame, 1.0, spread.deviation)

    @cached_property
    def sizes(self) -> np.ndarray:
        """(p,) of each column the largest change of log-odds that a standard deviation makes, by which columns are ranked."""
        coef = self.plain.coef
        across = abs(coef[0]) if len(coef) == 1 else coef.max(axis=0) - coef.min(axis=0)
        return np.asarray(across * self.spread.deviation)

    @cached_property
    def strongest(self) -> np.ndarray:
        """(p,) positions of the columns, strongest first."""
        return np.asarray(np.argsort(-np.nan_to_num(self.sizes), kind="stable"))

    @cached_property
    def drawable(self) -> list[int]:
        """Positions of the columns whose values say more in a figure than in a table, strongest first."""
        return [int(j) for j in self.strongest if self.spread.tame[j] and not self.spread.binary[j]]

    @cached_property
    def pixels(self) -> bool:
        """Whether the columns look like a square image: enough of them, numbered, and on one scale from zero."""
        p, spread = len(self.names), self.spread
        side = math.isqrt(p)
        if side * side != p or side < FEWEST or self.model.recipe is not None:
            return False
        top = spread.high.max()
        numbered = all(SERIES.fullmatch(name) for name in self.names)
        return bool(numbered and spread.low.min() >= 0 and top > 0 and np.mean(spread.high >= 0.5 * top) >= 0.25)

    def dense(self, at: np.ndarray) -> np.ndarray:
        """(m, p) the columns of the design for a few rows."""
        found = self.rows.X[at]
        return np.asarray(found.toarray() if is_sparse(found) else found, dtype=np.float64)

    def values(self, at: np.ndarray, most: int) -> dict[str, np.ndarray]:
        """By name the columns of the data for a few rows; of many columns the strongest ones."""
        recipe, data = self.model.recipe, self.rows.data
        if recipe is not None and data is not None:
            return {name: data[name].values[at] for name in recipe.columns[:most]}
        found = self.dense(at)
        return {} if self.pixels else {self.names[j]: found[:, j] for j in self.strongest[:most]}

    def place(self, number: Any) -> int:
        """Where the row of this number is.

        Raises
        ------
        InputError
        """
        whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
        found = np.flatnonzero(self.numbers == number) if whole else np.zeros(0)
        if not len(found):
            span = f"{self.numbers[0]} to {self.numbers[-1]}"
            raise InputError(f"row {number!r:.60} is none of the {self.rows.count:,} rows of the report, which are from {span}")
        return int(found[0])


def evidence(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    offset: Any = None,
    freq_weights: Any = None,
    numbers: np.ndarray | None = None,
) -> Evidence:
    """Rows beside a model, checked.

    Parameters
    ----------
    model : Model or fitted estimator
    X : (n, p) array, sparse matrix, data frame or tensor
    y : (n,) labels
    sample_weight, offset, freq_weights : (n,), optional
    numbers : (n,) array, optional
        How each row is called, of those of a file counted from 1; by default from 0 on.

    Raises
    ------
    InputError
        Naming the argument, row or column that cannot be used.
    """
    rows = rows_of(model, X, y, sample_weight, offset, labelled=True, freq_weights=freq_weights)
    if rows.y is None or rows.y.ndim != 1:
        raise InputError("y holds distributions; a report needs one label a row")
    kept = rows.weight * rows.frequency > 0
    first, numbers = (0, np.arange(rows.count)) if numbers is None else (1, numbers)
    fitted = model_of(model)
    known = None if model is fitted or getattr(model, "model_", None) is not fitted else model
    return Evidence(fitted, known, rows.weighed(), numbers if kept.all() else numbers[kept], rows.count, first)


def _spread(rows: Rows) -> Spread:
    n, p = rows.X.shape
    share = rows.weight / rows.weight.sum()
    size = max(BLOCK // p, 16)
    low, high, binary = np.full(p, np.inf), np.full(p, -np.inf), np.ones(p, dtype=bool)
    for _, X in rows.blocks(size):
        np.minimum(low, X.min(axis=0), out=low)
        np.maximum(high, X.max(axis=0), out=high)
        binary &= ((X == 0) | (X == 1)).all(axis=0)
    unit = np.maximum(abs(low), abs(high))
    unit[unit == 0] = 1.0  # in units of the largest, no square is beyond what float64 can hold
    first = np.asarray(rows.X[0], dtype=np.float64) / unit
    mean, square = np.zeros((2, p))
    for part, X in rows.blocks(size):
        mean += share[part] @ (X / unit - first)
    mean += first
    for part, X in rows.blocks(size):
        square += share[part] @ (X / unit - mean) ** 2
    mean, deviation = mean * unit, np.where(low == high, 0.0, np.sqrt(square) * unit)
    common = np.empty(p)
    for j in range(p):  # what more than half of all rows have is their median
        column = np.ascontiguousarray(rows.X[:, j])
        middle = np.partition(column, n // 2)[n // 2]
        common[j] = np.mean(column == middle)
    common[common <= 0.5] = math.nan
    return Spread(mean, deviation, low, high, common, binary)


def _spread_sparse(rows: Rows) -> Spread:
    X, n = rows.X, rows.X.shape[0]
    share = rows.weight / rows.weight.sum()
    low, high = (np.asarray(ends.toarray(), dtype=np.float64).ravel() for ends in (X.min(axis=0), X.max(axis=0)))
    mean, squares = (np.asarray(share @ part, dtype=np.float64).ravel() for part in (X, X.multiply(X)))
    zeros = 1 - np.bincount(X.indices[X.data != 0], minlength=X.shape[1]) / n
    ones = np.bincount(X.indices[X.data == 1], minlength=X.shape[1]) / n
    deviation = np.where(low == high, 0.0, np.sqrt(np.maximum(squares - mean**2, 0)))
    return Spread(mean, deviation, low, high, np.where(zeros > 0.5, zeros, math.nan), zeros + ones == 1)
