"""Tables: named columns, of which some become features and one the target."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..designs import is_sparse
from ..errors import InputError, did_you_mean, listed
from .arrays import check_numbers, matrix, vector

if TYPE_CHECKING:
    import pyarrow as pa


class Table(ABC):
    """Named columns of one length. Rows are counted from 1 in what it says.

    Attributes
    ----------
    name : str
        What error messages call it.
    columns : tuple of str
    rows : int
    target : str or None
        The column that is to be predicted, where the table knows it.
    """

    def __init__(self, name: str, columns: Sequence[str], rows: int, target: str | None = None) -> None:
        self.name, self.columns, self.rows, self.target = name, tuple(columns), rows, target
        repeated = {c for c in self.columns if self.columns.count(c) > 1} if len(set(self.columns)) < len(self.columns) else ()
        if repeated:
            raise InputError(f"{name} has two columns called {sorted(repeated)[0]!r}; rename one of them")
        if rows == 0:
            raise InputError(f"{name} has a header but no rows")

    @abstractmethod
    def features(self, names: Sequence[str]) -> Any:
        """(n, p) numbers of the named columns, an array or CSR.

        Raises
        ------
        InputError
            If a column is missing, holds something else than numbers, or has empty cells: names the column and the row.
        """

    @abstractmethod
    def labels(self, name: str) -> np.ndarray:
        """(n,) the column as text, numbers or booleans."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """Digest of the file's bytes, or of the arrays where there is no file."""

    def check_column(self, name: str) -> None:
        """Refuse a column that is not there, and name the nearest one."""
        if name not in self.columns:
            raise InputError(
                f"{self.name} has no column {name!r}{did_you_mean(name, self.columns)} (it has {listed(self.columns)})"
            )


class ArrowTable(Table):
    """Columns of a file.

    Parameters
    ----------
    data : pyarrow.Table
    name : str
    digest : callable
        Gives the SHA-256 of the file.
    """

    def __init__(self, data: pa.Table, name: str, digest: Callable[[], str]) -> None:
        super().__init__(name, data.column_names, data.num_rows)
        self.data, self._digest = data, digest

    def features(self, names: Sequence[str]) -> np.ndarray:
        """As the contract says."""
        found = np.empty((self.rows, len(names)), order="F")
        for j, name in enumerate(names):
            found[:, j] = self._numbers(name)
        return found

    def labels(self, name: str) -> np.ndarray:
        """As the contract says."""
        import pyarrow as pa

        column = self._column(name)
        self._refuse_gaps(column, name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_nested(column.type):
            raise InputError(f"column {name!r} of {self.name} holds {column.type}, which is no label")
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            try:
                column = column.cast(pa.string())
            except pa.ArrowInvalid:
                raise InputError(f"column {name!r} of {self.name} is not UTF-8 text; save the file as UTF-8") from None
        values = column.to_numpy()
        values = values.astype(str) if values.dtype.kind == "O" else np.asarray(values)
        if values.dtype.kind == "U":
            self._refuse_rows(values == "", name)
        return values

    @property
    def sha256(self) -> str:
        """As the contract says."""
        return self._digest()

    def _numbers(self, name: str) -> np.ndarray:
        import pyarrow as pa

        column = self._column(name)
        kind = column.type
        if pa.types.is_null(kind):
            raise InputError(f"column {name!r} of {self.name} is empty; leave it out")
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)):
            raise InputError(f"column {name!r} of {self.name} {_strange(column)}")
        self._refuse_gaps(column, name)
        numbers = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)  # rounded beyond 2^53
        bad = ~np.isfinite(numbers)
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(
                f"column {name!r} of {self.name} is {numbers[row]} in row {row + 1} ({int(bad.sum())} such rows);"
                " drop or fix these rows"
            )
        return numbers

    def _column(self, name: str) -> Any:
        self.check_column(name)
        return self.data.column(name)

    def _refuse_gaps(self, column: Any, name: str) -> None:
        if column.null_count:
            self._refuse_rows(column.is_null().to_numpy(), name)

    def _refuse_rows(self, empty: np.ndarray, name: str) -> None:
        if empty.any():
            raise InputError(
                f"column {name!r} of {self.name} is empty in row {int(np.argmax(empty)) + 1} ({int(empty.sum())} such rows);"
                " drop or fill these rows"
            )


class ArrayTable(Table):
    """A matrix whose columns are features, and further columns beside it.

    Parameters
    ----------
    X : (n, p) array or sparse matrix
    features : sequence of str
        Names of the columns of X.
    others : dict from str to (n,) array
    name : str
    target : str, optional
    digest : callable, optional
        Gives the SHA-256 of the file; that of the arrays by default.
    """

    def __init__(
        self,
        X: Any,
        features: Sequence[str],
        others: dict[str, np.ndarray],
        name: str,
        target: str | None = None,
        digest: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(name, (*features, *others), X.shape[0], target)
        self.X, self.others = X, others
        self._places = {feature: j for j, feature in enumerate(features)}
        self._digest = digest

    def features(self, names: Sequence[str]) -> Any:
        """As the contract says; all of X is given as it is."""
        for name in names:
            self.check_column(name)
        if tuple(names) == tuple(self._places):
            found = self.X
        elif all(name in self._places for name in names):
            found = self.X[:, [self._places[name] for name in names]]
        else:
            found = np.column_stack([self._numbers(name) for name in names])
        found, _ = matrix(found)
        check_numbers(found, tuple(names))
        return found

    def labels(self, name: str) -> np.ndarray:
        """As the contract says."""
        self.check_column(name)
        return vector(self.column(name), f"column {name!r} of {self.name}", self.rows)

    @property
    def sha256(self) -> str:
        """As the contract says."""
        if self._digest is not None:
            return self._digest()
        found = hashlib.sha256()
        parts = [self.X.data, self.X.indices, self.X.indptr] if is_sparse(self.X) else [self.X]
        for part in (*parts, *self.others.values()):
            array = np.ascontiguousarray(part)
            found.update(f"{array.dtype.str}{array.shape}".encode())
            found.update(array.tobytes())
        return found.hexdigest()

    def column(self, name: str) -> np.ndarray:
        """(n,) one column as it is."""
        if name in self.others:
            return self.others[name]
        column = self.X[:, [self._places[name]]]
        return np.asarray(column.toarray() if is_sparse(column) else column)[:, 0]

    def _numbers(self, name: str) -> np.ndarray:
        column = self.column(name)
        if column.dtype.kind not in "fiub":
            raise InputError(f"column {name!r} of {self.name} holds {column[:1].tolist()[0]!r:.40}, not numbers; leave it out")
        return column.astype(np.float64)


def _strange(column: Any) -> str:
    """What a column without numbers holds, and in which row."""
    cells = column.to_pylist()
    odd = [i for i, cell in enumerate(cells) if cell is not None and not (isinstance(cell, str) and is_number(cell))]
    if not odd:
        return f"holds {column.type}, not numbers; remove it or replace it by numbers"
    first = f"holds {cells[odd[0]]!r:.40} in row {odd[0] + 1}"
    if len(odd) < len(cells) - column.null_count:
        return f"{first}, which is not a number ({len(odd)} such rows); fix or drop these rows"
    return f"{first}, not numbers; remove it, replace it by numbers, or fit by a formula, which takes categories"


def is_number(text: str) -> bool:
    """Whether a cell of text is written as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
