"""A factor of a formula: a column, an expression or categories, and what was learned about it from the rows of the fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError, listed
from ..sources import Columns
from .codings import base_of, column, fields as fields_of
from .syntax import ARITHMETIC, ELEMENTWISE, MORE_COLUMNS, STATEFUL, Node, Piece, columns_of, understood
from .transforms import TRANSFORMS, State

MOST_LEVELS = 2**14
FUNCTIONS: dict[str, Callable[..., Any]] = {name: getattr(np, name) for name in (*ELEMENTWISE, *ARITHMETIC.values())}


class Encoded(NamedTuple):
    """The columns that a factor becomes, each made when it is asked for.

    Attributes
    ----------
    fields : tuple of str or None
        What tells them apart; None for a single one that bears the name of the factor.
    column : callable
        j -> (n,) numbers.
    """

    fields: tuple[str, ...] | None
    column: Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Factor:
    """Plain data: nothing here is a function, and the text is only ever parsed.

    Attributes
    ----------
    text : str
        As in the formula: a column, in backticks where it is more than a word, or an expression.
    levels : tuple
        Of categories, in their order; empty for numbers.
    states : tuple of tuple of float
        What the transforms in the text remember, from the inside out.
    """

    text: str
    levels: tuple[Any, ...] = ()
    states: tuple[State, ...] = ()

    @property
    def label(self) -> str:
        """What its columns are called."""
        return self._piece.label

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that it needs."""
        return tuple(dict.fromkeys(columns_of(self._piece.root)))

    @property
    def category(self) -> str | None:
        """The column whose values are its levels; None for numbers, and for levels that are computed."""
        root = self._piece.root
        inner = root.parts[0] if root.kind == "C" else root
        return inner.value if self.levels and inner.kind == "column" else None

    @property
    def reference(self) -> Any:
        """The level that the others are compared with; None for numbers and for other contrasts."""
        coding, base = self._coding
        place = base_of(coding, base, self.levels) if self.levels else None
        return None if place is None else self.levels[place]

    def indicates(self, reduced: bool) -> bool:
        """Whether its columns are zeros but for a one where the level is theirs."""
        return bool(self.levels) and (not reduced or self._coding[0] in ("treatment", "SAS"))

    def fields(self, reduced: bool) -> tuple[str, ...] | None:
        """What tells its columns apart; None for a single one."""
        root = self._piece.root
        if self.levels:
            return fields_of(*self._coding, self.levels, reduced)
        return TRANSFORMS[root.kind].fields(root.value, self.states[-1]) if root.kind in MORE_COLUMNS else None

    def encoded(self, data: Columns, reduced: bool) -> Encoded:
        """Its columns for rows of data.

        Raises
        ------
        InputError
            Naming the column and the row that cannot be used.
        """
        found = self._values(data)
        if self.levels:
            coding, base = self._coding
            codes = self._codes(data, found)
            fields = fields_of(coding, base, self.levels, reduced)
            return Encoded(fields, lambda j: column(coding, base, self.levels, reduced, j)[codes])
        return Encoded(self.fields(reduced), lambda j: found if found.ndim == 1 else found[:, j])

    def check(self) -> None:
        """Refuse levels or states that no fit has learned.

        Raises
        ------
        InputError
        """
        root, transforms = self._piece.root, list(_stateful(self._piece.root))
        fixed = root.value["levels"] if root.kind == "C" else None
        if self.levels and (root.kind not in ("C", "column") or (fixed is not None and fixed != self.levels)):
            raise InputError(f"{self.label:.80} has no such levels")
        if len(set(self.levels)) < len(self.levels) or len({type(level) for level in self.levels}) > 1 or len(self.levels) == 1:
            raise InputError(f"the levels of {self.label:.80} are not at least two different values of one type")
        if any(isinstance(level, float) and not math.isfinite(level) for level in self.levels):
            raise InputError(f"a level of {self.label:.80} is infinite; drop or fix these rows")
        if (root.kind == "C" and not self.levels) or len(self.levels) > MOST_LEVELS:
            raise InputError(f"{self.label:.80} has {len(self.levels)} levels; from 2 to {MOST_LEVELS:,} can be used")
        if self.levels:
            base_of(*self._coding, self.levels)
        sound = len(transforms) == len(self.states) and all(
            TRANSFORMS[node.kind].sound(node.value, state) for node, state in zip(transforms, self.states, strict=True)
        )
        if not sound:
            raise InputError(f"what {self.label:.80} remembers of its rows is not what such transforms remember")

    # ------------------------------------------------------------------------------------------------------------------- parts

    @property
    def _piece(self) -> Piece:
        return understood(self.text)

    @property
    def _coding(self) -> tuple[str, Any]:
        root = self._piece.root
        return (root.value["coding"], root.value["base"]) if root.kind == "C" else ("treatment", None)

    def _values(self, data: Columns) -> np.ndarray:
        root = self._piece.root
        if self.levels:
            return _raw(root.parts[0] if root.kind == "C" else root, data, list(self.states))
        return _finite(self.label, _value(root, data, list(self.states)), data)

    def _codes(self, data: Columns, values: np.ndarray) -> np.ndarray:
        places = {level: k for k, level in enumerate(self.levels)}
        codes = np.fromiter((places.get(value, -1) for value in values.tolist()), dtype=np.intp, count=len(values))
        if (codes < 0).any():
            known, row = listed([repr(level) for level in self.levels]), int((codes < 0).argmax())
            raise InputError(
                f"{self.label:.80} is {values[row : row + 1].tolist()[0]!r:.60} in {data.row(codes < 0)} of {data.name}, which is"
                f" none of the levels of the fit, {known}; drop or recode these rows, or fit on rows that have it"
            )
        return codes


