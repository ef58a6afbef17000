"""Newton's method: with the Hessian of some rows as long as that pays, and with the Hessian of all of them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from ..backend import EPS, Array, is_finite, largest, psd_solver, vdot
from ..contracts import Metric, Objective, Point
from .linesearch import search
from .recursion import Pair, corrected, remember
from .settings import Settings

FLOOR = 4 * EPS**2  # squared decrement, relative to the value, below which a step moves no digit
SLOW = 0.03  # of the squared decrement is left after a step: with a Hessian of all rows it would be less, for all that one costs
SLOWER = 0.1  # the same where only the Hessian of all rows would do better: it costs as much as ten gradients and more
SETTLED = 1e-11  # of the largest coefficient: steps with the Hessian of some rows go on until the next one is smaller
FAR = 1e-3  # squared decrement, relative to the value, above which a step may be slow because the Hessian changes along it
SAMPLED_STEPS = 12  # at most: before all rows are asked, and for the last digits
IDLE = 3  # steps in a row whose squared decrement is no less than this share of the least one: rounding rules
SHRINKS = 0.25
TELLING = 0.1  # squared length of a step, relative to the value, up to which it tells of the Hessian at its end


@dataclass(repr=False)
class Newton(Settings):
    """Solve H step = -gradient (Cholesky; eigenvalues where a pivot is at rounding level), then search along the step.

    Quadratic convergence, in any units of the columns; memory and time of an explicit Hessian. Where there are very many rows, the
    Hessian of a share of them makes the first steps, with gradients of all rows and corrected by what each step has shown; and that
    of all rows, once it is needed, makes steps as long as these are quick.
    """

    name: ClassVar[str] = "newton"
    needs: ClassVar[frozenset[str]] = frozenset({"gradient", "line", "hessian"})

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """Points from W0 on; ends where the line search finds no way down, or steps only move about in the rounding."""
        point = objective.at(W0)
        yield point
        yield from onward(objective, point)


def onward(objective: Objective, point: Point) -> Iterator[Point]:
    """Newton's points after one."""
    if "sampled" in objective.offers:
        yield from _with_few(objective, point)
        return
    floor = _Floor()
    while not floor.reached(point, step := direction(objective, point)):
        arrived = _searched(objective, point, step)
        if arrived is None:
            return
        yield (point := arrived)


def direction(objective: Objective, point: Point) -> Array:
    """The Newton step -H⁻¹ gradient, shaped like W."""
    return _Curve(psd_solver(objective.hessian(point))).step(point)


class _Curve:
    """An inverse Hessian in use at other points than its own, corrected by what steps have shown."""

    def __init__(self, inverse: Metric) -> None:
        self._inverse = inverse
        self._pairs: deque[Pair] = deque(maxlen=SAMPLED_STEPS)

    def step(self, point: Point) -> Array:
        """The Newton step, shaped like W."""
        found: Array = -corrected(self._pairs, point.grad, self._inverse)
        return found

    def learn(self, before: Point, after: Point) -> None:
        """What the step between two points has shown."""
        remember(self._pairs, before, after)


class _Floor:
    """Where rounding ends what Newton's steps can do: no value shows their squared decrement, and it shrinks no more."""

    def __init__(self) -> None:
        self._least, self._idle = math.inf, 0

    def reached(self, point: Point, step: Array) -> bool:
        """Whether it is; asked at each point, with the step of its Hessian."""
        size = -vdot(point.grad, step)
        shrinks = size > EPS * abs(point.value) or size < SHRINKS * self._least
        self._idle = 0 if shrinks else self._idle + 1
        self._least = min(self._least, size)
        return self._idle >= IDLE


