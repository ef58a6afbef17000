"""Newton's method with the exact Hessian."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..backend import EPS, Array, is_finite, psd_solver, vdot
from ..contracts import Objective, Point
from .linesearch import search
from .settings import Settings

FLOOR = 4 * EPS**2  # squared decrement, relative to the value, below which a step moves no digit


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
    return _step(psd_solver(objective.hessian(point)), point)


class Endgame:
    """Full Newton steps with the Hessian of one point: this close to the optimum it changes less than a step can show.

    Parameters
    ----------
    objective : Objective
    point : Point

    Attributes
    ----------
    decrement : float
        Squared Newton decrement of the point; half of it is an estimate of the gap, and no proof of a gap can undercut it.
    """

    def __init__(self, objective: Objective, point: Point) -> None:
        self.objective, self.point = objective, point
        self._solve = psd_solver(objective.hessian(point))
        self._step = _step(self._solve, point)
        self.decrement = -vdot(point.grad, self._step)

    def polished(self, steps: int) -> Point:
        """The last digits of the coefficients: at most ``steps`` steps, as long as each shrinks the decrement."""
        point, step, size = self.point, self._step, self.decrement
        for _ in range(steps):
            if not is_finite(step) or not size > FLOOR * abs(point.value):
                break
            candidate = self.objective.at(self.objective.canonical(point.W + step))
            next_step = _step(self._solve, candidate)
            next_size = -vdot(candidate.grad, next_step)
            if not next_size < size:
                break
            point, step, size = candidate, next_step, next_size
        return point


def _step(solve: Callable[[Array], Array], point: Point) -> Array:
    step: Array = -solve(point.grad.reshape(-1)).reshape(point.W.shape)
    return step
