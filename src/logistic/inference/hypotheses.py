"""Linear hypotheses about the coefficients, as people write them: ``age = educ``, ``[vocation]ses = 0``, or a matrix.

::

    hypotheses  equation, equation, ...
    equation    sum = sum, or a sum alone, which is zero then
    sum         numbers and coefficients with + - * / and parentheses, linear in the coefficients
    coefficient name of a column, or `name` in backticks; [class]name is that of one class against the reference

A name may hold blanks, brackets and colons, such as ``C(race)[T.2]:smoke``: the longest one that fits is taken, unless the same
text could be read as a sum of others. A name without a class stands for every contrast: ``age`` says that age has no
effect on any class.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError, did_you_mean, listed
from .estimates import Estimates

NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WORD = re.compile(r"[^\s+\-*/=(),]+|.")
WHOLE = re.compile(r"[^\W\d]\w*")  # a name that can be nothing else
DEEPEST = 50  # parentheses


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Linear equations R theta = values, for theta the coefficients contrast by contrast.

    Attributes
    ----------
    words : tuple of str
        The equations as text.
    matrix : (r, C q) array
    values : (r,) array
    owners : (r,) tuple of str
        The equation behind each row: one without a class has a row for each contrast.
    """

    words: tuple[str, ...]
    matrix: np.ndarray
    values: np.ndarray
    owners: tuple[str, ...]


class _Form(NamedTuple):
    """Sum of coefficients, each a (class or None, column), times numbers; plus a constant."""

    terms: dict[tuple[int | None, int], float]
    constant: float

    def times(self, factor: float) -> _Form:
        return _Form({key: factor * value for key, value in self.terms.items()}, factor * self.constant)

    def plus(self, other: _Form) -> _Form:
        terms = dict(self.terms)
        for key, value in other.terms.items():
            terms[key] = terms.get(key, 0.0) + value
        return _Form(terms, self.constant + other.constant)


def read(estimates: Estimates, hypotheses: Any, values: Any = None) -> Hypotheses:
    """What is asked, as equations.

    Parameters
    ----------
    estimates : Estimates
        The coefficients that the hypotheses speak of.
    hypotheses : str, sequence of str, or (r, C q) or (r, q) numbers
        Text as described above; numbers are a matrix, whose q columns stand for the coefficients of every contrast.
    values : float or (r,) numbers, optional
        Beside a matrix, what its products with the coefficients are equal to; 0 by default.

    Raises
    ------
    InputError
        Where it cannot be understood, quoting the text and the place.
    """
    texts = [hypotheses] if isinstance(hypotheses, str) else _texts(hypotheses)
    if texts is None:
        return _given(estimates, hypotheses, values)
    if values is not None:
        raise InputError("values go with a matrix; write the number into the text, such as 'age = 0.5'")
    parser = _Parser(estimates.names, _classes(estimates))
    found = [equation for text in texts for equation in parser.equations(text)]
    if not found:
        raise InputError("hypotheses is empty; write some, such as 'age = educ' or ['age', 'educ']")
    words, rows, constants, owners = [], [], [], []
    for word, form in found:
        for row in _rows(estimates, form, word):
            rows.append(row)
            constants.append(-form.constant)
            owners.append(word)
        words.append(word)
    return Hypotheses(tuple(words), np.array(rows), np.array(constants), tuple(owners))


def about(estimates: Estimates, contrast: int, column: int, value: float) -> Hypotheses:
    """That one coefficient has one value."""
    row = np.zeros((1, estimates.values.size))
    row[0, contrast * len(estimates.names) + column] = 1
    word = f"{_named(estimates, contrast, column)} = {value:.6g}"
    return Hypotheses((word,), row, np.array([value]), (word,))


def _texts(hypotheses: Any) -> list[str] | None:
    """The items where they are text, else None."""
    try:
        items = list(hypotheses)
    except TypeError:
        raise InputError(f"hypotheses must be text, such as 'age = educ', or a matrix, but is {hypotheses!r:.100}") from None
    if items and not all(isinstance(item, str) for item in items):
        return None
    return [str(item) for item in items]


