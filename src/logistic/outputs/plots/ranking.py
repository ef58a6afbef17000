"""How well probabilities rank rows: ROC and precision-recall curves, each class against the rest."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..curves import Curve, precision_recall, roc, thinned
from ..tally import Tally, tallied
from .display import Display, Layout
from .inputs import classes_among, labels_of, probabilities
from .look import COLOURS, DASHES, GREY, INK, MARKERS, PALE, legend, spoken, words

TOLD_APART = len(COLOURS)  # curves; of more, the worst are drawn in colour and the others in grey
WORST = 3
MOST = 1000  # points of a curve


def tallied_for_two(y: Any, p: Any, classes: Any, sample_weight: Any, logs: Any = None) -> tuple[np.ndarray, Tally]:
    """As :func:`logistic.outputs.tally.tallied`, where p may also be the probability (n,) of the second of two classes."""
    found = np.asarray(p) if np.ndim(p) == 1 else p
    if np.ndim(found) == 1:
        found = np.column_stack([1 - found, found])
    return tallied(y, found, classes_among(labels_of(y)) if classes is None else classes, sample_weight, logs)


@dataclass(eq=False, repr=False)
class RankingDisplay(Display):
    """Curves of classes against the rest.

    Attributes
    ----------
    curves : list of Curve
        One a class, see :class:`logistic.outputs.curves.Curve`; of more than a thousand points only so many are drawn.
    classes : (K,) array
    shares : (K,) array
        Of each class among the rows.
    rows : int
    """

    curves: list[Curve]
    classes: np.ndarray
    shares: np.ndarray
    rows: int

    name: ClassVar[str]
    area: ClassVar[str]
    labels: ClassVar[tuple[str, str]]
    corner: ClassVar[str]
    steps: ClassVar[str] = "default"  # how points are joined

    @staticmethod
    @abstractmethod
    def of(rows: Tally) -> list[Curve]:
        """The curves of rows."""

    @classmethod
    def from_estimator(cls, model: Any, X: Any, y: Any, *, sample_weight: Any = None, ax: Any = None) -> Self:
        """Of a fitted model.

        Parameters
        ----------
        model : object with ``predict_proba`` and ``classes_``
        X : (n, p) rows
        y : (n,) true labels
        sample_weight : (n,), optional
        ax : matplotlib Axes, optional
        """
        p, classes, logs = probabilities(model, X)
        return cls.from_tally(tallied(y, p, classes, sample_weight, logs), ax)

    @classmethod
    def from_predictions(
        cls, y: Any, probabilities: Any, *, classes: Any = None, sample_weight: Any = None, ax: Any = None
    ) -> Self:
        """Of true labels (n,) and probabilities (n, K), or (n,) of the second of two classes.

        Parameters
        ----------
        y, probabilities
        classes : (K,), optional
            In the order of the columns; by default the labels of y, sorted.
        sample_weight : (n,), optional
        ax : matplotlib Axes, optional
        """
        return cls.from_tally(tallied_for_two(y, probabilities, classes, sample_weight), ax)

    @classmethod
    def from_tally(cls, found: tuple[np.ndarray, Tally], ax: Any = None) -> Self:
        """Of classes (K,) and rows that were checked."""
        classes, rows = found
        counts = np.bincount(rows.codes, rows.weight, len(classes))
        return cls(cls.of(rows), classes, counts / counts.sum(), rows.rows).plot(ax)

    @property
    def areas(self) -> np.ndarray:
        """(K,)."""
        return np.array([curve.area for curve in self.curves])

    @property
    def shown(self) -> list[int]:
        """Classes that are drawn in colour: the second of two, all of a few, the worst of many."""
        K = len(self.classes)
        known = [k for k in range(K) if not np.isnan(self.areas[k])]
        if K == 2:
            return [k for k in known if k == 1]
        return known if K <= TOLD_APART else sorted(known, key=lambda k: (self.areas[k], k))[:WORST]

    @property
    def alt(self) -> str:
        """The figure in words."""
        K, each = len(self.classes), "; ".join(f"{spoken(self.classes[k])} {self.areas[k]:.4f}" for k in self.shown)
        many = f"the lowest of {K} classes: " if K > TOLD_APART else ""
        none = "none is defined, for want of rows of the class or of others"
        name = f"{self.name[:1].upper()}{self.name[1:]}s"
        return f"{name} on {self.rows:,} rows, each class against the rest. {self.area}: {many}{each or none}."

    @property
    def layout(self) -> Layout:
        """Square."""
        return Layout(width=4.8, height=4.9)

    def draw(self, axes: list[Any]) -> None:
        """Lines differ in colour, dashes and markers."""
        (ax,), shown, handles, names = axes, self.shown, [], []
        many = len(self.classes) > TOLD_APART
        for k, curve in enumerate(self.curves):
            if many and k not in shown and not np.isnan(curve.area):
                self._line(ax, curve, color=GREY, linewidth=0.6, alpha=0.6)
        for i, k in enumerate(shown):
            style = {"color": COLOURS[i], "linestyle": DASHES[i % len(DASHES)]}
            marks = {} if len(shown) == 1 else {"marker": MARKERS[i % len(MARKERS)], "markevery": (0.03 + 0.05 * i, 0.4)}
            handles.append(self._line(ax, self.curves[k], **style, **marks))
            names.append(f"{words(self.classes[k], 18)}  {self.areas[k]:.3f}")
        handles.append(self._chance(ax))
        names.append("no better than chance")
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=self.labels[0], ylabel=self.labels[1], aspect="equal")
        ax.grid(color=PALE, linewidth=0.6)
        ax.set_title(f"{self.rows:,} rows, " + (f"the {len(shown)} worst of {len(self.classes)} classes" if many else self.name))
        legend(ax, handles, names, self.corner)
        ax.get_legend().set_title(self.area.lower() if self.area[1:2].islower() else self.area, prop={"size": 9})
        ax.get_legend().set_alignment("left")
        ax.get_legend().get_title().set_color(INK)

    def _line(self, ax: Any, curve: Curve, **style: Any) -> Any:
        kept = thinned(curve.x, curve.y, MOST)
        return ax.plot(curve.x[kept], curve.y[kept], drawstyle=self.steps, **style)[0]

    @abstractmethod
    def _chance(self, ax: Any) -> Any:
        """What a ranking by lot gives."""


class RocCurveDisplay(RankingDisplay):
    """ROC curves: at every threshold the share of the class that is found, over the share of the rest that is taken for it."""

    name = "ROC curve"
    area = "Area under the curve"
    labels = ("false positive rate", "true positive rate")
    corner = "lower right"
    of = staticmethod(roc)

    def _chance(self, ax: Any) -> Any:
        return ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle=(0, (2, 3)))[0]


class PrecisionRecallDisplay(RankingDisplay):
    """Precision-recall curves: at every threshold the share of what is taken for the class that is, over the share found."""

    name = "precision-recall curve"
    area = "Average precision"
    labels = ("recall", "precision")
    corner = "lower left"
    steps = "steps-post"
    of = staticmethod(precision_recall)

    def _chance(self, ax: Any) -> Any:
        shares = {round(float(self.shares[k]), 12) for k in self.shown} or {0.0}
        for share in sorted(shares):
            line = ax.axhline(share, color=GREY, linewidth=0.9, linestyle=(0, (2, 3)))
        return line
