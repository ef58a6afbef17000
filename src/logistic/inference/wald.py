"""Wald tests: how far the estimates are from what the hypotheses say, by their own covariance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError, listed
from ..model import Model
from ..outcome import Statistics
from .chisquare import ChiSquareTest, cautions
from .estimates import Estimates, covariance_of, estimates, moved
from .hypotheses import Hypotheses, read

SAME = 1e-10  # rows of unit length are dependent where a combination of unit length is shorter
EQUAL = 1e-9  # to which dependent equations must agree
FLAT = 1e-13  # eigenvalues of a unit-diagonal covariance that are zero to rounding


def wald(model: Model, hypotheses: Any, values: Any = None, reference: Any = None) -> ChiSquareTest:
    """Test linear hypotheses about the coefficients by their covariance, robust if the fit's is.

    Parameters
    ----------
    model : Model
        Fitted without a penalty.
    hypotheses : str, sequence of str, or numbers
        ``"age = educ, smoke = 0"``; names alone are zero: ``["age", "educ"]``. With more than two classes a name is about all
        contrasts, ``"[vocation]ses"`` about one. Numbers are a matrix; see :mod:`logistic.inference.hypotheses`.
    values : float or (r,) numbers, optional
        What the products of the matrix with the coefficients are equal to.
    reference : label, optional
        The class that the others are compared with; by default the first.

    Returns
    -------
    ChiSquareTest

    Raises
    ------
    InputError
        Where the hypotheses cannot be understood, contradict each other, or speak of coefficients that are not determined; and
        for a model that has no covariance.
    """
    covariance_of(model)
    refuse_penalty(model)
    found = estimates(model, reference)
    asked = read(found, hypotheses, values)
    statistics, covariance = model.statistics, found.covariance
    assert statistics is not None and covariance is not None
    refuse_undetermined(model, found, asked)
    size = np.sqrt(np.diag(covariance))
    size = np.where(size > 0, size, 1.0)
    rows, right = independent(asked.matrix * size, asked.values, asked)
    apart = rows @ (found.values.reshape(-1) / size) - right
    spread = rows @ (covariance / size / size[:, None]) @ rows.T
    root = np.sqrt(np.diag(spread))
    if (root <= 0).any() or np.linalg.eigvalsh(spread / root / root[:, None])[0] <= FLAT:
        why = f"{len(rows)} hypotheses are more than the {basis(statistics)} can tell apart"
        raise InputError(f"{why}; test fewer at a time" + (", or use more clusters" if statistics.kind == "cluster" else ""))
    statistic = float((apart / root) @ np.linalg.solve(spread / root / root[:, None], apart / root))
    notes = cautions(statistics, model.total, robust=False) if statistics.kind == "observed" else []
    return ChiSquareTest("Wald", asked.words, max(statistic, 0.0), len(rows), basis(statistics), "; ".join(notes))


def basis(statistics: Statistics) -> str:
    """The covariance in words."""
    named = {"observed": "covariance from the observed information", "cluster": f"covariance by {statistics.clusters:,} clusters"}
    return named.get(statistics.kind, f"robust covariance {statistics.kind}")


def refuse_penalty(model: Model) -> None:
    """Tests and intervals are of maximum likelihood.

    Raises
    ------
    InputError
        For a penalised model.
    """
    if model.penalty.alpha > 0:
        raise InputError(
            f"the model has an {model.penalty}, which draws its coefficients towards zero, so tests and intervals of them would "
            "mislead; fit with C=inf"
        )


def refuse_bias(model: Model) -> None:
    """What compares likelihoods, or their slopes, where each is at its maximum.

    Raises
    ------
    InputError
        For a model whose bias was reduced.
    """
    if model.penalty.bias is not None:
        raise InputError(
            f"the model was fitted with {model.penalty}, whose likelihood is not at its maximum and whose penalty depends on the "
            "columns; use likelihood_ratio_test and profile intervals, which hold coefficients under the same penalty"
        )


def refuse_undetermined(model: Model, estimates: Estimates, asked: Hypotheses) -> None:
    """Hypotheses about functions of the coefficients that aliased columns leave open.

    Raises
    ------
    InputError
        Naming the columns.
    """
    statistics, (C, q) = model.statistics, estimates.values.shape
    if statistics is None or statistics.aliases is None:
        return
    shift = np.eye(q)
    shift[model.coef.shape[1] :, : model.coef.shape[1]] = -model.center
    open_ = moved(statistics.aliases, asked.matrix.reshape(-1, q) @ shift).reshape(-1, C).any(axis=1)
    if open_.any():
        raise InputError(undetermined(asked.owners[int(open_.argmax())], np.flatnonzero(~estimates.estimable), estimates))


def undetermined(word: str, columns: np.ndarray, estimates: Estimates) -> str:
    """Why such a hypothesis cannot be tested."""
    names = listed([estimates.names[j] for j in columns.tolist()])
    return f"hypothesis {word!r:.200} cannot be tested: {names} are combinations of each other; only sums of them are determined"


def independent(rows: np.ndarray, values: np.ndarray, asked: Hypotheses) -> tuple[np.ndarray, np.ndarray]:
    """As few equations as say the same: orthonormal rows (df, m), and values (df,).

    Parameters
    ----------
    rows : (r, m) array
        Of the equations, in units that make the numbers of a row comparable.
    values : (r,) array
    asked : Hypotheses
        For the words of an error.

    Raises
    ------
    InputError
        If nothing is said, or the equations contradict each other.
    """
    length = np.linalg.norm(rows, axis=1)
    empty = length == 0
    never = empty & (values != 0)
    if never.any():
        raise InputError(f"hypothesis {asked.owners[int(never.argmax())]!r:.200} holds for no coefficients at all")
    if empty.all():
        raise InputError(f"hypotheses {listed(asked.words)} hold for any coefficients; there is nothing to test")
    unit, right = rows[~empty] / length[~empty, None], values[~empty] / length[~empty]
    left, sizes, turns = np.linalg.svd(unit, full_matrices=False)
    kept = sizes > SAME * sizes[0]
    projected = left[:, kept].T @ right
    if np.linalg.norm(right - left[:, kept] @ projected) > EQUAL * np.linalg.norm(right):
        raise InputError(f"hypotheses {listed(asked.words)} contradict each other; no coefficients fulfil all of them")
    return turns[kept], projected / sizes[kept]
