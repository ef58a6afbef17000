"""How well the coefficients explain the labels: log-likelihoods of the fit and of the intercept alone, and what rows count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import Array, to_numpy
from ..contracts import Block, Executor, Loss, Point, RawBlock
from ..encoding import Encoding, counted
from ..objective import LogisticObjective
from ..outcome import Statistics
from ..tasks import Place, logits


def statistics(
    objective: LogisticObjective, point: Point, executor: Executor, raw: list[Any], encoding: Encoding, offset: bool
) -> Statistics:
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
    offset : bool
        Whether the rows have one.
    """
    (q, M), loss, total = objective.shape, objective.loss, objective.rows.total
    count, squares = executor.map_sum(_observations, raw, encoding)
    aliased = objective.null_space().shape[1] if not to_numpy(objective.penalty.curvature(point.W)).any() else 0
    return Statistics(
        log_likelihood=-total * (point.value - objective.penalty_value(point)),
        null=_null(objective.likelihood, encoding, offset),
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
    if objective.intercept:
        point, _ = objective.prover.settled(point)
    return -total * point.value
