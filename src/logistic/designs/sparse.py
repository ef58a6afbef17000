"""A sparse block: scipy CSR on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        from scipy.sparse import csc_array

        X = self.X
        transposed = _held(csc_array, X.shape[::-1], X.data, X.indices, X.indptr)  # a row of X is a column of it
        product: Array = transposed @ G
        return product

    def gram(self, h: Array) -> Array:
        """(n,) -> (p, p), dense."""
        from scipy.sparse import diags_array

        half = diags_array(h**0.5) @ self.X
        product: Array = (half.T @ half).toarray()
        return product

    def absolute(self) -> Sparse:
        """|X|."""
        X = self._summed()
        return Sparse(_held(type(X), X.shape, abs(X.data * 1.0), X.indices, X.indptr))

    def squared(self) -> Sparse:
        """X², entry by entry."""
        X = self._summed()
        return Sparse(_held(type(X), X.shape, np.square(X.data, dtype=np.float64), X.indices, X.indptr))

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
            shape = (len(pointers) - 1, self.shape[1])
            return Sparse(_held(type(self.X), shape, self.X.data[held], self.X.indices[held], pointers - pointers[0]))
        return Sparse(self.X[rows])

    def _summed(self) -> Any:
        """X without duplicates: the square of a sum is no sum of squares."""
        if self.X.has_canonical_format:
            return self.X
        found = self.X.astype(np.float64)
        found.sum_duplicates()
        return found


def _held(kind: Any, shape: tuple[int, int], data: Any, indices: Any, pointers: Any) -> Any:
    """A scipy matrix of the given arrays, set by hand: its constructor copies views that are much shorter than their array."""
    found = kind(shape, dtype=data.dtype)
    found.data, found.indices, found.indptr = data, indices, pointers
    return found


def is_sparse(X: Any) -> bool:
    """Whether X is a scipy sparse matrix or array; never imports scipy to find out."""
    return hasattr(X, "tocsr")


def column_range(X: Any) -> tuple[np.ndarray, np.ndarray]:
    """(p,) smallest and largest value of each column, zeros that are not stored among them. X is canonical."""
    full = np.bincount(X.indices, minlength=X.shape[1]) == X.shape[0]
    low, high = np.where(full, np.inf, 0.0), np.where(full, -np.inf, 0.0)
    np.minimum.at(low, X.indices, X.data)
    np.maximum.at(high, X.indices, X.data)
    return low, high
