"""A test against the chi-square distribution: statistic, degrees of freedom, p, and log p where p itself would underflow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import listed

TERMS = 10_000  # of a continued fraction that needs a few dozen
TINY = 1e-200  # p below which log p is computed by itself
SETTLED = 1e-15


@dataclass(frozen=True)
class ChiSquareTest:
    """What a test found. ``str()`` gives text, :attr:`table` a row for a data frame.

    Attributes
    ----------
    kind : str
        ``Wald``, ``likelihood ratio`` or ``score``.
    hypotheses : tuple of str
        What is tested, all of it together.
    statistic : float
        Chi-square distributed in large samples, if the hypotheses are true.
    df : int
        Degrees of freedom: how many of the hypotheses are independent.
    basis : str
        The covariance or the likelihood that it rests on.
    note : str
        What else a reader must know; often empty.
    """

    kind: str
    hypotheses: tuple[str, ...]
    statistic: float
    df: int
    basis: str
    note: str = ""

    @property
    def log_p(self) -> float:
        """Natural logarithm of :attr:`p`, to full precision also where p is zero in float64."""
        return log_tail(self.statistic, self.df)

    @property
    def p(self) -> float:
        """Probability of a statistic as large as this one, were the hypotheses true."""
        return math.exp(self.log_p)

    @property
    def table(self) -> dict[str, np.ndarray]:
        """One row, as columns: ``pandas.DataFrame(test.table)``."""
        return {name: np.array([value]) for name, value in self.to_dict().items() if name not in ("hypotheses", "note", "basis")}

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text."""
        return {
            "test": self.kind,
            "hypotheses": list(self.hypotheses),
            "statistic": self.statistic,
            "df": self.df,
            "p": self.p,
            "log_p": self.log_p,
            "basis": self.basis,
            "note": self.note,
        }

    def __str__(self) -> str:
        """The test in two or three lines."""
        found = f"chi2({self.df}) = {self.statistic:.6g}, p {p_in_words(self.log_p)}"
        lines = [f"{self.kind[0].upper()}{self.kind[1:]} test: {found}", f"  of           {listed(self.hypotheses)}"]
        lines.append(f"  by           {self.basis}")
        return "\n".join([*lines, *([f"  note         {self.note}"] if self.note else [])])

    __repr__ = __str__


def log_tail(statistic: float, df: int) -> float:
    """Logarithm of the probability that chi-square with ``df`` degrees of freedom is above ``statistic``.

    Parameters
    ----------
    statistic : float
        At least 0.
    df : int
        At least 1.
    """
    from scipy.special import gammainc, gammaincc, gammaln

    a, x = df / 2, statistic / 2
    if math.isnan(x) or x == math.inf:
        return -x
    p = float(gammaincc(a, x))
    if p > 0.5:
        return math.log1p(-float(gammainc(a, x)))
    if p > TINY:
        return math.log(p)
    return -x + a * math.log(x) - float(gammaln(a)) + math.log(_fraction(a, x))


def _fraction(a: float, x: float) -> float:
    """Upper incomplete gamma function over exp(-x) x^a: Legendre's continued fraction, by Lentz's method, for x well above a."""
    b = x + 1 - a
    c, d = 1e300, 1 / b
    found = d
    for i in range(1, TERMS):
        up, b = -i * (i - a), b + 2
        d = 1 / (up * d + b)
        c = b + up / c
        found *= c * d
        if abs(c * d - 1) <= SETTLED:
            break
    return found


def p_in_words(log_p: float) -> str:
    """``= 0.0123`` or ``= 3.2e-412``, written from the logarithm where float64 holds no such number."""
    if log_p > math.log(1e-300) or math.isnan(log_p) or log_p == -math.inf:
        return f"= {math.exp(log_p):.4g}"
    exponent = math.floor(log_p / math.log(10))
    return f"= {math.exp(log_p - exponent * math.log(10)):.3g}e{exponent}"
