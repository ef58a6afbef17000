"""``--formula``: columns of any kind, in fits, predictions, evaluations and rows that are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from logistic import LogisticRegression, load
from shell import Run, refused

FORMULA = "low ~ lwt + C(race)*smoke + sex:center(lwt)"


@pytest.fixture
def births() -> pd.DataFrame:
    """A table with text, numbers that are labels, and numbers, as a file too."""
    rng = np.random.default_rng(7)
    n = 150
    rows = pd.DataFrame(
        {
            "lwt": rng.normal(130, 20, n),
            "race": rng.integers(1, 4, n),
            "smoke": rng.integers(0, 2, n),
            "sex": rng.choice(["f", "m"], n),
            "persons": rng.integers(1, 4, n),
        }
    )
    rows["low"] = np.where(rng.random(n) < 1 / (1 + np.exp(-(rows["lwt"] - 130) / 20)), "yes", "no")
    rows.to_csv("births.csv", index=False)
    rows.to_parquet("births.parquet")
    return rows


def test_a_fit_by_formula_is_that_of_python(run: Run, births: pd.DataFrame) -> None:
    """The same coefficients, names and recipe, from a CSV as from a Parquet file."""
    expected = LogisticRegression.from_formula("low ~ lwt + C(race)*sex", births, C=np.inf).model_
    for data in ("births.csv", "births.parquet"):
        done = run("fit", data, "--formula", "low ~ lwt + C(race)*sex", "--no-penalty", "-o", "m", "--force")
        assert done.code == 0, done.err
        assert "formula      low ~ lwt + C(race)*sex" in done.err
        assert "C(race)[T.2]:sex[T.m]" in done.err
        found = load("m")
        assert found.recipe == expected.recipe
        np.testing.assert_array_equal(found.coef, expected.coef)


def test_predictions_read_the_raw_columns(run: Run, births: pd.DataFrame) -> None:
    """Of a file, of a pipe of the rest, and of a row that is typed; as Python predicts."""
    assert run("fit", "births.csv", "--formula", FORMULA, "-o", "m").code == 0
    p = load("m").predict_proba(births)
    told = json.loads(run("predict", "m", "births.csv", "--json").out)
    np.testing.assert_allclose(told["probability_yes"], p[:, 1], rtol=1e-15)
    row = births.iloc[3]
    typed = [f"{name}={row[name]}" for name in ("lwt", "race", "smoke", "sex")]
    told = json.loads(run("predict", "m", "--row", *typed, "--json").out)
    assert told["probability_yes"] == pytest.approx(p[3, 1], rel=1e-12)
    assert run("predict", "m", "--row", *typed).out.startswith("low is ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("race=2", "race=9"), "race is '9', which is none of its levels 1, 2, 3"),
        (("sex=f", "sex=x"), "sex is 'x', which is none of its levels f, m"),
        (("smoke=1", "smoke=a"), "smoke is 'a', which is not a number"),
        (("smoke=1", "smokes=1"), "no column 'smokes'; did you mean 'smoke'?"),
        (("smoke=1",), "misses smoke"),
    ],
)
def test_wrong_rows_that_are_typed(run: Run, births: pd.DataFrame, change: tuple[str, ...], words: str) -> None:
    """Are refused by level and column."""
    assert run("fit", "births.csv", "--formula", FORMULA, "-o", "m").code == 0
    typed = [change[1] if word == change[0] and len(change) > 1 else word for word in ("lwt=130", "race=2", "smoke=1", "sex=f")]
    typed = [word for word in typed if len(change) > 1 or word != change[0]]
    refused(run("predict", "m", "--row", *typed), words)


def test_parts_that_are_held_out_are_judged_by_what_the_others_taught(run: Run, births: pd.DataFrame) -> None:
    """Means are those of the training rows; the split is found again."""
    done = run("fit", "births.csv", "--formula", FORMULA, "--split", "0.6/0.2/0.2", "-o", "m", "--json")
    assert done.code == 0, done.err
    model, split = load("m"), json.loads(done.out)["split"]
    assert model.recipe is not None
    assert model.rows == split["train"]["rows"] < len(births)
    mean = dict(zip((factor.text for factor in model.recipe.factors), model.recipe.factors, strict=True))["center(lwt)"].states[0][
        0
    ]
    assert mean != births["lwt"].mean()
    told = json.loads(run("evaluate", "m", "births.csv", "--split", "test", "--json").out)
    assert told["rows"] == split["test"]["rows"]
    whole = json.loads(run("evaluate", "m", "births.csv", "--json").out)
    assert whole["accuracy"] == pytest.approx(np.mean(model.predict(births) == births["low"]))


def test_other_options_go_with_it(run: Run, births: pd.DataFrame) -> None:
    """Weights (left out of the dot), cross-validation, a label against the rest, a TOML file; also without an intercept."""
    assert run("fit", "births.csv", "--formula", "low ~ .", "--weight", "persons", "-o", "a").code == 0
    assert load("a").features == ("lwt", "race", "smoke", "sex[T.m]")
    assert run("fit", "births.csv", "--formula", "low ~ lwt + sex", "--cv", "3", "--Cs", "3", "-o", "b").code == 0
    assert load("b").recipe is not None
    assert run("fit", "births.csv", "--formula", "race ~ 0 + sex", "--positive", "2", "-o", "c").code == 0
    assert (load("c").fit_intercept, load("c").features) == (False, ("sex[f]", "sex[m]"))
    Path("fit.toml").write_text('formula = "low ~ lwt"\n')
    assert run("fit", "births.csv", "--config", "fit.toml", "-o", "d").code == 0
    told = json.loads(run("summary", "d", "--json").out)
    assert (told["formula"], told["references"]) == ("low ~ lwt", {})


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--formula", "low ~ lwt", "--target", "low"], "--target does not go with --formula"),
        (["--formula", "low ~ lwt", "--features", "lwt"], "--features does not go with --formula"),
        (["--formula", "low ~ lwt", "--no-intercept"], "--no-intercept does not go with --formula"),
        (["--formula", "low ~ lwt", "--linear"], "does not go with"),
        (["--formula", "low ~ lwt", "--hidden", "3"], "does not go with"),
        (["--formula", "low ~ lwtt"], "births.csv has no column 'lwtt'; did you mean 'lwt'?"),
        (["--formula", "lo ~ lwt"], "births.csv has no column 'lo'; did you mean 'low'?"),
        (["--formula", "lwt + sex"], "has no response"),
        (["--formula", "low ~ I(__import__('os').system('touch pwned'))"], "is no function that a formula knows"),
        (["--formula", "low ~ np.log(sex)"], "holds text"),
        (["--formula", "low ~ lwt", "--weight", "low"], "both name 'low'"),
    ],
)
def test_what_does_not_go_with_it(run: Run, births: pd.DataFrame, typed: list[Any], words: str) -> None:
    """Is refused in words, and nothing is run."""
    refused(run("fit", "births.csv", *typed, "-o", "m"), words)
    assert not Path("pwned").exists()


def test_rows_are_counted_from_one(run: Run, births: pd.DataFrame) -> None:
    """As everywhere on the command line; also where a cell of text is empty, and for the rows of a part."""
    births.assign(sex=births["sex"].where(births.index != 4, "")).to_csv("gap.csv", index=False)
    refused(run("fit", "gap.csv", "--formula", "low ~ sex", "-o", "m"), "'sex' of gap.csv is missing in row 5 (1 such rows)")
    assert run("fit", "births.csv", "--formula", "low ~ C(race)", "-o", "m").code == 0
    births.assign(race=births["race"].where(births.index != 6, 8)).to_csv("new.csv", index=False)
    refused(run("predict", "m", "new.csv"), "C(race) is 8 in row 7 (1 such rows) of new.csv")


def test_rows_held_out_do_not_stop_a_fit(run: Run, births: pd.DataFrame) -> None:
    """A level that only they have is said where they are judged."""
    births.loc[0, "sex"] = "unknown"
    births.to_csv("births.csv", index=False)
    fits = [
        run("fit", "births.csv", "--formula", "low ~ sex", "--split", "0.5/0.5", "--seed", seed, "-o", f"m{seed}")
        for seed in range(6)
    ]
    assert [done.code for done in fits] == [0] * 6
    judged = [run("evaluate", f"m{seed}", "births.csv", "--split", "test") for seed in range(6)]
    assert {done.code for done in judged} == {0, 2}
    assert all("unknown" in done.err for done in judged if done.code == 2)


def test_slips_in_columns_are_noted(run: Run, births: pd.DataFrame) -> None:
    """Numbers with one odd cell, and words for nothing, are categories; the fit says so."""
    rows = births.astype({"lwt": object, "sex": object})
    rows.loc[3, "lwt"], rows.loc[5, "sex"] = "?", "NA"
    rows.to_csv("births.csv", index=False)
    told = run("fit", "births.csv", "--formula", "low ~ lwt + sex", "--C", 1, "-o", "m").err
    assert "column 'lwt' of births.csv holds '?' among numbers, so its 150 values are taken for categories" in told
    assert "column 'sex' of births.csv has the level 'NA'; only empty cells are missing" in told


def test_frequencies_are_remembered_by_an_evaluation(run: Run, births: pd.DataFrame) -> None:
    """Their column is not; what to pass is said."""
    assert run("fit", "births.csv", "--formula", "low ~ lwt", "--freq-weights", "persons", "-o", "m").code == 0
    assert "--weight COLUMN weighs these so" in run("evaluate", "m", "births.csv").err
    assert "--weight COLUMN" not in run("evaluate", "m", "births.csv", "--weight", "persons").err
