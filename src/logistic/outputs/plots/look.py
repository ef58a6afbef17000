"""One look for all figures: colours that the colour-blind tell apart and that differ in grey, words that cannot break a figure."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...errors import missing
from ..text import clip, printable

# Okabe and Ito's colours, those first that differ most in lightness from their neighbours; yellow, weak on white, is last.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)), (0, (9, 3)))
HATCHES = ("", "///", "|||", "\\\\\\", "xxx", "---", "+++", "//")
INK, GREY, PALE = "#222222", "#767676", "#d9d9d9"
SIGNED = ("#08306b", "#3f78b5", "#a6a6a6", "#f2b35e", "#fff3c4")  # below, at and above zero: also ever lighter, for grey
MISSING, MINUS, EMPTY = "□", "\N{MINUS SIGN}", "(empty)"

# On top of Matplotlib's defaults, whatever the user has set: the same numbers make the same figure.
FAMILIES = frozenset(
    {"axes", "contour", "errorbar", "figure", "font", "grid", "hatch", "image", "legend", "lines", "mathtext", "patch", "path"}
    | {"savefig", "scatter", "svg", "text", "xaxis", "xtick", "yaxis", "ytick"}
)
USERS = ("figure.max_open_warning", "figure.raise_window", "figure.hooks", "savefig.directory", "svg.image_inline")
LOOK = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.formatter.useoffset": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "hatch.linewidth": 0.6,
    "image.interpolation": "nearest",
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.markersize": 5,
    "mathtext.default": "regular",
    "svg.hashsalt": "logistic",
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


def needs_matplotlib() -> Any:
    """Matplotlib.

    Raises
    ------
    InputError
        Where it is not installed, saying how to get it.
    """
    try:
        import matplotlib
    except ImportError:
        raise missing("figures need", "matplotlib", "report") from None
    return matplotlib


@contextmanager
def look() -> Iterator[None]:
    """Inside, Matplotlib draws in our look; afterwards its settings are the user's again."""
    matplotlib = needs_matplotlib()
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key.split(".")[0] in FAMILIES}
    settings = {key: value for key, value in {**defaults, **LOOK}.items() if key not in USERS}
    with matplotlib.rc_context({**settings, "font.family": list(_families())}):
        yield


def dress(ax: Any) -> None:
    """Axes of the caller's, and ticks that are made after the look ended, as in :data:`LOOK`."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(edgecolor=GREY, linewidth=0.8)
    ax.tick_params(which="both", labelsize=9, length=3, width=0.8, color=GREY, labelcolor=INK)
    ax.tick_params(which="minor", length=0)


def words(text: Any, width: int = 24) -> str:
    """Any text as one short line that is drawn as it is: no mathematics, no line breaks, no characters that the font lacks."""
    known = _glyphs(_families())
    shown = "".join(c if ord(c) in known else MISSING for c in spoken(text, width))
    return (" " if shown.startswith("_") else "") + shown.replace("$", r"\$")  # a legend leaves out what begins with _


def spoken(text: Any, width: int = 60) -> str:
    """Any text as one line of an alternative text, which no font restricts."""
    return clip(printable(str(text)), width) if str(text).strip() else EMPTY


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, a true minus, and no exponent where there need be none."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: f"{MINUS}∞"}.get(value, "?")
    if 10**digits <= abs(value) < 1e6:
        return f"{value:,.0f}".replace("-", MINUS)
    return f"{value:.{digits}g}".replace("-", MINUS)


MANY = 1e15  # from which not every digit of a sum is shown, nor known


def amount(value: float) -> str:
    """Rows, or a weight."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < MANY else f"{value:,.6g}"


def counting(axis: Any) -> None:
    """Ticks of an axis of rows: few, whole, with their thousands apart."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def percent(share: float) -> str:
    """A share as per cent: whole ones from 1 to 99, more digits where they matter."""
    if not math.isfinite(share):
        return "undefined"
    return f"{share:.0%}" if share in (0, 1) or 0.01 <= share <= 0.99 else f"{share:.1%}"


def colours(count: int) -> list[Any]:
    """So many colours: Okabe and Ito's up to eight, then steps of viridis."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    viridis = needs_matplotlib().colormaps["viridis"]
    return [viridis(x) for x in np.linspace(0, 0.95, count)]


def signed_map() -> Any:
    """Colours of numbers below and above zero: blue, grey, yellow, and in grey dark, middle, light."""
    needs_matplotlib()
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", SIGNED)


def legend(ax: Any, handles: list[Any], labels: list[str], where: str = "best") -> None:
    """A legend in the look; nothing for no entries."""
    if handles:
        paper: dict[str, Any] = {"frameon": True, "framealpha": 0.85, "edgecolor": "none", "borderpad": 0.2}
        ax.legend(handles, labels, loc=where, handlelength=2.6, borderaxespad=0.3, labelspacing=0.35, **paper)


def beside(ax: Any, handles: list[Any], labels: list[str]) -> None:
    """A legend to the right of the axes, where it covers nothing."""
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
    ax.legend(handles, labels, handlelength=2.6, labelspacing=0.35, ncols=1 + (len(labels) - 1) // 16, **place)


def _families() -> tuple[str, ...]:
    """Matplotlib's own font, then what the user has set for letters that it lacks."""
    import matplotlib

    settings: Any = matplotlib.rcParams
    found = ["DejaVu Sans"]
    for family in settings["font.family"]:
        key = f"font.{family}"
        found += settings[key][:1] if key in settings else [family]  # of a generic family its first font
    return tuple(dict.fromkeys(found))


@functools.cache
def _glyphs(families: tuple[str, ...]) -> frozenset[int]:
    """Characters that these fonts can draw, as far as they are installed."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known: set[int] = set()
    for family in families:
        try:
            path = findfont(FontProperties(family=family), fallback_to_default=False)
        except ValueError:
            continue
        known |= set(get_font(path).get_charmap())
    return frozenset(known)