def learned(text: str, data: Columns) -> Factor:
    """The factor of a text, with levels and states from the rows of the fit.

    Raises
    ------
    InputError
        Naming the piece, column or row that cannot be used.
    """
    piece = understood(text)
    root, states = piece.root, list[State]()
    if root.kind == "C" or (root.kind == "column" and not data[root.value].numeric):
        inner = root.parts[0] if root.kind == "C" else root
        fixed = root.value["levels"] if root.kind == "C" else None
        values = _raw(inner, data, states, learn=True)
        levels = fixed if fixed is not None else _levels(piece.label, values, _order(inner, data))
        factor = Factor(text, tuple(levels), tuple(states))
    else:
        _finite(piece.label, _value(root, data, states, learn=True), data)
        factor = Factor(text, (), tuple(states))
    factor.check()
    return factor


def _order(node: Node, data: Columns) -> tuple[Any, ...] | None:
    return data[node.value].levels if node.kind == "column" else None


def _levels(label: str, values: np.ndarray, order: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """Those that occur: in the order of the categories where there is one, else sorted."""
    found = set(values.tolist())
    if len(found) < 2:
        only = next(iter(found), "none")
        raise InputError(f"{label:.80} has only one level, {only!r:.60}, so it tells nothing apart; leave it out of the formula")
    if len(found) > MOST_LEVELS:
        raise InputError(f"{label:.80} has {len(found):,} levels, more than {MOST_LEVELS:,}; leave it out, or group its levels")
    return tuple(sorted(found)) if order is None else tuple(level for level in order if level in found)


def _stateful(node: Node) -> Iterator[Node]:
    """The transforms of a piece, from the inside out, as they are evaluated."""
    for part in node.parts:
        yield from _stateful(part)
    if node.kind in STATEFUL:
        yield node


def _raw(node: Node, data: Columns, states: list[State], learn: bool = False) -> np.ndarray:
    """Values that are to be categories."""
    if node.kind == "column":
        return data[node.value].values
    return _finite("C()", np.broadcast_to(_value(node, data, states, learn), (data.rows,)), data)


def _value(node: Node, data: Columns, states: list[State], learn: bool = False) -> Any:
    """Numbers (n,) or (n, k) of a tree; states are added where it learns, and taken from the front where not."""
    if node.kind == "number":
        return node.value
    if node.kind == "column":
        held = data[node.value].values
        if held.dtype.kind not in "biuf":
            raise InputError(
                f"column {node.value!r:.200} of {data.name} holds text, which cannot be computed with; use it alone, or in C()"
            )
        return held.astype(np.float64)
    parts = [_value(part, data, states, learn) for part in node.parts]
    if node.kind == "I":
        return parts[0]
    with np.errstate(all="ignore"):  # what is not finite in the end is refused
        if node.kind not in STATEFUL:
            return np.asarray(FUNCTIONS[node.kind](*parts), dtype=np.float64)
        transform, x = TRANSFORMS[node.kind], _finite(node.kind, np.broadcast_to(parts[0], (data.rows,)), data)
        try:
            if learn:
                states.append(transform.learn(x, node.value))
            state = states[-1] if learn else states.pop(0)
            _keep_within(x, transform.within(node.value, state), data)
            return transform.apply(x, node.value, state)
        except InputError as error:
            named = ", ".join(columns_of(node))
            raise InputError(f"{node.kind}({named:.60}): {error}") from None


def _keep_within(x: np.ndarray, bounds: tuple[float, float] | None, data: Columns) -> None:
    far = np.zeros(len(x), dtype=bool) if bounds is None else (x < bounds[0]) | (x > bounds[1])
    if bounds is not None and far.any():
        raise InputError(
            f"there is {x[far][0]:g} in {data.row(far)} of {data.name}, beyond the {bounds[0]:g} to {bounds[1]:g} of the fit; drop"
            " these rows, or fit with extrapolation='clip' or 'extend'"
        )


def _finite(label: str, values: Any, data: Columns) -> np.ndarray:
    found = np.asarray(values)
    bad = ~np.isfinite(found)
    if bad.any():
        bad = bad if bad.ndim == 1 else bad.any(axis=1)
        what = found[bad][0] if found.ndim == 1 else "not finite"
        raise InputError(f"{label:.80} is {what} in {data.row(bad)} of {data.name}; drop or fix these rows, or change the formula")
    return found
