"""Tables that go back to the caller, as the kind of data frame that the rows came in."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Literal, cast

import numpy as np

from ..designs import is_sparse
from ..errors import InputError
from .arrays import matrix

KINDS = ("pandas", "polars", "pyarrow")


def frame_kind(X: Any) -> str:
    """The package of a data frame; for anything else pandas where it is installed, else pyarrow."""
    package = _package(X)
    if package in KINDS:
        return package
    return "pandas" if find_spec("pandas") is not None else "pyarrow"


def frame(columns: dict[str, np.ndarray], kind: str | None = None) -> Any:
    """Columns of equal length as a data frame of this kind.

    Raises
    ------
    InputError
        For a kind that there is not, or that is not installed.
    """
    import narwhals.stable.v2 as nw

    kind = frame_kind(None) if kind is None else kind
    if kind not in KINDS:
        raise InputError(f"kind={kind!r} is unknown; choose one of {', '.join(map(repr, KINDS))}")
    if find_spec(kind) is None:
        raise InputError(f"kind={kind!r} needs {kind}: pip install {kind}")
    plain = {name: column.tolist() if column.dtype == object else column for name, column in columns.items()}
    return nw.from_dict(plain, backend=cast(Literal["pandas", "polars", "pyarrow"], kind)).to_native()


def beside(X: Any, columns: dict[str, np.ndarray], names: tuple[str, ...] | None = None) -> Any:
    """X with more columns, as a data frame of its kind; arrays get ``names``, or x0, x1, ..."""
    import narwhals.stable.v2 as nw

    own = [str(name) for name in getattr(X, "column_names", getattr(X, "columns", names or ()))]
    taken = next((name for name in columns if name in own), None)
    if taken is not None:
        raise InputError(f"X has a column {taken!r} already; rename it, since a column of that name is added")
    if _package(X) in KINDS:
        data = nw.from_native(X, eager_only=True)
        new = (nw.new_series(name, column, backend=data.implementation) for name, column in columns.items())
        return data.with_columns(*new).to_native()
    if isinstance(X, dict):
        return frame({**X, **columns})
    given = matrix(X)[0]
    given = given.toarray() if is_sparse(given) else given
    titles = names or tuple(f"x{j}" for j in range(given.shape[1]))
    return frame({**{name: given[:, j] for j, name in enumerate(titles)}, **columns})


def _package(value: Any) -> str:
    return type(value).__module__.split(".")[0]
