"""Accelerated proximal gradients: where products with the rows are cheap and coefficients are many."""

from __future__ import annotations

from collections.abc import Iterator

from ..backend import EPS, vdot
from ..contracts import Objective, Point

STEPS = 300  # after which second derivatives are worth their price after all
SOON, FEW = 40, 500  # the same where so few coefficients are not zero, whose second derivatives are cheap
RENEWED = (3, 8, 20, 50, 120)  # points after which the metric is made again
ROOM = 1.05  # by which the metric is steeper than the curvature that was met
STEEPER = 1.5  # where a step without momentum rises


def accelerated(objective: Objective, point: Point) -> Iterator[Point]:
    """Nesterov's method with restarts (O'Donoghue and Candes, 2015), one gradient a step, until values show no way down.

    The gradient at the place ahead, W + beta (W - V), is taken from those at W and V, between which it is nearly linear. The metric
    is the diagonal of the Hessian beside the intercepts, times the curvature that is met.
    """
    step, square = objective.proximal(point)
    ahead, slope, scale, theta, momentum = point.W, point.grad, 1.0, 1.0, 0.0
    for taken in range(STEPS):
        if taken >= SOON and int((abs(point.W) > 0).sum()) <= FEW:
            return
        if taken in RENEWED:
            step, square = objective.proximal(point)
        reached = objective.at(objective.canonical(step(ahead, slope, scale)))
        apart = reached.W - point.W
        length = square(apart)
        if length > 0:
            scale = max(scale, ROOM * vdot(apart, reached.grad - point.grad) / length)
        if not reached.value < point.value:
            if momentum == 0 and not reached.value > point.value + 8 * EPS * abs(point.value):
                return
            scale = STEEPER * scale if momentum == 0 else scale
            ahead, slope, theta, momentum = point.W, point.grad, 1.0, 0.0
            continue
        grown = (1 + (1 + 4 * theta**2) ** 0.5) / 2
        theta, momentum = grown, (theta - 1) / grown
        ahead = reached.W + momentum * apart
        slope = reached.grad + momentum * (reached.grad - point.grad)
        point = reached
        yield point
