"""Effects where a formula makes the columns: interactions, powers and other levels follow the column of the data that changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from logistic import InputError, LogisticRegression, inference

N = 300


def people(seed: int = 0) -> pd.DataFrame:
    """Numbers, text, and codes that stand for categories."""
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "age": rng.uniform(20, 70, N),
            "race": rng.choice(["a", "b", "c"], N),
            "smoke": rng.integers(0, 2, N),
            "town": rng.integers(1, 4, N),
        }
    )
    logit = 0.06 * (found.age - 45) * (1 + found.smoke) - 0.8 * (found.race == "c") + 0.3 * found.town - 0.5
    found["ill"] = np.where(rng.random(N) < 1 / (1 + np.exp(-logit)), "yes", "no")
    return found


def fitted(formula: str, data: Any = None, **settings: Any) -> LogisticRegression:
    """A maximum-likelihood fit."""
    return LogisticRegression.from_formula(formula, people() if data is None else data, C=np.inf, **settings)


FORMULAS = ["ill ~ age * smoke + race", "ill ~ poly(age, 2) + race * smoke", "ill ~ np.log(age) * C(town)", "ill ~ bs(age, df=4)"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_slope_is_that_of_predictions(formula: str) -> None:
    """The mean derivative of the probability in the column of the data, by differences of predictions; with its error."""
    data, model = people(), fitted(formula)
    found = inference.avg_slopes(model, data, variables="age").table
    h = 1e-4

    def mean_slope(estimator: LogisticRegression) -> float:
        low, high = ((data.age + sign * h).clip(data.age.min(), data.age.max()) for sign in (-1, 1))
        p = [estimator.predict_proba(data.assign(age=values))[:, 1] for values in (low, high)]
        return float(((p[1] - p[0]) / (high - low)).mean())

    assert found["estimate"][0] == pytest.approx(mean_slope(model), rel=2e-5)
    assert found["std_error"][0] == pytest.approx(delta(model, mean_slope), rel=1e-3)


@pytest.mark.parametrize("formula", ["ill ~ age * smoke + race", "ill ~ race * smoke + age", "ill ~ C(town) * race"])
def test_levels_are_compared_with_the_first(formula: str) -> None:
    """All rows at one level less all rows at the reference, whatever indicators and products the formula makes."""
    data, model = people(), fitted(formula)
    found = inference.avg_slopes(model, data, variables=["race"]).table
    assert found["contrast"].tolist() == ["b - a", "c - a"]
    for k, level in enumerate("bc"):

        def difference(estimator: LogisticRegression, level: str = level) -> float:
            high, low = (estimator.predict_proba(data.assign(race=value))[:, 1].mean() for value in (level, "a"))
            return float(high - low)

        assert found["estimate"][k] == pytest.approx(difference(model), rel=1e-10)
        assert found["std_error"][k] == pytest.approx(delta(model, difference), rel=1e-4)


def test_codes_and_truth_values_change_as_such() -> None:
    """0 and 1 are a difference, categories of numbers are levels; a dict says otherwise."""
    data, model = people(), fitted("ill ~ age * smoke + C(town)")
    found = inference.avg_comparisons(model, data).table
    assert list(zip(found["term"].tolist(), found["contrast"].tolist(), strict=True)) == [
        ("age", "+1"),
        ("smoke", "1 - 0"),
        ("town", "2 - 1"),
        ("town", "3 - 1"),
    ]
    asked = inference.avg_comparisons(model, data, variables={"age": (30, 50), "town": (3, 2)}).table
    assert asked["contrast"].tolist() == ["50 - 30", "2 - 3"]
    by_hand = [model.predict_proba(data.assign(age=value))[:, 1].mean() for value in (30.0, 50.0)]
    assert asked["estimate"][0] == pytest.approx(by_hand[1] - by_hand[0], rel=1e-10)


def test_adjusted_predictions_set_columns_of_the_data() -> None:
    """One mean for each combination of values and levels."""
    data, model = people(), fitted("ill ~ age * smoke + race")
    found = inference.avg_predictions(model, data, at={"age": [30, 60], "race": ["a", "c"]}).table
    assert found["at_race"].tolist() == ["a", "c", "a", "c"]
    for age, race, estimate in zip(found["at_age"], found["at_race"], found["estimate"], strict=True):
        wanted = model.predict_proba(data.assign(age=float(age), race=race))[:, 1].mean()
        assert estimate == pytest.approx(wanted, rel=1e-10)


def test_without_products_formulas_and_columns_agree() -> None:
    """A formula of plain columns has the effects of these columns; weights, more classes and other frames too."""
    data = people(1)
    weight = np.random.default_rng(0).uniform(0, 2, N) * (np.arange(N) > 5)
    y = np.where(data.age + 10 * np.random.default_rng(2).normal(size=N) > 55, "late", data.ill)
    formula = LogisticRegression.from_formula("y ~ age + smoke", data.assign(y=y), C=np.inf)
    columns = LogisticRegression(C=np.inf).fit(data[["age", "smoke"]], y)
    for frame in (data, pl.from_pandas(data)):
        a = inference.avg_slopes(formula, frame, sample_weight=weight)
        b = inference.avg_slopes(columns, data[["age", "smoke"]], sample_weight=weight)
        for name in ("estimate", "std_error"):
            np.testing.assert_allclose(a.table[name], b.table[name], rtol=1e-6)
    rows = inference.slopes(formula, data, "age").table["estimate"].reshape(3, -1)
    np.testing.assert_allclose(rows.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"variables": "ages"}, "no such column; did you mean 'age'"),
        ({"variables": []}, "names no column"),
        ({"variables": {"race": "sd"}}, "give a pair of them"),
        ({"variables": {"race": ("a", "z")}}, "none of the levels"),
        ({"variables": {"age": (1, 2, 3)}}, "has 3 values"),
        ({"variables": {"age": "all"}}, "'sd'"),
    ],
)
def test_impossible_changes_are_refused(arguments: dict[str, Any], words: str) -> None:
    """In words."""
    with pytest.raises(InputError, match=words):
        inference.avg_comparisons(fitted("ill ~ age * smoke + race"), people(), **arguments)


def delta(model: LogisticRegression, of: Any) -> float:
    """The error of a function of a fit, by differences in every coefficient."""
    from dataclasses import replace

    found = model.model_
    size = np.sqrt(np.diag(found.statistics.covariance))
    gradient = []
    for j, error in enumerate(size):
        ends = []
        for sign in (-1, 1):
            coef, base = found.coef.copy(), found.base.copy()
            if j < coef.shape[1]:
                coef[0, j] += sign * 1e-4 * error
            else:
                base[0] += sign * 1e-4 * error
            ends.append(of(LogisticRegression.from_model(replace(found, coef=coef, base=base))))
        gradient.append((ends[1] - ends[0]) / (2e-4 * error))
    return float(np.sqrt(np.array(gradient) @ found.statistics.covariance @ gradient))
