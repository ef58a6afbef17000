"""What the errors of coefficients do not depend on, when there are none, and how they are written down."""

from __future__ import annotations

import json
import math
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from logistic import InputError, LogisticRegression, Model, SeparationWarning, load
from logistic.inference import tails
from logistic.inference.estimates import covariance_of, estimates, moved
from logistic.inference.table import coefficients, goodness
from logistic.outcome import COVARIANCES
from support import Forgetful, fit_arrays, overlapping

mp = pytest.importorskip("mpmath")


def grouped(seed: int, n: int = 300, K: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of K classes in 15 clusters."""
    X, y = overlapping(seed, n, 3, K)
    return X, y, np.random.default_rng(seed).integers(0, 15, n)


def inferred(X: Any, y: Any, kind: str = "observed", groups: Any = None, **choices: Any) -> Model:
    """A maximum-likelihood fit with a covariance."""
    weights = {name: choices.pop(name) for name in ("sample_weight", "freq_weights", "offset") if name in choices}
    model = LogisticRegression(C=choices.pop("C", np.inf), covariance=kind, **choices)
    return model.fit(X, y, groups=groups if kind == "cluster" else None, **weights).model_


def same(a: Model, b: Model, rtol: float = 1e-9) -> None:
    """Equal estimates, errors and criteria."""
    first, second = estimates(a), estimates(b)
    np.testing.assert_allclose(first.values, second.values, rtol=rtol, atol=1e-10)
    np.testing.assert_allclose(first.errors, second.errors, rtol=rtol)
    np.testing.assert_allclose(*([g.log_likelihood, g.null, g.count, g.effective, g.df] for g in map(goodness, (a, b))), rtol=1e-12)


# ------------------------------------------------------------------------------------------------------------- what is the same


@pytest.mark.parametrize("kind", COVARIANCES)
@given(seed=st.integers(0, 100), scale=st.sampled_from([1e-8, 1e6]), shift=st.sampled_from([0.0, 1e6]))
@settings(max_examples=5, deadline=None)
def test_units_and_shifts_change_nothing(kind: str, seed: int, scale: float, shift: float) -> None:
    """Z and p stay, errors follow the unit."""
    X, y, groups = grouped(seed)
    plain, moved_ = inferred(X, y, kind, groups), inferred(X * [1, scale, 1] + [shift, 0, 0], y, kind, groups)
    first, second = (coefficients(model)["z"].reshape(2, 4)[:, :3] for model in (plain, moved_))
    np.testing.assert_allclose(first, second, rtol=1e-6)
    np.testing.assert_allclose(estimates(plain).errors[:, 1], estimates(moved_).errors[:, 1] * scale, rtol=1e-6)


@pytest.mark.parametrize("kind", COVARIANCES)
@pytest.mark.parametrize("K", [2, 3])
def test_a_frequency_is_so_many_rows(kind: str, K: int) -> None:
    """Errors, n and criteria are those of the rows written out; a row of frequency zero is absent."""
    X, y, groups = grouped(1, K=K)
    frequency = np.random.default_rng(2).integers(0, 4, len(y))
    again = np.repeat(np.arange(len(y)), frequency)
    same(
        inferred(X, y, kind, groups, freq_weights=frequency),
        inferred(X[again], y[again], kind, groups[again]),
    )


@pytest.mark.parametrize("kind", COVARIANCES)
def test_the_order_of_rows_and_the_names_of_clusters_change_nothing(kind: str) -> None:
    """Nor does a cluster of rows without weight."""
    X, y, groups = grouped(3)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    order = np.random.default_rng(1).permutation(len(y))
    names = np.array([f"cluster {g}" for g in groups])
    absent = np.concatenate([weight[order], [0.0, 0.0]])
    longer = np.vstack([X[order], np.full((2, 3), 99.0)])
    same(
        inferred(X, y, kind, groups, sample_weight=weight),
        inferred(longer, np.append(y[order], [0, 1]), kind, np.append(names[order], ["none", "none"]), sample_weight=absent),
    )


def test_clusters_of_one_row_are_rows() -> None:
    """Up to the factor for few clusters."""
    X, y, _ = grouped(4)
    n, df = len(y), 8
    rows, clusters = (inferred(X, y, kind, np.arange(n)) for kind in ("HC0", "cluster"))
    factor = n / (n - 1) * (n - 1) / (n - df)
    np.testing.assert_allclose(covariance_of(clusters), covariance_of(rows) * factor, rtol=1e-10)


@pytest.mark.parametrize("kind", COVARIANCES)
def test_blocks_and_executors_change_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small blocks, pickled and forgotten, in chunks of a few rows."""
    X, y, groups = grouped(5)
    plain = inferred(X, y, kind, groups)
    monkeypatch.setattr("logistic.sources.arrays.MAX_ROWS", 64)
    monkeypatch.setattr("logistic.inference.covariance.CHUNK", 200)
    same(plain, inferred(X, y, kind, groups))
    if kind != "cluster":
        found = fit_arrays(X, y, alpha=0.0, covariance=kind, executor=Forgetful()).model
        np.testing.assert_allclose(covariance_of(found), covariance_of(plain), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("K", [2, 3])
def test_contrasts_are_differences_of_each_other(K: int) -> None:
    """From one reference to another, and to the mean of all classes."""
    X, y, _ = grouped(6, K=K)
    model = inferred(X, y)
    first, last = estimates(model), estimates(model, reference=K - 1)
    np.testing.assert_allclose(last.values[0], -first.values[-1], rtol=1e-12)
    np.testing.assert_allclose(last.errors[0], first.errors[-1], rtol=1e-10)
    assert first.contrasts[-1] == (K - 1, 0)
    if K > 2:
        mean = estimates(model, symmetric=True)
        np.testing.assert_allclose(mean.values.sum(axis=0), 0, atol=1e-12 * abs(mean.values).max())
        total = np.kron(np.ones((1, K)), np.eye(4)) @ mean.covariance
        np.testing.assert_allclose(total, 0, atol=1e-12 * abs(mean.covariance).max())


def test_more_classes_of_two_labels_are_two() -> None:
    """A softmax of two classes has the same contrast: the third class has no rows there, so it is dropped here."""
    X, y, _ = grouped(7, K=2)
    same(inferred(X, y), inferred(X, np.array(["a", "b"])[y]))


# ---------------------------------------------------------------------------------------------------------------- collinear columns


def test_estimable_functions_keep_their_errors() -> None:
    """A duplicate and a constant column cost the others nothing; the sum of duplicates is as sure as the column alone."""
    X, y, _ = grouped(8, K=2)
    alone = estimates(inferred(X, y))
    with pytest.warns(UserWarning, match="aliased"):
        model = inferred(np.column_stack([X, X[:, 0], np.full(len(y), 5.0)]), y)
    found = estimates(model)
    np.testing.assert_array_equal(found.estimable, [False, True, True, False, False, False])
    np.testing.assert_allclose(found.errors[0, 1:3], alone.errors[0, 1:3], rtol=1e-9)
    both = np.array([[1, 0, 0, 1, 0, 0]])
    assert not moved(model.statistics.aliases, both @ np.eye(6)).any()
    assert (both @ found.covariance @ both.T)[0, 0] ** 0.5 == pytest.approx(alone.errors[0, 0], rel=1e-9)
    assert model.statistics.df == 4
    assert "inestimable" in str(model.summary())


# ------------------------------------------------------------------------------------------------------------- where there is none


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"C": 1.0}, "the penalty biases"),
        ({"C": 1.0, "l1_ratio": 0.5}, "exact zeros have no normal distribution"),
        ({"covariance": None}, "none were asked for"),
        ({"solver": "sgd"}, "not certified"),
    ],
)
def test_no_errors_are_explained(choices: dict[str, Any], words: str) -> None:
    """In the summary, and to whoever asks for them; no table has a p value then."""
    X, y, _ = grouped(9)
    estimator = LogisticRegression(**{"C": np.inf, **choices})
    with pytest.warns() if "solver" in choices else nullcontext():
        model = estimator.fit(X, y).model_
    assert words in str(model.summary())
    assert words in model.summary().to_dict()["inference"]
    table = coefficients(model)
    for name in ("std_error", "z", "p", "low", "odds_high"):
        assert np.isnan(table[name]).all()
    with pytest.raises(InputError, match=words):
        covariance_of(model)


