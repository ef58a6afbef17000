"""Nested models against each other, by the ratio of their likelihoods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import InputError, listed
from ..inference import tails
from ..inference.chisquare import SAME, cautions
from ..inference.wald import refuse_bias, refuse_penalty
from ..model import Model
from ..outcome import Statistics, Status
from .text import aligned, printable

NOISE = 1e-9  # by which a larger model's log-likelihood may seem smaller, relative to its size


@dataclass(frozen=True, eq=False, repr=False)
class Anova:
    """Analysis of deviance of M nested models, the smallest first.

    Attributes
    ----------
    table : dict of (M,) arrays
        ``df``, ``log_likelihood``, ``deviance``, ``aic``, ``bic``; and against the model before, NaN for the first: ``lr``,
        ``df_difference``, ``p``, ``log_p``. ``pandas.DataFrame(found.table)`` is a data frame.
    added : (M,) tuple of tuple of str
        The columns that each model has and the one before has not.
    notes : tuple of str
        What a reader must know.
    """

    table: dict[str, np.ndarray]
    added: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text."""
        numbers = {name: [None if v != v else v for v in values.tolist()] for name, values in self.table.items()}
        return {**numbers, "added": [list(names) for names in self.added], "notes": list(self.notes)}

    def __str__(self) -> str:
        """The table as text."""
        t = self.table
        cells = [["model", "df", "log-likelihood", "AIC", "BIC", "LR", "df", "p"]]
        for i in range(len(t["df"])):
            against = ["", "", ""]
            if i:
                p = tails.text(float(t["p"][i]), float(t["log_p"][i]))
                against = [f"{t['lr'][i]:.6g}", f"{t['df_difference'][i]:.0f}", p]
            numbers = [f"{t['log_likelihood'][i]:.6f}", f"{t['aic'][i]:.3f}", f"{t['bic'][i]:.3f}"]
            cells.append([str(i + 1), f"{t['df'][i]:.0f}", *numbers, *against])
        lines = ["Analysis of deviance: likelihood-ratio tests of nested models", "", *aligned(cells), ""]
        lines += [f"model {i + 1} adds {printable(listed(names))}" for i, names in enumerate(self.added) if i and names]
        return "\n".join([*lines, *self.notes]).rstrip()

    __repr__ = __str__


def anova(*models: Any) -> Anova:
    """Compare two or more nested models of the same rows, each with the next smaller one.

    The statistic LR is twice the difference of the log-likelihoods, chi-square distributed in large samples if the smaller model
    holds. A model of separated classes has no maximum; the supremum of its log-likelihood stands in.

    Parameters
    ----------
    *models : Model or fitted LogisticRegression
        Without a penalty, in any order; the table and messages number them from the smallest.

    Raises
    ------
    InputError
        Naming the models that differ in their rows, weights or classes, are not nested, penalised, or not certified.
    """
    given = [_plain(model, i) for i, model in enumerate(models)]
    if len(given) < 2:
        raise InputError("anova compares two or more models; pass anova(smaller, larger)")
    statistics = [_statistics(model, i) for i, model in enumerate(given)]
    order = sorted(range(len(given)), key=lambda i: (statistics[i].df, len(given[i].features or ())))
    given, statistics = [given[i] for i in order], [statistics[i] for i in order]
    notes: list[str] = []
    for i, j in pairwise(range(len(given))):
        _check_rows(given, statistics, i, j)
        _check_nested(given, statistics, i, j, notes)
    df = np.array([found.df for found in statistics], dtype=np.float64)
    top = np.array([_supremum(*pair) for pair in zip(given, statistics, strict=True)])
    ratio = 2 * np.diff(top)
    if (ratio < -NOISE * abs(top[1:])).any():
        k = int((ratio < -NOISE * abs(top[1:])).argmax())
        raise InputError(
            f"model {k + 2} has more coefficients than model {k + 1} but a smaller log-likelihood, so they are not "
            "nested, or not of the same rows"
        )
    ratio, more = np.maximum(ratio, 0), np.diff(df)
    p, log_p = np.array([tails.chi2(x, int(d)) for x, d in zip(ratio.tolist(), more.tolist(), strict=True)]).T
    first = [math.nan]
    table = {
        "df": df,
        "log_likelihood": top,
        "deviance": -2 * top,
        "aic": 2 * df - 2 * top,
        "bic": math.log(statistics[0].count) * df - 2 * top,
        "lr": np.concatenate([first, ratio]),
        "df_difference": np.concatenate([first, more]),
        "p": np.concatenate([first, p]),
        "log_p": np.concatenate([first, log_p]),
    }
    notes += _of_all(given, statistics)
    return Anova(table, ((), *(_added(a, b) for a, b in pairwise(given))), tuple(notes))


