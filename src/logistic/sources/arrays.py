"""Rows in memory: NumPy arrays, scipy sparse, and any data frame that narwhals knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..backend import is_tensor, to_numpy
from ..contracts import RawBlock, Source
from ..designs import Sparse, is_sparse
from ..errors import InputError, NotANumberError

BLOCK_BYTES = 4 * 2**20  # a block and its scaled copy stay near the caches
MAX_ROWS = 2**15
FEW_BLOCKS = 32
ROUND = 32  # rows, of which a block has a multiple
SPARSE_BLOCKS = 8
SPARSE_BLOCK = 2**16  # stored numbers below which a sparse block is not worth a thread
STORED_PER_COLUMN = 16  # in a sparse block, so that the sums of its columns cost little beside it
FEW = 2**12  # numbers


class ArraySource(Source):
    """X (n, p), y (n,) labels or (n, K) distributions, weight (n,), offset (n,) or (n, M); nothing is copied or changed.

    ``frequency`` (n,) whole numbers say how many observations a row stands for, ``group`` (n,) labels which rows belong together.

    ``surveyed`` leaves it to the first reader of all rows to find out whether the numbers of a dense X are finite.

    Raises
    ------
    InputError
        Where lengths differ, or a number is missing or infinite: the row and column are named.
    """

    frequency: np.ndarray | None = None
    group: np.ndarray | None = None

    def __init__(
        self,
        X: Any,
        y: Any = None,
        weight: Any = None,
        offset: Any = None,
        features: Sequence[str] | None = None,
        surveyed: bool = False,
    ) -> None:
        self.X, names = matrix(X)
        self.features = tuple(features) if features is not None else names
        self.shape = (self.X.shape[0], self.X.shape[1])
        self.stored = int(self.X.nnz) if is_sparse(self.X) else None  # numbers, where most are zero and are not
        n = self.shape[0]
        if n == 0:
            raise InputError("X has no rows")
        if self.features is not None and len(self.features) != self.shape[1]:
            raise InputError(f"{len(self.features)} feature names for the {self.shape[1]} columns of X; pass one for each")
        self.y = None if y is None else _targets(vector(y, "y", n))
        self.weight = None if weight is None else _weights(real(weight, "sample_weight", n))
        self.offset = None if offset is None else real(offset, "offset", n)
        if not surveyed or is_sparse(self.X) or self.weight is not None:  # who reads the rows leaves out those of weight zero
            self.check()

    def check(self) -> None:
        """Refuse a missing or infinite number, naming its row and column."""
        check_numbers(self.X, self.features)

    def counting(self, frequency: Any = None, group: Any = None) -> ArraySource:
        """The same rows, with how many observations each stands for, and which of them belong together.

        Parameters
        ----------
        frequency : (n,) whole numbers from 0 on, optional
        group : (n,) labels, optional
            At least two different ones.
        """
        n = self.shape[0]
        if frequency is not None:
            self.frequency = _weights(real(frequency, "freq_weights", n), "freq_weights")
            if (self.frequency % 1 != 0).any():
                row = int((self.frequency % 1 != 0).argmax())
                found = f"freq_weights counts observations, but is {self.frequency[row]:g} in row {row}"
                raise InputError(f"{found}; for other weights use sample_weight")
            self.weight = self.frequency if self.weight is None else self.weight * self.frequency
            self.check()  # who reads the rows leaves out those of weight zero
        if group is not None:
            given = vector(group, "groups", n)
            if given.ndim != 1:
                raise InputError(f"groups must have one label a row, but has shape {given.shape}")
            try:
                labels, self.group = np.unique(given, return_inverse=True)
            except TypeError:
                raise InputError("groups mixes labels of several types; make them all one type") from None
            if len(labels) < 2:
                raise InputError("groups has one label only; errors by cluster need two or more clusters")
        return self

    def blocks(self, rows: int) -> Iterator[RawBlock]:
        """Views of consecutive rows."""
        for start in range(0, self.shape[0], rows):
            part = slice(start, start + rows)
            yield RawBlock(
                _rows(self.X, part),
                *(
                    None if values is None else values[part]
                    for values in (self.y, self.weight, self.offset, self.frequency, self.group)
                ),
            )


def validation_source(data: Any) -> ArraySource:
    """The rows of a tuple (X, y), (X, y, weight) or (X, y, weight, offset).

    Raises
    ------
    InputError
        Saying that it speaks of the validation data.
    """
    if not isinstance(data, tuple | list) or not 2 <= len(data) <= 4:
        raise InputError("validation_data must be a tuple (X, y), optionally with sample_weight and offset behind")
    try:
        return ArraySource(*data)
    except InputError as error:
        raise InputError(f"validation_data: {error}") from None


def block_rows(shape: tuple[int, int], columns: int, size: int = BLOCK_BYTES) -> int:
    """Rows of a block for p columns and M classes, so that its scaled copy takes at most ``size`` bytes.

    A few blocks are of one size and a multiple of four, so that threads end together.
    """
    rows = min(max(size // (8 * max(shape[1], columns, 1)), 128), MAX_ROWS * size // BLOCK_BYTES)
    blocks = -(-shape[0] // max(rows, 1))
    if 1 < blocks <= FEW_BLOCKS:
        rows = min(rows, -(-shape[0] // (-(-blocks // 4) * 4)) + ROUND - 1)
    return int(rows // ROUND * ROUND)


def sparse_block_rows(shape: tuple[int, int], stored: int, size: int = BLOCK_BYTES) -> int:
    """Rows of a block of n rows and p columns in which ``stored`` numbers are not zero.

    Few blocks of one size, so that threads end together: a product with the transpose costs each of them p numbers a class, and
    what is stored in it should be many times that.
    """
    n, p = shape
    enough = max(SPARSE_BLOCK, STORED_PER_COLUMN * p)
    blocks = min(SPARSE_BLOCKS, stored // enough)
    rows = -(-n // max(blocks - blocks % 2, 1))
    most = max(MAX_ROWS * size // BLOCK_BYTES, min(-(-n * enough // max(stored, 1)), 2 * MAX_ROWS))
    return rows if rows <= most else -(-n // -(-n // most))


def matrix(X: Any) -> tuple[Any, tuple[str, ...] | None]:
    """X as a two-dimensional NumPy array of numbers or as canonical CSR, and its column names where it has them."""
    if is_sparse(X):
        if len(X.shape) != 2:
            raise InputError(f"X must have two dimensions, rows and columns, but has shape {X.shape}")
        return _csr(X), None
    names: tuple[str, ...] | None = None
    if (not isinstance(X, np.ndarray) and hasattr(X, "columns")) or hasattr(X, "column_names"):
        X, names = _frame(X)
    X = _plain(X, "X")
    if X.ndim != 2:
        raise InputError(
            f"X must have two dimensions, rows and columns, but has shape {X.shape}. Reshape your data: "
            "X.reshape(-1, 1) for one column"
        )
    if X.dtype.kind == "c":
        raise InputError("Complex data not supported: X holds complex numbers; pass real columns")
    if X.dtype.kind not in "fiub":
        X = _numbers(X, names)
    return _double(X), names


def vector(values: Any, name: str, n: int) -> np.ndarray:
    """``values`` as a NumPy array of n rows; text becomes a NumPy text array."""
    if hasattr(values, "to_numpy") and not hasattr(values, "to_pylist"):  # pyarrow converts by np.asarray alone
        values = values.to_numpy()
    found = _plain(values, name)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if len(found) != n if found.ndim else True:
        raise InputError(f"{name} has shape {found.shape}, but X has {n} rows")
    if found.dtype.kind == "c":
        raise InputError(f"{name} holds complex numbers; pass real ones")
    if found.dtype.kind == "T":
        found = found.astype(object)  # NumPy's text of variable width takes the road of Python text
    if found.dtype.kind in "OmM" and found.ndim == 1:
        missing = [i for i, value in enumerate(found) if _is_missing(value)]
        if missing:
            raise InputError(f"{name} is missing in row {missing[0]} ({len(missing)} rows in all); drop or fill these rows")
    if found.dtype.kind == "O" and found.ndim == 1:
        if all(isinstance(value, str) for value in found):
            found = found.astype(str)
        elif all(isinstance(value, bool | int | float) for value in found) and len({type(v) for v in found}) == 1:
            found = np.asarray(found.tolist())
    return _finite(found, name) if found.dtype.kind == "f" else found


def _plain(values: Any, name: str) -> np.ndarray:
    """A NumPy array of the values; what is text only beside numbers stays Python objects."""
    if np.ma.isMaskedArray(values) and np.ma.getmaskarray(values).any():
        row = int(np.argwhere(np.ma.getmaskarray(values))[0][0])
        raise InputError(f"{name} is masked (missing) in row {row}; drop or fill the masked entries")
    try:
        found = to_numpy(values) if is_tensor(values) else np.asarray(values)
    except ValueError:
        raise InputError(f"{name} has rows of different length; make them equally long") from None
    return np.array(values, dtype=object) if found.dtype.kind in "US" and isinstance(values, list | tuple) else found


def _double(X: Any) -> Any:
    """No number is wider than float64, where linear algebra ends."""
    return X.astype(np.float64) if X.dtype.kind == "f" and X.dtype.itemsize > 8 else X


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # pandas.NA is neither equal nor different
        return True


def real(values: Any, name: str, n: int) -> np.ndarray:
    """(n,) or (n, M) finite float64 numbers."""
    found = vector(values, name, n)
    if found.ndim > 2:
        raise InputError(f"{name} must have one or two dimensions, but has shape {found.shape}")
    if found.dtype.kind not in "fiub" and not (found.dtype.kind == "O" and all(_is_number(v) for v in found.flat)):
        row = next((i for i, value in enumerate(found) if not (found.ndim == 1 and _is_number(value))), 0)
        raise InputError(f"{name} holds {found[row : row + 1].tolist()[0]!r:.60} in row {row}, which is not a number")
    return _finite(np.asarray(found, dtype=np.float64), name)


def _frame(X: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    import narwhals.stable.v2 as nw

    titles = [str(name) for name in (X.column_names if hasattr(X, "column_names") else X.columns)]
    twice = next((name for name in titles if titles.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"X has two columns called {twice!r}; rename one of them")
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
        except (TypeError, ValueError, OverflowError) as error:
            cells = X[:, j].tolist()
            row = next((i for i, cell in enumerate(cells) if not _is_number(cell)), 0)
            kind = NotANumberError if isinstance(error, TypeError) else InputError
            what = f"X holds {cells[row]!r:.60} in row {row}, {_named(j, names)}, which is not a number"
            raise kind(f"{what} ({error})" if kind is NotANumberError else what) from None
    return converted


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError, OverflowError):
        return False
    return not isinstance(cell, str | bytes)


def _refuse_text(column: np.ndarray) -> np.ndarray:
    raise TypeError(f"{column.dtype} is not numeric")


def _csr(X: Any) -> Any:
    """Canonical CSR that shares the caller's numbers where they are canonical already."""
    if X.dtype.kind not in "fiub":
        raise InputError(f"X holds {X.dtype}, not real numbers")
    held = _double(X.tocsr())
    kind = type(held)
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


