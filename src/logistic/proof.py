"""The gap of a point, proved: the bounds of :mod:`logistic.certificate` with numbers from the rows in them."""

from __future__ import annotations

import math
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from . import rank, tasks
from .backend import Array, largest, namespace, psd_solver, vdot
from .certificate import UNIT, Curvature, estimated_gap, newton_factor, summation_error
from .contracts import Point
from .outcome import Certificate, Status

if TYPE_CHECKING:
    from .objective import LogisticObjective

CERTIFY_SIZE = 2000  # coefficients up to which a Hessian is made for the certificate alone
NEAR = 1e-3  # length of a step, in the norm of the Hessian, after which the old one may still do for a proof
ROUGH = 0.05  # relative change of the Hessian that a proof need not know better
SETTLED = 1e-8  # length of a Newton step after which its square is rounding
SAME = 1.1  # by which factor it may have changed


class _Rounding(NamedTuple):
    """Bounds on what floating point did: to the gradient (q, M), to F by rounding W; and the largest sum of terms in a logit."""

    gradient: Array
    drift: float
    reach: float

    def widen(self, gap: float) -> float:
        """The gap of the point as it is published: distances add, and the gap is a squared distance."""
        return float((gap**0.5 + self.drift**0.5) ** 2)


class Prover:
    """What can be said of the points of one objective.

    Parameters
    ----------
    objective : LogisticObjective
    """

    def __init__(self, objective: LogisticObjective) -> None:
        self.objective, self.rows, self.loss = objective, objective.rows, objective.loss

    def certify(self, point: Point) -> tuple[Point, Certificate]:
        """The sharpest proof that is affordable; see docs/certificate.md."""
        explicit = self._explicit(point)
        W = self.objective.canonical(
            point.W
        )  # the gauge term of the Hessian is no curvature of a penalty, so no gradient may point there
        W = rank.minimum_norm(W, self.objective.null_space(), self.objective.intercept) if explicit else W
        dual = not explicit and self._dual_applies()
        if dual and self.objective.intercept and point.memo is not None:
            point = point._replace(W=W)  # its logits will do for finding the intercept, where everything is computed anew
        elif W is not point.W or point.memo is None or point.memo[1] > 0:  # logits that were carried along a line have drifted
            point = self.objective.at(W)
        if not math.isfinite(point.value):
            return point, Certificate(point.value, math.inf, "none", math.inf, Status.DIVERGED)
        gap, kind = self._newton_gap(point) if explicit else (math.inf, "none")
        if dual or (math.isinf(gap) and self._dual_applies()):
            point, gap = self._dual_gap(point)
            kind = "proof"
        elif not explicit:
            gap, kind = estimated_gap(partial(self.objective.hvp, point), point.grad), "estimate"
        kind = kind if math.isfinite(gap) else "none"
        columns = rank.aliased(self.objective.null_space(), self.objective.intercept) if explicit else ()
        status = Status.RANK_DEFICIENT if columns else Status.UNCERTIFIED
        if kind == "none":
            status = Status.UNDETERMINED
        return point, Certificate(point.value, gap, kind, largest(point.grad), status, columns)

    def outlook(self, point: Point) -> float:
        """The dual gap but for the intercept and for rounding; 0 where a Hessian decides."""
        if self._explicit(point) or not self._dual_applies():
            return 0.0
        strength = self.objective.penalty.curvature(point.W)
        rows = slice(0, self.objective.shape[0] - self.objective.intercept)
        return float(((point.grad[rows] ** 2).sum(axis=1) / (2 * strength[rows])).sum())

    def _explicit(self, point: Point) -> bool:
        """Whether a Hessian is worth its price for a proof: a small one, or one that the solver has made anyway."""
        known = self.objective.at_hand
        at_hand = known is not None and known[0] is point.W
        return "hessian" in self.objective.offers and (at_hand or math.prod(self.objective.shape) <= CERTIFY_SIZE)

    def _newton_gap(self, point: Point) -> tuple[float, str]:
        """delta² * newton_factor(rho * delta), every rounding counted, with the Hessian of a point nearby where there is one."""
        rounding = self._rounding(point)
        adding = summation_error(self.rows.block_rows, len(self.rows.handles))
        W, H = self._nearby(point)
        reach = rounding.reach if W is point.W else 2 * rounding.reach
        curvature = Curvature(H, adding + self.curvature_error(reach))
        if not curvature.sound:
            return self._newton_gap(self._renewed(point)) if W is not point.W else (math.inf, "none")
        null = self.objective.null_space()
        gradient = point.grad - null @ (null.T @ point.grad)
        delta = curvature.decrement(gradient.reshape(-1), rounding.gradient.reshape(-1))
        moved = curvature.most(point.W - W)
        rho = self.change_of_curvature(curvature, max(delta, moved))
        grown = math.exp(min(rho * moved, 1.0))
        if grown > SAME:
            return self._newton_gap(self._renewed(point))
        return rounding.widen(grown * delta**2 * newton_factor(grown * rho * delta)), "proof"

    def _renewed(self, point: Point) -> Point:
        """The same point, its own Hessian at hand."""
        self.objective.hessian(point)
        return point

    def _nearby(self, point: Point) -> tuple[Array, Array]:
        """A Hessian and the coefficients it was made for, which no entry of the point's is twice or half as large as."""
        if self.objective.at_hand is not None:
            W, H = self.objective.at_hand
            apart = abs(point.W - W)
            root = namespace(H).diagonal(H).reshape(W.shape) ** 0.5
            if bool((apart <= abs(point.W)).all()) and float((apart * root).sum()) <= NEAR:
                return W, H
        return point.W, self.objective.hessian(point)

    def curvature_error(self, reach: float) -> float:
        """Relative rounding of a row's part of the Hessian: a row's curvature is as inexact as its logits."""
        return UNIT * (24 + self.loss.classes + 4 * (self.objective.shape[0] + 4) * reach)

    @cached_property
    def _longest(self) -> float:
        """The largest sum of the absolute numbers of a row."""
        return 1.01 * float(self.rows.executor.map_merge(tasks.longest, self.rows.handles, max, self.objective.zeros()[:, :1] + 1))

    def change_of_curvature(self, curvature: Curvature, length: float) -> float:
        """Rho: how fast, at most, the Hessian changes relative to itself, along a step of length one in its own norm.

        A rough bound will do where it hardly changes along a step of this ``length``.
        """
        rough = self._longest * curvature.widest(self.objective.shape[1])
        if rough * length <= ROUGH:
            return rough
        roots = curvature.spread_roots(*self.objective.shape)
        return 1.01 * math.sqrt(self.rows.executor.map_merge(tasks.spread, self.rows.handles, max, roots))

    def _rounding(self, point: Point) -> _Rounding:
        """What floating point can have done at this point."""
        found = self.rows.executor.map_merge(
            tasks.audit, self.rows.handles, tasks.merge_audits, self.loss, self.objective.place(point)
        )
        adding = summation_error(self.rows.block_rows, len(self.rows.handles))
        # Cauchy and Schwarz bound the sums over rows: columns have root mean square 1, but for the rounding of their centres.
        per_class = ((found.noise / self.rows.total) ** 0.5 + adding * (found.residual / self.rows.total) ** 0.5) * 1.001
        column = (1 + self.rows.resolution**2) ** 0.5
        pull = abs(self.objective.penalty.gradient(point.W))
        drift = found.drift / self.rows.total + (8 * UNIT) ** 2 * vdot(pull, abs(point.W))
        return _Rounding(column[:, None] * per_class + 16 * UNIT * pull, drift, found.reach)

    def _dual_applies(self) -> bool:
        strength = self.objective.penalty.curvature(self.objective.zeros())
        penalised = strength[:-1] if self.objective.intercept else strength
        return bool((penalised > 0).all())

    def _dual_gap(self, point: Point) -> tuple[Point, float]:
        """The intercept is minimised on the logits, then the gap is the scaled squared gradient of the other rows."""
        q = self.objective.shape[0]
        strength = self.objective.penalty.curvature(point.W)
        left, flat = 0.0, 1.0
        if self.objective.intercept:
            point, flat = self._with_best_intercept(point)
        rounding = self._rounding(point)
        residue = abs(point.grad) + rounding.gradient
        if self.objective.intercept:
            left = float((residue[-1] ** 2).sum()) ** 0.5
        rows = slice(0, q - 1 if self.objective.intercept else q)
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
                tasks.intercept_derivatives, self.rows.handles, self.loss, self.objective.place(point), shift
            )
            apart = products * (1 - identity) / self.rows.total
            H = (identity * apart.sum(axis=1) - apart)[-M:, -M:]  # p_k (1 - p_k) as a sum, never by subtraction from 1
            flat = float(xp.linalg.eigvalsh(H)[1 if M > 1 else 0])
            gradient = gradient / self.rows.total
            step = -psd_solver(H + self.objective.gauge / self.loss.classes)(gradient)
            shift = shift + step / max(1.0, largest(step))
            if largest(step) <= SETTLED * (1 + largest(shift)):
                break
        W = point.W + 0
        W[-1] = W[-1] + shift
        return self.objective.at(W), max(flat, 5e-324)
