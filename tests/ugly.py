"""Ugly problems, drawn by hypothesis: ties, duplicates, constants, wild units and shifts, odd weights, separation, few rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from logistic.contracts import Spec, Stop
from logistic.fit import Fit, fit
from logistic.sources import ArraySource
from referee import LONG, Problem


class Ugly(NamedTuple):
    """What a user would pass."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    offset: np.ndarray | None
    choices: dict[str, Any]

    def fit(self, **more: Any) -> Fit:
        """The fit with these choices."""
        return fit(
            ArraySource(self.X, self.y, self.weight, self.offset), Spec(**{"stop": Stop(max_iter=300), **self.choices, **more})
        )

    def problem(self, result: Fit) -> Problem:
        """The same problem for the referee."""
        model = result.model
        weight = np.ones(len(self.X)) if self.weight is None else self.weight
        kept = weight > 0
        X, weight = self.X[kept], weight[kept]
        strength = np.full(X.shape[1], model.penalty.alpha)
        if model.penalty.standardized:
            share, exact = weight.astype(LONG) / weight.astype(LONG).sum(), X.astype(LONG)
            exact = exact - exact[0] if self.choices["fit_intercept"] else exact  # a shift changes nothing but the rounding
            centre = share @ exact if self.choices["fit_intercept"] else 0.0
            spread = np.sqrt(share @ (exact - centre) ** 2)
            strength = strength * np.where(np.ptp(X, axis=0) > 0 if self.choices["fit_intercept"] else spread > 0, spread, 1.0) ** 2
        y = np.searchsorted(model.classes, self.y[kept])
        offset = None if self.offset is None else self.offset[kept].reshape(len(X), -1)
        return Problem(X, y, weight, offset, strength, self.choices["fit_intercept"])


@st.composite
def ugly_problems(draw: st.DrawFn) -> Ugly:
    """One problem; every structural choice is drawn, the numbers come from a drawn seed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes = draw(st.sampled_from([2, 2, 3, 4]))
    n, p = draw(st.integers(classes, 40)), draw(st.sampled_from([1, 2, 3, 4, 5, 12]))
    kind = draw(st.sampled_from(["normal", "integers", "binary", "heavy", "rare"]))
    X = {
        "normal": lambda: rng.normal(size=(n, p)),
        "integers": lambda: rng.integers(-2, 3, size=(n, p)).astype(float),
        "binary": lambda: rng.integers(0, 2, size=(n, p)).astype(float),
        "heavy": lambda: rng.standard_t(1.5, size=(n, p)),
        "rare": lambda: rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.1),
    }[kind]()
    logits = draw(st.sampled_from([0.0, 0.5, 3.0, 50.0])) * X @ rng.normal(size=(p, classes))
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    y[:classes] = np.arange(classes)
    if draw(st.booleans()):
        X = X * 10.0 ** rng.choice([-8, -4, 0, 0, 4, 8], size=p)
    if draw(st.booleans()):
        X = X + rng.choice([0.0, 1.0, -1e3, 1e6], size=p)
    spoil = draw(st.sampled_from(["none", "none", "none", "constant", "duplicate", "sum"]))
    if spoil == "constant":
        X[:, 0] = rng.choice([0.0, 0.1, 1e6])
    elif spoil == "duplicate" and p > 1:
        X[:, -1] = X[:, 0]
    elif spoil == "sum" and p > 2:
        X[:, -1] = X[:, 0] + X[:, 1]
    weight = {
        "none": lambda: None,
        "integers": lambda: rng.integers(0, 4, size=n).astype(float),
        "wild": lambda: 10.0 ** rng.uniform(-6, 3, size=n),
        "tiny": lambda: 1e-12 * rng.uniform(0.5, 2.0, size=n),
    }[kind_of_weight := draw(st.sampled_from(["none", "none", "integers", "wild", "tiny"]))]()
    if weight is not None and kind_of_weight != "tiny":
        weight[:classes] = np.maximum(weight[:classes], 1.0)
    offset = rng.normal(size=(n, 1 if classes == 2 else classes)) if draw(st.integers(0, 4)) == 0 else None
    if draw(st.integers(0, 4)) == 0:
        X = X.astype(np.float32)
    strength = draw(st.sampled_from([{"alpha": 0.0}, {"alpha": 0.0}, {"C": 1.0}, {"C": 100.0}, {"alpha": 1e-6}, {"alpha": 3.0}]))
    choices = {**strength, "fit_intercept": draw(st.integers(0, 4)) > 0, "standardize": draw(st.booleans())}
    choices["solver"] = draw(st.sampled_from(["auto", "newton", "lbfgs"]))
    return Ugly(X, y, weight, offset, choices)
