"""Newton's method with the exact Hessian."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..backend import Array, is_finite, solve_psd, vdot
from ..contracts import Objective, Point
from .linesearch import search
from .settings import Settings


@dataclass(repr=False)
class Newton(Settings):
    """Solve H step = -gradient (Cholesky; eigenvalues where a pivot is at rounding level), then search along the step.

    Quadratic convergence, in any units of the columns; memory and time of an explicit Hessian.
    """

    name: ClassVar[str] = "newton"
    needs: ClassVar[frozenset[str]] = frozenset({"gradient", "line", "hessian"})

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """Points from W0 on; ends where the line search finds no way down."""
        point = objective.at(W0)
        yield point
        while True:
            step = direction(objective, point)
            if not is_finite(step):
                return
            t = search(line := objective.line(point, step), point.value, vdot(point.grad, step))
            if t is None:
                return
            point = line.point(t)
            yield point


def direction(objective: Objective, point: Point) -> Array:
    """The Newton step -H⁻¹ gradient, shaped like W."""
    return _step(objective.hessian(point), point)


def polish(objective: Objective, point: Point, steps: int) -> Point:
    """At most ``steps`` full Newton steps, as long as each shrinks the Newton decrement: the last digits of the coefficients.

    The Hessian is that of the first point: this close to the optimum it changes less than a step can show.
    """
    H = objective.hessian(point)
    step = _step(H, point)
    size = -vdot(point.grad, step)
    for _ in range(steps):
        if not is_finite(step) or not size > 0:
            break
        candidate = objective.at(point.W + step)
        next_step = _step(H, candidate)
        next_size = -vdot(candidate.grad, next_step)
        if not next_size < size:
            break
        point, step, size = candidate, next_step, next_size
    return point


def _step(H: Array, point: Point) -> Array:
    solved: Array = -solve_psd(H, point.grad.reshape(-1)).reshape(point.W.shape)
    return solved
