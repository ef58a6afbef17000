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
CLOSE = 0.92  # of its strength at the end of the stretch: a gradient that may pass it before
NEARLY = 0.95  # of its strength: a gradient of a column that takes part
STILL = 64 * UNIT  # relative: a move of an intercept that is no move
ENOUGH = 0.2  # of the gap that will do: where a strength has been followed far enough
STEPS = 40  # for one strength
CHEAP = 2e7  # multiplications of a Hessian that is formed in every step
SLOW = 0.3  # what a step leaves of the largest slope, above which a Hessian is not kept
SETTLED = 4  # steps of the intercepts alone
TRIALS = 20
SHRINK = 0.5


class Start(NamedTuple):
    """Where a stretch begins: an optimum, the gradient (q, M) of the mean loss there, and the last two strengths with their optima."""

    point: Point
    pull: np.ndarray
    ended: list[tuple[float, np.ndarray]]


class Seen(NamedTuple):
    """A place among some columns: coefficients (m, M) with value and gradient, and what the rows say of it.

    Attributes
    ----------
    point : Point
    eta : (n, M) array
    losses : (n,) array
    weighted : (n, M) array
        Residuals times the weights of the rows, which sum to 1 here.
    pull : (m, M) array
        Gradient of the mean loss.
    loss : float
        The mean loss.
    """

    point: Point
    eta: np.ndarray
    losses: np.ndarray
    weighted: np.ndarray
    pull: np.ndarray
    loss: float


class Arrived(NamedTuple):
    """A strength that was followed, among some columns, and the steps that it took."""

    objective: NonsmoothObjective
    seen: Seen
    steps: int


