"""Sources: where rows come from. Everything becomes NumPy or scipy CSR here; a data frame goes no further."""

from __future__ import annotations

from .arrays import ArraySource, check_names, check_numbers, matrix, real, validation_source, vector
from .files import Table, read_table

__all__ = ["ArraySource", "Table", "check_names", "check_numbers", "matrix", "read_table", "real", "validation_source", "vector"]
