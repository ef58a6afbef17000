"""Coefficients in the units of the data and in centred, scaled columns: one linear change of variables, and solvers under it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from .backend import Array, namespace
from .contracts import Batch, Line, Objective, Point, Solver
from .outcome import Certificate


class Change(NamedTuple):
    """x = center + scale * z. A row of coefficients for x, with the intercept, becomes one for z, and back.

    Attributes
    ----------
    scale : (p,) array
    center : (p,) array
    intercept : bool
        Whether the last row of W is the intercept; without one ``center`` must be zero.
    """

    scale: Array
    center: Array
    intercept: bool

    def inward(self, W: Array) -> Array:
        """(q, M) for the data -> (q, M) for scaled columns, the same logits."""
        scaled = self.scale[:, None] * W[: len(self.scale)]
        return self._with(scaled, W[-1] + self.center @ W[:-1]) if self.intercept else scaled

    def outward(self, W: Array) -> Array:
        """(q, M) for scaled columns -> (q, M) for the data, the same logits."""
        given = W[: len(self.scale)] / self.scale[:, None]
        return self._with(given, W[-1] - self.center @ given) if self.intercept else given

    def gradient(self, G: Array) -> Array:
        """The gradient in scaled columns -> the gradient in the units of the data."""
        given = self.scale[:, None] * G[: len(self.scale)]
        return self._with(given + self.center[:, None] * G[-1], G[-1]) if self.intercept else given

    def _with(self, rows: Array, last: Array) -> Array:
        stacked: Array = namespace(rows).concatenate([rows, last[None, :]], axis=0)
        return stacked


class AsGiven(Objective):
    """An objective over scaled columns, seen in the units of the data. The memo of a point is the point inside."""

    def __init__(self, objective: Objective, change: Change) -> None:
        self.inside, self.change = objective, change
        self.offers = objective.offers & {"gradient", "line", "batches", "hessian"}
        self.shape, self.price = objective.shape, objective.price

    def zeros(self) -> Array:
        """(q, M) coefficients, all zero."""
        like = self.change.scale
        found: Array = namespace(like).zeros(self.shape, dtype=like.dtype, device=like.device)
        return found

    def at(self, W: Array) -> Point:
        """The same value; the gradient by the chain rule."""
        return self._seen(self.inside.at(self.change.inward(W)))

    def line(self, point: Point, direction: Array) -> Line:
        """The same line."""
        return _Line(self, self.inside.line(point.memo, self.change.inward(direction)))

    def hessian(self, point: Point) -> Array:
        """(q M, q M): Jᵀ H J, where J is the change of variables; rows of W one after another."""
        H = self.inside.hessian(point.memo)
        for _ in range(2):
            H = self.change.gradient(H.reshape(self.shape[0], -1)).reshape(H.shape).T
        return H

    def batches(self, size: int | None) -> Iterator[Batch]:
        """The same batches."""
        for batch in self.inside.batches(size):
            yield partial(self._batch, batch)

    def accuracy(self, point: Point) -> float:
        """The same share."""
        return self.inside.accuracy(point.memo)

    def penalty_value(self, point: Point) -> float:
        """The same penalty."""
        return self.inside.penalty_value(point.memo)

    def certify(self, point: Point, enough: float = 0.0) -> tuple[Point, Certificate]:
        """The same certificate."""
        found, certificate = self.inside.certify(point.memo, enough)
        return self._seen(found), certificate

    def _batch(self, inside: Batch, W: Array) -> tuple[float, Array, float]:
        value, gradient, share = inside(self.change.inward(W))
        return value, self.change.gradient(gradient), share

    def _seen(self, point: Point) -> Point:
        return Point(self.change.outward(point.W), point.value, self.change.gradient(point.grad), point)


class _Line(Line):
    def __init__(self, objective: AsGiven, inside: Line) -> None:
        self.objective, self.inside = objective, inside

    def __call__(self, t: float) -> tuple[float, float]:
        """Value and slope at t."""
        return self.inside(t)

    def point(self, t: float) -> Point:
        """The full point at t."""
        return self.objective._seen(self.inside.point(t))


class InGivenUnits(Solver):
    """A solver that walks in the units of the data, while everybody else sees scaled columns."""

    def __init__(self, solver: Solver, change: Change) -> None:
        self.solver, self.change = solver, change
        self.name, self.needs, self.watched = solver.name, solver.needs, solver.watched  # type: ignore[misc]
        self.epochs, self.early = solver.epochs, solver.early

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """The points inside."""
        for point in self.solver(AsGiven(objective, self.change), self.change.outward(W0)):
            yield point.memo
