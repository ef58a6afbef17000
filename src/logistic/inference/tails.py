"""How unlikely a statistic is: probabilities of tails, and their logarithms where float64 has no number so small."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

TINY = 1e-290  # below it the logarithm comes from an expansion
TERMS = 200  # of a continued fraction; a few are enough so far out


def normal(z: Any) -> tuple[np.ndarray, np.ndarray]:
    """The probability of a standard normal number of at least the size of z, on both sides, and its logarithm."""
    from scipy.special import log_ndtr

    log_p = np.minimum(log_ndtr(-abs(np.asarray(z, dtype=np.float64))) + math.log(2), 0.0)
    return np.exp(log_p), log_p


def quantile(level: float) -> float:
    """Where a standard normal number lies within plus and minus it with probability ``level``."""
    from scipy.special import ndtri

    return float(-ndtri((1 - level) / 2))


def chi2(statistic: float, df: int) -> tuple[float, float]:
    """The probability of a chi-squared number of ``df`` degrees of freedom that is at least the statistic, and its logarithm."""
    if math.isnan(statistic) or df < 0:
        return math.nan, math.nan
    if df == 0:
        return float(statistic <= 0), 0.0 if statistic <= 0 else -math.inf
    from scipy.special import gammaincc

    p = float(gammaincc(df / 2, max(statistic, 0.0) / 2))
    return p, math.log(p) if p > TINY else _log_gammaincc(df / 2, statistic / 2)


def _log_gammaincc(a: float, x: float) -> float:
    """Logarithm of Q(a, x) for x far above a, by Legendre's continued fraction (DLMF 8.9.2), from its end."""
    fraction = 0.0
    for k in range(TERMS, 0, -1):
        fraction = k * (k - a) / (x + 2 * k + 1 - a - fraction)
    return a * math.log(x) - x - math.lgamma(a) - math.log(x + 1 - a - fraction)


def chi2_quantile(level: float, df: int) -> float:
    """What a chi-squared number of ``df`` degrees of freedom exceeds with probability 1 - ``level``."""
    from scipy.special import gammainccinv

    return float(2 * gammainccinv(df / 2, 1 - level))


def text(p: float, log_p: float, digits: int = 3) -> str:
    """A probability as text, however small."""
    if math.isnan(p) or math.isnan(log_p):
        return ""
    if p > TINY or log_p == -math.inf:
        return f"{p:.{digits}g}"
    exponent = math.floor(log_p / math.log(10))
    return f"{math.exp(log_p - exponent * math.log(10)):.{digits - 1}f}e{exponent}"
