"""A fitted model predicts from plain data: what its numbers mean, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import coo_array, csc_matrix, csr_array
from threadpoolctl import threadpool_limits

from logistic import Certificate, InputError, LogisticRegression, Model, kernels
from logistic.contracts import Stop
from logistic.provenance import Provenance
from logistic.recipes import Factor, Recipe
from logistic.sources.arrays import MAX_ROWS
from logistic.strength import Strength
from support import fit_arrays, overlapping

LABELS: dict[str, np.ndarray] = {
    "two texts": np.array(["no", "yes"]),
    "two booleans": np.array([False, True]),
    "three numbers": np.array([-1, 4, 7]),
    "five texts": np.array(["a", "b", "c", "d", "e"]),
}
NAMES = ("age", "wage in €", "x", "hours")


def rows(classes: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Four columns in different units and the codes of their classes."""
    X, codes = overlapping(classes, n, 4, classes)
    return X * [1.0, 100.0, 1e-3, 5.0] + [0.0, 30.0, 1.0, -7.0], codes


def made_up(seed: int, p: int, K: int) -> Model:
    """A model that nobody fitted."""
    rng = np.random.default_rng(seed)
    M = 1 if K == 2 else K
    numbers = rng.normal(size=(M, p)) / p**0.5, rng.normal(size=M), rng.normal(size=p)
    unknown = Certificate(np.nan, np.inf, "none", np.nan)
    return Model(np.arange(K), None, *numbers, Strength(0.0, np.inf, False), unknown, 0, "made up", 0, 0.0)


