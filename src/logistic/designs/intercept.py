"""The intercept: one more column, all ones, last."""

from __future__ import annotations

from typing import Any

from ..backend import Array, namespace
from ..contracts import Design
from .dense import Dense


class Intercept(Design):
    """[X, 1] of another design; the last row of W is the intercept."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.shape, self.sparse = (design.shape[0], design.shape[1] + 1), design.sparse

    def ready(self) -> Design:
        """An intercept beside the prepared design."""
        return Intercept(self.design.ready())

    def matmul(self, W: Array) -> Array:
        """(p + 1, M) -> (n, M)."""
        product: Array = self.design.matmul(W[:-1]) + W[-1]
        return product

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p + 1, M)."""
        stacked: Array = namespace(G).concatenate([self.design.rmatmul(G), G.sum(axis=0)[None, :]], axis=0)
        return stacked

    def gram(self, h: Array) -> Array:
        """(n,) -> (p + 1, p + 1)."""
        xp = namespace(h)
        side = self.design.rmatmul(h[:, None])  # (p, 1)
        top = xp.concatenate([self.design.gram(h), side], axis=1)
        bottom = xp.concatenate([side.T, h.sum().reshape(1, 1)], axis=1)
        bordered: Array = xp.concatenate([top, bottom], axis=0)
        return bordered

    def absolute(self) -> Intercept:
        """[|X|, 1]."""
        return Intercept(self.design.absolute())

    def squared(self) -> Intercept:
        """[X², 1]."""
        return Intercept(self.design.squared())

    def dense(self) -> Array:
        """[X, 1] as one array."""
        X = self.design.dense()
        xp = namespace(X)
        ones = xp.ones((X.shape[0], 1), dtype=X.dtype, device=X.device)
        entries: Array = xp.concatenate([X, ones], axis=1)
        return entries

    def columns(self, keep: Any) -> Design:
        """The given columns, the last of which is that of the ones; as a single array where they are dense."""
        part = Intercept(self.design.columns(keep[:-1]))
        return part if self.sparse else Dense(part.dense())

    def to(self, device: str) -> Intercept:
        """The other design on the device."""
        return Intercept(self.design.to(device))

    def take(self, rows: Any) -> Intercept:
        """The given rows, with their ones."""
        return Intercept(self.design.take(rows))
