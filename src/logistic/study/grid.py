"""The strengths of a study: as given, or by a rule from the rows."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..contracts import Spec
from ..strength import Strength
from .folds import WHOLE, Folds


class Grid(NamedTuple):
    """Strengths of the penalty.

    Attributes
    ----------
    values : (S,) array
        Each C where ``inverse``, else each alpha; in any order, repeated or not.
    inverse : bool
        C is alpha = 1 / (C * total weight), of what each fold learns from.
    """

    values: np.ndarray
    inverse: bool

    def alphas(self, total: float) -> np.ndarray:
        """(S,) strengths against the mean loss of rows of this total weight."""
        with np.errstate(over="ignore"):
            return np.asarray(1 / (self.values * total) if self.inverse else self.values * 1.0)

    def penalty(self, index: int, total: float, spec: Spec) -> Strength:
        """One of them in words."""
        alpha = float(self.alphas(total)[index])
        C = float(self.values[index]) if self.inverse else 1 / (alpha * total) if alpha > 0 else math.inf
        return Strength(alpha, C, bool(spec.standardize), float(spec.l1_ratio) if alpha > 0 else 0.0)


class Rule(NamedTuple):
    """Strengths by formula: ``number`` of them in equal ratios, from the largest down to ``ratio`` times that.

    The largest is max |slope| / max(l1_ratio, 0.001), over all coefficients, of the mean loss where all of them are zero and the
    intercepts fit best; of standardised columns if these are penalised. Under a pure L1 penalty it is the least strength at which
    all coefficients are zero, for any number of classes.

    Attributes
    ----------
    number : int
    ratio : float or None
        None is 0.0001 where there are more rows than columns, else 0.01.
    l1_ratio : float
    """

    number: int
    ratio: float | None = None
    l1_ratio: float = 0.0

    def alphas(self, largest: float, shape: tuple[int, int]) -> np.ndarray:
        """(S,) for n rows and p columns, from strong to weak."""
        ratio = (1e-4 if shape[0] > shape[1] else 1e-2) if self.ratio is None else self.ratio
        return np.asarray(largest / max(self.l1_ratio, 1e-3) * np.geomspace(1.0, ratio, self.number))


def by_rule(rule: Rule, folds: Folds, inverse: bool) -> Grid:
    """The strengths of a rule, as C or as alpha."""
    slopes = folds.objective(WHOLE, folds.elastic_net(WHOLE, 1.0, 1.0))
    _, largest = slopes.largest_strength()
    alphas = rule.alphas(largest or 1.0, (folds.frame.count, len(folds.frame.scale)))
    return Grid(1 / (alphas * folds.frame.encoding.total) if inverse else alphas, inverse)
