"""Penalties on the rows of W. The intercept is a row with factor 0."""

from __future__ import annotations

from copy import copy
from typing import Any

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


class ElasticNet(L2):
    """alpha * sum_j (l1_ratio root_j |W_j|_1 + (1 - l1_ratio) / 2 factor_j |W_j|²) with root_j² = factor_j.

    The root is there because a factor is that of a square: in a column divided by ``d`` a coefficient is ``d`` times as large,
    its square ``d²`` times.

    Parameters
    ----------
    alpha : float
        Strength, against the mean loss.
    factor : (q,) array
        Strength of each row's square relative to alpha, >= 0.
    l1_ratio : float
        From 0 to 1; 1 is L1 alone.
    """

    l1: Array
    squares: bool  # whether there are any

    def __init__(self, alpha: float, factor: Array, l1_ratio: float) -> None:
        super().__init__(alpha * (1 - l1_ratio), factor)
        self.l1 = alpha * l1_ratio * factor**0.5  # (q,)
        self.squares = l1_ratio < 1

    def value(self, W: Array) -> float:
        """The penalty, a float."""
        kinks = float(self.l1 @ abs(W).sum(axis=1))
        return kinks + super().value(W) if self.squares else kinks

    def times(self, share: float) -> ElasticNet:
        """So many times as strong."""
        scaled = copy(self)
        scaled.strength, scaled.l1 = share * self.strength, share * self.l1
        return scaled

    def rows(self, keep: Any) -> ElasticNet:
        """The penalty on some rows of W."""
        kept = copy(self)
        kept.strength, kept.l1 = self.strength[keep], self.l1[keep]
        return kept
