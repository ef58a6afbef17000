"""The picture of README: python docs/picture.py writes docs/picture.svg, the same bytes every time."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.exceptions import ConvergenceWarning

from logistic import LogisticRegression, datasets, plots, solvers
from logistic.outputs.plots.look import COLOURS, look

TARGET = Path(__file__).with_suffix(".svg")
STEPS = 60
RUNS = {
    "newton": solvers.Newton(),
    "lbfgs": solvers.LBFGS(),
    "adam": solvers.Adam(lr=0.3, batch_size=None, epochs=STEPS),
    "sgd, momentum 0.9": solvers.SGD(lr=1, momentum=0.9, batch_size=None, epochs=STEPS),
}


def picture() -> str:
    """Draw side by side, as SVG, which class is where, coefficients with intervals, and solvers on their way to the optimum."""
    iris = datasets.load("iris", as_frame=True)
    two = iris.y != "setosa"
    plane = iris.X.loc[:, ["petal length (cm)", "petal width (cm)"]]
    likelihood = LogisticRegression(C=np.inf).fit(iris.X[two], iris.y[two])
    X, y = datasets.load("wine", return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)  # the last two take columns as they are given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # two runs are cut off, to be compared
        runs = {name: LogisticRegression(solver=solver).fit(X, y) for name, solver in RUNS.items()}
    with look():
        figure = Figure(figsize=(13, 3.9), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1))
        plots.DecisionRegionsDisplay.from_estimator(LogisticRegression().fit(plane, iris.y), plane, iris.y, ax=left)
        plots.CoefficientsDisplay.from_estimator(likelihood, ax=middle)
        best = min(run.certificate_.value for run in runs.values())
        for (name, run), colour, dash in zip(runs.items(), COLOURS, ("-", "--", "-.", ":"), strict=False):
            above = run.history_["objective"] - best
            right.semilogy(np.where(above > 0, above, np.nan), dash, color=colour, label=name)
        right.set(
            title="four solvers, one optimum", xlabel="iteration", ylabel="objective above the certified minimum", xlim=(0, STEPS)
        )
        right.legend()
        figure.savefig(TARGET, metadata={"Date": None, "Creator": "logistic"})
    return TARGET.read_text()


if __name__ == "__main__":
    picture()