@pytest.fixture(scope="module", params=["compiled", "plain"], autouse=True)
def with_kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every law of this page with the compiled kernels and with NumPy alone."""
    if request.param == "compiled" and kernels.compiled is None:
        pytest.skip("the kernels are not compiled here")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "plain":
            patch.setattr(kernels, "compiled", None)
        yield


@pytest.fixture(params=LABELS)
def labels(request: pytest.FixtureRequest) -> np.ndarray:
    """Each kind of labels."""
    return LABELS[request.param]


@pytest.fixture
def X(labels: np.ndarray) -> np.ndarray:
    """The rows that the model was fitted to."""
    return rows(len(labels))[0]


@pytest.fixture
def model(labels: np.ndarray) -> Model:
    """A certified model of these labels, with names."""
    X, codes = rows(len(labels))
    return replace(fit_arrays(X, labels[codes], C=1.0).model, features=NAMES)


# -------------------------------------------------------------------------------------------------------------- what it says


def test_probabilities_are_probabilities(model: Model, X: np.ndarray) -> None:
    """One column a class, between 0 and 1, summing to one."""
    p = model.predict_proba(X)
    assert p.shape == (len(X), len(model.classes))
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=4e-16 * len(model.classes))


def test_the_label_is_the_likeliest(model: Model, X: np.ndarray) -> None:
    """Predict is the label at the largest probability, of the type of the labels, and each label occurs."""
    predicted = model.predict(X)
    assert predicted.dtype == model.classes.dtype
    np.testing.assert_array_equal(predicted, model.classes[model.predict_proba(X).argmax(axis=1)])
    assert set(predicted.tolist()) == set(model.classes.tolist())


def test_probabilities_follow_from_the_logits(model: Model, X: np.ndarray) -> None:
    """Softmax of [0, eta] for two classes and of eta for more, computed here in another way."""
    logits = model.decision_function(X)
    if len(model.classes) == 2:
        assert logits.shape == (len(X),)
        logits = np.column_stack([np.zeros(len(X)), logits])
    assert logits.shape == (len(X), len(model.classes))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(model.predict_proba(X), odds / odds.sum(axis=1, keepdims=True), rtol=1e-13)


def test_log_probabilities_are_logarithms(model: Model, X: np.ndarray) -> None:
    """Logarithms of the probabilities wherever those are not tiny."""
    p = model.predict_proba(X)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p, rtol=1e-12)
    near_one = p > 0.999
    np.testing.assert_allclose(model.predict_log_proba(X)[near_one], np.log(p[near_one]), atol=1e-15)


def test_probabilities_are_those_of_the_loss(model: Model, X: np.ndarray) -> None:
    """The short way that predictions take ends where the exact one of the loss does, however small the probability."""
    for rows in (X, 30 * X):
        p, log_p = model.predict_proba(rows), model.predict_log_proba(rows)
        np.testing.assert_allclose(p, model.loss.probabilities(model.logits(rows)), rtol=1e-12)
        np.testing.assert_allclose(np.log(p[p > 0]), log_p[p > 0], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("size", [1e3, 1e100, 1e300])
def test_huge_rows_stay_finite(model: Model, size: float) -> None:
    """Far away the likeliest class is certain and the others keep finite log-probabilities."""
    far = size * np.vstack([np.eye(4), -np.eye(4)])
    log_p, p = model.predict_log_proba(far), model.predict_proba(far)
    assert np.isfinite(log_p).all()
    assert (log_p <= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(p.argmax(axis=1), log_p.argmax(axis=1))
    assert log_p.min() < -size / 1e4


def test_intercept_is_the_logit_at_zero(model: Model) -> None:
    """Intercept = base - coef . center, and what the row of zeros gets."""
    np.testing.assert_allclose(model.intercept, model.base - model.coef @ model.center, rtol=1e-15)
    np.testing.assert_allclose(np.ravel(model.decision_function(np.zeros((1, 4)))), model.intercept, rtol=1e-12)
    at_center = np.ravel(model.decision_function(model.center[None, :]))
    np.testing.assert_array_equal(at_center, model.base)


def test_coefficients_are_changes_of_the_logits(model: Model, X: np.ndarray) -> None:
    """One more unit of column j adds coef[:, j], in the units of the data; more than two classes sum to zero."""
    for j in range(4):
        step = np.atleast_2d((model.decision_function(X + np.eye(4)[j]) - model.decision_function(X)).T)
        np.testing.assert_allclose(step, np.repeat(model.coef[:, [j]], len(X), axis=1), rtol=1e-9, atol=1e-12)
    if len(model.classes) > 2:
        np.testing.assert_allclose(model.coef.sum(axis=0), 0, atol=1e-12 * abs(model.coef).max())
        np.testing.assert_allclose(model.base.sum(), 0, atol=1e-12)


def test_rows_are_predicted_one_by_one(model: Model, X: np.ndarray) -> None:
    """What a row gets does not depend on its company, beyond rounding."""
    alone = np.vstack([model.predict_proba(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(alone, model.predict_proba(X), rtol=1e-12)
    assert model.predict_proba(X[:0]).shape == (0, len(model.classes))
    assert model.predict(X[:0]).shape == (0,)


def test_a_shift_of_the_data_changes_no_prediction(labels: np.ndarray) -> None:
    """Fitted and asked 1e8 away, in numbers that float64 still tells apart, the model answers the same to 1e-9."""
    X, codes = rows(len(labels))
    X = np.round(X * 2**20) / 2**20  # so that X + 1e8 is exact
    shift = np.array([1e8, -1e8, 0.0, 1e8])
    assert ((X + shift) - shift == X).all()
    here, there = (fit_arrays(Z, labels[codes], C=1.0).model for Z in (X, X + shift))
    np.testing.assert_allclose(there.predict_proba(X + shift), here.predict_proba(X), rtol=1e-9)


# ------------------------------------------------------------------------------------------------------------- what it takes

FRAMES: dict[str, Callable[[dict[str, np.ndarray]], Any]] = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("kind", [csr_array, csc_matrix, coo_array])
def test_sparse_rows_are_the_same_rows(model: Model, X: np.ndarray, kind: Callable[[np.ndarray], Any]) -> None:
    """Sparse and dense agree to 1e-12, empty rows and columns among them."""
    X = np.where(np.random.default_rng(0).random(X.shape) < 0.5, 0.0, X)
    X[3], X[:, 1] = 0.0, 0.0
    np.testing.assert_allclose(model.predict_proba(kind(X)), model.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(kind(X)), model.predict(X))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.int8, bool, object])
def test_any_numbers_are_taken(model: Model, dtype: type) -> None:
    """Integers, booleans, float32 and objects that are numbers predict as the float64 numbers that they are."""
    X = np.random.default_rng(0).integers(0, 2, size=(20, 4))
    found, wanted = model.predict_proba(X.astype(dtype)), model.predict_proba(X.astype(np.float64))
    assert found.dtype == (np.float32 if dtype is np.float32 else np.float64)
    np.testing.assert_array_equal(found, wanted.astype(found.dtype))
    np.testing.assert_array_equal(model.predict_proba(X.tolist()), model.predict_proba(X.astype(np.float64)))


def test_strides_do_not_matter_and_nothing_is_written(model: Model, X: np.ndarray) -> None:
    """Read-only, Fortran-ordered and reversed views predict alike and stay as they are."""
    held = X.copy()
    X.flags.writeable = False
    expected = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(np.asfortranarray(X)), expected, rtol=1e-13)
    np.testing.assert_allclose(model.predict_proba(X[::-1])[::-1], expected, rtol=1e-13)
    np.testing.assert_array_equal(X, held)


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_are_matched_by_name(model: Model, X: np.ndarray, kind: str) -> None:
    """The right names work; another order, another name, or another number of columns is refused and named."""
    make = FRAMES[kind]
    columns = dict(zip(NAMES, X.T, strict=True))
    np.testing.assert_allclose(model.predict_proba(make(columns)), model.predict_proba(X), rtol=1e-13)
    turned = {name: columns[name] for name in reversed(NAMES)}
    with pytest.raises(InputError, match=r"column 0 of X is 'hours', but the model was fitted with 'age' there"):
        model.predict(make(turned))
    renamed = dict(zip(("age", "wage", "x", "hours"), X.T, strict=True))
    with pytest.raises(InputError, match=r"column 1 of X is 'wage', but the model was fitted with 'wage in €' there"):
        model.predict_log_proba(make(renamed))
    with pytest.raises(InputError, match="X has 3 columns, but the model was fitted on 4"):
        model.predict(make({name: columns[name] for name in NAMES[:3]}))
    assert replace(model, features=None).predict(make(turned)).shape == (len(X),)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.zeros((2, 5)), "X has 5 columns, but the model was fitted on 4"),
        (csr_array((2, 3)), "X has 3 columns, but the model was fitted on 4"),
        (np.zeros(4), "X must have two dimensions"),
        (np.zeros((2, 2, 4)), "X must have two dimensions"),
        (np.zeros((2, 4), dtype=complex), "complex"),
        (np.array([["1", "2", "3", "x"]]), "not a number"),
        (pd.DataFrame({"age": ["old"], "wage in €": [1.0], "x": [1.0], "hours": [1.0]}), "column 'age' of X holds"),
        (np.array([[0.0, np.nan, 0.0, 0.0]]), "is missing (NaN) in row 0, column 'wage in €'"),
        (np.array([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, -np.inf]]), "is -inf in row 1, column 'hours'"),
        (csr_array(np.array([[0.0, np.nan, 0.0, 0.0]])), "is missing (NaN) in row 0, column 'wage in €'"),
    ],
    ids=["wide", "sparse", "flat", "cube", "complex", "text", "frame of text", "nan", "inf", "sparse nan"],
)
def test_what_cannot_be_predicted_is_refused(wrong: Any, words: str) -> None:
    """Each method names what is wrong, in one line, and no NaN leaves as a probability."""
    X, codes = rows(2)
    model = replace(fit_arrays(X, codes, C=1.0).model, features=NAMES)
    for method in (model.predict, model.predict_proba, model.predict_log_proba, model.decision_function):
        with pytest.raises(InputError, match=re.escape(words)) as caught:
            method(wrong)
        assert "\n" not in str(caught.value)


# --------------------------------------------------------------------------------------------------------------- what it is


def test_a_model_is_frozen(model: Model) -> None:
    """No field can be set, so a certificate stays with its coefficients."""
    for field in fields(model):
        with pytest.raises(FrozenInstanceError):
            setattr(model, field.name, None)


def test_models_are_equal_when_everything_is(model: Model, X: np.ndarray) -> None:
    """A change of any field, however small, makes another model."""
    assert model == replace(model, coef=model.coef.copy())
    assert model != "model"
    other = {
        "classes": model.classes[::-1],
        "features": None,
        "coef": np.nextafter(model.coef, np.inf),
        "base": np.nextafter(model.base, np.inf),
        "center": np.nextafter(model.center, np.inf),
        "penalty": replace(model.penalty, standardized=True),
        "certificate": replace(model.certificate, gap=1.0),
        "n_iter": model.n_iter + 1,
        "solver": "another",
        "rows": model.rows + 1,
        "total": model.total + 1,
        "offset": True,
        "fit_intercept": False,
        "fingerprint": "0" * 16,
        "statistics": replace(model.statistics, null=-1.0),
        "recipe": Recipe("y ~ x", "y", True, (Factor("x"),), (((0, False),),)),
    }
    assert set(other) == {field.name for field in fields(model)} - {"provenance"}
    for name, value in other.items():
        assert model != replace(model, **{name: value}), name


def test_where_the_rows_came_from_can_be_added(model: Model) -> None:
    """A model is frozen; another one with its provenance is a replacement. It is the same model, wherever the rows came from."""
    origin = Provenance("rows.csv", "0" * 64, "y", "w", "yes", (1.5,), (0.7, 0.3), 3, "f" * 64, "logistic fit rows.csv --target y")
    found = replace(model, provenance=origin)
    assert found.provenance == origin
    assert model.provenance is None
    assert found == model


def test_numbers_that_nobody_knows_do_not_make_models_differ() -> None:
    """A model equals itself, also where its certificate holds no number."""
    X, codes = rows(2)
    fitted = LogisticRegression().fit(X, codes)
    fitted.intercept_[:] = 0.0
    model = fitted._fitted()
    assert np.isnan(model.certificate.value)
    assert model == model
    assert model == replace(model, coef=model.coef.copy())


@pytest.mark.parametrize("intercept", [True, False])
def test_an_estimator_of_a_model_keeps_the_intercept(intercept: bool) -> None:
    """from_model: fitted again to the same rows, it is the same model; what somebody writes into it counts as an intercept."""
    X, codes = rows(3)
    model = LogisticRegression(C=0.3, fit_intercept=intercept).fit(X, codes).model_
    assert model.fit_intercept is intercept
    assert (model.base.any() or model.center.any()) == intercept
    again = LogisticRegression.from_model(model)
    assert again.fit_intercept is intercept
    assert again.set_params(C=0.3).fit(X, codes).model_ == model
    again.intercept_[:] = 1.0
    assert again._fitted().fit_intercept


def test_the_summary_knows_the_fingerprint(model: Model) -> None:
    """As data, not in the text."""
    assert model.summary().to_dict()["fingerprint"] == model.fingerprint != ""
    assert model.fingerprint not in str(model.summary())


def test_the_summary_says_what_was_minimised_first(model: Model) -> None:
    """Penalty, strength and units come first, then how well; every column is a row of the table."""
    lines = str(model.summary()).splitlines()
    assert "L2 penalty, C=1 (alpha=0.005), on coefficients in the units of the data" in lines[1]
    assert "converged" in lines[3]
    assert "F - min F <=" in lines[4]
    table = lines[-5:]
    assert [line.split("  ")[0] for line in table] == [*NAMES, "intercept"]
    assert f"{model.coef[-1, 3]:.6g}" in table[3]


def test_the_summary_warns_of_numbers_that_mean_nothing() -> None:
    """Where classes are separated, or nothing is certified, the heading of the table says what the numbers are not."""
    X, codes = rows(3)
    X[:, 0] = codes
    text = str(fit_arrays(X, codes, alpha=0.0).model.summary())
    assert "separated" in text
    assert "no finite estimate exists: these are the limits" in text
    stopped = str(fit_arrays(*rows(3), alpha=0.0, stop=Stop(max_iter=1)).model.summary())
    assert "not certified: these numbers are only where the search stopped" in stopped
    certified = str(fit_arrays(*rows(3), alpha=0.0).model.summary())
    assert "stopped" not in certified


def test_names_cannot_break_the_summary() -> None:
    """Line breaks and terminal codes in names are written out, and long names that differ at the end stay different."""
    X, codes = rows(2)
    names = ("a\nb", "\x1b[31mred", "long " * 20 + "one", "long " * 20 + "two")
    model = replace(fit_arrays(X, np.array(["n\no", "y"])[codes], C=1.0).model, features=names)
    text = str(model.summary())
    assert len(text.splitlines()) == 16
    assert "\x1b" not in text
    assert r"a\nb" in text
    assert len({line[:40] for line in text.splitlines()[-3:-1]}) == 2


def test_a_summary_of_many_classes_stays_short() -> None:
    """Thirty classes are not a table of thirty columns; the data form has them all."""
    X, y = overlapping(0, 400, 2, 30)
    summary = fit_arrays(X, y, C=1.0).model.summary()
    assert max(map(len, str(summary).splitlines())) < 200
    assert "90 coefficients, too many to show" in str(summary)
    assert len(summary.to_dict()["coefficients"]) == 30


# ------------------------------------------------------------------------------------------------------------- many rows


def many(model: Model, kind: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Rows of a type, of which a block holds few, so that predictions are made side by side."""
    monkeypatch.setattr("logistic.affine.block_rows", lambda *_: 64)
    return (20 * np.random.default_rng(3).normal(size=(1000, model.coef.shape[1]))).astype(kind)


