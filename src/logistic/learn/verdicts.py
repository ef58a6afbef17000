"""Published numbers beside ours: each row of the table has a verdict that is checked before it is written.

=========  ==================================================================================================
exact      counts, shapes, labels and words: the same, without any tolerance
printed    rounded as it was published, ours is the published number, to every digit
band       chance decides (no seed, or one that other versions read otherwise): both lie in a band, and why
erratum    the published number is wrong: ours differs in its digits, and the proof says why
=========  ==================================================================================================
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any, NamedTuple

import numpy as np

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.?)(?:[eE][-+]?\d+)?(?![\w.])")
MORE = 2  # digits of ours that are shown beyond the published ones
TITLES = ("what", "published", "ours", "difference", "verdict", "why")
STYLE = """
<style>
.verdicts th[scope=row] { font-weight: normal; border-bottom-width: 1px; }
.verdicts .explained > * { border-bottom: none; }
.verdicts .why td { padding-top: 0; font-style: italic; }
.verdicts caption { text-align: left; font-weight: bold; }
</style>
"""
WIDTHS = (38, 34, 38, 10, 10, 46)  # of the columns as text


class Row(NamedTuple):
    """One line of the table, as text."""

    name: str
    published: str
    ours: str
    difference: str
    verdict: str
    why: str


class Verdicts:
    """The table at the end of a reproduction. ``str()`` is text, and a notebook shows it as HTML.

    A published number is text, so that its digits are known: ``"0.56"``, ``"[-.2636 .1748]"``, ``"2,930"``. It may hold several
    numbers; ours are then as many, in the same order, as an array of any shape.

    Parameters
    ----------
    document : str
        What is reproduced.
    stand_in : str, optional
        The data set that stands in for the published one where that cannot be had. Nothing is judged then, and the table says so.

    Attributes
    ----------
    rows : list of Row
    """

    def __init__(self, document: str, stand_in: str | None = None) -> None:
        self.document = document
        self.stand_in = stand_in
        self.rows: list[Row] = []

    def exact(self, name: str, published: str, ours: Any) -> None:
        """Enter counts, shapes, labels or words that are the same.

        Raises
        ------
        AssertionError
            If they are not.
        """
        if isinstance(ours, str):
            self._judge(published == ours, Row(name, published, ours, "", "exact", ""))
            return
        numbers, found = _numbers(published), _flat(ours)
        same = len(numbers) == len(found) and all(float(a) == b for a, b in zip(numbers, found, strict=True))
        shown = str(tuple(ours)) if isinstance(ours, tuple) else " ".join(f"{value:.15g}" for value in found)
        self._judge(same, Row(name, published, shown, "0", "exact", ""))

    def printed(self, name: str, published: str, ours: Any) -> None:
        """Enter numbers that are the published ones when rounded to their digits.

        Raises
        ------
        AssertionError
            If one digit differs.
        """
        row, same = self._compared(name, published, ours, "printed", "")
        self._judge(same, row)

    def band(self, name: str, published: str, ours: Any, low: str, high: str, reason: str) -> None:
        """Enter numbers that chance decides: the published ones and ours, rounded to the digits of the ends, lie in a band.

        Parameters
        ----------
        low, high : str
            One number for all, or one for each.
        reason : str
            Why there is a band, and where its ends come from.

        Raises
        ------
        AssertionError
            If a number lies outside, or there is no reason.
        """
        row, _ = self._compared(name, published, ours, "band", f"{low if low == high else f'{low} to {high}'}: {reason}")
        ends = [_numbers(end) for end in (low, high)]
        inside = bool(reason) and all(
            _within(values, *(end * len(values) if len(end) == 1 else end for end in ends))
            for values in ([float(number) for number in _numbers(published)], _flat(ours))
        )
        self._judge(inside, row)

    def erratum(self, name: str, published: str, ours: Any, proof: str) -> None:
        """Enter numbers that were published wrong.

        Raises
        ------
        AssertionError
            If ours are the published ones after all, to every digit, or there is no proof.
        """
        row, same = self._compared(name, published, ours, "erratum", proof)
        self._judge(bool(proof) and not same, row)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have which verdict."""
        found = [row.verdict for row in self.rows]
        return {verdict: found.count(verdict) for verdict in dict.fromkeys(found)}

    def __str__(self) -> str:
        """The table in columns, long cells in several lines."""
        lines = [self._title, ""]
        for row in (TITLES, *self.rows):
            cells = [textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(row, WIDTHS, strict=True)]
            for i in range(max(map(len, cells))):
                parts = (f"{cell[i] if i < len(cell) else '':<{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
                lines.append("  ".join(parts).rstrip())
        return "\n".join([*lines, "", self._summary])

    def _repr_html_(self) -> str:
        """The table for a notebook or a page, each reason and proof on a line of its own; no verdict is a colour alone."""
        *titles, _ = TITLES
        lines = ["<tr>", *(f'<th scope="col">{title}</th>' for title in titles), "</tr></thead>\n<tbody>"]
        for row in self.rows:
            name, *cells, why = map(escape, row)
            lines += [
                f'<tr{" class=explained" if why else ""}><th scope="row">{name}</th>',
                *(f"<td>{cell}</td>" for cell in cells),
            ]
            lines += ["</tr>\n", f'<tr class="why"><td colspan="{len(titles)}">{why}</td></tr>\n' if why else ""]
        caption = f"<caption>{escape(self._title)}</caption>"
        table = f'<table class="verdicts">{caption}<thead>{"".join(lines)}</tbody></table>'
        return f"{STYLE}{table}\n<p>{escape(self._summary)}</p>"

    # ------------------------------------------------------------------------------------------------------------------- parts

    @property
    def _title(self) -> str:
        return f"Published and found: {self.document}"

    @property
    def _summary(self) -> str:
        told = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())
        rows = f"{len(self.rows)} {'row' if len(self.rows) == 1 else 'rows'}"
        if self.stand_in is not None:
            return f"{rows}, none judged: ours are of {self.stand_in}, which stands in for the published data."
        return f"{rows}: {told}."

    def _compared(self, name: str, published: str, ours: Any, verdict: str, why: str) -> tuple[Row, bool]:
        """The row, and whether ours are the published numbers to every digit."""
        numbers, found = _numbers(published), _flat(ours)
        if len(numbers) != len(found):
            return Row(name, published, " ".join(f"{value:.6g}" for value in found), "", verdict, why), False
        same = all(_rounded(value, text) == Decimal(text) for text, value in zip(numbers, found, strict=True))
        shown = " ".join(f"{value:.{_decimals(text) + MORE}f}" for text, value in zip(numbers, found, strict=True))
        apart = max((abs(Decimal(value) - Decimal(text)) for text, value in zip(numbers, found, strict=True)), default=Decimal(0))
        return Row(name, published, shown, f"{float(apart):.1e}" if apart else "0", verdict, why), same

    def _judge(self, holds: bool, row: Row) -> None:
        """Enter a row whose verdict holds.

        Raises
        ------
        AssertionError
            If it does not hold.
        """
        if self.stand_in is not None:
            row = row._replace(difference="", verdict="not judged", why="")
        elif not holds:
            raise AssertionError(
                f"{self.document}, {row.name}: the verdict {row.verdict!r} is not true: published {row.published}, ours {row.ours}"
                + (f" ({row.why})" if row.why else "")
            )
        self.rows.append(row)