def _weights(weight: np.ndarray, name: str = "sample_weight") -> np.ndarray:
    if weight.ndim != 1:
        raise InputError(f"{name} must have one number a row, but has shape {weight.shape}")
    if (weight < 0).any():
        i = int(np.argmax(weight < 0))
        raise InputError(f"{name} is {weight[i]:g} in row {i}; weights must be at least 0")
    return weight


def _finite(values: np.ndarray, name: str) -> np.ndarray:
    bad = ~np.isfinite(values)
    if bad.any():
        i = int(np.argwhere(bad)[0][0])
        raise InputError(f"{name} is {values[i]} in row {i} ({int(bad.sum())} such values in all); drop or fill these rows")
    return values


def check_names(names: Sequence[str] | None, features: Sequence[str] | None, what: str, fitted: str = "model") -> None:
    """Refuse columns of other names, or in another order, than the fit had; unnamed ones pass.

    Raises
    ------
    InputError
        Naming the first column that differs.
    """
    if names is None or features is None or tuple(names) == tuple(features):
        return
    i = next((i for i, pair in enumerate(zip(names, features, strict=False)) if pair[0] != pair[1]), min(len(names), len(features)))
    theirs, ours = (repr(x[i]) if i < len(x) else "missing" for x in (names, features))
    raise InputError(
        f"column {i} of {what} is {theirs}, but the {fitted} was fitted with {ours} there; "
        "pass the columns by the same names in the same order"
    )


