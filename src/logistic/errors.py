"""Exceptions and warnings.

::

    ValueError
     └── LogisticError
          ├── InputError          what was passed cannot be used: names the argument, the row or column, and the way out
          │    └── NotANumberError     a cell holds an object that is no number at all; also a TypeError
          └── ModelFileError      a model file is damaged, foreign, or of an unknown version
    UserWarning
     └── SeparationWarning        a combination of the columns separates the classes: no finite estimate exists
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class LogisticError(ValueError):
    """Base of the errors of this package."""


class InputError(LogisticError):
    """What was passed cannot be used."""


class NotANumberError(InputError, TypeError):
    """A cell holds an object that is no number at all."""


class ModelFileError(LogisticError):
    """A model file is damaged, foreign, or of an unknown version."""


class SeparationWarning(UserWarning):
    """A combination of the columns separates the classes, so the likelihood has no finite maximum."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the nearest known word, or an empty string."""
    words = list(known)
    close = [other for other in words if other.casefold() == word.casefold()] or get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def missing(subject: str, package: str | None, extra: str) -> InputError:
    """``"the report needs jinja2, which is not installed: ..."``: what to install where a package of an extra is missing."""
    return InputError(f"{subject} {package}, which is not installed: pip install 'logistic[{extra}]'")


def listed(words: Sequence[str], most: int = 8) -> str:
    """``"a, b, c and 9 more"``: names in a message, which stays short however many there are."""
    shown = ", ".join(f"{word:.60}" for word in words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most:,} more"
