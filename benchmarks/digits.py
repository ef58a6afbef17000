"""How many digits are right: estimates, standard errors and log-likelihoods of maximum likelihood, default settings everywhere.

The truth is found here: Newton's method in 50 digits, started at our own estimate, until its last step is below 1e-45. The score of
a number is -log10 of its relative error, 15 at most; shown is the worst over all coefficients. scikit-learn has no errors. R takes
part where ``Rscript`` is on the path (``glm``, and ``nnet::multinom`` for more than two classes).

    python benchmarks/digits.py [--json FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import mpmath as mp
import numpy as np
import statsmodels.api as sm
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression as Peer

from logistic import LogisticRegression
from logistic.inference.estimates import estimates
from logistic.inference.table import goodness

DIGITS, LAST_STEP, STEPS = 50, mp.mpf("1e-45"), 12
MOST = 15.0


class Found(NamedTuple):
    """Coefficients (K - 1, p + 1) against the first class, the intercept first; their errors, or None; the log-likelihood."""

    values: np.ndarray
    errors: np.ndarray | None
    log_likelihood: float | None


Rows = tuple[np.ndarray, np.ndarray]


def sets() -> dict[str, Rows]:
    """Data that come with statsmodels and scikit-learn."""
    spector, fair, anes = (getattr(sm.datasets, name).load_pandas().data for name in ("spector", "fair", "anes96"))
    iris = load_iris()
    two = iris.target > 0
    logs = anes.assign(logpopul=np.log(anes["popul"] + 0.1))
    return {
        "spector": (spector[["GPA", "TUCE", "PSI"]].to_numpy(), spector["GRADE"].to_numpy().astype(int)),
        "fair": (fair.drop(columns="affairs").to_numpy(), (fair["affairs"] > 0).to_numpy().astype(int)),
        "iris, two classes": (iris.data[two], iris.target[two] - 1),
        "anes96, seven classes": (
            logs[["logpopul", "selfLR", "age", "educ", "income"]].to_numpy(),
            anes["PID"].to_numpy().astype(int),
        ),
    }


# ------------------------------------------------------------------------------------------------------------------------ truth


def truth(X: np.ndarray, y: np.ndarray, start: np.ndarray) -> Found:
    """Newton's method in 50 digits."""
    mp.mp.dps = DIGITS
    q, C = X.shape[1] + 1, len(start)
    rows = [[mp.mpf(1), *map(mp.mpf, map(float, row))] for row in X]
    theta = mp.matrix([mp.mpf(float(v)) for v in start.ravel()])
    for _ in range(STEPS):
        value, gradient, H = derivatives(rows, y, theta, C, q)
        step = mp.lu_solve(H, gradient)
        theta += step
        if mp.norm(step) < LAST_STEP * mp.norm(theta):
            break
    else:
        raise ArithmeticError("Newton's method did not come to rest; the data may be separated")
    value, _, H = derivatives(rows, y, theta, C, q)
    inverse = H**-1
    errors = [mp.sqrt(inverse[i, i]) for i in range(C * q)]
    return Found(np.array(list(theta)).reshape(C, q), np.array(errors).reshape(C, q), value)


def derivatives(rows: list[list[mp.mpf]], y: np.ndarray, theta: mp.matrix, C: int, q: int) -> tuple[mp.mpf, mp.matrix, mp.matrix]:
    """Log-likelihood, its gradient, and the information."""
    value, gradient, H = mp.mpf(0), mp.zeros(C * q, 1), mp.zeros(C * q)
    for x, label in zip(rows, y.tolist(), strict=True):
        eta = [mp.fdot(x, theta[c * q : (c + 1) * q]) for c in range(C)]
        normalizer = 1 + mp.fsum(map(mp.exp, eta))
        p = [mp.exp(e) / normalizer for e in eta]
        value += (eta[label - 1] if label else 0) - mp.log(normalizer)
        for c in range(C):
            residual = (label == c + 1) - p[c]
            for i in range(q):
                gradient[c * q + i] += residual * x[i]
            for d in range(c + 1):
                h = p[c] * ((c == d) - p[d])
                for i in range(q):
                    for j in range(q):
                        H[c * q + i, d * q + j] += h * x[i] * x[j]
    for c in range(C):
        for d in range(c):
            for i in range(q):
                for j in range(q):
                    H[d * q + j, c * q + i] = H[c * q + i, d * q + j]
    return value, gradient, H


# --------------------------------------------------------------------------------------------------------------------- programs


def ours(X: np.ndarray, y: np.ndarray) -> Found:
    """Our own."""
    model = LogisticRegression(C=np.inf).fit(X, y).model_
    found, whole = estimates(model), goodness(model)
    assert whole is not None
    return Found(np.roll(found.values, 1, axis=1), np.roll(found.errors, 1, axis=1), whole.log_likelihood)


