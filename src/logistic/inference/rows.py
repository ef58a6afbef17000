"""Rows beside a model: held to its columns, and given chunk by chunk, so that nothing grows with rows times coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..backend import EPS
from ..designs import is_sparse
from ..encoding import refuse_unknown
from ..errors import InputError, did_you_mean, listed
from ..model import Model
from ..recipes import Recipe
from ..sources import ArraySource, Columns, check_names
from .estimates import feature_names

CHUNK = 2**17  # numbers of the widest array of a chunk, 1 MiB


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows, and what a model says of them.

    Attributes
    ----------
    part : slice
        Where they stand among all rows.
    X : (r, p) array
        As given, dense and in float64.
    Z : (r, q) array
        X less the model's center, and ones behind if there is an intercept: what the coefficients, and the logit at the center,
        are multiplied by.
    eta : (r, M) array
        Logits.
    weight : (r,) array
    rounding : float
        How far the numbers of X, as they are stored, may be from those that were meant, relative to their size.
    model : Model
    """

    part: slice
    X: np.ndarray
    Z: np.ndarray
    eta: np.ndarray
    weight: np.ndarray
    rounding: float
    model: Model

    @cached_property
    def p(self) -> np.ndarray:
        """(r, K) probabilities."""
        return np.asarray(self.model.loss.probabilities(self.eta))

    @cached_property
    def curvature(self) -> np.ndarray:
        """(r, R, M): derivatives of the probabilities that are told of in the logits, see :func:`curvature`."""
        return curvature(self.p)

    def moved(self, steps: Sequence[tuple[int, np.ndarray]]) -> Chunk:
        """The same rows after each of some columns went by a step (r,) of its own."""
        X, Z, eta = self.X.copy(), self.Z.copy(), self.eta
        for j, step in steps:
            X[:, j] += step
            Z[:, j] += step
            eta = eta + step[:, None] * self.model.coef[:, j]
        return replace(self, X=X, Z=Z, eta=eta)


