"""When a fit is to stop, how it went, point by point, and how it ended."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from .backend import Array


class Status(Enum):
    """How a fit ended. The value is the advice."""

    CONVERGED = "the certified gap is within tol"
    PRECISION_FLOOR = "float64 holds no better answer; the gap is certified but larger than tol"
    MAX_ITER = "stopped at max_iter without a certificate within tol; raise max_iter, or rescale nearly collinear columns"
    MAX_TIME = "stopped at max_time without a certificate within tol; raise max_time or loosen tol"
    EARLY_STOPPED = "the validation loss got no better"
    STOPPED = "a callback asked to stop"
    INTERRUPTED = "a signal ended the fit; the best point so far was kept"
    SEPARATED = (
        "a combination of the columns separates the classes, so no finite estimate exists; add a penalty (C=1), "
        "reduce bias (bias='firth'), or drop or merge columns"
    )
    RANK_DEFICIENT = "some columns are combinations of others; the minimum-norm answer is given, its predictions are unique"
    UNDETERMINED = "no certificate and no witness of separation; rescale or drop nearly collinear columns, or add a penalty"
    UNCERTIFIED = "the solver ended within its own limits; the gap stands as estimated"
    DIVERGED = "the objective left the finite numbers; lower the learning rate or check the columns for huge values"

    @property
    def word(self) -> str:
        """The status as it is written in files and tables."""
        return self.name.lower()

    @property
    def certified(self) -> bool:
        """Whether the answer is the optimum, as far as float64 can tell."""
        return self in (Status.CONVERGED, Status.PRECISION_FLOOR)


@dataclass(frozen=True, eq=False)
class Limit:
    """Where a fit without a finite optimum tends to, coefficient by coefficient, as the log-likelihood nears its supremum.

    Attributes
    ----------
    supremum : float
        Of the weighted log-likelihood; no coefficients reach it.
    gap : float
        Proven: the true supremum is between this one and this one + ``gap``.
    table : (K, q) array
        Coefficients of each class, the intercept last, in the units of the data; zero for the first of two classes, else
        class-centred. They are the finite part: a difference of two classes counts where ``tendency`` is 0.
    tendency : (K, K, q) array
        Of the coefficient of the first class against the second: 0 where it stays finite, inf or -inf where it runs there along
        every direction that loses nothing, NaN where the directions differ, or are too many to be compared.
    """

    supremum: float
    gap: float
    table: Array
    tendency: Array

    def contrasts(self, reference: int = 0) -> Array:
        """(K, q): each class against the given one: exact finite numbers, inf, -inf, or NaN where it is undetermined."""
        found: Array = self.table - self.table[reference] + self.tendency[:, reference]
        return found

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Classes, together where all coefficients that tell them apart stay finite, apart where one does not."""
        found: list[tuple[int, ...]] = []
        for k in range(len(self.table)):
            for i, group in enumerate(found):
                if bool((self.tendency[k, group[0]] == 0).all()):
                    found[i] = (*group, k)
                    break
            else:
                found.append((k,))
        return tuple(found)


@dataclass(frozen=True)
class Certificate:
    """What is known about F(W) - min F.

    Attributes
    ----------
    value : float
        The objective at the point.
    gap : float
        Upper bound on (or, for kind ``estimate``, an estimate of) F(W) - min F; inf where nothing is known.
    kind : str
        ``proof``, ``estimate`` or ``none``; a module that is not linear has ``none: not convex``.
    kkt : float
        Largest absolute entry of the gradient, in the solver's scaled columns.
    status : Status
    columns : tuple of int
        The columns the status speaks of: aliased ones, or those with a coefficient that does not stay finite.
    direction : array or None
        (q, M) witness of separation: along it no row gets worse and some get better without end.
    limit : Limit or None
        What separated classes leave of an estimate; None also where it was too large to be found.
    """

    value: float
    gap: float
    kind: str
    kkt: float
    status: Status = Status.UNCERTIFIED
    columns: tuple[int, ...] = ()
    direction: Array | None = None
    limit: Limit | None = None


COVARIANCES = ("observed", "HC0", "HC1", "cluster")


@dataclass(frozen=True, eq=False)
class Statistics:
    """What the rows of a fit say about its coefficients, beyond their values. Weights multiply the log-likelihood of a row.

    Attributes
    ----------
    log_likelihood : float
        Weighted sum of the log probabilities of the labels, at the coefficients; constants of grouped data are left out.
    null : float
        The same with the intercept alone, or with no coefficient where there is no intercept; offsets stay.
    count : float
        Observations: rows of positive weight, each as often as its frequency says.
    effective : float
        (sum of weights)² / sum of squared weights: what ``count`` is worth where rows weigh differently.
    df : int
        Free coefficients, those of the null model included: the rank of the columns times K - 1.
    tjur : float
        Tjur's R²: mean probability of the second class among its own rows less that among the others; NaN for more classes.
    kind : str
        Of ``covariance``: ``observed`` information, ``HC0``, ``HC1`` or ``cluster``; empty where there is none. The information is
        that of the likelihood alone, also where a bias was reduced.
    clusters : int
        Where the covariance is by cluster, how many there are; else 0.
    covariance : (M q, M q) array or None
        Of the coefficients in the units of the data, class by class, each with its p columns and then, if there is an intercept,
        the logit at ``center``. Class-centred for K > 2, and of the minimum-norm answer where columns are aliased.
    aliases : (q, d) array
        Directions of one class's coefficients, in the same order and units, along which no logit changes. A linear function of the
        coefficients can be estimated only if it is zero along them.
    penalised : float
        Where the bias was reduced, ``log_likelihood`` + log det(information) / 2, of all coefficients in the units of the data,
        intercept at x = 0, one class as the reference, whichever; columns that are combinations of others do not count. Else NaN.
    """

    log_likelihood: float
    null: float
    count: float
    effective: float
    df: int
    tjur: float = math.nan
    kind: str = ""
    clusters: int = 0
    covariance: Array | None = None
    aliases: Array | None = None
    penalised: float = math.nan


class Record(NamedTuple):
    """One line of the trace; NaN where something was not measured. ``step`` is the largest change of an entry of W."""

    iteration: int
    value: float
    loss: float
    kkt: float
    step: float
    seconds: float
    gap: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    batch_losses: tuple[float, ...]


class Patience(NamedTuple):
    """Stop after ``epochs`` points without ``min_delta`` less validation loss; ``restore_best`` goes back to the best point."""

    epochs: int
    min_delta: float = 0.0
    restore_best: bool = True


class Stop(NamedTuple):
    """When to stop. ``tol`` is certified relative suboptimality, 0 for never on its account; ``max_time`` is in seconds."""

    tol: float = 1e-8
    max_iter: int = 1000
    max_time: float | None = None
