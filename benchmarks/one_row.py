"""The probabilities of one row, from Python to Python: ``Model.predict_proba(x)`` against bare NumPy.

Bare NumPy is ``x @ W + b`` and a stable softmax, with no look at x; ours looks at shape, type and missing numbers, and forms the
logits around the centre of the columns, so that a shift costs no digits. Each number is a ratio of medians of interleaved runs in
one process; the aim is at most 3.

    python benchmarks/one_row.py [--runs 15]
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import numpy as np

from logistic import Certificate, Model
from logistic.strength import Strength

CALLS = 1000  # in one run


def made_up(p: int, K: int) -> Model:
    """A model of p columns and K classes."""
    rng = np.random.default_rng(p + K)
    M = 1 if K == 2 else K
    numbers = rng.normal(size=(M, p)) / p**0.5, rng.normal(size=M), rng.normal(size=p)
    unknown = Certificate(math.nan, math.inf, "none", math.nan)
    return Model(np.arange(K), None, *numbers, Strength(0.0, math.inf, False), unknown, 0, "made up", 0, 0.0)


def bare(model: Model) -> Callable[[np.ndarray], np.ndarray]:
    """The same probabilities, with a column of zeros for the first of two classes."""
    W, b = model.coef.T.copy(), model.intercept
    if len(model.classes) == 2:
        W, b = np.hstack([np.zeros_like(W), W]), np.hstack([0.0, b])

    def probabilities(x: np.ndarray) -> np.ndarray:
        eta = x @ W + b
        e = np.exp(eta - eta.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    return probabilities


def seconds(predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> float:
    """Of one call."""
    start = time.perf_counter()
    for _ in range(CALLS):
        predict(x)
    return (time.perf_counter() - start) / CALLS


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print("| columns | classes | bare NumPy, µs | ours, µs | ours / bare |\n|--:|--:|--:|--:|--:|")
    for p in (4, 30, 784):
        for K in (2, 3, 10):
            model = made_up(p, K)
            plain, x = bare(model), np.random.default_rng(0).normal(size=(1, p))
            np.testing.assert_allclose(model.predict_proba(x), plain(x), rtol=1e-12)
            times = [(seconds(plain, x), seconds(model.predict_proba, x)) for _ in range(runs)]
            theirs, ours = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"| {p} | {K} | {theirs * 1e6:.1f} | {ours * 1e6:.1f} | {ours / theirs:.2f} |", flush=True)


if __name__ == "__main__":
    main()