def _numbers(text: str) -> list[str]:
    """The numbers in a text, as Python spells them."""
    return [found.replace(",", "") for found in NUMBER.findall(text.replace("\N{MINUS SIGN}", "-"))]


def _flat(values: Any) -> list[float]:
    """Numbers of any shape, in order. Those of a tensor are its NumPy numbers."""
    if isinstance(values, Sequence):
        return [number for value in values for number in _flat(value)]
    found = values.detach() if hasattr(values, "detach") else values
    return [float(value) for value in np.ravel(np.asarray(found)).tolist()]


def _decimals(text: str) -> int:
    """Digits after the point."""
    return max(-int(Decimal(text).as_tuple().exponent), 0)


def _rounded(value: float, text: str) -> Decimal | None:
    """The value with as many decimals as the text; None where it is no finite number."""
    return round(Decimal(value), _decimals(text)) if np.isfinite(value) else None


def _within(values: list[float], low: list[str], high: list[str]) -> bool:
    """Whether each value, rounded to the digits of the ends, lies between them."""
    if not len(values) == len(low) == len(high):
        return False
    return all(
        (below := _rounded(value, a)) is not None
        and (above := _rounded(value, b)) is not None
        and below >= Decimal(a)
        and above <= Decimal(b)
        for value, a, b in zip(values, low, high, strict=True)
    )
