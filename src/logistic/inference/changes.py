"""Which columns change, and how: what is asked of marginal effects and adjusted predictions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..model import Model
from . import designed
from .delta import Change, Contrast, Probability, Setting, Slope
from .estimates import feature_names
from .rows import Rows, columns_of, number

BLOCK = 1024  # rows at a time
MOST_AT = 10_000  # combinations of values at which predictions are averaged


def slopes(rows: Rows, variables: Any) -> list[Contrast]:
    """Derivatives in the columns that are named, all by default; the difference from 0 to 1 for those that hold nothing else.

    Raises
    ------
    InputError
        For what is no column.
    """
    if isinstance(variables, Mapping):
        raise InputError("variables is a dict, which says how columns change; slopes take names of columns, comparisons a dict")
    if rows.recipe is not None:
        return designed.slopes(rows, variables)
    names, indicators = feature_names(rows.model), _indicators(rows)
    return [
        Contrast(names[j], "1 - 0", Change(j, 0, 1)) if indicators[j] else Contrast(names[j], "dY/dX", Slope(j))
        for j in _chosen(rows.model, variables)
    ]


def changes(rows: Rows, variables: Any) -> list[Contrast]:
    """Changes of the columns that are named, as a dict says; by default from 0 to 1 for those that hold nothing else, or by one.

    Raises
    ------
    InputError
        For what is no column, or no change.
    """
    if rows.recipe is not None:
        return designed.changes(rows, variables)
    names, indicators = feature_names(rows.model), _indicators(rows)
    chosen = _chosen(rows.model, variables)
    how: Iterable[Any] = variables.values() if isinstance(variables, Mapping) else [None] * len(chosen)
    return [
        _change(rows, j, names[j], (0, 1) if way is None and indicators[j] else way) for j, way in zip(chosen, how, strict=True)
    ]


def _change(rows: Rows, j: int, name: str, way: Any) -> Contrast:
    what = f"variables[{name!r}]"
    if isinstance(way, str):
        if way != "sd":
            raise InputError(f"{what} is {way!r}; give a number to add, a pair (low, high), or 'sd'")
        mean, deviation = rows.moments(np.concatenate([X[:, j] for _, X in rows.blocks(BLOCK)]))
        return Contrast(name, "sd", Change(j, mean - deviation / 2, mean + deviation / 2))
    if isinstance(way, Sequence | np.ndarray):
        if len(way) != 2:
            raise InputError(f"{what} has {len(way)} values; give a number to add, a pair (low, high), or 'sd'")
        low, high = (number(value, f"{what}, from low to high,") for value in way)
        return Contrast(name, f"{high:g} - {low:g}", Change(j, low, high))
    step = 1.0 if way is None else number(way, what)
    return Contrast(name, f"{step:+g}", Change(j, 0, step, relative=True))


def _chosen(model: Model, variables: Any) -> list[int]:
    if variables is None:
        return list(range(model.coef.shape[1]))
    found = columns_of(model, list(variables) if isinstance(variables, Mapping) else variables, "variables")
    if not found:
        raise InputError("variables names no column; leave it out for all of them")
    return found


def _indicators(rows: Rows) -> np.ndarray:
    """(p,) whether a column holds 0 and 1, and nothing else."""
    only, zero, one = np.ones((3, rows.model.coef.shape[1]), dtype=bool) & [[True], [False], [False]]
    for _, X in rows.blocks(BLOCK):
        only &= ((X == 0) | (X == 1)).all(axis=0)
        zero |= (X == 0).any(axis=0)
        one |= (X == 1).any(axis=0)
    return np.asarray(only & zero & one)


def grid(rows: Rows, at: Mapping[Any, Any] | None) -> list[Setting]:
    """Combinations of values of columns, one empty one where none are given.

    Raises
    ------
    InputError
        For what is no column or no value, or too many combinations.
    """
    if at is None:
        return [Setting((), Probability())]
    if not isinstance(at, Mapping) or not at:
        raise InputError(f"at must be a dict of columns and their values, such as {{'age': [20, 30]}}, but is {at!r:.60}")
    counts = [np.atleast_1d(np.asarray(given, dtype=object)).size for given in at.values()]
    if 0 in counts:
        raise InputError(f"at[{list(at)[counts.index(0)]!r}] has no values; give one or more")
    if math.prod(counts) > MOST_AT:
        raise InputError(f"at has {math.prod(counts):,} combinations of values, more than {MOST_AT:,}; give fewer values")
    if rows.recipe is not None:
        return designed.grid(rows, at)
    columns, names = columns_of(rows.model, list(at), "at"), feature_names(rows.model)
    values = []
    for j, given in zip(columns, at.values(), strict=True):
        each = np.atleast_1d(np.asarray(given, dtype=object)).ravel().tolist()
        values.append([(j, number(value, f"at[{names[j]!r}]")) for value in each])
    return [Setting(tuple((names[j], value) for j, value in one), Probability(one)) for one in itertools.product(*values)]
