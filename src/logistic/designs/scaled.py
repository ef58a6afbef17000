"""Columns shifted and divided, without touching the data."""

from __future__ import annotations

from typing import Any

from ..backend import Array, to_device
from ..contracts import Design
from .dense import Dense


class Scaled(Design):
    """(X - center) / scale of another design.

    A dense block is centred and scaled while it is in cache, before any product: the expanded formula X V - center V would lose
    every digit under a large shift. Other designs are scaled only, so that sparse data stay sparse.

    Parameters
    ----------
    design : Design
        The (n, p) columns as given.
    center : (p,) array or None
        Subtracted from a dense design; must be None for any other.
    scale : (p,) array
        Positive; divides the columns.
    """

    def __init__(self, design: Design, center: Array | None, scale: Array) -> None:
        if center is not None and not isinstance(design, Dense):
            raise TypeError("only a dense design can be centred; pass center=None to keep the data sparse")
        self.design, self.center, self.scale = design, center, scale
        self.shape = design.shape

    def ready(self) -> Design:
        """The scaled block itself for dense data; otherwise this design."""
        if not isinstance(self.design, Dense):
            return self
        X = self.design.X
        if self.center is None:
            return Dense(X / self.scale)
        centred = X - self.center
        centred /= self.scale  # in place: the block is written once
        return Dense(centred)

    def matmul(self, W: Array) -> Array:
        """(p, M) -> (n, M)."""
        if isinstance(self.design, Dense):
            return self.ready().matmul(W)
        return self.design.matmul(W / self.scale[:, None])

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M)."""
        if isinstance(self.design, Dense):
            return self.ready().rmatmul(G)
        product: Array = self.design.rmatmul(G) / self.scale[:, None]
        return product

    def gram(self, h: Array) -> Array:
        """(n,) -> (p, p)."""
        if isinstance(self.design, Dense):
            return self.ready().gram(h)
        product: Array = self.design.gram(h) / self.scale / self.scale[:, None]
        return product

    def absolute(self) -> Design:
        """|X - center| / scale."""
        if isinstance(self.design, Dense):
            return self.ready().absolute()
        return Scaled(self.design.absolute(), None, self.scale)

    def to(self, device: str) -> Scaled:
        """All three on the device."""
        center = None if self.center is None else to_device(self.center, device)
        return Scaled(self.design.to(device), center, to_device(self.scale, device))

    def take(self, rows: Any) -> Scaled:
        """The given rows, scaled alike."""
        return Scaled(self.design.take(rows), self.center, self.scale)
