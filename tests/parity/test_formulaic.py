"""Formulas say here what they say in formulaic, patsy and R: the same columns, by the same names, and the same fits."""

from __future__ import annotations

import csv
import json
import re

import formulaic
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from logistic import LogisticRegression
from logistic.formula import recipe_of
from logistic.sources import Columns
from support import shared_file

PATSYS = {"[D.b]": "[D.a]", "[D.c]": "[D.b]", "[D.d]": "[D.c]", "[D.e]": "[D.d]"}  # the lower of two levels names a difference
PATSYS |= {f"bs(age, df=4)[{k}]": f"bs(age, df=4)[{k - 1}]" for k in range(1, 5)}
PATSY = re.compile("|".join(map(re.escape, PATSYS)))
FRAMES = {
    "pandas": lambda d: d,
    "polars": lambda d: pl.from_pandas(d).with_columns(pl.col("site").cast(pl.Enum(["south", "north", "east"]))),
    "pyarrow": pa.Table.from_pandas,
    "dict": lambda d: dict(d.items()),
}


def births(n: int = 240) -> pd.DataFrame:
    """Rows with a column of each kind."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(
        {
            "age": rng.normal(25, 5, n).round(1),
            "lwt": rng.normal(130, 20, n),
            "race": rng.integers(1, 4, n),
            "smoke": rng.integers(0, 2, n),
            "ht": rng.random(n) < 0.2,
            "site": pd.Categorical(rng.choice(["north", "south", "east"], n), ["south", "north", "east"], ordered=True),
            "sex": rng.choice(["f", "m"], n),
            "grade": rng.choice(["a", "b", "c", "d", "e"], n),
            "my col": rng.normal(size=n),
            "Sepal.Length": rng.normal(size=n),
        }
    )
    chance = 1 / (1 + np.exp(-(rows["lwt"] - 130) / 30 - rows["smoke"] + (rows["race"] == 2)))
    rows["low"] = np.where(rng.random(n) < chance, "yes", "no")
    return rows


RIGHT = [
    "age",
    "age + lwt",
    "age + C(race)*smoke",
    "C(race):C(sex)",
    "C(race) + C(race):age",
    "0 + C(race) + sex",
    "sex + age - 1",
    "0 + age:sex + lwt",
    "(age + lwt + smoke)**2",
    "(age + sex + C(race))^3",
    "sex/age",
    "sex/C(race)",
    "age %in% sex",
    "sex*grade*C(race)",
    "site + age",
    "ht + ht:sex",
    "C(ht) + age",
    "C(race, Treatment(2))",
    "C(race, Treatment(reference=3)) * age",
    "C(race, contr.treatment(base=2))",
    "C(grade, contr.SAS)",
    "C(grade, Sum)",
    "C(grade, contr.sum) * sex",
    "C(grade, contr.helmert) + age",
    "C(grade, Helmert) : age",
    "C(grade, contr.diff)",
    "C(grade, contr.poly) + smoke",
    "C(race, levels=[3, 1, 2])",
    "C(grade, contr.sum, levels=['e', 'd', 'c', 'b', 'a'])",
    "np.log(lwt) + np.sqrt( age )",
    "I(age**2) + I(age*lwt/3 - 1)",
    "{age + lwt} + {age > 25}",
    "I(age >= 25):sex",
    "C(np.floor(age / 10))",
    "log(lwt) + log10(lwt):sex + exp(age/30)",
    "center(age) + scale(lwt)",
    "standardize(age):sex + I(center(age)**2)",
    "poly(age, 3) + poly(lwt, degree=2, raw=True)",
    "poly(age, 2):sex + C(race)*poly(lwt, 2)",
    "bs(age, df=5)",
    "bs(lwt, df=4, degree=2) + bs(age, knots=[20, 25], lower_bound=0, upper_bound=60)",
    "bs(age, df=4, extrapolation='extend'):sex",
    "bs(age, df=4, lower_bound=20, upper_bound=30, extrapolation='clip')",
    "bs(age, df=4, lower_bound=20, upper_bound=30, extrapolation='zero')",
    "`my col` + Sepal.Length",
    "np.exp(`my col`) * sex",
    "I(`my col` * `Sepal.Length`)",
    "age + age + lwt - age + sex",
    ". - grade - site",
    "1 + (sex + age) : (race + lwt)",
]


@pytest.mark.parametrize("right", RIGHT)
def test_columns_are_those_of_formulaic(right: str) -> None:
    """Names, order and numbers, also for rows that the fit has not seen."""
    rows = births()
    fitted, others = rows.iloc[:200], rows.iloc[200:]
    recipe = recipe_of(f"low ~ {right}", Columns(fitted))
    expected = formulaic.model_matrix(f"low ~ {right}", fitted).rhs
    assert ("Intercept" in expected.columns) == recipe.intercept
    later = None if "bs" in right else expected.model_spec.get_model_matrix(others)
    expected = expected.drop(columns="Intercept", errors="ignore")
    assert list(recipe.names()) == list(expected.columns)
    np.testing.assert_allclose(recipe.design(fitted), expected.to_numpy(dtype=float), rtol=1e-11, atol=1e-11)
    if later is not None:
        later = later.drop(columns="Intercept", errors="ignore")
        np.testing.assert_allclose(recipe.design(others), later.to_numpy(dtype=float), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("right", [right for right in RIGHT if "bs" not in right])
@pytest.mark.parametrize("kind", ["polars", "pyarrow", "dict"])
def test_every_frame_gives_the_same_columns(right: str, kind: str) -> None:
    """Whatever package the frame is of."""
    rows = births()
    first = recipe_of(f"low ~ {right}", Columns(rows))
    other = recipe_of(f"low ~ {right}", Columns(FRAMES[kind](rows)))
    assert first == other
    np.testing.assert_array_equal(first.design(rows), other.design(FRAMES[kind](rows)))


@pytest.mark.parametrize(
    "right",
    [
        "age + C(race)*smoke",
        "C(race, Sum) + sex:age",
        "C(race, Helmert) + age",
        "C(race, Treatment(2)) * C(sex)",
        "np.log(lwt) + I(age**2 / 100) + C(grade)",
        "center(lwt) + standardize(age) + sex",
        "bs(age, df=4) + smoke",
        "0 + C(race) + age",
        "C(grade, Diff) + lwt",
    ],
)
def test_fits_are_those_of_statsmodels(right: str) -> None:
    """Coefficients and errors to 1e-8, whose columns patsy makes."""
    rows = births()
    ours = LogisticRegression.from_formula(f"low ~ {right}", rows, C=np.inf)
    theirs = smf.logit(f"y ~ {right}", rows.assign(y=(rows["low"] == "yes").astype(int))).fit(disp=0, method="newton", tol=1e-14)
    names = [name for name in theirs.params.index if name != "Intercept"]
    made = [PATSY.sub(lambda found: PATSYS[found[0]], name) for name in ours.model_.recipe.names()]
    assert sorted(made) == sorted(names)
    np.testing.assert_allclose(ours.coef_[0], theirs.params[made], rtol=1e-8, atol=1e-10)
    table = ours.tidy().set_index("term")
    np.testing.assert_allclose(table["std_error"].loc[list(ours.model_.recipe.names())], theirs.bse[made], rtol=1e-7)


def test_data_sets_of_statsmodels() -> None:
    """Spector and Fair, with categories and interactions."""
    spector = sm.datasets.spector.load_pandas().data
    ours = LogisticRegression.from_formula("GRADE ~ GPA * C(PSI) + TUCE", spector, C=np.inf)
    theirs = smf.logit("GRADE ~ GPA * C(PSI) + TUCE", spector).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(ours.coef_[0], theirs.params[list(ours.model_.recipe.names())], rtol=1e-8)
    fair = sm.datasets.fair.load_pandas().data.assign(affair=lambda d: (d["affairs"] > 0).astype(int))
    formula = "affair ~ C(occupation) + C(rate_marriage)*religious + age + yrs_married"
    ours = LogisticRegression.from_formula(formula, fair, C=np.inf)
    theirs = smf.logit(formula, fair).fit(disp=0, tol=1e-10, maxiter=100)
    np.testing.assert_allclose(ours.coef_[0], theirs.params[list(ours.model_.recipe.names())], rtol=1e-8, atol=1e-9)


def test_three_classes() -> None:
    """A response of three classes equals statsmodels' multinomial logit."""
    rows = births().assign(grade=lambda d: d["grade"].replace({"d": "a", "e": "b"}))
    ours = LogisticRegression.from_formula("grade ~ C(race) + age", rows, C=np.inf)
    theirs = smf.mnlogit("g ~ C(race) + age", rows.assign(g=rows["grade"].astype("category").cat.codes)).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose((ours.coef_[1:] - ours.coef_[0]).T, theirs.params.iloc[1:], rtol=1e-8, atol=1e-10)


