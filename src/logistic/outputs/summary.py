"""The summary of a model: what was minimised, how well, and the coefficients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..contracts import Status
from ..model import Model


class Summary:
    """A model as a table. ``str()`` gives text for a terminal, :meth:`to_dict` plain data.

    Parameters
    ----------
    model : Model
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def names(self) -> tuple[str, ...]:
        """Row labels of the coefficient table: the columns, then the intercept."""
        return feature_names(self.model)

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text, as numbers, text and lists that JSON can hold (infinities as text)."""
        m, c = self.model, self.model.certificate
        return {
            "classes": m.classes.tolist(),
            "rows": m.rows,
            "total_weight": m.total,
            "penalty": str(m.penalty),
            "solver": m.solver,
            "n_iter": m.n_iter,
            "status": c.status.word,
            "advice": c.status.value,
            "certified": c.status.certified,
            "objective": plain(c.value),
            "gap": plain(c.gap),
            "kind": c.kind,
            "columns": [self.names[j] for j in c.columns],
            "coefficients": {
                label: dict(zip((*self.names, "intercept"), map(float, (*row, b)), strict=True))
                for label, row, b in zip(self._headings(), m.coef, m.intercept, strict=True)
            },
        }

    def __str__(self) -> str:
        """The summary as text."""
        m = self.model
        lines = [
            f"Logistic regression of {len(m.classes)} classes on {len(self.names)} columns, {m.rows:,} rows"
            + ("" if m.total == m.rows else f", total weight {m.total:,.6g}"),
            f"  objective    mean log loss, {m.penalty}",
            f"  solver       {m.solver}; {m.n_iter} iterations",
            *(f"  {line}" for line in certificate_lines(m)),
            "",
            *self._table(),
        ]
        return "\n".join(lines)

    def _headings(self) -> list[str]:
        labels = [str(label) for label in self.model.classes]
        return [f"{labels[1]} against {labels[0]}"] if len(labels) == 2 else labels

    def _table(self) -> list[str]:
        m = self.model
        numbers = np.column_stack([m.coef, m.intercept]).T  # (p + 1, M)
        headings = self._headings()
        if len(m.classes) == 2:
            headings = ["coefficient", "odds ratio"]
            with np.errstate(over="ignore"):
                numbers = np.column_stack([numbers, np.exp(numbers)])
        cells = [["", *headings]]
        cells += [[name, *(f"{x:.6g}" for x in row)] for name, row in zip((*self.names, "intercept"), numbers, strict=True)]
        widths = [min(max(len(row[i]) for row in cells), 40) for i in range(len(cells[0]))]
        lines = []
        for row in cells:
            first, *rest = (_clip(cell, width) for cell, width in zip(row, widths, strict=True))
            lines.append(
                "  ".join([first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(rest, widths[1:], strict=True))]).rstrip()
            )
        if len(m.classes) == 2:
            lines[0] = lines[0].rstrip()
            lines.insert(0, f"log-odds of {self._headings()[0]}, in the units of the data")
        else:
            lines.insert(0, "logits by class (they sum to zero over the classes), in the units of the data")
        return lines


def feature_names(model: Model) -> tuple[str, ...]:
    """The model's columns by name, x0, x1, ... where the data had none."""
    return model.features or tuple(f"x{j}" for j in range(model.coef.shape[1]))


def certificate_lines(model: Model) -> list[str]:
    """Two or three lines: how the fit ended, what is certified, and which columns that concerns."""
    c = model.certificate
    lines = [f"status       {c.status.word}: {c.status.value}"]
    if c.columns:
        names = feature_names(model)
        what = "aliased" if c.status is Status.RANK_DEFICIENT else "separating"
        shown = ", ".join(names[j] for j in c.columns[:10])
        lines.append(f"{what:<12} {shown}" + (f" and {len(c.columns) - 10} more" if len(c.columns) > 10 else ""))
    known = f"F - min F <= {c.gap:.1e} ({c.kind})" if math.isfinite(c.gap) else "no bound on F - min F"
    if c.kind == "estimate":
        known = f"F - min F about {c.gap:.1e} (estimate)"
    lines.append(f"certificate  F = {c.value:.10g}, {known}")
    return lines


def plain(value: float) -> float | str:
    """A float, or its name where JSON has none."""
    return value if math.isfinite(value) else repr(value)


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
