"""A dense block: a NumPy array or a torch tensor."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..backend import Array, double, is_tensor, namespace, to_device
from ..contracts import Design

TALL = 2**18  # numbers of a block, with those of other blocks too many for the caches
LONG = 24  # columns from which a dot product of each row keeps up with memory


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
        product = (W.T @ self.X.T).T  # so that the logits of one class lie side by side, as the losses like them
        return product

    def rmatmul(self, G: Array) -> Array:
        """(n, M) -> (p, M)."""
        if G.shape[1] == 1 and self._streamed:
            product: Array = namespace(G).einsum("ij,i->j", self.X, G[:, 0])[:, None]
            return product
        product = (G.T @ self.X).T  # few long rows: the shape that BLAS multiplies fastest
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
        return not is_tensor(X) and str(X.dtype) == "float64" and X.flags.forc and X.flags.aligned

    @cached_property
    def _streamed(self) -> bool:
        """Whether the rows come from memory one after another, which BLAS reads at two thirds of the speed of dot products."""
        X: Any = self.X
        if is_tensor(X) or X.shape[0] * X.shape[1] < TALL or X.shape[1] < LONG:
            return False
        return bool(str(X.dtype) == "float64" and X.strides[1] == X.itemsize)
