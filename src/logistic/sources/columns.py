"""Columns of any kind, by name: numbers, text, truth values and categories of a data frame, of arrays, or of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError, did_you_mean, listed
from .tables import ArrayTable, ArrowTable, Table

PLAIN = (bool, int, float, str)


class Column(NamedTuple):
    """One column without missing entries.

    Attributes
    ----------
    values : (n,) array
        Numbers, truth values, or Python objects of one plain type.
    levels : tuple or None
        All categories, in their order, where the data have one.
    """

    values: np.ndarray
    levels: tuple[Any, ...] | None = None

    @property
    def numeric(self) -> bool:
        """Whether these are numbers or truth values, and not categories."""
        return self.levels is None and self.values.dtype.kind in "biuf"


class Columns:
    """The columns of data, of which each is read when it is asked for, and once.

    Parameters
    ----------
    data : data frame that narwhals knows, dict of arrays, or Table

    Attributes
    ----------
    name : str
        What error messages call the data.
    names : tuple of str
    rows : int
    first : int
        What the first row is called: 0, or 1 in a table, as everywhere there.

    Raises
    ------
    InputError
        If the data are no named columns, or their lengths differ.
    """

    def __init__(self, data: Any) -> None:
        self.name, self.first = "data", 0
        self._read: dict[str, Column] = {}
        self._places: np.ndarray | None = None
        if isinstance(data, Table):
            self.name, self.first, self.names, self.rows = data.name, 1, data.columns, data.rows
            self._raw = _of_table(data)
        elif isinstance(data, Mapping):
            self.names, self.rows, self._raw = _of_arrays(data)
        else:
            self.names, self.rows, self._raw = _of_frame(data)

    def __getitem__(self, name: str) -> Column:
        """A column by name.

        Raises
        ------
        InputError
            If there is none, naming the nearest; if an entry is missing, naming its row; or if it holds something else than
            numbers, text, truth values or categories.
        """
        if name not in self._read:
            if name not in self.names:
                known = f"{did_you_mean(name, self.names)} (it has {listed(self.names)})"
                raise InputError(f"{self.name} {'has' if self.first else 'have'} no column {name!r:.200}{known}")
            self._read[name] = self._checked(name, *self._raw(name))
        return self._read[name]

    def take(self, rows: np.ndarray) -> Columns:
        """Only these rows, under the numbers that they have here."""
        found, raw = copy(self), self._raw

        def read(name: str) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...] | None]:
            values, missing, levels = raw(name)
            return values[rows], missing[rows], levels

        found._read, found._raw, found._places, found.rows = {}, read, rows, len(rows)
        return found

    def replaced(self, name: str, values: np.ndarray) -> Columns:
        """The same with other values (n,) in one column."""
        found = copy(self)
        found._read = {**self._read, name: Column(values, self[name].levels)}
        return found

    def row(self, bad: np.ndarray) -> str:
        """``row 3 (5 such rows)``: where something is wrong."""
        place = int(bad.argmax())
        place = place if self._places is None else int(self._places[place])
        return f"row {place + self.first} ({int(bad.sum())} such rows)"

    def _checked(self, name: str, values: np.ndarray, missing: np.ndarray, levels: tuple[Any, ...] | None) -> Column:
        if missing.any():
            where = f"column {name!r:.200} of {self.name} is missing in {self.row(missing)}"
            raise InputError(f"{where}; drop or fill these rows")
        if values.dtype.kind in "biuf":
            return Column(values, levels)
        kinds = {type(value) for value in values.tolist()}
        if len(kinds) > 1 or not kinds <= set(PLAIN):
            odd = next((value for value in values.tolist() if type(value) not in PLAIN), None)
            what = f"{type(odd).__name__} objects" if odd is not None else "values of several types"
            raise InputError(
                f"column {name!r:.200} of {self.name} holds {what}; a formula takes numbers, text, booleans and categories"
            )
        return Column(values if str in kinds else np.array(values.tolist()), levels)


Raw = Callable[[str], tuple[np.ndarray, np.ndarray, tuple[Any, ...] | None]]  # values, which are missing, categories


def _of_table(table: Table) -> Raw:
    """In a file an empty cell of text is missing too."""
    if isinstance(table, ArrowTable):
        _, _, framed = _of_frame(table.data)

        def read(name: str) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...] | None]:
            values, missing, levels = framed(name)
            return values, missing | (values == "") if values.dtype.kind == "O" else missing, levels

        return read
    assert isinstance(table, ArrayTable)
    return lambda name: _of_array(table.column(name))


def _of_arrays(data: Mapping[Any, Any]) -> tuple[tuple[str, ...], int, Raw]:
    arrays = {str(name): values if hasattr(values, "__len__") else [values] for name, values in data.items()}
    lengths = {name: len(values) for name, values in arrays.items()}
    if not lengths:
        raise InputError("data hold no columns")
    first, rows = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != rows:
            raise InputError(f"column {name!r:.200} of data has {length} rows, but {first!r:.200} has {rows}")

    def read(name: str) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...] | None]:
        values = arrays[name]
        if isinstance(values, list | tuple):
            return _of_array(np.array(values, dtype=object))
        if isinstance(values, np.ndarray):
            return _of_array(values)
        import narwhals.stable.v2 as nw

        series: Any = nw.from_native(values, allow_series=True, pass_through=True)
        if isinstance(series, nw.Series):
            return _of_series(series)
        found, missing, _ = _of_array(np.asarray(values))
        categories = getattr(getattr(values, "dtype", None), "categories", None)  # of a pandas.Categorical
        return found, missing, None if categories is None else tuple(categories.tolist())

    return tuple(arrays), rows, read


def _of_array(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...] | None]:
    if values.ndim != 1:
        raise InputError(f"a column of data has shape {values.shape}; each column must be one value a row")
    if values.dtype.kind == "f":
        return values, np.isnan(values), None
    if values.dtype.kind in "biu":
        return values, np.zeros(len(values), dtype=bool), None
    objects = np.empty(len(values), dtype=object)
    objects[:] = [value.item() if isinstance(value, np.generic) else value for value in values.tolist()]
    missing = np.array([value is None or bool(value != value) for value in map(_comparable, objects.tolist())], dtype=bool)
    return objects, missing, None


def _comparable(value: Any) -> Any:
    """What is missing as None, also pandas.NA, which is neither equal nor different; what may refuse to be compared by its type."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    return value if isinstance(value, PLAIN) else type(value)


