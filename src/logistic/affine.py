"""Logits of many dense rows, (x - center) coefᵀ + base, and what is made of them, while both are in the caches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .backend import Array, is_finite, overflow_allowed
from .designs.dense import forth
from .executor import Threads
from .sources.arrays import BLOCK_BYTES, block_rows

BLOCKS = 4  # of rows: so many or more are predicted side by side
NEAR = 100  # the terms center * coef together: subtracted from the logits, not from the columns, they cost these at most 1e-13
NEAR_SINGLE = 8  # the same in float32, and at most 1e-6


class Affine(NamedTuple):
    """A function of rows.

    Attributes
    ----------
    coef : (M, p) array
    base : (M,) array
        Values at ``center``.
    center : (p,) array
    """

    coef: np.ndarray
    base: np.ndarray
    center: np.ndarray

    def worth_dividing(self, X: np.ndarray) -> bool:
        """Whether X (n, p) has so many rows that :meth:`of_blocks` is the sooner way."""
        return len(X) >= BLOCKS * block_rows(X.shape, len(self.coef))

    def of_few(self, X: np.ndarray) -> np.ndarray:
        """The logits (n, M) of a few rows of numbers (n, p), in float64."""
        plain = np.require(X, np.float32 if X.dtype == np.float32 else np.float64, ["C", "A"])
        eta, sound = compiled_logits(plain, self.coef, self.base, self.center)
        return (X - self.center) @ self.coef.T + self.base if sound is None else eta

    @property
    def _terms(self) -> np.ndarray:
        """(M,) the size of what the centre adds to the logits."""
        return np.asarray(abs(self.coef) @ abs(self.center))

    @property
    def fits_single(self) -> bool:
        """Whether float32 holds the coefficients, and nothing large cancels by itself."""
        with overflow_allowed():
            error = abs(self.coef.astype(np.float32) - self.coef)
        small = (self._terms + abs(self.base)).max(initial=0) <= NEAR_SINGLE
        return bool(small and (error <= abs(self.coef) * 2.0**-24).all())

    def of_blocks(
        self, made: Callable[[Array], Array], X: np.ndarray, shift: np.ndarray | None = None, dtype: str = "float64"
    ) -> tuple[np.ndarray, bool]:
        """What is made of the logits (n, M) + shift of the rows X (n, p), and whether all logits are finite.

        Each block is read from memory once, and all threads write into one result. Blocks are cut by the shape alone, so the same
        rows give the same bits on any number of threads.

        Parameters
        ----------
        made : function
            Of the logits of a few rows (m, M); gives an array of m rows.
        X : (n, p) array
            Numbers of any kind.
        shift : (n, M) array, optional
        dtype : {"float64", "float32"}, default="float64"
            Of products and logits; float32 only where it :attr:`fits_single`.
        """
        near = self._terms.max(initial=0) <= NEAR
        base = (self.base - self.coef @ self.center if near else self.base).astype(dtype, copy=False)
        coef, center = np.ascontiguousarray(self.coef, dtype=dtype), None if near else self.center
        kernel = X.flags.c_contiguous and compiled_logits(X[:0], coef, base, center)[1] is not None
        W = np.ascontiguousarray(coef.T)
        as_it_lies = kernel or (near and X.dtype == W.dtype and X.flags.aligned and X.flags.forc)
        rows = block_rows(X.shape, len(base), BLOCK_BYTES * 8 // base.itemsize)
        one = made(np.zeros((1, len(base)), dtype=dtype))
        found = np.empty((len(X), *one.shape[1:]), dtype=one.dtype)
        parts = deque(slice(start, min(start + rows, len(X))) for start in range(0, len(X), rows))

        def fill(held: np.ndarray | None) -> bool:
            sound = True
            with overflow_allowed():
                while True:
                    try:
                        part = parts.popleft()
                    except IndexError:
                        return sound
                    block = X[part]
                    if kernel:
                        eta, _ = compiled_logits(block, coef, base, center)
                    else:
                        if held is not None:
                            block = held[: len(block)]
                            np.copyto(block, X[part])
                            if not near:
                                block -= self.center
                        eta = forth(block, W)
                        eta += base
                    if shift is not None:
                        eta += shift[part]
                    found[part] = made(eta)
                    sound = sound and is_finite(eta)

        with Threads() as workers:
            # Made here, and once: a thread of short life would be given new pages for each, which cost more than the arithmetic.
            held: Any = [None] * workers.count if as_it_lies else np.empty((workers.count, rows, X.shape[1]), dtype=W.dtype)
            return found, all(workers.at_once(fill, held))


def compiled_logits(X: np.ndarray, coef: np.ndarray, base: np.ndarray, center: np.ndarray | None) -> tuple[np.ndarray, bool | None]:
    """(X - center) coefᵀ + base, (n, M), by the compiled kernel, and whether all are finite; None where it is not made for X.

    It takes rows of float32 or float64 that lie one behind the other, and few classes. Logits are of the type of ``coef``, to which
    float32 rows are raised. A row's bits depend on no row beside it.
    """
    eta = np.empty((len(coef), len(X)), dtype=coef.dtype)
    compiled = kernels.compiled
    return eta.T, None if compiled is None else compiled.logits(X, coef, base, center, eta)


def short_probabilities(eta: Any) -> np.ndarray | None:
    """(n, K) of logits (n, M) by the compiled kernel, and without one of a single row; None for others, which the loss knows."""
    if kernels.compiled is not None:
        found = np.empty((len(eta), max(eta.shape[1], 2)), dtype=eta.dtype)
        if kernels.compiled.probabilities(eta, found):
            return found
    return _of_one(eta[0]) if len(eta) == 1 else None


def _of_one(eta: Any) -> np.ndarray:
    """(1, K) of the logits (M,) of one row: what many rows are given without a kernel, to the bit, in fewer and smaller steps."""
    if len(eta) > 1:
        e = np.exp(eta - np.maximum.reduce(eta))
        p: np.ndarray = e / np.add.reduce(e)
        return p[None]
    x = eta.item()
    small = float(np.exp(-abs(x)))
    lower, upper = small / (1 + small), 1 / (1 + small)
    return np.array([[lower, upper] if x > 0 else [upper, lower]])
