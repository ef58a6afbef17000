"""Penalties on the rows of W. The intercept is a row with factor 0."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any

from . import kernels
from .backend import Array, peak, vdot
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

    squares: bool  # whether there are any

    def __init__(self, alpha: float, factor: Array, l1_ratio: float) -> None:
        self._once, self._share = (alpha * (1 - l1_ratio) * factor, alpha * l1_ratio * factor**0.5), 1.0
        self.squares = l1_ratio < 1

    # Formed when they are asked for: a path has many strengths, and asks few of them for more than a few rows.

    @cached_property
    def strength(self) -> Array:
        """(q,) of the squares."""
        formed: Array = self._share * self._once[0]
        return formed

    @cached_property
    def l1(self) -> Array:  # type: ignore[override]
        """(q,) of the absolute values."""
        formed: Array = self._share * self._once[1]
        return formed

    def value(self, W: Array) -> float:
        """The penalty, a float."""
        kinks = float((self.l1 @ abs(W)).sum())
        return kinks + super().value(W) if self.squares else kinks

    def times(self, share: float) -> ElasticNet:
        """So many times as strong."""
        return self._like(self._once, share * self._share)

    def rows(self, keep: Any) -> ElasticNet:
        """The penalty on some rows of W."""
        square, kink = self._once
        return self._like((square[keep], kink[keep]), self._share)

    def _like(self, once: tuple[Array, Array], share: float) -> ElasticNet:
        other = copy(self)
        for formed in ("strength", "l1"):
            other.__dict__.pop(formed, None)
        other._once, other._share = once, share
        return other


def steepness(gradient: Array, l1: Array, spread: Array | None = None, share: Array | None = None, level: float = 0.0) -> float:
    """The largest |g_jk| / l1_j of a gradient (q, M) beside kinks (q,); |g_jk| larger by share_k spread_j + level where given."""
    found = kernels.steepness(gradient, l1, spread, share, level)
    if found is not None:
        return found
    size: Any = abs(gradient)  # one array, again and again
    if spread is not None and share is not None:
        size += spread[:, None] * share + level
    size /= l1[:, None]
    return float(size.max())


def beyond(gradient: Array, l1: Array) -> float:
    """The largest |g_jk| - l1_j, at least 0."""
    found = kernels.beyond(gradient, l1)
    return peak(abs(gradient) - l1[:, None]) if found is None else found
