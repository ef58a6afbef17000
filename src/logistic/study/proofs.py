"""Strengths of an L1 penalty that were followed on few columns, proved at once: one product with all columns serves all of them."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from .. import tasks
from ..certificate import UNIT
from ..contracts import Point
from ..dual import Evidence
from ..nonsmooth import NonsmoothObjective
from ..outcome import Certificate, Status
from ..penalty import ElasticNet
from .columns import Columns
from .joint import least_curvature

SETTLED = 4  # steps of the intercepts alone
STILL = 64 * UNIT  # relative: a move of an intercept that is no move


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


def prove(objective: NonsmoothObjective, tol: float, columns: Columns, start: Start, found: list[Arrived]) -> list[Proved]:
    """The first ones that one product with all columns proves."""
    if not found:
        return []
    loss, y, weight, total = columns.loss, columns.y, columns.weight, columns.total
    M, n, B = loss.columns, len(y), len(found)
    W, eta, flat = _settled(columns, np.stack([arrived.W for arrived in found]))
    losses, residual = (np.asarray(values) for values in loss.evaluate(eta, np.concatenate([y] * B)))
    residual, steep = residual.reshape(B, n, M), np.asarray(loss.steepness(eta)).sum(axis=1).reshape(B, n)
    weighted = weight[:, None] * residual
    squares = (weighted * residual).sum(axis=1)
    pulls = columns.pulls(weighted.swapaxes(0, 1).reshape(n, B * M) / total).reshape(-1, B, M)
    drift = (steep @ weight) * (8 * UNIT * 1.001 * columns.longest(W)) ** 2
    proved = list[Proved]()
    for b, (alpha, penalty, _, steps) in enumerate(found):
        own, all_of_it = slice(b * n, (b + 1) * n), np.zeros(objective.shape)
        all_of_it[columns.keep] = W[b]
        target, pull = objective.under(penalty), np.ascontiguousarray(pulls[:, b])
        mean = float(weight @ losses[own]) / total
        grad = pull + penalty.gradient(all_of_it) if penalty.squares else pull
        point = Point(all_of_it, mean + penalty.rows(columns.keep).value(W[b]), grad, None)
        terms, misfit = int((W[b] != 0).any(axis=1).sum()), partial(columns.misfit, eta[own], losses[own])
        gap = target.prover.gap(point, Evidence(squares[b], float(drift[b]), terms, float(flat[b]), misfit))
        if not gap <= tol * abs(point.value):
            break
        start = start.then(alpha, target, point, pull)
        certificate = Certificate(point.value, gap, "proof", target.steepest(point), Status.CONVERGED)
        proved.append(Proved(start, certificate, steps, mean))
    return proved


def _settled(columns: Columns, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With the best intercepts: coefficients (B, m, M), logits (B n, M), and the smallest curvatures of the intercepts (B,)."""
    (B, _, M), loss, y, weight, total = W.shape, columns.loss, columns.y, columns.weight, columns.total
    columns.admit((W != 0).any(axis=(0, 2)))
    eta, flat = columns.logits(W), np.ones(B)
    for _ in range(SETTLED if columns.intercept else 0):
        _, residual = loss.evaluate(eta, np.concatenate([y] * B))
        p = np.asarray(loss.probabilities(eta)).reshape(B, len(y), -1)
        products = (weight[:, None] * p).swapaxes(1, 2) @ p / total
        slope = weight @ np.asarray(residual).reshape(B, len(y), M) / total
        H = np.asarray(tasks.intercept_hessian(products, M))
        flat = np.maximum(least_curvature(H), 5e-324)
        step = np.linalg.solve(H + (1 / M if M > 1 else 0.0), -slope[:, :, None])[:, :, 0]
        size = abs(step).max(axis=1)
        step[size <= STILL * (1 + abs(W[:, -1]).max(axis=1))] = 0.0
        if not step.any():
            break
        W[:, -1] += step / np.maximum(1.0, size)[:, None]
        eta = columns.logits(W)
    return W, eta, flat