def scikit_learn(**options: object) -> Callable[[np.ndarray, np.ndarray], Found]:
    """scikit-learn with the given options."""

    def fitted(X: np.ndarray, y: np.ndarray) -> Found:
        model = Peer(C=np.inf, **options).fit(X, y)
        table = np.column_stack([model.intercept_, model.coef_])
        return Found(table if len(table) == 1 else table[1:] - table[0], None, None)

    return fitted


def statsmodels(X: np.ndarray, y: np.ndarray) -> Found:
    """Logit or MNLogit."""
    model = (sm.Logit if y.max() == 1 else sm.MNLogit)(y, sm.add_constant(X)).fit(disp=0)
    values, errors = (np.asarray(numbers).reshape(X.shape[1] + 1, -1).T for numbers in (model.params, model.bse))
    return Found(values, errors, model.llf)


def statsmodels_glm(X: np.ndarray, y: np.ndarray) -> Found:
    """GLM, two classes only."""
    if y.max() > 1:
        raise NotImplementedError("two classes only")
    model = sm.GLM(y, sm.add_constant(X), family=sm.families.Binomial()).fit()
    return Found(model.params[None, :], model.bse[None, :], model.llf)


R_GLM = """
d <- read.csv("rows.csv"); m <- glm(y ~ ., family = binomial, data = d); s <- summary(m)$coefficients
cat(sprintf("%.17g", c(s[, 1], s[, 2], as.numeric(logLik(m)))), sep = "\\n")
"""
NO_NNET = 77
R_MULTINOM = f"""
if (!requireNamespace("nnet", quietly = TRUE)) quit(status = {NO_NNET})
d <- read.csv("rows.csv"); d$y <- factor(d$y); m <- nnet::multinom(y ~ ., data = d, trace = FALSE); s <- summary(m)
cat(sprintf("%.17g", c(t(s$coefficients), t(s$standard.errors), as.numeric(logLik(m)))), sep = "\\n")
"""


def r(X: np.ndarray, y: np.ndarray) -> Found:
    """R's glm, or nnet's multinom."""
    with tempfile.TemporaryDirectory() as folder:
        with Path(folder, "rows.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*(f"x{j}" for j in range(X.shape[1])), "y"])
            writer.writerows([*map(repr, map(float, row)), label] for row, label in zip(X, y.tolist(), strict=True))
        script = R_GLM if y.max() == 1 else R_MULTINOM
        done = subprocess.run(["Rscript", "-e", script], cwd=folder, capture_output=True, text=True)
    if done.returncode == NO_NNET:
        raise NotImplementedError("not measured: R's package nnet is not installed")
    done.check_returncode()
    *numbers, log_likelihood = map(float, done.stdout.split())
    values, errors = np.array(numbers).reshape(2, int(y.max()), -1)
    return Found(values, errors, log_likelihood)


PROGRAMS: dict[str, Callable[[np.ndarray, np.ndarray], Found]] = {
    "logistic": ours,
    "scikit-learn lbfgs": scikit_learn(),
    "scikit-learn newton-cholesky": scikit_learn(solver="newton-cholesky"),
    "statsmodels Logit, MNLogit": statsmodels,
    "statsmodels GLM": statsmodels_glm,
    **({"R glm, multinom": r} if shutil.which("Rscript") else {}),
}


def score(found: np.ndarray | float | None, true: np.ndarray | mp.mpf) -> float:
    """Right digits of the worst number; NaN where there is none."""
    if found is None:
        return math.nan
    pairs = zip(np.ravel(found).tolist(), np.ravel(np.asarray(true, dtype=object)), strict=True)
    worst = max(abs((mp.mpf(a) - b) / b) for a, b in pairs)
    return MOST if worst == 0 else min(max(float(-mp.log10(worst)), 0.0), MOST)


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the scores there too")
    scores: dict[str, dict[str, list[float]]] = {}
    options = parser.parse_args()
    for name, (X, y) in sets().items():
        true = truth(X, y, ours(X, y).values)
        print(f"\n{name}: {len(y):,} rows, {X.shape[1]} columns\n{'right digits of':<30}{'estimates':>10}{'errors':>8}{'log L':>7}")
        for program, fitted in PROGRAMS.items():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    found = fitted(X, y)
                except NotImplementedError as error:
                    print(f"{program:<30}  {error}")
                    continue
            digits = [score(a, b) for a, b in zip(found, true, strict=True)]
            shown = "".join(f"{'-' if math.isnan(d) else f'{d:.1f}':>{w}}" for d, w in zip(digits, (10, 8, 7), strict=True))
            print(f"{program:<30}{shown}{'  (warned)' if caught else ''}")
            scores.setdefault(name, {})[program] = digits
    if options.json:
        Path(options.json).write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
