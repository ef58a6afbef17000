"""scikit-learn, and Intel's edition of it: the same objective as the judge's, C and all; only liblinear penalises the intercept."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workloads import Task
from .base import ITERATIONS, NEVER, Answer, Ladder, Program, of_folds, splits, stacked

LARGEST_HESSIAN = 10_000  # coefficients; 800 MB


class ScikitLearn(Program):
    """``LogisticRegression``: C * sum of losses + l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|^2, C as it is.

    The ladder is ``max_iter`` with a tolerance that never stops it, so that a run ends by itself only where it makes no progress.
    """

    packages: tuple[str, ...] = ("scikit-learn",)
    module = "sklearn.linear_model"

    def __init__(self, solver: str, dtype: Any = np.float64, start: int = 2) -> None:
        self.solver, self.dtype = solver, dtype
        self.name = f"scikit-learn {solver}{' f32' if dtype is np.float32 else ''}"
        self.ladder = Ladder(tuple(2.0**k for k in range(start, 18)), whole=True)
        self.kinds = frozenset({"fit", "fits"} | ({"cv"} if solver in ("lbfgs", "newton-cholesky", "newton-cg") else set()))
        self.kinds |= {"path"} if solver in ("saga", "liblinear") else set()

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """L1 is for saga and liblinear; liblinear knows two classes and penalises the intercept; Hessians have to fit."""
        if task.l1_ratio and self.solver not in ("saga", "liblinear"):
            return "has no L1 penalty"
        if self.solver == "liblinear":
            if task.classes > 2:
                return "other problem: one model per class"
            if 0 < task.l1_ratio < 1:
                return "has no elastic net"
        size = shape[-1] * (1 if task.classes == 2 else task.classes)
        if self.solver == "newton-cholesky" and size > LARGEST_HESSIAN:
            return f"a Hessian of {size:,} coefficients"
        return ""

    def settings(self, task: Task, setting: float | None) -> dict[str, Any]:
        """Arguments of the estimator."""
        chosen: dict[str, Any] = {"solver": self.solver, "fit_intercept": task.intercept, "random_state": 0}
        if task.l1_ratio:
            chosen["l1_ratio"] = task.l1_ratio
        if self.solver == "liblinear" and task.intercept:  # a penalty of |b|^2 / (2 s^2), or |b| / s, which is next to none
            chosen["intercept_scaling"] = 1000.0 if task.l1_ratio else 10.0
        if setting is not None:
            chosen |= {"tol": NEVER, "max_iter": int(setting)}
        return chosen

    def estimator(self) -> Any:
        """The class."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """Fit; the strengths of a path one after another, each from the last where the solver can."""
        X, y = ready
        settings = self.settings(task, setting)
        if task.kind == "cv":
            from sklearn.linear_model import LogisticRegressionCV

            settings |= {"Cs": task.Cs, "cv": splits(task), "scoring": "neg_log_loss", "l1_ratios": (0,)}
            model = LogisticRegressionCV(**settings, use_legacy_attributes=False).fit(X, y)
            return of_folds(model.coefs_paths_, task, X.shape[1])
        model = self.estimator()(**settings)
        if task.kind == "path" and self.solver != "liblinear":
            model.set_params(warm_start=True)
        found = []
        for C in task.Cs:
            model.set_params(C=float(C)).fit(X, y)
            found.append((model.coef_.copy(), np.array(model.intercept_)))
        return stacked(found, X.shape[1], f"n_iter={int(np.max(model.n_iter_))}")


class Intelex(ScikitLearn):
    """``sklearnex``'s lbfgs on oneDAL: the same class, arguments and objective as scikit-learn's."""

    packages, module = ("scikit-learn-intelex", "scikit-learn"), "sklearnex.linear_model"

    def __init__(self, dtype: Any = np.float64) -> None:
        super().__init__("lbfgs", dtype)
        self.name = f"scikit-learn-intelex lbfgs{' f32' if dtype is np.float32 else ''}"
        self.kinds = frozenset({"fit", "fits"})

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """What it would hand to scikit-learn is measured there."""
        return "hands sparse rows to scikit-learn" if sparse else super().objection(task, shape, sparse)

    def estimator(self) -> Any:
        """The class."""
        from sklearnex.linear_model import LogisticRegression

        return LogisticRegression


PROGRAMS: tuple[Program, ...] = (
    ScikitLearn("lbfgs", start=4),
    ScikitLearn("lbfgs", np.float32, start=4),
    ScikitLearn("newton-cg"),
    ScikitLearn("newton-cg", np.float32),
    ScikitLearn("newton-cholesky"),
    ScikitLearn("sag"),
    ScikitLearn("saga"),
    ScikitLearn("liblinear"),
    Intelex(),
    Intelex(np.float32),
)

__all__ = ["ITERATIONS", "PROGRAMS", "Intelex", "ScikitLearn"]
