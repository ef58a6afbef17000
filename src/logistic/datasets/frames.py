"""Data sets as pandas frames."""

from __future__ import annotations

from dataclasses import replace

from ..errors import InputError
from .card import Dataset


def framed(data: Dataset) -> Dataset:
    """The same rows with X as a DataFrame, sparse where X is, and y as a Series.

    Raises
    ------
    InputError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise InputError("as_frame=True needs pandas: pip install pandas") from None
    columns = list(data.features)
    if hasattr(data.X, "tocsr"):
        X = pd.DataFrame.sparse.from_spmatrix(data.X, columns=columns)
    else:
        X = pd.DataFrame(data.X, columns=columns)
    return replace(data, X=X, y=pd.Series(data.y, name=data.target))
