"""F(W) = mean weighted loss + penalty, summed over row blocks by an executor."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any, NamedTuple

from . import metric, rank, separation, tasks
from .backend import EPS, Array, largest, namespace, psd_solver, vdot
from .certificate import UNIT, Curvature, estimated_gap, newton_factor, summation_error
from .contracts import Batch, Line, Loss, Metric, Objective, Penalty, Point
from .outcome import Certificate, Status
from .tasks import Place, Rows, Token, Trial

HESSIAN_BYTES = 2 * 2**30  # a larger Hessian is not offered
CERTIFY_SIZE = 2000  # coefficients up to which a Hessian is made for the certificate alone
NEAR = 1e-3  # length of a step, in the norm of the Hessian, after which the old one may still do for a proof
ROUGH = 0.05  # relative change of the Hessian that a proof need not know better
SAME = 1.1  # by which factor it may have changed
POWER_STEPS = 12
FRESH = 8  # logits carried along a line this many times are computed from the data again


class _Rounding(NamedTuple):
    """Bounds on what floating point did: to the gradient (q, M), to F by rounding W; and the largest sum of terms in a logit."""

    gradient: Array
    drift: float
    reach: float

    def widen(self, gap: float) -> float:
        """The gap of the point as it is published: distances add, and the gap is a squared distance."""
        return float((gap**0.5 + self.drift**0.5) ** 2)


class LogisticObjective(Objective):
    """The objective of logistic and softmax regression.

    Parameters
    ----------
    loss : Loss
    penalty : Penalty
    rows : Rows
    intercept : bool
        Whether the last row of W is an intercept (a column of ones with penalty factor 0).
    rng : numpy.random.Generator, optional
        Shuffles the rows for :meth:`batches`; needed only there.
    hessian_bytes : int
        A Hessian larger than this is not offered.
    """

    def __init__(
        self, loss: Loss, penalty: Penalty, rows: Rows, intercept: bool, rng: Any = None, hessian_bytes: int = HESSIAN_BYTES
    ) -> None:
        self.loss, self.penalty, self.rows, self.intercept = loss, penalty, rows, intercept
        self.shape = (rows.resolution.shape[0], loss.columns)
        size = self.shape[0] * self.shape[1]
        explicit = {"hessian"} if 8 * size**2 <= hessian_bytes else set()
        sampled = {"metric"} if metric.worthwhile(rows, self.shape) else set()
        self.offers = frozenset({"gradient", "line", "batches", "bound"} | explicit | sampled)
        self.rng = rng
        self.batch_losses = []
        self._serial = itertools.count()
        self._null: Array | None = None
        self._hessian: tuple[Array, Array] | None = None  # of the last W asked for: step, certificate and polish share it
        self._finite = False  # proved: no direction of separation

    def zeros(self) -> Array:
        """(q, M) coefficients, all zero."""
        like = self.rows.resolution
        found: Array = namespace(like).zeros(self.shape, dtype=like.dtype, device=like.device)
        return found

    def at(self, W: Array) -> Point:
        """Value and gradient at W, logits computed from the data."""
        place = Place(W, self.token())
        total, gradient = self.rows.executor.map_sum(tasks.value_and_gradient, self.rows.handles, self.loss, place)
        return self.point(W, total, gradient, place.token)

    def line(self, point: Point, direction: Array) -> Line:
        """The objective along W + t * direction."""
        return _Line(self, point, direction)

    def hvp(self, point: Point, V: Array) -> Array:
        """(q, M): Hessian times V, gauge included."""
        (product,) = self.rows.executor.map_sum(tasks.curvature_product, self.rows.handles, self.loss, self.place(point), V)
        curved = product / self.rows.total + self.penalty.curvature(point.W)[:, None] * V
        total: Array = curved + self._gauge() * V.sum(axis=1)[:, None] / self.loss.classes
        return total

    def hessian(self, point: Point) -> Array:
        """(q M, q M), rows of W one after another; gauge and null space filled in, so it is positive definite."""
        if self._hessian is None or self._hessian[0] is not point.W:
            self._hessian = point.W, self._assembled(point)
        return self._hessian[1]

    def metric(self, point: Point) -> Metric:
        """An inverse Hessian from a few rows; see :mod:`logistic.metric`."""
        return metric.metric(self.rows, self.loss, self.place(point), self.penalty.curvature(point.W))

    def batches(self, size: int | None) -> Iterator[Batch]:
        """All rows once, in one random order over all blocks."""
        counts = self.rows.executor.map(tasks.size, self.rows.handles)
        n = sum(counts)
        order, size = self.rng.permutation(n), min(size or n, n)
        for start in range(0, n, size):
            chosen = order[start : start + size]
            parts, first = [], 0
            for handle, count in zip(self.rows.handles, counts, strict=True):
                local = chosen[(chosen >= first) & (chosen < first + count)] - first
                first += count
                if len(local):
                    parts.append((handle, local))
            yield partial(self._batch, parts, size * self.rows.total / n)

    def bound(self, size: int | None) -> float:
        """Lambda + (trace - lambda) / size, of the Hessian at its steepest; lambda, its largest eigenvalue, by the power method."""
        steepest = 0.25 if self.loss.columns == 1 else 0.5
        largest_eigenvalue, trace = self._eigenvalue, float(self.shape[0])
        ridge = largest(self.penalty.curvature(self.zeros()))
        return steepest * (largest_eigenvalue + (trace - largest_eigenvalue) / (size or math.inf)) + ridge

    @cached_property
    def _eigenvalue(self) -> float:
        """An estimate, from above, of the largest eigenvalue of Xᵀ diag(weight) X / total."""
        v = (self.zeros()[:, :1] + 1) * self.shape[0] ** -0.5
        found = trace = float(self.shape[0])  # columns have root mean square 1 at most
        for _ in range(POWER_STEPS):
            product, _ = self.rows.executor.map_sum(tasks.gram_of_product, self.rows.handles, v)
            norm = vdot(product, product) ** 0.5
            if norm == 0:
                break
            found = min(1.1 * norm / self.rows.total, trace)
            v = product / norm
        return found

    def accuracy(self, point: Point) -> float:
        """Share of the weight whose likeliest class is the right one."""
        (right,) = self.rows.executor.map_sum(tasks.hits, self.rows.handles, self.loss, self.place(point))
        return float(right) / self.rows.total

    def canonical(self, W: Array) -> Array:
        """Class-centred for more than two classes: the same logits up to a constant, and never a larger penalty."""
        common = W.sum(axis=1)[:, None] / W.shape[1]
        if W.shape[1] == 1 or largest(common) <= 4 * EPS * largest(W):
            return W  # the very same array, whose Hessian may be at hand
        centred: Array = W - common
        return centred

    def penalty_value(self, point: Point) -> float:
        """Alpha * penalty."""
        return self.penalty.value(point.W)

    def null_space(self) -> Array:
        """(q, d) orthonormal: unpenalised combinations of columns that are zero in every row, to the rounding of the data."""
        if self._null is None:
            free = self.penalty.curvature(self.zeros()) <= 0
            self._null = rank.null_space(self.rows, free)
        return self._null

    def certify(self, point: Point) -> tuple[Point, Certificate]:
        """The sharpest proof that is affordable; see :mod:`logistic.certificate`."""
        explicit = self._explicit(point)
        W = self.canonical(point.W)  # the gauge term of the Hessian is no curvature of a penalty, so no gradient may point there
        W = rank.minimum_norm(W, self.null_space(), self.intercept) if explicit else W
        if W is not point.W or point.memo is None or point.memo[1] > 0:  # logits that were carried along a line have drifted
            point = self.at(W)
        if not math.isfinite(point.value):
            return point, Certificate(point.value, math.inf, "none", math.inf, Status.DIVERGED)
        gap, kind = self._newton_gap(point) if explicit else (math.inf, "none")
        if math.isinf(gap) and self._dual_applies():
            point, gap = self._dual_gap(point)
            kind = "proof"
        elif not explicit:
            gap, kind = estimated_gap(partial(self.hvp, point), point.grad), "estimate"
        kind = kind if math.isfinite(gap) else "none"
        columns = rank.aliased(self.null_space(), self.intercept) if explicit else ()
        status = Status.RANK_DEFICIENT if columns else Status.UNCERTIFIED
        if kind == "none":
            status = Status.UNDETERMINED
        return point, Certificate(point.value, gap, kind, largest(point.grad), status, columns)

    def diagnose(self, point: Point) -> Certificate | None:
        """Separation, with its witness, where the penalty leaves directions free."""
        free = self.penalty.curvature(point.W) <= 0
        if int(free.sum()) <= int(self.intercept):
            return None
        if self._finite:
            return None
        direction, self._finite = separation.find(self.rows, self.loss, point.W, free)
        if direction is None:
            return None
        size = namespace(direction).amax(abs(direction), axis=1)[: self.shape[0] - self.intercept]
        columns = tuple(j for j in range(len(size)) if float(size[j]) > 1e-6 * largest(direction))
        return Certificate(point.value, math.inf, "none", largest(point.grad), Status.SEPARATED, columns, direction)

    # ------------------------------------------------------------------------------------------------------ shared with Line

    def token(self, steps: int = 0) -> Token:
        """A new name for a set of logits."""
        return next(self._serial), steps

    def place(self, point: Point) -> Place:
        """The point's coefficients with the name of its logits."""
        return Place(point.W, point.memo if point.memo is not None else self.token())

    def point(self, W: Array, total: Array, gradient: Array, token: Token) -> Point:
        """The point whose summed loss and gradient are given."""
        value = float(total) / self.rows.total + self.penalty.value(W)
        return Point(W, value, gradient / self.rows.total + self.penalty.gradient(W), token)

    def _batch(self, parts: list[tuple[Any, Any]], even: float, W: Array) -> tuple[float, Array, float]:
        sums = [self.rows.executor.map_sum(tasks.batch, [handle], self.loss, W, rows) for handle, rows in parts]
        total, gradient, weight = (sum(terms[1:], terms[0]) for terms in zip(*sums, strict=True))
        self.batch_losses.append(float(total / weight))
        value = self.batch_losses[-1] + self.penalty.value(W)
        return value, gradient / weight + self.penalty.gradient(W), float(weight) / even

    # ------------------------------------------------------------------------------------------------------------- certificate

    def _explicit(self, point: Point) -> bool:
        """Whether a Hessian is worth its price for a proof: a small one, or one that the solver has made anyway."""
        at_hand = self._hessian is not None and self._hessian[0] is point.W
        return "hessian" in self.offers and (at_hand or math.prod(self.shape) <= CERTIFY_SIZE)

    def _assembled(self, point: Point) -> Array:
        null = self.null_space()
        own = namespace(null).diag(self.penalty.curvature(point.W))
        if null.shape[1]:
            own = own + null @ null.T / self.loss.classes
        grams = self.rows.executor.map_sum(tasks.hessian, self.rows.handles, self.loss, self.place(point))
        H = tasks.joined(grams, self.shape[1], self.rows.total, own)
        if self._gauge():
            q, M = self.shape
            H = H.reshape(q, M, q, M)
            H += namespace(H).eye(q, dtype=H.dtype, device=H.device)[:, None, :, None] / self.loss.classes
        found: Array = H.reshape(math.prod(self.shape), -1)
        return found

    def _newton_gap(self, point: Point) -> tuple[float, str]:
        """delta² * newton_factor(rho * delta), every rounding counted, with the Hessian of a point nearby where there is one."""
        rounding = self._rounding(point)
        adding = summation_error(self.rows.block_rows, len(self.rows.handles))
        W, H = self._nearby(point)
        reach = rounding.reach if W is point.W else 2 * rounding.reach
        curvature = Curvature(H, adding + self._curvature_error(reach))
        if not curvature.sound:
            return self._newton_gap(self._renewed(point)) if W is not point.W else (math.inf, "none")
        null = self.null_space()
        gradient = point.grad - null @ (null.T @ point.grad)
        delta = curvature.decrement(gradient.reshape(-1), rounding.gradient.reshape(-1))
        moved = curvature.most(point.W - W)
        rho = self._change_of_curvature(curvature, max(delta, moved))
        grown = math.exp(min(rho * moved, 1.0))
        if grown > SAME:
            return self._newton_gap(self._renewed(point))
        return rounding.widen(grown * delta**2 * newton_factor(grown * rho * delta)), "proof"

    def _renewed(self, point: Point) -> Point:
        """The same point, its own Hessian at hand."""
        self.hessian(point)
        return point

    def _nearby(self, point: Point) -> tuple[Array, Array]:
        """A Hessian and the coefficients it was made for, which no entry of the point's is twice or half as large as."""
        if self._hessian is not None:
            W, H = self._hessian
            apart = abs(point.W - W)
            root = namespace(H).diagonal(H).reshape(W.shape) ** 0.5
            if bool((apart <= abs(point.W)).all()) and float((apart * root).sum()) <= NEAR:
                return W, H
        return point.W, self.hessian(point)

    def _curvature_error(self, reach: float) -> float:
        """Relative rounding of a row's part of the Hessian: a row's curvature is as inexact as its logits."""
        return UNIT * (24 + self.loss.classes + 4 * (self.shape[0] + 4) * reach)

    @cached_property
    def _longest(self) -> float:
        """The largest sum of the absolute numbers of a row."""
        return 1.01 * float(self.rows.executor.map_merge(tasks.longest, self.rows.handles, max, self.zeros()[:, :1] + 1))

    def _change_of_curvature(self, curvature: Curvature, length: float) -> float:
        """Rho: how fast, at most, the Hessian changes relative to itself, along a step of length one in its own norm.

        A rough bound will do where it hardly changes along a step of this ``length``.
        """
        rough = self._longest * curvature.widest(self.shape[1])
        if rough * length <= ROUGH:
            return rough
        roots = curvature.spread_roots(*self.shape)
        return 1.01 * math.sqrt(self.rows.executor.map_merge(tasks.spread, self.rows.handles, max, roots))

    def _rounding(self, point: Point) -> _Rounding:
        """What floating point can have done at this point."""
        found = self.rows.executor.map_merge(tasks.audit, self.rows.handles, tasks.merge_audits, self.loss, self.place(point))
        adding = summation_error(self.rows.block_rows, len(self.rows.handles))
        # Cauchy and Schwarz bound the sums over rows: columns have root mean square 1, but for the rounding of their centres.
        per_class = ((found.noise / self.rows.total) ** 0.5 + adding * (found.residual / self.rows.total) ** 0.5) * 1.001
        column = (1 + self.rows.resolution**2) ** 0.5
        pull = abs(self.penalty.gradient(point.W))
        drift = found.drift / self.rows.total + (8 * UNIT) ** 2 * vdot(pull, abs(point.W))
        return _Rounding(column[:, None] * per_class + 16 * UNIT * pull, drift, found.reach)

    def _dual_applies(self) -> bool:
        strength = self.penalty.curvature(self.zeros())
        penalised = strength[:-1] if self.intercept else strength
        return bool((penalised > 0).all())

    def _dual_gap(self, point: Point) -> tuple[Point, float]:
        """The intercept is minimised on the logits, then the gap is the scaled squared gradient of the other rows."""
        q = self.shape[0]
        strength = self.penalty.curvature(point.W)
        left, flat = 0.0, 1.0
        if self.intercept:
            point, flat = self._with_best_intercept(point)
        rounding = self._rounding(point)
        residue = abs(point.grad) + rounding.gradient
        if self.intercept:
            left = float((residue[-1] ** 2).sum()) ** 0.5
        rows = slice(0, q - 1 if self.intercept else q)
        # An intercept gradient of size `left` moves the other gradients by at most left * sqrt(H_jj / H_00) each.
        residue = residue[rows] + left * (0.5 / flat) ** 0.5
        gap = 1.001 * float((residue**2 / (2 * strength[rows, None])).sum()) + left**2 / flat
        return point, rounding.widen(gap)

    def _with_best_intercept(self, point: Point) -> tuple[Point, float]:
        """Newton on the intercept alone, from the logits; also the smallest curvature met there."""
        M = self.loss.columns
        xp = namespace(point.W)
        shift = xp.zeros_like(point.W[-1])
        identity = xp.eye(self.loss.classes, dtype=point.W.dtype, device=point.W.device)
        flat = 1.0
        for _ in range(30):
            gradient, products = self.rows.executor.map_sum(
                tasks.intercept_derivatives, self.rows.handles, self.loss, self.place(point), shift
            )
            apart = products * (1 - identity) / self.rows.total
            H = (identity * apart.sum(axis=1) - apart)[-M:, -M:]  # p_k (1 - p_k) as a sum, never by subtraction from 1
            flat = float(xp.linalg.eigvalsh(H)[1 if M > 1 else 0])
            gradient = gradient / self.rows.total
            step = -psd_solver(H + self._gauge() / self.loss.classes)(gradient)
            shift = shift + step / max(1.0, largest(step))
            if largest(step) <= 4 * UNIT * (1 + largest(shift)):
                break
        W = point.W + 0
        W[-1] = W[-1] + shift
        return self.at(W), max(flat, 5e-324)

    def _gauge(self) -> float:
        """Curvature given to the direction of equal logits, in which softmax does not change."""
        return 0.0 if self.loss.columns == 1 else 1.0