class Proved(NamedTuple):
    """A strength that was proved: its point among all columns, the steps taken, the mean loss, and its gradient (q, M)."""

    objective: NonsmoothObjective
    point: Point
    certificate: Certificate
    steps: int
    loss: float
    pull: np.ndarray


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
        self.y = np.concatenate([block.y for block in blocks])
        self.weight = np.concatenate([block.weight for block in blocks])
        offsets = [block.offset for block in blocks]
        self.offset = None if offsets[0] is None else np.concatenate(offsets)
        ends = np.cumsum([len(block.y) for block in blocks])
        self.parts = [(block, slice(end - len(block.y), end)) for block, end in zip(blocks, ends, strict=True)]
        self.total = objective.rows.total
        self.kept = Kept(self.loss, self.weight / self.total, math.prod(objective.shape), objective.l1 <= 0)
        self.position = np.zeros(objective.shape[0], dtype=np.int64)  # of a row of W among the columns of the stretch
        self.stale = self.fresh = True
        self.length = FIRST
        self.turning: np.ndarray | None = None  # of the gradient, as the strength changes

    def follow(self, start: Start, strengths: Sequence[tuple[float, ElasticNet]]) -> list[Proved]:
        """Strengths from strong to weak, as many of the first ones as are proved; none where it does not work out."""
        chosen, intercept = strengths[: self.length], self.objective.intercept
        keep = self._columns(start, *chosen[-1])
        part = self.objective.part(keep)
        dense = [np.asarray(block.X.dense()) for block in part.rows.handles]
        self.X = dense[0] if len(dense) == 1 else np.concatenate(dense)
        self.keep = keep
        self.position[keep] = np.arange(len(keep))
        self.inner = self._reaching(start.pull[keep], start.point.W[keep], chosen[0][1].l1[keep])
        ended = [(alpha, W[keep]) for alpha, W in start.ended]
        found: list[Arrived] = []
        seen = self._seen(part, start.point.W[keep])._replace(pull=start.pull[keep])
        for alpha, penalty in chosen:
            target = part.under(penalty.rows(keep))
            self.inner = self._reaching(seen.pull, seen.point.W, target.l1)
            guess = extrapolated(ended, alpha, intercept)
            seen = self._under(target, seen)
            if guess is not None:
                there = self._seen(target, guess)
                seen = there if there.point.value < seen.point.value else seen
            arrived = self._descend(target, seen)
            if arrived is None:
                break
            found.append(arrived)
            seen = arrived.seen
            ended = [*ended[-1:], (alpha, seen.point.W)]
        proved = self._proved([penalty for _, penalty in chosen], found)
        if len(proved) > 1:
            half = len(proved) // 2 - 1
            apart = chosen[len(proved) - 1][0] - chosen[half][0]
            self.turning = (proved[-1].pull - proved[half].pull) / apart
        else:
            self.turning = None
        whole = len(proved) == len(chosen)
        self.length = min(2 * self.length, LONGEST) if whole else max(len(proved), 1)
        return proved

    def _columns(self, start: Start, alpha: float, last: ElasticNet) -> np.ndarray:
        """Rows of W that may be other than zero before the stretch ends, the likeliest ones first; the intercept is the last."""
        pull, free = start.pull, last.l1 <= 0
        if self.turning is not None and start.ended:
            pull = pull + (alpha - start.ended[-1][0]) * self.turning
        slope = np.maximum(abs(pull).max(axis=1) / CLOSE, (alpha / start.ended[-1][0] if start.ended else 1.0) * abs(start.pull).max(axis=1) / NEARLY)
        slope[(start.point.W != 0).any(axis=1)] = math.inf
        found = np.flatnonzero((slope > last.l1) & ~free)
        order = (-slope[found] / last.l1[found]).argsort(kind="stable")
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
        return self._under(target, Seen(Point(W, 0.0, pull, None), eta, losses, weighted, pull, loss))

    def _completed(self, seen: Seen) -> Seen:
        """With the gradient of all columns."""
        pull, last = seen.pull.copy(), len(seen.pull) - int(self.objective.intercept)
        pull[self.inner : last] = (seen.weighted.T @ self.X[:, self.inner : last]).T
        return seen._replace(pull=pull)

    def _under(self, target: NonsmoothObjective, seen: Seen) -> Seen:
        """The same place under another penalty."""
        W = seen.point.W
        grad = seen.pull + target.penalty.gradient(W) if target.penalty.squares else seen.pull
        return seen._replace(point=Point(W, seen.loss + target.penalty.value(W), grad, None))

    def _misfit(self, eta: np.ndarray, losses: np.ndarray, short: float) -> float:
        square = tasks.worst(self.loss, eta, self.y, losses)
        return float(tasks.shortened(losses, square, self.weight, short))

    def _descend(self, target: NonsmoothObjective, seen: Seen) -> Arrived | None:
        """Proximal Newton steps with a Hessian that is kept as long as it serves."""
        size, penalised = math.inf, (target.l1 > 0)[:, None]
        for steps in range(STEPS):
            point = seen.point
            if target.prover.ideal(point, partial(self._misfit, seen.eta, seen.losses)) <= ENOUGH * self.tol * abs(point.value):
                complete = self._completed(seen)
                if not (abs(complete.pull[self.inner :]) > target.l1[self.inner :, None]).any(axis=None, where=penalised[self.inner :]):
                    return Arrived(target, complete, steps)
                seen = self._under(target, complete)
                self.inner = self._reaching(complete.pull, point.W, target.l1)
            slope = target.subgradient(point)
            now = largest(slope)
            self.stale = self.stale or now > SLOW * size
            size = now
            chosen = self._chosen(target, point.W, slope)
            reached = self._step(target, seen, chosen)
            if reached is None:
                if self.fresh:
                    return None
                self.stale = True
                continue
            seen = reached
        return None

    def _chosen(self, target: NonsmoothObjective, W: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """(m, M) mask of what takes part in a step; of a row one less than all classes, where nothing curves what they share."""
        free = (target.l1 <= 0)[:, None]
        chosen = (W != 0) | (slope != 0) | free
        if self.loss.columns > 1 and not target.penalty.squares:
            full = np.flatnonzero(chosen.all(axis=1) & ~free[:, 0])
            held = np.where(W[full] != 0, 1 + abs(W[full]), abs(slope[full]) / (1 + largest(slope)))
            chosen[full, held.argmin(axis=1)] = False
        return chosen

    def _step(self, target: NonsmoothObjective, seen: Seen, chosen: np.ndarray) -> Seen | None:
        """To the least point of the quadratic model, or on the way to it; None if the value does not fall."""
        point = seen.point
        face = self._face(target, seen, chosen)
        w, gradient, l1 = point.W[chosen], point.grad[chosen], (target.l1[:, None] + 0 * point.W)[chosen]
        z = minimised(face, w, gradient, l1)
        promised = vdot(gradient, z - w) + float((l1 * (abs(z) - abs(w))).sum())
        D, t = np.zeros_like(point.W), 1.0
        D[chosen] = z - w
        for _ in range(TRIALS):
            W = point.W + t * D
            if t == 1.0:
                W[chosen] = z
            there = self._seen(target, target.canonical(W))
            if there.point.value <= point.value + 1e-4 * t * promised + 8 * EPS * abs(point.value):
                return there
            if not self.fresh:
                return None
            t *= SHRINK
        return None

    def _face(self, target: NonsmoothObjective, seen: Seen, chosen: np.ndarray) -> Face:
        """The Hessian among the chosen coefficients, formed here or before."""
        rows, kinds = np.nonzero(chosen)
        wanted = self.keep[rows] * self.loss.columns + kinds
        self.fresh = self.stale or len(self.y) * len(wanted) ** 2 < CHEAP
        if self.fresh:
            self.kept.at(seen.eta)
            self.stale = False
        squares = target.penalty.curvature(seen.point.W)[rows]
        return self.kept.face(wanted, self._column, squares)

    def _column(self, rows: np.ndarray) -> np.ndarray:
        """(r, n): columns of X by their row of W."""
        return np.ascontiguousarray(self.X[:, self.position[rows]].T)

    # ----------------------------------------------------------------------------------------------------- all at once

    def _proved(self, penalties: list[ElasticNet], found: list[Arrived]) -> list[Proved]:
        """The first ones that one product with all columns proves."""
        if not found:
            return []
        M, n, B = self.loss.columns, len(self.y), len(found)
        W = np.stack([arrived.seen.point.W for arrived in found])
        self.inner = max(self._reaching(0 * w, w, found[0].objective.l1) for w in W)
        y, weight = np.concatenate([self.y] * B), np.tile(self.weight, B)
        eta = self._logits(W)
        flat = np.ones(B)
        if self.objective.intercept:
            for _ in range(SETTLED):
                _, residual = self.loss.evaluate(eta, y)
                slope, H = self._intercepts(eta, residual, B)
                flat = np.maximum(least_curvature(H), 5e-324)
                step = np.linalg.solve(H + (1 / M if M > 1 else 0.0), -slope[:, :, None])[:, :, 0]
                size = abs(step).max(axis=1, keepdims=True)
                step[size[:, 0] <= STILL * (1 + largest(W[:, -1]))] = 0.0
                if not step.any():
                    break
                W[:, -1] += step / np.maximum(1.0, size)
                eta = self._logits(W)
        losses, residual = (np.asarray(values) for values in self.loss.evaluate(eta, y))
        weighted = (weight[:, None] * residual).reshape(B, n, M)
        (sums,) = self.objective.rows.executor.map_sum(pulled, self.parts, weighted.swapaxes(0, 1).reshape(n, B * M))
        pulls = (np.asarray(sums) / self.total).reshape(-1, B, M)
        size = abs(W).max(axis=2)
        longest = size[:, : self.inner] @ abs(self.X[:, : self.inner]).max(axis=0, initial=0.0)
        longest = longest + self.objective.intercept * size[:, -1] + (0.0 if self.offset is None else largest(self.offset))
        steep = np.asarray(self.loss.steepness(eta)).sum(axis=1).reshape(B, n) @ self.weight
        drift = steep * (8 * UNIT * 1.001 * longest) ** 2
        squares = (weight[:, None] * residual**2).reshape(B, n, M).sum(axis=1)
        proved: list[Proved] = []
        for b, arrived in enumerate(found):
            own = slice(b * n, (b + 1) * n)
            all_W = np.zeros(self.objective.shape)
            all_W[self.keep] = W[b]
            pull = np.ascontiguousarray(pulls[:, b])
            loss = float(self.weight @ losses[own]) / self.total
            target = self.objective.with_penalty(penalties[b])
            value = loss + target.penalty.value(all_W)
            point = Point(all_W, value, pull + target.penalty.gradient(all_W) if target.penalty.squares else pull, None)
            misfit = partial(self._misfit, eta[own], losses[own])
            evidence = Evidence(squares[b], float(drift[b]), int((W[b] != 0).any(axis=1).sum()), float(flat[b]), misfit)
            gap = target.prover.gap(point, evidence)
            if not gap <= self.tol * abs(value):
                break
            certificate = Certificate(value, gap, "proof", largest(target.subgradient(point)), Status.CONVERGED)
            proved.append(Proved(target, point, certificate, arrived.steps, loss, pull))
        return proved

    def _logits(self, W: np.ndarray) -> np.ndarray:
        """(B, m, M) -> (B n, M)."""
        B, _, M = W.shape
        eta = (W[:, : self.inner].transpose(0, 2, 1).reshape(B * M, self.inner) @ self.X[:, : self.inner].T).reshape(B, M, -1)
        if self.objective.intercept:
            eta = eta + W[:, -1, :, None]
        if self.offset is not None:
            eta = eta + self.offset.T
        return np.ascontiguousarray(eta.transpose(0, 2, 1)).reshape(-1, M)

    def _intercepts(self, eta: np.ndarray, residual: np.ndarray, B: int) -> tuple[np.ndarray, np.ndarray]:
        """Slopes (B, M) and Hessians (B, M, M) of the mean loss in the intercepts."""
        p = np.asarray(self.loss.probabilities(eta)).reshape(B, len(self.y), -1)
        products = (self.weight[:, None] * p).swapaxes(1, 2) @ p
        slope = self.weight @ residual.reshape(B, len(self.y), -1)
        return slope / self.total, np.asarray(tasks.intercept_hessian(products / self.total, self.loss.columns))


def pulled(part: tuple[Block, slice], weighted: np.ndarray) -> tuple[np.ndarray]:
    """Xᵀ times its rows of many residuals (n, B M)."""
    block, own = part
    return (block.X.ready().rmatmul(weighted[own]),)


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
