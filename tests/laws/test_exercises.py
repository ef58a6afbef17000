"""Laws of the exercises: the solution is right, nothing is not done yet, and every typical mistake gets its own hint."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from logistic.learn import Exercise, Hint, exercise
from logistic.learn.exercises import REGISTRY
from logistic.learn.exercises.exercise import RIGHT, close


def _by_autograd(X: Any, y: Any, w: Any, alpha: float) -> Any:
    weights = torch.tensor(w, requires_grad=True)
    loss = functional.binary_cross_entropy_with_logits(torch.tensor(X) @ weights, torch.tensor(y))
    (loss + alpha / 2 * (weights[:-1] ** 2).sum()).backward()
    return weights.grad


def _in_torch(f: Any, w: Any, h: float = 1e-5) -> Any:
    start, moves = torch.tensor(w), h * torch.eye(len(w), dtype=torch.float64)
    return torch.tensor([(f(start + move) - f(start - move)) / (2 * h) for move in moves])


def _in_place(w: Any, v: Any, g: Any, rate: float, mu: float) -> Any:
    v *= mu
    v += g
    w -= rate * v
    return [w, v]


def _by_least_squares(X: Any, y: Any, w: Any) -> Any:
    p = 1 / (1 + np.exp(-X @ w))
    s = np.sqrt(p * (1 - p))
    return np.linalg.lstsq(s[:, None] * X, s * (X @ w + (y - p) / s**2), rcond=None)[0].tolist()


# Right, and not as the solution has it: other spellings of the formula, torch, lists, float32, an array of one number.
UNUSUAL: dict[str, tuple[Any, ...]] = {
    "odds.1": (
        lambda odds: 1 / (1 + 1 / odds),
        lambda odds: np.array([1 - 1 / (1 + odds)]),
        lambda odds: [odds / (1 + odds)],
        lambda odds: torch.sigmoid(torch.log(torch.tensor(odds))),
        lambda odds: np.float32(odds / (1 + odds)),
    ),
    "odds.2": (
        lambda p, ratio: 1 / (1 + np.exp(-math.log(p / (1 - p)) - math.log(ratio))),
        lambda p, ratio: torch.sigmoid(torch.logit(torch.tensor(p)) + math.log(ratio)),
    ),
    "likelihood.1": (
        lambda p, y: -np.mean(np.log(np.where(y == 1, p, 1 - p))),
        lambda p, y: functional.binary_cross_entropy(torch.tensor(p), torch.tensor(y)),
        lambda p, y: functional.binary_cross_entropy(torch.tensor(p).float(), torch.tensor(y).float()),
        lambda p, y: -math.log(np.prod(p**y * (1 - p) ** (1 - y))) / len(p),
    ),
    "likelihood.2": (
        lambda z, y: np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-abs(z)))),
        lambda z, y: functional.softplus(torch.tensor(np.where(y == 1, -z, z))).mean(),
        lambda z, y: [functional.binary_cross_entropy_with_logits(torch.tensor(z).float(), torch.tensor(y).float()).item()],
    ),
    "gradient.1": (_by_autograd, lambda X, y, w, alpha: _by_autograd(X, y, w, alpha).float()),
    "gradient.2": (_in_torch, lambda f, w, h: list(REGISTRY["gradient.2"].solution(f, w, h))),
    "softmax.1": (
        lambda Z, classes: np.logaddexp.reduce(Z, axis=1) - Z[range(len(Z)), classes],
        lambda Z, classes: functional.cross_entropy(torch.tensor(Z), torch.tensor(classes), reduction="none"),
        lambda Z, classes: functional.cross_entropy(torch.tensor(Z).float(), torch.tensor(classes), reduction="none"),
    ),
    "softmax.2": (lambda K: math.log(math.e + K - 1) - 1, lambda K: functional.cross_entropy(torch.eye(K)[0], torch.tensor(0))),
    "digits.1": (lambda log_P, c: functional.nll_loss(torch.tensor(log_P), torch.tensor(c)),),
    "digits.2": (lambda X, c, P: list(REGISTRY["digits.2"].solution(X, c, P)),),
    "loop.2": (lambda losses, sizes: np.average(losses, weights=sizes), lambda losses, sizes: losses @ sizes / sizes.sum()),
    "race.1": (_in_place,),
    "race.2": (_by_least_squares,),
    "scaling.1": (lambda train, new: (torch.tensor(new) - torch.tensor(train).mean(0)) / torch.tensor(train).std(0, correction=0),),
    "scaling.2": (lambda W, b, mean, sd: [np.diag(1 / sd) @ W, b - (mean / sd) @ W],),
    "penalty.1": (lambda C, weights, reduction: 1 / C / (sum(weights) if reduction == "mean" else 1),),
    "penalty.2": (lambda u, t: functional.softshrink(torch.tensor(u), t), lambda u, t: (u - np.clip(u, -t, t)).tolist()),
    "separation.1": (lambda x, y: np.str_(REGISTRY["separation.1"].solution(x, y)),),
    "separation.2": (lambda table: np.float32(np.diff(np.log(np.array(table) + 0.5)[::-1].T, axis=0)[0] @ [1, -1]),),
    "weights.1": (lambda alarm, miss: 1 / (1 + miss / alarm), lambda alarm, miss: (alarm / miss) / (1 + alarm / miss)),
    "weights.2": (
        lambda p, w0, w1: torch.sigmoid(torch.logit(torch.tensor(p)) - math.log(w1 / w0)),
        lambda p, w0, w1: REGISTRY["weights.2"].solution(p.astype(np.float32), w0, w1),
    ),
    "ratios.1": (lambda p, ratio: 1 - (1 - p) / (1 - p + ratio * p),),
    "ratios.2": (lambda *given: torch.tensor(REGISTRY["ratios.2"].solution(*given)),),
    "reference.1": (
        lambda W, V: bool(np.ptp(W - V, axis=1).max() < 1e-8),
        lambda W, V: torch.tensor(W - V).var(dim=1).max() < 1e-16,
    ),
    "reference.2": (lambda V, k, r: math.sqrt((row := np.eye(len(V))[k] - np.eye(len(V))[r]) @ V @ row),),
    "ames.2": (lambda scores: torch.softmax(torch.tensor(scores).float(), 1), lambda scores: _softmax_of(scores).tolist()),
}


def _softmax_of(scores: Any) -> Any:
    return np.exp(scores - np.logaddexp.reduce(scores, axis=1)[:, None])


EACH = pytest.mark.parametrize("one", REGISTRY.values(), ids=list(REGISTRY))
MISTAKES = [(one, k) for one in REGISTRY.values() for k in range(len(one.mistakes))]


@EACH
def test_the_solution_is_right(one: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    """As the learner sees it."""
    exercise(one.name, one.solution)
    assert capsys.readouterr().out == f"{one.name}: right\n"


@pytest.mark.parametrize(("name", "k"), [(name, k) for name, answers in UNUSUAL.items() for k in range(len(answers))])
def test_unusual_answers_are_right_too(name: str, k: int) -> None:
    """Whoever knows another way has done the exercise."""
    assert REGISTRY[name].verdict(UNUSUAL[name][k]) == RIGHT


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
