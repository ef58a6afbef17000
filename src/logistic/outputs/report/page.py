"""How a report looks: sections of blocks as one HTML file that needs nothing else, neither a network nor, to be read, a script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from ...errors import missing
from ..plots.look import MINUS, amount
from ..text import clip
from .document import Block, Facts, Figure, Section, Table, Text, Thresholds

NAME, HEADING, LINE, PARAGRAPH = 80, 120, 300, 20_000  # longest texts: of a cell or class; title; caption or fact; paragraph
OPTION = 40  # of a class in the list of classes
HINT = 1_000  # of the text that a clipped one shows when pointed at
TALL = 16  # rows from which a table scrolls in a box of its own
# Of figures, in pixels: on a narrow screen they shrink to the least of their kind, then they scroll.
SIZES = (("wide", 640.0), ("medium", 480.0), ("narrow", 0.0))
ABSENT = "\N{EN DASH}"  # what is not a number
ADMITTED = "\u200c\u200d"  # not printable for Python, but part of Persian words and of emoji
SHOWN_AT = np.arange(1, 10) / 10  # thresholds of the table that needs no script


def page(title: str, sections: Sequence[Section]) -> str:
    """The report as a HTML page, in one piece: style, script and figures are inside, and it asks for nothing from outside.

    A content security policy lets run only the script, and apply only the style, that the package ships: by their hashes. The same
    sections make the same bytes.

    Parameters
    ----------
    title : str
    sections : sequence of Section

    Raises
    ------
    InputError
        Where jinja2 or Matplotlib is missing, saying how to get it.
    """
    needs_jinja2()
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = _shown
    style, script = _part("page.css"), _part("page.js")
    parts = _Parts(sections)
    return environment.from_string(_part("page.html")).render(
        title=title,
        longest={"name": NAME, "heading": HEADING, "line": LINE, "option": OPTION, "hint": HINT},
        sections=parts.sections,
        classes=list(parts.codes),
        style=style,
        script=script,
        policy=_policy(style, script, parts.images),
    )


def needs_jinja2() -> None:
    """Refuse to begin without Jinja.

    Raises
    ------
    InputError
        Where it is not installed, saying how to get it.
    """
    try:
        import jinja2  # noqa: F401
    except ImportError:
        raise missing("the report needs", "jinja2", "report") from None


class _Parts:
    """Sections as the template wants them: numbers in words, figures as elements, tables and figures numbered from one.

    Attributes
    ----------
    sections : list of dict
    codes : dict
        The classes by which some table can be filtered, and their numbers.
    images : bool
        Whether a figure holds pixels.
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        self.codes: dict[str, int] = {}
        self.images = False
        self.tables = self.figures = self.sliders = 0
        self.sections = [
            {"anchor": section.anchor, "title": section.title, "blocks": [self._block(block) for block in section.blocks]}
            for section in sections
        ]

    def _block(self, block: Block) -> dict[str, Any]:
        if isinstance(block, Text):
            return {"kind": "text", "tone": block.tone, "text": block.text}
        if isinstance(block, Facts):
            return {"kind": "facts", "rows": block.rows}
        if isinstance(block, Table):
            return self._table(block)
        return self._figure(block) if isinstance(block, Figure) else self._thresholds(block)

    def _table(self, table: Table) -> dict[str, Any]:
        self.tables += 1
        columns = [_cells(column) for column in table.columns.values()]
        belongs = [self.codes.setdefault(str(label), len(self.codes)) for label in table.columns.get(table.by_class, ())]
        return {
            "kind": "table",
            "number": self.tables,
            "caption": table.caption,
            "heads": [(name, numeric) for name, (numeric, _) in zip(table.columns, columns, strict=True)],
            "rows": list(zip(*(cells for _, cells in columns), strict=True)),
            "codes": belongs,
            "tall": len(columns[0][1]) > TALL if columns else False,
            "notes": table.notes,
        }

    def _figure(self, figure: Figure) -> dict[str, Any]:
        self.figures += 1
        if not hasattr(figure.display, "figure_"):
            figure.display.plot()
        element = _element(figure.display.svg(f"figure-{self.figures}-"))
        self.images |= "<image " in element
        pixels = figure.display.figure_.get_size_inches()[0] * 96
        size = next(size for size, least in SIZES if pixels >= least)
        return {"kind": "figure", "number": self.figures, "caption": figure.caption, "element": element, "size": size}

    def _thresholds(self, block: Thresholds) -> dict[str, Any]:
        self.sliders += 1
        counts = [np.asarray(part, dtype=float) for part in _counts(block)]
        start = int(np.abs(block.threshold - 0.5).argmin())
        tp, fp, fn, tn = (float(part[start]) for part in counts)
        shares = [
            (amount(part), f"{part / whole:.1%}" if whole else ABSENT)
            for part, whole in ((tn, tn + fp), (fp, tn + fp), (fn, fn + tp), (tp, fn + tp))
        ]
        at = np.unique([np.abs(block.threshold - t).argmin() for t in SHOWN_AT])
        few = Table(
            "At other thresholds",
            {"threshold": block.threshold[at]} | {name: found[at] for name, found in _measures(*counts).items()},
        )
        return {
            "kind": "thresholds",
            "number": self.sliders,
            "classes": block.classes,
            "last": len(block.threshold) - 1,
            "start": start,
            "threshold": f"{block.threshold[start]:.3g}",
            "matrix": shares,
            "measures": {name: _fixed(float(found[start])) for name, found in _measures(*counts).items()},
            "data": [[_number(float(x)) for x in part] for part in (block.threshold, *counts)],
            "few": self._table(few),
        }


