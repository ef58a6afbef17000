"""Two models agree as far as their coefficients and predictions do, whoever fitted them and whatever order their classes have."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from logistic import InputError, LogisticRegression
from logistic.outputs.agreement import Agreement, Difference, agreement
from support import fit_arrays, overlapping

ROWS = np.zeros((4, 2))


def fixed(classes: Any, p: Any, coef: Any = None, intercept: Any = None) -> SimpleNamespace:
    """A model by scikit-learn's names that always says p (n, K); without the attributes that are None."""
    model = SimpleNamespace(classes_=classes, predict_proba=lambda X: p, coef_=coef, intercept_=intercept)
    for name in ("coef_", "intercept_"):
        if getattr(model, name) is None:
            delattr(model, name)
    return model


def softmax(W: np.ndarray, b: np.ndarray, classes: Any, X: np.ndarray) -> SimpleNamespace:
    """The model of these coefficients (K, p) and intercepts (K,), on X."""
    p = np.exp(X @ W.T + b)
    return fixed(classes, p / p.sum(axis=1, keepdims=True), W, b)


def fitted(K: int, **choices: Any) -> tuple[LogisticRegression, np.ndarray, np.ndarray]:
    """An estimator of K text classes, with its rows and labels."""
    X, codes = overlapping(K, 200, 3, K)
    y = np.array(["a", "b", "c", "d"])[codes]
    return LogisticRegression(**choices).fit(X, y), X, y


# ------------------------------------------------------------------------------------------------------------- by pencil


def test_numbers_by_hand() -> None:
    """Four rows, two classes: every number."""
    a = fixed(["n", "y"], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.5, 0.5]], [[1.0, 2.0]], [3.0])
    b = fixed(["n", "y"], [[0.8, 0.2], [0.2, 0.8], [0.7, 0.3], [0.5, 0.5]], [[1.0, -2.0]], [2.5])
    found = agreement(a, b, ROWS)
    assert (found.rows, found.same_labels) == (4, 0.75)
    assert found.coef == pytest.approx((4, 2, np.sqrt(8)))
    assert found.intercept == pytest.approx((0.5, 0.5, 0.5))
    assert found.probabilities == pytest.approx((0.3, 0.1, np.sqrt((0.01 + 0.09) / 4)))


def test_a_model_agrees_with_itself() -> None:
    """No difference at all, as an estimator, as the plain model, and after a class was added up to every coefficient."""
    for K in (2, 4):
        model, X, _ = fitted(K)
        for other in (model, model.model_):
            found = agreement(model, other, X)
            none = Difference(0, 0, 0)
            assert found == Agreement(200, none, none, none, 1.0)


@pytest.mark.parametrize("K", [2, 3, 4])
def test_scikit_learn_reaches_the_same_optimum(K: int) -> None:
    """Its fit, run to the end, has our coefficients; one penalised otherwise has not."""
    model, X, y = fitted(K, C=0.5)
    peer = Theirs(C=0.5, tol=1e-12, max_iter=10_000).fit(X, y)
    found = agreement(model, peer, X)
    assert found.coef is not None
    assert found.intercept is not None
    assert max(found.coef.largest, found.intercept.largest, found.probabilities.largest) < 1e-6
    assert found.same_labels == 1
    other = agreement(model, Theirs(C=0.001).fit(X, y), X)
    assert other.coef is not None
    assert other.coef.largest > 0.1
    np.testing.assert_allclose(
        other.probabilities.largest, abs(model.predict_proba(X) - Theirs(C=0.001).fit(X, y).predict_proba(X)).max()
    )


def test_a_pipeline_is_compared_by_its_predictions() -> None:
    """Pipelines and trees have no coefficients of their own."""
    model, X, y = fitted(3, C=np.inf)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf)).fit(X, y)
    found = agreement(model, pipeline, X)
    assert (found.coef, found.intercept, found.same_labels) == (None, None, 1)
    assert found.probabilities.largest < 1e-12
    assert agreement(DecisionTreeClassifier(max_depth=2).fit(X, y), model, X).coef is None


# ------------------------------------------------------------------------------------------------------------ invariances


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), K=st.integers(2, 5))
def test_the_order_of_classes_and_the_gauge_do_not_matter(seed: int, K: int) -> None:
    """A model with its classes in another order, and one vector added to all classes, differs from a by nothing."""
    rng = np.random.default_rng(seed)
    X, W, b = rng.normal(size=(7, 3)), rng.normal(size=(K, 3)), rng.normal(size=K)
    names = np.array(["e", "d", "a", "b", "c"])[:K]
    order = rng.permutation(K)
    found = agreement(softmax(W, b, names, X), softmax(W[order] + rng.normal(size=3), b[order] + 5, names[order], X), X)
    assert found.coef is not None
    assert found.intercept is not None
    assert max(found.coef.largest, found.intercept.largest, found.probabilities.largest) < 1e-13
    assert (found.same_labels, found.rows) == (1, 7)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), K=st.integers(2, 5))