def test_separated_classes_have_limits_and_no_errors() -> None:
    """Infinite coefficients stand as such in every table; the likelihood-ratio test uses the supremum."""
    X, y, _ = grouped(10, K=2)
    X = np.column_stack([X, (y == 1) & (np.arange(len(y)) % 3 == 0)])
    with pytest.warns(SeparationWarning):
        model = inferred(X, y)
    table = coefficients(model)
    assert table["estimate"][3] == math.inf
    assert np.isnan(table["std_error"]).all()
    assert goodness(model).log_likelihood == model.certificate.limit.supremum
    assert "+inf" in str(model.summary())


@pytest.mark.parametrize("kind", ["observed", "HC0", "HC1"])
def test_penalised_coefficients_have_a_spread_and_no_test(kind: str) -> None:
    """It is smaller than that of maximum likelihood, nears it as the penalty goes, and is the spread that simulations have."""
    X, y, _ = grouped(11)
    strong, weak, free = (estimates(inferred(X, y, kind, C=C)).errors for C in (0.01, 1e7, np.inf))
    assert (strong[:, :3] < free[:, :3]).all()
    np.testing.assert_allclose(weak, free, rtol=1e-5)
    model = inferred(X, y, kind, C=0.01)
    assert np.isnan(coefficients(model)["p"]).all()
    assert "nothing is tested" in str(model.summary())


