"""What a dense design is made of, for kernels that do in one pass what its methods do one after another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..contracts import Design
from .dense import Dense
from .intercept import Intercept
from .scaled import Scaled


class Stored(NamedTuple):
    """Columns (X - center) / scale, with a column of ones behind them or not.

    Attributes
    ----------
    X : (n, p) array
        Aligned numbers of float64 or float32, any strides.
    center, scale : (p,) array or None
    ones : bool
    """

    X: np.ndarray
    center: np.ndarray | None
    scale: np.ndarray | None
    ones: bool

    def rows(self, keep: np.ndarray) -> np.ndarray:
        """(m, q) the given rows of the design, in memory of their own and no other."""
        X = self.X[keep]
        found = np.empty((len(X), X.shape[1] + self.ones))
        columns = found[:, : X.shape[1]]
        np.subtract(X, 0.0 if self.center is None else self.center, out=columns)
        if self.scale is not None:
            columns /= self.scale
        found[:, X.shape[1] :] = 1
        return found


def stored(design: Design) -> Stored | None:
    """The parts of a design; None where it is none of these, or its scales are near the ends of float64."""
    inner = design.design if isinstance(design, Intercept) else design
    center = scale = None
    if isinstance(inner, Scaled):
        if not inner.tame:
            return None
        center, scale = None if inner.center is None else np.asarray(inner.center), np.asarray(inner.scale)
        inner = inner.design
    if not isinstance(inner, Dense) or not isinstance(inner.X, np.ndarray) or inner.X.dtype not in (np.float64, np.float32):
        return None
    return Stored(inner.X, center, scale, isinstance(design, Intercept)) if inner.X.flags.aligned else None
