"""Sources: where rows come from. Everything becomes NumPy or scipy CSR here; a data frame goes no further."""

from __future__ import annotations

from .arrays import ArraySource, check_names, check_numbers, matrix, real, validation_source, vector
from .columns import Column, Columns
from .files import parse_table, read_table
from .frames import beside, frame, frame_kind
from .tables import ArrayTable, Table

__all__ = [
    "ArraySource",
    "ArrayTable",
    "Column",
    "Columns",
    "Table",
    "beside",
    "check_names",
    "check_numbers",
    "frame",
    "frame_kind",
    "matrix",
    "parse_table",
    "read_table",
    "real",
    "validation_source",
    "vector",
]
