"""Rows in memory: NumPy arrays, scipy sparse, and any data frame that narwhals knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..contracts import RawBlock, Source
from ..designs import Sparse, is_sparse
from ..errors import InputError

BLOCK_BYTES = 4 * 2**20  # a block and its scaled copy stay near the caches
MAX_ROWS = 2**15


class ArraySource(Source):
    """X (n, p), y (n,) labels or (n, K) distributions, weight (n,), offset (n,) or (n, M); nothing is copied or changed.

    Raises
    ------
    InputError
        Where lengths differ, or a number is missing or infinite: the row and column are named.
    """

    def __init__(
        self, X: Any, y: Any = None, weight: Any = None, offset: Any = None, features: Sequence[str] | None = None
    ) -> None:
        self.X, names = matrix(X)
        self.features = tuple(features) if features is not None else names
        self.shape = (self.X.shape[0], self.X.shape[1])
        n = self.shape[0]
        if n == 0:
            raise InputError("X has no rows")
        self.y = None if y is None else _targets(vector(y, "y", n))
        self.weight = None if weight is None else _weights(vector(weight, "sample_weight", n))
        self.offset = None if offset is None else _finite(np.asarray(vector(offset, "offset", n), dtype=np.float64), "offset")
        _check_numbers(self.X, self.features)

    def blocks(self, rows: int) -> Iterator[RawBlock]:
        """Views of consecutive rows."""
        for start in range(0, self.shape[0], rows):
            part = slice(start, start + rows)
            yield RawBlock(
                _rows(self.X, part),
                *(None if values is None else values[part] for values in (self.y, self.weight, self.offset)),
            )


def block_rows(shape: tuple[int, int], columns: int) -> int:
    """Rows of a block for p columns and M classes, so that its scaled copy fits the caches."""
    return int(min(max(BLOCK_BYTES // (8 * max(shape[1], columns, 1)), 128), MAX_ROWS))


def matrix(X: Any) -> tuple[Any, tuple[str, ...] | None]:
    """X as a two-dimensional NumPy array of numbers or as canonical CSR, and its column names where it has them."""
    if is_sparse(X):
        return _csr(X), None
    names: tuple[str, ...] | None = None
    if (not isinstance(X, np.ndarray) and hasattr(X, "columns")) or hasattr(X, "column_names"):
        X, names = _frame(X)
    X = np.asarray(X)
    if X.ndim != 2:
        raise InputError(
            f"X must have two dimensions, rows and columns, but has shape {X.shape}; for one column use X.reshape(-1, 1)"
        )
    if X.dtype.kind == "c":
        raise InputError("X holds complex numbers; pass real columns")
    if X.dtype.kind not in "fiub":
        X = _numbers(X, names)
    return X, names


def vector(values: Any, name: str, n: int) -> np.ndarray:
    """``values`` as a NumPy array of n rows; text becomes a NumPy text array."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    found = np.asarray(values)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if len(found) != n if found.ndim else True:
        raise InputError(f"{name} has shape {found.shape}, but X has {n} rows")
    if found.dtype.kind == "O" and found.ndim == 1:
        missing = [i for i, value in enumerate(found) if value is None or value != value]
        if missing:
            raise InputError(f"{name} is missing in row {missing[0]} ({len(missing)} rows in all); drop or fill these rows")
        if all(isinstance(value, str) for value in found):
            found = found.astype(str)
        elif all(isinstance(value, bool | int | float) for value in found) and len({type(v) for v in found}) == 1:
            found = np.asarray(found.tolist())
    return _finite(found, name) if found.dtype.kind == "f" else found


