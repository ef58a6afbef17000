"""What a person reads of a linear regression: its table, and how good its predictions are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..plane import Plane, rounded
from .text import aligned, counted, plain, printable

MOST_LABELS = 20  # different whole numbers that may be numbers of classes


@dataclass(frozen=True)
class Errors:
    """How far predicted numbers are from the true ones. ``str()`` gives text, :meth:`to_dict` plain data.

    Attributes
    ----------
    rows : int
    total : float
        Sum of the weights; ``rows`` where there are none.
    mean_squared, mean_absolute : float
        Weighted means of the squared and of the absolute error.
    r_squared : float
        1 less the share of the variance that is left; NaN where the true numbers do not vary.
    accuracy : float
        Where the true numbers are a few whole ones: share of the weight whose prediction, rounded to the nearest of them, is
        right; else NaN.
    """

    rows: int
    total: float
    mean_squared: float
    mean_absolute: float
    r_squared: float
    accuracy: float

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text; NaN as text."""
        return {
            "rows": self.rows,
            "total_weight": self.total,
            "mean_squared_error": self.mean_squared,
            "mean_absolute_error": self.mean_absolute,
            "r_squared": plain(self.r_squared),
            "accuracy_of_rounded": plain(self.accuracy),
        }

    def __str__(self) -> str:
        """The numbers as text."""
        cells = [["mean squared error", f"{self.mean_squared:.6g}"], ["mean absolute error", f"{self.mean_absolute:.6g}"]]
        cells.append(["R squared", f"{self.r_squared:.6g}"])
        if not np.isnan(self.accuracy):
            cells.append(["accuracy when rounded", f"{self.accuracy:.4f}"])
        weight = "" if self.total == self.rows else f", total weight {self.total:,.6g}"
        return "\n".join([f"Predictions of a number for {counted(self.rows, 'row')}{weight}", "", *aligned(cells)])


def errors(predicted: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> Errors:
    """How far predicted numbers (n,) are from the true ones (n,), rows weighted by ``weight`` (n,)."""
    weights = np.ones(len(y)) if weight is None else weight
    off = np.asarray(predicted, dtype=np.float64) - y
    squared = float(np.average(off**2, weights=weights))
    variance = float(np.average((y - np.average(y, weights=weights)) ** 2, weights=weights))
    labels = np.unique(y)
    accuracy = np.nan
    if len(labels) <= MOST_LABELS and (y % 1 == 0).all():
        accuracy = float(np.average(rounded(predicted, labels) == y, weights=weights))
    return Errors(
        rows=len(y),
        total=float(weights.sum()),
        mean_squared=squared,
        mean_absolute=float(np.average(abs(off), weights=weights)),
        r_squared=1 - squared / variance if variance > 0 else np.nan,
        accuracy=accuracy,
    )


class PlaneSummary:
    """A linear regression as a table. ``str()`` gives text for a terminal, :meth:`to_dict` plain data.

    Parameters
    ----------
    plane : Plane
    """

    def __init__(self, plane: Plane) -> None:
        self.plane = plane

    @property
    def names(self) -> tuple[str, ...]:
        """The columns by name, x0, x1, ... where the data had none."""
        return self.plane.features or tuple(f"x{j}" for j in range(len(self.plane.coef)))

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text."""
        return {
            "kind": "linear regression",
            "rows": self.plane.rows,
            "solver": self.plane.solver,
            "n_iter": self.plane.n_iter,
            "coefficients": dict(zip(self.names, self.plane.coef.tolist(), strict=True)),
            "intercept": self.plane.intercept,
        }

    def __str__(self) -> str:
        """The summary as text."""
        plane = self.plane
        values = [*plane.coef.tolist(), plane.intercept]
        rows = zip((*map(printable, self.names), "intercept"), values, strict=True)
        cells = [["", "coefficient"], *([name, f"{value:.6g}"] for name, value in rows)]
        return "\n".join(
            [
                f"Linear regression on {counted(len(self.names), 'column')}, {counted(plane.rows, 'row')}",
                "  objective    mean squared error, no penalty",
                f"  solver       {plane.solver}; {counted(plane.n_iter, 'iteration')}",
                "",
                "in the units of the data",
                *aligned(cells),
            ]
        )
