"""Gradient descent on all rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..backend import Array, vdot
from ..contracts import Objective, Point
from .linesearch import search
from .settings import Settings


@dataclass(repr=False)
class GD(Settings):
    """W - lr * gradient, again and again.

    For two classes there is one column of coefficients, the second class against the first; softmax regression with a column
    for each class and half the learning rate takes the same steps in the difference.

    Parameters
    ----------
    lr : float, optional
        Learning rate of the textbook iteration on the columns as given. Without one, columns are centred and scaled inside and
        each step is searched for along the line.
    epochs : int, optional
        Steps to take, unless the certificate comes before; ``max_iter`` where not given.
    """

    name: ClassVar[str] = "gd"
    needs: ClassVar[frozenset[str]] = frozenset({"gradient", "line"})
    watched: ClassVar[bool] = True

    lr: float | None = None
    epochs: int | None = None

    @property
    def as_given(self) -> bool:  # type: ignore[override]
        """Whether this is the textbook iteration, in the units of the columns."""
        return self.lr is not None

    def check(self) -> None:
        """Refuse impossible settings."""
        self._positive("lr", optional=True)
        self._positive("epochs", integral=True, optional=True)

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """Points from W0 on; a searched line ends where no step helps."""
        point = objective.at(W0)
        yield point
        reach = 1.0
        while True:
            if self.lr is not None:
                point = objective.at(point.W - self.lr * point.grad)
            else:
                line = objective.line(point, -point.grad)
                found = search(line, point.value, -vdot(point.grad, point.grad), reach)
                if found is None:
                    return
                reach, point = found, line.point(found)
            yield point
