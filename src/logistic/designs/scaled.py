"""Columns shifted and divided, without touching the data."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from .. import kernels
from ..backend import Array, centred, double, largest, to_device
from ..contracts import Design
from .dense import Dense
from .divided import Divided
from .shifted import Shifted

NEAR = 8  # scales: centres up to so far from zero are subtracted from products, which costs these at most three of their bits
TAME = 1e100  # scales between this and its inverse are applied to what is multiplied; squares of the columns stay finite then


class Scaled(Design):
    """(X - center) / scale of another design.

    Centres that are small beside the scales are subtracted from the products, X V - center V, and the block is not copied. That
    would lose every digit under a large shift: a block with such a column is centred while it is in cache, before any product.
    Other designs are scaled only, so that sparse data stay sparse.

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
        """A dense block in float64, centred; and any block divided."""
        if not isinstance(self.design, Dense):
            return Divided(self.design, self.scale)
        if self.center is not None and self._near and self.tame:
            return Divided(Shifted(self.design, self.center), self.scale)
        X = double(self.design.X) if self.center is None else centred(self.design.X, self.center)
        return Divided(Dense(X), self.scale) if self.tame else Dense(X / self.scale)

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
        if kernels.compiled is not None and isinstance(self.design, Dense) and self.design.plain and len(keep):
            return Dense(_taken(self.design.X, keep, center, self.scale[keep]))
        part = Scaled(self.design.columns(keep), center, self.scale[keep]).ready()
        return part if self.sparse else Dense(part.dense())

    def to(self, device: str) -> Scaled:
        """All three on the device."""
        center = None if self.center is None else to_device(self.center, device)
        return Scaled(self.design.to(device), center, to_device(self.scale, device))

    @cached_property
    def _near(self) -> bool:
        """Whether all centres are small beside the scales."""
        return largest(self.center / self.scale) <= NEAR

    @cached_property
    def tame(self) -> bool:
        """Whether all scales are far from the ends of float64."""
        return len(self.scale) == 0 or (float(self.scale.max()) <= TAME and -float((-self.scale).max()) >= 1 / TAME)

    def take(self, rows: Any) -> Scaled:
        """The given rows, scaled alike."""
        return Scaled(self.design.take(rows), self.center, self.scale)


def _taken(X: Any, keep: Any, center: Any, scale: Any) -> np.ndarray:
    """(n, m): columns of X, centred and divided in one pass over them, each in one piece of memory."""
    found, by_rows = np.empty((len(keep), len(X))), X.flags.c_contiguous
    center = np.zeros(len(keep)) if center is None else center
    kernels.compiled.take_columns(X if by_rows else X.T, np.asarray(keep, dtype=np.int64), center, scale, found, by_rows)
    return found.T