@pytest.mark.parametrize("kind", ["f8", "f4", "i1"])
@pytest.mark.parametrize("center", [0.0, 3.0, 1e6])
def test_many_rows_are_predicted_as_each_alone(model: Model, kind: str, center: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block by block or all at once, with centres near and far and with an offset; twice the same bits."""
    model = replace(model, center=np.full(4, center), offset=True)
    X = many(model, kind, monkeypatch)
    offset = np.random.default_rng(4).normal(size=(len(X), len(model.coef)))
    for method in (model.logits, model.predict_proba, model.predict_log_proba, model.decision_function):
        found = method(X, offset)
        parts = [method(X[i : i + 50], offset[i : i + 50]) for i in range(0, len(X), 50)]
        wanted = np.concatenate(parts)
        assert found.dtype == wanted.dtype
        tolerance = 1e-6 if found.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * max(1.0, abs(wanted).max()))
        np.testing.assert_array_equal(found, method(X, offset))
    assert (
        model.predict(X, offset) == np.concatenate([model.predict(X[i : i + 50], offset[i : i + 50]) for i in range(0, 1000, 50)])
    ).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("silent", [False, True])
def test_a_missing_number_among_many_rows_is_named(model: Model, bad: float, silent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its row of all rows, also in a column that no logit depends on."""
    if silent:
        model = replace(model, coef=model.coef * [1, 1, 0, 1])
    X = many(model, "f8", monkeypatch)
    X[777, 2] = bad
    with pytest.raises(InputError, match="row 777, column 'x'"):
        model.predict_proba(X)


def test_many_rows_with_a_large_shift_lose_no_digits(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns near 1e9 are centred before they are multiplied."""
    X = np.round(many(model, "f8", monkeypatch))
    far = replace(model, center=model.center.round() + 1e9)
    np.testing.assert_allclose(far.logits(X + 1e9), replace(model, center=model.center.round()).logits(X), rtol=1e-12, atol=1e-12)


# --------------------------------------------------------------------------------------------------------------- one row


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 900), st.sampled_from((2, 3, 7, 8, 9, 40)), st.sampled_from(("f4", "f8")))
def test_a_row_alone_has_the_bits_of_a_row_in_a_list(seed: int, p: int, K: int, kind: str) -> None:
    """The short way for one plain row is no other way: the same logits, probabilities, logarithms and labels, bit for bit."""
    model = made_up(seed, p, K)
    x = (30 * np.random.default_rng(seed).random() * np.random.default_rng(seed).normal(size=(1, p))).astype(kind)
    eta = (x - model.center) @ model.coef.T + model.base
    alike = kernels.compiled is not None and K < 40  # NumPy's own product has other bits for another number of rows
    listed = model.logits(np.vstack([x, x, -x, x, x]))[4:] if alike else eta
    np.testing.assert_array_equal(model.logits(x), listed)
    np.testing.assert_allclose(listed, eta, rtol=1e-12, atol=1e-12 * abs(x).max())
    eta = listed
    two = np.vstack([eta, eta])  # the shortest array that is no single row
    for found, wanted in (
        (model.predict_proba(x), model._probabilities(two)),
        (model.predict_log_proba(x, dtype="float64"), model.loss.log_probabilities(two)),
        (model.predict(x), model.classes[model.loss.class_logits(two).argmax(axis=1)]),
    ):
        np.testing.assert_array_equal(found, wanted[:1].astype(found.dtype))
    assert model.predict_proba(x).dtype == kind
    assert model.predict_proba(x, dtype="float32").dtype == np.float32


@pytest.mark.parametrize("x", [[0.0, 1e200, 0.0, 0.0], [1e308, -1e308, 1e308, 1e308], [1e308, 0.0, 0.0, 0.0]])
def test_a_row_alone_with_huge_numbers_is_predicted_as_before(model: Model, x: list[float]) -> None:
    """However large the logits, the same comes out as among many rows."""
    row = np.array([x])
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_array_equal(model.predict_proba(row), model.predict_proba(np.vstack([row, row]))[:1])


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_missing_number_in_a_row_alone_is_named(model: Model, bad: float, column: int) -> None:
    """Without a warning, also where its coefficients are zero or cancel."""
    for coef in (model.coef, 0 * model.coef, abs(model.coef), -abs(model.coef)):
        x = np.zeros((1, 4))
        x[0, column] = bad
        with pytest.raises(InputError, match=f"row 0, column {NAMES[column]!r}"):
            replace(model, coef=coef).predict_proba(x)


def test_large_logits_of_a_row_alone_do_not_warn(model: Model) -> None:
    """1e200 is a number like others."""
    found = model.predict_proba(np.array([[0.0, 1e200, 0.0, 0.0]]))
    assert set(found.ravel()) <= {0.0, 1.0}


def test_a_row_alone_needs_the_offset_of_its_fit(model: Model) -> None:
    """And is given the one that is passed."""
    x, shift = np.zeros((1, 4)), np.ones((1, len(model.coef)))
    with pytest.raises(InputError, match="its predictions need one"):
        replace(model, offset=True).predict_proba(x)
    np.testing.assert_array_equal(replace(model, offset=True).logits(x, shift), model.logits(x) + 1)


# ---------------------------------------------------------------------------------------------------- many rows, any of them

ORDERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "reversed": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "every second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "unaligned": lambda X: np.frombuffer(b"\0" + X.tobytes(), dtype=np.uint8)[1:].view(X.dtype).reshape(X.shape),
}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(256, 1000),
    st.integers(1, 40),
    st.sampled_from((2, 3, 10)),
    st.sampled_from(("f2", "f4", "f8", ">f8", "i2", "?")),
    st.sampled_from(sorted(ORDERS)),
)
def test_many_rows_in_any_order_and_type_are_those_rows(seed: int, n: int, p: int, K: int, kind: str, order: str) -> None:
    """Wherever blocks, and pieces of blocks, end: what each row alone is given, in float32 to a few of its digits."""
    model, rng = made_up(seed, p, K), np.random.default_rng(seed)
    X = ORDERS[order]((3 * rng.normal(size=(n, p))).astype(kind))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logistic.affine.block_rows", lambda *_: 64)
        patch.setattr("logistic.designs.dense.PACKED", 40 * model.coef.size)
        found, logits = model.predict_proba(X), model.logits(X)
        labels = model.predict(X)
    assert found.dtype == (np.float32 if kind == "f4" else np.float64)
    assert found.flags.c_contiguous
    wanted = (X.astype("f8") - model.center) @ model.coef.T + model.base
    np.testing.assert_allclose(logits, wanted, rtol=1e-12, atol=1e-12)
    tolerance = 1e-5 if kind == "f4" else 1e-12
    np.testing.assert_allclose(found, model.loss.probabilities(wanted), rtol=tolerance, atol=1e-37)
    np.testing.assert_array_equal(labels, model.classes[model.loss.class_logits(wanted).argmax(axis=1)])


@pytest.mark.parametrize("kind", ["f8", "f4", "i1"])
def test_threads_change_no_bit(model: Model, kind: str) -> None:
    """One, two or three of them, whoever takes which block."""
    X = (5 * np.random.default_rng(0).normal(size=(4 * MAX_ROWS + 1, 4))).astype(kind)
    answers = []
    for count in (1, 2, 3, 3):
        with threadpool_limits(count):
            answers.append(model.predict_proba(X))
    for other in answers[1:]:
        np.testing.assert_array_equal(other, answers[0])


@pytest.mark.parametrize("change", ["far", "huge", "steep"])
def test_float32_is_left_where_it_cannot_hold_the_model(model: Model, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column far from zero, or in a unit that asks for larger coefficients than it has, or sums that overflow: float64."""
    X = many(model, "f4", monkeypatch) / 10
    coef = model.coef / abs(model.coef).max(axis=0) * (1e38 if change == "steep" else 1.0)
    size = np.array([1.0, 1e-40 if change == "huge" else 1.0, 1.0, 1.0])
    shift = np.array([99.0, 0, 0, 0]) if change == "far" else np.zeros(4)
    Z = (X * size + shift).astype("f4")
    there = replace(model, coef=coef / size, center=shift, base=0 * model.base)
    wanted = there.loss.probabilities((Z.astype("f8") - shift) @ (coef / size).T)
    np.testing.assert_allclose(there.predict_proba(Z), wanted, rtol=3e-6, atol=1e-37)
