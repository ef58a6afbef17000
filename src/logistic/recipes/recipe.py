"""A recipe: how the columns of a data frame become the columns that a model was fitted on. Plain data, like the model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..sources import Columns
from .factors import Encoded, Factor

MOST_COLUMNS = 2**17
WIDE, SPARSE = 256, 0.05  # columns, and the share of numbers that are not zero, from which a design is sparse
MOST_FACTORS = 16  # in one term
MOST_CHARACTERS = 2**24  # of the names of the columns of all factors

Term = tuple[tuple[int, bool], ...]


@dataclass(frozen=True)
class Recipe:
    """The right-hand side of a formula, with all that was learned from the rows of the fit.

    Attributes
    ----------
    formula : str
        For people to read; nothing is computed from it.
    response : str
        The column that was predicted.
    intercept : bool
        Whether the model has one; the design has no column for it.
    factors : tuple of Factor
    terms : tuple of tuple of (int, bool)
        Groups of columns, each the products of the columns of some factors, named by number; True for a factor without the
        columns that the intercept or other terms make superfluous.
    """

    formula: str
    response: str
    intercept: bool
    factors: tuple[Factor, ...]
    terms: tuple[Term, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a data frame that predictions need."""
        return tuple(dict.fromkeys(name for factor in self.factors for name in factor.columns))

    @property
    def count(self) -> int:
        """Number of the columns of the design."""
        return sum(math.prod(self._width(part) for part in term) for term in self.terms)

    def names(self) -> Iterator[str]:
        """Names of the columns of the design, such as ``C(race)[T.2]:smoke``, as formulaic has them."""
        for term in self.terms:
            labels = [self._labels(part) for part in reversed(term)]  # the first factor runs fastest
            yield from (":".join(reversed(chosen)) for chosen in itertools.product(*labels))

    def levels_of(self, column: str) -> tuple[Any, ...]:
        """The levels of a column of the data that is taken for categories as it is; none for numbers."""
        return next((factor.levels for factor in self.factors if factor.category == column), ())

    def made_of(self, names: Iterable[str]) -> np.ndarray:
        """(p,) whether each column of the design is made of one of these columns of the data."""
        among = [not set(factor.columns).isdisjoint(names) for factor in self.factors]
        found = [any(among[number] for number, _ in term) for term in self.terms]
        return np.repeat(found, [math.prod(self._width(part) for part in term) for term in self.terms])

    @property
    def sparse(self) -> bool:
        """Whether the design is sparse, as crossed or long lists of levels make it: that shows before any row is read."""
        stored = sum(math.prod(self._stored(part) for part in term) for term in self.terms)
        return self.count > WIDE and stored < SPARSE * self.count

    def design(self, data: Any) -> Any:
        """(n, p) float64: the columns of the design for rows of data, an array, or CSR where it is :attr:`sparse`.

        Parameters
        ----------
        data : data frame, dict of arrays, Table or Columns
            With the columns that the formula names; others are left alone.

        Raises
        ------
        InputError
            Naming the column, level or row that cannot be used.
        """
        held = self.held(data)
        if self.sparse:
            return self._sparse(held)
        found = np.empty((held.rows, self.count))
        for j, column in enumerate(self._made(held)):
            found[:, j] = column
        return found

    def _made(self, held: Columns) -> Iterator[np.ndarray]:
        """(n,) the columns of the design, one after the other."""
        cache: dict[tuple[int, bool], Encoded] = {}
        for term in self.terms:
            for part in term:
                if part not in cache:
                    cache[part] = self.factors[part[0]].encoded(held, part[1])
            encoded = [cache[part] for part in reversed(term)]
            for chosen in itertools.product(*(range(self._width(part)) for part in reversed(term))):
                with np.errstate(over="ignore"):
                    column: np.ndarray = math.prod(one.column(k) for one, k in zip(encoded, chosen, strict=True))  # type: ignore[assignment]
                if not np.isfinite(column).all():
                    bad, label = ~np.isfinite(column), ":".join(self.factors[number].label for number, _ in term)
                    raise InputError(f"{label:.80} is beyond what float64 can hold in {held.row(bad)}; rescale its columns")
                yield column

    def _sparse(self, held: Columns) -> Any:
        from scipy.sparse import csc_array

        places, numbers, ends = [], [], [0]
        for column in self._made(held):
            stored = np.flatnonzero(column)
            places.append(stored)
            numbers.append(column[stored])
            ends.append(ends[-1] + len(stored))
        parts = (np.concatenate(numbers), np.concatenate(places), np.asarray(ends))
        return csc_array(parts, shape=(held.rows, self.count)).tocsr()

    def check(self) -> None:
        """Refuse what no formula gives; files are asked.

        Raises
        ------
        InputError
        """
        for factor in self.factors:
            factor.check()
        if sum(len(factor.label) * (len(factor.levels) + 1) for factor in self.factors) > MOST_CHARACTERS:
            raise InputError(f"the names of the columns would have more than {MOST_CHARACTERS:,} characters; use shorter names")
        for term in self.terms:
            numbers = [number for number, _ in term]
            if not 1 <= len(term) <= MOST_FACTORS or len(set(numbers)) < len(numbers):
                raise InputError(f"a term of the formula has no factors, one of them twice, or more than {MOST_FACTORS}")
            if not all(0 <= number < len(self.factors) for number in numbers):
                raise InputError("a term of the formula names a factor that does not exist")
            if any(reduced and not self.factors[number].levels for number, reduced in term):
                raise InputError("a term of the formula leaves out a level of numbers")
        if len(set(self.terms)) < len(self.terms):
            raise InputError("the formula has a term twice")
        if not 1 <= self.count <= MOST_COLUMNS:
            raise InputError(f"the formula makes {self.count:,} columns, not from 1 to {MOST_COLUMNS:,}; leave terms out")

    def references(self) -> dict[str, str]:
        """For each factor whose levels are compared with one of them, which one."""
        parts = {number for term in self.terms for number, reduced in term if reduced}
        found = {factor.label: factor.reference for number, factor in enumerate(self.factors) if number in parts}
        return {label: str(level) for label, level in found.items() if level is not None}

    def held(self, data: Any) -> Columns:
        """The columns of data, to be read by name."""
        if isinstance(data, Columns):
            return data
        if isinstance(data, np.ndarray) and data.dtype.names is None:
            named = ", ".join(self.columns)
            raise InputError(
                f"X is an array, but the model was fitted by a formula; pass a data frame, or a dict of arrays, with {named:.200}"
            )
        return Columns(data)

    def _width(self, part: tuple[int, bool]) -> int:
        factor, reduced = self.factors[part[0]], part[1]
        if factor.levels:
            return len(factor.levels) - reduced
        fields = factor.fields(reduced)
        return 1 if fields is None else len(fields)

    def _stored(self, part: tuple[int, bool]) -> int:
        """How many of its columns are not zero in a row, at most."""
        return 1 if self.factors[part[0]].indicates(part[1]) else self._width(part)

    def _labels(self, part: tuple[int, bool]) -> list[str]:
        factor = self.factors[part[0]]
        fields = factor.fields(part[1])
        return [factor.label] if fields is None else [f"{factor.label}[{field}]" for field in fields]
