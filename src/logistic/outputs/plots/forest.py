"""Coefficients with their intervals, as a forest."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Self

import numpy as np

from ...errors import InputError
from ...inference.estimates import why_none
from ...inference.table import coefficients
from .display import Display, Layout
from .inputs import plain_model
from .look import COLOURS, GREY, MARKERS, MINUS, PALE, beside, number, percent, spoken, words

MOST_TERMS, FEWEST_TERMS, MOST_CONTRASTS, TOLD = 30, 10, 6, 5
NARROW = 0.7  # of a decade: ratios so near each other have ticks as other numbers have


@dataclass(eq=False, repr=False)
class CoefficientsDisplay(Display):
    """A dot for each coefficient and a line for its interval, or for the odds ratio.

    Attributes
    ----------
    terms : list of str
        T, from top to bottom.
    contrasts : list of str
        C: which class against which.
    estimate, low, high : (C, T) arrays
        Coefficients, or odds ratios; NaN where there is no interval, infinite where classes are separated.
    odds : bool
    level : float
    total : tuple of int
        Terms and contrasts that there are. At most 30 terms are drawn, fewer of several contrasts, those furthest from zero in
        standard errors; and at most 6 contrasts.
    note : str
        Why there are no intervals; empty where there are.
    scaled : bool
        Whether a coefficient belongs to a step of its column other than one unit.
    """

    terms: list[str]
    contrasts: list[str]
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    odds: bool
    level: float
    total: tuple[int, int]
    note: str = ""
    scaled: bool = False

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        *,
        odds: bool = False,
        level: float = 0.95,
        reference: Any = None,
        symmetric: bool = False,
        step: Any = None,
        ax: Any = None,
    ) -> Self:
        """Of a fitted model; the intercept is left out.

        Parameters
        ----------
        model : LogisticRegression or Model
        odds : bool, default=False
            Odds ratios on a logarithmic axis in place of coefficients.
        level : float, default=0.95
        reference, symmetric
            As for :meth:`logistic.Model.summary`.
        step : (p,) numbers, optional
            The change of each column that a coefficient is for, such as ``X.std(axis=0)``, so that columns of different units can
            be compared. By default one unit.
        ax : matplotlib Axes, optional

        Raises
        ------
        InputError
            Also for steps that are not p positive numbers.
        """
        plain = plain_model(model)
        table, p = coefficients(plain, level, reference, symmetric), plain.coef.shape[1]
        q = p + plain.fit_intercept
        C = len(table["term"]) // q
        steps = _steps(step, p)
        estimate, low, high = (table[name].reshape(C, q)[:, :p] * steps for name in ("estimate", "low", "high"))
        errors = table["std_error"].reshape(C, q)[:, :p] * steps
        with np.errstate(invalid="ignore", divide="ignore"):
            weight = np.nan_to_num(abs(estimate / errors), nan=-1.0)
        if (weight < 0).all():
            weight = np.nan_to_num(abs(estimate), nan=-1.0)
        most = max(MOST_TERMS // min(C, MOST_CONTRASTS), FEWEST_TERMS)
        kept = np.sort(np.argsort(-weight.max(axis=0), kind="stable")[:most])
        first = slice(0, MOST_CONTRASTS)
        names = [_contrast(own, other) for own, other in zip(table["class"][::q], table["reference"][::q], strict=True)]
        parts = [values[first][:, kept] for values in (estimate, low, high)]
        if odds:
            with np.errstate(over="ignore"):
                parts = [np.exp(values) for values in parts]
        note = "" if np.isfinite(low).any() else why_none(plain)
        terms = [str(table["term"][j]) for j in kept]
        estimate, low, high = parts
        return cls(terms, names[first], estimate, low, high, odds, level, (p, C), note, step is not None).plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        kind = "Odds ratios" if self.odds else "Coefficients"
        told, flat = [], [(c, t) for t in range(len(self.terms)) for c in range(len(self.contrasts))]
        with np.errstate(divide="ignore"):
            size = np.nan_to_num(abs(np.log(self.estimate) if self.odds else self.estimate), nan=-1.0, posinf=np.inf)
        for c, t in sorted((at for at in flat if size[at] >= 0), key=lambda at: -size[at])[:TOLD]:
            about = f", {spoken(self.contrasts[c])}" if len(self.contrasts) > 1 else ""
            span = f" ({number(self.low[c, t])} to {number(self.high[c, t])})" if np.isfinite(self.low[c, t]) else ""
            told.append(f"{spoken(self.terms[t])}{about} {number(self.estimate[c, t])}{span}")
        span = f" with {percent(self.level)} intervals" if not self.note else ""
        shown = f" of {len(self.terms)} of {self.total[0]} columns" if self.total[0] > len(self.terms) else ""
        note = f" {self.note[:1].upper()}{self.note[1:]}." if self.note else ""
        about = spoken(self.contrasts[0]) if len(self.contrasts) == 1 else f"{len(self.contrasts)} of {self.total[1]} contrasts"
        return f"{kind}{shown}, {about}{span}; the largest: {'; '.join(told) or 'none is known'}.{note}"

    @property
    def layout(self) -> Layout:
        """As tall as there are terms."""
        C = len(self.contrasts)
        height = 1.3 + len(self.terms) * max(0.27, 0.13 * C + 0.08)
        return Layout(width=6.4 + (1.4 if C > 1 else 0), height=max(height, 2.0))

    def draw(self, axes: list[Any]) -> None:
        """Terms go down; contrasts of one term lie under each other."""
        (ax,), C = axes, len(self.contrasts)
        if self.odds:
            ax.set_xscale("log")
        neutral, places, handles = float(self.odds), np.arange(len(self.terms)), []
        ax.axvline(neutral, color=GREY, linewidth=0.9, linestyle=(0, (3, 2)))
        gap = 0.8 / C if C > 1 else 0.0
        for c in range(C):
            at = places + (c - (C - 1) / 2) * gap
            known = np.isfinite(self.estimate[c]) & (self.estimate[c] > 0 if self.odds else True)
            reach = np.nan_to_num([self.estimate[c] - self.low[c], self.high[c] - self.estimate[c]], posinf=0.0, neginf=0.0)
            style = {"color": COLOURS[c], "marker": MARKERS[c], "linestyle": "none", "markersize": 5 if C < 4 else 4}
            handles.append(
                ax.errorbar(self.estimate[c][known], at[known], xerr=np.maximum(reach, 0)[:, known], elinewidth=1.4, **style)
            )
            self._arrows(ax, c, at, known)
        if not np.isfinite(self.estimate).any():
            ax.set_xlim((0.1, 10) if self.odds else (-1, 1))
        if np.isnan(self.estimate).all():
            ax.set_xticks([])
            ax.text(
                0.5, 0.5, "\n".join(wrap(f"Nothing to draw: {self.note}", 60)), transform=ax.transAxes, ha="center", va="center"
            )
        ax.set_yticks(places, [words(term, 32) for term in self.terms])
        ax.set_ylim(len(self.terms) - 0.4, -0.6)
        for line in places[1:] - 0.5:
            ax.axhline(line, color=PALE, linewidth=0.5)
        unit = " for one step of the column" if self.scaled else " per unit of the column"
        kind = "odds ratio" if self.odds else "coefficient (log-odds)"
        ax.set_xlabel(f"{kind}{unit}" if not self.odds else f"{kind}{unit}, logarithmic")
        few = f", {len(self.terms)} of {self.total[0]} columns" if self.total[0] > len(self.terms) else ""
        span = "no intervals" if self.note else f"{percent(self.level)} intervals"
        ax.set_title((words(self.contrasts[0], 40) + "\n" if C == 1 else "") + span + few)
        if self.odds:
            _odds_ticks(ax)
        if C > 1:
            more = [f"and {self.total[1] - C} more"] if self.total[1] > C else []
            blank = [ax.plot([], [], linestyle="none")[0]] * len(more)
            beside(ax, [*handles, *blank], [*(words(name, 30) for name in self.contrasts), *more])

    def _arrows(self, ax: Any, c: int, at: np.ndarray, known: np.ndarray) -> None:
        """Coefficients that run to infinity, at the border."""
        for t in np.flatnonzero(~known & ~np.isnan(self.estimate[c])):
            right = self.estimate[c, t] == np.inf
            where = (1.0, at[t]) if right else (0.0, at[t])
            place = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points", "va": "center"}
            text, shift, side = ("→ ∞", -4, "right") if right else ("0 ←" if self.odds else f"{MINUS}∞ ←", 4, "left")
            ax.annotate(text, where, (shift, 0), ha=side, color=COLOURS[c], **place)


def _contrast(own: Any, other: Any) -> str:
    return f"{own} against {other}" if other else f"{own} against the mean"


def _steps(step: Any, p: int) -> np.ndarray:
    """(p,)."""
    found = np.ones(p) if step is None else np.asarray(step, dtype=np.float64)
    if found.shape != (p,) or not (np.isfinite(found) & (found > 0)).all():
        raise InputError(f"step must be {p} positive numbers, one a column, such as X.std(axis=0), but is {step!r:.80}")
    return found


def _odds_ticks(ax: Any) -> None:
    """Ratios as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = np.log10(ax.get_xlim())
    locator: Any = LogLocator(subs=(1.0, 2.0, 5.0) if high - low < 2 else (1.0,), numticks=8)
    if high - low < NARROW:
        locator = MaxNLocator(5, steps=[1, 2, 5, 10])
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
