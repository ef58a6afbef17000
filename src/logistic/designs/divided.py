"""Columns divided, by dividing what is multiplied."""

from __future__ import annotations

from typing import Any

from ..backend import Array, to_device
from ..contracts import Design
from .dense import Dense


class Divided(Design):
    """X / scale of another design: p M divisions a product in place of n p.

    Parameters
    ----------
    design : Design
    scale : (p,) array
        Positive; so far from the ends of float64 that squares of the columns of X are finite.
    """

    def __init__(self, design: Design, scale: Array) -> None:
        self.design, self.scale = design, scale
        self.shape, self.sparse = design.shape, design.sparse

    def matmul(self, W: Array) -> Array:
        """(p, M) -> (n, M)."""
        return self.design.matmul(W / self.scale[:, None])

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M)."""
        product: Array = self.design.rmatmul(G)
        product /= self.scale[:, None]  # in place: it may be large
        return product

    def gram(self, h: Array) -> Array:
        """(n,) -> (p, p)."""
        product: Array = self.design.gram(h) / self.scale / self.scale[:, None]
        return product

    def absolute(self) -> Design:
        """|X| / scale."""
        return Divided(self.design.absolute(), self.scale)

    def squared(self) -> Design:
        """X² / scale², entry by entry."""
        return Divided(self.design.squared(), self.scale**2)

    def dense(self) -> Array:
        """X / scale."""
        entries: Array = self.design.dense() / self.scale
        return entries

    def columns(self, keep: Any) -> Design:
        """The given columns; dense ones are divided once and for all."""
        part = self.design.columns(keep)
        return Divided(part, self.scale[keep]) if self.sparse else Dense(part.dense() / self.scale[keep])

    def to(self, device: str) -> Divided:
        """Both on the device."""
        return Divided(self.design.to(device), to_device(self.scale, device))

    def take(self, rows: Any) -> Divided:
        """The given rows, divided alike."""
        return Divided(self.design.take(rows), self.scale)