def test_the_spread_of_penalised_coefficients_is_that_of_simulations() -> None:
    """Labels drawn again from fitted probabilities, 400 times: within a tenth of what each fit says of itself."""
    X, y, _ = grouped(12, K=2)
    rng, p = np.random.default_rng(0), LogisticRegression(C=0.05).fit(X, y).predict_proba(X)[:, 1]
    drawn = [estimates(inferred(X, rng.random(len(y)) < p, "HC0", C=0.05)) for _ in range(400)]
    spread, said = np.std([found.values for found in drawn], axis=0), np.mean([found.errors for found in drawn], axis=0)
    np.testing.assert_allclose(said, spread, rtol=0.1)


@pytest.mark.parametrize(
    ("choices", "arguments", "words"),
    [
        ({"covariance": "hc3"}, {}, "'hc3' is unknown"),
        ({"covariance": "cluster"}, {}, "needs groups"),
        ({}, {"groups": np.arange(300)}, "no use for groups"),
        ({"covariance": "cluster"}, {"groups": np.zeros(300)}, "one label only"),
        ({"covariance": "cluster"}, {"groups": np.arange(299)}, "300 rows"),
        ({"covariance": "HC0", "l1_ratio": 1.0, "C": 1.0}, {}, "does not exist under an L1 penalty"),
        ({}, {"freq_weights": np.full(300, 0.5)}, "counts observations, but is 0.5 in row 0"),
        ({}, {"freq_weights": np.full(300, -1)}, "freq_weights is -1 in row 0"),
        ({}, {"freq_weights": np.ones((300, 2))}, "one number a row"),
    ],
)
def test_impossible_choices_are_refused(choices: dict[str, Any], arguments: dict[str, Any], words: str) -> None:
    """Before anything is fitted, in words."""
    X, y, _ = grouped(13)
    with pytest.raises(InputError, match=words):
        LogisticRegression(**{"C": np.inf, **choices}).fit(X, y, **arguments)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, True, "0.95", math.nan])
def test_levels_are_probabilities(level: Any) -> None:
    """Nothing else is an interval's level."""
    X, y, _ = grouped(14)
    with pytest.raises(InputError, match="level must be between 0 and 1"):
        inferred(X, y).summary(level=level)


