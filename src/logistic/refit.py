"""The likelihood of a model's rows under hypotheses: likelihood-ratio and score tests, which need the rows again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .backend import psd_solver
from .contracts import Spec
from .coordinates import Change
from .designs import is_sparse
from .errors import InputError
from .executor import Threads
from .firth import FirthObjective
from .frame import Frame, block_size
from .held import held
from .inference.chisquare import ChiSquareTest, cautions
from .inference.estimates import Estimates, estimates, moved
from .inference.hypotheses import Hypotheses, read
from .inference.wald import independent, refuse_bias, refuse_penalty, undetermined
from .model import Model
from .objective import LogisticObjective
from .outcome import Status
from .recession import UNDERFLOW, Remaining, remaining
from .restricted import RestrictedObjective, minimised, nearest
from .solvers.newton import Endgame
from .sources import ArraySource, check_names, matrix

TAIL = 1e-10  # of the log-likelihood that may be missing where it nears a supremum, in its own units
STILL = 1e-9  # a function of the coefficients stays finite if no direction of separation moves it by more; so for aliases
SAME = 1e-8  # relative difference of log-likelihoods that is rounding
CLOSE = 1e-7  # the same for a certified restricted maximum: an error of the test that nobody sees


class Maximum(NamedTuple):
    """The largest log-likelihood under hypotheses.

    Attributes
    ----------
    value : float
        Log-likelihood.
    W : (q, M) array
        Where it is, in scaled columns.
    gradient : (q, M) array
        Of minus the log-likelihood: what the hypotheses hold back.
    """

    value: float
    W: np.ndarray
    gradient: np.ndarray


class _Face:
    """An objective, its point and Hessian at the coefficients (q, M) of its minimum, or where the search for one stopped.

    ``flat`` (q M, d) are orthonormal directions in which it does not change.
    """

    def __init__(self, objective: LogisticObjective, W: np.ndarray, flat: np.ndarray | None = None) -> None:
        self.objective, self.W, self.point = objective, W, objective.at(W)
        self.hessian = np.asarray(objective.hessian(self.point))
        self.flat = np.zeros((W.size, 0)) if flat is None else flat


class Likelihood:
    """The log-likelihood of the rows that a model was fitted to, as a function of its coefficients.

    Parameters
    ----------
    model : Model
    objective : LogisticObjective
        Of the same rows, without a penalty.
    change : Change
        From the units of the data to the columns of the objective.

    Attributes
    ----------
    top : float
        The log-likelihood of the model, or its supremum where classes are separated.
    """

    def __init__(self, model: Model, objective: LogisticObjective, change: Change) -> None:
        self.model, self.objective, self.change, self.total = model, objective, change, objective.rows.total
        self.whole = _Face(objective, placed(model, change))
        self.finite: _Face | None = None
        self.separated, limit = model.certificate.status is Status.SEPARATED, model.certificate.limit
        self.top = -self.total * self.whole.point.value
        if self.separated and limit is not None:
            self.top, rest = limit.supremum, remaining(objective, self.whole.W)
            self.finite = None if rest is None else _Face(rest[0], np.asarray(rest[1]), np.asarray(rest[0].flat))

    @property
    def known(self) -> float:
        """The log-likelihood of the rows at the coefficients of the model, without any penalty."""
        point = self.whole.point
        return -self.total * (point.value - self.objective.penalty_value(point))

    def face(self, normals: np.ndarray) -> _Face:
        """Where functions of the coefficients, the columns of (q M, r), are finite: all rows, or what separation leaves of them."""
        finite = self.finite
        return finite if finite is not None and abs(finite.flat.T @ normals).max(initial=0) <= STILL else self.whole

    def undetermined(self, estimates: Estimates, asked: Hypotheses) -> np.ndarray:
        """(r,) whether each equation is about a function of the coefficients that aliased columns leave open."""
        given, q = self._inward(estimates, asked), len(estimates.names)
        found = moved(self._aliases, given.transpose(0, 2, 1).reshape(-1, q)).reshape(len(given), -1)
        return np.asarray(found.any(axis=1))

    def plane(self, estimates: Estimates, asked: Hypotheses) -> tuple[np.ndarray, np.ndarray]:
        """Orthonormal normals (q M, r) and values (r,), on scaled columns, of hypotheses about contrasts.

        Raises
        ------
        InputError
            If they contradict each other, say nothing, or speak of what aliased columns leave open.
        """
        open_ = self.undetermined(estimates, asked)
        if open_.any():
            columns = np.flatnonzero(moved(self._aliases, np.eye(len(estimates.names))))
            raise InputError(undetermined(asked.owners[int(open_.argmax())], columns, estimates))
        rows, values = independent(self._inward(estimates, asked).reshape(len(open_), -1), asked.values, asked)
        return rows.T, values

    @property
    def _aliases(self) -> np.ndarray:
        """(q, d) what no logit sees, on scaled columns, without rounding."""
        null = np.asarray(self.objective.null_space())
        return np.where(abs(null) > STILL, null, 0.0)

    def _inward(self, estimates: Estimates, asked: Hypotheses) -> np.ndarray:
        """(r, q, M): the equations on scaled columns."""
        (C, q), p, M = estimates.values.shape, len(self.change.scale), len(self.model.coef)
        labels = self.model.classes.tolist()
        own = np.eye(len(labels))[:, -M:]
        apart = np.array([own[labels.index(label)] - own[labels.index(against)] for label, against in estimates.contrasts])
        given: np.ndarray = np.einsum("rcq,cm->rqm", asked.matrix.reshape(-1, C, q), apart)
        given[:, :p] /= np.asarray(self.change.scale)[:, None]
        if self.change.intercept:  # that at 0 is the one at the centre less what the columns add up to there
            given[:, :p] -= (np.asarray(self.change.center) / np.asarray(self.change.scale))[:, None] * given[:, p:]
        return given

    def maximum(self, normals: np.ndarray, values: np.ndarray, start: np.ndarray | None = None, thorough: bool = True) -> Maximum:
        """The largest log-likelihood, or its supremum, on a plane of coefficients.

        Where the bias was reduced, the penalised one: it may have several maxima, so the ``thorough`` look from several places.

        Raises
        ------
        InputError
            If it cannot be found.
        """
        face = self.face(normals)
        known = face.objective
        W = nearest(normals, values, face.W if start is None else start, face.hessian)
        if isinstance(known, FirthObjective):
            zero = 0 * W
            others = [face.W, nearest(normals, values, zero, np.asarray(known.hessian(known.at(zero))))] if thorough else []
            solution = held(known, normals, values, [W, *others])
        else:
            solution = minimised(known, normals, values, W)
        point, certificate = solution.point, solution.certificate
        sound = (certificate.kind == "proof" or certificate.status.certified) and certificate.gap * self.total <= CLOSE
        if not sound and self.separated and face is self.whole:  # Newton's steps near a supremum e-fold
            sound = abs(Endgame(RestrictedObjective(face.objective, normals, values), [point]).decrement) * self.total <= TAIL
        if isinstance(face.objective, Remaining):
            sound = sound and face.objective.temptation(point.W) <= -UNDERFLOW
        if not sound:
            raise InputError(
                f"the maximum of the likelihood under the hypotheses was not found ({certificate.status.word}); "
                "where classes are separated under them too, fit without the columns and compare the fits by logistic.anova"
            )
        whole = face.objective.at(point.W)
        return Maximum(-self.total * whole.value, np.asarray(whole.W), self.total * np.asarray(whole.grad))

    def error(self, normal: np.ndarray) -> float:
        """Standard error of a function (q M,) of the coefficients, by the information at the model."""
        return float((normal @ psd_solver(self.face(normal[:, None]).hessian)(normal) / self.total) ** 0.5)

    def score(self, W: np.ndarray) -> float:
        """Rao's statistic at some coefficients: the gradient of the log-likelihood, squared in the inverse information."""
        point = self.objective.at(W)
        return max(self.total * float((point.grad * psd_solver(self.objective.hessian(point))(point.grad)).sum()), 0.0)