def test_admissions_are_certified() -> None:
    """UCB admissions by formula, counts as weights: the certified coefficients and log-likelihood."""
    known = json.loads(shared_file("reference", "ucb.json").read_text())["ucb"]
    with open(shared_file("reference", "ucb.csv"), newline="") as file:
        table = list(csv.DictReader(line for line in file if not line.startswith("#")))
    rows = {
        "Admit": [row["y"] for row in table],
        "Gender": ["Female" if float(row["Female"]) else "Male" for row in table],
        "Dept": [next((d for d in "BCDEF" if float(row[f"Dept{d}"])), "A") for row in table],
        "Freq": [float(row["weight"]) for row in table],
    }
    fitted = LogisticRegression.from_formula("Admit ~ C(Gender, Treatment('Male')) + Dept", rows, C=np.inf, freq_weights="Freq")
    coefficients = dict(zip(fitted.model_.recipe.names(), fitted.coef_[0], strict=True))
    expected = {name: float(value) for name, value in known["coef"]["Admitted"].items()}
    found = {f"Dept{d}": coefficients[f"Dept[T.{d}]"] for d in "BCDEF"}
    found["Female"] = next(value for name, value in coefficients.items() if name.endswith("[T.Female]"))
    sign = 1 if fitted.classes_[1] == "Admitted" else -1
    for name, value in found.items():
        assert sign * value == pytest.approx(expected[name], rel=1e-10)
    assert sign * fitted.intercept_[0] == pytest.approx(expected["const"], rel=1e-10)
    assert fitted.model_.statistics.log_likelihood == pytest.approx(float(known["loglik"]), rel=1e-12)
