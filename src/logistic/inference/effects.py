"""Marginal effects and adjusted predictions: what a model says in probabilities, with errors by the delta method.

Names and meanings are those of the marginaleffects package (Arel-Bundock, Greifer and Heiss 2024, Journal of Statistical Software
111(9); Arel-Bundock, "Model to Meaning", 2025). :func:`slopes`, :func:`comparisons` and :func:`predictions` have a row for each row
of X; ``avg_`` before the name averages over the rows, by the standard errors of the average and not of one row.

With two classes, all is told of the probability of the second one; with more, of each class, and effects sum to zero over them.
Errors come from the covariance of the fit, whatever its kind: ``LogisticRegression(C=inf, covariance="HC1")`` makes them robust.
Averages are over the given rows as they stand: the errors do not count that another sample would have other rows.

Every column stands for itself. Where one is made of others, such as a square or a product, no effect of a single column moves them
together; set both by ``at`` then, or compare the predictions of two tables of rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model import Model
from ..outcome import Status
from . import changes, tails
from .delta import Contrast, LogOdds, Probability, averages, each_row
from .estimates import covariance_kind, covariance_of, why_none
from .record import Record, named, texts
from .rows import Rows, rows_of
from .table import check_level


@dataclass(frozen=True, eq=False, repr=False)
class Effects(Record):
    """Effects or predictions, with errors by the delta method; see :class:`~logistic.inference.record.Record` for printing.

    The columns of ``table`` are ``term`` (the column of X), ``contrast`` (how it changes), ``class``, ``estimate``, ``std_error``,
    ``z``, ``p``, ``log_p``, ``low`` and ``high``; predictions have no test, and the values that were set in ``at_`` columns; what
    has a row for each row of X numbers them in ``row``. What does not exist is NaN, and ``notes`` say why.

    Attributes
    ----------
    kind : str
        Of the covariance: ``observed``, ``HC0``, ``HC1`` or ``cluster``; empty where there is none.
    level : float
        Of the intervals from ``low`` to ``high``.
    covariance : (T, T) array or None
        Of the estimates, for averages.
    """

    kind: str
    level: float
    covariance: np.ndarray | None = None


def avg_slopes(
    model: Any,
    X: Any,
    variables: Any = None,
    *,
    sample_weight: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    level: float = 0.95,
) -> Effects:
    """Average marginal effects: the mean over the rows of the derivative of the probability in each column.

    A column of which X holds only the values 0 and 1, such as an indicator of a category, has the difference that it makes instead,
    at 1 less at 0. Where the fit was by a formula, the columns are those of the data, and products, powers and indicators that the
    formula makes of one follow it; a column of categories has the difference between each level and the first. Equal to Stata's
    ``margins, dydx(*)`` and statsmodels' ``get_margeff(at="overall", dummy=True)``.

    Parameters
    ----------
    model : Model or fitted LogisticRegression
    X : (n, p) array, sparse matrix or data frame
        The rows over which is averaged, as a rule those of the fit.
    variables : str, int or list of these, optional
        Columns by name or position; all by default.
    sample_weight : (n,), optional
        Weights of the rows in the mean.
    freq_weights : (n,) whole numbers, optional
        How many observations each row stands for: a factor of its weight in the mean.
    offset : (n,) or (n, M), optional
        Needed where the model was fitted with one.
    level : float, default=0.95
        Of the intervals.

    Returns
    -------
    Effects
        A row a column of X, and a class for more than two classes.

    Raises
    ------
    InputError
        Where classes are separated, so that no estimate exists; naming the argument, row or column that cannot be used.
    """
    rows = rows_of(model, X, None, sample_weight, offset, freq_weights=freq_weights).weighed()
    return _averaged(rows, changes.slopes(rows, variables), level, "Average marginal effects on")


def slopes(model: Any, X: Any, variables: Any = None, *, offset: Any = None, level: float = 0.95) -> Effects:
    """Marginal effects in each row: as :func:`avg_slopes`, not averaged.

    Parameters
    ----------
    model, X, variables, offset, level
        As for :func:`avg_slopes`. One row of means gives the effects at the means.

    Returns
    -------
    Effects
        Term by term and class by class, a row a row of X.

    Raises
    ------
    InputError
        As :func:`avg_slopes`.
    """
    rows = rows_of(model, X, None, None, offset)
    return _row_by_row(rows, changes.slopes(rows, variables), level, "Marginal effects on")


def avg_comparisons(
    model: Any,
    X: Any,
    variables: Any = None,
    *,
    sample_weight: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    level: float = 0.95,
) -> Effects:
    """The mean over the rows of the difference that a change of one column makes to the probability.

    Parameters
    ----------
    model, X, sample_weight, freq_weights, offset, level
        As for :func:`avg_slopes`.
    variables : str, int, list of these, or dict, optional
        Columns by name or position; all by default. A column of which X holds only 0 and 1 goes from 0 to 1, any other from its
        value to one more. A dict says how each column changes: by a number, ``{"age": 10}``; from one value to another,
        ``{"age": (20, 30)}``; or by ``"sd"``, from half a standard deviation below the mean to half a one above.

    Returns
    -------
    Effects
        A row a column of X, and a class for more than two classes.

    Raises
    ------
    InputError
        As :func:`avg_slopes`.
    """
    rows = rows_of(model, X, None, sample_weight, offset, freq_weights=freq_weights).weighed()
    return _averaged(rows, changes.changes(rows, variables), level, "Average differences in")


def comparisons(model: Any, X: Any, variables: Any = None, *, offset: Any = None, level: float = 0.95) -> Effects:
    """The difference that a change of one column makes to the probability in each row: as :func:`avg_comparisons`, not averaged.

    Parameters
    ----------
    model, X, variables, offset, level
        As for :func:`avg_comparisons`.

    Returns
    -------
    Effects
        Term by term and class by class, a row a row of X.

    Raises
    ------
    InputError
        As :func:`avg_slopes`.
    """
    rows = rows_of(model, X, None, None, offset)
    return _row_by_row(rows, changes.changes(rows, variables), level, "Differences in")


def avg_predictions(
    model: Any,
    X: Any,
    at: Mapping[Any, Any] | None = None,
    *,
    sample_weight: Any = None,
    freq_weights: Any = None,
    offset: Any = None,
    level: float = 0.95,
) -> Effects:
    """Adjusted predictions: the mean probability over the rows, as they are or with some columns set to given values in all.

    Parameters
    ----------
    model, X, sample_weight, freq_weights, offset, level
        As for :func:`avg_slopes`.
    at : dict, optional
        Values of columns, ``{"age": [20, 30], "smoke": [0, 1]}``: one mean for each combination of them.

    Returns
    -------
    Effects
        A row a combination, and a class for more than two classes. The delta method makes the intervals on the scale of log-odds,
        from where they are brought back: they stay between 0 and 1.

    Raises
    ------
    InputError
        As :func:`avg_slopes`.
    """
    check_level(level)
    rows = rows_of(model, X, None, sample_weight, offset, freq_weights=freq_weights).weighed()
    S, grid = _covariance(rows.model), changes.grid(rows, at)
    found = averages(rows, [setting.quantity for setting in grid])
    V, R = found.blind.shape
    p = np.where(found.blind, math.nan, found.values[:, -R:])
    rest = found.values @ (1 - np.eye(found.values.shape[1])[:, -R:])  # of the other classes, never by subtraction from 1
    covariance = _propagated(S, found.jacobian, found.blind)
    errors = np.full((V, R), math.nan) if covariance is None else np.sqrt(np.diag(covariance)).reshape(V, R)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _between(np.log(p) - np.log(rest), errors / (p * rest), rows.model, level)
    set_to = {
        f"at_{name}": np.repeat(np.array([setting.values[i][1] for setting in grid]), R)
        for i, (name, _) in enumerate(grid[0].values)
    }
    table = {**set_to, "class": np.tile(texts(_labels(rows.model)), V)}
    table |= {"estimate": p.ravel(), "std_error": errors.ravel(), "low": low.ravel(), "high": high.ravel()}
    terms = [", ".join(f"{name} = {value}" for name, value in setting.values) or "the mean" for setting in grid]
    notes = _notes(rows.model, [term for term, blind in zip(terms, found.blind, strict=True) if blind.any()])
    return Effects(_title(rows, "Average", level), table, notes, covariance_kind(rows.model), level, covariance)


def predictions(model: Any, X: Any, *, offset: Any = None, level: float = 0.95) -> Effects:
    """The probability in each row, with an interval.

    Parameters
    ----------
    model, X, offset, level
        As for :func:`avg_slopes`.

    Returns
    -------
    Effects
        Class by class, a row a row of X. The delta method makes the intervals on the scale of log-odds, from where they are brought
        back, as R's ``predict(type="link")`` with ``plogis`` does; ``std_error`` is that of the probability itself.

    Raises
    ------
    InputError
        As :func:`avg_slopes`.
    """
    check_level(level)
    rows = rows_of(model, X, None, None, offset)
    m, n = rows.model, rows.count
    R = len(_labels(m))
    p, error, logit, spread = np.empty((4, R, n))
    for probability, odds in each_row(rows, [Probability(), LogOdds()], _covariance(m)):
        part, unseen = odds.part, odds.blind.T
        p[:, part], logit[:, part] = np.where(unseen, math.nan, probability.value.T[-R:]), odds.value.T
        error[:, part], spread[:, part] = (np.where(unseen, math.nan, np.sqrt(x.variance.T)) for x in (probability, odds))
    low, high = _between(logit, spread, m, level)
    table = {"row": np.tile(np.arange(n), R), "class": np.repeat(texts(_labels(m)), n)}
    table |= {"estimate": p.ravel(), "std_error": error.ravel(), "low": low.ravel(), "high": high.ravel()}
    strangers = [f"row {i}" for i in np.flatnonzero(np.isnan(p).any(axis=0))]
    return Effects(_title(rows, "Predicted", level), table, _notes(m, strangers), covariance_kind(m), level)


# ------------------------------------------------------------------------------------------------------------------ tables


def _averaged(rows: Rows, contrasts: list[Contrast], level: float, what: str) -> Effects:
    check_level(level)
    S = _covariance(rows.model)
    found = averages(rows, [contrast.quantity for contrast in contrasts])
    V, R = found.blind.shape
    covariance = _propagated(S, found.jacobian, found.blind)
    values = np.where(found.blind, math.nan, found.values).ravel()
    errors = np.full(V * R, math.nan) if covariance is None else np.sqrt(np.diag(covariance))
    table = {
        "term": np.repeat(texts([contrast.term for contrast in contrasts]), R),
        "contrast": np.repeat(texts([contrast.text for contrast in contrasts]), R),
        "class": np.tile(texts(_labels(rows.model)), V),
        **_tested(rows.model, values, errors, level),
    }
    notes = _notes(rows.model, [c.term for c, blind in zip(contrasts, found.blind, strict=True) if blind.any()])
    return Effects(_title(rows, what, level), table, notes, covariance_kind(rows.model), level, covariance)


def _row_by_row(rows: Rows, contrasts: list[Contrast], level: float, what: str) -> Effects:
    check_level(level)
    m, n, V = rows.model, rows.count, len(contrasts)
    R = len(_labels(m))
    values, errors = np.empty((2, V, R, n))
    for chunk in each_row(rows, [contrast.quantity for contrast in contrasts], _covariance(m)):
        for v, found in enumerate(chunk):
            values[v][:, found.part] = np.where(found.blind, math.nan, found.value).T
            errors[v][:, found.part] = np.where(found.blind, math.nan, np.sqrt(found.variance)).T
    table = {
        "row": np.tile(np.arange(n), V * R),
        "term": np.repeat(texts([contrast.term for contrast in contrasts]), R * n),
        "contrast": np.repeat(texts([contrast.text for contrast in contrasts]), R * n),
        "class": np.tile(np.repeat(texts(_labels(m)), n), V),
        **_tested(m, values.ravel(), errors.ravel(), level),
    }
    notes = _notes(m, [contrast.term for contrast, each in zip(contrasts, values, strict=True) if np.isnan(each).any()])
    return Effects(_title(rows, what, level), table, notes, covariance_kind(m), level)


def _tested(model: Model, values: np.ndarray, errors: np.ndarray, level: float) -> dict[str, np.ndarray]:
    tested = errors if model.penalty.alpha == 0 else np.full(errors.shape, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = values / tested
    p, log_p = tails.normal(z)
    low, high = (values + sign * tails.quantile(level) * tested for sign in (-1, 1))
    return {"estimate": values, "std_error": errors, "z": z, "p": p, "log_p": log_p, "low": low, "high": high}


def _between(logit: np.ndarray, error: np.ndarray, model: Model, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The ends of an interval of a probability, from its log-odds and their standard error."""
    half = tails.quantile(level) * (error if model.penalty.alpha == 0 else np.full(error.shape, math.nan))
    low, high = (_expit(logit + sign * half) for sign in (-1, 1))
    return low, high


