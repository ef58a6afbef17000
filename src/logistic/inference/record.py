"""What an analysis found, as a table: columns of equal length with a title above and remarks below."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..errors import listed

SHOWN = 20  # rows of a long table
QUIET = ("log_p",)  # columns that only to_dict and the table itself have


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """A table of findings. ``str()`` gives text, :meth:`to_dict` plain data, ``pandas.DataFrame(record.table)`` a data frame.

    Attributes
    ----------
    title : tuple of str
        What the numbers are, line by line.
    table : dict of arrays
        Columns of equal length.
    notes : tuple of str
        What has to be known beside them: why something is NaN, for one.
    """

    title: tuple[str, ...]
    table: dict[str, np.ndarray]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(next(iter(self.table.values())))

    def to_frame(self, kind: str | None = None) -> Any:
        """The table as a data frame of ``kind`` pandas, polars or pyarrow; by default pandas where it is installed."""
        from ..sources import frame

        return frame(self.table, kind)

    def to_dict(self) -> dict[str, Any]:
        """Everything that is known, with numbers, text and lists that JSON can hold (infinities and NaN as text)."""
        from ..outputs.text import plain

        columns = {name: [plain(x) if isinstance(x, float) else x for x in column.tolist()] for name, column in self.table.items()}
        single = {f.name: getattr(self, f.name) for f in fields(self) if isinstance(getattr(self, f.name), str | int | float)}
        rest = {name: plain(x) if isinstance(x, float) else x for name, x in single.items()}
        return {"title": list(self.title), **rest, "table": columns, "notes": list(self.notes)}

    def __str__(self) -> str:
        """The table as text; of a long one the first rows."""
        from ..outputs.text import MAX_WIDTH, aligned, counted, printable

        shown = {name: column[:SHOWN] for name, column in self.table.items() if name not in QUIET}
        cells = [
            list(shown),
            *(list(row) for row in zip(*(self._cells(name, column) for name, column in shown.items()), strict=True)),
        ]
        rest = len(self) - SHOWN
        more = [f"and {counted(rest, 'more row')}; to_frame() has them all"] if rest > 0 else []
        notes = ["", *map(printable, self.notes)] if self.notes else []
        return "\n".join([*map(printable, self.title), "", *aligned(cells, MAX_WIDTH), *more, *notes])

    __repr__ = __str__

    def _cells(self, name: str, column: np.ndarray) -> list[str]:
        from ..outputs.text import printable
        from . import tails

        if name == "p":
            return [tails.text(p, log_p) or "-" for p, log_p in zip(column, self.table["log_p"], strict=False)]
        return [printable(str(x)) if not isinstance(x, float) else "-" if math.isnan(x) else f"{x:.6g}" for x in column.tolist()]


def texts(words: Any) -> np.ndarray:
    """A column of text, as Python strings: a data frame takes it for text."""
    found = np.empty(len(words), dtype=object)
    found[:] = [str(word) for word in words]
    return found


def named(names: list[str]) -> str:
    """Names in a sentence."""
    return listed([repr(name) for name in names])