def _plain(model: Any, i: int) -> Model:
    found = model if isinstance(model, Model) else getattr(model, "model_", None)
    if not isinstance(found, Model):
        raise InputError(f"model {i + 1} is a {type(model).__name__}; pass fitted models of logistic regression")
    return found


def _statistics(model: Model, i: int) -> Statistics:
    """Those of a model that can be compared."""
    try:
        refuse_penalty(model)
        refuse_bias(model)
    except InputError as error:
        raise InputError(f"model {i + 1}: {error}") from None
    status, limit = model.certificate.status, model.certificate.limit
    if model.statistics is None:
        raise InputError(f"model {i + 1} has no log-likelihood, since it was not fitted by LogisticRegression.fit; fit it there")
    if status is Status.SEPARATED and limit is None:
        raise InputError(
            f"model {i + 1} is of separated classes, and the supremum of its log-likelihood is not known; drop columns"
        )
    if not (status.certified or status in (Status.RANK_DEFICIENT, Status.SEPARATED)):
        raise InputError(
            f"model {i + 1} is not certified ({status.word}), so its log-likelihood is not the largest; {status.value}"
        )
    return model.statistics


def _supremum(model: Model, statistics: Statistics) -> float:
    limit = model.certificate.limit
    return statistics.log_likelihood if limit is None else limit.supremum


def _check_rows(models: list[Model], statistics: list[Statistics], i: int, j: int) -> None:
    """The same rows, labels and weights, as far as models can tell."""
    a, b, s, t = models[i], models[j], statistics[i], statistics[j]
    pairs = [
        ("classes", a.classes.tolist(), b.classes.tolist()),
        ("rows", a.rows, b.rows),
        ("total weight", a.total, b.total),
        ("observations", s.count, t.count),
        ("effective number of rows", s.effective, t.effective),
        ("offset", a.offset, b.offset),
    ]
    if a.fit_intercept and b.fit_intercept:
        pairs.append(("log-likelihood of the intercept alone", s.null, t.null))
    for what, mine, theirs in pairs:
        same = math.isclose(mine, theirs, rel_tol=SAME) if isinstance(mine, float) else mine == theirs
        if not same:
            raise InputError(
                f"models {i + 1} and {j + 1} differ in {what} ({mine!r:.100} and {theirs!r:.100}); fit both to the same rows, "
                "weights and offsets"
            )
    alike = a.features is not None and (a.features, a.fit_intercept) == (b.features, b.fit_intercept)
    if alike and a.fingerprint != b.fingerprint:
        raise InputError(f"models {i + 1} and {j + 1} have the same columns, but were fitted to other rows or weights")


def _check_nested(models: list[Model], statistics: list[Statistics], i: int, j: int, notes: list[str]) -> None:
    """The columns of the smaller model i are among those of j, as far as they have names."""
    a, b = models[i], models[j]
    if statistics[i].df == statistics[j].df:
        raise InputError(f"models {i + 1} and {j + 1} have {statistics[i].df} coefficients each, so neither is nested in the other")
    if a.features is None or b.features is None:
        notes.append(f"that model {i + 1} is nested in model {j + 1} cannot be seen, as columns have no names; only df was checked")
        return
    missing = [name for name in a.features if name not in b.features]
    if a.fit_intercept and not b.fit_intercept:
        missing.append("intercept")
    if missing and (a.recipe is not None or b.recipe is not None):
        notes.append(
            f"that model {i + 1} is nested in model {j + 1}, which has no {listed(missing)}, cannot be seen from the names that "
            "formulas make; only df was checked"
        )
        return
    if missing:
        raise InputError(f"model {i + 1} is not nested in model {j + 1}, which has no {listed(missing)}")


def _added(smaller: Model, larger: Model) -> tuple[str, ...]:
    if smaller.features is None or larger.features is None:
        return ()
    more = tuple(name for name in larger.features if name not in smaller.features)
    return more + ("intercept",) * (larger.fit_intercept and not smaller.fit_intercept)


def _of_all(models: list[Model], statistics: list[Statistics]) -> list[str]:
    notes = []
    apart = [str(k + 1) for k, model in enumerate(models) if model.certificate.status is Status.SEPARATED]
    if apart:
        which = f"model{'s' if len(apart) > 1 else ''} {' and '.join(apart)}"
        notes.append(f"classes are separated in {which}: the supremum of the log-likelihood stands in for its maximum")
    return notes + cautions(statistics[0], models[0].total, any(s.kind not in ("", "observed") for s in statistics))
