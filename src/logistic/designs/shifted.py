"""Columns shifted, by shifting what comes out of the products."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..backend import Array, centred, double, to_device
from ..contracts import Design
from .dense import Dense


class Shifted(Design):
    """X - center of another design, no entry of which is touched: X W - center W, and Xᵀ G - centerᵀ (sum of the rows of G).

    A product loses the digits by which ``center`` exceeds the spread of its column, so this is for centres that are not large.
    Where entries are multiplied by each other, as in a Gram matrix, they are shifted themselves.

    Parameters
    ----------
    design : Design
        Dense, (n, p); numbers of another type are turned into float64 once for all products.
    center : (p,) array
    """

    def __init__(self, design: Design, center: Array) -> None:
        self.design, self.center = design, center
        self.shape, self.sparse = design.shape, design.sparse

    def matmul(self, W: Array) -> Array:
        """(p, M) -> (n, M)."""
        product: Array = self._given.matmul(W) - self.center @ W
        return product

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M)."""
        product: Array = self._given.rmatmul(G)
        product -= (G.sum(axis=0)[:, None] * self.center).T  # in place, and laid out like what it is taken from: it may be large
        return product

    def gram(self, h: Array) -> Array:
        """(n,) -> (p, p)."""
        return self._entries.gram(h)

    def absolute(self) -> Shifted:
        """|X| + |center|: the terms that are added up."""
        return Shifted(self.design.absolute(), -abs(self.center))

    def squared(self) -> Dense:
        """(X - center)², entry by entry."""
        entries: Any = self.dense()
        entries *= entries
        return Dense(entries)

    def dense(self) -> Array:
        """X - center."""
        return centred(self.design.dense(), self.center)

    def columns(self, keep: Any) -> Shifted:
        """The given columns, shifted."""
        return Shifted(self.design.columns(keep), self.center[keep])

    def to(self, device: str) -> Shifted:
        """Both on the device."""
        return Shifted(self.design.to(device), to_device(self.center, device))

    def take(self, rows: Any) -> Shifted:
        """The given rows, shifted alike."""
        return Shifted(self.design.take(rows), self.center)

    @cached_property
    def _given(self) -> Dense:
        return Dense(double(self.design.dense()))

    @cached_property
    def _entries(self) -> Dense:
        return Dense(self.dense())
