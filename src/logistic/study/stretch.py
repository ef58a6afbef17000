"""A stretch of a path under a share of L1: some strengths one after another on a few columns, then all of them proved at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import kernels
from ..backend import EPS, largest, vdot
from ..contracts import Face, Point
from ..nonsmooth import NonsmoothObjective
from ..penalty import ElasticNet
from ..solvers.proxnewton import minimised
from .columns import Columns, Look
from .kept import Kept
from .proofs import Arrived, Proved, Start, prove

FIRST, LONGEST = 4, 12  # strengths of a stretch
CLOSE = 0.97  # of its strength at the end of the stretch: a gradient that may pass it by then
NEARLY = 0.98  # of its strength: a gradient that may pass it as soon as others move
WIDER = 1.2  # by so much the second time, where no strength could be proved
ENOUGH = 0.2  # of the gap that will do: where a strength has been followed far enough
SMALL, FEW = 2**18, 1024  # numbers of a stretch, and its columns, up to which it is followed by compiled code
STEPS = 40  # for one strength
CHEAP = 2e7  # multiplications of a Hessian that is formed in every step
SLOW = 0.3  # what a step leaves of the largest slope, above which a Hessian is kept no longer
MANY = 4096  # coefficients in a step, and
BYTES = 2**28  # of the columns of a stretch, above which each fit is made alone
TRIALS = 20  # steps half as long as the last


class Seen(NamedTuple):
    """A place among some columns, and what the rows say of it.

    Attributes
    ----------
    W : (m, M) array
    point : Point
        The same with value and gradient.
    look : Look
    loss : float
        The mean loss.
    """

    W: np.ndarray
    point: Point
    look: Look
    loss: float


class Stretch:
    """The rows of one fold, dense and in this process.

    Parameters
    ----------
    objective : NonsmoothObjective
        Under any strength.
    tol : float
        Relative gap to be proved.
    """

    def __init__(self, objective: NonsmoothObjective, tol: float) -> None:
        self.objective, self.tol, self.loss, self.total = objective, tol, objective.loss, objective.rows.total
        self.columns = Columns(objective)
        self.kept = Kept(self.loss, self.columns.weight / self.total, np.asarray(objective.l1) <= 0, objective.rows.executor)
        self.stale = self.fresh = True
        self.length = FIRST
        self.turning: np.ndarray | None = None  # of the gradient, as the strength changes

    def follow(self, start: Start, strengths: Sequence[tuple[float, ElasticNet]]) -> list[Proved]:
        """Strengths from strong to weak, as many of the first ones as are proved; none where it does not work out."""
        some, proved = strengths[: self.length], list[Proved]()
        for wider in (1.0, WIDER):
            try:
                proved = prove(self.objective, self.tol, self.columns, start, self._followed(start, some, wider))
            except np.linalg.LinAlgError:  # equations that floating point cannot solve: the fits are made alone
                break
            if proved:
                break
        self.turning = None
        if len(proved) > 1:
            first, last = proved[len(proved) // 2 - 1].start, proved[-1].start
            self.turning = (last.pull - first.pull) / (last.ended[-1][0] - first.ended[-1][0])
        self.length = min(2 * self.length, LONGEST) if len(proved) == len(some) else max(len(proved), 1)
        return proved

    def _followed(self, start: Start, some: Sequence[tuple[float, ElasticNet]], wider: float) -> list[Arrived]:
        """One strength after another on the columns that may matter, if gradients move so much more than foreseen."""
        keep, found = self._columns(start, *some[-1], wider), list[Arrived]()
        if 8 * len(self.columns.y) * len(keep) > BYTES:
            return found
        self.columns.hold(keep)
        found = self._compiled(start, some)
        if found:
            return found
        rows = self.objective.rows
        part = self.objective.under(some[0][1].rows(keep), replace(rows, handles=[], resolution=rows.resolution[keep]))
        ended, W, pull = [(alpha, V[keep]) for alpha, V in start.ended], np.asarray(start.point.W)[keep], start.pull[keep]
        seen: Seen | None = None
        for alpha, penalty in some:
            target = part.under(penalty.rows(keep))
            self._admit(pull, W, np.asarray(target.l1))
            guess = extrapolated(ended, alpha, self.objective.intercept)
            seen = self._seen(target, W) if seen is None else self._under(target, seen)
            if guess is not None:
                there = self._seen(target, guess)
                seen = there if there.point.value < seen.point.value else seen
            arrived = self._descend(target, seen)
            if arrived is None:
                break
            seen, steps = arrived
            found.append(Arrived(alpha, penalty, seen.W, steps))
            W, pull, ended = seen.W, seen.look.pull, [*ended[-1:], (alpha, seen.W)]
        return found

    def _compiled(self, start: Start, some: Sequence[tuple[float, ElasticNet]]) -> list[Arrived]:
        """The same where columns and rows are so few that a call costs more than its arithmetic; what does not work out is left."""
        columns, y = self.columns, self.columns.y
        if not columns.few or y.ndim > 1 or columns.X.size > SMALL or len(columns.X) > FEW:
            return []
        ended = [*start.ended[:-1], (start.ended[-1][0] if start.ended else math.inf, np.asarray(start.point.W))]
        ended = [ended[0], *ended][-2:]
        alphas = np.array([alpha for alpha, _ in [*ended, *some]])
        optima, steps = np.zeros((len(alphas), len(columns.keep))), np.zeros(len(some), dtype=np.int64)
        optima[:2] = [V[columns.keep, 0] for _, V in ended]
        own, alpha = some[0][1].rows(columns.keep), some[0][0]
        offset = np.zeros(len(y)) if columns.offset is None else np.ascontiguousarray(columns.offset)
        rows = (y > 0) * 1.0, columns.weight / self.total, offset
        strengths = np.asarray(own.l1) / alpha, np.asarray(own.strength) / alpha
        extrapolate, enough = int(len(start.ended) > 1), ENOUGH * self.tol
        count = kernels.compiled.follow(columns.X, *rows, *strengths, alphas, optima, steps, extrapolate, enough)
        return [Arrived(*one, W[:, None], step) for one, W, step in zip(some[:count], optima[2:], steps.tolist(), strict=False)]

    def _columns(self, start: Start, alpha: float, last: ElasticNet, wider: float) -> np.ndarray:
        """Rows of W that may be other than zero before the stretch ends, the likeliest ones first; the intercept is the last."""
        now, l1 = _steepest(start.pull) / NEARLY, np.asarray(last.l1)
        before = start.ended[-1][0] if start.ended else alpha
        then = start.pull if self.turning is None else start.pull + (alpha - before) * self.turning  # as it has moved lately
        slope, free = wider * np.maximum(now * (alpha / before), _steepest(then) / CLOSE), l1 <= 0
        slope[np.flatnonzero(np.asarray(start.point.W)) // self.loss.columns] = math.inf
        found = np.flatnonzero((slope > l1) & ~free)
        if len(found) + np.count_nonzero(free) == len(l1):
            return np.arange(len(l1))  # a part that is all there is, in its own order
        order = (-slope[found] / l1[found]).argsort(kind="stable")
        return np.concatenate([found[order], np.flatnonzero(free)])

    def _admit(self, pull: np.ndarray, W: np.ndarray, l1: np.ndarray) -> None:
        """To a strength: columns that are not zero, or nearly so."""
        self.columns.admit((_steepest(pull) > NEARLY * l1) | (W != 0).any(axis=1))

    # ---------------------------------------------------------------------------------------------------- one strength

    def _seen(self, target: NonsmoothObjective, W: np.ndarray) -> Seen:
        """Value and gradient at (m, M) coefficients; the gradient is zero where columns do not take part."""
        look = self.columns.look(W)
        loss = float(self.columns.weight @ look.losses) / self.total
        return self._under(target, Seen(W, Point(W, loss, look.pull, None), look, loss))

    def _under(self, target: NonsmoothObjective, seen: Seen) -> Seen:
        """The same place under the penalty of another strength."""
        penalty, W = target.penalty, seen.W
        grad = seen.look.pull + penalty.gradient(W) if penalty.squares else seen.look.pull
        return seen._replace(point=Point(W, seen.loss + penalty.value(W), grad, None))

    def _descend(self, target: NonsmoothObjective, seen: Seen) -> tuple[Seen, int] | None:
        """Proximal Newton steps with a Hessian that is kept as long as it serves; where they ended, and how many there were."""
        size, l1 = math.inf, np.asarray(target.l1)
        for steps in range(STEPS):
            goal = ENOUGH * self.tol * abs(seen.point.value)
            if target.prover.ideal(seen.point, partial(self.columns.misfit, seen.look.eta, seen.look.losses)) <= goal:
                pull = self.columns.outer(seen.look)
                if not ((_steepest(pull) > l1) & (l1 > 0) & self.columns.outside).any():
                    return seen._replace(look=seen.look._replace(pull=pull)), steps
                self._admit(pull, seen.W, l1)
                seen = self._seen(target, seen.W)
            slope = np.asarray(target.subgradient(seen.point))
            now = largest(slope)
            self.stale = self.stale or not now <= SLOW * size
            size, chosen = now, self._chosen(target, seen.W, slope)
            if np.count_nonzero(chosen) > MANY:
                return None
            reached = self._step(target, seen, chosen)
            if reached is None and self.fresh:
                return None
            self.stale = self.stale or reached is None
            seen = reached or seen
        return None

    def _chosen(self, target: NonsmoothObjective, W: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """(m, M) mask of what takes part in a step; of a row one less than all classes, where nothing curves what they share."""
        free = np.asarray(target.l1) <= 0
        chosen = np.asarray((W != 0) | (slope != 0) | free[:, None])
        if self.loss.columns > 1 and not target.penalty.squares:
            full = np.flatnonzero(chosen.all(axis=1) & ~free)
            size = np.where(W[full] != 0, 1 + abs(W[full]), abs(slope[full]) / (1 + largest(slope)))
            chosen[full, size.argmin(axis=1)] = False
        return chosen

    def _step(self, target: NonsmoothObjective, seen: Seen, chosen: np.ndarray) -> Seen | None:
        """To the least point of the quadratic model, or on the way to it; None if the value does not fall."""
        value, grad = seen.point.value, np.asarray(seen.point.grad)
        face = self._face(target, seen, chosen)
        w, gradient, l1 = seen.W[chosen], grad[chosen], (np.asarray(target.l1)[:, None] + 0 * seen.W)[chosen]
        z = np.asarray(minimised(face, w, gradient, l1))
        promised, t = vdot(gradient, z - w) + float((l1 * (abs(z) - abs(w))).sum()), 1.0
        for _ in range(TRIALS):
            W = seen.W.copy()
            W[chosen] = z if t == 1 else w + t * (z - w)
            there = self._seen(target, np.asarray(target.canonical(W)))
            if there.point.value <= value + 1e-4 * t * promised + 8 * EPS * abs(value):
                return there
            if not self.fresh:
                return None
            t /= 2
        return None

    def _face(self, target: NonsmoothObjective, seen: Seen, chosen: np.ndarray) -> Face:
        """The Hessian among the chosen coefficients, formed here or before."""
        rows, kinds = np.nonzero(chosen)
        self.fresh = self.stale or len(self.columns.y) * len(rows) ** 2 < CHEAP
        if self.fresh:
            self.kept.at(seen.look.eta)
            self.stale = False
        squares = np.asarray(target.penalty.curvature(seen.W))[rows]
        return self.kept.face(self.columns.keep[rows] * self.loss.columns + kinds, self.columns.some, squares)


def extrapolated(ended: list[tuple[float, np.ndarray]], alpha: float, intercept: bool) -> np.ndarray | None:
    """(q, M): the straight line through the last two optima, at ``alpha``; what is zero, or would change its sign, is zero."""
    if len(ended) < 2:
        return None
    (before, V), (last, W) = ended
    found: np.ndarray = W + (alpha - last) / (last - before) * (W - V)
    held = found * W > 0
    if intercept:
        held[-1] = True
    found[~held] = 0.0
    return found


def _steepest(pull: np.ndarray) -> np.ndarray:
    """(m,): the largest absolute value of each row of (m, M)."""
    found: np.ndarray = abs(pull[:, 0]) if pull.shape[1] == 1 else abs(pull).max(axis=1)  # rows of one number are slow to reduce
    return found
