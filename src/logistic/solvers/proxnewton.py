"""Proximal Newton with working sets, for penalties with an L1 part."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from ..backend import EPS, Array, largest, namespace, positions, to_numpy, vdot
from ..contracts import Face, Objective, Point
from .accelerated import accelerated
from .lbfgs import LBFGS
from .newton import Newton
from .settings import Settings

FEW = 100  # rows of W that are always worked on together
NEW = 50  # rows taken into the working set at once, or twice the rows that are not zero
CLOSE = 0.95  # of its strength: a gradient that may pass it when others move
HALVINGS = 40
HASTE, CARE = 1e-2, 1e-12  # shares of what rows outside and inside a working set promise
STEPS = 30  # on one working set
NEAR, LAST = 1e-3, 8  # relative gain of a step after which the optimum is near, and steps that are then taken together
DIGITS = 1e-26  # of the value: what a step must promise, or it moves no digit that counts
ENOUGH, MANY = 1e-20, 2000  # the same for a proof alone, where there are so many coefficients that digits are not asked for
ALMOST = 1e-10  # relative: as good as there


@dataclass(repr=False)
class ProxNewton(Settings):
    """Newton's method on the coefficients that are not zero, or are not to stay so.

    The quadratic model with its kinks is minimised face by face: on a face, where signs and zeros are fixed, that is a linear
    system; along each solution the best point of the model is found, coefficients become zero on the way, others leave zero.
    Only some rows of W, the working set, take part; the gradient of all then says which are missing. Without an L1 part
    this is ``newton``, or ``lbfgs`` where a Hessian is too large.
    """

    name: ClassVar[str] = "proxnewton"
    needs: ClassVar[frozenset[str]] = frozenset({"line"})

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """Points from W0 on; ends where floating point shows no way down."""
        if objective.l1 is None:
            yield from (Newton() if "hessian" in objective.offers else LBFGS())(objective, W0)
            return
        point = objective.at(W0)
        yield point
        if "proximal" in objective.offers:
            for quick in accelerated(objective, point):
                point = quick
                yield point
        own = (abs(point.W) > 0).any(axis=1) | (objective.l1 <= 0)
        working = _grown(objective, point) if bool((abs(point.W) > 0).any()) else _rows(own, len(W0))
        digits = DIGITS if math.prod(objective.shape) <= MANY else ENOUGH
        for rounds in itertools.count():
            part, inner, enough = objective.columns(working, point)
            if part is objective:
                steps = descent(part, inner, digits * abs(point.value))
                yield from _gathered(steps, point) if digits == DIGITS else steps
                return
            steps, reached = descent(part, inner, _worthwhile(objective, point, working, digits)), inner
            for reached in itertools.islice(steps, STEPS):
                if digits == ENOUGH and part.outlook(reached) <= enough:
                    break
            if reached is not inner or inner.memo is not point.memo:
                point = objective.among(working, reached)
                yield point
            elif rounds > 0:
                return
            working = _grown(objective, point)


def _worthwhile(objective: Objective, point: Point, working: Any, digits: float) -> float:
    """What a step on a working set must promise: as long as others promise far more, nothing is gained by exactness."""
    if digits == DIGITS:
        return digits * abs(point.value)
    square = (objective.subgradient(point) ** 2).sum(axis=1)  # columns are scaled, so this is about what a row promises
    own = float(square[working].sum())
    return max(digits * abs(point.value), HASTE * (float(square.sum()) - own), CARE * own)


def _gathered(steps: Iterator[Point], start: Point) -> Iterator[Point]:
    """The points, the last few in one: where steps are short, the digits of the coefficients come before the certificate."""
    point, hidden = start, 0
    for reached in steps:
        hidden = hidden + 1 if point.value - reached.value <= NEAR * abs(reached.value) else 0
        point = reached
        if not 0 < hidden <= LAST:
            yield point
    if hidden:
        yield point


def _grown(objective: Objective, point: Point) -> Any:
    """The next working set: rows that are not zero, and of those that are, or nearly are, not to stay so the likeliest."""
    assert objective.l1 is not None
    own = (abs(point.W) > 0).any(axis=1) | (objective.l1 <= 0)
    count = int(own.sum())
    pull = namespace(own).amax(abs(point.grad), axis=1)
    wanted = positions((pull > CLOSE * objective.l1) & ~own)
    if len(wanted) > max(NEW, 2 * count):
        ratio = to_numpy(pull[wanted] / objective.l1[wanted])
        wanted = wanted[(-ratio).argsort(kind="stable")[: max(NEW, 2 * count)]]
    own[wanted] = True
    return _rows(own, len(own))


def _rows(mask: Array, count: int) -> Any:
    """Indices of a working set; all where that is no more work."""
    found = positions(mask)
    return positions(mask | ~mask) if count <= FEW or 2 * len(found) >= count else found


def descent(objective: Objective, point: Point, least: float) -> Iterator[Point]:
    """Proximal Newton steps on all rows of an objective, while they promise more than ``least``."""
    assert objective.l1 is not None
    size = largest(objective.subgradient(point))
    while size > 0:
        strength = objective.l1[:, None] + 0 * point.W
        chosen = (abs(point.W) > 0) | (abs(objective.subgradient(point)) > 0) | (strength <= 0)
        if not bool(chosen.any()):
            return
        w, gradient, l1 = point.W[chosen], point.grad[chosen], strength[chosen]
        usual = float(l1.sum()) / max(int((l1 > 0).sum()), 1) or 1.0
        face = objective.face(point, chosen, 0.1 * min(0.1, size / usual))
        z = minimised(face, w, gradient, l1)
        promised = vdot(gradient, z - w) + float((l1 * (abs(z) - abs(w))).sum())
        if not -promised > least:
            return
        D = 0 * point.W
        D[chosen] = z - w
        line, t = objective.line(point, D), 1.0
        hidden = -promised <= 64 * EPS * abs(point.value)  # values cannot tell any more
        for _ in range(HALVINGS):
            value, _ = line(t)
            if value <= point.value + (8 * EPS * abs(point.value) if hidden else 1e-4 * t * promised):
                break
            t /= 2
        else:
            return
        reached = line.point(t)
        W = objective.canonical(reached.W)
        reached = reached if W is reached.W else objective.at(W)
        now = largest(objective.subgradient(reached))
        if hidden and not now < 0.9 * size:
            if now < size:
                yield reached
            return
        point, size = reached, now
        yield point


def minimised(face: Face, w: Array, gradient: Array, l1: Array) -> Array:
    """(m,): z with the least gradient (z - w) + (z - w) H (z - w) / 2 + sum l1 |z|, or on the way to it."""
    xp = namespace(w)
    z, slope = w, gradient
    zero, settled = xp.zeros_like(w), True
    for _ in range(face.bends):
        leaving = (abs(slope) > l1) & settled  # only from the best point of a face, or what just came to zero would leave at once
        sign = xp.where(abs(z) > 0, xp.sign(z), xp.where(leaving, -xp.sign(slope), zero))
        active = (sign != 0) | (l1 <= 0)
        push = -(slope + l1 * sign)
        step = face.solve(active, push)
        while True:  # who leaves zero leaves it to the side that it is pushed to
            wrong = active & ~(abs(z) > 0) & (l1 > 0) & (step * sign <= 0)
            if not bool(wrong.any()):
                break
            active = active & ~wrong
            step = face.solve(active, push)
        bent = face.product(step)
        t, at_bend = _best(z, step, bent, slope, l1)
        z, slope = xp.where(at_bend, zero, z + t * step), slope + t * bent
        settled = t == 1.0 and not bool(at_bend.any())
        if settled and not bool((~(abs(z) > 0) & (abs(slope) > (1 + ALMOST) * l1)).any()):
            break
    return z


def _best(z: Array, step: Array, bent: Array, slope: Array, l1: Array) -> tuple[float, Array]:
    """How far along the step the model is lowest, at most 1, and which coefficients become zero just there."""
    xp = namespace(z)
    meets = (l1 > 0) & (z * step < 0)
    t = xp.where(meets, -z / xp.where(meets, step, xp.ones_like(step)), xp.full_like(z, 2.0))
    none = z > z
    if not bool((t < 1).any()):
        return 1.0, none
    rise = vdot(slope, step) + float((l1 * xp.where(abs(z) > 0, xp.sign(z) * step, abs(step))).sum())
    curved = vdot(step, bent)
    order = xp.argsort(t)
    for i in order.tolist():
        here = float(t[i])
        if here >= 1 or rise + here * curved >= 0:
            break
        jump = 2 * float(l1[i] * abs(step[i]))
        if rise + here * curved + jump >= 0:
            return here, meets & (abs(z + here * step) <= ALMOST * abs(z))
        rise += jump
    return min(-rise / curved, 1.0) if curved > 0 else 1.0, none
