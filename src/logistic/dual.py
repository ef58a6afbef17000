"""The gap of a point under a penalty with an L1 part, proved."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from . import tasks
from .backend import Array, peak, places
from .certificate import UNIT, summation_error
from .contracts import Point
from .outcome import Certificate, Status
from .penalty import steepness
from .proof import Prover

if TYPE_CHECKING:
    from .nonsmooth import NonsmoothObjective


Places = tuple[Any, Any]  # rows and columns of some coefficients


class Evidence(NamedTuple):
    """What the rows say at a point, as a proof asks for it.

    Attributes
    ----------
    residual : (M,) array
        Weighted sums of the squares of the residuals.
    drift : float
        What rounding W can do to the sum of the losses.
    terms : int
        Numbers that are added up in a logit.
    flat : float
        The smallest curvature of the intercepts, which are the best ones.
    misfit : callable
        A share by which residuals are shortened -> how much less they say of the losses, at most, as a weighted sum.
    """

    residual: Array
    drift: float
    terms: int
    flat: float
    misfit: Callable[[float], float]


class Doubt(NamedTuple):
    """How far gradients (q, M) may be off: share_k spread_j + level; where coefficients are not zero ``touched`` (m,) in all."""

    share: Array
    spread: Array
    level: float
    touched: Array

    @property
    def everywhere(self) -> Array:
        """(q, M), but for what is touched."""
        found: Array = self.spread[:, None] * self.share + self.level
        return found


class DualProver(Prover):
    """The duality gap of an objective with an L1 part, from the residuals of the point itself; see docs/certificate.md."""

    objective: NonsmoothObjective
    flat: tuple[Any, float] = (None, 1.0)  # the smallest curvature of the intercepts where they were last optimal, by its logits

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """A proof, whatever the size; it looks at few columns but for one gradient."""
        o = self.objective
        W = o.canonical(point.W)
        keep, part = o.support(W)
        fresh = W is point.W and point.memo is not None and point.memo[1] == 0
        inner = Point(W[keep], point.value, point.grad[keep], point.memo) if fresh else part.at(W[keep])
        (settled, flat), moved = self.flat, inner
        if o.intercept and not (fresh and settled == point.memo):
            moved, flat = part.prover.settled(inner)
        if not fresh or moved is not inner:
            point = o.among(keep, moved)
        if not math.isfinite(point.value):
            return point, Certificate(point.value, math.inf, "none", math.inf, Status.DIVERGED)
        found = part.prover.audited(moved)
        gap = self.gap(point, Evidence(found.residual, found.drift, part.shape[0], flat, partial(_misfit, part, moved)))
        kind = "proof" if math.isfinite(gap) else "none"
        status = Status.UNCERTIFIED if kind == "proof" else Status.UNDETERMINED
        return point, Certificate(point.value, gap, kind, o.steepest(point), status)

    def outlook(self, point: Point) -> float:
        """The gap but for rounding, and for an intercept that is not the best one; no bound at a point of another penalty."""
        if self.objective.knows(point):
            return math.inf
        return self.ideal(point, partial(_misfit, self.objective, point))

    def ideal(self, point: Point, misfit: Callable[[float], float]) -> float:
        """The gap but for rounding, if the intercept is the best one."""
        return self._bound(point, self._touched(point), None, misfit)

    def gap(self, point: Point, found: Evidence) -> float:
        """The better bound of two: by strong convexity, and by residuals shortened until no gradient passes its kink."""
        o = self.objective
        adding = summation_error(o.rows.block_rows, len(o.rows.handles)) + 24 * UNIT
        # Cauchy and Schwarz bound the sums over rows by the root mean square of a column.
        per_class = 1.001 * adding * (found.residual / o.rows.total) ** 0.5  # the dual point is that of the logits as computed
        left = level = 0.0
        if o.intercept:  # what it could still move, it could move the other gradients by
            left = float(((abs(point.grad[-1]) + per_class * 1.001) ** 2).sum()) ** 0.5
            level = o.rows.swell * left * (0.5 / found.flat) ** 0.5
        touched = self._touched(point)
        W, own = abs(point.W[touched]), _each(o.l1, touched)
        if o.penalty.squares:
            own = own + _each(o.penalty.curvature(point.W), touched) * W
        spread = o.rows.root_mean_squares
        error = spread[touched[0]] * per_class[touched[1]] + level + 16 * UNIT * own
        doubt = Doubt(per_class, spread, level, error)
        gap = self._bound(point, touched, doubt, found.misfit)
        logits = 4 * ((found.terms + 4) / 8) ** 2  # how far these can be from the exact ones, in units of the drift
        drift = (1 + logits) * found.drift / o.rows.total
        drift += float(((abs(o.derivative(point, touched)) + error) * W).sum()) * 8 * UNIT
        return gap + float((error * W).sum()) + drift + left**2 / found.flat

    def _touched(self, point: Point) -> Places:
        """Of the penalised coefficients that are not zero."""
        touched: Any = point.W != 0
        if self.objective.intercept:
            touched[-1] = False
        return places(touched)

    def _bound(self, point: Point, touched: Places, doubt: Doubt | None, misfit: Callable[[float], float]) -> float:
        """Either bound with every gradient as far off as it may be."""
        o = self.objective
        last = o.shape[0] - int(o.intercept)
        if not last:
            return 0.0
        gap, smooth = math.inf, point.grad[:last]
        if o.penalty.squares:
            square = o.penalty.curvature(point.W)[:last, None]
            smooth = smooth - square * point.W[:last]
            if bool((square > 0).all()):
                residue = abs(o.subgradient(point))
                if doubt is not None:
                    off = doubt.everywhere
                    off[touched] = doubt.touched
                    residue += off
                gap = 1.001 * float((residue[:last] ** 2 / (2 * square)).sum())
        if doubt is None:
            ratio = steepness(smooth, o.l1[:last])
        else:
            ratio = steepness(smooth, o.l1[:last], doubt.spread[:last], doubt.share, doubt.level)
            ratio = max(ratio, peak((abs(smooth[touched]) + doubt.touched) / _each(o.l1, touched)))
        short = max(1 - 1 / max(ratio, 1.0), 0.0) + 2 * UNIT
        return min(gap, self._shortened(point, touched, short) + 1.01 * misfit(short) / o.rows.total)

    def _shortened(self, point: Point, touched: Places, short: float) -> float:
        """The penalty's part of the gap with residuals shortened, in exact arithmetic but for the rounding of its own sums."""
        o = self.objective
        W, gradient, l1 = point.W[touched], point.grad[touched], _each(o.l1, touched)
        terms, extra = l1 * abs(W), 0.0
        if o.penalty.squares:
            square = _each(o.penalty.curvature(point.W), touched)
            gradient = gradient - square * W
            extra = float((square * W**2).sum()) / 2
        pulls = gradient * W
        rounding = 8 * UNIT * float((terms + abs(pulls)).sum())
        value = float((terms + (1 - short) * pulls).sum()) + extra
        return max(value, 0.0) + rounding


def _misfit(part: NonsmoothObjective, point: Point, short: float) -> float:
    """From the rows."""
    (found,) = part.rows.executor.map_sum(tasks.misfit, part.rows.handles, part.loss, part.place(point), short)
    return float(found)


def _each(values: Array, touched: Places) -> Array:
    """(m,): the number of its row for each chosen coefficient."""
    found: Array = values[touched[0]]
    return found
