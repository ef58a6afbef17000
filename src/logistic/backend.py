"""The array decides: NumPy or torch, CPU or GPU. The only module that knows both.

Mathematics written elsewhere asks :func:`namespace` for the functions of the array that it was given and otherwise uses plain
operators, so one source serves both libraries. Nothing here imports torch until a tensor is seen.
"""

from __future__ import annotations

import functools
import os
import sys
import zlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from .errors import InputError

EPS = float(np.finfo(np.float64).eps)
LONG = 64  # rows of a triangle above which LAPACK's way for many right sides costs up to four times that of BLAS for one
LEAF = 64  # a triangle of so many rows is inverted as any matrix
HEALTHY_PIVOT = 1e-10  # smaller pivots of a unit-diagonal Cholesky factor: rounding may rule, ask the eigenvalues


class Array(Protocol):
    """What NumPy arrays and torch tensors share."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def dtype(self) -> Any: ...
    @property
    def device(self) -> Any: ...
    @property
    def T(self) -> Any: ...
    @property
    def sum(self) -> Any: ...
    @property
    def max(self) -> Any: ...
    @property
    def all(self) -> Any: ...
    @property
    def any(self) -> Any: ...
    @property
    def argmax(self) -> Any: ...
    @property
    def reshape(self) -> Any: ...

    def __getitem__(self, key: Any, /) -> Any: ...
    def __setitem__(self, key: Any, value: Any, /) -> None: ...
    def __len__(self) -> int: ...
    def __abs__(self) -> Any: ...
    def __neg__(self) -> Any: ...
    def __invert__(self) -> Any: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __matmul__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...
    def __or__(self, other: Any, /) -> Any: ...
    def __and__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __eq__(self, other: Any, /) -> Any: ...
    def __float__(self) -> float: ...


def namespace(array: Any) -> Any:
    """The module that holds the functions for ``array``: ``numpy``, or ``torch`` for a tensor."""
    return sys.modules["torch"] if is_tensor(array) else np


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a torch tensor; never imports torch to find out."""
    if type(value) is np.ndarray:  # asked hundreds of times in a small fit
        return False
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def to_numpy(array: Any) -> np.ndarray:
    """A NumPy array of the same numbers, on the CPU and outside any gradient tape."""
    if is_tensor(array):
        held = array.detach().cpu()
        return np.asarray((held.float() if str(held.dtype) == "torch.bfloat16" else held).numpy())
    return np.asarray(array)


def like(values: Any, reference: Array) -> Array:
    """``values`` as an array of the kind, dtype and device of ``reference``."""
    if is_tensor(reference):
        import torch

        found: Array = torch.as_tensor(values, dtype=reference.dtype, device=reference.device)
        return found
    converted: Array = np.asarray(values, dtype=reference.dtype)
    return converted


def like_values(values: np.ndarray, X: Any) -> Array:
    """``values`` for arithmetic with X: a float64 tensor on its device where X is a tensor, else as they are."""
    if is_tensor(X):
        import torch

        found: Array = torch.as_tensor(values, dtype=torch.float64, device=X.device)
        return found
    return values


def like_labels(labels: np.ndarray, X: Any) -> Array:
    """Numeric labels as a tensor on the device of the tensor X."""
    import torch

    found: Array = torch.as_tensor(labels, device=X.device)
    return found


def returned(values: Any, X: Any, dtype: str = "auto") -> Array:
    """``values`` as float32 or float64; ``auto`` is float32 where X is, else float64."""
    given = getattr(X, "dtype", None)
    if dtype == "auto":
        if given == values.dtype:
            return values  # type: ignore[no-any-return]
        dtype = "float32" if given == np.float32 or str(given).endswith("float32") else "float64"
    if is_tensor(values):
        dtype = dtype.replace("float32", "float").replace("float64", "double")
        moved: Array = getattr(values, dtype)()
        return moved
    cast: Array = values.astype(dtype, copy=False)
    return cast


def device_of(X: Any) -> str:
    """Where to compute on X: the device of a tensor that is not on the CPU, else ``auto``."""
    return str(X.device) if is_tensor(X) and X.device.type != "cpu" else "auto"


