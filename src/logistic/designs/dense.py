"""A dense block: a NumPy array or a torch tensor."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..backend import Array, double, is_tensor, namespace, to_device
from ..contracts import Design

TALL = 2**18  # numbers of a block, with those of other blocks too many for the caches
LONG = 24  # columns from which a dot product of each row keeps up with memory
PACKED = 10**6  # multiplications above which BLAS copies a matrix before it multiplies, which few columns do not repay
FEW = 32  # columns; and rows below which that copy is worth its price
HELD = 2**17  # numbers of partial sums


class Dense(Design):
    """X as it lies in memory, (n, p), any strides, never written to."""

    def __init__(self, X: Array) -> None:
        self.X = X
        self.shape = (X.shape[0], X.shape[1])

    def matmul(self, W: Array) -> Array:
        """(p, M) -> (n, M)."""
        if W.shape[1] == 1 and self._streamed:
            product: Array = namespace(W).vecdot(self.X, W[:, 0])[:, None]
            return product
        few = 1 < W.shape[1] <= FEW and self._in_rows
        product = forth(self.X, W) if few else (W.T @ self.X.T).T  # the logits of one class side by side, as the losses like them
        return product

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M)."""
        if G.shape[1] == 1 and self._streamed:
            product: Array = namespace(G).einsum("ij,i->j", self.X, G[:, 0])[:, None]
            return product
        few = 1 < G.shape[1] <= FEW and self._in_rows
        product = back(self.X, G) if few else (G.T @ self.X).T  # few long rows: the shape that BLAS multiplies fastest
        return product

    def gram(self, h: Array) -> Array:
        """(n,) -> (p, p); the root of h on both sides keeps the product symmetric to the last bit."""
        half = self.X * (h**0.5)[:, None]
        product: Array = half.T @ half
        return product

    def absolute(self) -> Dense:
        """|X|."""
        return Dense(abs(double(self.X)))  # as floats: the smallest integer of a type has no absolute value in it

    def squared(self) -> Dense:
        """X², entry by entry."""
        return Dense(double(self.X) ** 2)

    def dense(self) -> Array:
        """X itself."""
        return self.X

    def columns(self, keep: Any) -> Dense:
        """The given columns, next to one another."""
        return Dense(self.X[:, keep])

    def to(self, device: str) -> Dense:
        """As a tensor."""
        return Dense(to_device(self.X, device))

    def take(self, rows: Any) -> Dense:
        """The given rows; a view for a slice."""
        return Dense(self.X[rows])

    @property
    def plain(self) -> bool:
        """Whether these are NumPy's float64, without gaps."""
        X: Any = self.X
        return not is_tensor(X) and str(X.dtype) == "float64" and bool(X.flags.forc and X.flags.aligned)

    @cached_property
    def _in_rows(self) -> bool:
        """Whether some rows at a time are a matrix that BLAS can read."""
        X: Any = self.X
        return self.plain and bool(X.flags.c_contiguous)

    @cached_property
    def _streamed(self) -> bool:
        """Whether the rows come from memory one after another, which BLAS reads at two thirds of the speed of dot products."""
        X: Any = self.X
        if is_tensor(X) or X.shape[0] * X.shape[1] < TALL or X.shape[1] < LONG:
            return False
        return bool(str(X.dtype) == "float64" and X.strides[1] == X.itemsize)


def forth(X: Any, W: Any) -> Any:
    """X (n, p) times few columns W (p, M), some rows at a time; (n, M), the numbers of one column side by side."""
    (n, p), M = X.shape, W.shape[1]
    few = _rows_of_a_run(n, p * M)
    if not few:
        return (W.T @ X.T).T
    W, whole, product = np.ascontiguousarray(W), n - n % few, np.empty((n, M), dtype=np.result_type(X, W))
    np.matmul(X[:whole].reshape(-1, few, p), W, out=product[:whole].reshape(-1, few, M))
    np.matmul(X[whole:], W, out=product[whole:])
    return np.ascontiguousarray(product.T).T


def back(X: Any, G: Any) -> Any:
    """Xᵀ, of X (n, p), times few columns G (n, M), some rows at a time; (p, M)."""
    (n, p), M = X.shape, G.shape[1]
    few = _rows_of_a_run(n, p * M)
    if not few:
        return (G.T @ X).T
    by_column, whole, together = np.ascontiguousarray(G.T), n - n % few, few * max(HELD // (p * M), 1)
    product = by_column[:, whole:] @ X[whole:]
    for start in range(0, whole, together):
        rows = slice(start, min(start + together, whole))
        product += (by_column[:, rows].reshape(M, -1, few).swapaxes(0, 1) @ X[rows].reshape(-1, few, p)).sum(axis=0)
    return product.T


def _rows_of_a_run(n: int, each: int) -> int:
    """How many rows, of ``each`` so many multiplications, BLAS multiplies without a copy; 0 where that is not worth while."""
    few = PACKED // each if each else 0
    return few if FEW <= few < n else 0
