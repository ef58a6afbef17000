"""What an exercise is: a task, its solution, typical mistakes, and a judge who knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

RIGHT = "right"


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
    words = [f"an array of shape {tuple(one.shape)}" if getattr(one, "ndim", 0) else f"{one!r:.40}" for one in inputs]
    return ", ".join(words) or "no arguments"


def close(found: Any, wanted: Any, tolerance: float = 1e-9) -> bool:
    """Whether an answer has the wanted shape and numbers, each to this share of it; NumPy, torch and plain numbers alike.

    What cannot be read as numbers is not close.
    """
    try:
        one, other = (np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=float) for value in (found, wanted))
    except (TypeError, ValueError):
        return False
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=tolerance, atol=tolerance))