def _frame(X: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    import narwhals.stable.v2 as nw

    frame = nw.from_native(X, eager_only=True)
    names = tuple(str(name) for name in frame.columns)
    for name, dtype in frame.schema.items():
        if not (dtype.is_numeric() or dtype == nw.Boolean or dtype == nw.Object):
            raise InputError(f"column {name!r} of X holds {dtype}, not numbers; encode it or leave it out")
    return np.asarray(frame.to_numpy()), names


def _numbers(X: np.ndarray, names: Sequence[str] | None) -> np.ndarray:
    """An array of Python objects or text as float64, or an error with the first cell that is no number."""
    converted = np.empty(X.shape, dtype=np.float64)
    for j in range(X.shape[1]):
        try:
            converted[:, j] = X[:, j].astype(np.float64) if X.dtype.kind == "O" else _refuse_text(X[:, j])
        except (TypeError, ValueError):
            cells = X[:, j].tolist()
            row = next(i for i, cell in enumerate(cells) if not isinstance(cell, int | float | np.number))
            raise InputError(f"X holds {cells[row]!r:.60} in row {row}, {_named(j, names)}, which is not a number") from None
    return converted


def _refuse_text(column: np.ndarray) -> np.ndarray:
    raise TypeError(f"{column.dtype} is not numeric")


def _csr(X: Any) -> Any:
    """Canonical CSR that shares the caller's numbers where they are canonical already."""
    if X.dtype.kind not in "fiub":
        raise InputError(f"X holds {X.dtype}, not real numbers")
    kind = type(X.tocsr())
    held = X.tocsr()
    shared = kind((held.data, held.indices, held.indptr), shape=held.shape, copy=False)
    if not shared.has_canonical_format:
        shared = shared.copy()
        shared.sum_duplicates()
    return shared


def _rows(X: Any, part: slice) -> Any:
    if not is_sparse(X):
        return X[part]
    return Sparse(X).take(part).X


def _targets(y: np.ndarray) -> np.ndarray:
    """Labels (n,) as they are; distributions over the classes (n, K) as float64 after a look at each row."""
    if y.ndim == 1:
        return y
    if y.ndim != 2 or y.dtype.kind not in "fiub":
        raise InputError(
            f"y must be one label a row, or one distribution over the classes a row, but has shape {y.shape} and {y.dtype}"
        )
    y = _finite(np.asarray(y, dtype=np.float64), "y")
    bad = (y < 0).any(axis=1) | (abs(y.sum(axis=1) - 1) > 1e-9)
    if bad.any():
        i = int(np.argmax(bad))
        raise InputError(
            f"y is {y[i].tolist()} in row {i}, which is no distribution over the classes; it must be >= 0 and sum to 1"
        )
    return y


def _weights(weight: np.ndarray) -> np.ndarray:
    weight = np.asarray(weight, dtype=np.float64)
    if weight.ndim != 1:
        raise InputError(f"sample_weight must have one number a row, but has shape {weight.shape}")
    _finite(weight, "sample_weight")
    if (weight < 0).any():
        i = int(np.argmax(weight < 0))
        raise InputError(f"sample_weight is {weight[i]:g} in row {i}; weights must be at least 0")
    return weight


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    bad = ~np.isfinite(values)
    if bad.any():
        i = int(np.argwhere(bad)[0][0])
        raise InputError(f"{name} is {values[i]} in row {i} ({int(bad.sum())} such values in all); drop or fill these rows")
    return values


def _check_numbers(X: Any, features: Sequence[str] | None) -> None:
    if is_sparse(X):
        bad = np.flatnonzero(~np.isfinite(X.data))
        if len(bad):
            row = int(np.searchsorted(X.indptr, bad[0], side="right")) - 1
            column = int(X.indices[bad[0]])
            raise InputError(_missing(X.data[bad[0]], row, column, len(bad), features))
        return
    if X.dtype.kind != "f" or X.size == 0 or bool(np.isfinite(X.max()) and np.isfinite(X.min())):
        return
    places = np.argwhere(~np.isfinite(X))
    row, column = (int(i) for i in places[0])
    raise InputError(_missing(X[row, column], row, column, len(places), features))


def _missing(value: float, row: int, column: int, count: int, features: Sequence[str] | None) -> str:
    what = "is missing (NaN)" if value != value else f"is {value}"
    return f"X {what} in row {row}, {_named(column, features)} ({count} such values in all); drop these rows or fill them in"


def _named(column: int, features: Sequence[str] | None) -> str:
    return f"column {column}" if features is None else f"column {features[column]!r}"
