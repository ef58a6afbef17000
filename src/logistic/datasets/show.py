"""A data set for the eye: its card, shapes, classes, first rows, one row in words, one image."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from .card import Dataset

ROWS, COLUMNS = 5, 4  # of the head
WIDTH = 110
RAMP = " .:-=+*#%@"  # from paper to ink


def describe(data: Dataset) -> str:
    """What ``logistic data show`` prints."""
    from ..outputs.text import aligned

    found, card = facts(data), data.card
    counts = (f"{label} {count:,} ({count / found['rows']:.1%})" for label, count in found["counts"].items())
    entries = {
        "a row": card.row,
        "shapes": f"X is {found['rows']:,} x {found['columns']:,} {found['type']}, y is {card.target}",
        "classes": ", ".join(counts),
        "units": _units(card.units),
        "source": card.source,
        "author": f"{card.author} ({card.year})",
        "licence": card.licence,
        "citation": card.citation,
        "caveats": card.caveats,
    }
    lines = [f"{card.title} ({data.name})", card.about, ""]
    for name, text in entries.items():
        if text:
            lines += textwrap.wrap(text, WIDTH, initial_indent=f"{name:<10}", subsequent_indent=" " * 10, break_long_words=False)
    head = found["head"]
    heading = ["row", *head[0]] if head else []
    cells = [heading, *([f"{i}", *map(_cell, row.values())] for i, row in enumerate(head, 1))]
    more = found["columns"] - len(heading) + 2
    lines += ["", *aligned(cells), *([f"and {more:,} more columns"] if more else []), "", f"Row 1: {found['sentence']}."]
    return "\n".join([*lines, *(["", *found["image"]] if found["image"] else [])])


def facts(data: Dataset) -> dict[str, Any]:
    """The same as numbers, text and lists that JSON can hold.

    ``head`` has the first rows: of their columns the first ones that are not 0 in row 1, and the label. ``image`` is the first row
    drawn in lines of characters, or None.
    """
    rows, labels = _first(data.X), np.asarray(data.y[:ROWS]).tolist()
    filled = np.flatnonzero(rows[0])
    shown = np.sort(np.r_[filled, np.setdiff1d(np.arange(rows.shape[1]), filled)][:COLUMNS]).tolist()
    head = [
        {**{data.features[j]: row[j].item() for j in shown}, data.target: label} for row, label in zip(rows, labels, strict=True)
    ]
    classes, counts = np.unique(np.asarray(data.y), return_counts=True)
    return {
        "name": data.name,
        **data.card.to_dict(),
        "rows": int(data.X.shape[0]),
        "columns": int(data.X.shape[1]),
        "type": _type(data.X, rows),
        "counts": dict(zip(map(str, classes.tolist()), counts.tolist(), strict=True)),
        "head": head,
        "sentence": data.card.sentence.format(row=_words(data, rows[0], shown), label=labels[0]),
        "image": None if data.image is None else drawn(rows[0].reshape(data.image)),
    }


def drawn(image: np.ndarray) -> list[str]:
    """An image (h, w) of numbers from 0 on as h lines of 2 w characters, the darkest the largest."""
    shades = np.rint(image / max(float(image.max()), 1e-300) * (len(RAMP) - 1)).astype(int)
    return ["".join(2 * RAMP[shade] for shade in row).rstrip() for row in shades.tolist()]


def _first(X: Any) -> np.ndarray:
    """(rows, p) the first rows as an array."""
    if hasattr(X, "iloc"):
        return np.asarray(X.iloc[:ROWS].to_numpy())
    return np.asarray(X[:ROWS].toarray() if hasattr(X, "toarray") else X[:ROWS])


def _type(X: Any, rows: np.ndarray) -> str:
    share = "" if not hasattr(X, "nnz") else f", sparse: {X.nnz / (X.shape[0] * X.shape[1]):.1%} of the entries are not 0"
    return f"{rows.dtype}{share}"


def _words(data: Dataset, row: np.ndarray, shown: list[int]) -> str:
    """A row as words: its text, what its image is, or its first numbers with their units."""
    if data.texts is not None:
        return data.texts[0]
    if data.image is not None:
        return f"{data.image[0]} x {data.image[1]} pixels, {np.count_nonzero(row) / len(row):.0%} of them not empty,"
    said = []
    for j in shown:
        unit = data.card.units.get(data.features[j], "")
        said.append(f"{_bare(data.features[j], unit).replace('_', ' ')} {_cell(row[j].item())} {unit}".rstrip())
    more = data.X.shape[1] - len(shown)
    return ", ".join(said) + (f" and {more} more numbers" if more else "")


def _units(units: Mapping[str, str]) -> str:
    """Each unit and the columns that have it."""
    groups = {unit: [_bare(column, unit) for column, found in units.items() if found == unit] for unit in units.values()}
    return "; ".join(f"{unit}: {', '.join(columns)}" for unit, columns in groups.items())


def _bare(column: str, unit: str) -> str:
    """The name of a column without its unit."""
    return column.removesuffix(f" ({unit})")


def _cell(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)
