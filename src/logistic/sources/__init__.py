"""Sources: where rows come from. Everything becomes NumPy or scipy CSR here; a data frame goes no further."""

from __future__ import annotations

from .arrays import ArraySource, matrix, vector
from .files import Table, read_table

__all__ = ["ArraySource", "Table", "matrix", "read_table", "vector"]
