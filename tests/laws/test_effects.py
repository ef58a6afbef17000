"""Marginal effects and adjusted predictions: what must hold for any model and any rows."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from scipy.sparse import csr_array
from scipy.special import expit
from scipy.stats import norm

from logistic import InputError, LogisticRegression, Model, Status, inference
from logistic.inference import (
    avg_comparisons,
    avg_predictions,
    avg_slopes,
    comparisons,
    influence,
    predictions,
    rows as rows_module,
    slopes,
)
from support import overlapping
from ugly import Ugly, ugly_problems

FUNCTIONS = [avg_slopes, slopes, avg_comparisons, comparisons, avg_predictions, predictions]
EFFECTS = FUNCTIONS[:4]
NUMBERS = ("estimate", "std_error", "low", "high")
WAYS: dict[Any, Any] = {0: (-1, 2), 1: 3, 2: "sd"}


def data(classes: int, n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three columns, the last of them 0 or 1."""
    X, y = overlapping(seed, n, 3, classes)
    X[:, 2] = X[:, 2] > 0
    return X, y


def fitted(X: Any, y: Any, weight: Any = None, **choices: Any) -> LogisticRegression:
    """A maximum-likelihood fit, whatever it warns of."""
    given = {name: choices.pop(name) for name in ("offset", "freq_weights", "groups") if name in choices}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(**{"C": np.inf, **choices}).fit(X, y, weight, **given)


