"""Two classes and many sets of coefficients: how far the true class of each row is ahead, and what follows, all in place.

The loss of a margin m is max(-m, 0) + log(1 + exp(-|m|)), and the probability of the other class 1 / (1 + exp(m)), 0 where that
overflows: both keep their relative accuracy, however small they are. Arrays are (U, n), U sets and n rows.
"""

from __future__ import annotations

import numpy as np

from ..contracts import Block
from ..designs import Dense


class Margins:
    """What is computed of the margins of some rows after others.

    The arrays are made once: the pages of new ones would cost several times what the arithmetic does. Each method that gives one
    writes over what was given before, as it says.

    Parameters
    ----------
    fits : int
        At least as many as there are sets.
    rows : int
        At most so many at a time.
    """

    def __init__(self, fits: int, rows: int) -> None:
        self._flat = np.empty((3, fits * rows))
        self._used = fits, rows
        self.sign = np.empty(0)

    def _array(self, index: int) -> np.ndarray:
        sets, rows = self._used
        return self._flat[index, : sets * rows].reshape(sets, rows)

    def look(self, block: Block, columns: np.ndarray) -> None:
        """Form the margins of the rows, at columns (q, U)."""
        self._used = columns.shape[1], len(block.y)
        self.sign = 2.0 * np.asarray(block.y) - 1
        margin = self._array(0)
        if isinstance(block.X, Dense):
            np.matmul(columns.T, np.asarray(block.X.X).T, out=margin)
        else:
            np.copyto(margin, np.asarray(block.X.matmul(columns)).T)
        if block.offset is not None:
            margin += np.asarray(block.offset).T
        margin *= self.sign

    def slopes(self, weights: np.ndarray, fold: np.ndarray) -> np.ndarray:
        """(U, n) weighted residuals, set i with weights[fold[i]] (F, n) of the rows; in place of the margins."""
        total = self._array(0)
        np.exp(total, out=total)
        total += 1
        np.divide(self._taken(1, -self.sign * weights, fold), total, out=total)
        return total

    def losses(self) -> tuple[np.ndarray, np.ndarray]:
        """(U, n) losses, and probabilities of the other class; the margins are gone then."""
        margin, losses, away = (self._array(i) for i in range(3))
        np.abs(margin, out=away)
        np.negative(away, out=away)
        np.exp(away, out=away)
        np.log1p(away, out=losses)
        np.exp(margin, out=away)
        losses -= np.minimum(margin, 0, out=margin)
        away += 1
        return losses, np.divide(1, away, out=away)

    def spread(self, away: np.ndarray) -> np.ndarray:
        """(U, n) products of the two probabilities, in place of the margins."""
        found: np.ndarray = np.subtract(1, away, out=self._array(0))
        found *= away
        return found

    def residuals(self, away: np.ndarray, uses: np.ndarray, weights: np.ndarray, fold: np.ndarray) -> np.ndarray:
        """(N, n) weighted residuals of N fits: fit i at set uses[i], with weights[fold[i]] (F, n)."""
        found: np.ndarray = self._taken(0, away, uses)
        found *= self._taken(1, -self.sign * weights, fold)
        return found

    def _taken(self, index: int, rows: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Some of the rows (..., n), one below another."""
        found: np.ndarray = self._flat[index, : len(chosen) * rows.shape[1]].reshape(len(chosen), -1)
        np.take(rows, chosen, axis=0, out=found, mode="clip")  # another mode would make an array first
        return found
