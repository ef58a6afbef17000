"""Maximum likelihood with default settings: how close each program comes, whether it says so, and at what price.

Every program fits the same rows without a penalty. One float64 evaluator measures all: relative gap = (F - F*) / F*, F being the
mean log loss and F* the least value that any of them reached. Times are ratios of medians of interleaved runs in one process.

    python benchmarks/certified_fit.py [--runs 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import statsmodels.api as sm
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression as Peer

from logistic import LogisticRegression

Fitted = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, str]]


def ours(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Our own, default settings."""
    model = LogisticRegression(C=np.inf).fit(X, y)
    return model.coef_, model.intercept_, f"certified, gap <= {model.certificate_.gap:.0e}"


def scikit_learn(**options: object) -> Fitted:
    """scikit-learn with the given options."""

    def fitted(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = Peer(C=np.inf, **options).fit(X, y)
        return model.coef_, model.intercept_, "warned" if caught else "silent"

    return fitted


def statsmodels(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Logit or MNLogit by Newton, default settings."""
    kind = sm.Logit if len(np.unique(y)) == 2 else sm.MNLogit
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = np.asarray(kind(y, sm.add_constant(X)).fit(disp=0).params)
    table = table.reshape(X.shape[1] + 1, -1).T
    if len(np.unique(y)) > 2:
        table = np.vstack([np.zeros_like(table[:1]), table])
    return table[:, 1:], table[:, 0], "warned" if caught else "silent"


PROGRAMS: dict[str, Fitted] = {
    "logistic": ours,
    "scikit-learn lbfgs": scikit_learn(),
    "scikit-learn lbfgs tol=1e-10": scikit_learn(tol=1e-10, max_iter=2000),
    "scikit-learn newton-cholesky": scikit_learn(solver="newton-cholesky"),
    "statsmodels newton": statsmodels,
}


def workloads() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Real data from statsmodels and scikit-learn, as they are and in other units, and one larger made-up set."""
    rng = np.random.default_rng(0)
    spector, fair = sm.datasets.spector.load(), sm.datasets.fair.load()
    anes = sm.datasets.anes96.load()
    cancer = load_breast_cancer()
    affair = (np.asarray(fair.endog) > 0).astype(int)
    X = rng.normal(size=(50_000, 20)) * np.exp(rng.uniform(-4, 4, 20))
    y = ((X / X.std(axis=0)) @ rng.normal(size=20) * 0.3 + rng.logistic(size=len(X)) > 0).astype(int)
    return {
        "spector, 32 x 3": (np.asarray(spector.exog), np.asarray(spector.endog).astype(int)),
        "fair, 6,366 x 8": (np.asarray(fair.exog), affair),
        "fair, one column in other units": (np.asarray(fair.exog) * ([1.0] * 7 + [1e8]), affair),
        "anes96, 944 x 5, 7 classes": (np.asarray(anes.exog), np.asarray(anes.endog).astype(int)),
        "breast cancer, 8 columns": (cancer.data[:, :8], cancer.target),
        "made up, 50,000 x 20, wild units": (X, y),
    }


def mean_log_loss(X: np.ndarray, y: np.ndarray, coef: np.ndarray, intercept: np.ndarray) -> float:
    """The one evaluator."""
    logits = X @ coef.T + intercept
    if logits.shape[1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    codes = np.searchsorted(np.unique(y), y)
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(y)), codes]))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print("| data | program | relative gap | says | time / ours |\n|---|---|--:|---|--:|")
    for name, (X, y) in workloads().items():
        times: dict[str, list[float]] = {program: [] for program in PROGRAMS}
        losses, says = {}, {}
        for _ in range(runs):
            for program, fitted in PROGRAMS.items():
                start = time.perf_counter()
                coef, intercept, says[program] = fitted(X, y)
                times[program].append(time.perf_counter() - start)
                losses[program] = mean_log_loss(X, y, coef, intercept)
        best = min(losses.values())
        for program in PROGRAMS:
            ratio = statistics.median(times[program]) / statistics.median(times["logistic"])
            gap = (losses[program] - best) / best
            print(f"| {name} | {program} | {gap:.0e} | {says[program]} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