def same(a: Any, b: Any, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Two tables hold the same numbers."""
    for name in NUMBERS:
        np.testing.assert_allclose(a.table[name], b.table[name], rtol=rtol, atol=atol, err_msg=name)


# ------------------------------------------------------------------------------------------------------------------- what they are


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_effects_are_derivatives_and_differences_of_probabilities(classes: int) -> None:
    """By central differences of predict_proba, and by predictions at both values."""
    X, y = data(classes)
    model = fitted(X, y)
    told = slice(1, 2) if classes == 2 else slice(None)
    for j, contrast in enumerate(["dY/dX", "dY/dX", "1 - 0"]):
        low, high = X.copy(), X.copy()
        if contrast == "1 - 0":
            low[:, j], high[:, j], unit = 0, 1, 1.0
        else:
            low[:, j] -= 1e-5
            high[:, j] += 1e-5
            unit = 2e-5
        change = ((model.predict_proba(high) - model.predict_proba(low)) / unit)[:, told]
        each, mean = slopes(model, X, j), avg_slopes(model, X, j)
        assert set(mean.table["contrast"]) == {contrast}
        np.testing.assert_allclose(each.table["estimate"].reshape(-1, len(X)).T, change, atol=1e-9)
        np.testing.assert_allclose(mean.table["estimate"], change.mean(axis=0), atol=1e-10)
    for j, way in WAYS.items():
        low, high = X.copy(), X.copy()
        if j == 0:
            low[:, j], high[:, j] = way
        elif j == 1:
            high[:, j] += way
        else:
            mean_of, spread = X[:, j].mean(), X[:, j].std(ddof=1)
            low[:, j], high[:, j] = mean_of - spread / 2, mean_of + spread / 2
        change = (model.predict_proba(high) - model.predict_proba(low))[:, told]
        each = comparisons(model, X, {j: way})
        np.testing.assert_allclose(each.table["estimate"].reshape(-1, len(X)).T, change, atol=1e-14)


def test_columns_change_by_one_or_from_0_to_1() -> None:
    """Unasked; and zero to one is nothing else than what is asked for so."""
    X, y = data(2)
    model = fitted(X, y)
    unasked, asked = avg_comparisons(model, X), avg_comparisons(model, X, {"x0": 1, "x1": 1, "x2": (0, 1)})
    assert unasked.table["contrast"].tolist() == asked.table["contrast"].tolist() == ["+1", "+1", "1 - 0"]
    same(unasked, asked)
    more = model.predict_proba(X + np.array([1, 0, 0]))[:, 1] - model.predict_proba(X)[:, 1]
    assert unasked.table["estimate"][0] == pytest.approx(more.mean(), rel=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("covariance", ["observed", "HC1"])
def test_errors_are_those_of_finite_differences_in_the_coefficients(classes: int, covariance: str) -> None:
    """Each coefficient of the model is moved a little; what the quantity does times the covariance is its variance."""
    X, y = data(classes)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    model = fitted(X, y, weight, covariance=covariance).model_
    q = X.shape[1] + 1

    def moved(c: int, j: int, step: float) -> Model:
        coef, base = model.coef.copy(), model.base.copy()
        if j < X.shape[1]:
            coef[c, j] += step
        else:
            base[c] += step
        return dataclasses.replace(model, coef=coef, base=base)

    def each(found: Any) -> np.ndarray:
        return np.asarray(found.table["estimate"])

    few = X[:7]
    asked = {
        "slopes": lambda m: avg_slopes(m, X, sample_weight=weight),
        "changes": lambda m: avg_comparisons(m, X, WAYS, sample_weight=weight),
        "set": lambda m: avg_predictions(m, X, {0: [0, 2], 2: [0, 1]}, sample_weight=weight),
        "each slope": lambda m: slopes(m, few),
        "each change": lambda m: comparisons(m, few, WAYS),
        "each": lambda m: predictions(m, few),
    }
    step = 1e-5
    for name, ask in asked.items():
        J = np.column_stack(
            [
                (each(ask(moved(c, j, step))) - each(ask(moved(c, j, -step)))) / (2 * step)
                for c in range(len(model.coef))
                for j in range(q)
            ]
        )
        found = ask(model)
        wanted = J @ model.statistics.covariance @ J.T
        np.testing.assert_allclose(found.table["std_error"], np.sqrt(np.diag(wanted)), rtol=1e-6, atol=1e-9, err_msg=name)
        if found.covariance is not None:
            np.testing.assert_allclose(found.covariance, wanted, rtol=1e-5, atol=1e-10, err_msg=name)
        assert found.kind == covariance
        assert f"{covariance} covariance" in str(found)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("classes", [3, 5])
def test_classes_share_what_there_is(function: Any, classes: int) -> None:
    """Effects sum to zero over the classes, and probabilities to one."""
    X, y = data(classes, 200)
    found = function(fitted(X, y), X)
    table = pd.DataFrame(found.table)
    keys = [name for name in ("row", "term", "contrast") if name in table]
    sums = table.groupby(keys)["estimate"].sum() if keys else table["estimate"].sum()
    np.testing.assert_allclose(sums, 0 if function in EFFECTS else 1, atol=1e-14)
    if function in (avg_slopes, avg_comparisons):
        cells = found.covariance.reshape(3, classes, 3, classes)
        np.testing.assert_allclose(cells.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("classes", [2, 3])
def test_averages_are_means_of_rows(classes: int) -> None:
    """Weights count rows, and the average of a single row is the row."""
    X, y = data(classes)
    model, weight = fitted(X, y), np.arange(len(X)) % 3
    for average, single in ((avg_slopes, slopes), (avg_comparisons, comparisons), (avg_predictions, predictions)):
        whole = average(model, X, sample_weight=weight)
        each = np.asarray(single(model, X).table["estimate"]).reshape(-1, len(X))
        np.testing.assert_allclose(whole.table["estimate"], each @ weight / weight.sum(), rtol=1e-12)
        same(whole, average(model, np.repeat(X, weight, axis=0)))
        same(whole, average(model, X[::-1], sample_weight=weight[::-1] * 0.25))
    two = {0: "dY/dX", 1: "dY/dX"}
    same(avg_slopes(model, X[5:6], list(two)), slopes(model, X[5:6], list(two)))
    same(avg_predictions(model, X[5:6]), predictions(model, X[5:6]))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_change_is_the_difference_of_two_predictions(classes: int) -> None:
    """avg_comparisons from one value to another, and avg_predictions at both, covariance and all."""
    X, y = data(classes)
    model = fitted(X, y)
    change, both = avg_comparisons(model, X, {"x0": (-1, 2)}), avg_predictions(model, X, {"x0": [-1, 2]})
    R = len(change)
    assert both.table["at_x0"].tolist() == [-1.0] * R + [2.0] * R
    low, high = both.table["estimate"][:R], both.table["estimate"][R:]
    np.testing.assert_allclose(change.table["estimate"], high - low, atol=1e-15)
    D = np.hstack([-np.eye(R), np.eye(R)])
    np.testing.assert_allclose(change.covariance, D @ both.covariance @ D.T, atol=1e-15)


def test_a_prediction_has_the_interval_of_its_log_odds() -> None:
    """Transformed back, so it stays between 0 and 1, whatever the probability; the error is the derivative's."""
    X, y = data(2)
    model = fitted(X, y)
    far = np.array([[0, 0, 0], [60.0, 40, 1], [-600, 500, 0]])
    found = predictions(model, far, level=0.9).table
    logit = model.decision_function(far)
    m = model.model_
    Z = np.column_stack([far - m.center, np.ones(3)])
    error = np.sqrt(np.einsum("ij,jk,ik->i", Z, m.statistics.covariance, Z))
    half = norm.ppf(0.95) * error
    np.testing.assert_allclose(found["low"], expit(logit - half), rtol=1e-12)
    np.testing.assert_allclose(found["high"], expit(logit + half), rtol=1e-12)
    np.testing.assert_allclose(found["estimate"], expit(logit), rtol=1e-12)
    p = expit(logit[0])
    np.testing.assert_allclose(found["std_error"][0], p * (1 - p) * error[0], rtol=1e-12)
    X3, y3 = data(3)
    wide = predictions(fitted(X3, y3), far * 3).table
    assert ((wide["low"] >= 0) & (wide["low"] <= wide["estimate"])).all()
    assert ((wide["high"] <= 1) & (wide["high"] >= wide["estimate"])).all()
    assert "p" not in wide


# -------------------------------------------------------------------------------------------------------------------- invariances


@given(
    seed=st.integers(0, 2**20),
    classes=st.sampled_from([2, 3]),
    power=st.integers(-12, 12),
    shift=st.sampled_from([0.0, 3.0, 1e6]),
    covariance=st.sampled_from(["observed", "HC0"]),
)
@settings(max_examples=25, deadline=None)
def test_units_and_shifts_of_columns_change_nothing_else(
    seed: int, classes: int, power: int, shift: float, covariance: str
) -> None:
    """A slope is per unit; z, p and all predictions stay."""
    X, y = data(classes, 80, seed)
    unit, other = 2.0**power, X.copy()
    other[:, 0] = X[:, 0] * unit + shift * unit
    a, b = fitted(X, y, covariance=covariance), fitted(other, y, covariance=covariance)
    if a.certificate_.status.word == "separated":
        return
    tight = {"rtol": 1e-5, "atol": 1e-8} if shift > 100 else {"rtol": 1e-7, "atol": 1e-9}
    mine, theirs = avg_slopes(a, X), avg_slopes(b, other)
    scale = np.where(mine.table["term"] == "x0", unit, 1.0)
    np.testing.assert_allclose(mine.table["z"], theirs.table["z"], **tight)
    np.testing.assert_allclose(mine.table["estimate"], theirs.table["estimate"] * scale, **tight)
    same(predictions(a, X), predictions(b, other), **tight)
    same(
        avg_comparisons(a, X, {0: (0, 1), 1: 1}), avg_comparisons(b, other, {0: (shift * unit, unit + shift * unit), 1: 1}), **tight
    )


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("classes", [2, 3])
def test_all_kinds_of_rows_say_the_same(function: Any, classes: int) -> None:
    """Frames, sparse rows and single precision; the estimator and its model; few rows at a time or many."""
    X, y = data(classes)
    X = np.round(X * 8) / 8  # exact in float32
    names = ["age", "dose", "smoke"]
    frame = pd.DataFrame(X, columns=names)
    model = fitted(frame, y)
    found = function(model, frame)
    for other in (X, pl.from_pandas(frame), csr_array(X), X.astype(np.float32), torch.tensor(X)):
        same(found, function(model.model_, other))
    if "term" in found.table:
        assert list(dict.fromkeys(found.table["term"])) == names


@pytest.mark.parametrize("function", FUNCTIONS)
def test_chunks_of_rows_do_not_show(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether there are many or one."""
    X, y = data(3)
    model = fitted(X, y)
    whole = function(model, X)
    monkeypatch.setattr(rows_module, "CHUNK", 64)
    same(whole, function(model, X), rtol=1e-12)


def test_memory_does_not_grow_with_rows_times_coefficients() -> None:
    """An average over many rows takes a few chunks."""
    X, y = overlapping(0, 40_000, 25, 4)
    model = fitted(X[:2000], y[:2000])
    tracemalloc.start()
    avg_slopes(model, X, [0, 1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * 40_000 * 26 * 4 * 8


def test_classes_by_other_names_and_in_another_order() -> None:
    """The class whose probability it is goes by its label."""
    X, y = data(3)
    names = np.array(["cow", "ant", "bee"])
    a, b = avg_slopes(fitted(X, y), X).table, avg_slopes(fitted(X, names[y]), X).table
    for k, name in enumerate(names):
        for column in NUMBERS:
            np.testing.assert_allclose(a[column][a["class"] == str(k)], b[column][b["class"] == name], rtol=1e-8)


def test_offsets_count() -> None:
    """An offset is part of the logits."""
    X, y = data(2)
    offset = np.linspace(-1, 1, len(X))
    model = fitted(X, y, offset=offset)
    p = model.predict_proba(X, offset=offset)[:, 1]
    np.testing.assert_allclose(predictions(model, X, offset=offset).table["estimate"], p, rtol=1e-12)
    found = avg_slopes(model, X, 0, offset=offset).table["estimate"]
    np.testing.assert_allclose(found, (p * (1 - p)).mean() * model.coef_[0, 0], rtol=1e-12)
    with pytest.raises(InputError, match="need one; pass offset"):
        avg_slopes(model, X)


# ----------------------------------------------------------------------------------------------------------- what does not exist


@pytest.mark.parametrize("classes", [2, 3])
def test_collinear_columns_have_no_effects_but_predictions(classes: int) -> None:
    """Only what the rows could see is told; and it is that of the fit without the surplus columns."""
    X, y = data(classes)
    surplus = np.column_stack([X, 2 * X[:, 0] - 1, np.full(len(X), 7.0)])
    full, less = fitted(surplus, y), fitted(X, y)
    for function in (avg_slopes, slopes, avg_comparisons, comparisons):
        found, wanted = function(full, surplus), function(less, X)
        assert "cannot be estimated" in str(found)
        assert "'x0', 'x3' and 'x4'" in str(found) or "'x0', 'x3', 'x4'" in str(found)
        table, other = pd.DataFrame(found.table), pd.DataFrame(wanted.table)
        for term in ("x1", "x2"):
            mine, theirs = table[table.term == term], other[other.term == term]
            for name in NUMBERS:
                np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-7, atol=1e-11)
        lost = table[table.term.isin(["x0", "x3", "x4"])]
        assert np.isnan(lost[[*NUMBERS, "p"]].to_numpy()).all()
    same(predictions(full, surplus), predictions(less, X), rtol=1e-7)
    same(avg_predictions(full, surplus), avg_predictions(less, X), rtol=1e-7)
    same(avg_predictions(full, surplus, {"x1": [0, 1]}), avg_predictions(less, X, {"x1": [0, 1]}), rtol=1e-7)
    apart = avg_predictions(full, surplus, {"x0": [0]})
    assert np.isnan(apart.table["estimate"]).all()
    assert "x0 = 0" in str(apart)
    stranger = surplus[:2] + np.array([[0, 0, 0, 0, 0], [0, 0, 0, 1, 0]])
    lost = np.isnan(predictions(full, stranger).table["low"])
    assert lost.tolist() == [False, True] * (1 if classes == 2 else 3)
    both = avg_predictions(full, surplus, {"x0": [2], "x3": [3]})
    same(both, avg_predictions(less, X, {"x0": [2]}), rtol=1e-7)


def test_far_collinear_columns_keep_their_predictions() -> None:
    """Rounding of columns far from zero is no direction that the fit could not see."""
    X, y = data(2)
    X = np.column_stack([X[:, 0] + 1e7, X[:, 0] - 3e6, X[:, 1]])
    model = fitted(X, y)
    assert model.certificate_.status.word == "rank_deficient"
    assert np.isfinite(predictions(model, X).table["std_error"]).all()
    assert np.isnan(avg_slopes(model, X).table["estimate"]).tolist() == [True, True, False]


def test_penalised_fits_have_no_tests() -> None:
    """Without a covariance there are estimates alone, and words; with a robust one the spread, and words."""
    X, y = data(2)
    plain, robust = avg_slopes(fitted(X, y, C=1.0), X), avg_slopes(fitted(X, y, C=1.0, covariance="HC0"), X)
    np.testing.assert_allclose(plain.table["estimate"], robust.table["estimate"], rtol=1e-12)
    assert np.isnan(plain.table["std_error"]).all()
    assert "penalty biases" in str(plain)
    assert np.isfinite(robust.table["std_error"]).all()
    for name in ("z", "p", "log_p", "low", "high"):
        assert np.isnan(robust.table[name]).all()
    assert "its bias is unknown" in str(robust)
    assert np.isnan(predictions(fitted(X, y, C=1.0, covariance="HC0"), X).table["low"]).all()


def test_separated_classes_have_no_effects() -> None:
    """They are refused in words."""
    x = np.arange(8.0)[:, None]
    with pytest.raises(InputError, match="separated"):
        avg_slopes(fitted(x, x[:, 0] > 3), x)


WRONG: dict[str, tuple[Any, str]] = {
    "no such column": (lambda m, X: avg_slopes(m, X, "ag"), "variables has 'ag', which is no column; did you mean 'age'"),
    "no such position": (lambda m, X: slopes(m, X, [3]), "variables has 3, which is no column"),
    "twice": (lambda m, X: avg_slopes(m, X, ["age", 0]), "column 'age' twice"),
    "none": (lambda m, X: avg_slopes(m, X, []), "names no column"),
    "a dict of slopes": (lambda m, X: avg_slopes(m, X, {"age": 1}), "slopes take names"),
    "a word": (lambda m, X: avg_comparisons(m, X, {"age": "iqr"}), "'iqr'; give a number to add"),
    "three values": (lambda m, X: comparisons(m, X, {"age": (1, 2, 3)}), "has 3 values"),
    "no number": (lambda m, X: comparisons(m, X, {"age": (1, None)}), "must be a finite number, but is None"),
    "sd of a row": (lambda m, X: comparisons(m, X[:1], {"age": "sd"}), "X has one row"),
    "at": (lambda m, X: avg_predictions(m, X, ["age"]), "at must be a dict"),
    "at nothing": (lambda m, X: avg_predictions(m, X, {"age": []}), "has no values"),
    "at words": (lambda m, X: avg_predictions(m, X, {"age": ["x"]}), "must be a finite number, but is 'x'"),
    "at too much": (lambda m, X: avg_predictions(m, X, {0: range(200), 1: range(200)}), "40,000 combinations"),
    "level": (lambda m, X: avg_slopes(m, X, level=95), "level must be between 0 and 1"),
    "columns": (lambda m, X: avg_slopes(m, X.iloc[:, :2]), "X has 2 columns, but the model was fitted on 3"),
    "names": (lambda m, X: predictions(m, X.rename(columns={"age": "Age"})), "'Age', but the model was fitted with 'age'"),
    "missing": (lambda m, X: predictions(m, X.replace(X.iloc[4, 0], np.nan)), "missing .NaN. in row 4"),
    "weights": (lambda m, X: avg_slopes(m, X, sample_weight=np.zeros(len(X))), "no row has a positive weight"),
    "model": (lambda m, X: avg_slopes(X, X), "model is a DataFrame; pass a fitted LogisticRegression"),
    "rows": (lambda m, X: avg_slopes(m, X[:0]), "X has no rows"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused_in_words(case: str) -> None:
    """Naming the argument, and the way out."""
    ask, words = WRONG[case]
    X, y = data(2)
    frame = pd.DataFrame(X, columns=["age", "dose", "smoke"])
    with pytest.raises(InputError, match=words):
        ask(fitted(frame, y), frame)


@given(ugly=ugly_problems())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_ugly_problems_are_told_of_or_refused_in_words(ugly: Ugly) -> None:
    """No number without an estimate behind it, no missing one without a note; leverage counts the coefficients."""
    model = ugly.fit().model
    rows: dict[str, Any] = {"offset": ugly.offset}
    if model.certificate.status is Status.SEPARATED:
        with pytest.raises(InputError, match="separated"):
            avg_slopes(model, ugly.X, **rows)
        return
    R = 1 if len(model.classes) == 2 else len(model.classes)
    for found in (avg_slopes(model, ugly.X, sample_weight=ugly.weight, **rows), comparisons(model, ugly.X, **rows)):
        values, errors = found.table["estimate"], found.table["std_error"]
        assert np.isfinite(values).all() or "cannot be estimated" in str(found)
        assert np.isfinite(errors[np.isfinite(values)]).all() or "no standard errors" in str(found)
        assert not (errors < 0).any()
        if R > 1:
            n = len(ugly.X) if "row" in found.table else 1
            sums = values.reshape(-1, R, n).sum(axis=1)
            np.testing.assert_allclose(sums[np.isfinite(sums)], 0, atol=1e-12 * max(1, np.nan_to_num(abs(values)).max()))
    told = predictions(model, ugly.X, **rows)
    chances, known = told.table["estimate"].reshape(R, -1).T, np.isfinite(told.table["estimate"]).reshape(R, -1).T
    assert known.all() or "cannot be estimated" in str(told)
    np.testing.assert_allclose(chances[known], model.predict_proba(ugly.X, ugly.offset)[:, -R:][known], atol=1e-9)
    table = influence(model, ugly.X, ugly.y, ugly.weight, **rows).table
    if np.isfinite(table["leverage"]).all():
        assert table["leverage"].sum() == pytest.approx(model.statistics.df, rel=1e-4, abs=1e-6)
        assert (table["leverage"] > -1e-9).all()


# ------------------------------------------------------------------------------------------------------------------- the record


def test_a_record_is_a_table() -> None:
    """A frame of it, plain data for JSON, and text with a p-value however small."""
    x = np.linspace(-3, 3, 6000)[:, None]
    y = np.random.default_rng(0).random(6000) < 1 / (1 + np.exp(-3 * x[:, 0]))
    found = avg_slopes(fitted(x, y), x)
    assert found.to_frame().shape == (1, 10)
    assert found.to_frame("polars").columns == list(found.table)
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["table"]["term"] == ["x0"]
    assert (plain["kind"], plain["level"]) == ("observed", 0.95)
    assert found.table["p"][0] == 0
    assert found.table["log_p"][0] < -1000
    assert "e-" in str(found).split()[-3]
    assert "and 5,980 more rows" in repr(predictions(fitted(x, y), x))
    assert len(found) == 1


def test_public_names_are_lazy() -> None:
    """All of them exist, and nothing else does."""
    assert set(dir(inference)) >= {function.__name__ for function in FUNCTIONS}
    for name in inference.__all__:
        assert callable(getattr(inference, name))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = inference.nothing