def overflow_allowed() -> np.errstate:
    """A context in which NumPy does not warn of numbers that overflow: who computes looks at what came out."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def to_device(values: Any, device: str) -> Array:
    """``values`` as a float64 torch tensor (integers stay integers of 64 bits) on the named device.

    Raises
    ------
    InputError
        If there is no such device here.
    """
    import torch

    _survive_forks()
    kind = torch.int64 if not is_tensor(values) and np.asarray(values).dtype.kind in "iu" else torch.float64
    if device.partition(":")[0] == "meta":
        raise InputError("device='meta' holds no numbers; choose one that computes")
    try:
        given = values if is_tensor(values) or np.asarray(values).flags.writeable else np.array(values)
        moved: Array = torch.as_tensor(given).to(device=device, dtype=kind)
    except (RuntimeError, TypeError, AssertionError) as error:
        raise InputError(f"device={device!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return moved


@functools.cache
def _survive_forks() -> None:
    """One thread for torch in a forked child: the pool of the parent does not survive, and waiting for it would hang."""
    import torch

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def double(array: Any) -> Array:
    """The numbers in float64; the same array where it is in it."""
    raised: Array = array.double() if is_tensor(array) else array.astype(np.float64, copy=False)
    return raised


def centred(array: Any, center: Array) -> Array:
    """The numbers less ``center`` in float64, in one new array: a second one of this size can cost more than the arithmetic."""
    raised: Any = double(array)
    if raised is array:
        return raised - center  # type: ignore[no-any-return]
    raised -= center
    return raised  # type: ignore[no-any-return]


def single(array: Any) -> Array:
    """The numbers in float32, for what need not be exact."""
    lowered: Array = array.float() if is_tensor(array) else array.astype(np.float32)
    return lowered


def chances(array: Array) -> Array:
    """Uniform random numbers in [0, 1) in the shape of ``array``, the same for the same array: its own bytes are the seed."""
    held = np.ascontiguousarray(to_numpy(array))
    return like(np.random.default_rng(zlib.crc32(held.tobytes())).random(held.shape), array)


def chosen(labels: Array, share: float) -> Any:
    """Indices of a random share of the rows of ``labels``, (n,) or (n, K), the same ones every time: these are the seed."""
    return positions(chances(double(labels if labels.ndim == 1 else labels[:, 0])) < share)


def turned(array: Any) -> Array:
    """(n, K) as (K, n), each class in one piece of memory; the same memory where it lies so already."""
    if is_tensor(array):
        tensor: Array = array.T.contiguous()
        return tensor
    return np.ascontiguousarray(array.T)


def pick(array: Any, rows: Any) -> Array:
    """(K, n) -> (n,): the entry of each column in the given row (n,)."""
    if is_tensor(array):
        taken: Array = array.gather(0, rows.long()[None, :])[0]
        return taken
    picked: Array = array[rows, np.arange(array.shape[1])]
    return picked


def replaced(array: Any, rows: Any, values: Any) -> Array:
    """A copy of an array (K, n) with another entry in each column, in the given row (n,)."""
    copy: Array = array + 0
    copy[rows.long() if is_tensor(rows) else rows, namespace(array).arange(array.shape[1], device=array.device)] = values
    return copy


def vdot(a: Array, b: Array) -> float:
    """The inner product of two arrays of one shape, as a Python float."""
    return float(a @ b if a.ndim == 1 else a.reshape(-1) @ b.reshape(-1))


def largest(array: Array) -> float:
    """The largest absolute value; NaN if one is present, 0 for an empty array."""
    if 0 in array.shape:
        return 0.0
    return float(abs(array).max())


def peak(array: Array) -> float:
    """The largest value, at least 0; 0 for an empty array."""
    return 0.0 if 0 in array.shape else max(float(array.max()), 0.0)


def positions(mask: Array) -> Any:
    """(m,) increasing indices, a NumPy array, where a mask (n,) holds."""
    return np.flatnonzero(to_numpy(mask))


def places(mask: Any) -> tuple[Any, Any]:
    """Rows and columns where a mask (q, M) holds: where few do, sooner used than the mask itself."""
    if is_tensor(mask):
        rows, columns = mask.nonzero(as_tuple=True)
        return rows, columns
    flat = np.flatnonzero(mask)  # much faster than along two axes
    return (flat, 0) if mask.shape[1] == 1 else divmod(flat, mask.shape[1])


def is_finite(array: Array) -> bool:
    """Whether every entry is finite."""
    return bool(namespace(array).isfinite(array).all())


def cholesky(matrix: Any) -> Array | None:
    """The lower Cholesky factor, or None where the matrix is not positive definite to rounding."""
    if is_tensor(matrix):
        import torch

        factor, info = torch.linalg.cholesky_ex(matrix)
        return None if int(info) else factor
    from scipy.linalg.lapack import dpotrf, spotrf  # np.linalg.cholesky costs five times as much on small matrices

    lower, info = (spotrf if matrix.dtype.char == "f" else dpotrf)(matrix, lower=1)
    found: Array | None = None if info else lower
    return found


def inverse_lower(lower: Any) -> Array:
    """The inverse of a lower triangular matrix, by halves."""
    xp, size = namespace(lower), len(lower)
    if size <= LEAF:
        inverse: Array = xp.linalg.inv(lower)
        return inverse
    half = size // 2
    found: Array = xp.zeros_like(lower)
    found[:half, :half] = inverse_lower(lower[:half, :half])
    found[half:, half:] = inverse_lower(lower[half:, half:])
    found[half:, :half] = -(found[half:, half:] @ lower[half:, :half] @ found[:half, :half])
    return found


def cholesky_solver(lower: Any) -> Callable[[Any], Array]:
    """The function that solves ``lower @ lower.T @ x = right`` for an (m,) array, or (m, r) in NumPy."""
    if is_tensor(lower):
        import torch

        return lambda right: torch.cholesky_solve(right[:, None], lower)[:, 0]
    from scipy.linalg import blas, lapack

    single_precision = lower.dtype.char == "f"
    both = lapack.spotrs if single_precision else lapack.dpotrs
    one = blas.strsv if single_precision else blas.dtrsv

    def solve(right: Any) -> Array:
        if right.ndim > 1 or len(lower) < LONG:
            found: Array = both(lower, right, lower=1)[0]
        else:
            found = one(lower, one(lower, right, lower=1), lower=1, trans=1, overwrite_x=1)
        return found

    return solve


def psd_solver(matrix: Array) -> Callable[[Array], Array]:
    """The function that solves ``matrix @ x = right`` for a symmetric positive semidefinite matrix, whatever its rank.

    The matrix is brought to unit diagonal, so units of columns cost no digits. Where its Cholesky pivots are sound it is solved
    at once; where one is at rounding level, the eigenvalues decide and the answer is the one of minimum norm (in scaled units).

    Parameters
    ----------
    matrix : (m, m) array
        Symmetric, positive semidefinite to rounding.

    Returns
    -------
    function of an array of m numbers, in whatever shape
    """
    xp = namespace(matrix)
    diagonal = xp.diagonal(matrix)
    scale = xp.where(diagonal > 0, diagonal, 1.0) ** 0.5
    unit = matrix / scale / scale[:, None]
    lower = cholesky(unit)
    if lower is not None and float(xp.diagonal(lower).min()) ** 2 > HEALTHY_PIVOT:
        solve = cholesky_solver(lower)
        return lambda right: (solve(right.reshape(-1) / scale) / scale).reshape(right.shape)
    values, vectors = xp.linalg.eigh(unit)
    cut = 8 * EPS * matrix.shape[0] * max(float(values[-1]), 0.0)
    keep = values > cut
    inverse = xp.where(keep, 1.0 / xp.where(keep, values, xp.ones_like(values)), xp.zeros_like(values))
    return lambda right: (vectors @ (inverse * (vectors.T @ (right.reshape(-1) / scale))) / scale).reshape(right.shape)