def test_references_are_classes() -> None:
    """Or refused, and not beside symmetric contrasts."""
    X, y, _ = grouped(15)
    model = inferred(X, y)
    with pytest.raises(InputError, match="reference='x' is none of the classes"):
        model.tidy(reference="x")
    with pytest.raises(InputError, match="leave one of them out"):
        model.tidy(reference=0, symmetric=True)


# -------------------------------------------------------------------------------------------------------------------- written down


@pytest.mark.parametrize("kind", COVARIANCES)
def test_a_file_keeps_the_statistics(kind: str, tmp_path: Path) -> None:
    """Bit by bit, and the summary with them."""
    X, y, groups = grouped(16)
    model = inferred(np.column_stack([X, X[:, 0]]) if kind == "observed" else X, y, kind, groups) if kind != "observed" else None
    if model is None:
        with pytest.warns(UserWarning, match="aliased"):
            model = inferred(np.column_stack([X, X[:, 0]]), y)
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again == model
    assert str(again.summary()) == str(model.summary())
    assert json.loads(json.dumps(again.summary().to_dict())) == again.summary().to_dict()


def test_tables_come_as_the_data_frame_of_the_rows() -> None:
    """Polars for polars, pandas for pandas and arrays, and what was asked for."""
    X, y, _ = grouped(17)
    estimator = LogisticRegression(C=np.inf).fit(pl.DataFrame(X, schema=["a", "b", "c"]), y)
    assert isinstance(estimator.tidy(), pl.DataFrame)
    assert estimator.tidy()["term"].to_list() == ["a", "b", "c", "intercept"] * 2
    assert type(estimator.glance(kind="pandas")).__module__.startswith("pandas")
    assert type(LogisticRegression(C=np.inf).fit(X, y).tidy()).__module__.startswith("pandas")
    assert estimator.summary().to_frame("pyarrow").column_names[0] == "term"
    with pytest.raises(InputError, match="kind='excel' is unknown"):
        estimator.tidy(kind="excel")


def test_html_is_escaped() -> None:
    """Names and labels are text, whatever they look like."""
    X, y, _ = grouped(18, K=2)
    names = ["<script>alert(1)</script>", '"&quot;', "c"]
    model = LogisticRegression(C=np.inf).fit(pl.DataFrame(X, schema=names), np.array(["<b>", "&"])[y])
    text = model.summary()._repr_html_()
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text
    assert len(re.findall("<table>", text)) == 2


# ------------------------------------------------------------------------------------------------------------------------- tails


@pytest.mark.parametrize("df", [1, 2, 5, 40])
@pytest.mark.parametrize("statistic", [1e-3, 3.0, 50.0, 1300.0, 1400.0, 1e5])
def test_chi_squared_tails_have_all_digits(df: int, statistic: float) -> None:
    """Also where float64 has no number so small."""
    wanted = mp.log(mp.gammainc(mp.mpf(df) / 2, mp.mpf(statistic) / 2, regularized=True))
    assert tails.chi2(statistic, df)[1] == pytest.approx(float(wanted), rel=1e-12)


@pytest.mark.parametrize("z", [0.0, 1.96, -5.0, 40.0, 1e4])
def test_normal_tails_have_all_digits(z: float) -> None:
    """Both sides."""
    assert float(tails.normal(z)[1]) == pytest.approx(float(mp.log(mp.erfc(abs(mp.mpf(z)) / mp.sqrt(2)))), rel=1e-12, abs=1e-15)


def test_tiny_probabilities_are_written() -> None:
    """As a power of ten."""
    assert tails.text(0.0, -1234.5) == "7.30e-537"
    assert tails.text(0.0123, math.log(0.0123)) == "0.0123"


# ------------------------------------------------------------------------------------------------------- mistakes that are made


