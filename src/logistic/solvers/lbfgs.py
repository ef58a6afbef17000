"""Limited-memory BFGS."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..backend import EPS, Array, vdot
from ..contracts import Metric, Objective, Point
from .linesearch import search
from .recursion import Pair, corrected, remember
from .settings import Settings

FIRST_METRIC = 5  # points before the metric is made, so that easy fits never pay for it
SECOND_METRIC = 3  # points before a cheap one, made at once, is made anew
NEXT_METRIC = 3  # and again after so many times as many
IDLE = 30  # points in a row without a lower value or a smaller gradient: rounding rules


@dataclass(repr=False)
class LBFGS(Settings):
    """The two-loop recursion of Nocedal (1980) over the last ``memory`` steps; two products with X an iteration.

    Where the objective offers a metric, a cheap estimate of the inverse Hessian, the recursion starts from it in place of
    the identity. It is made anew as the fit goes on, ever more rarely and with ever more care. Many correlated columns then take
    far fewer iterations.

    Parameters
    ----------
    memory : int, default=20
        Pairs of steps and gradient changes kept.
    """

    name: ClassVar[str] = "lbfgs"
    needs: ClassVar[frozenset[str]] = frozenset({"gradient", "line"})

    memory: int = 20

    def check(self) -> None:
        """Refuse an impossible memory."""
        self._positive("memory", integral=True)

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """Points from W0 on; ends where even the plain gradient finds no way down, or points only move about in the rounding."""
        point = objective.at(W0)
        yield point
        pairs: deque[Pair] = deque(maxlen=self.memory)
        metric: Metric | None = None
        due = 0 if "early" in objective.offers else FIRST_METRIC if "metric" in objective.offers else math.inf
        number, care = 0, 1
        progress = _Progress(point)
        while not progress.over:
            if number >= due:
                metric, due, care = objective.metric(point, care=care), max(NEXT_METRIC * due, SECOND_METRIC), 2 * care
            number += 1
            step = -corrected(pairs, point.grad, metric)
            slope = vdot(point.grad, step)
            first = 1.0 if pairs or metric else min(1.0, 1.0 / max(vdot(point.grad, point.grad) ** 0.5, EPS))
            line = objective.line(point, step)
            t = search(line, point.value, slope, first)
            if t is None and not pairs and metric is None:
                return
            if t is None:
                metric = metric if pairs else None
                pairs.clear()  # the memory misleads at rounding level: start over from the gradient
                continue
            arrived = line.point(t)
            remember(pairs, point, arrived)
            point = arrived
            yield point
            progress.see(point)


class _Progress:
    """Whether points still get better, or only move about in the rounding.

    Parameters
    ----------
    point : Point
        The first.

    Attributes
    ----------
    over : bool
        Whether ``IDLE`` points in a row brought neither a lower value nor a smaller gradient.
    """

    def __init__(self, point: Point) -> None:
        self.lowest, self.smallest, self.idle = point.value, vdot(point.grad, point.grad), 0
        self.over = False

    def see(self, point: Point) -> None:
        """The next point."""
        size = vdot(point.grad, point.grad)
        self.idle = 0 if point.value < self.lowest or size < self.smallest else self.idle + 1
        self.lowest, self.smallest = min(self.lowest, point.value), min(self.smallest, size)
        self.over = self.idle >= IDLE