def curvature(p: np.ndarray) -> np.ndarray:
    """(r, R, M) derivatives of the probabilities in the logits: of the second of two classes, of each of more.

    Parameters
    ----------
    p : (r, K) array
    """
    K = p.shape[1]
    if K == 2:
        return np.asarray((p[:, 0] * p[:, 1])[:, None, None])
    found = -p[:, :, None] * p[:, None, :]
    own = np.arange(K)
    found[:, own, own] = 0
    found[:, own, own] = -found.sum(axis=2)  # p_k (1 - p_k) as a sum, never by subtraction from 1
    return np.asarray(found)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of the columns that a model was fitted on.

    Attributes
    ----------
    model : Model
    X : (n, p) array or CSR matrix
    y : (n,) codes of the classes, (n, K) distributions, or None
    weight : (n,) array
        Of one observation of each row.
    frequency : (n,) array
        How many observations a row stands for.
    offset : (n, M) array or None
    recipe : Recipe or None
        Where a formula makes X of ``data``.
    data : Columns or None
    """

    model: Model
    X: Any
    y: np.ndarray | None
    weight: np.ndarray
    frequency: np.ndarray
    offset: np.ndarray | None
    recipe: Recipe | None = None
    data: Columns | None = None

    @property
    def count(self) -> int:
        """How many rows there are."""
        return int(self.X.shape[0])

    def blocks(self, size: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Where so many rows stand, and these rows of X, dense and in float64."""
        for start in range(0, self.count, size):
            part = slice(start, start + size)
            yield part, np.asarray(self.X[part].toarray() if is_sparse(self.X) else self.X[part], dtype=np.float64)

    def chunks(self, width: int = 1) -> Iterator[Chunk]:
        """All rows in order, so many at a time that ``width`` numbers for each stay small."""
        model = self.model
        rounding = 8 * float(np.finfo(self.X.dtype).eps if self.X.dtype.kind == "f" else EPS)
        size = max(CHUNK // max(width, self.X.shape[1] + 1), 16)
        for part, X in self.blocks(size):
            Z = np.ones((len(X), X.shape[1] + model.fit_intercept))
            np.subtract(X, model.center, out=Z[:, : X.shape[1]])
            eta = Z[:, : X.shape[1]] @ model.coef.T + model.base
            if self.offset is not None:
                eta = eta + self.offset[part]
            yield Chunk(part, X, Z, eta, self.weight[part], rounding, model)

    def moments(self, x: np.ndarray) -> tuple[float, float]:
        """Weighted mean and standard deviation of a column x (n,), the latter with n - 1 for n rows."""
        n = self.count
        if n < 2:
            raise InputError("'sd' is the standard deviation of a column of X, but X has one row; give a pair (low, high)")
        share = self.weight / self.weight.sum()
        mean = float(x[0] + share @ (x - x[0]))
        return mean, math.sqrt(share @ (x - mean) ** 2 * n / (n - 1))

    def weighed(self) -> Rows:
        """Each row with the weight of all its observations; those without weight are as if absent.

        Raises
        ------
        InputError
            If no row is left.
        """
        return replace(self, weight=self.weight * self.frequency).counted()

    def counted(self) -> Rows:
        """Those of positive weight: others are as if absent.

        Raises
        ------
        InputError
            If there are none.
        """
        kept = self.weight > 0
        if kept.all():
            return self
        if not kept.any():
            raise InputError("no row has a positive weight; at least one of sample_weight must be above zero")
        names = ("X", "y", "weight", "frequency", "offset")
        given = ((name, getattr(self, name)) for name in names)
        data = None if self.data is None else self.data.take(np.flatnonzero(kept))
        return replace(self, data=data, **{name: values[kept] for name, values in given if values is not None})


def rows_of(
    model: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    offset: Any = None,
    *,
    labelled: bool = False,
    freq_weights: Any = None,
) -> Rows:
    """Rows as given, held to the columns and classes of a model.

    Parameters
    ----------
    model : Model or fitted estimator
    X : (n, p) array, sparse matrix, data frame or tensor
    y : (n,) labels or (n, K) distributions, optional
    sample_weight : (n,), optional
        By default one each.
    offset : (n,) or (n, M), optional
        Needed where the model was fitted with one.
    labelled : bool, default=False
        Whether there have to be labels.
    freq_weights : (n,) whole numbers, optional
        By default one each.

    Raises
    ------
    InputError
        Naming the argument, row or column that cannot be used.
    """
    whole = model_of(model)
    data = None if whole.recipe is None else whole.recipe.held(X)
    found, X = whole.designed(X if data is None else data)
    source = ArraySource(X, y, sample_weight)
    if labelled and source.y is None:
        raise InputError("y is missing; pass one label for each row of X")
    n, p = source.shape
    if p != found.coef.shape[1]:
        raise InputError(f"X has {p} columns, but the model was fitted on {found.coef.shape[1]} columns")
    check_names(source.features, found.features, "X")
    codes = source.y
    if codes is not None:
        refuse_unknown(found.classes, codes, "y")
        codes = codes if codes.ndim == 2 else np.searchsorted(found.classes, codes)
    weight = np.ones(n) if source.weight is None else source.weight
    frequency = np.ones(n) if freq_weights is None else source.counting(freq_weights).frequency
    assert frequency is not None
    shift = None if offset is None and not found.offset else found._shift(offset, n)
    return Rows(found, source.X, codes, weight, frequency, shift, whole.recipe, data)


def model_of(model: Any) -> Model:
    """The model of a fitted estimator of this package, or the model itself.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(model, Model):
        return model
    published = getattr(model, "_fitted", None)
    if not callable(published):
        raise InputError(f"model is a {type(model).__name__}; pass a fitted LogisticRegression, or a Model")
    found = published()
    if not isinstance(found, Model):
        raise InputError(
            f"model is a {type(model).__name__}, which has no coefficients; pass a fitted LogisticRegression, or a Model"
        )
    return found


def columns_of(model: Model, names: Any, argument: str) -> list[int]:
    """Positions of columns that are given by name or by position.

    Raises
    ------
    InputError
        For one that is no column, or is given twice.
    """
    known = feature_names(model)
    found: list[int] = []
    for name in [names] if isinstance(names, str | int | np.integer) else list(names):
        if isinstance(name, str) and name in known:
            j = known.index(name)
        elif isinstance(name, int | np.integer) and not isinstance(name, bool) and 0 <= name < len(known):
            j = int(name)
        else:
            raise InputError(
                f"{argument} has {name!r}, which is no column{did_you_mean(str(name), known)}; there are {listed(known)}"
            )
        if j in found:
            raise InputError(f"{argument} has column {known[j]!r} twice; name it once")
        found.append(j)
    return found


def number(value: Any, what: str) -> float:
    """A finite number, or an error that says what should be one."""
    if not isinstance(value, int | float | np.number | np.bool_) or not math.isfinite(value):
        raise InputError(f"{what} must be a finite number, but is {value!r}")
    return float(value)
