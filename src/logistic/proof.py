"""The gap of a point, proved: the bounds of :mod:`logistic.certificate` with numbers from the rows in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from . import rank, tasks
from .audit import Audit, audit, merged
from .backend import EPS, Array, is_finite, largest, namespace, psd_solver, vdot
from .certificate import UNIT, Curvature, estimated_gap, newton_factor, summation_error
from .contracts import Point
from .outcome import Certificate, Status

if TYPE_CHECKING:
    from .objective import LogisticObjective

CERTIFY_SIZE = 2000  # coefficients up to which a Hessian is made for the certificate alone
DEAR = 250  # coefficients from which on a proof without a Hessian is tried first
FACTORED = 4  # size² / (FACTORED rows) gradients are the price of what a proof does with a Hessian
PATIENCE = 200  # steps at most, in which the dual gap may become small enough
NEAR = 1e-3  # length of a step, in the norm of the Hessian, after which the old one may still do for a proof
ROUGH = 0.05  # relative change of the Hessian that a proof need not know better
ROOM = 1.2  # by so much rho delta may be larger with a Hessian of the point itself than with the one before
WIDER = 1.2  # by this much at most a gap may grow by rounding that is foreseen, not looked at
STEEPEST = 0.26  # no probability times its complement is larger
STILL = 64 * UNIT  # relative: a move of the intercept that is no move
SETTLED = 1e-8  # length of a Newton step after which its square is rounding
SAME = 1.1  # by which factor it may have changed


class Curved(NamedTuple):
    """A Hessian, where it was made, and how much of it at least is no estimate.

    Attributes
    ----------
    W : (q, M) array
    hessian : (q M, q M) array
        Of all rows, or of a share of them in which each row stands for 1 / share rows.
    share : float
        The Hessian of all rows is at least ``share`` times this one.
    """

    W: Array
    hessian: Array
    share: float = 1.0

    @property
    def lowest(self) -> Array:
        """(q M, q M): what the Hessian of all rows is at least."""
        return self.hessian if self.share == 1 else self.share * self.hessian


class Rounding(NamedTuple):
    """Bounds on what floating point did: to the gradient (q, M), to F by rounding W; and the largest sum of terms in a logit.

    ``longest`` is the largest sum of the absolute numbers of a row, ``radius`` no less than the largest root of the sum of squares.
    """

    gradient: Array
    drift: float
    reach: float
    longest: float
    radius: float

    def widen(self, gap: float) -> float:
        """The gap of the point as it is published: distances add, and the gap is a squared distance."""
        return float((gap**0.5 + self.drift**0.5) ** 2)


class Prover:
    """What can be said of the points of one objective.

    Parameters
    ----------
    objective : LogisticObjective

    Attributes
    ----------
    sparing : bool
        Whether gradients prove gaps, and Hessians are so dear that this is tried first.
    """

    audit = staticmethod(audit)

    def __init__(self, objective: LogisticObjective) -> None:
        self.objective, self.rows, self.loss = objective, objective.rows, objective.loss
        self._factored: tuple[Array, float, Curvature] | None = None  # the last Hessian: several gaps by it share its factor
        size = math.prod(objective.shape)
        self.sparing = size >= DEAR and self._dual_applies() and "sampled" not in objective.offers
        self._patience = min(objective.price + size**2 / (FACTORED * max(self.rows.count, 1)), PATIENCE)  # in steps

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """The sharpest proof that is affordable; or where Hessians are dear, one by the gradient alone that is ``enough``.

        See docs/certificate.md.
        """
        explicit = self._explicit(point)
        if explicit and enough > 0 and self.sparing:
            found = self._proved(point, False)
            if found[1].gap <= enough or self._waits:
                return found
        return self._proved(point, explicit)

    def _proved(self, point: Point, explicit: bool) -> tuple[Point, Certificate]:
        """With a Hessian or, where the penalty allows it, without one."""
        # The gauge term of the Hessian is no curvature of a penalty, so no gradient may point there.
        W = self.objective.canonical(point.W)
        W = rank.minimum_norm(W, self.objective.null_space(), self.objective.intercept) if explicit else W
        dual = not explicit and self._dual_applies()
        if dual and self.objective.intercept and point.memo is not None:
            point = point._replace(W=W)  # its logits will do for finding the intercept, where everything is computed anew
        elif W is not point.W or point.memo is None or point.memo[1] > 0:  # logits that were carried along a line have drifted
            point = self.objective.at(W)
        if not math.isfinite(point.value):
            return point, Certificate(point.value, math.inf, "none", math.inf, Status.DIVERGED)
        gap = self._newton_gap(point) if explicit else math.inf
        kind = "proof" if math.isfinite(gap) else "none"
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
        """The dual gap but for the intercept and for rounding; or the gap by a Hessian of some rows that is at hand; else 0."""
        explicit = self._explicit(point)
        self._patience -= 1
        if explicit and not self._waits:
            return self._outlook_by(self.objective.at_hand, point)
        if not self._dual_applies():
            return 0.0
        strength = self.objective.penalty.curvature(point.W)
        rows = slice(0, self.objective.shape[0] - self.objective.intercept)
        return float(((point.grad[rows] ** 2).sum(axis=1) / (2 * strength[rows])).sum())

    def _explicit(self, point: Point) -> bool:
        """Whether a Hessian is worth its price for a proof: a small one, or one that the solver has made anyway."""
        known = self.objective.at_hand
        at_hand = known is not None and known.W is point.W
        return "hessian" in self.objective.offers and (at_hand or math.prod(self.objective.shape) <= CERTIFY_SIZE)

    @property
    def _waits(self) -> bool:
        """Whether the dual gap may still become small enough before steps have cost as much as a proof by a Hessian."""
        return self.sparing and self.objective.at_hand is None and self._patience >= 0

    def _outlook_by(self, known: Curved | None, point: Point) -> float:
        """As it will be proved: by that Hessian where it was made nearby, else by one of some rows."""
        foreseen = self._foreseen(point) if "sampled" in self.objective.offers else None
        if known is None or foreseen is None:
            return 0.0
        near = known.share == 1 and self._near(known, point.W)
        curvature = Curvature(known.hessian if near else self.objective.share * known.hessian, 0.0)
        if not curvature.sound:
            return 0.0
        delta = curvature.decrement(point.grad.reshape(-1), 0 * point.grad.reshape(-1))
        factor = newton_factor(ROOM * foreseen.radius * curvature.farthest(self.objective.shape[1]) * delta)
        # Beside the largest number of every column at once no step may be short enough; then the rows have to be asked.
        return delta**2 * (factor if delta**2 > 64 * EPS * abs(point.value) else min(factor, 1.0))

    def _newton_gap(self, point: Point) -> float:
        """delta² * newton_factor(rho * delta), every rounding counted; infinite where no Hessian proves that there is a minimum."""
        gap = self._sharp(point, partial(self._least_gap, point), "sampled" in self.objective.offers)
        self._factored = None
        return gap

    def _sharp(self, point: Point, gap_by: Callable[[Rounding], float], many: bool = True) -> float:
        """A gap by what can be foreseen of rounding where that hardly widens it, and else by what the rows say of it."""
        foreseen = self._foreseen(point) if many else None
        if foreseen is not None:
            gap = gap_by(foreseen)
            ideal = foreseen._replace(gradient=0 * foreseen.gradient, drift=0.0)
            if gap <= EPS * abs(point.value) or gap <= WIDER * gap_by(ideal) < math.inf:
                return gap
        return gap_by(self._rounding(point))

    def _least_gap(self, point: Point, rounding: Rounding) -> float:
        """By the first Hessian that proves anything."""
        gaps = (self._gap_by(known, point, rounding, exactly) for known, exactly in self._known(point))
        return next((gap for gap in gaps if math.isfinite(gap)), math.inf)

    def _gap_by(self, known: Curved, point: Point, rounding: Rounding, exactly: bool) -> float:
        """The gap by one Hessian of the point, or of a point nearby, or by a part of it; see docs/certificate.md for both."""
        adding = summation_error(self.rows.block_rows, len(self.rows.handles))
        reach = rounding.reach if known.W is point.W else 2 * rounding.reach
        curvature = self._lowered(known, adding + self.curvature_error(reach))
        if not curvature.sound:
            return math.inf
        null = self.objective.null_space()
        gradient = point.grad - null @ (null.T @ point.grad)
        delta = curvature.decrement(gradient.reshape(-1), rounding.gradient.reshape(-1))
        moved = curvature.most(point.W - known.W)
        rho = self.change_of_curvature(curvature, rounding, max(delta, moved), exactly)
        grown = math.exp(min(rho * moved, 1.0))
        return rounding.widen(grown * delta**2 * newton_factor(grown * rho * delta)) if grown <= SAME else math.inf

    def _lowered(self, known: Curved, error: float) -> Curvature:
        """A Hessian less what may be wrong with it, factored."""
        if self._factored is None or self._factored[0] is not known.hessian or self._factored[1] != error:
            self._factored = known.hessian, error, Curvature(known.lowest, error)
        return self._factored[2]

    def _known(self, point: Point) -> Iterator[tuple[Curved, bool]]:
        """Hessians for a proof, cheapest first: one at hand that was made nearby, that of some rows, that of all rows.

        And whether rows are worth being asked how long they are: that costs as much as the Hessian of all of them.
        """
        known, many = self.objective.at_hand, "sampled" in self.objective.offers
        here = known is not None and known.W is point.W
        if known is not None and (here or (known.share == 1 and self._near(known, point.W))):
            yield known, not many
        if many and not here:
            yield self.objective.sampled(point), False
        if many or not (here and known is not None and known.share == 1):
            yield Curved(point.W, self.objective.hessian(point)), True

    def _near(self, known: Curved, W: Array) -> bool:
        """Whether W is within ``NEAR`` of where the Hessian was made, and no entry has become twice or half as large."""
        apart = abs(W - known.W)
        root = namespace(W).diagonal(known.hessian).reshape(W.shape) ** 0.5
        return bool((apart <= abs(W)).all()) and float((apart * root).sum()) <= NEAR

    def curvature_error(self, reach: float) -> float:
        """Relative rounding of a row's part of the Hessian: a row's curvature is as inexact as its logits."""
        return UNIT * (24 + self.loss.classes + 4 * (self.objective.shape[0] + 4) * reach)

    def change_of_curvature(self, curvature: Curvature, rounding: Rounding, length: float, exactly: bool) -> float:
        """Rho: how fast, at most, the Hessian changes relative to itself, along a step of length one in its own norm.

        A rough bound, by the longest row, will do where it hardly changes along a step of this ``length``, or has to.
        """
        q, columns = self.objective.shape
        rough = 1.01 * rounding.longest * curvature.widest(columns)
        few = exactly and self.rows.count <= 4 * q * columns  # then to ask them costs less than a bound of the norm
        if rough * length > ROUGH and not few:
            rough = min(rough, 1.01 * rounding.radius * curvature.farthest(columns))
        if rough * length <= ROUGH or not exactly or not is_finite(curvature.inverse):
            return rough
        if curvature.spread is None:
            roots = curvature.spread_roots(*self.objective.shape)
            curvature.spread = 1.01 * math.sqrt(self.rows.executor.map_merge(tasks.spread, self.rows.handles, max, roots))
        return curvature.spread

    def _rounding(self, point: Point) -> Rounding:
        """What floating point can have done at this point."""
        found = self.audited(point)
        pull = abs(self.objective.penalty.gradient(point.W))
        drift = found.drift / self.rows.total + (8 * UNIT) ** 2 * vdot(pull, abs(point.W))
        sums = 1.001 * found.gradient / self.rows.total + 16 * UNIT * pull
        return Rounding(sums, drift, found.reach, found.longest, found.longest)

    def _foreseen(self, point: Point) -> Rounding | None:
        """The same without a pass over the rows: by the largest numbers of the columns, as many rows are hardly ever worse."""
        reach = self.rows.reach
        if reach is None:
            return None
        q, M = self.objective.shape
        terms = 1.001 * largest(reach @ abs(point.W))  # in a logit
        adding = summation_error(self.rows.block_rows, len(self.rows.handles))
        noise = UNIT * (2 * (q + 4) * terms * STEEPEST + 8 * 3)
        column = self.rows.root_mean_squares  # Cauchy and Schwarz: |residual| <= 1
        pull = abs(self.objective.penalty.gradient(point.W))
        gradient = 1.001 * (noise + adding) * column[:, None] + 16 * UNIT * pull
        drift = M * STEEPEST * (8 * UNIT * terms) ** 2 + (8 * UNIT) ** 2 * vdot(pull, abs(point.W))
        return Rounding(gradient, drift, terms, 1.001 * float(reach.sum()), 1.001 * float((reach**2).sum()) ** 0.5)

    def audited(self, point: Point) -> Audit:
        """The rows' audit."""
        adding = summation_error(self.rows.block_rows, len(self.rows.handles))
        found: Audit = self.rows.executor.map_merge(
            self.audit, self.rows.handles, merged, self.loss, self.objective.place(point), adding
        )
        return found

    def _dual_applies(self) -> bool:
        """Whether the penalty spares no coefficient but the intercepts."""
        strength = self.objective.penalty.curvature(self.objective.zeros())
        penalised = strength[:-1] if self.objective.intercept else strength
        return bool((penalised > 0).all())

    def _dual_gap(self, point: Point) -> tuple[Point, float]:
        """The intercept is minimised on the logits, then the gap is the scaled squared gradient of the other rows."""
        if self.objective.intercept:
            point, flat = self.settled(point)
        else:
            flat = 1.0
        return point, self._sharp(point, partial(self._scaled_square, point, flat))

    def _scaled_square(self, point: Point, flat: float, rounding: Rounding) -> float:
        """The dual gap, of a point whose intercept is optimal and has a curvature no smaller than ``flat``."""
        q, left = self.objective.shape[0], 0.0
        strength = self.objective.penalty.curvature(point.W)
        residue = abs(point.grad) + rounding.gradient
        if self.objective.intercept:
            left = float((residue[-1] ** 2).sum()) ** 0.5
        rows = slice(0, q - 1 if self.objective.intercept else q)
        # An intercept gradient of size `left` moves the other gradients by at most left * sqrt(H_jj / H_00) each.
        residue = residue[rows] + self.rows.swell * left * (0.5 / flat) ** 0.5
        gap = 1.001 * float((residue**2 / (2 * strength[rows, None])).sum()) + left**2 / flat
        return rounding.widen(gap)

    def settled(self, point: Point) -> tuple[Point, float]:
        """The point whose intercept is optimal to rounding, from the logits, and the smallest curvature of the intercepts there."""
        shift, flat, bound = 0 * point.W[-1], 1.0, 1 + largest(point.W[-1])
        for turn in range(30):
            step, flat = self._intercept_step(point, shift)
            size = largest(step)
            if turn == 0 and size <= STILL * bound:
                return point, max(flat, 5e-324)
            shift = shift + step / max(1.0, size)
            if size <= SETTLED * bound:
                break
        W = point.W + 0
        W[-1] = W[-1] + shift
        return self.objective.at(W), max(flat, 5e-324)

    def _intercept_step(self, point: Point, shift: Array) -> tuple[Array, float]:
        """Newton's step (M,) of the intercept alone, once it is shifted, and the smallest curvature there."""
        M = self.loss.columns
        gradient, products = self.rows.executor.map_sum(
            tasks.intercept_derivatives, self.rows.handles, self.loss, self.objective.place(point), shift
        )
        if M == 1:
            flat = float(products[0, -1]) / self.rows.total
            return -gradient / self.rows.total / (flat or math.inf), flat
        H = tasks.intercept_hessian(products / self.rows.total, M)
        flat = float(namespace(H).linalg.eigvalsh(H)[1])
        return -psd_solver(H + self.objective.gauge / self.loss.classes)(gradient / self.rows.total), flat