def check_numbers(X: Any, features: Sequence[str] | None) -> None:
    """Refuse a missing or infinite number in X, an array or CSR, naming its row and column."""
    if is_sparse(X):
        bad = np.flatnonzero(~np.isfinite(X.data))
        if len(bad):
            row = int(np.searchsorted(X.indptr, bad[0], side="right")) - 1
            column = int(X.indices[bad[0]])
            raise InputError(_missing(X.data[bad[0]], row, column, len(bad), features))
        return
    if X.dtype.kind != "f" or _all_finite(X):
        return
    places = np.argwhere(~np.isfinite(X))
    row, column = (int(i) for i in places[0])
    raise InputError(_missing(X[row, column], row, column, len(places), features))


def _all_finite(X: np.ndarray) -> bool:
    if X.size <= FEW:
        return bool(np.isfinite(X).all())
    return bool(np.isfinite(X.max()) and np.isfinite(X.min()))  # for many, without an array of answers


def _missing(value: float, row: int, column: int, count: int, features: Sequence[str] | None) -> str:
    what = "is missing (NaN)" if value != value else f"is {value}"
    return f"X {what} in row {row}, {_named(column, features)} ({count} such values in all); drop these rows or fill them in"


def _named(column: int, features: Sequence[str] | None) -> str:
    return f"column {column}" if features is None else f"column {features[column]!r}"