def _counts(block: Thresholds) -> tuple[np.ndarray, ...]:
    return block.true_positive, block.false_positive, block.false_negative, block.true_negative


def _measures(tp: Any, fp: Any, fn: Any, tn: Any) -> dict[str, np.ndarray]:
    """What a matrix amounts to (T,); NaN where there is nothing to divide by."""
    pairs = {
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "F1": (2 * tp, 2 * tp + fp + fn),
        "accuracy": (tp + tn, tp + fp + fn + tn),
    }
    return {name: np.divide(a, b, out=np.full(len(tp), np.nan), where=b > 0) for name, (a, b) in pairs.items()}


def _number(value: float) -> float | int:
    """Short in JSON."""
    return int(value) if value.is_integer() else value


def _fixed(value: float) -> str:
    return ABSENT if np.isnan(value) else f"{value:.3f}"


# ------------------------------------------------------------------------------------------------------------------- the text


def _shown(text: Any, width: int = PARAGRAPH, breaks: str = "") -> str:
    """Any text, clipped, with all that could act rather than be read written out: control characters, orders of writing."""
    kept = ADMITTED + breaks
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in clip(str(text), width))


def _cells(column: np.ndarray) -> tuple[bool, list[tuple[str, str]]]:
    """Whether a column holds numbers, and of each cell the text and what to sort it by, which of a text is empty."""
    column = np.asarray(column)
    if column.dtype.kind in "iu":
        return True, [(f"{v:,}".replace("-", MINUS), str(v)) for v in column.tolist()]
    if column.dtype.kind == "f":
        return True, _floats(column.astype(float))
    if column.dtype.kind == "b":
        return False, [("yes" if v else "no", "") for v in column]
    return False, [(ABSENT if isinstance(v, float) and np.isnan(v) else str(v), "") for v in column.tolist()]


def _floats(column: np.ndarray) -> list[tuple[str, str]]:
    """Floats of a column with as many decimals as give the largest four digits; what would lose by it has three of its own."""
    finite = column[np.isfinite(column)]
    largest = float(np.abs(finite).max(initial=0.0))
    decimals = int(np.clip(4 - np.ceil(np.log10(largest)), 0, 4)) if largest else 0
    while decimals and all(f"{value:.{decimals}f}".endswith("0") for value in finite):
        decimals -= 1

    def text(value: float) -> str:
        if not np.isfinite(value):
            return {np.inf: "∞", -np.inf: f"{MINUS}∞"}.get(value, ABSENT)
        common, own = f"{value:,.{decimals}f}", f"{value:.3g}"
        loses = abs(value) < 10.0 ** (2 - decimals) and float(common) != float(own)
        return (own if loses or abs(value) >= 1e9 else common).replace("-", MINUS)

    return [(text(value), "nan" if np.isnan(value) else f"{value:.12g}") for value in column.tolist()]


# ------------------------------------------------------------------------------------------------------- the file and its law


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _policy(style: str, script: str, images: bool) -> str:
    """Nothing is allowed but our own style and script, known by their hashes, and pixels in the file where a figure has some."""

    def known(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {known(script)}",
            f"style-src {known(style)}",
            *(["img-src data:"] if images else []),
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _element(figure: str) -> str:
    """A figure without what a page has no use for (who made it, comments) and without styles, which the policy would refuse.

    Matplotlib writes ``style`` attributes. All that it sets there may be attributes of their own, which are no styles to a policy.
    """
    figure = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<title>.*?</title>|<style[^>]*>.*?</style>", "", figure, flags=re.DOTALL)
    figure = re.sub(r' style="([^"]*)"', lambda found: _attributes(found[1]), figure)
    figure = re.sub(r"\s*\n\s*", "\n", figure).replace("<defs>\n</defs>\n", "")
    return figure.replace("<svg ", '<svg preserveAspectRatio="xMinYMin" stroke-linejoin="round" stroke-linecap="butt" ', 1)


def _attributes(style: str) -> str:
    pairs = dict(pair.split(":", 1) for pair in style.split(";") if pair.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs.items())
