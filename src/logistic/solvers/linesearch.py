"""A step length on a line, by the slope alone wherever the function is convex."""

from __future__ import annotations

import math

from ..contracts import Line

FLAT = 0.9  # accept once the slope has lost a tenth of its size, as quasi-Newton methods ask
TRIALS = 60


def search(line: Line, value: float, slope: float, first: float = 1.0) -> float | None:
    """A t > 0 with |slope(t)| <= 0.9 |slope(0)| and no higher value (to rounding), or None where no step helps.

    The slope of a convex function rises along the line, so its sign brackets the minimum; it stays exact where values of the
    function can no longer be told apart (Hager and Zhang, 2005). Values guard only against functions that are not convex.

    Parameters
    ----------
    line : Line
    value, slope : float
        At t = 0; the slope must be negative.
    first : float
        The first trial.
    """
    if not slope < 0:
        return None
    ceiling = value + 8 * line.eps * abs(value)
    low, low_slope, high, high_slope = 0.0, slope, math.inf, math.nan
    t = first
    for _ in range(TRIALS):
        reached, rise = line(t)
        sound = math.isfinite(reached) and math.isfinite(rise) and reached <= ceiling
        if sound and abs(rise) <= FLAT * abs(slope):
            return t
        if sound and rise < 0:
            low, low_slope = t, rise
        else:
            high, high_slope = t, rise if sound else math.nan
        t = _next(low, low_slope, high, high_slope)
        if t <= low or t >= high:
            break
    return low if low > 0 else None


def _next(low: float, low_slope: float, high: float, high_slope: float) -> float:
    """Secant of the slopes inside a bracket, kept off its ends; doubling while there is no upper end."""
    if math.isinf(high):
        return 4 * low
    width = high - low
    if math.isnan(high_slope):
        return low + 0.25 * width
    secant = low - low_slope * width / (high_slope - low_slope)
    return min(max(secant, low + 0.1 * width), high - 0.1 * width)
