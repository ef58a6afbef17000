"""MNIST, C=1, float32: when the proof of ours is as good as what scikit-learn's lbfgs reaches without one.

Both minimise C * sum of losses + |coef|^2 / 2 over the 60,000 training images, on the same threads; one float64 evaluator measures
both. Relative gap = (F - F*) / F*, with F* from below: the value of our last fit less its proven gap. scikit-learn stops where its
own rules say (100 iterations by default, and with max_iter=1000). Ours runs with ``tol`` set to the gap that was measured there, so
it ends with a proof of at most that gap; conversions, certificate and a model in the units of the data included. Times are ratios
of medians of interleaved runs in one process.

    python benchmarks/mnist.py [--runs 3] [--rows 60000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression as Peer

from logistic import InputError, LogisticRegression, datasets

LOOSE, TIGHT = 1e-6, 1e-8


def objective(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """C * sum of losses + |coef|^2 / 2 in float64, for C=1."""
    coef = np.asarray(model.coef_, dtype=np.float64)
    total = 0.5 * float((coef**2).sum())
    for start in range(0, len(X), 5000):
        logits = X[start : start + 5000].astype(np.float64) @ coef.T + model.intercept_
        true = logits[np.arange(len(logits)), y[start : start + 5000]]
        total += float((np.logaddexp.reduce(logits, axis=1) - true).sum())
    return total


def timed(model: Any, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Seconds of a fit, and the objective that it reaches."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    return time.perf_counter() - start, objective(model, X, y)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=60_000)
    options = parser.parse_args()
    try:
        X, y = datasets.load("mnist", return_X_y=True)
    except InputError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return
    X, y = X[: options.rows], y[: options.rows]
    certificate = LogisticRegression(tol=TIGHT).fit(X, y).certificate_
    least = (certificate.value - certificate.gap) * len(X)
    peers = {"scikit-learn lbfgs": Peer(), "scikit-learn lbfgs max_iter=1000": Peer(max_iter=1000)}
    times: dict[str, list[float]] = {}
    reached: dict[str, tuple[float, str]] = {}  # relative gap, and what is proved
    for _ in range(options.runs):
        goals = []
        for name, peer in peers.items():
            seconds, value = timed(peer, X, y)
            times.setdefault(name, []).append(seconds)
            reached[name] = (value - least) / least, "none"
            goals.append(reached[name][0])
        for goal in (*goals, LOOSE):
            model = LogisticRegression(tol=goal)
            seconds, value = timed(model, X, y)
            name = f"logistic tol={goal:.1e}"
            times.setdefault(name, []).append(seconds)
            reached[name] = (value - least) / least, f"{model.certificate_.gap / model.certificate_.value:.0e}"
    base = statistics.median(times["scikit-learn lbfgs"])
    print(f"| MNIST, {len(X):,} rows, C=1, float32 | relative gap | proved | time / scikit-learn lbfgs |\n|---|--:|--:|--:|")
    for name, seconds in times.items():
        gap, proof = reached[name]
        print(f"| {name} | {gap:.0e} | {proof} | {statistics.median(seconds) / base:.2f} |")


if __name__ == "__main__":
    main()
