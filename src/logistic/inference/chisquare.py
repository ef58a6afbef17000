"""A test against the chi-square distribution: statistic, degrees of freedom, p, and log p where p itself would underflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import listed
from ..outcome import Statistics
from . import tails

SAME = 1e-9  # relative difference of what is equal but for rounding


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
        """Natural logarithm of :attr:`p`, also where p is zero in float64."""
        return tails.chi2(self.statistic, self.df)[1]

    @property
    def p(self) -> float:
        """Probability of a statistic as large as this one, were the hypotheses true."""
        return tails.chi2(self.statistic, self.df)[0]

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
        found = f"chi2({self.df}) = {self.statistic:.6g}, p = {tails.text(self.p, self.log_p)}"
        from ..outputs.text import printable

        lines = [f"{self.kind[0].upper()}{self.kind[1:]} test: {found}", f"  of           {printable(listed(self.hypotheses))}"]
        lines.append(f"  by           {self.basis}")
        return "\n".join([*lines, *([f"  note         {self.note}"] if self.note else [])])

    __repr__ = __str__


def cautions(statistics: Statistics, total: float, robust: bool) -> list[str]:
    """What tests of likelihoods take for granted, where the rows say otherwise.

    Parameters
    ----------
    statistics : Statistics
        Of the rows.
    total : float
        Sum of their weights.
    robust : bool
        Whether somebody asked for a robust covariance of them.
    """
    notes = []
    if robust:
        notes.append("the likelihood takes observations as independent; the robust covariance has no part in it")
    if statistics.effective < statistics.count * (1 - SAME) or abs(total - statistics.count) > statistics.count * SAME:
        notes.append(
            f"the likelihood takes a weight of 2 for two observations; weights sum to {total:,.6g} over {statistics.count:,.0f}"
        )
    return notes
