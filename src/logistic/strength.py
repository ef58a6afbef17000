"""What was added to the loss, in the words that every table and file uses."""

from __future__ import annotations

from dataclasses import dataclass

FIRTH = "Firth's bias reduction (Jeffreys penalty)"


def penalty_name(l1_ratio: float) -> str:
    """L2, L1, or elastic net with its share of L1."""
    return {0.0: "L2", 1.0: "L1"}.get(float(l1_ratio), f"elastic net (l1_ratio={l1_ratio:.6g})")


@dataclass(frozen=True)
class Strength:
    """The penalty that was used: alpha against the mean loss, which is C against the summed one; in which units.

    Attributes
    ----------
    alpha : float
        0 for none; the objective is mean weighted loss + alpha / 2 * sum of squared coefficients.
    C : float
        1 / (alpha * total weight); inf for no penalty.
    standardized : bool
        Whether the coefficients of standardised columns were penalised rather than those in the units of the data.
    l1_ratio : float
        Share of the L1 penalty: alpha * (l1_ratio * sum of absolute coefficients + (1 - l1_ratio) / 2 * sum of squares).
    bias : str or None
        ``firth`` where half the log determinant of the information was added to the log-likelihood; ``alpha`` is 0 then.
    """

    alpha: float
    C: float
    standardized: bool
    l1_ratio: float = 0.0
    bias: str | None = None

    def __str__(self) -> str:
        """The penalty in words."""
        if self.bias is not None:
            return FIRTH
        if self.alpha == 0:
            return "no penalty (maximum likelihood)"
        units = "standardised columns" if self.standardized else "the units of the data"
        return f"{penalty_name(self.l1_ratio)} penalty, C={self.C:.6g} (alpha={self.alpha:.6g}), on coefficients in {units}"
