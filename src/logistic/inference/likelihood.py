"""How well the coefficients explain the labels: log-likelihoods of the fit and of the intercept alone, and what rows count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import Array, like_values, to_numpy
from ..contracts import Block, Executor, Loss, Point, RawBlock
from ..encoding import Encoding, counted
from ..objective import LogisticObjective
from ..outcome import Statistics
from ..tasks import Place, intercept_derivatives, intercept_hessian, logits

STEPS = 50  # of Newton's method for the intercept alone, beside offsets
HALVINGS = 40
SMALL = 1e-13  # a gradient of the mean loss that is rounding


def statistics(objective: LogisticObjective, point: Point, executor: Executor, raw: list[Any], encoding: Encoding) -> Statistics:
    """Of a fit, without a covariance.

    Parameters
    ----------
    objective : LogisticObjective
    point : Point
        The solution, in the columns of the objective.
    executor : Executor
    raw : list
        Handles of the raw blocks behind the objective.
    encoding : Encoding
    """
    (q, M), loss, total = objective.shape, objective.loss, objective.rows.total
    count, squares = executor.map_sum(_observations, raw, encoding)
    aliased = objective.null_space().shape[1] if not to_numpy(objective.penalty.curvature(point.W)).any() else 0
    return Statistics(
        log_likelihood=-total * (point.value - objective.penalty_value(point)),
        null=_null(objective.likelihood, encoding, any(executor.map(_has_offset, raw[:1]))),
        count=float(count),
        effective=float(total**2 / squares),
        df=(q - aliased) * (loss.classes - 1),
        tjur=_tjur(objective, point) if M == 1 else math.nan,
    )


def _observations(raw: RawBlock, encoding: Encoding) -> tuple[float, float]:
    """How many observations, and the sum of their squared weights."""
    rows = counted(raw)
    weight = encoding.row_weights(rows)
    weight = np.ones(len(rows.y)) if weight is None else weight
    frequency = np.ones(len(weight)) if rows.frequency is None else rows.frequency
    return float(frequency.sum()), float((weight**2 / frequency).sum())


def _has_offset(raw: RawBlock) -> bool:
    return raw.offset is not None


def _tjur(objective: LogisticObjective, point: Point) -> float:
    rows = objective.rows
    sums = rows.executor.map_sum(_separate, rows.handles, objective.loss, objective.place(point))
    second, first = float(sums[0] / sums[1]), float(sums[2] / sums[3])
    return second - first


def _separate(block: Block, loss: Loss, place: Place) -> tuple[Array, ...]:
    """Weighted sums of the probability of the second class, and weights, of its own rows and of the others."""
    p = loss.probabilities(logits(block, place))[:, 1]
    own = block.weight * (block.y if block.y.ndim == 1 else block.y[:, 1])
    other = block.weight - own
    return own @ p, own.sum(), other @ p, other.sum()


def _null(objective: LogisticObjective, encoding: Encoding, offset: bool) -> float:
    """The log-likelihood of the intercept alone: by the shares of the classes, or by Newton's method where rows have offsets."""
    total = objective.rows.total
    each = encoding.class_totals if encoding.class_weight is None else encoding.class_totals * encoding.class_weight
    if objective.intercept and not offset:
        there = each[each > 0]
        return float(there @ np.log(there / total))
    point = objective.at(objective.zeros())
    for _ in range(STEPS if objective.intercept else 0):
        gradient = np.asarray(to_numpy(point.grad))[-1]
        if abs(gradient).max() <= SMALL:
            break
        point = _stepped(objective, point, gradient)
    return -total * point.value


def _stepped(objective: LogisticObjective, point: Point, gradient: np.ndarray) -> Point:
    """After a Newton step in the intercepts, halved until the value falls."""
    rows, M = objective.rows, objective.shape[1]
    still = 0 * point.W[-1]
    _, products = rows.executor.map_sum(intercept_derivatives, rows.handles, objective.loss, objective.place(point), still)
    H = np.asarray(to_numpy(intercept_hessian(products / rows.total, M)))
    step = np.zeros(objective.shape)
    step[-1] = -np.linalg.solve(H + (M > 1) / M, gradient)
    for _ in range(HALVINGS):
        found = objective.at(point.W + like_values(step, point.W))
        if found.value < point.value:
            return found
        step /= 2
    return point