@contextmanager
def likelihood(
    model: Model, X: Any, y: Any, sample_weight: Any = None, freq_weights: Any = None, offset: Any = None
) -> Iterator[Likelihood]:
    """The likelihood of a model's rows, which must be those that it was fitted to.

    Parameters
    ----------
    model : Model
    X, y, sample_weight, freq_weights, offset
        As for ``fit``.

    Raises
    ------
    InputError
        For other rows, a penalised model, or one that is not a maximum of a likelihood.
    """
    refuse(model)
    model, X = model.designed(X)
    source = _source(model, X, y, sample_weight, freq_weights, offset)
    check_names(source.features, model.features, "X")
    with _encoded(model, source) as (frame, objective):
        if not np.array_equal(frame.encoding.classes, model.classes) or frame.fingerprint != model.fingerprint:
            raise InputError(
                "X, y and weights are not those that the model was fitted to (their fingerprint is another); pass the rows of the "
                "fit, and fit without class_weight"
            )
        if "hessian" not in objective.offers:
            raise InputError(f"{model.coef.size:,} coefficients are too many for tests by their likelihood; use fewer columns")
        whole = Likelihood(model, objective, frame.change)
        if model.statistics is None or not math.isclose(whole.known, model.statistics.log_likelihood, rel_tol=SAME, abs_tol=SAME):
            raise InputError(
                "X, y, weights or offset are not those of the fit: its coefficients have another likelihood here; "
                "pass the rows of the fit, X and y in the same order"
            )
        yield whole


