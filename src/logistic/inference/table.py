"""The tables of a fit: a row a coefficient, and one row for the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..model import Model
from ..outcome import Status
from . import tails
from .estimates import Estimates, covariance_kind, estimates

Columns = dict[str, np.ndarray]


def coefficients(model: Model, level: float = 0.95, reference: Any = None, symmetric: bool = False) -> Columns:
    """A row a coefficient, contrast by contrast.

    Wald's: z is the estimate over its standard error, p its probability under a standard normal, the interval the estimate and so
    many errors on both sides, and the odds ratio with its interval the exponentials of these. Where classes are separated, the
    estimates are the limits of the coefficients, which may be infinite, and nothing else is known of them.

    Parameters
    ----------
    model : Model
    level : float, default=0.95
        Of the intervals.
    reference, symmetric
        As for :func:`logistic.inference.estimates.estimates`.

    Returns
    -------
    dict of arrays
        ``term``, ``class``, ``reference`` (empty for the mean of all classes), ``estimate``, ``std_error``, ``z``, ``p``,
        ``log_p``, ``low``, ``high``, ``odds_ratio``, ``odds_low``, ``odds_high``. What does not exist is NaN: errors without a
        covariance, and of aliased columns; tests and intervals of penalised coefficients, whose bias is unknown.

    Raises
    ------
    InputError
        For a level or a reference that cannot be.
    """
    check_level(level)
    found = estimates(model, reference, symmetric)
    values, errors = found.values, found.errors
    limit = model.certificate.limit
    if limit is not None:
        values, errors = _limits(found, model), np.full(values.shape, math.nan)
    elif model.certificate.status is Status.SEPARATED:
        values = np.full(values.shape, math.nan)
    tested = errors if model.penalty.alpha == 0 else np.full(errors.shape, math.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = values / tested
        p, log_p, low, high = z, z, z, z
        if np.isfinite(tested).any():
            p, log_p = tails.normal(z)
            low, high = (values + sign * tails.quantile(level) * tested for sign in (-1, 1))
        odds = [np.exp(numbers) for numbers in (values, low, high)]
    columns = (values, errors, z, p, log_p, low, high, *odds)
    (C, q), names = values.shape, ("estimate", "std_error", "z", "p", "log_p", "low", "high", "odds_ratio", "odds_low", "odds_high")
    return {
        "term": np.tile(np.array(found.names, dtype=object), C),
        "class": np.repeat(np.array([str(own) for own, _ in found.contrasts], dtype=object), q),
        "reference": np.repeat(np.array(["" if other is None else str(other) for _, other in found.contrasts], dtype=object), q),
        **{name: column.ravel() for name, column in zip(names, columns, strict=True)},
    }


def _limits(found: Estimates, model: Model) -> np.ndarray:
    """(C, q) where the coefficients of the contrasts tend to; undetermined ones are NaN."""
    limit, labels = model.certificate.limit, model.classes.tolist()
    assert limit is not None
    rows = []
    for own, other in found.contrasts:
        if other is None:
            rows.append(np.mean([limit.contrasts(k)[labels.index(own)] for k in range(len(labels))], axis=0))
        else:
            rows.append(np.asarray(limit.contrasts(labels.index(other)))[labels.index(own)])
    return np.array(rows)


def check_level(level: Any) -> None:
    """Refuse a level that is no probability.

    Raises
    ------
    InputError
    """
    if isinstance(level, bool) or not isinstance(level, int | float | np.number) or not 0 < level < 1:
        raise InputError(f"level must be between 0 and 1, such as 0.95, but is {level!r}")


@dataclass(frozen=True)
class Goodness:
    """How well a fit as a whole explains its labels.

    Attributes
    ----------
    log_likelihood, null : float
        Of the fit, its supremum where classes are separated, and of the intercept alone.
    count, effective : float
        Observations, and what they are worth where they weigh differently.
    df, null_df : int
        Free coefficients of either.
    lr, p, log_p : float
        Twice the difference of the log-likelihoods, and the probability of as much under a chi-squared distribution of
        df - null_df degrees of freedom; NaN for a penalised fit.
    mcfadden, tjur : float
        McFadden's R², 1 - log_likelihood / null; Tjur's, the difference of mean probabilities, for two classes.
    aic, bic : float
        2 df - 2 log_likelihood, log(count) df - 2 log_likelihood; NaN for a penalised fit, which is no maximum of the likelihood.
    penalised : float
        Log-likelihood + log det(information) / 2 where that was maximised to reduce the bias, else NaN.
    """

    log_likelihood: float
    null: float
    count: float
    effective: float
    df: int
    null_df: int
    lr: float
    p: float
    log_p: float
    mcfadden: float
    tjur: float
    aic: float
    bic: float
    penalised: float


def goodness(model: Model) -> Goodness | None:
    """Of a model; None where no fit to all rows lies behind it."""
    statistics = model.statistics
    if statistics is None:
        return None
    limit, free = model.certificate.limit, model.penalty.alpha == 0 and model.penalty.bias is None
    value = statistics.log_likelihood if limit is None else limit.supremum
    null_df = (len(model.classes) - 1) * int(model.fit_intercept)
    at_optimum = free and (
        limit is not None or model.certificate.status.certified or model.certificate.status is Status.RANK_DEFICIENT
    )
    lr = max(2 * (value - statistics.null), 0.0) if at_optimum else math.nan
    lr = lr if statistics.df > null_df else 0 * lr
    p, log_p = tails.chi2(lr, statistics.df - null_df)
    known = 1.0 if at_optimum else math.nan
    return Goodness(
        log_likelihood=value,
        null=statistics.null,
        count=statistics.count,
        effective=statistics.effective,
        df=statistics.df,
        null_df=null_df,
        lr=lr,
        p=p,
        log_p=log_p,
        mcfadden=1 - value / statistics.null if statistics.null < 0 else math.nan,
        tjur=statistics.tjur,
        aic=known * (2 * statistics.df - 2 * value),
        bic=known * (math.log(statistics.count) * statistics.df - 2 * value),
        penalised=statistics.penalised,
    )


def glance(model: Model) -> Columns:
    """One row for the whole model: classes, columns, penalty, how the fit ended, and :class:`Goodness` where it is known."""
    found, certificate = goodness(model), model.certificate
    row: dict[str, Any] = {
        "classes": len(model.classes),
        "columns": model.coef.shape[1],
        "rows": model.rows,
        "penalty": str(model.penalty),
        "solver": model.solver,
        "status": certificate.status.word,
        "objective": certificate.value,
        "gap": certificate.gap,
    }
    whole = row | ({} if found is None else vars(found)) | {"covariance": covariance_kind(model)}
    return {name: np.array([value], dtype=object if isinstance(value, str) else None) for name, value in whole.items()}