def _expit(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-abs(x))
    return np.asarray(np.where(x > 0, 1 / (1 + small), small / (1 + small)))


def _covariance(model: Model) -> np.ndarray | None:
    """That of the fit; None where it has none, though there are estimates.

    Raises
    ------
    InputError
        Where classes are separated: there are no estimates then.
    """
    if model.certificate.status is Status.SEPARATED:
        return covariance_of(model)
    return None if model.statistics is None or model.statistics.covariance is None else np.asarray(model.statistics.covariance)


def _propagated(S: np.ndarray | None, jacobian: np.ndarray, blind: np.ndarray) -> np.ndarray | None:
    """(T, T) covariance of T quantities whose derivatives are the jacobian (V, R, M, q); NaN for those that cannot be estimated."""
    if S is None:
        return None
    J = jacobian.reshape(blind.size, -1)
    found = J @ S @ J.T
    found = (found + found.T) / 2
    found[np.diag_indices_from(found)] = np.maximum(np.diag(found), 0)
    unseen = blind.ravel()
    found[unseen] = math.nan
    found[:, unseen] = math.nan
    return np.asarray(found)


def _labels(model: Model) -> list[str]:
    """The classes of which is told."""
    labels = [str(label) for label in model.classes.tolist()]
    return labels[1:] if len(labels) == 2 else labels


def _title(rows: Rows, what: str, level: float) -> tuple[str, ...]:
    from ..outputs.text import counted

    m = rows.model
    of = f"P({_labels(m)[0]})" if len(m.classes) == 2 else "P(class)"
    weighted = "" if (rows.weight == 1).all() else ", weighted"
    errors = f"; {covariance_kind(m)} covariance, intervals of {100 * level:g}%" if covariance_kind(m) else ""
    return (f"{what} {of}, {counted(rows.count, 'row')}{weighted}{errors}",)


def _notes(model: Model, unseen: list[str]) -> tuple[str, ...]:
    notes = []
    if not covariance_kind(model):
        notes.append(why_none(model))
    elif model.penalty.alpha > 0:
        notes.append(
            f"{model.penalty}: errors are the spread of the penalised fit around its own mean; its bias is unknown, so there "
            "are no tests or intervals"
        )
    if unseen:
        notes.append(
            f"cannot be estimated, since columns of the fit are combinations of others: {named(list(dict.fromkeys(unseen)))}"
        )
    return tuple(notes)
