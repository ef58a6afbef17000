"""glum, skglm, celer, adelie and snapml: which objective each minimises, and how our C becomes its strength (n rows).

=======  ==========================================================================  ==========================================
glum     mean loss + alpha * (l1_ratio * |w|_1 + (1 - l1_ratio) / 2 * |w|^2)          alpha = 1 / (n C)
skglm    the same, by proximal Newton with working sets                               alpha = 1 / (n C)
celer    sum of losses + alpha * |w|_1 along a path, no intercept                     alpha = 1 / C
adelie   mean loss + lmda * (alpha * |w|_1 + (1 - alpha) / 2 * |w|^2), groups of one  lmda = 1 / (n C), alpha = l1_ratio
snapml   sum of losses + regularizer / 2 * |w|^2 (or * |w|_1), intercept penalised    regularizer = 1 / C
=======  ==========================================================================  ==========================================

All are for two classes; adelie's multinomial loss is divided by the number of classes, and its L1 is a group lasso over them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from ..data import Data
from ..workloads import Task
from .base import NEVER, TOLERANCES, Answer, Ladder, Program, stacked

MANY_COLUMNS = 3000  # where glum's Hessian gives way to its lbfgs


def _signs(y: np.ndarray) -> np.ndarray:
    """(n,) -1.0 and 1.0."""
    return np.where(y > 0, 1.0, -1.0)


class _TwoClasses(Program):
    """What has no softmax."""

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """More than two classes are another problem."""
        return "has no softmax" if task.classes > 2 else ""


class Glum(_TwoClasses):
    """``GeneralizedLinearRegressor(family="binomial")``, its solver chosen by itself (irls-ls for L2, irls-cd for L1).

    Where its Hessian would have more than 3,000 rows under L2, its lbfgs. The ladder is ``max_iter``.
    """

    name, packages, module, order = "glum", ("glum", "tabmat"), "glum", "F"
    kinds = frozenset({"fit", "path"})
    ladder = Ladder(tuple(2.0**k for k in range(1, 15)), whole=True)

    def ready(self, task: Task, data: Data) -> Any:
        """Labels as numbers."""
        X, y = super().ready(task, data)
        return X, y.astype(np.float64)

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """A fit, or its own search along the strengths."""
        from glum import GeneralizedLinearRegressor

        X, y = ready
        alphas = 1.0 / (task.Cs * len(y))
        settings: dict[str, Any] = {"family": "binomial", "l1_ratio": task.l1_ratio, "fit_intercept": task.intercept}
        if X.shape[1] > MANY_COLUMNS and not task.l1_ratio:
            settings["solver"] = "lbfgs"
        if setting is not None:
            settings |= {"gradient_tol": NEVER, "max_iter": int(setting)}
        if len(alphas) == 1:
            model = GeneralizedLinearRegressor(alpha=float(alphas[0]), **settings).fit(X, y)
            return stacked([(model.coef_, model.intercept_)], X.shape[1], f"n_iter={model.n_iter_}")
        model = GeneralizedLinearRegressor(alphas=alphas, alpha_search=True, **settings).fit(X, y)
        intercepts = model.intercept_path_ if task.intercept else np.zeros(len(alphas))
        return stacked(list(zip(model.coef_path_, intercepts, strict=True)), X.shape[1])


class Skglm(_TwoClasses):
    """``ProxNewton`` with a logistic datafit and an L1 + L2 penalty; a path goes from the strongest on, each from the last."""

    name, packages, module, order = "skglm", ("skglm", "numba"), "skglm", "F"
    kinds = frozenset({"fit", "path"})
    ladder = TOLERANCES

    def ready(self, task: Task, data: Data) -> Any:
        """Labels as signs."""
        X, y = super().ready(task, data)
        return X, _signs(y)

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """One estimator, warm from strength to strength."""
        from skglm import GeneralizedLinearEstimator
        from skglm.datafits import Logistic
        from skglm.penalties import L1, L1_plus_L2
        from skglm.solvers import ProxNewton

        X, y = ready
        solver = ProxNewton(fit_intercept=task.intercept, warm_start=True, **_fine(setting, max_iter=1000))
        found, model = [], GeneralizedLinearEstimator(datafit=Logistic(), solver=solver)
        for C in task.Cs:
            alpha = float(1.0 / (C * len(y)))
            model.penalty = L1(alpha) if task.l1_ratio == 1 else L1_plus_L2(alpha, task.l1_ratio)
            model.fit(X, y)
            found.append((model.coef_.copy(), np.array(model.intercept_)))
        return stacked(found, X.shape[1])


def _fine(setting: float | None, **others: Any) -> dict[str, Any]:
    """A tolerance of the ladder, and limits out of its way."""
    return {} if setting is None else {"tol": setting, **others}


class Celer(_TwoClasses):
    """``celer_path`` of the logistic loss: L1 without an intercept, by dual extrapolation and working sets."""

    name, packages, module, order = "celer", ("celer",), "celer", "F"
    kinds = frozenset({"fit", "path"})
    ladder = TOLERANCES

    def ready(self, task: Task, data: Data) -> Any:
        """Labels as signs."""
        X, y = super().ready(task, data)
        return X, _signs(y)

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """L1 alone, no intercept."""
        if task.l1_ratio != 1:
            return "has no penalty but L1"
        return "has no intercept" if task.intercept else super().objection(task, shape, sparse)

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """The whole path in one call."""
        from celer import celer_path

        X, y = ready
        alphas, coefs, _ = celer_path(X, y, "logreg", alphas=1.0 / task.Cs, **_fine(setting, max_iter=1000))
        order = np.argsort(alphas)[::-1]
        return stacked([(coefs[:, k], 0.0) for k in order], X.shape[1])


class Adelie(Program):
    """``grpnet`` with one column to a group; a multinomial loss is divided by K, its penalty a group lasso but for ridge."""

    name, packages, module, order = "adelie", ("adelie",), "adelie", "F"
    kinds = frozenset({"fit", "path"})
    ladder = TOLERANCES

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """With more classes a penalty that is not ridge groups the coefficients of a column."""
        return "other problem: a group lasso over the classes" if task.classes > 2 and task.l1_ratio else ""

    def ready(self, task: Task, data: Data) -> Any:
        """Its own matrix and its own loss object."""
        import adelie as ad

        X, y = super().ready(task, data)
        if task.classes > 2:
            loss = ad.glm.multinomial(y=np.ascontiguousarray(np.eye(task.classes)[y]), dtype=self.dtype)
        else:
            loss = ad.glm.binomial(y=y.astype(np.float64), dtype=self.dtype)
        return (ad.matrix.sparse(X, method="naive", n_threads=task.threads) if sp.issparse(X) else X), loss

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """The strengths in one call, which sorts them from the strongest on."""
        from adelie.solver import grpnet

        X, loss = ready
        n, p = X.shape if hasattr(X, "shape") else (X.rows(), X.cols())
        K = 1 if task.classes == 2 else task.classes
        state = grpnet(
            *(X, loss),
            lmda_path=1.0 / (task.Cs * n * K),
            alpha=task.l1_ratio,
            penalty=np.ones(p),
            intercept=task.intercept,
            early_exit=False,
            progress_bar=False,
            n_threads=task.threads,
            **({} if setting is None else {"tol": setting, "irls_tol": setting}),
        )
        if state.betas.shape[0] != len(task.Cs):
            raise RuntimeError(f"ended after {state.betas.shape[0]} of {len(task.Cs)} strengths")
        coefs = state.betas.toarray().reshape(len(task.Cs), p, K).transpose(0, 2, 1)
        return Answer(coefs, np.asarray(state.intercepts).reshape(len(task.Cs), K))


class SnapML(_TwoClasses):
    """``snapml.LogisticRegression``: dual coordinate descent for L2, primal for L1; the intercept is a penalised column.

    That column is scaled by ten, so that its penalty is next to none; ``intercept_`` is the coefficient of the scaled column.
    """

    name, packages, module = "snapml", ("snapml",), "snapml"
    dtype = np.float32
    kinds = frozenset({"fit", "path"})
    ladder = TOLERANCES

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """Pure penalties only; under L1 its ``intercept_`` comes back as zero, whatever the data."""
        if task.l1_ratio == 1 and task.intercept:
            return "returns no intercept under L1"
        return "has no elastic net" if 0 < task.l1_ratio < 1 else super().objection(task, shape, sparse)

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """A fit for each strength, from scratch."""
        from snapml import LogisticRegression

        X, y = ready
        found, scaling = [], 10.0
        for C in task.Cs:
            model = LogisticRegression(
                regularizer=float(1.0 / C),
                penalty="l1" if task.l1_ratio else "l2",
                dual=not task.l1_ratio,
                fit_intercept=task.intercept,
                intercept_scaling=scaling,
                n_jobs=task.threads,
                random_state=0,
                **_fine(setting, max_iter=100_000),
            ).fit(X, y)
            found.append((model.coef_, model.intercept_ * scaling if task.intercept else 0.0))
        return stacked(found, X.shape[1])


PROGRAMS: tuple[Program, ...] = (Glum(), Skglm(), Celer(), Adelie(), SnapML())
