"""The rows before any fit: how many of each class, how columns are distributed, how two of them lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ...errors import InputError
from .display import Display, Layout
from .inputs import chosen, classes_among, labels_of, of_column, read, said, sample, several
from .look import COLOURS, DASHES, HATCHES, INK, beside, colours, counting, number, percent, spoken, words
from .regions import class_legend, draw_points

MOST_CLASSES, MOST_PARTS, TOLD = 20, 6, 10
MOST_PANELS, PANELS_IN_A_ROW, LINES = 12, 4, 6


@dataclass(eq=False, repr=False)
class ClassBalanceDisplay(Display):
    """How many rows each class has, in one set of labels or several.

    Attributes
    ----------
    classes : (K,) array
    counts : dict of (K,) arrays
        By the name of the part.
    """

    classes: np.ndarray
    counts: dict[str, np.ndarray]

    @classmethod
    def from_labels(cls, y: Any, *, ax: Any = None) -> Self:
        """Of labels.

        Parameters
        ----------
        y : (n,) labels, or a dict of such by name, such as ``{"train": ..., "test": ...}``
        ax : matplotlib Axes, optional
        """
        parts = {name: labels_of(values, name=name or "y") for name, values in several(y, "").items()}
        if not 0 < len(parts) <= MOST_PARTS:
            raise InputError(f"y has {len(parts)} parts; pass labels, or a dict of 1 to {MOST_PARTS} parts")
        if len({labels.dtype.kind in "US" for labels in parts.values()}) > 1:
            raise InputError("the parts of y hold text and numbers; make the labels all text or all numbers")
        classes = np.unique(np.concatenate(list(parts.values())))
        counts = {name: np.bincount(np.searchsorted(classes, labels), minlength=len(classes)) for name, labels in parts.items()}
        return cls(classes, counts).plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        told = []
        for name, counts in self.counts.items():
            order = np.argsort(-counts, kind="stable")[:TOLD]
            each = ", ".join(f"{spoken(self.classes[k])} {counts[k]:,} ({percent(counts[k] / counts.sum())})" for k in order)
            told.append((f"{spoken(name)}: " if name else "") + each)
        more = f"; the {TOLD} largest of {len(self.classes)} classes" if len(self.classes) > TOLD else ""
        return f"Rows of each class: {'; '.join(told)}{more}."

    @property
    def layout(self) -> Layout:
        """As tall as there are bars."""
        bars = min(len(self.classes), MOST_CLASSES + 1) * (len(self.counts) * 0.22 + 0.16)
        return Layout(width=6.0, height=max(bars + 0.9, 1.8))

    def draw(self, axes: list[Any]) -> None:
        """Bars with their count and share; of many classes the largest, and all others together."""
        (ax,), names = axes, [words(label, 18) for label in self.classes]
        counts = {name: values.astype(float) for name, values in self.counts.items()}
        if len(names) > MOST_CLASSES:
            order = np.argsort(-np.sum(list(counts.values()), axis=0), kind="stable")
            first, rest = order[:MOST_CLASSES], order[MOST_CLASSES:]
            names = [names[k] for k in first] + [f"{len(rest)} others"]  # as a number: their bar would dwarf the others
            counts = {name: np.append(values[first], values[rest].sum()) for name, values in counts.items()}
        places, width, handles = np.arange(len(names)), 0.8 / len(counts), []
        named = len(self.classes) if len(self.classes) <= MOST_CLASSES else MOST_CLASSES
        most = max(float(values[:named].max()) for values in counts.values())
        for i, values in enumerate(counts.values()):
            at = places + (i - (len(counts) - 1) / 2) * width
            style = {"color": COLOURS[i], "hatch": HATCHES[i], "edgecolor": "white", "linewidth": 0.4}
            handles.append(ax.barh(at[:named], values[:named], width * 0.92, **style))
            for k, (place, value) in enumerate(zip(at, values, strict=True)):
                text, end = f"{value:,.0f} ({percent(value / values.sum())})", value if k < named else 0
                ax.annotate(text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
        ax.set_yticks(places, names)
        ax.set(xlim=(0, 1.25 * most), ylim=(len(names) - 0.45, -0.55), xlabel="rows")
        counting(ax.xaxis)
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        if len(counts) > 1:
            beside(ax, handles, [words(name, 18) for name in counts])


@dataclass(eq=False, repr=False)
class HistogramsDisplay(Display):
    """How the values of columns are distributed, in all rows or class by class.

    Attributes
    ----------
    names : list of str
        Of the panels.
    edges : list of (B + 1,) arrays
    counts : list of (C, B) arrays
        Rows in each bin, of each of ``classes``, or (1, B) of all.
    classes : (C,) array or None
    total : int
        Columns that X has.
    rows : int
    missing : list of int
        Of each panel the rows without a finite number, which are in no bin.
    """

    names: list[str]
    edges: list[np.ndarray]
    counts: list[np.ndarray]
    classes: np.ndarray | None
    total: int
    rows: int
    missing: list[int]

    @classmethod
    def from_rows(cls, X: Any, y: Any = None, *, columns: Any = None, bins: int = 30, ax: Any = None) -> Self:
        """Of rows.

        Parameters
        ----------
        X : (n, p) array, sparse matrix, data frame or tensor, or (n,) a single column
        y : (n,) labels, optional
            Draw each class by itself; of more than six classes all rows together are drawn.
        columns : list of names or positions, optional
            By default the first twelve.
        bins : int, default=30
        ax : matplotlib Axes, or one for each panel, optional

        Raises
        ------
        InputError
            Also for a column that there is not.
        """
        single = np.ndim(X) == 1
        rows = read(np.asarray(X)[:, None] if single else X, y)
        if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or not 1 <= bins <= 1000:
            raise InputError(f"bins must be a whole number from 1 to 1000, but is {bins!r}")
        shown = chosen(columns, rows.names) if columns is not None else list(range(min(len(rows.names), MOST_PANELS)))
        if not 0 < len(shown) <= MOST_PANELS:
            raise InputError(f"columns has {len(shown)} entries; pass 1 to {MOST_PANELS}")
        classes = None if rows.y is None else classes_among(rows.y)
        classes = classes if classes is not None and len(classes) <= LINES else None
        members = [slice(None)] if classes is None else [rows.y == label for label in classes]
        edges, counts, missing = [], [], []
        for j in shown:
            column = of_column(rows.X, j)
            known = np.isfinite(column)
            missing.append(int((~known).sum()))
            edges.append(np.histogram_bin_edges(column[known], bins))
            column = np.where(known, column, edges[-1][0] - 1)  # left of all bins
            counts.append(np.array([np.histogram(column[mine], edges[-1])[0] for mine in members]))
        names = [str(getattr(X, "name", None) or "values")] if single else [rows.names[j] for j in shown]
        return cls(names, edges, counts, classes, len(rows.names), rows.X.shape[0], missing).plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        told = []
        for name, edges, counts, missing in zip(self.names, self.edges, self.counts, self.missing, strict=True):
            peak = int(counts.sum(axis=0).argmax())
            span = f"{number(edges[0])} to {number(edges[-1])}, most between {number(edges[peak])} and {number(edges[peak + 1])}"
            told.append(f"{spoken(name, 40)} {span}" + (f", {missing:,} missing" if missing else ""))
        by = f" by class ({', '.join(spoken(label, 30) for label in self.classes)})" if self.classes is not None else ""
        shown = f"{len(self.names)} of {self.total} columns" if self.total > len(self.names) else f"{self.total} columns"
        return f"Histograms of {shown}{by}, {self.rows:,} rows: {'; '.join(told)}."

    @property
    def layout(self) -> Layout:
        """Rows of four."""
        columns = min(len(self.names), PANELS_IN_A_ROW)
        rows = -(-len(self.names) // columns)
        return Layout(rows=rows, columns=columns, width=2.6 * columns + 1.4, height=2.0 * rows + 0.5)

    def draw(self, axes: list[Any]) -> None:
        """Classes are outlines that differ in colour and dashes."""
        handles: list[Any] = []
        for ax, name, edges, counts, missing in zip(axes, self.names, self.edges, self.counts, self.missing, strict=False):
            for i, values in enumerate(counts):
                style = {"color": COLOURS[i], "linestyle": DASHES[i], "linewidth": 1.3}
                ax.stairs(values, edges, fill=True, color=COLOURS[i], alpha=0.7 if len(counts) == 1 else 0.15, linewidth=0)
                handles.append(ax.stairs(values, edges, **style if len(counts) > 1 else {"color": INK, "linewidth": 0.5}))
            ax.set_title(words(name, 26) if not missing else f"{words(name, 18)}, {missing:,} missing", fontsize=9.5)
            ax.locator_params(axis="x", nbins=4)
            counting(ax.yaxis)
        for ax in axes[len(self.names) :]:
            ax.set_axis_off()
        columns = self.layout.columns
        for ax in axes[::columns]:
            ax.set_ylabel("rows")
        if self.classes is not None:
            beside(
                axes[min(columns, len(self.names)) - 1], handles[: len(self.classes)], [words(label, 18) for label in self.classes]
            )


@dataclass(eq=False, repr=False)
class ScatterDisplay(Display):
    """Two columns against each other, each class in its colour and marker.

    Attributes
    ----------
    X : (m, 2) array
        What is drawn: all rows, or 5,000 of more.
    codes : (m,) array
        Position of the label among ``classes``.
    classes : (K,) array
    names : tuple of str
    total : int
        Rows that were given.
    """

    X: np.ndarray
    codes: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]
    total: int

    @classmethod
    def from_rows(cls, X: Any, y: Any, *, columns: Any = (0, 1), ax: Any = None) -> Self:
        """Of rows.

        Parameters
        ----------
        X : (n, p) array, sparse matrix, data frame or tensor
        y : (n,) labels
        columns : two names or positions, default=(0, 1)
        ax : matplotlib Axes, optional
        """
        rows = read(X, y)
        shown = chosen(columns, rows.names)
        if len(shown) != 2 or rows.y is None:
            raise InputError(f"columns has {len(shown)} entries; pass two names or positions, and y")
        classes, kept = classes_among(rows.y), sample(len(rows.y))
        values = np.column_stack([of_column(rows.X, j)[kept] for j in shown])
        codes = np.searchsorted(classes, rows.y[kept])
        return cls(values, codes, classes, tuple(rows.names[j] for j in shown), len(rows.y)).plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        middle = []
        for k in range(min(len(self.classes), TOLD)):
            mine = self.X[self.codes == k]
            if len(mine):
                x, y = np.median(mine, axis=0)
                middle.append(f"{spoken(self.classes[k])} ({number(x)}, {number(y)})")
        about = f"{spoken(self.names[0])} and {spoken(self.names[1])}"
        return f"Scatter of {about}, {said(self.total)}. Medians: {', '.join(middle)}."

    @property
    def layout(self) -> Layout:
        """With room for a legend."""
        return Layout(width=5.6, height=4.0)

    def draw(self, axes: list[Any]) -> None:
        """Classes differ in colour and marker."""
        (ax,), paint = axes, colours(len(self.classes))
        draw_points(ax, self.X, self.codes, paint)
        ax.set(xlabel=words(self.names[0], 40), ylabel=words(self.names[1], 40))
        ax.set_title(said(self.total))
        class_legend(ax, self.classes, paint)
