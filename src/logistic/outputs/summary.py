"""The summary of a model: what was minimised, how well, and the coefficients with their errors."""

from __future__ import annotations

import html
import math
from typing import Any, NamedTuple

import numpy as np

from ..inference import tails
from ..inference.chisquare import cautions
from ..inference.estimates import covariance_kind, feature_names, why_none
from ..inference.table import Columns, coefficients, goodness
from ..model import Model
from ..outcome import Limit, Status
from ..sources import frame
from .text import MAX_WIDTH, aligned, clip, counted, plain, printable

VANISHED = "the modified score vanishes to within tol; the problem is not convex, so nothing is proved"
INFORMATION = "from the information at the estimate, without the penalty"
MOST_CLASSES, MOST_COLUMNS = 20, 1000  # in the table; more are only counted
MAX_FORMULA = 400  # characters


class Table(NamedTuple):
    """Lines above, and rows of cells, the first of them headings and the first cell of each a name."""

    title: list[str]
    cells: list[list[str]]


class Summary:
    """A model as a table: text in a terminal, HTML in a notebook; :meth:`to_frame` and :meth:`to_dict` give its numbers.

    Parameters
    ----------
    model : Model
    level : float, default=0.95
        Of the intervals.
    reference : label, optional
        The class that the others are compared with. By default the first where coefficients have errors; else each of more than
        two classes has its own column, which sum to zero.
    symmetric : bool, default=False
        Compare each of more than two classes with the mean of all instead.

    Raises
    ------
    InputError
        For a level or a reference that cannot be.
    """

    def __init__(self, model: Model, level: float = 0.95, reference: Any = None, symmetric: bool = False) -> None:
        self.model, self.level, self.reference, self.symmetric = model, level, reference, symmetric
        self.columns = self._coefficients()

    @property
    def names(self) -> tuple[str, ...]:
        """Row labels of the coefficient table: the columns, then the intercept."""
        return feature_names(self.model)

    def to_frame(self, kind: str | None = None) -> Any:
        """The coefficient table as a data frame, a row a coefficient; see :func:`logistic.inference.table.coefficients`.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            By default pandas, where it is installed.
        """
        return frame(self.columns, kind)

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text, as numbers, text and lists that JSON can hold (infinities as text)."""
        m, c, found = self.model, self.model.certificate, goodness(self.model)
        return {
            "classes": m.classes.tolist(),
            "rows": m.rows,
            "total_weight": plain(m.total),
            "fingerprint": m.fingerprint,
            "penalty": str(m.penalty),
            **({} if m.recipe is None else {"formula": m.recipe.formula, "references": m.recipe.references()}),
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
            "likelihood": None if found is None else {name: plain(value) for name, value in vars(found).items()},
            "covariance": covariance_kind(m),
            "level": self.level,
            "coefficients": {
                label: dict(zip(self.names, map(plain, row.tolist()), strict=True))
                for label, row in zip(self._headings(), m.coef, strict=True)
            },
            "intercept": dict(zip(self._headings(), map(plain, m.intercept.tolist()), strict=True)),
            "inference": self._rows() if covariance_kind(m) else why_none(m),
        }

    def __str__(self) -> str:
        """The summary as text."""
        title, *facts = self.head()
        lines = [title, *(f"  {line}" for line in facts)]
        for table in self._tables():
            lines += ["", *table.title, *(aligned(table.cells, MAX_WIDTH) if table.cells else [])]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The summary for a notebook: no style but what the notebook has, every name escaped."""
        title, *facts = self.head()
        parts = [f"<p><strong>{html.escape(title)}</strong></p><pre>{html.escape(chr(10).join(facts))}</pre>"]
        for table in self._tables():
            parts.append(f"<p>{'<br>'.join(map(html.escape, table.title))}</p>")
            rows = ("".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) for tag, row in _tagged(table.cells))
            parts.append(f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>" if table.cells else "")
        return "".join(parts)

    # --------------------------------------------------------------------------------------------------------------- the head

    def head(self) -> list[str]:
        """What was fitted, in one line, and below it line by line a fact: its name in 13 characters, then what it is."""
        m = self.model
        weight = "" if m.total == m.rows else f", total weight {m.total:,.6g}"
        return [
            f"Logistic regression of {len(m.classes)} classes on {counted(len(self.names), 'column')}, "
            f"{counted(m.rows, 'row')}{weight}",
            *self._formula(),
            f"objective    mean log loss, {m.penalty}",
            *self._sparsity(),
            f"solver       {printable(m.solver)}; {counted(m.n_iter, 'iteration')}",
            *certificate_lines(m),
            *self._likelihood(),
        ]

    def _formula(self) -> list[str]:
        recipe = self.model.recipe
        if recipe is None:
            return []
        levels = ", ".join(f"{label} {level}" for label, level in recipe.references().items())
        lines = [f"formula      {recipe.formula}", *([f"reference    {levels}"] if levels else [])]
        return [clip(printable(line), MAX_FORMULA) for line in lines]

    def _likelihood(self) -> list[str]:
        found = goodness(self.model)
        if found is None:
            return []
        worth = "" if math.isclose(found.effective, found.count) else f", which weigh as much as {found.effective:,.6g}"
        limit = " in the limit" if self.model.certificate.limit is not None else ""
        lines = [
            f"likelihood   log L = {found.log_likelihood:.10g}{limit}, {found.null:.10g} without columns; "
            f"{found.count:,.15g} observations{worth}"
        ]
        if not math.isnan(found.penalised):
            lines.append(f"penalised    log L + log det(information) / 2 = {found.penalised:.10g}, in the units of the data")
        explained = [f"McFadden {found.mcfadden:.4g}", *([] if math.isnan(found.tjur) else [f"Tjur {found.tjur:.4g}"])]
        lines.append(f"R squared    {', '.join(explained)}")
        if not math.isnan(found.lr):
            df, p = found.df - found.null_df, tails.text(found.p, found.log_p)
            lines.append(f"LR test      chi2({df}) = {found.lr:.6g}, p = {p}; AIC {found.aic:.8g}, BIC {found.bic:.8g}")
        return lines

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
        return [f"nonzero      {int((coef != 0).sum()):,} of {coef.size:,} coefficients"] if self.model.penalty.l1_ratio else []

    def _headings(self) -> list[str]:
        labels = [str(label) for label in self.model.classes]
        return [f"{labels[1]} against {labels[0]}"] if len(labels) == 2 else labels

    # ------------------------------------------------------------------------------------------------------------- the tables

    def _coefficients(self) -> Columns:
        m, against = self.model, self.reference
        chosen = against is not None or self.symmetric
        if m.certificate.limit is not None and not chosen:
            against = m.classes[reference(m.certificate.limit)]
        plainly = m.certificate.limit is None and not covariance_kind(m) and len(m.classes) > 2 and not chosen
        return coefficients(m, self.level, against, self.symmetric or plainly)

    def _tables(self) -> list[Table]:
        m = self.model
        if len(m.classes) > MOST_CLASSES or len(self.names) > MOST_COLUMNS:
            size = m.coef.size + m.base.size
            return [
                Table(
                    [*self._title(), f"{size:,} coefficients, too many to show; to_dict() (on the command line --json) has them"],
                    [],
                )
            ]
        if covariance_kind(m):
            return [table for which in self._contrasts() for table in self._inferred(which)]
        return [self._bare()]

    def _contrasts(self) -> list[np.ndarray]:
        """Of each contrast, its rows in the columns."""
        labels = self.columns["class"]
        return [np.flatnonzero(labels == label) for label in dict.fromkeys(labels.tolist())]

    def _inferred(self, which: np.ndarray) -> list[Table]:
        """Coefficients of one contrast with errors, tests and intervals, and their odds ratios."""
        c = {name: column[which].tolist() for name, column in self.columns.items()}
        against = f"against {printable(c['reference'][0])}" if c["reference"][0] else "against the mean of all classes"
        title = f"log-odds of {printable(c['class'][0])} {against}, in the units of the data; errors {self.errors()}"
        names = [printable(term) for term in c["term"]]
        if self.model.penalty.alpha > 0:
            cells = [[name, written(b), written(e)] for name, b, e in zip(names, c["estimate"], c["std_error"], strict=True)]
            return [Table([title, *self.doubts()], [["", "estimate", "std. error"], *cells])]
        ends = [f"{100 * share:.4g} %" for share in ((1 - self.level) / 2, (1 + self.level) / 2)]
        cells = [["", "estimate", "std. error", "z", "p", *ends]]
        keys = ("estimate", "std_error", "z", "p", "log_p", "low", "high")
        for name, b, error, z, p, log_p, low, high in zip(names, *(c[key] for key in keys), strict=True):
            found = ["inestimable", "", "", "", ""] if math.isnan(error) else [written(error), f"{z:.4g}", tails.text(p, log_p)]
            cells.append([name, written(b), *(found if math.isnan(error) else [*found, written(low), written(high)])])
        odds = [["", "odds ratio", *ends]]
        for name, *numbers in zip(names, *(c[key] for key in ("odds_ratio", "odds_low", "odds_high")), strict=True):
            if not (math.isnan(numbers[1]) or (name == "intercept" and self.model.fit_intercept)):
                odds.append([name, *map(written, numbers)])
        return [Table([title, *self.doubts()], cells), *([Table(["odds ratios"], odds)] if len(odds) > 1 else [])]

    def errors(self) -> str:
        """Where the standard errors come from."""
        statistics = self.model.statistics
        assert statistics is not None
        words = {
            "observed": "from the observed information",
            **({} if self.model.penalty.bias is None else {"observed": INFORMATION}),
            "cluster": f"robust, by cluster ({statistics.clusters:,} clusters)",
        }
        return words.get(statistics.kind, f"robust ({statistics.kind})")

    def doubts(self) -> list[str]:
        """What the errors are not."""
        if self.model.penalty.alpha > 0:
            return [
                "errors are the spread of penalised coefficients around their own mean: their bias is unknown, so nothing is tested"
            ]
        statistics, found = self.model.statistics, []
        if statistics is not None and statistics.kind == "observed":
            found = cautions(statistics, self.model.total, robust=False)
        if statistics is not None and statistics.kind == "cluster" and statistics.clusters <= statistics.df:
            found.append(f"{statistics.clusters} clusters cannot tell {statistics.df} coefficients apart: errors are too small")
        if self.model.certificate.status is Status.RANK_DEFICIENT:
            return [*found, "inestimable coefficients are those of columns that are combinations of others, one choice among many"]
        return found

    def _bare(self) -> Table:
        """Coefficients without errors, a column a contrast; for two classes with odds ratios."""
        which = self._contrasts()
        estimate = self.columns["estimate"]
        numbers = np.stack([estimate[rows] for rows in which], axis=1)
        headings = [str(self.columns["class"][rows[0]]) for rows in which]
        if len(self.model.classes) == 2:
            headings, numbers = ["coefficient", "odds ratio"], np.stack([estimate, self.columns["odds_ratio"]], axis=1)
        named = zip(self.columns["term"][which[0]], numbers.tolist(), strict=True)
        rows = [[printable(name), *(written(x) for x in row)] for name, row in named]
        return Table(self._title(), [["", *map(printable, headings)], *rows])

    def _title(self) -> list[str]:
        """What the numbers of a bare table are, and what they are not."""
        m, status, limit = self.model, self.model.certificate.status, self.model.certificate.limit
        against = self.columns["reference"][0]
        title = f"log-odds of {printable(self._headings()[0])}, in the units of the data"
        if len(m.classes) > 2:
            title = f"log-odds against {printable(against)}, in the units of the data"
        if len(m.classes) > 2 and not against:
            sums = "" if m.penalty.l1_ratio else " (they sum to zero over the classes)"
            title = f"logits by class{sums}, in the units of the data"
        if limit is not None:
            return [title, "no finite estimate exists: these are the limits as the log-likelihood nears its supremum"]
        if status is Status.SEPARATED:
            return [title, "no finite estimate exists, and the search for what they tend to was too long"]
        if not (status.certified or status is Status.RANK_DEFICIENT):
            return [title, "not certified: these numbers are only where the search stopped"]
        return [title, why_none(m)] if m.statistics is not None else [title]

    def _rows(self) -> list[dict[str, Any]]:
        """The columns as rows that JSON can hold."""
        columns = [
            [value if isinstance(value, str) else plain(value) for value in column]
            for column in map(np.ndarray.tolist, self.columns.values())
        ]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*columns, strict=True)]


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


def _tagged(cells: list[list[str]]) -> list[tuple[str, list[str]]]:
    """Rows with the HTML element of their cells."""
    return [("td" if i else "th", row) for i, row in enumerate(cells)]
