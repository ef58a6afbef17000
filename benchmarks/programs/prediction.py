"""Probabilities of a million rows, and of one: the same coefficients in every program, float32 rows as they lie in memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..data import Data
from ..workloads import Task
from .base import Answer, Ladder, Program

ONE = Ladder((), refine=False)  # nothing to turn


class Predictor(Program):
    """Something that turns rows into probabilities (n, K); ``ready`` is a pair of a function and its rows."""

    kinds = frozenset({"rows", "row"})
    ladder = ONE
    dtype: Any = np.float32

    def ready(self, task: Task, data: Data) -> Any:
        """The function and the rows."""
        assert task.model is not None
        X = np.ascontiguousarray(data.X[:1] if task.kind == "row" else data.X, dtype=self.dtype)
        return self.function(task.model["coef"], task.model["intercept"], task), X

    def function(self, coef: np.ndarray, intercept: np.ndarray, task: Task) -> Any:
        """Rows -> probabilities, for coefficients (M, p) and intercepts (M,)."""
        raise NotImplementedError

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """Predict."""
        function, X = ready
        return Answer(function(X), np.zeros(0))


class OursPredicts(Predictor):
    """``Model.predict_proba``, what a file is loaded as."""

    name, packages, module = "logistic", ("logistic", "numpy"), "logistic"

    def function(self, coef: np.ndarray, intercept: np.ndarray, task: Task) -> Any:
        """A model made by hand, its columns centred at zero."""
        from logistic import Certificate, Model
        from logistic.strength import Strength

        unknown = Certificate(math.nan, math.inf, "none", math.nan)
        centre, strength = np.zeros(coef.shape[1]), Strength(0.0, math.inf, False)
        model = Model(np.arange(task.classes), None, coef, intercept, centre, strength, unknown, 0, "made up", 0, 0.0)
        return model.predict_proba


class ScikitLearnPredicts(Predictor):
    """``LogisticRegression.predict_proba``, with float32 coefficients as after a fit on float32 rows."""

    name, packages, module = "scikit-learn", ("scikit-learn",), "sklearn.linear_model"

    def function(self, coef: np.ndarray, intercept: np.ndarray, task: Task) -> Any:
        """An estimator with its fitted attributes written by hand."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression()
        model.classes_, model.n_features_in_ = np.arange(task.classes), coef.shape[1]
        model.coef_, model.intercept_ = coef.astype(self.dtype), intercept.astype(self.dtype)
        return model.predict_proba


class Onnx(Predictor):
    """onnxruntime on the CPU, with what skl2onnx makes of the scikit-learn model, all rows in one call."""

    name, packages, module = "onnxruntime", ("onnxruntime", "skl2onnx"), "onnxruntime"

    def function(self, coef: np.ndarray, intercept: np.ndarray, task: Task) -> Any:
        """A session whose one output is the probabilities."""
        import onnxruntime
        from skl2onnx import to_onnx

        model = ScikitLearnPredicts().function(coef, intercept, task).__self__
        model.n_iter_ = np.array([1])
        written = to_onnx(model, np.zeros((1, coef.shape[1]), dtype=np.float32), options={"zipmap": False})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = task.threads
        session = onnxruntime.InferenceSession(written.SerializeToString(), options, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0].name
        return lambda X: session.run(["probabilities"], {entry: X})[0]


class BareNumPy(Predictor):
    """``x @ W + b`` and a stable softmax (or a sigmoid) in NumPy, nothing looked at."""

    name, packages, module = "bare NumPy", ("numpy",), "numpy"

    def function(self, coef: np.ndarray, intercept: np.ndarray, task: Task) -> Any:
        """A closure."""
        W, b = np.ascontiguousarray(coef.T, dtype=self.dtype), intercept.astype(self.dtype)
        if W.shape[1] == 1:
            W, b = np.hstack([np.zeros_like(W), W]), np.hstack([np.zeros_like(b), b])

        def probabilities(X: np.ndarray) -> np.ndarray:
            eta = X @ W
            eta += b
            eta -= eta.max(axis=1, keepdims=True)
            np.exp(eta, out=eta)
            eta /= eta.sum(axis=1, keepdims=True)
            return np.asarray(eta)

        return probabilities


class Product(BareNumPy):
    """``x @ W`` alone: a floor, no probabilities, never compared with."""

    name = "floor: x @ W"

    def function(self, coef: np.ndarray, intercept: np.ndarray, task: Task) -> Any:
        """A product."""
        W = np.ascontiguousarray(coef.T, dtype=self.dtype)
        return lambda X: X @ W


PROGRAMS: tuple[Program, ...] = (OursPredicts(), ScikitLearnPredicts(), Onnx(), BareNumPy(), Product())
