"""Laws of the exercises: the solution is right, nothing is not done yet, and every typical mistake gets its own hint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from logistic.learn import Exercise, Hint, exercise
from logistic.learn.exercises import REGISTRY
from logistic.learn.exercises.exercise import RIGHT, close

EACH = pytest.mark.parametrize("one", REGISTRY.values(), ids=list(REGISTRY))
MISTAKES = [(one, k) for one in REGISTRY.values() for k in range(len(one.mistakes))]


@EACH
def test_the_solution_is_right(one: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    """As the learner sees it."""
    exercise(one.name, one.solution)
    assert capsys.readouterr().out == f"{one.name}: right\n"


@EACH
@pytest.mark.parametrize(
    "nothing", [None, ..., lambda *_: None, lambda *_: ...], ids=["None", "dots", "returns None", "returns dots"]
)
def test_unfilled_is_not_done_yet(one: Exercise, nothing: Any) -> None:
    """It says what to do."""
    assert one.verdict(nothing) == f"not done yet: {one.task}"


@pytest.mark.parametrize(("one", "k"), MISTAKES, ids=[f"{one.name}-{k}" for one, k in MISTAKES])
def test_every_mistake_gets_its_hint(one: Exercise, k: int) -> None:
    """And no other."""
    mistake, words = one.mistakes[k]
    verdict = one.verdict(mistake)
    assert verdict != RIGHT
    assert words in verdict


@EACH
def test_an_exercise_is_complete(one: Exercise) -> None:
    """Three mistakes at least, with words of their own; one sentence of task."""
    words = [words for _, words in one.mistakes]
    assert len(set(words)) == len(words) >= 3
    assert one.task
    assert one.name.rpartition(".")[2].isdigit()


def _raising(*_: Any) -> Any:
    raise RuntimeError("as it happens")


@EACH
@pytest.mark.parametrize(
    "answer",
    [
        _raising,
        lambda: 1,
        lambda *_: "a word",
        lambda *_: np.nan,
        lambda *_: np.zeros((7, 5, 3)),
        lambda *_: {},
        lambda *_: (),
        3,
        "x",
    ],
)
def test_nonsense_raises_nothing(one: Exercise, answer: Any) -> None:
    """Exceptions in the learner's function, and what cannot be compared, are told in words."""
    verdict = one.verdict(answer)
    assert verdict != RIGHT
    assert len(verdict) > 20


@EACH
def test_an_exception_is_told_in_words(one: Exercise) -> None:
    """With its name, its message and the inputs."""
    assert one.verdict(_raising).startswith("your function stops with RuntimeError: as it happens (it was called with ")


def test_inputs_are_copies() -> None:
    """A function that overwrites its array leaves the judge's alone."""
    mine = np.ones(3)

    def judge(answer: Any) -> None:
        answer(mine)
        if not close(mine, np.ones(3)):
            raise Hint("overwritten")

    def careless(x: np.ndarray) -> float:
        x *= 0
        return 1.0

    assert Exercise("made.1", "anything", judge, careless, ()).verdict(careless) == RIGHT


def test_nothing_on_some_inputs_is_no_empty_answer() -> None:
    """Who returned a number once has begun."""

    def judge(answer: Any) -> None:
        answer(1.0)
        answer(-1.0)

    verdict = Exercise("made.1", "anything", judge, abs, ()).verdict(lambda x: x if x > 0 else None)
    assert verdict == "your function returns nothing when it is called with -1.0"


def test_an_unknown_exercise_is_refused() -> None:
    """A slip in the lesson, not in the answer."""
    with pytest.raises(ValueError, match=r"there is no exercise 'odd.1'; did you mean 'odds.1'"):
        exercise("odd.1", abs)
