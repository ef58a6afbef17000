"""Residuals, leverage, influence, variance inflation and calibration: what must hold for any model and any rows."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array
from scipy.special import xlogy
from scipy.stats import chi2

from logistic import InputError, LogisticRegression
from logistic.inference import calibration, hosmer_lemeshow, influence, rows as rows_module, vif
from support import overlapping


def fitted(X: Any, y: Any, weight: Any = None, **choices: Any) -> LogisticRegression:
    """A maximum-likelihood fit, whatever it warns of."""
    given = {name: choices.pop(name) for name in ("offset", "freq_weights", "groups") if name in choices}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(**{"C": np.inf, **choices}).fit(X, y, weight, **given)


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray], rtol: float = 1e-8) -> None:
    """Two tables hold the same numbers."""
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=rtol, atol=1e-11, err_msg=name)


def wide(X: np.ndarray, classes: int) -> np.ndarray:
    """(n, M, M q): what the coefficients of all classes but the first are multiplied by, in each row."""
    Z = np.column_stack([X, np.ones(len(X))])
    M = classes - 1
    found = np.zeros((len(X), M, M, Z.shape[1]))
    for k in range(M):
        found[:, k, k] = Z
    return found.reshape(len(X), M, -1)


# ---------------------------------------------------------------------------------------------------------------------- influence


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_influence_is_what_leaving_a_row_out_does(classes: int) -> None:
    """Leverage from the whole hat matrix; Cook's distance from a Newton step on the other rows, in coefficients against a class."""
    X, y = overlapping(1, 60, 2, classes)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = fitted(X, y, weight)
    p = model.predict_proba(X)[:, 1:]
    V = weight[:, None, None] * (p[:, :, None] * np.eye(classes - 1) - p[:, :, None] * p[:, None, :])
    Z, r = wide(X, classes), weight[:, None] * (np.eye(classes)[y][:, 1:] - p)
    H = np.einsum("nka,nkl,nlb->ab", Z, V, Z)
    table = influence(model, X, y, weight).table
    hat = np.einsum("nka,ab,nlb,nlk->n", Z, np.linalg.inv(H), Z, V)
    np.testing.assert_allclose(table["leverage"], hat, rtol=1e-10)
    df = H.shape[0]
    assert table["leverage"].sum() == pytest.approx(df, rel=1e-12)
    for i in range(len(X)):
        others = H - Z[i].T @ V[i] @ Z[i]
        step = np.linalg.solve(others, -Z[i].T @ r[i])
        assert table["cooks_distance"][i] == pytest.approx(step @ H @ step / df, rel=1e-8)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("covariance", ["HC0", "HC1", None])
def test_leverage_does_not_depend_on_the_covariance(classes: int, covariance: str | None) -> None:
    """Without the observed information it is formed again of the rows, also where columns are collinear."""
    X, y = overlapping(2, 90, 3, classes)
    X = np.column_stack([X * [1e6, 1, 1e-6], X[:, 0] * 1e3 + X[:, 1]])
    frequency = 1.0 + np.arange(len(X)) % 3
    wanted = influence(fitted(X, y, freq_weights=frequency), X, y, freq_weights=frequency)
    robust = fitted(X, y, freq_weights=frequency, covariance=covariance)
    same(influence(robust, X, y, freq_weights=frequency).table, wanted.table, rtol=1e-6)
    assert wanted.table["leverage"] @ frequency == pytest.approx(4 * (classes - 1), rel=1e-9)
    foreign = influence(robust, X, y)
    assert np.isnan(foreign.table["leverage"]).all()
    assert "not the rows and weights of the fit" in str(foreign)
    np.testing.assert_allclose(foreign.table["pearson"], wanted.table["pearson"])


@pytest.mark.parametrize("classes", [2, 3])
def test_a_row_that_stands_for_several_is_any_of_them(classes: int) -> None:
    """Counts are rows written out; and many chunks are one."""
    X, y = overlapping(3, 60, 2, classes)
    count = 1 + np.arange(len(X)) % 3
    short = influence(fitted(X, y, freq_weights=count), X, y, freq_weights=count).table
    X, y = np.repeat(X, count, axis=0), np.repeat(y, count)
    long = influence(fitted(X, y), X, y).table
    same({name: np.repeat(column, count) for name, column in short.items()}, long)


