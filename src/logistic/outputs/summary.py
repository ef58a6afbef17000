"""The summary of a model: what was minimised, how well, and the coefficients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..inference.estimates import feature_names
from ..model import Model
from ..outcome import Limit, Status

MAX_WIDTH = 40  # of a column of the table
VANISHED = "the modified score vanishes to within tol; the problem is not convex, so nothing is proved"
MOST_CLASSES, MOST_COLUMNS = 20, 1000  # in the table; more are only counted


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
            "fingerprint": m.fingerprint,
            "penalty": str(m.penalty),
            "solver": m.solver,
            "n_iter": m.n_iter,
            "status": c.status.word,
            "advice": c.status.value,
            "certified": c.status.certified,
            "nonzero": int((m.coef != 0).sum()),
            "objective": plain(c.value),
            "gap": plain(c.gap),
            "kind": c.kind,
            "columns": [self.names[j] for j in c.columns],
            "limit": None if c.limit is None else self._limit(c.limit),
            "coefficients": {
                label: dict(zip(self.names, map(plain, row.tolist()), strict=True))
                for label, row in zip(self._headings(), m.coef, strict=True)
            },
            "intercept": dict(zip(self._headings(), map(plain, m.intercept.tolist()), strict=True)),
        }

    def __str__(self) -> str:
        """The summary as text."""
        m = self.model
        lines = [
            f"Logistic regression of {len(m.classes)} classes on {_count(len(self.names), 'column')}, {_count(m.rows, 'row')}"
            + ("" if m.total == m.rows else f", total weight {m.total:,.6g}"),
            f"  objective    mean log loss, {m.penalty}",
            *self._sparsity(),
            f"  solver       {m.solver}; {_count(m.n_iter, 'iteration')}",
            *(f"  {line}" for line in certificate_lines(m)),
            "",
            *self._table(),
        ]
        return "\n".join(lines)

    def _limit(self, limit: Limit) -> dict[str, Any]:
        labels = [str(label) for label in self.model.classes]
        against = reference(limit)
        rows = np.asarray(limit.contrasts(against)).tolist()
        names = (*self.names, "intercept")
        return {
            "supremum": limit.supremum,
            "gap": limit.gap,
            "apart": [[labels[k] for k in group] for group in limit.groups],
            "reference": labels[against],
            "coefficients": {
                labels[k]: dict(zip(names, map(tendency, row), strict=False)) for k, row in enumerate(rows) if k != against
            },
        }

    def _sparsity(self) -> list[str]:
        """How many coefficients are not zero, where the penalty makes zeros."""
        coef = self.model.coef
        return [f"  nonzero      {int((coef != 0).sum()):,} of {coef.size:,} coefficients"] if self.model.penalty.l1_ratio else []

    def _headings(self) -> list[str]:
        labels = [str(label) for label in self.model.classes]
        return [f"{labels[1]} against {labels[0]}"] if len(labels) == 2 else labels

    def _table(self) -> list[str]:
        m = self.model
        if len(m.classes) > MOST_CLASSES or len(self.names) > MOST_COLUMNS:
            size = m.coef.size + m.base.size
            return [*self._title(), f"{size:,} coefficients, too many to show; to_dict() (on the command line --json) has them"]
        limit, headings = m.certificate.limit, self._headings()
        numbers = np.column_stack([m.coef, m.intercept]).T  # (p + 1, M)
        if limit is not None:
            against = reference(limit)
            found = np.delete(np.asarray(limit.contrasts(against)).T, against, axis=1)
            numbers = np.pad(found, ((0, len(numbers) - len(found)), (0, 0)))  # without an intercept it is zero
            headings = [str(label) for k, label in enumerate(m.classes) if k != against]
        if len(m.classes) == 2:
            headings = ["coefficient", "odds ratio"]
            with np.errstate(over="ignore"):
                numbers = np.column_stack([numbers, np.exp(numbers)])
        cells = [["", *map(printable, headings)]]
        named = zip((*map(printable, self.names), "intercept"), numbers, strict=True)
        cells += [[name, *(written(x) for x in row)] for name, row in named]
        widths = [min(max(map(len, column)), MAX_WIDTH) for column in zip(*cells, strict=True)]
        lines = []
        for row in cells:
            first, *rest = (_clip(cell, width) for cell, width in zip(row, widths, strict=True))
            numbered = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
            lines.append("  ".join([first.ljust(widths[0]), *numbered]).rstrip())
        return [*self._title(), *lines]

    def _title(self) -> list[str]:
        """What the numbers of the table are, and what they are not."""
        title = f"log-odds of {printable(self._headings()[0])}, in the units of the data"
        if len(self.model.classes) > 2:
            sums = "" if self.model.penalty.l1_ratio else " (they sum to zero over the classes)"
            title = f"logits by class{sums}, in the units of the data"
        status, limit = self.model.certificate.status, self.model.certificate.limit
        if limit is not None:
            if len(self.model.classes) > 2:
                title = f"log-odds against {printable(str(self.model.classes[reference(limit)]))}, in the units of the data"
            return [title, "no finite estimate exists: these are the limits as the log-likelihood nears its supremum"]
        if status is Status.SEPARATED:
            return [title, "no finite estimate exists: these numbers are only where the search stopped; they grow without end"]
        if status.certified or status is Status.RANK_DEFICIENT:
            return [title]
        return [title, "not certified: these numbers are only where the search stopped"]


def certificate_lines(model: Model) -> list[str]:
    """A few lines: how the fit ended, what is certified, and which columns and classes that concerns."""
    c = model.certificate
    estimated = c.kind == "estimate" and c.status is Status.CONVERGED
    lines = [f"status       {c.status.word}: {VANISHED if estimated else c.status.value}"]
    if c.columns:
        names = feature_names(model)
        what = "aliased" if c.status is Status.RANK_DEFICIENT else "separating"
        shown = ", ".join(printable(names[j]) for j in c.columns[:10])
        lines.append(f"{what:<12} {shown}" + (f" and {len(c.columns) - 10} more" if len(c.columns) > 10 else ""))
    if c.limit is not None:
        if len(model.classes) > 2:
            groups = (", ".join(printable(str(model.classes[k])) for k in group) for group in c.limit.groups[:10])
            more = len(c.limit.groups) - 10
            lines.append(f"apart        {' | '.join(groups)}" + (f" and {more} more" if more > 0 else ""))
        lines.append(
            f"supremum     the log-likelihood nears {c.limit.supremum:.10g} (proof to {c.limit.gap:.1e}), never to be there"
        )
    known = f"F - min F <= {c.gap:.1e} ({c.kind})" if math.isfinite(c.gap) else "no bound on F - min F"
    if c.kind == "estimate":
        known = f"F - min F about {c.gap:.1e} (estimate)"
    lines.append(f"certificate  F = {c.value:.10g}, {known}")
    return lines


def reference(limit: Limit) -> int:
    """The class against which most others have finite coefficients: the first of the largest group."""
    return max(limit.groups, key=len)[0]


def tendency(value: float) -> float | str:
    """A coefficient in the limit: a number, or in words where it goes."""
    return value if math.isfinite(value) else "undetermined" if math.isnan(value) else f"{value:+}"


def written(value: float) -> str:
    """A number of the table."""
    return f"{value:.6g}" if math.isfinite(value) else str(tendency(value))


def plain(value: float) -> float | str:
    """A float, or its name where JSON has none."""
    return value if math.isfinite(value) else repr(value)


def printable(text: str) -> str:
    """The text on one line, with line breaks and control characters written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _clip(text: str, width: int) -> str:
    """Both ends of a long text, because names that share a beginning differ at the end."""
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[-tail:]}"
