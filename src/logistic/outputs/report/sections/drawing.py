"""Figures and numbers as sections put them down."""

from __future__ import annotations

import sys

from ...plots import Display
from ..document import Figure


def drawn(caption: str, display: Display) -> Figure:
    """A display on the page; a notebook that shows all open figures of pyplot is not to show it once more."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(display.figure_)
    return Figure(caption, display)


def share(value: float) -> str:
    """A share as per cent, never 0 or 100 unless it is."""
    return f"{value:.0%}" if value in (0, 1) else f"{value:.1%}" if 0.001 <= value <= 0.999 else f"{value:.4%}"