def test_chunks_and_kinds_of_rows_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sparse rows, frames, few rows at a time."""
    X, y = overlapping(3, 100, 3, 3)
    model = fitted(pd.DataFrame(X), y)
    wanted = influence(model, pd.DataFrame(X), y).table
    same(influence(model.model_, csr_array(X), y).table, wanted)
    bare, factors = fitted(X, y, covariance="HC0"), vif(X).table["vif"]
    monkeypatch.setattr(rows_module, "CHUNK", 64)
    same(influence(model, pd.DataFrame(X), y).table, wanted)
    same(influence(bare, X, y).table, wanted, rtol=1e-7)
    np.testing.assert_allclose(vif(csr_array(X)).table["vif"], factors, rtol=1e-12)


def test_residuals_add_up() -> None:
    """Squares of deviance residuals are twice the log-likelihood, whatever the classes; both residuals agree in size."""
    for classes in (2, 3):
        X, y = overlapping(4, 80, 2, classes)
        model = fitted(X, y)
        table = influence(model, X, y).table
        assert (table["deviance"] ** 2).sum() == pytest.approx(-2 * model.model_.statistics.log_likelihood, rel=1e-12)
        own = model.predict_proba(X)[np.arange(len(X)), y]
        np.testing.assert_allclose(abs(table["pearson"]), np.sqrt((1 - own) / own), rtol=1e-10)
        if classes == 2:
            assert (np.sign(table["deviance"]) == 2 * y - 1).all()


def test_shares_with_sizes_are_grouped_rows() -> None:
    """A distribution with its weight has the residuals of a binomial count."""
    X, _ = overlapping(5, 40, 2, 2)
    size = 3.0 + np.arange(len(X)) % 5
    hits = np.random.default_rng(0).binomial(size.astype(int), 1 / (1 + np.exp(-X[:, 0])))
    share = np.column_stack([1 - hits / size, hits / size])
    model = fitted(X, share, size)
    table = influence(model, X, share, size).table
    p = model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(table["pearson"], (hits - size * p) / np.sqrt(size * p * (1 - p)), rtol=1e-9, atol=1e-12)
    assert table["leverage"].sum() == pytest.approx(3, rel=1e-10)
    deviance = 2 * (xlogy(hits, hits / (size * p)) + xlogy(size - hits, (size - hits) / (size * (1 - p))))
    np.testing.assert_allclose(table["deviance"] ** 2, deviance, rtol=1e-8, atol=1e-13)


def test_influence_says_why_there_is_none() -> None:
    """A penalty, separation, an unknown label; residuals stay."""
    X, y = overlapping(6, 80, 2, 2)
    found = influence(fitted(X, y, C=1.0), X, y)
    assert np.isnan(found.table["cooks_distance"]).all()
    assert np.isfinite(found.table["deviance"]).all()
    assert "without a penalty" in str(found)
    assert "separated" in str(influence(fitted(X, X[:, 0] > 0), X, X[:, 0] > 0))
    with pytest.raises(InputError, match="y holds 7 in row 0"):
        influence(fitted(X, y), X, y + 7)
    with pytest.raises(InputError, match="y is missing"):
        influence(fitted(X, y), X, None)


# -------------------------------------------------------------------------------------------------------------- variance inflation


@given(seed=st.integers(0, 2**20), power=st.integers(-20, 20), shift=st.sampled_from([0.0, 1e5]), weighted=st.booleans())
@settings(max_examples=25, deadline=None)
def test_vif_is_the_regression_on_the_other_columns(seed: int, power: int, shift: float, weighted: bool) -> None:
    """By least squares; units and shifts do not matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3))
    weight = rng.uniform(0.5, 2, 40) if weighted else np.ones(40)
    found = vif(X * [2.0**power, 1, 1] + [0, shift, 0], weight if weighted else None).table["vif"]
    root = np.sqrt(weight)[:, None]
    for j in range(3):
        Z = np.column_stack([np.ones(40), np.delete(X, j, axis=1)])
        rest = X[:, j] - Z @ np.linalg.lstsq(root * Z, root[:, 0] * X[:, j], rcond=None)[0]
        whole = X[:, j] - weight @ X[:, j] / weight.sum()
        assert found[j] == pytest.approx((weight @ whole**2) / (weight @ rest**2), rel=1e-6)


def test_vif_names_what_has_none() -> None:
    """Combinations are infinite and constants are nothing; the others have theirs."""
    X, _ = overlapping(7, 100, 3, 2)
    found = vif(pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "twice": 2 * X[:, 0] + 1e6, "one": 1.0}))
    assert found.table["vif"][[0, 3]].tolist() == [np.inf, np.inf]
    assert np.isnan(found.table["vif"][4])
    np.testing.assert_allclose(found.table["vif"][1:3], vif(X).table["vif"][1:], rtol=1e-8)
    assert "combinations of other columns: 'a', 'twice'" in str(found)
    assert "'one'" in str(found)
    assert vif(X[:, :1]).table["vif"].tolist() == [1.0]
    assert np.isinf(vif(X[:3]).table["vif"]).all()
    with pytest.raises(InputError, match="20,000 columns"):
        vif(np.zeros((2, 20_000)))


