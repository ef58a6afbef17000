"""Whether probabilities come true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..curves import Calibration, calibration
from ..tally import Tally, tallied
from .display import Display, Layout
from .inputs import probabilities
from .look import COLOURS, DASHES, GREY, HATCHES, MARKERS, PALE, amount, beside, percent, spoken, words
from .ranking import tallied_for_two

FEW = 4  # classes with a curve each; of more, the probability of the predicted label is looked at


@dataclass(eq=False, repr=False)
class CalibrationDisplay(Display):
    """Among rows with about one probability, the share where it came true; below, how many rows there are.

    For two classes the probability of the second, for up to four that of each, for more that of the predicted label.

    Attributes
    ----------
    curves : list of Calibration
    names : list of str
        What each curve is the probability of.
    rows : int
    strategy : str
        How bins were made: ``uniform`` or ``quantile``.
    level : float
        Of the intervals, which are Wilson's.
    """

    curves: list[Calibration]
    names: list[str]
    rows: int
    strategy: str = "uniform"
    level: float = 0.95

    @classmethod
    def from_estimator(
        cls, model: Any, X: Any, y: Any, *, sample_weight: Any = None, bins: int = 10, strategy: str = "uniform", ax: Any = None
    ) -> Self:
        """Of a fitted model.

        Parameters
        ----------
        model : object with ``predict_proba`` and ``classes_``
        X : (n, p) rows
        y : (n,) true labels
        sample_weight : (n,), optional
        bins : int, default=10
        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of equal width, or of equally many rows.
        ax : matplotlib Axes, or two of them, optional
        """
        p, classes, _ = probabilities(model, X)
        return cls.from_tally(tallied(y, p, classes, sample_weight), bins, strategy, ax)

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        probabilities: Any,
        *,
        classes: Any = None,
        sample_weight: Any = None,
        bins: int = 10,
        strategy: str = "uniform",
        ax: Any = None,
    ) -> Self:
        """Of true labels (n,) and probabilities (n, K), or (n,) of the second of two classes; see :meth:`from_estimator`."""
        return cls.from_tally(tallied_for_two(y, probabilities, classes, sample_weight), bins, strategy, ax)

    @classmethod
    def from_tally(cls, found: tuple[np.ndarray, Tally], bins: int = 10, strategy: str = "uniform", ax: Any = None) -> Self:
        """Of classes (K,) and rows that were checked."""
        classes, rows = found
        K, level = len(classes), cls.level
        if K > FEW:
            top = rows.p.argmax(axis=1)
            truths, names = [(top == rows.codes, rows.p.max(axis=1))], ["the predicted label"]
        else:
            shown = [1] if K == 2 else list(range(K))
            truths, names = [(rows.codes == k, rows.p[:, k]) for k in shown], [str(classes[k]) for k in shown]
        curves = [calibration(truth, p, rows.weight, bins, strategy, level) for truth, p in truths]
        return cls(curves, names, rows.rows, strategy, level).plot(ax)

    @property
    def alt(self) -> str:
        """The figure in words."""
        bins = f"{len(self.curves[0].weight)} bins of {'equal width' if self.strategy == 'uniform' else 'equally many rows'}"
        each = "; ".join(
            f"{spoken(name)}: calibration error {curve.error:.4f}, {self._off(curve)}"
            for name, curve in zip(self.names, self.curves, strict=True)
        )
        return f"Calibration on {self.rows:,} rows in {bins}, with {percent(self.level)} intervals. {each}."

    def _off(self, curve: Calibration) -> str:
        filled = curve.weight > 0
        outside = filled & ((curve.predicted < curve.low) | (curve.predicted > curve.high))
        return f"{int(outside.sum())} of {int(filled.sum())} bins off by more than their interval"

    @property
    def layout(self) -> Layout:
        """A square above, a strip below, names of several curves beside."""
        return Layout(rows=2, width=4.8 if len(self.curves) == 1 else 6.6, height=5.8, heights=(4, 1), share=True)

    def draw(self, axes: list[Any]) -> None:
        """Points lie where the mean probability of their bin is."""
        ax, strip = axes
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (2, 3)))
        handles, names, count = [], [], len(self.curves)
        for i, (name, curve) in enumerate(zip(self.names, self.curves, strict=True)):
            kept = curve.weight > 0
            x, y = curve.predicted[kept], curve.observed[kept]
            reach = np.maximum([y - curve.low[kept], curve.high[kept] - y], 0)
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": DASHES[i], "linewidth": 1.3}
            handles.append(ax.errorbar(x, y, reach, elinewidth=0.9, capsize=2.5, **style))
            names.append(f"{words(name, 22)}  {curve.error:.3f}")
            where, width = curve.edges[:-1], np.diff(curve.edges) / count
            colour, hatch = {"color": COLOURS[i], "alpha": 0.55}, {"hatch": HATCHES[i], "edgecolor": "white", "linewidth": 0.4}
            strip.bar(where + i * width, curve.weight, width, align="edge", **colour, **hatch)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="share that came true")
        ax.grid(color=PALE, linewidth=0.6)
        about = f"{self.rows:,} rows, {percent(self.level)} intervals"
        if count == 1:
            ax.set_title(f"{words(self.names[0], 22)}: calibration error {self.curves[0].error:.3f}\n{about}", fontsize=10)
        else:
            ax.set_title(about, fontsize=10)
            beside(ax, handles, names)
            ax.get_legend().set_title("calibration error", prop={"size": 9})
            ax.get_legend().set_alignment("left")
        most = max(float(curve.weight.max()) for curve in self.curves)
        strip.set(xlabel="probability", ylabel="rows", yticks=[0, most], xlim=(-0.02, 1.02))
        strip.set_yticklabels(["0", amount(most)])
