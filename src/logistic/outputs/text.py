"""Words and numbers on lines, as all tables and summaries write them."""

from __future__ import annotations

import math

MAX_WIDTH = 40  # of a column of a table


def aligned(cells: list[list[str]], widest: int | None = None) -> list[str]:
    """Rows of cells as lines, the first column to the left and the others to the right, texts longer than ``widest`` clipped.

    What is not printable is written out: names and labels may hold anything.
    """
    cells = [[printable(cell) if widest is None else clip(printable(cell), widest) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for first, *rest in cells:
        numbers = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        lines.append("  ".join([first.ljust(widths[0]), *numbers]).rstrip())
    return lines


def plain(value: float) -> float | str:
    """A float, or its name where JSON has none."""
    return value if math.isfinite(value) else repr(value)


def printable(text: str) -> str:
    """The text on one line, with line breaks and control characters written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def likely(share: float) -> str:
    """A probability to two digits of a per cent, and never 0 % or 100 %, which no probability of a model is."""
    if share < 5e-5:
        return "under 0.01%"
    return "over 99.99%" if share > 1 - 5e-5 else f"{share:.2%}"


def clip(text: str, width: int = MAX_WIDTH) -> str:
    """Both ends of a long text, because names that share a beginning differ at the end."""
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[-tail:]}"