# ---------------------------------------------------------------------------------------------------------------------- calibration


@pytest.mark.parametrize("offset", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_is_calibrated_on_its_own_rows(weighted: bool, offset: bool) -> None:
    """Intercept 0, slope 1, and right in the large, exactly."""
    X, y = overlapping(8, 200, 3, 2)
    rng = np.random.default_rng(0)
    weight, shift = rng.uniform(0.5, 2, 200) if weighted else None, rng.normal(size=200) if offset else None
    found = calibration(fitted(X, y, weight, offset=shift), X, y, weight, offset=shift).table
    wanted = [np.nan, np.nan, 0] if offset else [0, 1, 0]  # an offset has a coefficient of its own then
    np.testing.assert_allclose(found["estimate"][2], 0, atol=1e-12)
    if not offset:
        np.testing.assert_allclose(found["estimate"], wanted, atol=1e-10)


def test_a_penalised_fit_is_too_timid() -> None:
    """Shrunken log-odds have a slope above 1; and shifted ones are seen in the large."""
    X, y = overlapping(9, 300, 3, 2)
    shrunk = calibration(fitted(X, y, C=0.01), X, y)
    assert shrunk.table["estimate"][1] > 1.5
    assert shrunk.table["term"].tolist() == ["intercept", "slope", "in the large"]
    model = fitted(X, y).model_
    moved = calibration(dataclasses.replace(model, base=model.base + 1.5), X, y).table
    np.testing.assert_allclose(moved["estimate"], [-1.5, 1, -1.5], atol=1e-9)


def test_calibration_refuses_in_words() -> None:
    """Where there is no slope."""
    X, y = overlapping(10, 60, 2, 2)
    model = fitted(X, y)
    logit = model.decision_function(X)
    with pytest.raises(InputError, match="separate the labels"):
        calibration(model, X, (logit > 0).astype(int))
    with pytest.raises(InputError, match="separate the labels"):
        calibration(model, X, (logit < 0).astype(int))
    with pytest.raises(InputError, match="only the class 1"):
        calibration(model, X[y == 1], y[y == 1])
    with pytest.raises(InputError, match="so extreme that no calibration can be told"):
        calibration(model, 1e200 * X, y)
    with pytest.raises(InputError, match="same log-odds"):
        calibration(model, X[:2] * 0, [0, 1])
    with pytest.raises(InputError, match="two classes, but there are 3"):
        calibration(fitted(*overlapping(1, 60, 2, 3)), *overlapping(1, 60, 2, 3))


@pytest.mark.parametrize("classes", [2, 3])
def test_hosmer_lemeshow_by_hand(classes: int) -> None:
    """Rows in order of their probability, cut into ten, in any order of the rows."""
    X, y = overlapping(11, 200, 2, classes)
    model = fitted(X, y)
    p = model.predict_proba(X)
    order = np.argsort(p[:, 0])[::-1]
    statistic = 0.0
    for part in np.split(order, 10):
        seen, told = np.eye(classes)[y[part]].sum(axis=0), p[part].sum(axis=0)
        statistic += ((seen - told) ** 2 / told).sum()
    found = hosmer_lemeshow(model, X, y)
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.df == 8 * (classes - 1)
    assert found.p == pytest.approx(chi2.sf(statistic, found.df), rel=1e-8)
    assert found.table["rows"].tolist() == [20] * 10
    again = hosmer_lemeshow(model, X[::-1], y[::-1])
    assert again.statistic == pytest.approx(found.statistic, rel=1e-12)


def test_hosmer_lemeshow_keeps_ties_together() -> None:
    """Rows of equal probability are in one group; two values are too few."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 6, size=(300, 1)).astype(float)
    y = rng.random(300) < 1 / (1 + np.exp(1 - X[:, 0] / 2))
    X[::2] *= 1 + 1e-15  # what rounding may do to equal rows
    found = hosmer_lemeshow(fitted(X, y), X, y, 10)
    assert found.df == len(found) - 2 == 4
    np.testing.assert_allclose(found.table["low"], found.table["high"], rtol=1e-11)
    assert "6 groups in place of 10" in str(found)
    with pytest.raises(InputError, match="too few values"):
        hosmer_lemeshow(fitted(X > 2, y), X > 2, y)
    with pytest.raises(InputError, match="groups must be a whole number from 3 on"):
        hosmer_lemeshow(fitted(X, y), X, y, 2)