def test_it_is_symmetric(seed: int, K: int) -> None:
    """A against b is b against a."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(7, 3))
    a, b = (softmax(rng.normal(size=(K, 3)), rng.normal(size=K), range(K), X) for _ in "ab")
    assert agreement(a, b, X) == agreement(b, a, X)


def test_one_row_of_coefficients_is_the_difference_of_two() -> None:
    """For two classes, also where the order of the classes is turned round."""
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(7, 3)), rng.normal(size=(2, 3)), rng.normal(size=2)
    two = softmax(W, b, ["n", "y"], X)
    one = fixed(["n", "y"], two.predict_proba(X), W[1:] - W[:1], b[1:] - b[:1])
    turned = fixed(["y", "n"], two.predict_proba(X)[:, ::-1], -one.coef_, -one.intercept_)
    flat = fixed(["n", "y"], two.predict_proba(X), one.coef_[0], one.intercept_[0])
    none = Difference(0, 0, 0)
    for other in (one, turned, flat):
        for x, y in ((two, other), (other, two)):
            found = agreement(x, y, X)
            assert (found.coef, found.intercept, found.same_labels) == (none, none, 1)


def test_coefficients_come_in_any_array() -> None:
    """Tensors and sparse matrices are compared like arrays."""
    model, X, _ = fitted(3)
    p = model.predict_proba(X)
    tensor = fixed(["a", "b", "c"], torch.tensor(p), torch.tensor(model.coef_), torch.tensor(model.intercept_))
    sparse = fixed(["a", "b", "c"], p, csr_array(model.coef_), model.intercept_)
    for other in (tensor, sparse):
        assert agreement(model, other, X) == agreement(model, model, X)


def test_X_goes_to_both_as_it_is() -> None:
    """A data frame reaches both models with its names."""
    model, X, y = fitted(2)
    frame = pd.DataFrame(X, columns=["u", "v", "w"])
    named = LogisticRegression().fit(frame, y)
    assert agreement(named, replace(model.model_, features=("u", "v", "w")), frame).same_labels == 1


# ------------------------------------------------------------------------------------------------------ what is left out


@pytest.mark.parametrize(
    ("coef", "intercept"),
    [
        (np.ones((1, 3)), [0.0]),
        (np.ones((1, 2)), None),
        (None, [0.0]),
        (np.ones((3, 2)), np.zeros(3)),
        (np.ones((1, 0)), [0.0]),
        ([[np.inf, 0.0]], [0.0]),
    ],
    ids=["other columns", "no intercept", "no coefficients", "rows of no class", "no columns", "infinite"],
)
def test_what_does_not_match_is_left_out(coef: Any, intercept: Any) -> None:
    """None, null and a dash where the shapes differ or something is missing; the predictions are compared all the same."""
    p = [[0.5, 0.5]] * 4
    a, b = fixed([0, 1], p, np.zeros((1, 2)), [1.0]), fixed([0, 1], p, coef, intercept)
    found = agreement(a, b, ROWS)
    assert (found.coef is None) == (intercept is not None)
    assert (found.intercept is None) == (coef is None or intercept is None or len(intercept) == 3)
    assert found.probabilities == (0, 0, 0)
    assert "not compared: the models do not both have them, finite and in one shape" in str(found)
    assert (found.to_dict()["coef"] is None) == (found.coef is None)


def test_intercepts_alone_are_compared() -> None:
    """Models of no columns have nothing but intercepts."""
    a, b = (fixed([0, 1], [[0.5, 0.5]] * 4, np.ones((1, 0)), [value]) for value in (1.0, 3.0))
    found = agreement(a, b, ROWS)
    assert (found.coef, found.intercept) == (None, Difference(2, 2, 2))


def test_huge_differences_do_not_overflow() -> None:
    """Coefficients of separated classes have no bound, and their squares none that float64 holds."""
    a, b = (fixed([0, 1], [[0.0, 1.0]] * 4, [[value, value]], [value]) for value in (1e300, -1e300))
    assert agreement(a, b, ROWS).coef == pytest.approx((2e300, 2e300, 2e300))


# -------------------------------------------------------------------------------------------------------------- the text


def test_it_prints() -> None:
    """A table, then the labels."""
    a = fixed([0, 1], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.5, 0.5]], [[1.0, 2.0]], [3.0])
    b = fixed([0, 1], [[0.8, 0.2], [0.2, 0.8], [0.7, 0.3], [0.5, 0.5]], [[1.0, -2.0]], [2.5])
    assert str(agreement(a, b, ROWS)).splitlines() == [
        "absolute difference  largest  mean    rms",
        "  coef                     4     2   2.83",
        "  intercept              0.5   0.5    0.5",
        "  probabilities          0.3   0.1  0.158",
        "same label in 3 of 4 rows (0.75)",
    ]
    assert str(agreement(a, fixed([0, 1], b.predict_proba(ROWS)), ROWS)).splitlines() == [
        "absolute difference  largest  mean    rms",
        "  coef                     -     -      -",
        "  intercept                -     -      -",
        "  probabilities          0.3   0.1  0.158",
        "same label in 3 of 4 rows (0.75)",
        "coef and intercept not compared: the models do not both have them, finite and in one shape",
    ]


def test_json_is_the_same_data() -> None:
    """Strict JSON gives back what ``to_dict`` gives."""
    model, X, y = fitted(3)
    for other in (Theirs(C=0.1).fit(X, y), DecisionTreeClassifier(max_depth=2).fit(X, y)):
        found = agreement(model, other, X)
        assert json.loads(found.to_json()) == found.to_dict()
        assert found.to_dict()["probabilities"]["rms"] == found.probabilities.rms


# -------------------------------------------------------------------------------------------------------------- the errors

HALF = [[0.5, 0.5]] * 4
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "no classifier": (lambda: agreement(StandardScaler(), None, ROWS), r"^a is a StandardScaler, which has no predict_proba; pass"),
    "nothing": (lambda: agreement(fixed([0, 1], HALF), None, ROWS), r"^b is a NoneType, which has no predict_proba"),
    "not fitted": (
        lambda: agreement(fixed([0, 1], HALF), Theirs(), ROWS),
        r"^b is a LogisticRegression without classes_; fit it first$",
    ),
    "class of a": (
        lambda: agreement(fixed(["x", "y"], HALF), fixed(["x", "z"], HALF), ROWS),
        r"^only a knows the class 'y'; pass models of the same classes$",
    ),
    "class of b": (lambda: agreement(fixed([0, 1], HALF), fixed([0, 1, 2], HALF), ROWS), r"^only b knows the class 2; pass"),
    "types": (lambda: agreement(fixed([0, 1], HALF), fixed(["0", "1"], HALF), ROWS), r"^only a knows the class 0; pass"),
    "many outputs": (lambda: agreement(fixed([[0, 1], [0, 1]], HALF), None, ROWS), r"^a.classes_ has shape \(2, 2\)"),
    "missing": (
        lambda: agreement(fixed([0, 1], HALF), fixed([0, 1], [[np.nan, 1.0]] * 4), ROWS),
        r"^b.predict_proba\(X\) is nan in row 0, column 0; pass numbers from 0 to 1$",
    ),
    "no rows": (
        lambda: agreement(fixed([0, 1], np.empty((0, 2))), fixed([0, 1], HALF), ROWS),
        r"^a.predict_proba\(X\) has no rows",
    ),
    "other rows": (
        lambda: agreement(fixed([0, 1], HALF), fixed([0, 1], HALF[:1]), ROWS),
        r"^a gives probabilities of 4 rows of X, b of 1; pass models of single rows$",
    ),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_it_refuses_in_words(call: Callable[[], Any], words: str) -> None:
    """What cannot be compared is named, with the way out, on one line."""
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_solvers_agree() -> None:
    """What it is for: two solvers, one optimum."""
    X, codes = overlapping(3, 200, 3, 3)
    newton, lbfgs = (fit_arrays(X, codes, C=1.0, solver=solver).model for solver in ("newton", "lbfgs"))
    found = agreement(newton, lbfgs, X)
    assert found.coef is not None
    assert found.coef.largest < 1e-9
    assert found.same_labels == 1


def test_models_with_an_offset_are_compared_with_it() -> None:
    """It is handed to both."""
    rng = np.random.default_rng(0)
    X, offset = rng.normal(size=(60, 2)), rng.normal(size=60)
    y = (X[:, 0] + offset + rng.logistic(size=60) > 0).astype(int)
    a, b = (LogisticRegression(C=C).fit(X, y, offset=offset) for C in (1.0, 1e-6))
    assert agreement(a, a.model_, X, offset=offset).probabilities.largest == 0
    assert agreement(a, b, X, offset=offset).probabilities.largest > 0.1
