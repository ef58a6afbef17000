"""Many objectives over the same rows, evaluated together: a fold is a vector of weights, a set of coefficients some more columns.

Each *fit* here is one objective: mean weighted loss + sum_j strength_j / 2 |W_j|², with the weights of one fold. All that is asked
of the rows is asked for many fits in one pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .. import tasks
from ..backend import largest, overflow_allowed
from ..certificate import UNIT, summation_error
from ..contracts import Executor, Loss
from ..outcome import Certificate, Status
from .passes import Extent, Part, evaluate, extent, gradients, gram, grams_apart, held_once, merge_extents


class Fits(NamedTuple):
    """Which objectives.

    Attributes
    ----------
    fold : (N,) array of int
    strength : (N, q) array
        Of the penalty on each row of W, above 0 but for the intercept.
    """

    fold: np.ndarray
    strength: np.ndarray

    def take(self, chosen: np.ndarray) -> Fits:
        """Some of them."""
        return Fits(self.fold[chosen], self.strength[chosen])


class Seen(NamedTuple):
    """What one pass says of N fits.

    Attributes
    ----------
    value : (N,) array
        Of the objectives; this and what follows is NaN where only gradients were asked for.
    grad : (N, q, M) array
    loss : (N,) array
        The value without the penalty.
    held : (N,) array
        Sum of weight times loss over the rows held out.
    flat : (N,) array
        Curvature of the intercept, the least over all directions.
    """

    value: np.ndarray
    grad: np.ndarray
    loss: np.ndarray
    held: np.ndarray
    flat: np.ndarray

    def take(self, chosen: Any) -> Seen:
        """Of some of them."""
        return Seen(*(each[chosen] for each in self))

    @classmethod
    def joined(cls, parts: Sequence[Seen]) -> Seen:
        """Of one part after another."""
        return cls(*(np.concatenate(each) for each in zip(*parts, strict=True)))


class Joint:
    """The rows, their folds, and what can be asked about fits to them.

    Parameters
    ----------
    executor : Executor
    handles : sequence
        Of parts.
    loss : Loss
    totals : (F,) array
        Sum of the weights that each fold learns from.
    resolution : (q,) array
        As in :class:`logistic.tasks.Rows`.
    block_rows : int
        Rows of the largest part.
    intercept : bool
    """

    def __init__(
        self,
        executor: Executor,
        handles: Sequence[Part],
        loss: Loss,
        totals: np.ndarray,
        resolution: np.ndarray,
        block_rows: int,
        intercept: bool,
    ) -> None:
        self.executor, self.handles, self.loss, self.totals = executor, handles, loss, totals
        self.resolution, self.block_rows, self.intercept = resolution, block_rows, intercept
        self.shape = (len(resolution), loss.columns)
        self.apart = len(totals) > 1 and all(executor.map(held_once, handles))

    def at(self, W: np.ndarray, uses: np.ndarray, fits: Fits, known: np.ndarray | None = None) -> Seen:
        """All there is to see of N fits: fit i at W[uses[i]], W being (U, q, M) and ``uses`` sorted.

        Gradients ``known`` (N, q, M) are not formed again.
        """
        columns, total = self._columns(W), self.totals[fits.fold]
        with overflow_allowed():  # of a margin whose residual is 0
            value, grad, held, products = self.executor.map_sum(
                evaluate, self.handles, self.loss, columns, uses, fits.fold, known is None
            )
        pull = fits.strength[:, :, None] * W[uses]
        loss = value / total
        value = loss + 0.5 * (pull * W[uses]).sum(axis=(1, 2))
        flat = least_curvature(np.asarray(tasks.intercept_hessian(products / total[:, None, None], self.shape[1])))
        return Seen(value, self._gradients(grad, total) + pull if known is None else known, loss, held, flat)

    def with_best_intercepts(self, W: np.ndarray, fits: Fits) -> np.ndarray:
        """W (N, q, M) after a step of Newton's for the intercepts alone: near the optimum that is as good as the best."""
        if not self.intercept:
            return W
        uses, total, M = np.arange(len(W)), self.totals[fits.fold], self.shape[1]
        _, grad, _, products = self.executor.map_sum(evaluate, self.handles, self.loss, self._columns(W), uses, fits.fold)
        H = np.asarray(tasks.intercept_hessian(products / total[:, None, None], M)) + (1 / M if M > 1 else 0.0)  # and the gauge
        step = np.linalg.solve(H, -self._gradients(grad, total)[:, -1, :, None])[:, :, 0]
        moved = W.copy()
        moved[:, -1] += step / np.maximum(1.0, abs(step).max(axis=1, keepdims=True))
        return moved

    def slopes(self, W: np.ndarray, fits: Fits, values: bool = False) -> Seen:
        """Gradients, and values if they are asked for, fit i at W[i], good to the rounding of 1: a fraction of the price."""
        total, unknown = self.totals[fits.fold], np.full(len(W), np.nan)
        with overflow_allowed():
            grad, loss = self.executor.map_sum(gradients, self.handles, self.loss, self._columns(W), fits.fold, values)
        pull = fits.strength[:, :, None] * W
        value = loss / total + 0.5 * (pull * W).sum(axis=(1, 2)) if values else unknown
        return Seen(value, self._gradients(grad, total) + pull, unknown, unknown, unknown)

    def _columns(self, W: np.ndarray) -> np.ndarray:
        """(U, q, M) -> (q, U M)."""
        return np.ascontiguousarray(np.moveaxis(W, 0, 1)).reshape(self.shape[0], -1)

    def _gradients(self, sums: np.ndarray, total: np.ndarray) -> np.ndarray:
        """(N, M, q) -> (N, q, M), over the weight of each fit."""
        return np.asarray(np.ascontiguousarray(sums.swapaxes(1, 2)) / total[:, None, None])

    def curvature(self, W: np.ndarray, fold: int) -> np.ndarray:
        """(q M, q M): the Hessian of the mean loss in the fold at W (q, M), gauge included."""
        return self._assembled(self.executor.map_sum(gram, self.handles, self.loss, W, fold), fold)

    def curvatures(self, W: np.ndarray) -> list[np.ndarray]:
        """That of each fold, for the price of one where no row is held out twice; else that of all rows for each.

        Class weights that differ between folds are left aside, so these are for steps, not for proofs.
        """
        if not self.apart:
            return [self.curvature(W, 0)] * len(self.totals)
        grams = self.executor.map_sum(grams_apart, self.handles, self.loss, W)
        whole = tuple(cells.sum(axis=0) for cells in grams)
        others = [tuple(sums - cells[f] for sums, cells in zip(whole, grams, strict=True)) for f in range(1, len(self.totals))]
        return [self._assembled(found, f) for f, found in enumerate([whole, *others])]

    def _assembled(self, grams: tuple[np.ndarray, ...], fold: int) -> np.ndarray:
        q, M = self.shape
        return np.asarray(tasks.gauged(tasks.joined(grams, M, float(self.totals[fold]), np.zeros((q, q))), M))

    def certificates(self, W: np.ndarray, fits: Fits, seen: Seen, swell: np.ndarray) -> list[Certificate]:
        """What the gradients prove, every rounding counted; see docs/certificate.md for the dual gap.

        Parameters
        ----------
        W : (N, q, M) array
            Class-centred where M > 1.
        fits : Fits
        seen : Seen
            At W, with ``flat``.
        swell : (F,) array
            Bound on the root mean square of the columns in each fold.
        """
        q, M = self.shape
        p = q - 1 if self.intercept else q
        extent = self._extent
        pull = abs(fits.strength[:, :, None] * W)
        reach = 1.01 * extent.longest * abs(W).max(axis=(1, 2)) + extent.shift
        noise = UNIT * (0.5 * (q + 8) * reach + 24) + summation_error(self.block_rows, len(self.handles))
        column = (swell**2)[fits.fold][:, None] * extent.columns / self.totals[0]
        rounding = 1.01 * column[:, :, None] * noise[:, None, None] + 16 * UNIT * pull
        drift = 0.25 * M * (8 * UNIT * reach) ** 2 + (8 * UNIT) ** 2 * (pull * abs(W)).sum(axis=(1, 2))
        residue = abs(seen.grad) + rounding
        left, flat = np.zeros(len(W)), np.maximum(seen.flat, 5e-324)
        if self.intercept:
            left = (residue[:, -1] ** 2).sum(axis=1) ** 0.5
        moved = residue[:, :p] + (swell[fits.fold] * left * (0.5 / flat) ** 0.5)[:, None, None]
        gap = 1.001 * (moved**2 / (2 * fits.strength[:, :p, None])).sum(axis=(1, 2)) + left**2 / flat
        gap = (gap**0.5 + drift**0.5) ** 2
        return [
            Certificate(float(value), float(bound) if bound == bound else np.inf, "proof", largest(g), Status.UNCERTIFIED)
            for value, bound, g in zip(seen.value, gap, seen.grad, strict=True)
        ]

    @cached_property
    def _extent(self) -> Extent:
        """Of all rows."""
        return self.executor.map_merge(extent, self.handles, merge_extents)  # type: ignore[no-any-return]


def least_curvature(H: np.ndarray) -> np.ndarray:
    """(N,) least eigenvalue over the directions that change anything."""
    return np.asarray(H[:, 0, 0] if H.shape[1] == 1 else np.linalg.eigvalsh(H)[:, 1])
