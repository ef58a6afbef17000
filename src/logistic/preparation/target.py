"""How a column becomes classes: as it is, one label against the rest, or cut by rank; and which labels a model knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, did_you_mean, listed
from .bins import RankBins, rank_bins

MOST_CLASSES = 20  # of a column of numbers with fractions; more are no labels but a quantity
FEWEST_ROWS = 5  # of a class, on average; with fewer, a column of many labels is hardly a target
WAYS = "cut them into classes by rank, or predict the number itself by linear regression"


@dataclass(frozen=True)
class Target:
    """The rule that makes classes of the values of a column. ``str()`` says it in words, and nothing for labels as they are.

    Attributes
    ----------
    positive : str or None
        A label, as text: it is set against the rest.
    edges : tuple of float
        Increasing cuts of a numeric column into the classes 0, 1, ...; values up to the first are 0. Empty for none.
    """

    positive: str | None = None
    edges: tuple[float, ...] = ()

    def classes(self, values: np.ndarray, name: str) -> np.ndarray:
        """(n,) labels of the values (n,) of the column called ``name``.

        Raises
        ------
        InputError
            If the rule does not fit the values: text is to be cut, or numbers with fractions are to be labels.
        """
        if self.edges:
            return RankBins(np.asarray(self.edges)).apply(_numbers(values, name))
        if self.positive is not None:
            return np.where(_words(values) == self.positive, *self._names())
        if values.dtype.kind == "f":
            _finite(values, name)
            different = len(np.unique(values)) if (values % 1 != 0).any() else 0
            if different > MOST_CLASSES:
                raise InputError(f"{name} holds {different:,} different numbers with fractions, which are no labels; {WAYS}")
        return values

    def interval(self, k: int) -> str:
        """The values of class k of a column that is cut."""
        below = [f"up to {self.edges[k]:.10g}"] if k < len(self.edges) else []
        above = [f"above {self.edges[k - 1]:.10g}"] if k > 0 else []
        return " and ".join(above + below)

    def __str__(self) -> str:
        if self.edges:
            return ", ".join(f"{k} is {self.interval(k)}" for k in range(len(self.edges) + 1))
        return "" if self.positive is None else " against ".join(self._names())

    def _names(self) -> tuple[str, str]:
        """The two classes, the positive one behind the rest in sorted order: coefficients and metrics speak of the second."""
        label = (self.positive or "").strip()
        rest = f"(not {label})"
        return label, rest if rest < label else f"!{label}"


def set_against_the_rest(values: np.ndarray, positive: str, name: str) -> Target:
    """The rule of one label against the rest; whole numbers are written without a point, booleans as true and false.

    Raises
    ------
    InputError
        If no value is the label, or every value is.
    """
    labels = np.unique(_words(values)).tolist()
    if positive not in labels:
        raise InputError(f"{name} holds no {positive!r}{did_you_mean(positive, labels)} (it holds {listed([*map(repr, labels)])})")
    if len(labels) == 1:
        raise InputError(f"{name} holds {positive!r} alone; there is no rest to set it against")
    return Target(positive=positive)


def cut_by_rank(values: np.ndarray, bins: int, name: str) -> Target:
    """The rule that cuts numbers into classes of about equal size, by rank; see :class:`RankBins`.

    Raises
    ------
    InputError
        If the values are no numbers, or too few different ones.
    """
    numbers = _numbers(values, name)
    try:
        return Target(edges=tuple(rank_bins(numbers, bins).edges.tolist()))
    except InputError as error:
        raise InputError(f"{name} cannot be cut into {bins} classes: {error}") from None


def check_classes(labels: np.ndarray, name: str) -> str:
    """Refuse labels (n,) that leave nothing to learn; returns what is doubtful about them, or an empty text.

    Raises
    ------
    InputError
        If all labels are the same, or each is another.
    """
    n, found = len(labels), np.unique(labels)
    if len(found) == 1:
        raise InputError(f"{name} holds {found.tolist()[0]!r:.60} alone; a target needs at least two classes")
    noun, way = ("numbers", WAYS) if labels.dtype.kind in "fiu" else ("labels", "is it the target?")
    doubt = f"{name} has {len(found):,} different {noun} for {n:,} rows; {way}"
    if len(found) == n > 2:
        raise InputError(doubt)
    return doubt if len(found) > MOST_CLASSES and n < FEWEST_ROWS * len(found) else ""


def known_labels(values: np.ndarray, classes: np.ndarray, name: str) -> np.ndarray:
    """(n,) the values (n,) as the classes (K,) spell them: 1, 1.0 and "1" are one label.

    Raises
    ------
    InputError
        Naming the first row, counted from 1, whose label is none of the classes.
    """
    spelt = {word(label): k for k, label in enumerate(classes.tolist())}
    found, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    places = np.array([spelt.get(word(value), -1) for value in found.tolist()])
    strange = places < 0
    if strange.any():
        row, count = int(first[strange].min()), int(strange[inverse].sum())
        label = values[row].item()
        raise InputError(
            f"{name} is {label!r:.60} in row {row + 1}, which is no class of the model ({listed([*map(repr, spelt)])};"
            f" {count:,} such {'row' if count == 1 else 'rows'}){did_you_mean(word(label), spelt)}"
        )
    return np.asarray(classes[places[inverse]])


def word(label: Any) -> str:
    """A label as it stands in a file: 1 for 1.0, true for True."""
    if isinstance(label, bool):
        return str(label).lower()
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _words(values: np.ndarray) -> np.ndarray:
    found, inverse = np.unique(values, return_inverse=True)
    return np.asarray([word(value) for value in found.tolist()])[inverse]


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype.kind not in "fiu":
        raise InputError(f"{name} holds {values[:1].tolist()[0]!r:.40}, not numbers, so it cannot be cut by rank")
    numbers = values.astype(np.float64)
    _finite(numbers, name)
    return numbers


def _finite(numbers: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"{name} is {numbers[row]} in row {row + 1} ({int(bad.sum())} such rows); drop or fix these rows")
