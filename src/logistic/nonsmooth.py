"""An objective with an L1 part: smooth on the faces where signs and zeros stay, few coefficients at a time, and its duality gap."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from . import tasks
from .backend import Array, cholesky, cholesky_solver, largest, namespace, peak, places, positions, vdot
from .certificate import UNIT
from .contracts import Face, Loss, Point
from .dual import DualProver
from .metric import Centred
from .objective import LogisticObjective
from .penalty import ElasticNet, beyond
from .tasks import Place, Rows

EXPLICIT = 1500  # coefficients of a face up to which its Hessian is formed
FEW = 300  # the same for sparse rows of many classes, whose products are cheap
ENOUGH = 0.3  # of the gap that will do: where the work on some columns stops
LIFT = 1e-12  # of the diagonal; a hundred times more where a Cholesky factor asks for it
MANY = 2000  # coefficients of sparse rows from which on a step with a gradient is worth more than one with a face
CG_STEPS = 60
ROUGH = 1e-3  # relative accuracy by conjugate gradients, at best: the next step mends it
STILL = 64 * UNIT  # relative: a move that is no move
TINY, FAR = 1e-150, 1e150


class NonsmoothObjective(LogisticObjective):
    """Mean weighted loss + a penalty with an L1 part.

    Parameters
    ----------
    loss, penalty, rows, intercept, rng
        As for :class:`LogisticObjective`; every row but the intercept is penalised.
    goal : float
        Relative gap that will do; no part of the work is more exact.
    """

    penalty: ElasticNet
    prover: DualProver

    def __init__(self, loss: Loss, penalty: ElasticNet, rows: Rows, intercept: bool, rng: Any = None, goal: float = 0.0) -> None:
        super().__init__(loss, penalty, rows, intercept, rng)
        many = rows.sparse and math.prod(self.shape) > MANY
        self.offers = frozenset({"line", "columns", "outlook"} | ({"proximal"} if many else set()))
        self.prover = DualProver(self)
        self.goal = goal
        self._expected: Array | None = None  # near the optimum; zero where the known point is
        self._part: tuple[Any, NonsmoothObjective] | None = None  # last asked for
        self._known: Point | None = None
        self._least: tuple[Array, Array] | None = None  # the subgradient last asked for, and its gradient

    @property
    def l1(self) -> Array:  # type: ignore[override]
        """(q,) strength of the kinks."""
        return self.penalty.l1

    def with_penalty(self, penalty: ElasticNet, known: Point | None = None, expected: Array | None = None) -> NonsmoothObjective:
        """The same rows under another penalty with an L1 part; a ``known`` point of this objective costs nothing there.

        The optimum may be ``expected`` (q, M) elsewhere, but with the same zeros.
        """
        other = self.under(penalty, self.rows)
        other._expected = expected
        if known is not None:
            value = known.value - self.penalty.value(known.W) + penalty.value(known.W)
            gradient = known.grad
            if penalty.squares or self.penalty.squares:
                gradient = gradient + (penalty.gradient(known.W) - self.penalty.gradient(known.W))
            other._known = Point(known.W, value, gradient, known.memo)
        return other

    def under(self, penalty: ElasticNet, rows: Rows | None = None) -> NonsmoothObjective:
        """The same loss under another penalty, of the same rows or of some of their columns."""
        other, rows = copy(self), rows or self.rows
        other.penalty, other.rows = penalty, rows
        other.shape = (rows.resolution.shape[0], self.loss.columns)
        other.prover = DualProver(other)
        other._part = other._known = other._least = other._null = other._expected = None
        return other

    def largest_strength(self) -> tuple[Point, float]:
        """The optimum of the intercept alone, and the smallest multiple of this penalty under which it is the optimum of all.

        A coefficient stays zero where |g_jk| <= l1_j, so the multiple is the largest |g_jk| / l1_j at that point, for any number
        of classes and any share of squares.
        """
        if self.intercept:  # alone: the other columns are looked at once
            keep = positions(self.l1 <= 0)
            part = self.part(keep)
            point, _ = part.prover.settled(part.at(part.zeros()))
            point = self.among(keep, point)
        else:
            point = super().at(self.zeros())
        penalised = self.l1 > 0
        ratio = abs(point.grad[penalised]) / self.l1[penalised][:, None]
        return point, peak(ratio)

    def at(self, W: Array) -> Point:
        """Value and gradient of the smooth part at W, logits computed from the data; those of a known point are known."""
        return self._known if self._known is not None and W is self._known.W else super().at(W)

    def knows(self, point: Point) -> bool:
        """Whether this is the point of another penalty."""
        return point is self._known

    def subgradient(self, point: Point) -> Array:
        """(q, M), of least size: the derivative where W is not zero, else what of the gradient the kink does not hold."""
        if self._least is None or self._least[0] is not point.grad:
            W, G, l1, xp = point.W, point.grad, self.l1[:, None], namespace(point.W)
            found, at = G - xp.minimum(xp.maximum(G, -l1), l1), places(W != 0)
            found[at] = self.derivative(point, at)
            self._least = point.grad, found
        return self._least[1]

    def derivative(self, point: Point, at: Any) -> Array:
        """(m,): by coefficients that are not zero, at these places."""
        found: Array = point.grad[at] + self.l1[at[0]] * namespace(point.W).sign(point.W[at])
        return found

    def steepest(self, point: Point) -> float:
        """The largest entry of the subgradient, absolute: where W is not zero it is no less than what passes the kink there."""
        if self._least is not None and self._least[0] is point.grad:
            return largest(self._least[1])
        inside = self.derivative(point, places(point.W != 0))
        return max(beyond(point.grad, self.l1), largest(inside))

    def columns(self, keep: Any, point: Point) -> tuple[NonsmoothObjective, Point, float]:
        """The same objective of some rows of W (increasing indices, the intercept among them); the others are zero.

        Also where to begin there, at the point or where the optimum is expected, and the gap after which there is no need to go on.
        """
        part, inner = self.part(keep), Point(point.W[keep], point.value, point.grad[keep], point.memo)
        enough = ENOUGH * self.goal * abs(point.value)
        if self._expected is None:
            return part, inner, enough
        expected, self._expected = part.at(self._expected[keep]), None
        return part, expected if expected.value < inner.value else inner, enough

    def part(self, keep: Any) -> NonsmoothObjective:
        """The objective of some rows of W."""
        if len(keep) == self.shape[0]:
            return self
        if self._part is not None and self._part[0] is keep:
            return self._part[1]
        blocks = self.rows.executor.map(tasks.selected, self.rows.handles, keep)
        rows = replace(
            self.rows, handles=self.rows.executor.put(blocks), resolution=self.rows.resolution[keep], terms=1.0, reach=None
        )
        # blocks and their parts share the names of logits, and what they remember
        part = self.under(self.penalty.rows(keep), rows)
        self._part = keep, part
        return part

    def among(self, keep: Any, point: Point) -> Point:
        """A point of :meth:`columns` among all rows of W, with the gradient of all: logits from the data, the best intercept."""
        if len(keep) == self.shape[0]:
            return point
        part = self.part(keep)
        moved, flat = part.prover.settled(point) if self.intercept else (point, 1.0)
        point = part.at(moved.W) if moved.memo is None or moved.memo[1] > 0 else moved
        W = self.zeros()
        W[keep] = point.W
        place = Place(W, self.token() if point.memo is None else point.memo)
        total, gradient = self.rows.executor.map_sum(tasks.value_and_gradient, self.rows.handles, self.loss, place)
        self.prover.flat = place.token, flat
        return self.point(W, total, gradient, place.token)

    def support(self, W: Array) -> tuple[Any, NonsmoothObjective]:
        """Rows of W, all that are not zero among them, and the objective of these."""
        wanted = positions((abs(W) > 0).any(axis=1) | (self.l1 <= 0))
        if self._part is not None:
            keep, part = self._part
            if len(wanted) <= len(keep) and bool((keep[np.searchsorted(keep[:-1], wanted)] == wanted).all()):
                return keep, part
        return wanted, self.part(wanted)

    def face(self, point: Point, chosen: Array, accuracy: float) -> Face:
        """The Hessian of the chosen coefficients (q, M): formed where they are few, else as products."""
        own = self._own_curvature(point)
        if int(chosen.sum()) <= (EXPLICIT if self.gauge == 0 or not self.rows.sparse else FEW):
            formed = _Formed(self._formed(point, chosen))
            return Face(formed.solve, formed.product, bends=50)
        (diagonal, _) = self.rows.executor.map_sum(tasks.diagonals, self.rows.handles, self.loss, self.place(point))
        diagonal = (diagonal / self.rows.total + own[:, None])[chosen]

        def product(x: Array) -> Array:
            V = self.zeros()
            V[chosen] = x
            (curved,) = self.rows.executor.map_sum(tasks.curvature_product, self.rows.handles, self.loss, self.place(point), V)
            curved = curved / self.rows.total + own[:, None] * V
            if self.gauge:
                curved = curved + (self.l1 <= 0)[:, None] * V.sum(axis=1)[:, None] / self.loss.classes
            found: Array = curved[chosen]
            return found

        return Face(_Products(product, diagonal, accuracy).solve, product, bends=4)

    def proximal(self, point: Point) -> tuple[Callable[[Array, Array, float], Array], Callable[[Array], float]]:
        """Proximal steps by the diagonal of the Hessian, beside the intercept; and the square of a length."""
        curvature = self.penalty.curvature(point.W)
        metric = Centred.of(self.rows, self.loss, self.place(point), curvature, self.intercept)
        return partial(metric.proximal, self.l1), metric.square

    def canonical(self, W: Array) -> Array:
        """Of the coefficients with the same logits those of the smallest penalty, and of these the smallest.

        A number c taken from all classes of a row changes no probability. sum_k l1 |W_k - c| + s / 2 (W_k - c)² is smallest at
        the median of the W_k and of mean + l1 / s * (M - 2 m) / M for m = 0 ... M (Li and Osher, 2009): the mean of an
        intercept, and without squares a median of the classes, of these the nearest to the mean.
        """
        M = W.shape[1]
        if M == 1:
            return W
        xp, square = namespace(W), self.penalty.curvature(W)
        free = positions(
            xp.where(square > 0, (abs(W) > 0).all(axis=1), (abs(W) > 0).any(axis=1))
        )  # a zero between squares is held there
        common = self._common(W[free], self.l1[free], square[free])
        if not largest(common) > STILL * largest(W):
            return W
        moved: Array = W + 0
        moved[free] = W[free] - common[:, None]
        return moved

    def _common(self, W: Array, l1: Array, square: Array) -> Array:
        """(q,): what is taken from all classes of these rows."""
        xp, M = namespace(W), W.shape[1]
        wide = l1 / xp.where(square > TINY, square, TINY + 0 * square)
        wide = xp.where(wide < FAR, wide, FAR + 0 * wide)
        turns = xp.arange(M, -M - 1, -2, dtype=W.dtype, device=W.device) / M
        level = (W.sum(axis=1) / M)[:, None] + wide[:, None] * turns
        common = xp.median(xp.concatenate([W, level], axis=1), axis=1)
        found: Array = getattr(common, "values", common)  # torch gives the places as well
        return found

    def _own_curvature(self, point: Point) -> Array:
        return self.penalty.curvature(point.W)

    def _formed(self, point: Point, chosen: Array) -> Array:
        """(m, m): the Hessian of the chosen coefficients, in the order of the rows of W."""
        q, M = self.shape
        xp, each = namespace(point.W), [positions(chosen[:, k]) for k in range(M)]
        (H,) = self.rows.executor.map_sum(tasks.face_hessian, self.rows.handles, self.loss, self.place(point), each)
        H = H / self.rows.total
        if M > 1:  # from one class after another to one row after another
            order = np.argsort(np.concatenate([M * keep + k for k, keep in enumerate(each)]))
            H = H[order][:, order]
        if self.penalty.squares:
            own = (self._own_curvature(point)[:, None] + 0 * point.W)[chosen]
            H = H + xp.diag(own)
        if self.gauge:  # rows of which every class is chosen do not change with what is common to the classes
            level = chosen.all(axis=1)[:, None] & chosen
            row = (xp.arange(q, device=point.W.device)[:, None] + 0 * chosen)[chosen]
            same = (row[:, None] == row) & level[chosen]
            root = xp.diagonal(H) ** 0.5
            H = H + same * root * root[:, None] / self.loss.classes
        found: Array = H
        return found


class _Formed:
    """A Hessian as a matrix."""

    def __init__(self, H: Array) -> None:
        self.H = H
        self._lift(H, LIFT)

    def solve(self, chosen: Array, right: Array) -> Array:
        """By Cholesky."""
        x: Array = 0 * right
        keep = positions(chosen)
        if not len(keep):
            return x
        H = self.H if len(keep) == len(right) else self.H[keep][:, keep]
        lift, lower = LIFT, cholesky(H)
        while lower is None and lift < 1:
            H = H + 0
            lift = 100 * lift
            self._lift(H, lift)
            lower = cholesky(H)
        if lower is not None:
            x[keep] = cholesky_solver(lower)(right[keep])
        return x

    @staticmethod
    def _lift(H: Array, share: float) -> None:
        """The diagonal a little larger; units of columns do not matter to a Cholesky factor, so neither do they here."""
        xp = namespace(H)
        diagonal, each = xp.diagonal(H), xp.arange(len(H), device=H.device)
        H[each, each] = diagonal + share * xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal))

    def product(self, x: Array) -> Array:
        """H x."""
        found: Array = self.H @ x
        return found


class _Products:
    """A Hessian known by what it does; solved by conjugate gradients to a relative accuracy."""

    def __init__(self, product: Callable[[Array], Array], diagonal: Array, accuracy: float) -> None:
        xp = namespace(diagonal)
        self._product, self.accuracy = product, max(accuracy, ROUGH)
        self.diagonal = xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal))

    def solve(self, chosen: Array, right: Array) -> Array:
        """By conjugate gradients, the diagonal their metric."""
        x: Array = 0 * right
        residual = right * chosen
        direction = bent = residual / self.diagonal
        norm = first = vdot(residual, bent)
        for _ in range(CG_STEPS):
            if not norm > self.accuracy**2 * first:
                break
            curved = self._product(direction) * chosen
            length = vdot(direction, curved)
            if not length > 0:
                break
            x = x + (norm / length) * direction
            residual = residual - (norm / length) * curved
            bent = residual / self.diagonal
            norm, previous = vdot(residual, bent), norm
            direction = bent + (norm / previous) * direction
        return x
