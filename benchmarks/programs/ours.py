"""Ours: the data as they were made go in; conversions and the certificate are on the clock."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..data import Data
from ..judge import training, values
from ..workloads import Task
from .base import Answer, Ladder, Program, RefusedError, of_folds, splits


class Ours(Program):
    """``logistic``: the rungs are the targets themselves, as ``tol``, and each ends in a certificate."""

    name, packages, module = "logistic", ("logistic", "torch", "numpy", "scipy"), "logistic"
    kinds = frozenset({"fit", "path", "cv", "fits"})
    ladder = Ladder((1e-4, 1e-8), refine=False)

    def ready(self, task: Task, data: Data) -> Any:
        """The data as they were made."""
        return data.X, data.y

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """Ask for certified relative suboptimality ``setting``."""
        import logistic

        X, y = ready
        options: dict[str, Any] = {} if setting is None else {"tol": setting}
        try:
            if task.kind == "path":
                return self._path(X, y, task, options)
            if task.kind == "cv":
                return self._folds(X, y, task, options)
            if task.l1_ratio:
                options["l1_ratio"] = task.l1_ratio
            model = logistic.LogisticRegression(task.Cs[0], fit_intercept=task.intercept, **options).fit(X, y)
        except logistic.InputError as error:
            raise RefusedError(f"not available: {error}") from None
        certificate = model.certificate_
        claims = np.array([certificate.gap]) * task.Cs * len(y)
        coefs, intercepts = np.asarray(model.coef_)[None], np.asarray(model.intercept_)[None]
        return Answer(coefs, intercepts, claims, f"{certificate.status.word}, {certificate.kind}")

    def _path(self, X: Any, y: np.ndarray, task: Task, options: dict[str, Any]) -> Answer:
        """All strengths in one call."""
        import logistic

        found = logistic.path(X, y, l1_ratio=task.l1_ratio, Cs=task.Cs, fit_intercept=task.intercept, **options)
        claims = found.table["gap"] * task.Cs * len(y)
        return Answer(found.coef, found.intercept, claims, "path")

    def _folds(self, X: Any, y: np.ndarray, task: Task, options: dict[str, Any]) -> Answer:
        """10 strengths x 5 folds and the last fit at the chosen one."""
        import logistic

        if not hasattr(logistic, "LogisticRegressionCV"):
            raise RefusedError("not available: logistic.LogisticRegressionCV does not exist yet")
        model = logistic.LogisticRegressionCV(Cs=task.Cs, cv=splits(task), fit_intercept=task.intercept, **options).fit(X, y)
        return of_folds(model.coefs_paths_, task, X.shape[1])


def bounds(task: Task, data: Data, tol: float, max_time: float) -> tuple[np.ndarray, np.ndarray, str]:
    """What F* cannot be below, from our certificates: bounds (S,), the judged values (S,) that they belong to, and a word.

    A bound is the lesser of the judged and the claimed value, less the claimed gap and 1e-12 of the value for the judge's own
    rounding; -inf where there is no proof. Cross-validations are bounded fit by fit on the rows of the first fold.
    """
    import logistic

    X, y, _ = training(task, data)
    fits = [(X[i], y[i], task.Cs[0]) for i in range(len(X))] if task.kind == "fits" else [(X, y, C) for C in task.Cs]
    found, coefs, intercepts, words = [], [], [], set()
    for rows, codes, C in fits:
        options: dict[str, Any] = {"l1_ratio": task.l1_ratio} if task.l1_ratio else {}
        try:
            model = logistic.LogisticRegression(
                C, fit_intercept=task.intercept, tol=tol, max_time=max_time / len(fits), **options
            ).fit(rows, codes)
        except logistic.InputError as error:
            raise RefusedError(f"not available: {error}") from None
        certificate = model.certificate_
        words.add(f"{certificate.status.word}, {certificate.kind}")
        scale = C * len(codes)
        found.append((certificate.value * scale, certificate.gap * scale if certificate.kind == "proof" else math.inf))
        coefs.append(model.model_.coef)  # in float64, also where X is float32
        intercepts.append(np.broadcast_to(model.model_.intercept, len(model.model_.coef)))
    judged = values(task, data, np.stack(coefs), np.stack(intercepts))
    claimed, gaps = np.array(found).T
    return np.minimum(judged, claimed) - gaps - 1e-12 * np.abs(judged), judged, "; ".join(sorted(words))
