"""A report as plain data: sections of blocks. What is said is decided here and in ``sections``; how it looks, in ``page``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..plots import Display

Tone = Literal["plain", "note", "warning", "command"]


@dataclass(frozen=True)
class Text:
    """A paragraph. A command is shown as typed, line by line; a warning stands out by more than its colour."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Facts:
    """Names and what they are, one under the other."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length under a caption; the reader can sort it by any of them.

    Attributes
    ----------
    caption : str
    columns : dict of arrays
        Texts, integers or floats; NaN shows as a dash. The first column names the row.
    by_class : str
        The column that holds the class of a row, by which the reader can choose rows; empty where there is none.
    notes : tuple of str
        Under the table.
    """

    caption: str
    columns: dict[str, np.ndarray]
    by_class: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Figure:
    """A drawn display under a caption; its alternative text is its own."""

    caption: str
    display: Display


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Two classes told apart at each of T thresholds: what the slider shows, by itself and with the reader's costs.

    Attributes
    ----------
    classes : (negative, positive)
        Positive where its probability is at least the threshold.
    threshold : (T,) array
        Ascending, from 0 to 1.
    true_positive, false_positive, false_negative, true_negative : (T,) arrays
        Sums of weights at each.
    """

    classes: tuple[str, str]
    threshold: np.ndarray
    true_positive: np.ndarray
    false_positive: np.ndarray
    false_negative: np.ndarray
    true_negative: np.ndarray


Block = Text | Facts | Table | Figure | Thresholds


@dataclass(frozen=True)
class Section:
    """A part of the report, with the name of its anchor."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]
