"""The coefficients as one vector with a covariance: each class against a reference, the intercept where x is 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..model import Model
from ..outcome import Status

STILL = 1e-9  # a sum along an aliased direction that is rounding, relative to its terms


@dataclass(frozen=True, eq=False)
class Estimates:
    """Coefficients of C contrasts of classes, and how sure they are.

    Attributes
    ----------
    names : (q,) tuple of str
        The columns, then ``intercept`` if there is one.
    contrasts : (C,) tuple of tuple
        Of each contrast the label of the class, and of the one it is compared with; None is the mean of all classes.
    values : (C, q) array
        In the units of the data, the intercept at x = 0.
    covariance : (C q, C q) array or None
        Of ``values``, contrast by contrast.
    estimable : (q,) array of bool
        False for a column that is a combination of others.
    """

    names: tuple[str, ...]
    contrasts: tuple[tuple[Any, Any], ...]
    values: np.ndarray
    covariance: np.ndarray | None
    estimable: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """(C, q) standard errors; NaN where there is none."""
        if self.covariance is None:
            return np.full(self.values.shape, math.nan)
        found = np.sqrt(np.diag(self.covariance)).reshape(self.values.shape)
        return np.where(self.estimable, found, math.nan)


def estimates(model: Model, reference: Any = None, symmetric: bool = False) -> Estimates:
    """Of a model, in the contrasts asked for.

    Parameters
    ----------
    model : Model
    reference : label, optional
        The class that the others are compared with; by default the first.
    symmetric : bool, default=False
        Compare every class with the mean of all logits instead; for more than two classes.

    Raises
    ------
    InputError
        For a reference that is no class.
    """
    K, (M, p) = len(model.classes), model.coef.shape
    q = p + model.fit_intercept
    against = _position(model, reference)
    if symmetric and (K == 2 or reference is not None):
        why = "two classes have one contrast" if K == 2 else f"reference={reference!r} is given too"
        raise InputError(f"symmetric=True compares each class with the mean of all, but {why}; leave one of them out")
    own = np.eye(K)[:, -M:]  # logits of all classes from the columns of coefficients
    change = own - own.mean(axis=0) if symmetric else np.delete(own - own[against], against, axis=0)
    labels = model.classes.tolist()
    others = labels if symmetric else [label for k, label in enumerate(labels) if k != against]
    values = np.column_stack([model.coef, model.intercept])[:, :q]
    statistics, covariance, estimable = model.statistics, None, np.ones(q, dtype=bool)
    if statistics is not None and statistics.covariance is not None:
        shift = np.eye(q)
        shift[p:, :p] = -model.center  # the intercept at 0, from the logit at center
        whole = np.kron(change, shift)
        covariance = whole @ statistics.covariance @ whole.T
        estimable = ~moved(statistics.aliases, shift)
    return Estimates(
        names=feature_names(model) + ("intercept",) * int(model.fit_intercept),
        contrasts=tuple((label, None if symmetric else labels[against]) for label in others),
        values=change @ values,
        covariance=covariance,
        estimable=estimable,
    )


def _position(model: Model, reference: Any) -> int:
    """Of the reference class; labels that were typed in a shell are known by their text."""
    labels = model.classes.tolist()
    if reference is None:
        return 0
    found = [k for k, label in enumerate(labels) if label == reference or str(label) == str(reference)]
    if not found:
        raise InputError(f"reference={reference!r} is none of the classes {labels!r:.200}")
    return found[0]


def moved(aliases: Any, functions: np.ndarray) -> np.ndarray:
    """(r,) whether each linear function (r, q) of one class's coefficients changes along directions that the rows cannot see."""
    if aliases is None or aliases.shape[1] == 0:
        return np.zeros(len(functions), dtype=bool)
    return np.asarray((abs(functions @ aliases) > STILL * (abs(functions) @ abs(aliases))).any(axis=1))


def feature_names(model: Model) -> tuple[str, ...]:
    """The model's columns by name, x0, x1, ... where the data had none."""
    return model.features or tuple(f"x{j}" for j in range(model.coef.shape[1]))


def covariance_kind(model: Model) -> str:
    """Of the covariance that a model has; empty for none."""
    return "" if model.statistics is None else model.statistics.kind


def covariance_of(model: Model) -> np.ndarray:
    """(M q, M q) as :class:`logistic.outcome.Statistics` has it.

    Raises
    ------
    InputError
        Saying why there is none, and what to do.
    """
    statistics = model.statistics
    if statistics is not None and statistics.covariance is not None:
        return np.asarray(statistics.covariance)
    raise InputError(why_none(model))


def why_none(model: Model) -> str:
    """Why a model has no covariance, and what to do."""
    status, penalty = model.certificate.status, model.penalty
    if model.statistics is None:
        return "no standard errors: no fit to all rows by LogisticRegression.fit lies behind this model; fit it there with C=inf"
    if status is Status.SEPARATED:
        return "no standard errors: classes are separated, no estimate is finite; use bias='firth', add a penalty, or drop columns"
    if penalty.l1_ratio > 0:
        return "no standard errors: under an L1 penalty, exact zeros have no normal distribution; use the bootstrap"
    if penalty.alpha > 0:
        return (
            "no standard errors: the penalty biases coefficients; C=inf has errors, covariance='HC0' the spread of penalised ones"
        )
    if not (status.certified or status is Status.RANK_DEFICIENT):
        return f"no standard errors: the fit is not certified ({status.word}); {status.value}"
    return "no standard errors: none were asked for; fit with covariance='observed'"