def refuse(model: Model) -> None:
    """Models without a likelihood that is known to be the largest."""
    refuse_penalty(model)
    status = model.certificate.status
    if not model.fingerprint:
        raise InputError("the model does not know its rows; fit it by LogisticRegression.fit")
    if status is Status.SEPARATED and model.certificate.limit is None:
        raise InputError("classes are separated, and the supremum of the likelihood is not known; drop columns")
    if not (status.certified or status in (Status.RANK_DEFICIENT, Status.SEPARATED)):
        raise InputError(f"the fit is not certified ({status.word}), so its likelihood is not the largest; {status.value}")


def _source(model: Model, X: Any, y: Any, sample_weight: Any, freq_weights: Any, offset: Any) -> ArraySource:
    if y is None:
        raise InputError("y is missing; pass the labels that the model was fitted to")
    if model.offset and offset is None:
        raise InputError("the model was fitted with an offset, so its likelihood needs one; pass offset")
    return ArraySource(X, y, sample_weight, offset).counting(freq_weights)


@contextmanager
def _encoded(model: Model, source: ArraySource) -> Iterator[tuple[Frame, LogisticObjective]]:
    spec = Spec(fit_intercept=model.fit_intercept, bias=model.penalty.bias, covariance=None)
    with Threads() as workers:
        raw = workers.put(list(source.blocks(block_size(source, spec, None))))
        frame = Frame.learned(workers, raw, source, spec)
        yield frame, frame.objective(workers, raw, None)


def placed(model: Model, change: Change) -> np.ndarray:
    """(q, M) the model's coefficients on scaled columns; columns that the model has not are zero."""
    scale, center = np.asarray(change.scale), np.asarray(change.center)
    coef = np.zeros((len(scale), len(model.coef)))
    coef[: model.coef.shape[1]] = model.coef.T
    W = scale[:, None] * coef
    if not change.intercept:
        return W
    known = slice(0, model.coef.shape[1])
    return np.vstack([W, model.base + (center[known] - model.center) @ coef[known]])


# ---------------------------------------------------------------------------------------------------------------------- tests


def likelihood_ratio_test(
    model: Model, X: Any, y: Any, hypotheses: Any, values: Any = None, reference: Any = None, **rows: Any
) -> ChiSquareTest:
    """Test linear hypotheses by what they cost: twice the log-likelihood that is lost when the fit must fulfil them.

    Parameters
    ----------
    model : Model
    X, y
        The rows that it was fitted to.
    hypotheses, values, reference
        As for :func:`logistic.inference.wald.wald`.
    **rows
        ``sample_weight``, ``freq_weights`` and ``offset`` of the fit.

    Returns
    -------
    ChiSquareTest

    Raises
    ------
    InputError
        As for a Wald test, or if these are not the rows of the model.
    """
    found = estimates(model, reference)
    asked = read(found, hypotheses, values)
    with likelihood(model, X, y, **rows) as whole:
        normals, right = whole.plane(found, asked)
        statistic = max(2 * (whole.top - whole.maximum(normals, right).value), 0.0)
    note = "classes are separated: the supremum of the log-likelihood stands in for its maximum" if whole.separated else ""
    of = "log-likelihood of the rows" if model.penalty.bias is None else "log-likelihood of the rows with the Jeffreys penalty"
    return ChiSquareTest("likelihood ratio", asked.words, statistic, len(right), of, _note(model, note))


