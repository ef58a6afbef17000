"""An inverse Hessian, corrected by what steps have shown: the two-loop recursion of Nocedal (1980)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..backend import EPS, Array, vdot
from ..contracts import Metric, Point

Pair = tuple[Array, Array, float]  # a step, the change of the gradient along it, and their inner product


def remember(pairs: deque[Pair], before: Point, after: Point) -> None:
    """Add what a step has shown, unless rounding hides it."""
    pair = shown(after.W - before.W, after.grad - before.grad)
    if pair is not None:
        pairs.append(pair)


def shown(change: Array, turn: Array) -> Pair | None:
    """What a step and the change of the gradient along it show, unless rounding hides it."""
    curved = vdot(change, turn)
    return (change, turn, curved) if curved > EPS * vdot(turn, turn) > 0 else None


def corrected(pairs: Sequence[Pair], gradient: Array, metric: Metric | None) -> Array:
    """Inverse Hessian estimate times the gradient; the last pair scales the identity, or a metric that promises too long a step."""

    def scaled(r: Array) -> Array:
        if metric is not None:
            r = metric(r)
        if pairs:
            _, turn, curved = pairs[-1]
            foreseen = vdot(turn, turn if metric is None else metric(turn))
            ratio = curved / foreseen if foreseen > 0 else 1.0  # it may underflow
            r = r * (ratio if metric is None else min(ratio, 1.0))
        return r

    return two_loops(pairs, gradient, scaled)


def two_loops(pairs: Sequence[Pair], gradient: Array, inverse: Metric) -> Array:
    """``inverse`` times the gradient, corrected so that it maps the turn of each pair to its step."""
    r = gradient
    weights: list[float] = []
    for change, turn, curved in reversed(pairs):
        weights.append(vdot(change, r) / curved)
        r = r - weights[-1] * turn
    r = inverse(r)
    for (change, turn, curved), weight in zip(pairs, reversed(weights), strict=True):
        r = r + (weight - vdot(turn, r) / curved) * change
    return r