class _Line(Line):
    """Trials reuse the logits of the point and of the direction wherever the blocks still hold them.

    The first trial is mostly the last one, so it brings the gradient along.
    """

    def __init__(self, objective: LogisticObjective, point: Point, direction: Array) -> None:
        self.objective = objective
        self.start = objective.place(point)
        if self.start.token[1] >= FRESH:
            self.start = Place(point.W, objective.token())
        self.direction = Place(direction, objective.token())
        self.arrived: tuple[float, Point] | None = None

    def __call__(self, t: float) -> tuple[float, float]:
        """Value and slope at t."""
        o = self.objective
        trial = Trial(self.start, self.direction, t)
        W = self.start.W + t * self.direction.W
        if self.arrived is None:
            token = self._token()
            total, gradient = o.rows.executor.map_sum(tasks.leap, o.rows.handles, o.loss, trial, token)
            point = o.point(W, total, gradient, token)
            self.arrived = t, point
            return point.value, vdot(point.grad, self.direction.W)
        total, slope = o.rows.executor.map_sum(tasks.value_and_slope, o.rows.handles, o.loss, trial)
        slope = float(slope) / o.rows.total + vdot(o.penalty.gradient(W), self.direction.W)
        return float(total) / o.rows.total + o.penalty.value(W), slope

    def point(self, t: float) -> Point:
        """The full point at t."""
        if self.arrived is not None and self.arrived[0] == t:
            return self.arrived[1]
        o = self.objective
        trial, token = Trial(self.start, self.direction, t), self._token()
        total, gradient = o.rows.executor.map_sum(tasks.advance, o.rows.handles, o.loss, trial, token)
        return o.point(self.start.W + t * self.direction.W, total, gradient, token)

    def _token(self) -> Token:
        return self.objective.token(self.start.token[1] + 1)
