"""Effects where a formula makes the columns: what changes is a column of the data, and all columns that are made of it follow.

A change from one value to another is a difference of two designs, a slope their quotient: designs are computed anew from the data,
chunk by chunk, with one column replaced. The formulas of :mod:`logistic.inference.delta` hold with several columns that move.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError, did_you_mean, listed
from ..recipes import Recipe
from ..sources import Columns
from .delta import Contrast, Moves, Setting, changed, moved_to, sloped
from .rows import Chunk, Rows, number

STEP = 1e-5  # of a derivative, relative to the value or to the deviation of the column, the smaller: errors are near its square

Values = Callable[[np.ndarray], np.ndarray]  # of a column, what stands in its place


class Design(NamedTuple):
    """The columns of the design that move, for data with some columns replaced.

    Attributes
    ----------
    data : Columns
        Of all rows.
    recipe : Recipe
    replaced : tuple of (name, function)
    """

    data: Columns
    recipe: Recipe
    replaced: tuple[tuple[str, Values], ...]

    @property
    def moving(self) -> np.ndarray:
        """(J,) positions of the columns that are made of a replaced one."""
        return np.flatnonzero(self.recipe.made_of([name for name, _ in self.replaced]))

    def of(self, part: slice) -> np.ndarray:
        """(r, J) for these rows."""
        held = self.data.take(np.arange(self.data.rows)[part])
        for name, values in self.replaced:
            held = held.replaced(name, values(held[name].values))
        X = self.recipe.design(held)
        return np.asarray((X.toarray() if self.recipe.sparse else X)[:, self.moving])


class Replaced(NamedTuple):
    """Probabilities for the data of a design."""

    design: Design

    def of(self, rows: Chunk) -> Moves:
        """As for columns that are set to values."""
        columns = self.design.moving
        steps = self.design.of(rows.part) - rows.X[:, columns]
        return moved_to(rows, list(zip(columns.tolist(), steps.T, strict=True)))


class Difference(NamedTuple):
    """What follows from a change of the data from one design to another."""

    low: Design
    high: Design

    def of(self, rows: Chunk) -> Moves:
        """As for the change of a column, with several."""
        columns = self.low.moving
        low, high = (end.of(rows.part) - rows.X[:, columns] for end in (self.low, self.high))
        return changed(rows, columns.tolist(), low, high)


class Derivative(NamedTuple):
    """The slope in a column of the data: by the quotient of two designs nearby, exact in the logits.

    Attributes
    ----------
    low, high : Design
    width : function
        Of the values of the column, how far apart the two are.
    """

    low: Design
    high: Design
    width: Values

    def of(self, rows: Chunk) -> Moves:
        """As for the slope in a column, along a direction of its own for each row."""
        columns, name = self.low.moving, self.low.replaced[0][0]
        values = self.low.data.take(np.arange(self.low.data.rows)[rows.part])[name].values.astype(np.float64)
        D = (self.high.of(rows.part) - self.low.of(rows.part)) / self.width(values)[:, None]
        C = rows.curvature
        u = np.einsum("rkm,rm->rk", C, D @ rows.model.coef[:, columns].T)
        return sloped(rows, u, tuple((j, D[:, i, None, None] * C) for i, j in enumerate(columns.tolist())))


def slopes(rows: Rows, variables: Any) -> list[Contrast]:
    """Derivatives in the columns of numbers, the difference from 0 to 1 where they hold nothing else, and that between levels."""
    return [contrast for name in _chosen(rows, variables) for contrast in _default(rows, name, _derivative)]


def changes(rows: Rows, variables: Any) -> list[Contrast]:
    """Changes as a dict says; by default from 0 to 1, by one, or from the first level to each other one."""
    names = _chosen(rows, variables)
    how: Iterable[Any] = variables.values() if isinstance(variables, Mapping) else [None] * len(names)
    found: list[Contrast] = []
    for name, way in zip(names, how, strict=True):
        found += _default(rows, name, lambda rows, name: _step(rows, name, 1.0)) if way is None else [_change(rows, name, way)]
    return found


def grid(rows: Rows, at: Mapping[Any, Any]) -> list[Setting]:
    """Combinations of values of columns of the data, and what to ask for each of them."""
    names = _known(rows, list(at), "at")
    values = [np.atleast_1d(np.asarray(given, dtype=object)).ravel().tolist() for given in at.values()]
    combinations = [tuple(zip(names, chosen, strict=True)) for chosen in itertools.product(*values)]
    return [Setting(one, Replaced(_design(rows, *((name, _constant(value)) for name, value in one)))) for one in combinations]


def _default(rows: Rows, name: str, of_numbers: Callable[[Rows, str], Contrast]) -> list[Contrast]:
    levels = _levels(rows, name)
    if levels:
        return [_between(rows, name, levels[0], level) for level in levels[1:]]
    values = _data(rows)[name].values
    if values.dtype.kind == "b" or (((values == 0) | (values == 1)).all() and values.any() and not values.all()):
        return [_between(rows, name, 0, 1)]
    return [of_numbers(rows, name)]


def _between(rows: Rows, name: str, low: Any, high: Any) -> Contrast:
    ends = (_design(rows, (name, _constant(value))) for value in (low, high))
    return Contrast(name, f"{_text(high)} - {_text(low)}", Difference(*ends))


def _step(rows: Rows, name: str, step: float) -> Contrast:
    low, high = (_design(rows, (name, partial(np.add, by))) for by in (0.0, step))
    return Contrast(name, f"{step:+g}", Difference(low, high))


def _derivative(rows: Rows, name: str) -> Contrast:
    """Neither value leaves the range of the column, beyond which a transform may not be defined."""
    values = _data(rows)[name].values.astype(np.float64)
    low, high, deviation = values.min(), values.max(), values.std() or 1.0

    def end(sign: int, values: np.ndarray) -> np.ndarray:
        numbers = values.astype(np.float64)
        size = np.where(numbers != 0, np.minimum(abs(numbers), deviation), deviation)
        moved = numbers + sign * STEP * size
        return np.asarray(np.clip(moved, low, high) if high > low else moved)

    def width(values: np.ndarray) -> np.ndarray:
        found: np.ndarray = end(1, values) - end(-1, values)
        return found

    before, after = (_design(rows, (name, partial(end, sign))) for sign in (-1, 1))
    return Contrast(name, "dY/dX", Derivative(before, after, width))


def _change(rows: Rows, name: str, way: Any) -> Contrast:
    what, levels = f"variables[{name!r}]", _levels(rows, name)
    if isinstance(way, Sequence | np.ndarray) and not isinstance(way, str):
        if len(way) != 2:
            raise InputError(f"{what} has {len(way)} values; give a pair (low, high)")
        return _between(rows, name, *(way if levels else (number(value, f"{what}, from low to high,") for value in way)))
    if levels:
        raise InputError(f"{what} is {way!r}, but the column holds levels; give a pair of them, such as {levels[:2]!r:.100}")
    if isinstance(way, str):
        if way != "sd":
            raise InputError(f"{what} is {way!r}; give a number to add, a pair (low, high), or 'sd'")
        mean, deviation = rows.moments(_data(rows)[name].values.astype(np.float64))
        return _between(rows, name, mean - deviation / 2, mean + deviation / 2)._replace(text="sd")
    return _step(rows, name, number(way, what))


def _constant(value: Any) -> Values:
    return lambda values: np.full(len(values), value, dtype=object if isinstance(value, str) else None)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _data(rows: Rows) -> Columns:
    assert rows.data is not None
    return rows.data


def _design(rows: Rows, *replaced: tuple[str, Values]) -> Design:
    assert rows.data is not None
    assert rows.recipe is not None
    return Design(rows.data, rows.recipe, replaced)


def _levels(rows: Rows, name: str) -> tuple[Any, ...]:
    """Of a column that the formula takes for categories."""
    assert rows.recipe is not None
    return rows.recipe.levels_of(name)


def _chosen(rows: Rows, variables: Any) -> list[str]:
    assert rows.recipe is not None
    if variables is None:
        return list(rows.recipe.columns)
    asked = [variables] if isinstance(variables, str) else list(variables)
    return _known(rows, asked, "variables")


def _known(rows: Rows, names: list[Any], argument: str) -> list[str]:
    """Columns of the data that the formula uses."""
    assert rows.recipe is not None
    known = rows.recipe.columns
    if not names:
        raise InputError(f"{argument} names no column; leave it out for all of them")
    for name in names:
        if name not in known:
            near = did_you_mean(str(name), known)
            raise InputError(f"{argument} names {name!r:.60}, but the formula has no such column{near} (it has {listed(known)})")
    return [str(name) for name in names]
