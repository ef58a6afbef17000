"""Whether probabilities mean what they say: the Hosmer-Lemeshow test, and the calibration intercept and slope."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..loss import Binary
from ..outcome import Status
from . import tails
from .diagnostics import targets
from .record import Record, texts
from .rows import Rows, rows_of
from .table import check_level

FEW = 5  # expected rows of a cell below which the chi-squared distribution is a rough guide
DIGITS = 12  # of probabilities, so that rounding does not part equal rows
STEPS = 200  # of Newton's method for two coefficients
HUGE = 1e150  # log-odds whose square float64 cannot hold
EXTREME = "the log-odds of these rows are so extreme that no calibration can be told; look for huge numbers in X"
SMALL = 1e-24  # a decrement of the mean loss that is rounding


@dataclass(frozen=True, eq=False, repr=False)
class GroupedTest(Record):
    """Observed and expected counts by groups of rows, and their test.

    Attributes
    ----------
    statistic : float
    df : int
    p, log_p : float
    """

    statistic: float
    df: int
    p: float
    log_p: float


def hosmer_lemeshow(model: Any, X: Any, y: Any, groups: int = 10, *, offset: Any = None) -> GroupedTest:
    """Test of Hosmer and Lemeshow: rows are grouped by their probability, and the classes counted in each group.

    The statistic is the sum over groups and classes of (observed - expected)² / expected, with (groups - 2) (K - 1) degrees of
    freedom for the rows of the fit (Hosmer and Lemeshow 1980, Communications in Statistics A9). Groups are cut at the quantiles of
    the probability of not being in the first class, as Stata does; for more than two classes that is the test of Fagerland, Hosmer
    and Bofin (2008, Statistics in Medicine 27).

    Its verdict hangs on things that are nobody's business: other numbers of groups, and other ways to treat rows of equal
    probability, give other p-values, so programs differ (Hosmer, Hosmer, le Cessie and Lemeshow 1997, Statistics in Medicine 16).
    Here equal probabilities stay in one group, so that the order of the rows does not matter; there may be fewer groups then, and
    the degrees of freedom follow. It has little power against a missing interaction or square, and with very many rows it rejects
    models that are good enough. A calibration curve, or :func:`calibration` on new rows, says more.

    Parameters
    ----------
    model : Model or fitted LogisticRegression
    X : (n, p) array, sparse matrix or data frame
        The rows of the fit.
    y : (n,) labels
        One row an observation: grouped rows have to be written out.
    groups : int, default=10
        At least 3.
    offset : (n,) or (n, M), optional
        As in the fit.

    Returns
    -------
    GroupedTest
        A row of ``table`` a group: how many rows, the range of the probability of not being in the first class, and for each class
        how many rows were ``observed`` and ``expected``.

    Raises
    ------
    InputError
        Where the probabilities do not make three groups; naming the argument, row or column that cannot be used.
    """
    if isinstance(groups, bool) or not isinstance(groups, int | np.integer) or groups < 3:
        raise InputError(f"groups must be a whole number from 3 on, but is {groups!r}")
    rows = rows_of(model, X, y, None, offset, labelled=True)
    labels, K = [str(label) for label in rows.model.classes], len(rows.model.classes)
    p, t = np.empty((2, rows.count, K))
    for chunk in rows.chunks(K):
        p[chunk.part], t[chunk.part] = chunk.p, targets(rows, chunk)
    score = np.round(p[:, 1:].sum(axis=1), DIGITS)
    cuts = np.unique(np.quantile(score, np.arange(1, groups) / groups, method="inverted_cdf"))
    _, group = np.unique(np.searchsorted(cuts, score, side="left"), return_inverse=True)
    count = np.bincount(group)
    if len(count) < 3:
        raise InputError(f"the probabilities take too few values for {groups} groups: they make {len(count)}; the test needs 3")
    observed, expected = (np.array([np.bincount(group, column) for column in values.T]) for values in (t, p))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.where(observed == expected, 0.0, (observed - expected) ** 2 / expected).sum())
    df = (len(count) - 2) * (K - 1)
    chance, log_p = tails.chi2(statistic, df)
    low, high = (np.array([pick(score[group == g]) for g in range(len(count))]) for pick in (np.min, np.max))
    table = {"group": np.arange(1, len(count) + 1), "rows": count, "low": low, "high": high}
    for label, seen, told in zip(labels, observed, expected, strict=True):
        table |= {f"observed_{label}": seen, f"expected_{label}": told}
    notes = []
    if len(count) < groups:
        notes.append(f"{len(count)} groups in place of {groups}, since rows of equal probability stay together")
    if expected.min() < FEW:
        notes.append(f"the smallest expected count is {expected.min():.3g}; below {FEW} the p-value is a rough guide")
    title = f"Hosmer-Lemeshow test: chi-squared {statistic:.6g} on {df} degrees of freedom, p = {tails.text(chance, log_p)}"
    if rows.model.total != rows.model.rows:
        notes.append("the fit weighed its rows, but each counts once here; write out rows that stand for several observations")
    return GroupedTest((title,), table, tuple(notes), statistic, df, chance, log_p)


def calibration(
    model: Any, X: Any, y: Any, sample_weight: Any = None, *, freq_weights: Any = None, offset: Any = None, level: float = 0.95
) -> Record:
    """Calibration intercept and slope: the logistic regression of y on the log-odds that the model says (Cox 1958, Biometrika 45).

    Probabilities that are right have intercept 0 and slope 1. A slope below 1 says that they are too extreme, as those of an
    overfitted model are on new rows; an intercept above 0 that the second class is more frequent than the model says where its
    log-odds are 0. Calibration in the large is the intercept beside a slope of 1: whether probabilities are right on the average.

    Ask it of rows that the model was not fitted to: on its own rows, a fit without a penalty and with an intercept has exactly 0
    and 1, however bad it is.

    Parameters
    ----------
    model : Model or fitted LogisticRegression
        Of two classes.
    X : (n, p) array, sparse matrix or data frame
    y : (n,) labels, or (n, 2) distributions
    sample_weight : (n,), optional
    freq_weights : (n,) whole numbers, optional
        How many observations each row stands for.
    offset : (n,), optional
        Needed where the model was fitted with one.
    level : float, default=0.95
        Of the intervals.

    Returns
    -------
    Record
        Rows ``intercept``, ``slope`` and ``in the large``, with ``estimate``, ``std_error``, ``low`` and ``high`` (Wald's, from the
        observed information; the sampling error of the model itself is not in them).

    Raises
    ------
    InputError
        For more than two classes; where the labels or the log-odds are all equal, or the log-odds separate the labels, so that no
        slope exists; naming the argument, row or column that cannot be used.
    """
    check_level(level)
    rows = rows_of(model, X, y, sample_weight, offset, labelled=True, freq_weights=freq_weights).weighed()
    if rows.model.certificate.status is Status.SEPARATED:
        raise InputError(
            "classes are separated: the model's log-odds are where the search stopped; calibrate a fit with bias='firth'"
        )
    K = len(rows.model.classes)
    if K > 2:
        raise InputError(f"calibration has one slope for two classes, but there are {K}; look at each class against the others")
    logit, t = np.empty(rows.count), np.empty((rows.count, 2))
    for chunk in rows.chunks():
        logit[chunk.part], t[chunk.part] = chunk.eta[:, 0], targets(rows, chunk)
    _refuse_separated(rows, logit, t)
    if abs(logit).max() > HUGE:
        raise InputError(EXTREME)
    share = rows.weight / rows.weight.sum()
    center = float(share @ logit)
    spread = math.sqrt(share @ (logit - center) ** 2)
    Z = np.column_stack([np.ones(len(logit)), (logit - center) / spread])
    try:
        (a, b), covariance = _newton(Z, t, rows.weight, np.zeros_like(logit))
        (large,), (own,) = _newton(Z[:, :1], t, rows.weight, logit)
    except np.linalg.LinAlgError:
        raise InputError(EXTREME) from None
    change = np.array([[1, -center / spread], [0, 1 / spread]])
    errors = np.sqrt([*np.diag(change @ covariance @ change.T), own[0]])
    values = np.array([*(change @ [a, b]), large])
    half = tails.quantile(level) * errors
    names = ["intercept", "slope", "in the large"]
    table = {"term": texts(names), "estimate": values, "std_error": errors, "low": values - half, "high": values + half}
    title = f"Calibration of P({rows.model.classes[1]}) on {rows.count:,} rows; intervals of {100 * level:g}%"
    return Record((title,), table, ())


def _refuse_separated(rows: Rows, logit: np.ndarray, t: np.ndarray) -> None:
    first, second = logit[t[:, 0] > 0], logit[t[:, 1] > 0]
    if not (len(first) and len(second)):
        raise InputError(f"y holds only the class {rows.model.classes[int(len(second) > 0)]}; calibration needs rows of both")
    if np.ptp(logit) == 0:
        raise InputError("the model gives all rows the same log-odds, so there is no calibration slope")
    if first.max() <= second.min() or second.max() <= first.min():
        raise InputError("the log-odds separate the labels of these rows, so the calibration slope is infinite; take more rows")


def _newton(Z: np.ndarray, t: np.ndarray, weight: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maximum-likelihood coefficients (k,) of a few columns Z (n, k) and their covariance (k, k), by Newton's method."""
    loss, total = Binary(), weight.sum()

    def at(beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        eta = (Z @ beta + offset)[:, None]
        values, residual = loss.evaluate(eta, t)
        curvature = weight * np.asarray(loss.curvature(eta, np.ones_like(eta)))[:, 0]
        gradient = Z.T @ (weight * np.asarray(residual)[:, 0])
        return float(weight @ values) / total, gradient / total, Z.T @ (curvature[:, None] * Z) / total

    beta = np.zeros(Z.shape[1])
    value, gradient, H = at(beta)
    for _ in range(STEPS):
        step = -np.linalg.solve(H, gradient)
        decrement = float(-gradient @ step)
        if decrement <= SMALL:
            break
        length = 1.0
        while length > SMALL:
            found = at(beta + length * step)
            if found[0] <= value - 1e-4 * length * decrement or decrement < 1e-12:  # so near, the values are rounding
                break
            length /= 2
        beta = beta + length * step
        value, gradient, H = found
    return beta, np.linalg.inv(H) / total
