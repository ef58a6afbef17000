"""Coefficients under penalties of several strengths, and how the rows held out judge them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ...errors import InputError
from ...inference.estimates import feature_names
from ..text import counted
from .display import Display, Layout
from .inputs import either
from .look import COLOURS, DASHES, GREY, PALE, beside, number, spoken, words

NAMED = 7  # columns in colour; the others are grey


@dataclass(eq=False, repr=False)
class PathDisplay(Display):
    """Each column's coefficient over C, from strong to weak penalties; with cross-validation also the loss of rows held out.

    For more than two classes a column's size: the root of the sum of its squared coefficients.

    Attributes
    ----------
    Cs : (S,) array
        Sorted; an infinite one is left out.
    values : (S, p) array
        Coefficients, or sizes.
    names : tuple of str
    classes : int
    losses, errors : (S,) arrays or None
        Mean log loss of the rows held out, and its standard error over the folds.
    chosen, simplest : float or None
        C of the least loss, and the smallest C within one standard error of it; ``used`` is the one that was taken.
    used : float or None
    """

    Cs: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]
    classes: int
    losses: np.ndarray | None = None
    errors: np.ndarray | None = None
    chosen: float | None = None
    simplest: float | None = None
    used: float | None = None

    @classmethod
    def from_estimator(cls, model: Any, *, step: Any = None, ax: Any = None) -> Self:
        """Of a path, or of a cross-validation.

        Parameters
        ----------
        model : Path or LogisticRegressionCV
            Of several shares of L1, the one that was chosen.
        step : (p,) numbers, optional
            The change of each column that a coefficient is for, such as ``X.std(axis=0)``. By default one unit.
        ax : matplotlib Axes, or one for each panel, optional

        Raises
        ------
        InputError
            If it is neither, or no two strengths are finite.
        """
        path = either(model, "path_") or model
        models = getattr(path, "models", ())
        share = either(model, "l1_ratio_")
        if share is not None:
            models = [one for one in models if one.penalty.l1_ratio == share]
        models = sorted((one for one in models if np.isfinite(one.penalty.C)), key=lambda one: one.penalty.C)
        if len(models) < 2:
            what = f"model is a {type(model).__name__} with {len(models)} models of finite C"
            raise InputError(f"{what}; pass logistic.path(X, y) or a fitted LogisticRegressionCV with two strengths or more")
        Cs, coef = np.array([one.penalty.C for one in models]), np.stack([one.coef for one in models])
        K, steps = len(models[0].classes), np.ones(coef.shape[2]) if step is None else np.asarray(step, dtype=np.float64)
        if steps.shape != coef.shape[2:]:
            raise InputError(f"step has shape {steps.shape}; pass one number for each of the {coef.shape[2]} columns")
        values = (coef[:, 0] if K == 2 else np.sqrt((coef**2).sum(axis=1))) * steps
        found = cls(Cs, values, feature_names(models[0]), K)
        if share is not None:
            found.losses, found.errors = _held_out(model, Cs, share)
            found.chosen, found.simplest, found.used = model.C_min_, model.C_1se_, model.C_
        return found.plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        span = f"for C from {number(self.Cs[0])} to {number(self.Cs[-1])}"
        large = ", ".join(f"{spoken(self.names[j])} {number(self.values[self._at, j])}" for j in self._largest()[:5])
        where = "the weakest penalty" if self.used is None else "the penalty that was chosen"
        text = f"Regularisation path of {len(self.names)} columns {span}; largest at {where}: {large}"
        if self.losses is None or self.used is None or self.chosen is None:
            return f"{text}."
        best = number(float(np.nanmin(self.losses)), 4)
        return f"{text}. Least mean log loss of rows held out {best} at C={number(self.chosen)}; C={number(self.used)} was chosen."

    @property
    def layout(self) -> Layout:
        """The loss above, if there is one."""
        both = self.losses is not None
        return Layout(rows=2 if both else 1, width=7.4, height=5.8 if both else 3.9, heights=(2, 3) if both else None, share=both)

    def draw(self, axes: list[Any]) -> None:
        """The largest columns have names."""
        ax, large = axes[-1], self._largest()
        ax.set_xscale("log")
        ax.axhline(0, color=GREY, linewidth=0.7)
        others = [j for j in range(len(self.names)) if j not in large]
        pale = [ax.plot(self.Cs, self.values[:, j], color=GREY, linewidth=0.6, alpha=0.5)[0] for j in others[:500]][:1]
        handles = [
            ax.plot(self.Cs, self.values[:, j], color=COLOURS[i % len(COLOURS)], linestyle=DASHES[i % len(DASHES)])[0]
            for i, j in enumerate(large)
        ]
        names = [words(self.names[j], 24) for j in large] + [counted(len(others), "other")] * len(pale)
        beside(ax, handles + pale, names)
        what = "coefficient" if self.classes == 2 else f"size over {self.classes} classes"
        ax.set(xlabel="C (penalties get weaker to the right)", ylabel=what)
        if self.losses is not None:
            self._draw_losses(axes[0])
        for one in axes:
            one.grid(color=PALE, linewidth=0.6)
            if self.used is not None and np.isfinite(self.used):
                one.axvline(self.used, color="black", linewidth=1.0)
            if self.simplest is not None and self.chosen is not None:
                rest = self.chosen if self.used == self.simplest else self.simplest
                one.axvline(rest, color=GREY, linewidth=1.0, linestyle=(0, (2, 2)))

    def _draw_losses(self, ax: Any) -> None:
        assert self.losses is not None
        assert self.errors is not None
        from matplotlib.lines import Line2D

        bars = ax.errorbar(
            self.Cs, self.losses, np.nan_to_num(self.errors), color=COLOURS[0], marker="o", markersize=3.5, capsize=2
        )
        simple = self.used == self.simplest
        rest = "least loss" if simple else "within one standard error"
        marks = [Line2D([], [], color="black"), Line2D([], [], color=GREY, linestyle=(0, (2, 2)))]
        other = self.chosen if simple else self.simplest
        names = ["mean ± one standard error", f"chosen: C={number(self.used or 0.0)}", f"{rest}: C={number(other or 0.0)}"]
        shown = 2 if self.chosen == self.simplest else 3
        beside(ax, [bars, *marks][:shown], names[:shown])
        ax.set_ylabel("log loss held out")
        ax.tick_params(labelbottom=False)

    @property
    def _at(self) -> int:
        """Which strength was taken, or is the weakest."""
        return -1 if self.used is None else int(abs(np.log(self.Cs / self.used)).argmin())

    def _largest(self) -> list[int]:
        """Columns by their size under the penalty that was taken, or under the weakest."""
        order = np.argsort(-abs(self.values[self._at]), kind="stable")
        return [int(j) for j in order[:NAMED]]


def _held_out(model: Any, Cs: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """(S,) mean log loss of the rows held out, and its standard error."""
    table = model.table_
    mine = (table["l1_ratio"] == share) & (table["fold"] == table["fold"][0])
    by = {
        float(C): (m / 2, e / 2)
        for C, m, e in zip(*(table[k][mine] for k in ("C", "mean_deviance", "standard_error")), strict=True)
    }
    keys = np.array(list(by))
    nearest = [by[float(keys[abs(np.log(keys / C)).argmin()])] for C in Cs]
    return np.array([m for m, _ in nearest]), np.array([e for _, e in nearest])
