"""Penalties on the rows of W. The intercept is a row with factor 0."""

from __future__ import annotations

from .backend import Array, vdot
from .contracts import Penalty


class L2(Penalty):
    """alpha / 2 * sum_j factor_j |W_j|²; ``alpha = 0`` is the maximum-likelihood fit.

    Parameters
    ----------
    alpha : float
        Strength, against the mean loss.
    factor : (q,) array
        Strength of each row relative to alpha, >= 0.
    """

    def __init__(self, alpha: float, factor: Array) -> None:
        self.strength = alpha * factor  # (q,)

    def value(self, W: Array) -> float:
        """The penalty, a float."""
        return 0.5 * vdot(self.strength[:, None] * W, W)

    def gradient(self, W: Array) -> Array:
        """(q, M)."""
        product: Array = self.strength[:, None] * W
        return product

    def curvature(self, W: Array) -> Array:
        """(q,)."""
        strength: Array = self.strength
        return strength
