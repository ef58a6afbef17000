"""Columns shifted and divided, without touching the data."""

from __future__ import annotations

from typing import Any

from ..backend import Array, to_device
from ..contracts import Design
from .dense import Dense
from .divided import Divided

TAME = 1e100  # scales between this and its inverse are applied to what is multiplied; squares of the columns stay finite then


class Scaled(Design):
    """(X - center) / scale of another design.

    A dense block is centred while it is in cache, before any product: the expanded formula X V - center V would lose every digit
    under a large shift. Other designs are scaled only, so that sparse data stay sparse.

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
        self.shape, self.sparse = design.shape, design.sparse

    def ready(self) -> Design:
        """A dense block centred, in float64; and any block divided."""
        if not isinstance(self.design, Dense):
            return Divided(self.design, self.scale)
        X = self.design.X
        if self.center is not None:
            X = X - self.center
        elif X.dtype != self.scale.dtype:
            X = X + 0 * self.scale
        if len(self.scale) and (float(self.scale.max()) > TAME or -float((-self.scale).max()) < 1 / TAME):
            return Dense(X / self.scale)
        return Divided(Dense(X), self.scale)

    def matmul(self, W: Array) -> Array:
        """(p, M) -> (n, M)."""
        return self.ready().matmul(W)

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M)."""
        return self.ready().rmatmul(G)

    def gram(self, h: Array) -> Array:
        """(n,) -> (p, p)."""
        return self.ready().gram(h)

    def absolute(self) -> Design:
        """|X - center| / scale."""
        return self.ready().absolute()

    def squared(self) -> Design:
        """((X - center) / scale)², entry by entry."""
        return self.ready().squared()

    def dense(self) -> Array:
        """(X - center) / scale."""
        return self.ready().dense()

    def columns(self, keep: Any) -> Design:
        """The given columns, centred and divided."""
        center = None if self.center is None else self.center[keep]
        part = Scaled(self.design.columns(keep), center, self.scale[keep]).ready()
        return part if self.sparse else Dense(part.dense())

    def to(self, device: str) -> Scaled:
        """All three on the device."""
        center = None if self.center is None else to_device(self.center, device)
        return Scaled(self.design.to(device), center, to_device(self.scale, device))

    def take(self, rows: Any) -> Scaled:
        """The given rows, scaled alike."""
        return Scaled(self.design.take(rows), self.center, self.scale)
