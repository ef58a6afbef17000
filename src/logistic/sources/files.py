"""Tables on disk: CSV and Parquet, read by pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa


class Table:
    """Named columns of one length.

    Parameters
    ----------
    data : pyarrow.Table
    name : str
        What error messages call it.
    """

    def __init__(self, data: pa.Table, name: str) -> None:
        self.data, self.name = data, name
        self.columns: tuple[str, ...] = tuple(data.column_names)
        repeated = {c for c in self.columns if self.columns.count(c) > 1}
        if repeated:
            raise InputError(f"{name} has two columns called {sorted(repeated)[0]!r}; rename one of them")
        if data.num_rows == 0:
            raise InputError(f"{name} has a header but no rows")

    def features(self, names: Sequence[str]) -> np.ndarray:
        """(n, p) float64 numbers of the named columns.

        Raises
        ------
        InputError
            If a column is missing, holds something else than numbers, or has empty cells: names the column and the row.
        """
        found = np.empty((self.data.num_rows, len(names)), order="F")
        for j, name in enumerate(names):
            found[:, j] = self._numbers(name)
        return found

    def labels(self, name: str) -> np.ndarray:
        """(n,) the column as text, numbers or booleans."""
        column = self._column(name)
        self._refuse_gaps(column, name)
        import pyarrow as pa

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

    def _numbers(self, name: str) -> np.ndarray:
        import pyarrow as pa

        column = self._column(name)
        kind = column.type
        if pa.types.is_null(kind):
            raise InputError(f"column {name!r} of {self.name} is empty; leave it out")
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)):
            raise InputError(
                f"column {name!r} of {self.name} holds {_example(column)}, not numbers; remove it or replace it by numbers"
            )
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
        if name not in self.columns:
            raise InputError(
                f"{self.name} has no column {name!r}{did_you_mean(name, self.columns)} (it has {_listed(self.columns)})"
            )
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


def read_table(path: str | Path) -> Table:
    """Read a CSV file (``.csv``, ``.csv.gz``, ``.tsv``) or a Parquet file (``.parquet``, ``.pq``).

    Raises
    ------
    InputError
        If the file is missing, is a folder, is of another kind, or cannot be parsed.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not path.exists():
        raise InputError(f"{path} does not exist{_nearby(path)}")
    suffix = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if suffix in ("parquet", "pq"):
        return Table(_read_parquet(path), path.name)
    if suffix in ("csv", "tsv"):
        return Table(_read_csv(path, "\t" if suffix == "tsv" else ","), path.name)
    raise InputError(f"{path} is neither .csv, .csv.gz, .tsv nor .parquet; convert it to one of these")


def _read_csv(path: Path, delimiter: str) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty")
    try:
        table = csv.read_csv(path, parse_options=csv.ParseOptions(delimiter=delimiter))
        _ = table.column_names  # decodes them
        return table
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} is not a readable CSV file: {_first_line(error)}") from None


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} is not a readable Parquet file: {_first_line(error)}") from None


def _nearby(path: Path) -> str:
    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    return did_you_mean(path.name, names)


def _example(column: Any) -> str:
    """The first cell that is no number."""
    for chunk in column.chunks:
        for value in chunk.to_pylist():
            if value is not None and not (isinstance(value, str) and _is_number(value)):
                return f"{value!r:.40}"
    return str(column.type)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
