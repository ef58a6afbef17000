"""F(W) = mean weighted loss + penalty, summed over row blocks by an executor."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

from . import metric, rank, sample, separation, tasks
from .backend import EPS, Array, largest, namespace, psd_solver, vdot
from .contracts import Batch, Line, Loss, Metric, Objective, Penalty, Point
from .outcome import Certificate, Status
from .proof import Curved, Prover
from .tasks import Place, Rows, Token, Trial

HESSIAN_BYTES = 2 * 2**30  # a larger Hessian is not offered
POWER_STEPS = 12
SHARE = 0.1  # of the rows, for a sampled Hessian; a proof by it is so much looser
ROWS_PER_COEFFICIENT = 30  # at least, in that sample: its Hessian is then within some 40 % of the true one in every direction
PRODUCTS = 16  # columns times pairs of classes: with fewer, the Hessian of all rows costs little more than a gradient
NEARBY = 0.02  # squared length of a step in the norm of the Hessian, relative to the value, after which that still serves
FRESH = 8  # logits carried along a line this many times are not carried farther, but computed from the data


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

    _serial = itertools.count()  # one for all: blocks remember logits by these numbers, whichever objective asked for them

    def __init__(
        self, loss: Loss, penalty: Penalty, rows: Rows, intercept: bool, rng: Any = None, hessian_bytes: int = HESSIAN_BYTES
    ) -> None:
        self.loss, self.penalty, self.rows, self.intercept = loss, penalty, rows, intercept
        self.shape = (rows.resolution.shape[0], loss.columns)
        size = self.shape[0] * self.shape[1]
        explicit = {"hessian"} if 8 * size**2 <= hessian_bytes else set()
        estimated = {"metric", "sampled"} if explicit and self._worth_sampling() else metric.offered(rows, self.shape)
        self.offers = frozenset({"gradient", "line", "batches", "outlook", "bound"} | explicit | estimated)
        self.rng = rng
        self.batch_losses = []
        self._null: Array | None = None
        self.at_hand: Curved | None = None  # the Hessian last asked for: step, certificate and polish share it
        self._sample: list[Rows | None] = []
        self._finite = False  # proved: no direction of separation
        self.price = tasks.price(self.shape)
        self.prover = Prover(self)
        if self.prover.sparing:
            self.offers |= {"dual"}

    @property
    def likelihood(self) -> LogisticObjective:
        """The part of it that is no correction of a bias."""
        return self

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
        total: Array = curved + self.gauge * V.sum(axis=1)[:, None] / self.loss.classes
        return total

    def hessian(self, point: Point) -> Array:
        """(q M, q M), rows of W one after another; gauge and null space filled in, so it is positive definite."""
        if self.at_hand is None or self.at_hand.W is not point.W or self.at_hand.share < 1:
            self.at_hand = Curved(point.W, self._assembled(point))
        return self.at_hand.hessian

    def inverse(self, point: Point) -> Array:
        """(q M, q M): the inverse of the Hessian, so formed that a column in small units costs no digits."""
        H = self.hessian(point)
        xp = namespace(H)
        root = xp.diagonal(H) ** -0.5
        found: Array = xp.linalg.inv(root[:, None] * H * root) * root[:, None] * root
        return found

    def sampled(self, point: Point) -> Curved:
        """The Hessian as estimated from a share of the rows, the same ones every time."""
        if self.at_hand is None or self.at_hand.W is not point.W:
            self.at_hand = Curved(point.W, self._assembled(point, SHARE), SHARE)
        return self.at_hand

    @property
    def share(self) -> float:
        """Of the rows that are asked for a Hessian, where "sampled" is offered."""
        return SHARE

    @property
    def sample(self) -> Rows | None:
        """A share of the rows in one place, drawn once; None where that would take too much memory."""
        if not self._sample:
            self._sample.append(sample.drawn(self.rows, SHARE))
        return self._sample[0]

    def metric(self, point: Point, afresh: bool = False, care: int = 1) -> Metric:
        """The inverse Hessian of a share of many rows, or of all rows once these had to be asked; or see :mod:`logistic.metric`.

        That of a share serves nearby as well, unless it is asked for ``afresh``; the other one is made with more or less ``care``.
        """
        if "sampled" in self.offers:
            known = self.at_hand
            if known is None or not (known.share == 1 or (self._nearby(known, point) and not afresh)):
                known = self.sampled(point)
            return psd_solver(known.hessian)
        return metric.metric(self.rows, self.loss, self.place(point), self.penalty.curvature(point.W), self.intercept, care)

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
            self._null = rank.null_space(self.rows, self.free())
        return self._null

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """The sharpest proof that is affordable, or one that is enough; see :mod:`logistic.proof`."""
        return self.prover.certify(point, enough)

    def outlook(self, point: Point) -> float:
        """What the gradient alone says of the gap that can be proved; see :mod:`logistic.proof`."""
        return self.prover.outlook(point)

    def diagnose(self, point: Point) -> Certificate | None:
        """Separation, with its witness, where the penalty leaves directions free."""
        free = self.free()
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

    def _worth_sampling(self) -> bool:
        """Whether there are so many dense rows that a share of them has nearly the Hessian of all, at a fraction of its price."""
        (q, M), K = self.shape, self.loss.classes
        enough = SHARE * self.rows.count >= ROWS_PER_COEFFICIENT * q * M
        return enough and not self.rows.sparse and q * K * (K - 1) // 2 >= PRODUCTS

    def _nearby(self, known: Curved, point: Point) -> bool:
        """Whether a Hessian was made so near that it has changed less than a share of the rows can show."""
        moved = (point.W - known.W).reshape(-1)
        return vdot(moved, known.hessian @ moved) <= NEARBY * abs(point.value)

    def _assembled(self, point: Point, share: float = 1.0) -> Array:
        null = self.null_space()
        own = namespace(null).diag(self.penalty.curvature(point.W))
        if null.shape[1]:
            own = own + null @ null.T / self.loss.classes
        part = self.sample if share < 1 else None
        if part is None:
            grams = self.rows.executor.map_sum(tasks.hessian, self.rows.handles, self.loss, self.place(point), share)
        else:
            grams = part.executor.map_sum(tasks.hessian, part.handles, self.loss, Place(point.W, self.token()))
        return tasks.gauged(tasks.joined(grams, self.shape[1], share * self.rows.total, own), self.shape[1])

    def free(self) -> Array:
        """(q,) mask of the rows without any penalty."""
        mask: Array = self.penalty.curvature(self.zeros()) <= 0
        return mask if self.penalty.l1 is None else mask & (self.penalty.l1 <= 0)

    @property
    def gauge(self) -> float:
        """Curvature given to the direction of equal logits, in which softmax does not change."""
        return 0.0 if self.loss.columns == 1 else 1.0


class _Line(Line):
    """Trials reuse the logits of the point and of the direction wherever the blocks still hold them.

    The first trial is mostly the last one, so it brings the gradient along. Where there are so many rows that steps are good
    ones, or logits were carried along far enough, its logits are computed from the data at the same price, and nobody has to do
    that again for a proof.
    """

    def __init__(self, objective: LogisticObjective, point: Point, direction: Array) -> None:
        self.objective = objective
        self.start = objective.place(point)
        far = self.start.token[1] >= FRESH
        if far:  # where a second trial is needed, it sets out from logits of the data as well
            self.start = Place(point.W, objective.token())
        self.anew = far or "sampled" in objective.offers
        self.direction = Place(direction, objective.token())
        self.arrived: tuple[float, Point] | None = None

    def __call__(self, t: float) -> tuple[float, float]:
        """Value and slope at t."""
        o = self.objective
        trial = Trial(self.start, self.direction, t)
        W = self.start.W + t * self.direction.W
        if self.arrived is None:
            token = o.token() if self.anew else self._token()
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
