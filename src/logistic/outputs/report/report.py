"""The report of a model on rows: built once, shown as a page, kept as a file, or read as plain data."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, listed
from ...strict import write_atomically
from ..plots import Display
from ..plots.look import needs_matplotlib
from ..text import counted, plain
from .document import Block, Section
from .evidence import Evidence
from .page import needs_jinja2, page
from .sections import sections

TALL = 800  # pixels of the frame in a notebook


class Report:
    """What was fitted, how good it is on some rows, and where it errs: one page that needs nothing else.

    Parameters
    ----------
    evidence : Evidence
    rows : sequence of int, optional
        Rows whose probabilities are explained; by default the worst mistake and a typical row.
    title : str, optional
        An empty one is none.

    Attributes
    ----------
    title : str
    rows : int
        By which the model is judged.
    sections : tuple of Section

    Raises
    ------
    InputError
        For a row that there is not, rows that are no list, or where Matplotlib or Jinja is missing.
    """

    title: str
    rows: int
    sections: tuple[Section, ...]

    def __init__(self, evidence: Evidence, rows: Sequence[int] | None = None, title: str | None = None) -> None:
        installed()
        if isinstance(rows, int | np.integer | str):
            raise InputError(f"rows is {rows!r:.60}; pass a list of row numbers, such as [{evidence.first}]")
        origin = evidence.model.provenance
        labels = evidence.labels
        about = listed(labels, 4) if len(labels) > 2 else f"{labels[1]} against {labels[0]}"
        self.title = (
            f"Logistic regression of {about if origin is None else origin.target}"
            if title is None or not str(title).strip()
            else str(title)
        )
        self.rows = evidence.rows.count
        metrics = evidence.metrics  # refuses rows that have no prediction
        self.sections = sections(evidence, rows)
        self._said = (
            f"Report of a model of {len(labels)} classes on "
            f"{counted(evidence.rows.count, 'row')}: accuracy {metrics.accuracy:.4f}, log loss {metrics.log_loss:.4g}; "
            f"{evidence.model.penalty}; {evidence.model.certificate.status.word}"
        )

    @cached_property
    def html(self) -> str:
        """The page; the same model and rows make the same text."""
        return page(self.title, self.sections)

    def save(self, path: str | Path) -> None:
        """Write the page to one file; an existing file is replaced only by a complete one."""
        write_atomically(path, self.html.encode())

    def to_dict(self) -> dict[str, Any]:
        """Everything that the page says, as numbers, text and lists that JSON can hold; of figures their alternative text."""
        return {
            "title": self.title,
            "sections": [
                {"anchor": one.anchor, "title": one.title, "blocks": [_plain(block) for block in one.blocks]}
                for one in self.sections
            ],
        }

    def _repr_html_(self) -> str:
        """For a notebook: in a frame of its own, so that neither's style nor scripts reach the other."""
        about = html.escape(self.title, quote=True)
        look = f'width="100%" height="{TALL}" style="border: 1px solid #8888; background: white"'
        return f'<iframe title="{about}" sandbox="allow-scripts" {look} srcdoc="{html.escape(self.html, quote=True)}"></iframe>'

    def __str__(self) -> str:
        """The least that is to be said."""
        return self._said

    def __repr__(self) -> str:
        return f"<{self._said}>"


def installed() -> None:
    """Refuse to begin where what draws and writes is missing.

    Raises
    ------
    InputError
        Saying how to get it.
    """
    needs_matplotlib()
    needs_jinja2()


def _plain(block: Block) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": type(block).__name__.lower()}
    for one in fields(block):
        value = getattr(block, one.name)
        found |= {"alt": value.alt} if isinstance(value, Display) else {one.name: _values(value)}
    return found


def _values(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _values(value.tolist())
    if isinstance(value, dict):
        return {name: _values(column) for name, column in value.items()}
    if isinstance(value, list | tuple):
        return [_values(one) for one in value]
    return plain(value) if isinstance(value, float) else value
