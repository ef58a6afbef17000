"""Figures and numbers as sections put them down."""

from __future__ import annotations

import sys

import numpy as np

from ...plots import Display
from ..document import Figure


def drawn(caption: str, display: Display) -> Figure:
    """A display on the page; a notebook that shows all open figures of pyplot is not to show it once more."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(display.figure_)
    return Figure(caption, display)


def whole(values: np.ndarray) -> np.ndarray:
    """Numbers as integers, if all of them are."""
    known = values.dtype.kind == "f" and len(values) > 0 and np.isfinite(values).all() and (values % 1 == 0).all()
    return values.astype(np.int64) if known and abs(values).max() < 2**53 else values
