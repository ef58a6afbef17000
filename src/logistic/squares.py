"""The mean squared error: a loss of one real target, and its objective, which is a quadratic and so has an exact gap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from . import tasks
from .backend import Array, like, namespace, peak
from .certificate import UNIT, Curvature
from .contracts import Block, Loss, Point
from .objective import LogisticObjective
from .outcome import Certificate
from .penalty import L2
from .proof import Prover, Rounding
from .tasks import Rows

PROBES = 32


class Squared(Loss):
    """(eta - y)² of a real target y (n,). Where a loss speaks of classes there is one, and it is certain."""

    columns = 1
    classes = 1

    def evaluate(self, eta: Array, y: Array) -> tuple[Array, Array]:
        """Loss (n,) and residual 2 (eta - y) (n, 1)."""
        error = eta[:, 0] - y
        return error**2, 2 * error[:, None]

    def curvature(self, eta: Array, V: Array) -> Array:
        """(n, 1): 2 V."""
        twice: Array = 2 * V
        return twice

    def steepness(self, eta: Array) -> Array:
        """(n, 1): 2."""
        twice: Array = 2 + 0 * eta
        return twice

    def curvature_pairs(self, eta: Array) -> Iterator[tuple[int, int, Array]]:
        """The single pair (0, 0): 2."""
        yield 0, 0, 2 + 0 * eta[:, 0]

    def probabilities(self, eta: Array) -> Array:
        """(n, 1) ones."""
        ones: Array = 1 + 0 * eta
        return ones

    def log_probabilities(self, eta: Array) -> Array:
        """(n, 1) zeros."""
        zeros: Array = 0 * eta
        return zeros

    def class_logits(self, V: Array) -> Array:
        """(n, 1) unchanged."""
        return V


class SquaredProver(Prover):
    """Proofs for a quadratic, whose curvature is known to the rounding of products and the same everywhere."""

    def curvature_error(self, reach: float) -> float:
        """That of products alone: the curvature of a row is 2."""
        return 16 * UNIT

    def change_of_curvature(self, curvature: Curvature, rounding: Rounding, length: float, exactly: bool) -> float:
        """None: the gap of a quadratic is half its squared Newton decrement."""
        return 0.0


class SquaredObjective(LogisticObjective):
    """Mean weighted squared error, without a penalty and without a factor 1/2.

    Parameters
    ----------
    rows : Rows
        Blocks whose ``y`` (n,) are real numbers.
    intercept : bool
        Whether the last row of W is an intercept.
    rng : numpy.random.Generator, optional
        Shuffles the rows for mini-batches; needed only there.
    """

    def __init__(self, rows: Rows, intercept: bool, rng: Any = None) -> None:
        super().__init__(Squared(), L2(0.0, 0 * rows.resolution), rows, intercept, rng)
        self.offers -= {"metric", "dual"}  # whose factors know probabilities; and one Hessian is all that a solution takes
        self.prover = SquaredProver(self)

    def accuracy(self, point: Point) -> float:
        """NaN: there are no classes to be right about."""
        return math.nan

    def bound(self, size: int | None) -> float:
        """2 lambda + 2 (R² - lambda) / size, with R² the largest squared norm of a row, weighted.

        A logistic row is steep only near its boundary; a square is steep everywhere, so a step on one row must suit the longest.
        """
        if size is None:
            return 2 * self._eigenvalue
        return 2 * (self._eigenvalue + max(self._heaviest - self._eigenvalue, 0.0) / size)

    def hessian(self, point: Point) -> Array:
        """(q, q), the same at every point, with the null space filled in."""
        if self.at_hand is not None:
            self.at_hand = self.at_hand._replace(W=point.W)
        return super().hessian(point)

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """The gap, 0 where the residuals are no larger than the rounding of their own terms: then no number is left to gain."""
        point, found = super().certify(point, enough)
        if math.isfinite(point.value):
            noise = self.prover.audited(point).noise
            unseen = float(noise.sum()) / 4 / self.rows.total  # noise is that of the derivative, twice the residual
            if point.value <= unseen:
                found = replace(found, gap=0.0, kind="proof")
        return point, found

    def diagnose(self, point: Point) -> Certificate | None:
        """Nothing: a least squares problem always has a solution."""
        return None

    @cached_property
    def _heaviest(self) -> float:
        """R², in units of the mean weight; of many columns estimated by random combinations."""
        q, held = self.shape[0], self.rows.resolution
        if q <= PROBES:
            probes = namespace(held).eye(q, dtype=held.dtype, device=held.device)
        else:
            probes = like(self.rng.standard_normal((q, PROBES)) / PROBES**0.5, held)
        heaviest = self.rows.executor.map_merge(longest, self.rows.handles, max, probes)
        n = sum(self.rows.executor.map(tasks.size, self.rows.handles))
        return float(heaviest * n / self.rows.total)


def longest(block: Block, probes: Array) -> float:
    """Largest weighted squared norm of a row of X probes, (q, r)."""
    return peak(block.weight * (block.X.ready().matmul(probes) ** 2).sum(axis=1))
