"""What all figures share: numbers that are kept, axes that are given or made, an alternative text, a file."""

from __future__ import annotations

import io
import re
import sys
from abc import ABC, abstractmethod
from html import escape
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from ...errors import InputError
from .look import dress, look

SUFFIXES = (".svg", ".png", ".pdf")


class Layout(NamedTuple):
    """Axes in rows and columns, the size of a figure made for them in inches, and the heights of the rows to each other."""

    rows: int = 1
    columns: int = 1
    width: float = 6.0
    height: float = 4.0
    heights: tuple[float, ...] | None = None
    share: bool = False  # the axis along x


class Display(ABC):
    """The numbers of a figure, and how to draw them.

    As in scikit-learn, class methods ``from_...`` make one and draw it, fields keep what was drawn, and :meth:`plot` draws again.
    Without ``ax`` the figure is one of pyplot where pyplot is loaded, so that ``plt.show()`` and ``plt.savefig`` work on it;
    otherwise it is nobody's but the display's, and no list of open figures grows.

    Attributes
    ----------
    ax_, axes_, figure_
        Of the last drawing: the first axes, all of them (array), and their figure.
    """

    ax_: Any
    axes_: np.ndarray
    figure_: Any
    _own: bool  # whether the figure was made for it

    @property
    @abstractmethod
    def alt(self) -> str:
        """The figure in words, with its most important numbers: for those who cannot see it."""

    @property
    def layout(self) -> Layout:
        """The axes that the figure needs."""
        return Layout()

    @abstractmethod
    def draw(self, axes: list[Any]) -> None:
        """Draw on as many axes as :attr:`layout` asks for."""

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, optional
            Where to draw. A figure of several panels divides one, or takes as many as it has panels. By default a new figure.

        Raises
        ------
        InputError
            Where Matplotlib is missing, or the number of axes is wrong.
        """
        with look():
            axes = self._made() if ax is None else self._given(ax)
            self._own = ax is None
            for one in axes:
                dress(one)
            self.axes_, self.ax_, self.figure_ = np.array(axes, dtype=object), axes[0], axes[0].figure
            self.draw(axes)
        return self

    def save(self, path: str | Path) -> None:
        """Write the whole figure as SVG, PNG or PDF, by the suffix; the same numbers make the same bytes."""
        target = Path(path)
        if target.suffix.lower() not in SUFFIXES:
            raise InputError(f"path={str(path)!r} must end in {', '.join(SUFFIXES)}")
        target.write_bytes(self._bytes(target.suffix.lower()[1:]))

    def svg(self, prefix: str = "") -> str:
        """The figure as an SVG element for a page, with its alternative text; ``prefix`` keeps names of several apart."""
        text = self._bytes("svg").decode()
        text = text[text.index("<svg") :]
        if prefix:
            text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{escape(prefix)}", text)
        return text.replace("<svg ", f'<svg role="img" aria-label="{escape(self.alt)}" ', 1)

    def show(self) -> None:
        """Open a window, or show the figure in a notebook."""
        import matplotlib.pyplot as plt

        if self.figure_.canvas.manager is None:
            self.plot()
        plt.show()  # type: ignore[no-untyped-call,unused-ignore]

    def _bytes(self, kind: str) -> bytes:
        title = f"{type(self).__name__.removesuffix('Display')}: {self.alt}"
        about: dict[str, dict[str, Any]] = {
            "svg": {"Title": self.alt, "Description": title, "Date": None, "Creator": "logistic"},
            "png": {"Title": title, "Description": self.alt, "Software": "logistic"},
            "pdf": {"Title": title, "Subject": self.alt, "CreationDate": None, "Creator": "logistic", "Producer": "logistic"},
        }
        file = io.BytesIO()
        with look():
            figure = self.figure_.canvas.figure  # not the part of a figure that the axes may be in
            for ax in self.axes_ if self._own else ():
                ax.set_subplotspec(ax.get_subplotspec())  # the layout begins anew, not where the last drawing left it
            figure.savefig(file, format=kind, metadata=about[kind], **({"dpi": 150} if kind == "png" else {}))
        return file.getvalue()

    def _repr_png_(self) -> bytes | None:
        """For a notebook, which shows the figures of pyplot by itself."""
        return self._bytes("png") if hasattr(self, "figure_") and self.figure_.canvas.manager is None else None

    def __repr__(self) -> str:
        """The alternative text."""
        return f"<{type(self).__name__}: {self.alt}>"

    def _made(self) -> list[Any]:
        """Axes in a figure of their own."""
        size = {"figsize": (self.layout.width, self.layout.height), "layout": "constrained"}
        if "matplotlib.pyplot" in sys.modules:
            figure = sys.modules["matplotlib.pyplot"].figure(**size)
        else:
            from matplotlib.figure import Figure

            figure = Figure(**size)  # type: ignore[arg-type]
        figure.get_layout_engine().set(w_pad=0.07, h_pad=0.07)
        rows, columns, *_, heights, share = self.layout
        made = figure.subplots(rows, columns, squeeze=False, height_ratios=heights, sharex="col" if share else False)
        return list(made.ravel())

    def _given(self, ax: Any) -> list[Any]:
        """The caller's axes."""
        rows, columns, *_, heights, share = self.layout
        axes = list(np.ravel(np.array(ax, dtype=object)))
        if len(axes) == rows * columns:
            return axes
        if len(axes) > 1 or axes[0].get_subplotspec() is None:
            needed = f"{rows * columns} axes, one for each panel"
            raise InputError(f"ax must be {needed}{', or one made by subplots' if len(axes) == 1 else ''}, but has {len(axes)}")
        place = axes[0].get_subplotspec().subgridspec(rows, columns, height_ratios=heights)
        axes[0].set_axis_off()
        made: list[Any] = []
        for cell in place:
            made.append(axes[0].figure.add_subplot(cell, sharex=made[0] if share and made else None))
        return made
