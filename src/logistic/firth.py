"""Firth's bias reduction: the likelihood times the root of the determinant of the information, Jeffreys' prior.

F(W) = mean weighted loss - log det I(W) / (2 total), I the information of all coefficients, intercept and classes included
(Firth 1993, Biometrika 80; Kosmidis and Firth 2009, Biometrika 96, for more than two classes). Its maximum is finite whatever the
data (Kosmidis and Firth 2021, Biometrika 108). With A_i = diag(p_i) - p_i p_iᵀ the Hessian of a row's loss in its logits,

    gradient of F in the logits of row i  =  w_i (p_i - t_i - A_i d_i / 2) / total,
    d_ik  =  (x_i (e_k - p_i))ᵀ I⁻¹ (x_i (e_k - p_i)),

the variance of the logit of class k about the mean of the row; for two classes that is Firth's w (p - t) - h (1/2 - p), h the leverage.
Linear maps of the columns, and which class is the reference, change log det I by a constant: the optimum does not depend on them.
Where columns are combinations of others the determinant is that of the information of what can be estimated.

F is not convex in general, so its certificate is an estimate: half the squared decrement in the norm of the inverse information.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

from . import rank
from .backend import EPS, Array, cholesky, inverse_lower, is_finite, largest, namespace, psd_solver, vdot
from .contracts import Block, Line, Loss, Metric, Objective, Penalty, Point
from .errors import InputError
from .objective import LogisticObjective
from .outcome import Certificate, Status
from .solvers.recursion import Pair, corrected, remember
from .tasks import Place, Rows, logits, value_and_gradient

MOST_COEFFICIENTS = 2000
CHUNK = 2**21  # numbers of the rows' deviates at a time, 16 MiB
NEAR = 1e-4  # squared decrement, relative to the loss, below which steps need no line search any more
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
        self.offers = frozenset({"gradient", "line", "hessian", "metric", "early"})
        self._volume: tuple[Array, float] | None = None  # log det of the information over the total weight, last found
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
        H = self.hessian(plain)
        volume, root = _factored(H)
        self._volume = W, volume
        if root is None:
            self._refuse_singular(H)
            return plain._replace(value=float("inf"))
        self._begun = True
        (pull,) = self.rows.executor.map_sum(jeffreys, self.rows.handles, self.loss, place, self._turned(root))
        return plain._replace(value=plain.value - volume / (2 * total), grad=plain.grad - pull / total**2)

    def line(self, point: Point, direction: Array) -> Line:
        """The objective along W + t * direction."""
        return Afresh(self, point, direction)

    def metric(self, point: Point) -> Metric:
        """The inverse of the information."""
        return psd_solver(self.hessian(point))

    def penalty_value(self, point: Point) -> float:
        """- log det I / (2 total), but for a constant: columns are scaled, weights have mean one."""
        if self._volume is None or self._volume[0] is not point.W:
            self._volume = point.W, _factored(self.hessian(point))[0]
        return -self._volume[1] / (2 * self.rows.total)

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
        volume, _ = _factored(cells[kept][:, :, kept].reshape(m * M, m * M))
        stretch = sum(2 * math.log(float(divisors[j])) + math.log(self.rows.total) for j in kept)
        return volume + (K - 1) * stretch - (m * math.log(K) if M > 1 else 0.0)

    def certify(self, point: Point) -> tuple[Point, Certificate]:
        """The point, to the last digits where it is near the optimum, and an estimate of what is left."""
        W = rank.minimum_norm(self.canonical(point.W), self.null_space(), self.intercept)
        point = point if W is point.W else self.at(W)
        columns = rank.aliased(self.null_space(), self.intercept)
        return settled(self, point, self.metric(point), Status.RANK_DEFICIENT if columns else Status.CONVERGED, columns)

    def diagnose(self, point: Point) -> Certificate | None:
        """Nothing: separated classes have finite estimates here."""
        return None

    def _turned(self, root: Array) -> list[Array]:
        """Of R (q M, q M) with Rᵀ R the inverse: for each column of W the (q, q M) matrix that makes deviates of rows."""
        q, M = self.shape
        cells = root.reshape(q * M, q, M)
        return [cells[:, :, k].T for k in range(M)]

    def _refuse_singular(self, H: Array) -> None:
        """Say which column, where not even the start has an information."""
        if self._begun:
            return
        size = next((m for m in range(1, len(H)) if _factored(H[:m, :m])[1] is None), len(H))
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


class Held(Objective):
    """An objective on the coefficients W with sum(normal * W) fixed, at whatever it is where the search starts.

    Gradients are projected, so at an optimum they vanish; what the objective gains per unit of the sum is :meth:`slope`.

    Parameters
    ----------
    objective : LogisticObjective
        It must offer its Hessian.
    normal : (q, M) array
        In the columns of the objective; for more than two classes its rows sum to zero.
    """

    def __init__(self, objective: LogisticObjective, normal: Array) -> None:
        self.inside, self.normal = objective, normal / vdot(normal, normal) ** 0.5
        self.length = vdot(normal, normal) ** 0.5
        self.shape = objective.shape
        self.offers = frozenset({"gradient", "line", "metric", "early"})
        self.batch_losses = []

    def at(self, W: Array) -> Point:
        """The same value; the gradient without its part along the normal. The memo is the point inside."""
        point = self.inside.at(W)
        return Point(W, point.value, point.grad - vdot(self.normal, point.grad) * self.normal, point)

    def line(self, point: Point, direction: Array) -> Line:
        """The objective along W + t * direction."""
        return Afresh(self, point, direction)

    def metric(self, point: Point) -> Metric:
        """The inverse Hessian on the steps that keep the sum."""
        inverse = psd_solver(self.inside.hessian(point.memo))
        along = inverse(self.normal)
        width = vdot(self.normal, along)

        def apply(G: Array) -> Array:
            step = inverse(G)
            kept: Array = step - (vdot(self.normal, step) / width) * along
            return kept - vdot(self.normal, kept) * self.normal

        return apply

    def slope(self, point: Point) -> float:
        """Derivative of the least value in the sum that is held."""
        return vdot(self.normal, point.memo.grad) / self.length

    def batches(self, size: int | None) -> Any:
        """None are offered."""
        return iter(())

    def accuracy(self, point: Point) -> float:
        """That of the point inside."""
        return self.inside.accuracy(point.memo)

    def canonical(self, W: Array) -> Array:
        """As inside: the same logits, hence the same sum."""
        return self.inside.canonical(W)

    def penalty_value(self, point: Point) -> float:
        """That of the point inside."""
        return self.inside.penalty_value(point.memo)

    def certify(self, point: Point) -> tuple[Point, Certificate]:
        """The point, to the last digits where it is near the optimum, and an estimate of what is left."""
        return settled(self, point, self.metric(point), Status.CONVERGED)


class _Deviates(NamedTuple):
    """Some rows of a block."""

    p: Array  # (n, K)
    weight: Array  # (n,)
    u: list[Array]  # for each column of W (n, r): the logit's deviates


def jeffreys(block: Block, loss: Loss, place: Place, roots: list[Array]) -> tuple[Array]:
    """(q, M): half the gradient of log det of Xᵀ (weight * curvature) X, whose inverse is the sum of roots times their transposes.

    ``roots`` holds for each column of W a matrix (q, r); block (k, l) of the inverse is roots[k] roots[l]ᵀ.
    """
    X, found = block.X.ready(), 0 * place.W
    p = loss.probabilities(logits(block, place, X))
    rows = max(CHUNK // (len(roots) * roots[0].shape[1]), 1)
    for start in range(0, len(p), rows):
        part = slice(start, start + rows)
        some = X.take(part)
        found = found + some.rmatmul(_turn(_Deviates(p[part], block.weight[part], [some.matmul(root) for root in roots])))
    return (found,)


def _turn(rows: _Deviates) -> Array:
    """(n, M): weight * A d / 2, in the notation above."""
    p, weight, u = rows
    if len(u) == 1:
        turn: Array = (weight * p[:, 0] * p[:, 1] * (p[:, 0] - p[:, 1]) / 2 * (u[0] ** 2).sum(axis=1))[:, None]
        return turn
    mean = p[:, :1] * u[0]
    for k in range(1, len(u)):
        mean = mean + p[:, k : k + 1] * u[k]
    d = namespace(p).stack([((each - mean) ** 2).sum(axis=1) for each in u], axis=1)
    turn = (weight / 2)[:, None] * p * (d - (p * d).sum(axis=1)[:, None])
    return turn


def _factored(H: Array) -> tuple[float, Array | None]:
    """Log det H, and R with Rᵀ R = H⁻¹; minus infinity and None where H is not positive definite to rounding."""
    xp = namespace(H)
    diagonal = xp.diagonal(H)
    if not bool((diagonal > 0).all()):
        return float("-inf"), None
    scale = diagonal**0.5
    lower = cholesky(H / scale / scale[:, None])
    if lower is None:
        return float("-inf"), None
    return 2 * float(xp.log(xp.diagonal(lower) * scale).sum()), inverse_lower(lower) / scale


def settled(
    objective: Objective, point: Point, inverse: Metric, status: Status, columns: tuple[int, ...] = ()
) -> tuple[Point, Certificate]:
    """A point near the optimum moved to where rounding ends; what is left is estimated by the squared decrement.

    Full steps, corrected by what each has shown: ``inverse`` is not the inverse of the objective's own second derivative.
    """
    if not is_finite(point.grad) or point.value == float("inf"):
        return point, Certificate(point.value, float("inf"), "none", largest(point.grad), Status.DIVERGED)
    size = vdot(point.grad, inverse(point.grad))
    if size <= NEAR * (point.value - objective.penalty_value(point)):
        point, size = _last_digits(objective, point, inverse, size)
    return point, Certificate(point.value, size / 2, "estimate", largest(point.grad), status, columns)


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
        if not size < float("inf"):
            break
        remember(pairs, point, reached)
        point, idle = reached, 0 if size < least else idle + 1
        if size < least:
            best, least = reached, size
    return best, least