def _with_few(objective: Objective, point: Point) -> Iterator[Point]:
    """Steps with as few Hessians as will do: of some rows until they are slow with one that was made nearby, then of all rows."""
    for made in range(SAMPLED_STEPS):
        curve = _Curve(objective.metric(point, afresh=made > 0))
        near = -vdot(point.grad, curve.step(point)) <= FAR * abs(point.value)
        reached = yield from _steps(objective, point, curve, SLOW)
        if reached is None:
            break
        point = reached
        if near:
            break
    floor = _Floor()
    while not floor.reached(point, (curve := _Curve(psd_solver(objective.hessian(point)))).step(point)):
        reached = yield from _steps(objective, point, curve, SLOWER)
        if reached is None:
            return
        point = reached


def _steps(objective: Objective, point: Point, curve: _Curve, slow: float) -> Generator[Point, None, Point | None]:
    """Steps with one inverse Hessian, one or as many as are quick; the last point, or None where there is no way down."""
    size, step = math.inf, curve.step(point)
    while not -vdot(point.grad, step) > slow * size:  # what is no number is for the search to refuse
        size = -vdot(point.grad, step)
        reached = _searched(objective, point, step)
        if reached is None:
            return None
        curve.learn(point, reached)
        yield (point := reached)
        step = curve.step(point)
    return point


def _searched(objective: Objective, point: Point, step: Array) -> Point | None:
    """The point along a step at which the slope has lost some of its size; None where there is no way down."""
    slope = vdot(point.grad, step)
    if not is_finite(step) or -slope <= FLOOR * abs(point.value):
        return None
    t = search(line := objective.line(point, step), point.value, slope)
    return None if t is None else line.point(t)


class Endgame:
    """Full Newton steps with the Hessian of one point: this close to the optimum it changes less than a step can show.

    Where there are very many rows it is the Hessian of some of them, corrected by what each step has shown.

    Parameters
    ----------
    objective : Objective
    seen : sequence of Point
        The points on the way, the last of which is the one.

    Attributes
    ----------
    decrement : float
        Squared Newton decrement of the point; half of it is an estimate of the gap, and no proof of a gap can undercut it.
    """

    def __init__(self, objective: Objective, seen: Sequence[Point]) -> None:
        self.objective, self.point = objective, seen[-1]
        self._sampled = "sampled" in objective.offers
        self._curve = _Curve(objective.metric(self.point) if self._sampled else psd_solver(objective.hessian(self.point)))
        if self._sampled:
            for before, after in pairwise(seen):
                if vdot(after.W - before.W, after.grad - before.grad) <= TELLING * abs(after.value):
                    self._curve.learn(before, after)
        self.decrement = -vdot(self.point.grad, self._curve.step(self.point))

    def polished(self, steps: int) -> Point:
        """The last digits of the coefficients: at most ``steps`` steps, as long as each shrinks the decrement."""
        if self._sampled:
            return _settled(self.objective, self.point, self._curve, steps)
        return _polished(self.objective, self.point, self._curve, steps)


def _polished(objective: Objective, point: Point, curve: _Curve, steps: int) -> Point:
    """After some steps with the Hessian of all rows."""
    step = curve.step(point)
    size = -vdot(point.grad, step)
    for _ in range(steps):
        if not is_finite(step) or not size > FLOOR * abs(point.value):
            break
        candidate = objective.at(objective.canonical(point.W + step))
        next_step = curve.step(candidate)
        next_size = -vdot(candidate.grad, next_step)
        if not next_size < size:
            break
        point, step, size = candidate, next_step, next_size
    return point


def _settled(objective: Objective, point: Point, curve: _Curve, steps: int) -> Point:
    """After as many steps as it takes with the Hessian of some rows; where these are slow, some with that of all rows instead."""
    step = curve.step(point)
    size = -vdot(point.grad, step)
    for _ in range(SAMPLED_STEPS):
        if largest(step) <= SETTLED * largest(point.W):
            break
        candidate = objective.at(objective.canonical(point.W + step))
        curve.learn(point, candidate)
        next_step = curve.step(candidate)
        next_size = -vdot(candidate.grad, next_step)
        if not next_size <= SLOWER * size:
            nearer = candidate if next_size < size else point
            return _polished(objective, nearer, _Curve(psd_solver(objective.hessian(nearer))), steps)
        point, step, size = candidate, next_step, next_size
    return point
