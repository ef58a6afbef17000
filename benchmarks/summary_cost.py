"""What standard errors cost: a fit with its summary, a million rows of 100 columns, beside the same fit without a covariance.

Ratios of medians of interleaved runs in one process, and beside them what one Gram pass and one gradient pass cost.

    python benchmarks/summary_cost.py [--rows 1000000] [--runs 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from logistic import LogisticRegression

COLUMNS, CLUSTERS, BLOCK = 100, 5000, 20_000


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Print a line a kind of covariance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    rng, n = np.random.default_rng(0), options.rows
    scale = np.exp(rng.uniform(-2, 2, COLUMNS))
    X, truth = rng.normal(size=(n, COLUMNS)) * scale, rng.normal(size=COLUMNS) / scale / 5
    y, groups = rng.random(n) < 1 / (1 + np.exp(-X @ truth)), rng.integers(0, CLUSTERS, n)

    def fit(kind: str | None) -> None:
        model = LogisticRegression(C=np.inf, covariance=kind)
        str(model.fit(X, y, groups=groups if kind == "cluster" else None).summary())

    def gram() -> None:
        for start in range(0, n, BLOCK):
            rows = X[start : start + BLOCK]
            rows.T @ (0.2 * rows)

    works = {str(kind): (lambda kind=kind: fit(kind)) for kind in (None, "observed", "HC1", "cluster")}
    works |= {"one Gram pass": gram, "one gradient pass": lambda: X.T @ (X @ truth)}
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(options.runs):
        for name, work in works.items():
            times[name].append(seconds(work))
    whole = statistics.median(times["None"])
    for name, found in times.items():
        print(f"{name:<20}{statistics.median(found) / whole:6.2f} of a fit without a covariance")


if __name__ == "__main__":
    main()