def test_rows_in_another_order_are_refused() -> None:
    """Shuffled labels, or another offset, are not the rows of the fit, though each of their columns is."""
    X, y, _ = grouped(20, K=2)
    rng, offset = np.random.default_rng(0), np.random.default_rng(1).normal(size=len(y))
    model, beside = inferred(X, y), inferred(X, y, offset=offset)
    for ask in (
        lambda: model.confint(X, rng.permutation(y)),
        lambda: model.likelihood_ratio_test(X, rng.permutation(y), "x0"),
        lambda: model.score_test(X, rng.permutation(y), added=X[:, 0] ** 2),
        lambda: beside.confint(X, y, offset=-offset),
    ):
        with pytest.raises(InputError, match="in the same order"):
            ask()


def test_rows_of_leverage_one_have_no_influence_to_tell() -> None:
    """NaN and a note, for two classes and more; every other row keeps its numbers."""
    from logistic.inference import influence

    X, y, _ = grouped(21)
    own = np.zeros((len(y), 1))
    own[0] = 1
    shares = np.eye(3)[y] * 0.9 + 0.1 / 3
    model = inferred(np.hstack([X, own]), shares)
    found = influence(model, np.hstack([X, own]), shares)
    assert found.table["leverage"][0] == pytest.approx(2, rel=1e-8)
    assert np.isnan(found.table["cooks_distance"][0])
    assert np.isfinite(found.table["cooks_distance"][1:]).all()
    assert "leverage 1" in str(found)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"class_weight": {0: 3.0}}, "takes a weight of 2 for two observations"),
        ({"covariance": "HC0", "class_weight": {0: 3.0}}, ""),
    ],
)
def test_weights_that_are_no_observations_are_cautioned(choices: dict[str, Any], words: str) -> None:
    """Where errors come from the information, in the summary and in a Wald test; robust ones need no caution."""
    X, y, _ = grouped(22, K=2)
    model = LogisticRegression(C=np.inf, **choices).fit(X, y).model_
    for text in (str(model.summary()), str(model.test("x0"))):
        assert (words in text) if words else ("two observations" not in text)


def test_too_few_observations_or_clusters_are_said() -> None:
    """A factor that divides by nothing is refused; few clusters are a caution."""
    X, y, _ = grouped(23, K=2)
    with pytest.raises(InputError, match="more observations than coefficients"):
        inferred(X[:4, :3], np.array([[0.3, 0.7], [0.6, 0.4], [0.5, 0.5], [0.2, 0.8]]), "HC1")
    assert "errors are too small" in str(inferred(X, y, "cluster", np.arange(len(y)) % 2).summary())
    with pytest.raises(InputError, match="mixes labels"):
        inferred(X, y, "cluster", [1] * 100 + ["a"] * 200)


def test_augment_overwrites_nothing() -> None:
    """A column that is there already is named."""
    X, y, _ = grouped(24, K=2)
    frame = pl.DataFrame(X, schema=["a", ".fitted", "c"])
    with pytest.raises(InputError, match=r"has a column .* already"):
        LogisticRegression(C=np.inf).fit(frame, y).augment(frame, y)


def test_frequencies_are_observations_in_what_follows() -> None:
    """Effects and calibration of counted rows are those of the rows written out."""
    from logistic import inference

    X, y, _ = grouped(25, K=2)
    frequency = np.random.default_rng(4).integers(0, 4, len(y))
    again = np.repeat(np.arange(len(y)), frequency)
    model = inferred(X, y, freq_weights=frequency)
    for counted, plain in (
        (inference.avg_slopes(model, X, freq_weights=frequency), inference.avg_slopes(model, X[again])),
        (inference.avg_comparisons(model, X, freq_weights=frequency), inference.avg_comparisons(model, X[again])),
        (inference.avg_predictions(model, X, freq_weights=frequency), inference.avg_predictions(model, X[again])),
        (inference.calibration(model, X, y, freq_weights=frequency), inference.calibration(model, X[again], y[again])),
    ):
        for name in ("estimate", "std_error", "low"):
            np.testing.assert_allclose(counted.table[name], plain.table[name], rtol=1e-9, atol=1e-12)