def _given(estimates: Estimates, hypotheses: Any, values: Any) -> Hypotheses:
    """The equations of a matrix."""
    (C, q), texts = estimates.values.shape, "text, such as 'age = educ', or numbers"
    try:
        matrix: Any = np.atleast_2d(np.asarray(hypotheses, dtype=np.float64))
        right: Any = np.zeros(len(matrix)) if values is None else np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"hypotheses must be {texts}, but is {hypotheses!r:.100}") from None
    if matrix.ndim != 2 or matrix.shape[1] not in (q, C * q) or not np.isfinite(matrix).all():
        names = listed(estimates.names)
        raise InputError(
            f"a matrix of hypotheses needs {C * q} finite numbers a row, for {C} x ({names}), but has shape {matrix.shape}"
        )
    if right.ndim > 1 or (right.ndim == 1 and len(right) != len(matrix)) or not np.isfinite(right).all():
        raise InputError(f"values must be {len(matrix)} finite numbers, one a row of the matrix, but is {values!r:.100}")
    right = np.broadcast_to(right, len(matrix))
    if matrix.shape[1] < C * q:
        matrix, right = np.kron(np.eye(C), matrix), np.tile(right, C)
    words = tuple(_worded(estimates, row, value) for row, value in zip(matrix, right.tolist(), strict=True))
    return Hypotheses(words, matrix, np.array(right), words)


def _worded(estimates: Estimates, row: np.ndarray, value: float) -> str:
    """A row of a matrix as text."""
    found = ""
    for i in np.flatnonzero(row).tolist():
        size, sign = abs(row[i]), "-" if row[i] < 0 else "+"
        name = _named(estimates, *divmod(i, len(estimates.names)))
        found += f" {sign} " + (name if size == 1 else f"{size:.6g}*{name}")
    return f"{found.removeprefix(' + ').strip() or '0'} = {value:.6g}"


def _named(estimates: Estimates, contrast: int, column: int) -> str:
    """A coefficient, with its class where there are several contrasts."""
    name = estimates.names[column]
    return f"[{estimates.contrasts[contrast][0]}]{name}" if len(estimates.contrasts) > 1 else name


def _classes(estimates: Estimates) -> list[str]:
    """Those of the contrasts, then the reference."""
    return [*(str(label) for label, _ in estimates.contrasts), str(estimates.contrasts[0][1])]


def _rows(estimates: Estimates, form: _Form, word: str) -> list[np.ndarray]:
    """The equation on theta, once for every contrast where it names no class."""
    (C, q), found = estimates.values.shape, []
    named = {k is not None for k, _ in form.terms}
    if not named:
        raise InputError(f"hypothesis {word!r:.200} speaks of no coefficient; the columns are {listed(estimates.names)}")
    if len(named) == 2:
        raise InputError(f"hypothesis {word!r:.200} gives a class to some names only; write [class] before all or none")
    for c in [0] if True in named else range(C):
        row = np.zeros((C + 1, q))  # the coefficients of the reference are zero
        for (k, j), value in form.terms.items():
            row[c if k is None else k, j] += value
        found.append(row[:C].reshape(-1))
    return found


# --------------------------------------------------------------------------------------------------------------------- text


