"""L-BFGS while that may be all there is to do, then Newton's method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from ..backend import Array
from ..contracts import Objective, Point
from .lbfgs import LBFGS
from .newton import onward
from .settings import Settings


@dataclass(repr=False)
class Relay(Settings):
    """As many steps of L-BFGS as cost what a Hessian costs, and Newton's from where they have led.

    A fit that is easy never pays for a Hessian, and one that is not has lost little.

    Parameters
    ----------
    memory : int, default=20
        As of :class:`LBFGS`.
    """

    name: ClassVar[str] = "relay"
    needs: ClassVar[frozenset[str]] = frozenset({"gradient", "line", "hessian"})

    memory: int = 20

    def check(self) -> None:
        """Refuse an impossible memory."""
        self._positive("memory", integral=True)

    def __call__(self, objective: Objective, W0: Array) -> Iterator[Point]:
        """Points from W0 on; ends where Newton's method does."""
        for point in islice(LBFGS(self.memory)(objective, W0), round(objective.price) + 1):
            yield point
        yield from onward(objective, point)
