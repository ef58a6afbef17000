"""Firth's bias reduction: the likelihood times the root of the determinant of the information, Jeffreys' prior.

F(W) = mean weighted loss - log det I(W) / (2 total), I the information of all coefficients, intercept and classes included
(Firth 1993, Biometrika 80; Kosmidis and Firth 2009, Biometrika 96, for more than two classes). Its maximum is finite whatever the
data (Kosmidis and Firth 2021, Biometrika 108). With A_i = diag(p_i) - p_i p_iᵀ the Hessian of a row's loss in its logits,

    gradient of F in the logits of row i  =  w_i (p_i - t_i - A_i d_i / 2) / total,
    d_ik  =  (x_i (e_k - p_i))ᵀ I⁻¹ (x_i (e_k - p_i)),

the variance of the logit of class k about the mean of the row; for two classes the bracket is Firth's p - t - h (1/2 - p), h the
leverage over w. Linear maps of the columns, and which class is the reference, change log det I by a constant: the optimum does not
depend on them. Where columns are combinations of others the determinant is that of the information of what can be estimated.

F is not convex in general, so its certificate is an estimate: half the squared decrement in the norm of the inverse information.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import rank
from .backend import EPS, Array, cholesky, inverse_lower, is_finite, largest, namespace, vdot
from .contracts import Block, Design, Line, Loss, Metric, Objective, Penalty, Point
from .errors import InputError
from .objective import LogisticObjective
from .outcome import Certificate, Status
from .solvers.recursion import Pair, corrected, remember
from .tasks import Place, Rows, logits, value_and_gradient

MOST_COEFFICIENTS = 2000
CHUNK = 2**21  # numbers of the rows' deviates at a time, 16 MiB
NEAR = 0.01  # squared decrement, relative to that of a standard error, below which steps need no line search any more
SOUND = 1e-4  # a pivot below it costs the leverages more digits than rounding does otherwise
LIFT = 1e-14  # of a unit diagonal, for each coefficient: no more than rounding may have taken
REFINEMENTS = 3
LAST_STEPS = 40  # at most, for the last digits
IDLE = 3  # of them in a row without a smaller decrement: rounding rules
STILL = 4 * EPS  # of the largest coefficient: a step that is none


class FirthObjective(LogisticObjective):
    """Mean weighted loss - log det(information) / (2 total).

    Its Hessian is the information, not its own second derivative: positive definite everywhere, and the same at the optimum but for
    terms of the order of the leverages.

    Parameters
    ----------
    loss, penalty, rows, intercept, rng
        As for :class:`LogisticObjective`; the ``penalty`` must be none.

    Raises
    ------
    InputError
        For more coefficients than a determinant is affordable for.
    """

    def __init__(self, loss: Loss, penalty: Penalty, rows: Rows, intercept: bool, rng: Any = None) -> None:
        super().__init__(loss, penalty, rows, intercept, rng)
        size = self.shape[0] * self.shape[1]
        if size > MOST_COEFFICIENTS:
            raise InputError(
                f"bias='firth' needs the determinant of the information of all {size:,} coefficients at every step, and takes "
                f"{MOST_COEFFICIENTS:,} at most; use fewer columns, or a penalty (C=1) in place of bias='firth'"
            )
        self.offers = frozenset({"gradient", "line", "hessian", "inexact", "metric", "early"})
        self._last: tuple[Array, _Factor] | None = None  # of the information over the total weight
        self._begun = False

    @property
    def likelihood(self) -> LogisticObjective:
        """The same without the determinant."""
        return LogisticObjective(self.loss, self.penalty, self.rows, self.intercept)

    def at(self, W: Array) -> Point:
        """Value and gradient; an infinite value where the information is singular to rounding."""
        place, total = Place(W, self.token()), self.rows.total
        loss, gradient = self.rows.executor.map_sum(value_and_gradient, self.rows.handles, self.loss, place)
        plain = self.point(W, loss, gradient, place.token)
        if not is_finite(plain.grad):
            return plain
        factor = self._factor(plain)
        if factor.root is None:
            self._refuse_singular(plain)
            return plain._replace(value=math.inf)
        self._begun = True
        (pull,) = self.rows.executor.map_sum(jeffreys, self.rows.handles, self.loss, place, _by_column(factor.root, self.shape))
        return plain._replace(value=plain.value - factor.volume / (2 * total), grad=plain.grad - pull / total**2)

    def line(self, point: Point, direction: Array) -> Line:
        """The objective along W + t * direction."""
        return Afresh(self, point, direction)

    def root(self, point: Point) -> Array:
        """R (q M, q M) with Rᵀ R the inverse of the information.

        Raises
        ------
        InputError
            Where that is singular to rounding.
        """
        root = self._factor(point).root
        if root is None:
            raise InputError("the information vanishes so far out; ask for a lower level, or for values nearer to the estimate")
        return root

    def metric(self, point: Point, afresh: bool = False, care: int = 1) -> Metric:
        """The inverse of the information, of all rows however little is asked for."""
        root = self.root(point)

        def apply(G: Array) -> Array:
            found: Array = (root.T @ (root @ G.reshape(-1))).reshape(G.shape)
            return found

        return apply

    def inverse(self, point: Point) -> Array:
        """(q M, q M), of the information."""
        root = self.root(point)
        found: Array = root.T @ root
        return found

    def penalty_value(self, point: Point) -> float:
        """- log det I / (2 total), but for a constant: columns are scaled, weights have mean one."""
        return -self._factor(point).volume / (2 * self.rows.total)

    def log_determinant(self, point: Point, divisors: Any) -> float:
        """Log det of the information for columns that are ``divisors`` (q,) times as large, against a reference class.

        Columns that are combinations of others are left out. Which class is the reference does not matter: each has 1 / K of the
        determinant on the differences of classes, for each column.
        """
        q, M = self.shape
        null, K = self.null_space(), self.loss.classes
        left_out = rank.aliased(null, self.intercept)
        kept = [j for j in range(q) if j not in left_out]
        cells = self.hessian(point).reshape(q, M, q, M) + 0
        for k in range(M):
            cells[:, k, :, k] -= null @ null.T / K  # what stands in for a curvature where there is none
        m = len(kept)
        whole = self._factor(point).volume if m == q else _factored(cells[kept][:, :, kept].reshape(m * M, m * M)).volume
        stretch = sum(2 * math.log(float(divisors[j])) + math.log(self.rows.total) for j in kept)
        return whole + (K - 1) * stretch - (m * math.log(K) if M > 1 else 0.0)

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """The point, to the last digits where it is near the optimum, and an estimate of what is left."""
        W = rank.minimum_norm(self.canonical(point.W), self.null_space(), self.intercept)
        point = point if W is point.W else self.at(W)
        columns = rank.aliased(self.null_space(), self.intercept)
        found = Status.RANK_DEFICIENT if columns else Status.CONVERGED, columns
        return settled(self, point, self.metric(point), span(self), found)

    def diagnose(self, point: Point) -> Certificate | None:
        """Nothing: separated classes have finite estimates here."""
        return None

    def _factor(self, point: Point) -> _Factor:
        """Of the Hessian at a point; where columns are nearly collinear, by the rows themselves: products square small angles."""
        if self._last is not None and self._last[0] is point.W:
            return self._last[1]
        found = _factored(self.hessian(point))
        for _ in range(REFINEMENTS):
            if found.root is None or found.pivot >= SOUND:
                break
            roots = _by_column(found.root, self.shape)
            (square,) = self.rows.executor.map_sum(spreads, self.rows.handles, self.loss, self.place(point), roots)
            finer = _factored(square / self.rows.total + self._filled(roots))
            root = None if finer.root is None else finer.root @ found.root
            found = _Factor(found.volume + finer.volume, root, finer.pivot)
        if found.pivot < SOUND:
            found = _Factor(-math.inf, None, 0.0)
        self._last = point.W, found
        return found

    def _filled(self, roots: list[Array]) -> Array:
        """(r, r): what :meth:`hessian` fills in where there is no curvature, between roots."""
        null, K = self.null_space(), self.loss.classes
        together = sum(roots[1:], roots[0])
        found: Array = self.gauge * (together.T @ together) / K
        for root in roots:
            part = null.T @ root
            found = found + part.T @ part / K
        return found

    def _refuse_singular(self, point: Point) -> None:
        """Say which column, where not even the start has an information."""
        if self._begun:
            return
        H = self.hessian(point)
        size = next((m for m in range(1, len(H)) if _factored(H[:m, :m]).root is None), len(H))
        j = (size - 1) // self.shape[1]
        name = "the intercept" if self.intercept and j == self.shape[0] - 1 else f"column {j}"
        raise InputError(
            f"bias='firth' needs the determinant of the information, which is singular in float64 at the start: {name} is nearly a "
            "combination of the columns before it, or init is too far out; drop that column, or start from zeros"
        )


class Afresh(Line):
    """A line whose points are all computed from the data.

    Parameters
    ----------
    objective : Objective
    point : Point
    direction : (q, M) array
    """

    def __init__(self, objective: Objective, point: Point, direction: Array) -> None:
        self.objective, self.start, self.direction = objective, point.W, direction
        self.arrived: tuple[float, Point] | None = None

    def __call__(self, t: float) -> tuple[float, float]:
        """Value and slope at t."""
        point = self.point(t)
        return point.value, vdot(point.grad, self.direction)

    def point(self, t: float) -> Point:
        """The full point at t."""
        if self.arrived is None or self.arrived[0] != t:
            self.arrived = t, self.objective.at(self.start + t * self.direction)
        return self.arrived[1]


def jeffreys(block: Block, loss: Loss, place: Place, roots: list[Array]) -> tuple[Array]:
    """(q, M): half the gradient of log det of Xᵀ (weight * curvature) X, whose inverse is the sum of roots times their transposes.

    ``roots`` holds for each column of W a matrix (q, r); block (k, l) of the inverse is roots[k] roots[l]ᵀ.
    """
    found = 0 * place.W
    for X, p, weight, u in _parts(block, loss, place, roots):
        squares = namespace(p).stack([(each**2).sum(axis=1) for each in u], axis=1)
        if len(u) == 1:
            turn = p[:, :1] * p[:, 1:] * (p[:, :1] - p[:, 1:]) * squares
        else:
            turn = p * (squares - (p * squares).sum(axis=1)[:, None])
        found = found + X.rmatmul((weight / 2)[:, None] * turn)
    return (found,)


def spreads(block: Block, loss: Loss, place: Place, roots: list[Array]) -> tuple[Array]:
    """(r, r): rootsᵀ Xᵀ (weight * curvature) X roots, formed from X roots."""
    r = roots[0].shape[1]
    found = namespace(place.W).zeros((r, r), dtype=place.W.dtype, device=place.W.device)
    for _, p, weight, u in _parts(block, loss, place, roots):
        for k, each in enumerate(u):
            half = each * ((weight * (p[:, k] if len(u) > 1 else p[:, 0] * p[:, 1])) ** 0.5)[:, None]
            found = found + half.T @ half
    return (found,)


class _Part(NamedTuple):
    """Some rows of a block: their probabilities (n, K), weights (n,), and for each column of W the deviates of the logit (n, r).

    For more than two classes they are those from the mean over the classes of the row.
    """

    X: Design
    p: Array
    weight: Array
    u: list[Array]


def _parts(block: Block, loss: Loss, place: Place, roots: list[Array]) -> Iterator[_Part]:
    X = block.X.ready()
    p = loss.probabilities(logits(block, place, X))
    rows = max(CHUNK // (len(roots) * roots[0].shape[1]), 1)
    for start in range(0, len(p), rows):
        part = slice(start, start + rows)
        some, own = X.take(part), p[part]
        u = [some.matmul(root) for root in roots]
        if len(u) > 1:
            mean = sum(own[:, k : k + 1] * each for k, each in enumerate(u))
            u = [each - mean for each in u]
        yield _Part(some, own, block.weight[part], u)


class _Factor(NamedTuple):
    """Of a matrix H: log det, R with Rᵀ R = H⁻¹, or None where H is singular, and the least pivot of H with a unit diagonal."""

    volume: float
    root: Array | None
    pivot: float


def _factored(H: Array) -> _Factor:
    """Lifted by a little, which is taken back later, where H is singular to rounding only."""
    xp = namespace(H)
    diagonal = xp.diagonal(H)
    if not bool((diagonal > 0).all()):
        return _Factor(-math.inf, None, 0.0)
    scale = diagonal**0.5
    unit = H / scale / scale[:, None]
    lower = cholesky(unit)
    lifted = lower is None
    if lifted:
        lower = cholesky(unit + LIFT * len(H) * xp.eye(len(H), dtype=H.dtype, device=H.device))
    if lower is None:
        return _Factor(-math.inf, None, 0.0)
    pivots = xp.diagonal(lower)
    least = 0.0 if lifted else float((-pivots).max()) ** 2
    return _Factor(2 * float(xp.log(pivots * scale).sum()), inverse_lower(lower) / scale, least)


def _by_column(root: Array, shape: tuple[int, ...]) -> list[Array]:
    """Of R (r, q M): for each column of W the (q, r) matrix that makes deviates of rows."""
    cells = root.reshape(len(root), *shape)
    return [cells[:, :, k].T for k in range(shape[1])]


def span(objective: LogisticObjective) -> float:
    """The value gained by coefficients that are a standard error off, all of them together."""
    return objective.shape[0] * objective.shape[1] / (2 * objective.rows.total)


def settled(
    objective: Objective, point: Point, inverse: Metric, reach: float, found: tuple[Status, tuple[int, ...]]
) -> tuple[Point, Certificate]:
    """A point near the optimum moved to where rounding ends; what is left is estimated by the squared decrement.

    Full steps, corrected by what each has shown: ``inverse`` is not the inverse of the objective's own second derivative.
    ``reach`` is how far standard errors reach up from the optimum; ``found`` are status and columns of the certificate.
    """
    if not is_finite(point.grad) or point.value == math.inf:
        return point, Certificate(point.value, math.inf, "none", largest(point.grad), Status.DIVERGED)
    size = vdot(point.grad, inverse(point.grad))
    if size <= NEAR * reach:
        point, size = _last_digits(objective, point, inverse, size)
    return point, Certificate(point.value, size / 2, "estimate", largest(point.grad), *found)


def _last_digits(objective: Objective, point: Point, inverse: Metric, size: float) -> tuple[Point, float]:
    """The point of the smallest decrement, and that squared."""
    best, least, idle = point, size, 0
    pairs: deque[Pair] = deque(maxlen=LAST_STEPS)
    for _ in range(LAST_STEPS):
        step = -corrected(pairs, point.grad, inverse)
        if not largest(step) > STILL * largest(point.W) or idle == IDLE:
            break
        reached = objective.at(objective.canonical(point.W + step))
        size = vdot(reached.grad, inverse(reached.grad))
        if not size < math.inf:
            break
        remember(pairs, point, reached)
        point, idle = reached, 0 if size < least else idle + 1
        if size < least:
            best, least = reached, size
    return best, least
