"""What an exercise is: a task, its solution, typical mistakes, and a judge who knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

RIGHT = "right"
FLOAT32 = 1e-5  # a sum of some rows in float32 is that near


class Hint(Exception):  # noqa: N818  no error of the program: a sentence for the learner
    """What to think about, in one or two sentences."""


class _Unfilled(Exception):  # noqa: N818
    """The function returns nothing yet."""


class Exercise(NamedTuple):
    """A function to complete.

    Attributes
    ----------
    name : str
        ``"odds.1"``: the lesson and a number.
    task : str
        What to do, shown while nothing is done: "from odds back to a probability".
    judge : function
        Calls the answer on inputs, also on ones that the lesson does not show, and raises :class:`Hint` where it is wrong.
    solution : function
    mistakes : tuple of (function, str)
        Wrong answers that are often given, three or more, each with words of the hint that it must get.
    """

    name: str
    task: str
    judge: Callable[[Callable[..., Any]], None]
    solution: Callable[..., Any]
    mistakes: tuple[tuple[Callable[..., Any], str], ...]

    def verdict(self, answer: Any) -> str:
        """``"right"``, ``"not done yet: ..."`` or a hint. Raises nothing, whatever the answer does."""
        if answer is None or answer is ...:
            return f"not done yet: {self.task}"
        if not callable(answer):
            return "this needs the function itself, without parentheses behind its name"
        try:
            self.judge(_guarded(answer))
        except _Unfilled:
            return f"not done yet: {self.task}"
        except Hint as hint:
            return str(hint)
        except Exception as error:  # the judge could not work with what came back
            return f"not yet: what your function returns has an unexpected form ({type(error).__name__}: {error})"
        return RIGHT


def _guarded(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The learner's function on copies of its arrays, whose exceptions are told in words."""
    returned: list[Any] = []

    def call(*inputs: Any) -> Any:
        copies = [one.copy() if isinstance(one, np.ndarray) else one for one in inputs]
        try:
            with np.errstate(all="ignore"):  # what overflows is wrong, and the judge says so in better words
                found = answer(*copies)
        except Exception as error:
            raise Hint(f"your function stops with {type(error).__name__}: {error} (it was called with {_shown(inputs)})") from error
        if found is None or found is ...:
            if returned:
                raise Hint(f"your function returns nothing when it is called with {_shown(inputs)}")
            raise _Unfilled
        returned.append(found)
        return found

    return call


def _shown(inputs: tuple[Any, ...]) -> str:
    """Arguments in a message, short however large they are."""
    return ", ".join(map(_named, inputs)) or "no arguments"


def _named(one: Any) -> str:
    if getattr(one, "ndim", 0):
        return f"an array of shape {tuple(one.shape)}"
    return "a function" if callable(one) else f"{one!r:.40}"


def close(found: Any, wanted: Any, tolerance: float = 1e-9) -> bool:
    """Whether an answer has the wanted shape and numbers, each to this share of it; NumPy, torch and plain numbers alike.

    An array of one number is that number. What was computed in float32 is judged by the digits that float32 has. What cannot be
    read as numbers is not close.
    """
    try:
        one, other = (np.asarray(value.detach() if hasattr(value, "detach") else value) for value in (found, wanted))
        if one.dtype.kind in "US":  # NumPy would read "0.75" as a number
            return False
        tolerance = max(tolerance, FLOAT32) if one.dtype == np.float32 else tolerance
        one, other = one.astype(float), other.astype(float)
    except (TypeError, ValueError):
        return False
    if one.size == 1 and other.shape == ():
        one = one.reshape(())
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=tolerance, atol=tolerance))
