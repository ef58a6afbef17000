"""Who is taken for whom: the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..curves import confusion
from .display import Display, Layout
from .inputs import either, predictions
from .look import GREY, INK, amount, number, percent, spoken, words

NUMBERED = 12  # classes whose cells hold numbers
NAMED = 40  # classes that all have their name at the side
CELL = 0.62  # inches


@dataclass(eq=False, repr=False)
class ConfusionMatrixDisplay(Display):
    """Rows of each true class (down) that are predicted as each class (across): counts, and per cent of the true class.

    Attributes
    ----------
    confusion : (K, K) array
        Counts, or weights where there are any.
    classes : (K,) array
    """

    confusion: np.ndarray
    classes: np.ndarray

    @classmethod
    def from_estimator(cls, model: Any, X: Any, y: Any, *, sample_weight: Any = None, ax: Any = None) -> Self:
        """Of what a fitted model predicts.

        Parameters
        ----------
        model : object with ``predict``, or a function from rows to labels
        X : (n, p) rows
        y : (n,) true labels
        sample_weight : (n,), optional
        ax : matplotlib Axes, optional
        """
        classes = either(model, "classes_", "classes")
        return cls.from_predictions(y, predictions(model, X), classes=classes, sample_weight=sample_weight, ax=ax)

    @classmethod
    def from_predictions(cls, y: Any, predicted: Any, *, classes: Any = None, sample_weight: Any = None, ax: Any = None) -> Self:
        """Of true and predicted labels (n,).

        Parameters
        ----------
        y, predicted : (n,) labels
        classes : (K,), optional
            By default all labels that occur, sorted.
        sample_weight : (n,), optional
        ax : matplotlib Axes, optional
        """
        labels, found = confusion(y, predicted, classes, sample_weight)
        return cls(found, labels).plot(ax)

    @property
    def shares(self) -> np.ndarray:
        """(K, K) rows that sum to one; NaN for a class that does not occur."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.confusion / self.confusion.sum(axis=1, keepdims=True))

    @property
    def accuracy(self) -> float:
        """Share of right labels."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def alt(self) -> str:
        """The figure in words."""
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
        total, right = amount(float(self.confusion.sum())), amount(float(np.trace(self.confusion)))
        text = f"Confusion matrix of {len(self.classes)} classes: {right} of {total} right, accuracy {self.accuracy:.4f}"
        if wrong[i, j] <= 0:
            return f"{text}; no mistakes."
        pair = f"{spoken(self.classes[i])} taken for {spoken(self.classes[j])}, {amount(float(wrong[i, j]))}"
        return f"{text}; most frequent mistake: {pair} ({percent(float(self.shares[i, j]))} of that class)."

    @property
    def layout(self) -> Layout:
        """Square cells, and room for names."""
        side = min(max(CELL * len(self.classes), 2.6), 6.0)
        bar = 1.1 if len(self.classes) > NUMBERED else 0.0
        return Layout(width=side + 1.7 + bar, height=side + 1.3)

    def draw(self, axes: list[Any]) -> None:
        """Colours are shares of the true class."""
        (ax,), K, shares = axes, len(self.classes), self.shares
        picture = ax.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1, aspect="equal")
        ax.set_title(f"{amount(float(self.confusion.sum()))} rows, accuracy {self.accuracy:.3f}")
        ax.set_xlabel("predicted class")
        ax.set_ylabel("true class")
        ax.spines[:].set_visible(False)
        step = 1 + (K - 1) // NAMED
        names, size = [words(label, 14) for label in self.classes[::step]], 9 if K <= 16 else 7 if K <= 25 else 5
        cell = 72 * min(ax.get_position().width * ax.figure.bbox.width / ax.figure.dpi, self.layout.width - 1.3) / K * step
        lean = max(map(len, names)) * size * 0.6 > cell
        turned: dict[str, Any] = {"rotation": 90 if K > 16 else 40, "ha": "center" if K > 16 else "right"} if lean else {}
        ax.set_xticks(range(0, K, step), names, rotation_mode="anchor" if lean and K <= 16 else "default", **turned)
        ax.set_yticks(range(0, K, step), names)
        ax.tick_params(labelsize=size, length=0)
        if K > NUMBERED:
            bar = ax.figure.colorbar(picture, cax=ax.inset_axes((1.02, 0, 0.025, 1)))
            bar.set_label("share of the true class")
            return
        ax.set_xticks(np.arange(K - 1) + 0.5, minor=True)
        ax.set_yticks(np.arange(K - 1) + 0.5, minor=True)
        ax.grid(which="minor", color="white", linewidth=1.5)
        ax.tick_params(which="minor", length=0)
        for i, j in np.ndindex(K, K):
            count, share = float(self.confusion[i, j]), float(shares[i, j])
            colour = "white" if share > 0.5 else INK if count else GREY
            text = (amount(count) if count.is_integer() else number(count, 4)) + ("\n" + percent(share) if count else "")
            ax.text(j, i, text, ha="center", va="center", color=colour, fontsize=9 if K <= 8 else 7.5, linespacing=1.15)
