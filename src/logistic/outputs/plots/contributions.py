"""Why one row gets the probability that it gets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ...backend import is_tensor, to_numpy
from ...errors import InputError
from ...inference.estimates import feature_names
from ...model import Model
from ...sources import check_names, matrix
from ..text import counted
from .display import Display, Layout
from .inputs import plain_model
from .look import COLOURS, GREY, HATCHES, INK, number, spoken, words

MOST, TOLD = 12, 5


@dataclass(eq=False, repr=False)
class ContributionsDisplay(Display):
    """The log-odds of one class against another for one row: those at the center of the columns, and what each column adds.

    They add up exactly: ``base + contributions.sum() == log_odds``.

    Attributes
    ----------
    contributions : (p,) array
        (coefficient of ``own`` - that of ``other``) * (x - center).
    values : (p,) array
        The row.
    names : tuple of str
    base : float
        Log-odds at the center, where the columns of the fit have their mean.
    own, other : labels
    probabilities : (K,) array
    classes : (K,) array
    """

    contributions: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]
    base: float
    own: Any
    other: Any
    probabilities: np.ndarray
    classes: np.ndarray

    @classmethod
    def from_estimator(
        cls, model: Any, X: Any, *, row: int = 0, own: Any = None, other: Any = None, offset: Any = None, ax: Any = None
    ) -> Self:
        """Of one row.

        Parameters
        ----------
        model : LogisticRegression or Model
        X : (n, p) rows, or (p,) one
        row : int, default=0
            Which row of X.
        own, other : labels, optional
            Log-odds of the class ``own`` against ``other``; by default of the second of two classes against the first, and of the
            likeliest of more against the next.
        offset : (n,) or (n, M), optional
            For a model that was fitted with one.
        ax : matplotlib Axes, optional

        Raises
        ------
        InputError
            For a row or class that there is not.
        """
        plain = plain_model(model)
        x, shift = _row(plain, X, row, offset)
        coef, base = plain.coef, plain.base + shift
        if len(plain.classes) == 2:
            coef, base = np.vstack([0 * coef, coef]), np.append(0.0, base)
        parts = coef * (x - plain.center)
        logits = base + parts.sum(axis=1)
        p = np.asarray(plain.loss.probabilities(logits[None, 1:] - logits[0] if len(logits) == 2 else logits[None]))[0]
        i, j = _pair(plain.classes, p, own, other)
        labels = plain.classes.tolist()
        return cls(
            parts[i] - parts[j], x, feature_names(plain), float(base[i] - base[j]), labels[i], labels[j], p, plain.classes
        ).plot(ax)

    @property
    def log_odds(self) -> float:
        """Of ``own`` against ``other``."""
        return self.base + float(self.contributions.sum())

    @property
    def probability(self) -> float:
        """Of ``own``."""
        return float(self.probabilities[self.classes.tolist().index(self.own)])

    @property
    def alt(self) -> str:
        """The figure in words."""
        order = self._order()[:TOLD]
        each = ", ".join(f"{spoken(self.names[j])} ({number(self.values[j], 4)}) {_signed(self.contributions[j])}" for j in order)
        pair = f"{spoken(self.own)} against {spoken(self.other)}"
        total = f"log-odds of {pair} {number(self.log_odds, 4)}"
        return f"Probability of {spoken(self.own)} {self.probability:.4g}; {total} = {number(self.base, 4)} at the center; {each}."

    @property
    def layout(self) -> Layout:
        """As tall as there are bars."""
        return Layout(width=6.8, height=1.5 + 0.3 * (2 + min(len(self.names), MOST + 1)))

    def draw(self, axes: list[Any]) -> None:
        """From the log-odds at the center, column by column, to those of the row."""
        (ax,), order = axes, self._order()
        shown, rest = order[:MOST], order[MOST:]
        steps = [(f"{words(self.names[j], 26)} = {number(self.values[j], 4)}", float(self.contributions[j])) for j in shown]
        if rest:
            steps.append((counted(len(rest), "other"), float(self.contributions[rest].sum())))
        at, reach = self.base, [self.base]
        ax.plot([at, at], [-0.4, 0.5], color=INK, linewidth=2.2)
        for i, (_, size) in enumerate(steps, start=1):
            up = size > 0
            style = {"color": COLOURS[4] if up else COLOURS[0], "hatch": "" if up else HATCHES[1], "edgecolor": "white"}
            ax.barh(i, size, 0.62, left=at, linewidth=0.4, **style)
            ax.plot([at + size] * 2, [i - 0.31, i + 0.8], color=GREY, linewidth=0.7)
            right = max(at, at + size)
            ax.annotate(_signed(size), (right, i), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
            at += size
            reach.append(at)
        ax.plot([at, at], [len(steps) + 0.5, len(steps) + 1.4], color=INK, linewidth=2.2)
        names = ["at the center", *(name for name, _ in steps), "this row"]
        for place, value in ((0, self.base), (len(steps) + 1, at)):
            ax.annotate(number(value), (value, place), (6, 0), textcoords="offset points", va="center", fontsize=8.5, weight="bold")
        ax.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.6)
        room = (max(reach) - min(reach)) or 1.0
        ax.set_xlim(min(*reach, 0) - 0.04 * room, max(*reach, 0) + 0.22 * room)
        ax.set_xlabel(f"log-odds of {words(self.own, 18)} against {words(self.other, 18)}")
        ax.set_title(f"probability of {words(self.own, 18)}: {number(self.probability, 4)}")

    def _order(self) -> list[int]:
        """Columns, those that add most first; columns that add nothing are left out."""
        order = np.argsort(-abs(self.contributions), kind="stable")
        return [int(j) for j in order if self.contributions[j] != 0]


def _row(model: Model, X: Any, row: int, offset: Any) -> tuple[np.ndarray, np.ndarray]:
    """(p,) the row, and (M,) its offset."""
    model, X = model.designed(X)
    one = np.ndim(X) == 1 and not hasattr(X, "columns")
    found, names = matrix(to_numpy(X)[None] if one else to_numpy(X) if is_tensor(X) else X)
    check_names(names, model.features, "X")
    n = found.shape[0]
    if isinstance(row, bool) or not isinstance(row, int | np.integer) or not -n <= row < n:
        raise InputError(f"row={row!r} is no row of X, which has {n:,}")
    if found.shape[1] != model.coef.shape[1]:
        raise InputError(f"X has {found.shape[1]} columns, but the model was fitted on {model.coef.shape[1]}")
    picked = found[[row]]
    x = np.asarray(picked.toarray() if hasattr(picked, "toarray") else picked, dtype=np.float64)
    given = None if offset is None else np.atleast_1d(np.asarray(offset, dtype=np.float64))[[row]]
    shift = model.logits(x, given) - model.logits(x, None if given is None else 0 * given)  # refuses what cannot be used
    return x[0], np.asarray(shift)[0]


def _pair(classes: np.ndarray, p: np.ndarray, own: Any, other: Any) -> tuple[int, int]:
    """Positions of the class that is explained, and of the one that it is compared with."""
    labels, order = classes.tolist(), np.argsort(-p, kind="stable").tolist()
    for name, label in (("own", own), ("other", other)):
        if label is not None and label not in labels:
            raise InputError(f"{name}={label!r:.60} is none of the classes {labels!r:.100}")
    first = labels.index(own) if own is not None else None
    second = labels.index(other) if other is not None else None
    if len(labels) == 2 and first is None:
        first = 1 if second is None else 1 - second
    first = first if first is not None else next(k for k in order if k != second)
    second = second if second is not None else next(k for k in order if k != first)
    if first == second:
        raise InputError(f"own and other are both {labels[first]!r:.60}; compare two classes")
    return first, second


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + (number(value) if not math.isclose(value, 0, abs_tol=1e-300) else "0")
