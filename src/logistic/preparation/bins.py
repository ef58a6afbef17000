"""A column of numbers as ordered classes, cut by rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..sources import real
from .labels import length


@dataclass(frozen=True, eq=False)
class RankBins:
    """Cuts that divide numbers into ordered classes.

    Attributes
    ----------
    edges : (bins - 1,) array
        Increasing, in the units of the values: halfway between the largest value of one bin and the smallest of the next.
    """

    edges: np.ndarray

    def apply(self, values: Any) -> np.ndarray:
        """(n,) int bins of the numbers values (n,): 0 up to the first edge, 1 up to the second, and so on.

        Raises
        ------
        InputError
            If a value is missing or is no number, with its row.
        """
        return np.asarray(np.searchsorted(self.edges, _column(values), side="left"), dtype=np.intp)


def rank_bins(values: Any, bins: int = 3) -> RankBins:
    """Cut numbers into bins of equal width on the scale of their ranks, so that each holds about as many rows.

    Equal values share the average of their ranks, and so a bin. The width is taken between the smallest and the largest rank,
    exactly; a rank on a border belongs to the lower bin.

    Parameters
    ----------
    values : (n,) array, list or column of a data frame
    bins : int
        At least 2.

    Raises
    ------
    InputError
        If ``bins`` is below 2, a value is missing or is no number, or a bin would hold no row.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 2:
        raise InputError(f"bins must be a whole number from 2 on, but is {bins!r}")
    found, counts = np.unique(_column(values), return_counts=True)
    if len(found) < bins:
        raise InputError(f"values holds {len(found)} different numbers, too few for {bins} bins; ask for fewer bins")
    ranks = 2 * np.cumsum(counts) - counts + 1  # twice the average rank, a whole number
    low, span = int(ranks[0]), int(ranks[-1] - ranks[0])
    places = np.maximum(-(-(ranks - low) * int(bins) // span) - 1, 0)  # rounded up, by whole numbers alone
    missing = np.setdiff1d(np.arange(bins), places)
    if len(missing):
        raise InputError(
            f"bin {missing[0]} of {bins} would hold no row, because one value of values is too frequent; ask for fewer bins"
        )
    last = np.flatnonzero(np.diff(places))
    below, above = found[last], found[last + 1]
    middle = below / 2 + above / 2
    return RankBins(np.where((middle >= below) & (middle < above), middle, below))


def _column(values: Any) -> np.ndarray:
    """(n,) finite float64 numbers."""
    found = real(values, "values", length(values, "values"))
    if found.ndim != 1:
        raise InputError(f"values must be one number a row, but has shape {found.shape}; pass one column")
    return found
