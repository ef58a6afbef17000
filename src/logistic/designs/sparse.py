"""A sparse block: scipy CSR on the CPU."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from ..contracts import Design


class Sparse(Design):
    """X as scipy CSR (array or matrix, any index type, duplicates and unsorted indices allowed), never written to."""

    def __init__(self, X: Any) -> None:
        self.X = X
        self.shape = (X.shape[0], X.shape[1])

    def matmul(self, W: Array) -> Array:
        """(p, M) -> (n, M)."""
        product: Array = self.X @ W
        return product

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M)."""
        product: Array = self.X.T @ G
        return product

    def gram(self, h: Array) -> Array:
        """(n,) -> (p, p), dense."""
        from scipy.sparse import diags_array

        half = diags_array(h**0.5) @ self.X
        product: Array = (half.T @ half).toarray()
        return product

    def absolute(self) -> Sparse:
        """|X|."""
        return Sparse(abs(self.X))

    def take(self, rows: Any) -> Sparse:
        """The given rows; a slice shares the values and indices."""
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(self.shape[0])
            first, last = self.X.indptr[start], self.X.indptr[stop] if stop > start else self.X.indptr[start]
            pointers = self.X.indptr[start : stop + 1] - first if stop > start else self.X.indptr[:1] - self.X.indptr[0]
            part = (self.X.data[first:last], self.X.indices[first:last], pointers)
            return Sparse(type(self.X)(part, shape=(max(stop - start, 0), self.shape[1]), copy=False))
        return Sparse(self.X[rows])


def is_sparse(X: Any) -> bool:
    """Whether X is a scipy sparse matrix or array; never imports scipy to find out."""
    return hasattr(X, "tocsr")