class _Parser:
    """Text as equations.

    Parameters
    ----------
    names : sequence of str
        Of columns.
    classes : list of str
        The position of each is what a term of it names.
    """

    def __init__(self, names: Sequence[str], classes: list[str]) -> None:
        self.names, self.classes = tuple(names), classes
        self.longest = sorted(dict.fromkeys(names), key=len, reverse=True)
        self.text, self.at, self.depth = "", 0, 0

    def equations(self, text: str) -> list[tuple[str, _Form]]:
        """Each equation's own text, and what is zero by it."""
        self.text, self.at, self.depth = text, 0, 0
        found = []
        while True:
            start, sides = self.at, [self._sum()]
            while self._taken("="):
                sides.append(self._sum())
            word = " ".join(text[start : self.at].split())
            sides = sides if len(sides) > 1 else [*sides, _Form({}, 0.0)]
            pairs = pairwise(sides)
            found += [(word if "=" in word else f"{word} = 0", left.plus(right.times(-1.0))) for left, right in pairs]
            if not self._taken(","):
                break
        self._blanks()
        if self.at < len(text):
            raise self._error("has no meaning there; join terms by + - * / and equations by a comma")
        return found

    def _sum(self) -> _Form:
        found = self._product()
        while sign := self._taken("+", "-"):
            found = found.plus(self._product().times(1.0 if sign == "+" else -1.0))
        return found

    def _product(self) -> _Form:
        found = self._signed()
        while sign := self._taken("*", "/"):
            start, other = self.at, self._signed()
            if (found.terms and other.terms) or (sign == "/" and other.terms):
                self.at = start
                raise self._error("makes the hypothesis not linear in the coefficients")
            if sign == "/" and other.constant == 0:
                self.at = start
                raise self._error("divides by zero")
            if other.terms:
                found, other = other, found
            found = found.times(other.constant if sign == "*" else 1 / other.constant)
        return found

    def _signed(self) -> _Form:
        sign = 1.0
        while found := self._taken("+", "-"):
            sign = sign if found == "+" else -sign
        return self._atom().times(sign)

    def _atom(self) -> _Form:
        self._blanks()
        if (coefficient := self._coefficient()) is not None:
            return _Form({coefficient: 1.0}, 0.0)
        number = NUMBER.match(self.text, self.at)
        if number is not None:
            value = float(number[0])
            if not math.isfinite(value):
                raise self._error("is too large a number")
            self.at = number.end()
            return _Form({}, value)
        if self._taken("("):
            self.depth += 1
            if self.depth > DEEPEST:
                raise self._error(f"is inside more than {DEEPEST} parentheses")
            found = self._sum()
            if not self._taken(")"):
                raise self._error("stands where a ) is missing")
            self.depth -= 1
            return found
        word = WORD.match(self.text, self.at)
        known = f"{did_you_mean(word[0], self.names) if word else ''}; the columns are {listed(self.names)}"
        raise self._error(f"is no column{known}" if word else f"a name or number is missing{known}")

    def _coefficient(self) -> tuple[int | None, int] | None:
        """The class, or None, and column of the coefficient that is named next; None where there is none."""
        start, k, name = self.at, None, self._name()
        if name is None:
            k = self._class()
            if k is None:
                return None
            name = self._name()
            if name is None:
                raise self._error(f"is no column, of which [{self.classes[k]}] is to be the class")
        if self.names.count(name) > 1:
            self.at = start
            raise self._error(f"is the name of {self.names.count(name)} coefficients; rename one, or pass a matrix")
        return k, self.names.index(name)

    def _class(self) -> int | None:
        """The position of the class whose [label] comes next, taken."""
        of = [k for k, label in enumerate(self.classes) if self.text.startswith(f"[{label}]", self.at)]
        if not of:
            return None
        k = max(of, key=lambda i: len(self.classes[i]))
        self.at += len(self.classes[k]) + 2
        self._blanks()
        return k

    def _name(self) -> str | None:
        """The name of a column that comes next, taken; None where there is none."""
        if self.text.startswith("`", self.at):
            end = self.text.find("`", self.at + 1)
            name = self.text[self.at + 1 : end]
            if end < 0 or name not in self.names:
                raise self._error(f"begins no column in backticks; the columns are {listed(self.names)}")
            self.at = end + 1
            return name
        for name in self.longest:
            if name and self.text.startswith(name, self.at) and self._ends(self.at + len(name)):
                others = [] if WHOLE.fullmatch(name) else [other for other in self.names if other != name]
                if others and _readable(name, others, self.classes):
                    number = f", the number as {name}.0" if name.isdecimal() else ""
                    raise self._error(f"may be the column {name!r} or not; write the column in backticks: `{name}`{number}")
                self.at += len(name)
                return name
        return None

    def _ends(self, end: int) -> bool:
        """Whether a name can end here: no word goes on."""
        both = self.text[end - 1 : end + 1]
        return len(both) < 2 or not (_of_a_word(both[0]) and (_of_a_word(both[1]) or both[1] == "."))

    def _taken(self, *signs: str) -> str:
        """The sign that comes next, if it is one of these."""
        self._blanks()
        for sign in signs:
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                return sign
        return ""

    def _blanks(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def _error(self, what: str) -> InputError:
        word = WORD.match(self.text, self.at)
        place = f"{word[0]!r} in column {self.at + 1} " if word else "at the end "
        return InputError(f"hypothesis {self.text!r:.200}: {place}{what}")


def _of_a_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _readable(text: str, names: Sequence[str], classes: list[str]) -> bool:
    """Whether the text means something even if it is no name."""
    try:
        _Parser(names, classes).equations(text)
    except InputError:
        return False
    return True
