"""A stretch of a path under a share of L1: some strengths one after another on a few columns, then all of them proved at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import tasks
from ..backend import EPS, largest, vdot
from ..certificate import UNIT
from ..contracts import Block, Face, Point
from ..dual import Evidence
from ..nonsmooth import NonsmoothObjective
from ..outcome import Certificate, Status
from ..penalty import ElasticNet
from ..solvers.proxnewton import minimised
from .joint import least_curvature
from .kept import Kept

FIRST, LONGEST = 4, 12  # strengths of a stretch
CLOSE = 0.92  # of its strength at the end of the stretch: a gradient that may pass it by then
NEARLY = 0.95  # of its strength: a gradient that may pass it as soon as others move
ENOUGH = 0.2  # of the gap that will do: where a strength has been followed far enough
STEPS = 40  # for one strength
CHEAP = 2e7  # multiplications of a Hessian that is formed in every step
SLOW = 0.3  # what a step leaves of the largest slope, above which a Hessian is kept no longer
MANY = 4096  # coefficients in a step, and
BYTES = 2**28  # of the columns of a stretch, above which each fit is made alone
SETTLED = 4  # steps of the intercepts alone
STILL = 64 * UNIT  # relative: a move of an intercept that is no move
TRIALS = 20  # steps half as long as the last


class Start(NamedTuple):
    """An optimum to go on from.

    Attributes
    ----------
    objective : NonsmoothObjective
    point : Point
    pull : (q, M) array
        Gradient of the mean loss.
    ended : list of (float, (q, M) array)
        The last two strengths and their optima.
    """

    objective: NonsmoothObjective
    point: Point
    pull: np.ndarray
    ended: list[tuple[float, np.ndarray]]

    def then(self, alpha: float, objective: NonsmoothObjective, point: Point, pull: np.ndarray) -> Start:
        """The optimum of the next strength."""
        return Start(objective, point, pull, [*self.ended[-1:], (alpha, np.asarray(point.W))])


class Seen(NamedTuple):
    """A place among some columns, and what the rows say of it.

    Attributes
    ----------
    W : (m, M) array
    point : Point
        The same with value and gradient.
    eta : (n, M) array
    losses : (n,) array
    weighted : (n, M) array
        Residuals times the weights of the rows over their sum.
    pull : (m, M) array
        Gradient of the mean loss; zero where columns do not take part.
    loss : float
        The mean loss.
    """

    W: np.ndarray
    point: Point
    eta: np.ndarray
    losses: np.ndarray
    weighted: np.ndarray
    pull: np.ndarray
    loss: float


class Arrived(NamedTuple):
    """A strength that was followed among some columns, and the steps that it took."""

    alpha: float
    penalty: ElasticNet
    W: np.ndarray
    steps: int


class Proved(NamedTuple):
    """A strength that was proved: its optimum among all columns, the steps taken, and the mean loss."""

    start: Start
    certificate: Certificate
    steps: int
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
        self.objective, self.tol, self.loss = objective, tol, objective.loss
        blocks: Sequence[Block] = objective.rows.handles
        self.y = np.concatenate([np.asarray(block.y) for block in blocks])
        self.weight = np.concatenate([np.asarray(block.weight) for block in blocks])
        offsets = [np.asarray(block.offset) for block in blocks if block.offset is not None]
        self.offset = np.concatenate(offsets) if offsets else None
        ends = np.cumsum([len(block.y) for block in blocks])
        self.parts = [(block, slice(end - len(block.y), end)) for block, end in zip(blocks, ends, strict=True)]
        self.total = objective.rows.total
        self.kept = Kept(self.loss, self.weight / self.total, np.asarray(objective.l1) <= 0)
        self.position = np.zeros(objective.shape[0], dtype=np.int64)  # of a row of W among the columns of the stretch
        self.stale = self.fresh = True
        self.length = FIRST
        self.turning: np.ndarray | None = None  # of the gradient, as the strength changes

    def follow(self, start: Start, strengths: Sequence[tuple[float, ElasticNet]]) -> list[Proved]:
        """Strengths from strong to weak, as many of the first ones as are proved; none where it does not work out."""
        some = strengths[: self.length]
        try:
            proved = self._proved(start, self._followed(start, some))
        except np.linalg.LinAlgError:  # equations that floating point cannot solve: the fits are made alone
            proved = []
        self.turning = None
        if len(proved) > 1:
            first, last = proved[len(proved) // 2 - 1].start, proved[-1].start
            self.turning = (last.pull - first.pull) / (last.ended[-1][0] - first.ended[-1][0])
        self.length = min(2 * self.length, LONGEST) if len(proved) == len(some) else max(len(proved), 1)
        return proved

    def _followed(self, start: Start, some: Sequence[tuple[float, ElasticNet]]) -> list[Arrived]:
        """One strength after another on the columns that may matter."""
        keep, found = self._columns(start, *some[-1]), list[Arrived]()
        if 8 * len(self.y) * len(keep) > BYTES:
            return found
        part = self.objective.part(keep)
        dense = [np.asarray(block.X.dense()) for block in part.rows.handles]
        self.X = dense[0] if len(dense) == 1 else np.concatenate(dense)
        self.keep, self.position[keep] = keep, np.arange(len(keep))
        ended, W, pull = [(alpha, V[keep]) for alpha, V in start.ended], np.asarray(start.point.W)[keep], start.pull[keep]
        seen: Seen | None = None
        for alpha, penalty in some:
            target = part.under(penalty.rows(keep))
            self.inner = self._reaching(pull, W, np.asarray(target.l1))
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
            W, pull, ended = seen.W, seen.pull, [*ended[-1:], (alpha, seen.W)]
        return found

    def _columns(self, start: Start, alpha: float, last: ElasticNet) -> np.ndarray:
        """Rows of W that may be other than zero before the stretch ends, the likeliest ones first; the intercept is the last."""
        now, l1 = abs(start.pull).max(axis=1) / NEARLY, np.asarray(last.l1)
        before = start.ended[-1][0] if start.ended else alpha
        then = start.pull if self.turning is None else start.pull + (alpha - before) * self.turning  # as it has moved lately
        slope, free = np.maximum(now * (alpha / before), abs(then).max(axis=1) / CLOSE), l1 <= 0
        slope[(np.asarray(start.point.W) != 0).any(axis=1)] = math.inf
        found = np.flatnonzero((slope > l1) & ~free)
        if len(found) + np.count_nonzero(free) == len(l1):
            return np.arange(len(l1))  # a part that is all there is, in its own order
        order = (-slope[found] / l1[found]).argsort(kind="stable")
        return np.concatenate([found[order], np.flatnonzero(free)])

    def _reaching(self, pull: np.ndarray, W: np.ndarray, l1: np.ndarray) -> int:
        """How many of the columns take part in a strength."""
        wanted = (abs(pull).max(axis=1) > NEARLY * l1) | (W != 0).any(axis=1)
        found = np.flatnonzero(wanted[: len(W) - int(self.objective.intercept)])
        return int(found[-1]) + 1 if len(found) else 0

    # ---------------------------------------------------------------------------------------------------- one strength

    def _seen(self, target: NonsmoothObjective, W: np.ndarray) -> Seen:
        """Value and gradient at (m, M) coefficients; the gradient is zero where columns do not take part."""
        inner = self.X[:, : self.inner]
        eta = inner @ W[: self.inner]
        if self.objective.intercept:
            eta = eta + W[-1]
        if self.offset is not None:
            eta = eta + self.offset
        losses, residual = (np.asarray(found) for found in self.loss.evaluate(eta, self.y))
        weighted = self.weight[:, None] * residual / self.total
        pull = np.zeros(W.shape)
        pull[: self.inner] = (weighted.T @ inner).T
        if self.objective.intercept:
            pull[-1] = weighted.sum(axis=0)
        loss = float(self.weight @ losses) / self.total
        return self._under(target, Seen(W, Point(W, loss, pull, None), eta, losses, weighted, pull, loss))

    def _under(self, target: NonsmoothObjective, seen: Seen) -> Seen:
        """The same place under the penalty of another strength."""
        penalty, W = target.penalty, seen.W
        grad = seen.pull + penalty.gradient(W) if penalty.squares else seen.pull
        return seen._replace(point=Point(W, seen.loss + penalty.value(W), grad, None))

    def _outer(self, seen: Seen) -> np.ndarray:
        """(m, M): the gradient of the mean loss in all columns."""
        pull, last = seen.pull.copy(), len(seen.pull) - int(self.objective.intercept)
        pull[self.inner : last] = (seen.weighted.T @ self.X[:, self.inner : last]).T
        return pull

    def _misfit(self, eta: np.ndarray, losses: np.ndarray, short: float) -> float:
        square = tasks.worst(self.loss, eta, self.y, losses)
        return float(tasks.shortened(losses, square, self.weight, short))

    def _descend(self, target: NonsmoothObjective, seen: Seen) -> tuple[Seen, int] | None:
        """Proximal Newton steps with a Hessian that is kept as long as it serves; where they ended, and how many there were."""
        size, l1 = math.inf, np.asarray(target.l1)
        for steps in range(STEPS):
            goal = ENOUGH * self.tol * abs(seen.point.value)
            if target.prover.ideal(seen.point, partial(self._misfit, seen.eta, seen.losses)) <= goal:
                pull = self._outer(seen)
                if not ((abs(pull).max(axis=1) > l1) & (l1 > 0))[self.inner :].any():
                    return seen._replace(pull=pull), steps
                self.inner = self._reaching(pull, seen.W, l1)
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
        self.fresh = self.stale or len(self.y) * len(rows) ** 2 < CHEAP
        if self.fresh:
            self.kept.at(seen.eta)
            self.stale = False
        squares = np.asarray(target.penalty.curvature(seen.W))[rows]
        return self.kept.face(self.keep[rows] * self.loss.columns + kinds, self._column, squares)

    def _column(self, rows: np.ndarray) -> np.ndarray:
        """(r, n): columns of X by their row of W."""
        return np.ascontiguousarray(self.X[:, self.position[rows]].T)

    # ----------------------------------------------------------------------------------------------------- all at once

    def _proved(self, start: Start, found: list[Arrived]) -> list[Proved]:
        """The first ones that one product with all columns proves."""
        if not found:
            return []
        M, n, B = self.loss.columns, len(self.y), len(found)
        W, eta, flat = self._settled(np.stack([arrived.W for arrived in found]))
        losses, residual = (np.asarray(values) for values in self.loss.evaluate(eta, np.concatenate([self.y] * B)))
        residual, steep = residual.reshape(B, n, M), np.asarray(self.loss.steepness(eta)).sum(axis=1).reshape(B, n)
        weighted = self.weight[:, None] * residual
        squares = (weighted * residual).sum(axis=1)
        (sums,) = self.objective.rows.executor.map_sum(pulled, self.parts, weighted.swapaxes(0, 1).reshape(n, B * M))
        pulls = (np.asarray(sums) / self.total).reshape(-1, B, M)
        drift = (steep @ self.weight) * (8 * UNIT * 1.001 * self._longest(W)) ** 2
        proved = list[Proved]()
        for b, (alpha, penalty, _, steps) in enumerate(found):
            own, all_of_it = slice(b * n, (b + 1) * n), np.zeros(self.objective.shape)
            all_of_it[self.keep] = W[b]
            target, pull = self.objective.under(penalty), np.ascontiguousarray(pulls[:, b])
            loss = float(self.weight @ losses[own]) / self.total
            grad = pull + penalty.gradient(all_of_it) if penalty.squares else pull
            point = Point(all_of_it, loss + penalty.value(all_of_it), grad, None)
            terms, misfit = int((W[b] != 0).any(axis=1).sum()), partial(self._misfit, eta[own], losses[own])
            gap = target.prover.gap(point, Evidence(squares[b], float(drift[b]), terms, float(flat[b]), misfit))
            if not gap <= self.tol * abs(point.value):
                break
            start = start.then(alpha, target, point, pull)
            certificate = Certificate(point.value, gap, "proof", largest(target.subgradient(point)), Status.CONVERGED)
            proved.append(Proved(start, certificate, steps, loss))
        return proved

    def _settled(self, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """With the best intercepts: coefficients (B, m, M), logits (B n, M), and the smallest curvatures of the intercepts (B,)."""
        B, _, M = W.shape
        self.inner = max(self._reaching(0 * each, each, np.ones(len(each))) for each in W)
        eta, flat = self._logits(W), np.ones(B)
        for _ in range(SETTLED if self.objective.intercept else 0):
            _, residual = self.loss.evaluate(eta, np.concatenate([self.y] * B))
            p = np.asarray(self.loss.probabilities(eta)).reshape(B, len(self.y), -1)
            products = (self.weight[:, None] * p).swapaxes(1, 2) @ p / self.total
            slope = self.weight @ np.asarray(residual).reshape(B, len(self.y), M) / self.total
            H = np.asarray(tasks.intercept_hessian(products, M))
            flat = np.maximum(least_curvature(H), 5e-324)
            step = np.linalg.solve(H + (1 / M if M > 1 else 0.0), -slope[:, :, None])[:, :, 0]
            size = abs(step).max(axis=1)
            step[size <= STILL * (1 + abs(W[:, -1]).max(axis=1))] = 0.0
            if not step.any():
                break
            W[:, -1] += step / np.maximum(1.0, size)[:, None]
            eta = self._logits(W)
        return W, eta, flat

    def _longest(self, W: np.ndarray) -> np.ndarray:
        """(B,): no less than the largest sum of absolute terms in a logit."""
        size, shift = abs(W).max(axis=2), 0.0 if self.offset is None else largest(self.offset)
        columns = size[:, : self.inner] @ abs(self.X[:, : self.inner]).max(axis=0, initial=0.0)
        return np.asarray(columns + (size[:, -1] if self.objective.intercept else 0.0) + shift)

    def _logits(self, W: np.ndarray) -> np.ndarray:
        """(B, m, M) -> (B n, M)."""
        B, _, M = W.shape
        eta = (W[:, : self.inner].transpose(0, 2, 1).reshape(B * M, self.inner) @ self.X[:, : self.inner].T).reshape(B, M, -1)
        if self.objective.intercept:
            eta = eta + W[:, -1, :, None]
        if self.offset is not None:
            eta = eta + self.offset.T
        return np.ascontiguousarray(eta.transpose(0, 2, 1)).reshape(-1, M)


def pulled(part: tuple[Block, slice], weighted: np.ndarray) -> tuple[np.ndarray]:
    """Xᵀ times its rows of many residuals (n, B M)."""
    block, own = part
    return (np.asarray(block.X.ready().rmatmul(weighted[own])),)


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