def _of_frame(data: Any) -> tuple[tuple[str, ...], int, Raw]:
    import narwhals.stable.v2 as nw

    lazy = hasattr(data, "collect")  # whose columns are not known for nothing; refused below
    titles = [] if lazy else [str(name) for name in getattr(data, "column_names", getattr(data, "columns", ()))]
    twice = next((name for name in titles if titles.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"data have two columns called {twice!r:.200}; rename one of them")
    frame = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        raise InputError(
            f"a formula needs data with named columns, but got {type(data).__name__}; pass a data frame, or a dict of arrays"
        )
    held: Any = frame
    names = dict(zip(titles, held.columns, strict=True))
    return tuple(titles), int(held.shape[0]), lambda name: _of_series(held[names[name]])


def _in_order(series: Any) -> bool:
    """Whether somebody chose the order of the categories; elsewhere it is that in which they happened to appear."""
    import narwhals.stable.v2 as nw

    if series.dtype == nw.Enum or series.implementation.is_pandas_like():
        return True
    return bool(getattr(getattr(series.to_native(), "type", None), "ordered", False))


def _of_series(series: Any) -> tuple[np.ndarray, np.ndarray, tuple[Any, ...] | None]:
    import narwhals.stable.v2 as nw

    dtype = series.dtype
    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if dtype in (nw.Categorical, nw.Enum):
        values = np.empty(len(missing), dtype=object)
        values[:] = series.to_list()
        return values, missing, tuple(series.cat.get_categories().to_list()) if _in_order(series) else None
    if dtype.is_numeric() or dtype == nw.Boolean:
        if missing.any():
            return np.zeros(len(missing)), missing, None
        numbers = np.asarray(series.to_numpy())
        numbers = numbers if numbers.dtype.kind in "biuf" else numbers.astype(bool if dtype == nw.Boolean else np.float64)
        return numbers, np.isnan(numbers) if numbers.dtype.kind == "f" else missing, None
    values = np.empty(len(missing), dtype=object)
    values[:] = series.to_list()
    found, also, _ = _of_array(values)
    return found, missing | also, None