def score_test(
    model: Model, X: Any, y: Any, hypotheses: Any = None, added: Any = None, reference: Any = None, **rows: Any
) -> ChiSquareTest:
    """Rao's test: how steep the log-likelihood is where the hypotheses hold; or, for columns that are added, at the model itself.

    Parameters
    ----------
    model : Model
    X, y
        The rows that it was fitted to.
    hypotheses : str, sequence of str, or numbers, optional
        As for :func:`logistic.inference.wald.wald`.
    added : (n,) or (n, m) array, sparse matrix or data frame, optional
        Instead: columns that the model has not. The test is that none of them matters, without a fit of the larger model.
    reference : label, optional
    **rows
        ``sample_weight``, ``freq_weights`` and ``offset`` of the fit.

    Returns
    -------
    ChiSquareTest

    Raises
    ------
    InputError
        As for a Wald test, or where classes are separated under the hypotheses.
    """
    if (hypotheses is None) == (added is None):
        raise InputError("score_test takes hypotheses about the coefficients, or added columns; pass one of the two")
    refuse_bias(model)
    if added is not None:
        return _of_added(model, X, y, added, rows)
    found = estimates(model, reference)
    asked = read(found, hypotheses)
    with likelihood(model, X, y, **rows) as whole:
        normals, right = whole.plane(found, asked)
        if whole.separated:
            raise InputError("classes are separated, where the information about them vanishes; use the likelihood ratio")
        statistic = whole.score(whole.maximum(normals, right).W)
    return ChiSquareTest("score", asked.words, statistic, len(right), "expected information where they hold", _note(model, ""))


def _of_added(model: Model, X: Any, y: Any, added: Any, rows: dict[str, Any]) -> ChiSquareTest:
    """The omitted-variable test."""
    if model.certificate.status is Status.SEPARATED:
        raise InputError("classes are separated, where the information about the coefficients vanishes; drop columns first")
    with likelihood(model, X, y, **rows) as smaller:
        free = smaller.whole.W.shape[0] - smaller.objective.null_space().shape[1]
    model, X = model.designed(X)
    given, _ = matrix(X)
    more, names = matrix(np.asarray(added)[:, None] if np.ndim(added) == 1 and not is_sparse(added) else added)
    if more.shape[0] != given.shape[0]:
        raise InputError(f"added has {more.shape[0]} rows, but X has {given.shape[0]}")
    named = getattr(added, "name", None)
    names = names or ((named,) if isinstance(named, str) else None) or tuple(f"added column {j}" for j in range(more.shape[1]))
    source = _source(model, _beside(given, more), y, **{"sample_weight": None, "freq_weights": None, "offset": None, **rows})
    with _encoded(model, source) as (frame, objective):
        df = (placed(model, frame.change).shape[0] - objective.null_space().shape[1] - free) * (len(model.classes) - 1)
        if df == 0:
            raise InputError("the added columns are combinations of the model's own; there is nothing to test")
        point = objective.at(placed(model, frame.change))
        statistic = frame.encoding.total * float((point.grad * psd_solver(objective.hessian(point))(point.grad)).sum())
    words = tuple(f"{name} = 0" for name in names)
    return ChiSquareTest("score", words, max(statistic, 0.0), df, "expected information without them", _note(model, ""))


def _beside(X: Any, more: Any) -> Any:
    if is_sparse(X) or is_sparse(more):
        from scipy.sparse import csr_array, hstack

        return hstack([csr_array(X), csr_array(more)], format="csr")
    return np.hstack([X, more])


def _note(model: Model, first: str) -> str:
    statistics = model.statistics
    more = [] if statistics is None else cautions(statistics, model.total, statistics.kind not in ("", "observed"))
    return "; ".join([*([first] if first else []), *more])
