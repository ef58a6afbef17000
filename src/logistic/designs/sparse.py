"""A sparse block: scipy CSR on the CPU."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from ..contracts import Design
from ..errors import InputError


class Sparse(Design):
    """X as scipy CSR (array or matrix, any index type, duplicates and unsorted indices allowed), never written to."""

    sparse = True

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
        return Sparse(abs(self.X * 1.0))

    def squared(self) -> Sparse:
        """X², entry by entry."""
        X = self.X.astype("float64")
        X.sum_duplicates()
        return Sparse(X.multiply(X).tocsr())

    def dense(self) -> Array:
        """X with its zeros."""
        entries: Array = self.X.toarray()
        return entries

    def columns(self, keep: Any) -> Sparse:
        """The given columns, sorted and without duplicates."""
        return Sparse(self.X[:, keep])

    def to(self, device: str) -> Sparse:
        """Refused: sparse products stay on the CPU."""
        raise InputError(f"sparse X is multiplied by scipy on the CPU, not on {device!r}; use device='auto', or dense X")

    def take(self, rows: Any) -> Sparse:
        """The given rows; a slice shares the values and indices."""
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(self.shape[0])
            pointers = self.X.indptr[start : max(stop, start) + 1]
            held = slice(int(pointers[0]), int(pointers[-1]))
            part = type(self.X)((len(pointers) - 1, self.shape[1]), dtype=self.X.dtype)
            # Set by hand: the constructor would copy whatever is much shorter than the array it is a view of.
            part.data, part.indices, part.indptr = self.X.data[held], self.X.indices[held], pointers - pointers[0]
            return Sparse(part)
        return Sparse(self.X[rows])


def is_sparse(X: Any) -> bool:
    """Whether X is a scipy sparse matrix or array; never imports scipy to find out."""
    return hasattr(X, "tocsr")
