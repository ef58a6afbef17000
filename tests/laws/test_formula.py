"""Formulas: what a fit remembers, what predictions ask for, and that text from anybody, in a call or a file, never runs."""

from __future__ import annotations

import builtins
import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from test_store import refused, signed, taken_apart

from logistic import InputError, LogisticRegression, LogisticRegressionCV, Model, ModelFileError, load
from logistic.formula import recipe_of
from logistic.recipes import Factor, Recipe
from logistic.sources import Columns

FORMULA = "low ~ C(race)*smoke + sex:age + poly(lwt, 2) + np.log(lwt) + `my col` + bs(age, df=5) + I(center(age)**2)"


def births(n: int = 200, seed: int = 5) -> dict[str, Any]:
    """Columns of each kind."""
    rng = np.random.default_rng(seed)
    rows: dict[str, Any] = {
        "age": np.concatenate([[10.0, 45.0], rng.uniform(10, 45, n - 2)]),
        "lwt": rng.normal(130, 20, n),
        "race": np.concatenate([[1, 2, 3], rng.integers(1, 4, n - 3)]),
        "smoke": rng.integers(0, 2, n),
        "sex": np.concatenate([["f", "m"], rng.choice(["f", "m"], n - 2)]),
        "my col": rng.normal(size=n),
    }
    chance = 1 / (1 + np.exp(-(rows["lwt"] - 130) / 30 - rows["smoke"]))
    return {**rows, "low": np.where(rng.random(n) < chance, "yes", "no")}


@pytest.fixture(scope="module")
def fitted() -> LogisticRegression:
    """An estimator of every kind of piece."""
    return LogisticRegression.from_formula(FORMULA, births())


@pytest.fixture(scope="module")
def model(fitted: LogisticRegression) -> Model:
    """Its model."""
    return fitted.model_


# --------------------------------------------------------------------------------------------------------------- predictions


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame, pa.table])
def test_new_rows_are_read_as_the_fit_read_its_own(kind: Callable[[Any], Any], fitted: LogisticRegression) -> None:
    """Levels, means, knots and polynomials of the fit, one row at a time as all at once, whatever the frame."""
    rows = births()
    X = kind(rows)
    p = fitted.predict_proba(X)
    one = np.vstack([fitted.predict_proba(kind({name: values[i : i + 1] for name, values in rows.items()})) for i in range(9)])
    np.testing.assert_allclose(one, p[:9], rtol=1e-12)
    np.testing.assert_array_equal(fitted.model_.predict_proba(X), p)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[p.argmax(axis=1)])
    np.testing.assert_allclose(fitted.decision_function(X), np.log(p[:, 1] / p[:, 0]), rtol=1e-9, atol=1e-12)
    assert fitted.score(X, rows["low"]) == fitted.metrics(X, rows["low"]).accuracy == np.mean(fitted.predict(X) == rows["low"])


def test_the_formula_is_the_fit_of_its_columns(fitted: LogisticRegression) -> None:
    """The same numbers as a fit of the design."""
    recipe = fitted.model_.recipe
    assert recipe is not None
    plain = LogisticRegression().fit(pd.DataFrame(recipe.design(births()), columns=list(recipe.names())), births()["low"])
    assert fitted.model_.features == plain.model_.features
    np.testing.assert_allclose(fitted.coef_, plain.coef_, rtol=1e-10, atol=1e-14)
    assert fitted.model_.fingerprint == plain.model_.fingerprint


def test_names_are_those_of_the_formula(fitted: LogisticRegression) -> None:
    """In the summary, as data and in text, with the reference level."""
    told = fitted.summary()
    names = list(told.to_dict()["coefficients"]["yes against no"])
    assert names[:2] == ["C(race)[T.2]", "C(race)[T.3]"]
    assert {"C(race)[T.2]:smoke", "sex[f]:age", "my col", "np.log(lwt)", "poly(lwt, 2)[1]", "I(center(age) ** 2)"} <= set(names)
    assert f"formula      {FORMULA}" in str(told)
    assert "reference    C(race) 1" in str(told)
    assert told.to_dict()["references"] == {"C(race)": "1"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"race": np.r_[np.full(199, 1), 7]}, ["C(race) is 7 in row 199 (1 such rows)", "1, 2, 3", "recode"]),
        ({"sex": np.r_[["x"], np.full(199, "f")]}, ["sex is 'x' in row 0", "'f', 'm'"]),
        ({"age": None}, ["data have no column 'age'"]),
        ({"my col": None}, ["data have no column 'my col'"]),
        ({"lwt": np.r_[np.nan, np.full(199, 100.0)]}, ["column 'lwt' of data is missing in row 0", "drop or fill"]),
        ({"lwt": np.r_[np.full(199, 100.0), -1.0]}, ["np.log(lwt) is nan in row 199"]),
        ({"sex": np.array([None, *["f"] * 199], dtype=object)}, ["column 'sex' of data is missing in row 0"]),
        ({"age": np.full(200, 99.0)}, ["bs(age): there is 99 in row 0", "10 to 45", "extrapolation"]),
        ({"age": np.full(200, "old")}, ["column 'age' of data holds text"]),
        ({"lwt": np.full(200, 1e200)}, ["row 0"]),
    ],
)
def test_what_is_wrong_with_new_rows_is_named(change: dict[str, Any], words: list[str], model: Model) -> None:
    """Column, level and row."""
    rows = {name: values for name, values in {**births(), **change}.items() if values is not None}
    with pytest.raises(InputError) as error:
        model.predict_proba(rows)
    for word in words:
        assert word in str(error.value)


def test_arrays_are_no_data_frames(model: Model, fitted: LogisticRegression) -> None:
    """Nobody's column order is guessed, in columns as they were or as the design has them."""
    for X in (np.ones((3, 6)), np.ones((3, model.coef.shape[1]))):
        for predict in (model.predict, fitted.predict_proba):
            with pytest.raises(InputError, match="was fitted by a formula; pass a data frame"):
                predict(X)
    assert replace(model, recipe=None).predict(np.zeros((2, model.coef.shape[1]))).shape == (2,)


def test_missing_entries_of_the_fit_are_named() -> None:
    """Never dropped silently; columns that the formula does not name may have them."""
    rows = pd.DataFrame(births())
    rows.loc[3, "my col"] = np.nan
    LogisticRegression.from_formula("low ~ age", rows)
    with pytest.raises(InputError, match=r"column 'my col' of data is missing in row 3 \(1 such rows\); drop or fill"):
        LogisticRegression.from_formula("low ~ age + `my col`", rows)
    rows.loc[4, "low"] = None
    with pytest.raises(InputError, match="column 'low' of data is missing in row 4"):
        LogisticRegression.from_formula("low ~ age", rows)


def test_responses_of_any_kind() -> None:
    """Text, truth values, numbers and categories are the labels; three of them too."""
    rows = births()
    for labels in (
        rows["low"],
        rows["low"] == "yes",
        (rows["low"] == "yes").astype(int),
        pd.Categorical(rows["low"]),
        rows["race"],
    ):
        fitted = LogisticRegression.from_formula("y ~ age + sex", {**rows, "y": labels})
        assert fitted.classes_.tolist() == sorted(set(np.asarray(labels).tolist()))


def test_intercepts_come_from_the_formula() -> None:
    """Never as a column of ones."""
    for formula, intercept, columns in (("low ~ sex", True, 1), ("low ~ 0 + sex", False, 2), ("low ~ sex - 1", False, 2)):
        fitted = LogisticRegression.from_formula(formula, births())
        assert (fitted.fit_intercept, fitted.model_.fit_intercept) == (intercept, intercept)
        assert fitted.coef_.shape == (1, columns)
    with pytest.raises(InputError, match=r"write 0 \+ in the formula"):
        LogisticRegression.from_formula("low ~ sex", births(), fit_intercept=False)


def test_weights_and_groups_by_name() -> None:
    """A column of the data, left out of the dot, or values; both give the same fit."""
    rows = {**births(), "n": np.arange(200) % 3 + 1, "site": np.array(list("abcdefgh"))[np.arange(200) % 7]}
    named = LogisticRegression.from_formula("low ~ . - site", rows, C=np.inf, freq_weights="n", groups="site", covariance="cluster")
    given = LogisticRegression.from_formula(
        "low ~ age + lwt + race + smoke + sex + `my col`",
        rows,
        C=np.inf,
        freq_weights=rows["n"],
        groups=rows["site"],
        covariance="cluster",
    )
    assert named.model_.features == given.model_.features
    np.testing.assert_array_equal(named.coef_, given.coef_)
    assert named.model_.statistics.count == rows["n"].sum()
    assert named.model_.statistics == given.model_.statistics or named.model_.statistics.kind == "cluster"
    assert type(named.tidy(kind="polars")) is pl.DataFrame


def test_cross_validation_takes_formulas() -> None:
    """As any fit does."""
    fitted = LogisticRegressionCV.from_formula("low ~ age + sex", births(), cv=3, Cs=3)
    assert fitted.predict_proba(births()).shape == (200, 2)
    assert fitted.model_.recipe is not None


def test_copies_and_written_coefficients_keep_the_formula(fitted: LogisticRegression) -> None:
    """Pickled, copied, or with coefficients of one's own."""
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), LogisticRegression.from_model(fitted.model_)):
        np.testing.assert_array_equal(other.predict_proba(births()), fitted.predict_proba(births()))
    other = copy.deepcopy(fitted)
    other.coef_ = other.coef_ * 0
    other.intercept_ = other.intercept_ * 0
    np.testing.assert_array_equal(other.predict_proba(births()), np.full((200, 2), 0.5))


@settings(deadline=None, max_examples=15)
@given(order=st.permutations(range(60)), shift=st.floats(-1e6, 1e6), unit=st.sampled_from([1e-6, 1.0, 1e6]))
def test_order_and_units_change_no_prediction(order: list[int], shift: float, unit: float) -> None:
    """Transforms that remember the rows follow them."""
    rows = births(60)
    moved = {**rows, "age": rows["age"] * unit + shift * unit}
    formula = "low ~ scale(age) + C(race, contr.sum) + bs(age, df=4):sex"
    one = LogisticRegression.from_formula(formula, rows)
    other = LogisticRegression.from_formula(formula, {name: values[list(order)] for name, values in moved.items()})
    np.testing.assert_allclose(other.predict_proba(moved), one.predict_proba(rows), rtol=1e-5, atol=1e-7)


def test_names_of_functions_may_be_columns() -> None:
    """What is called is a function, what stands alone is a column."""
    rows = {
        **births(),
        "log": births()["age"],
        "eval": births()["lwt"],
        "C": births()["race"],
        "np": births()["my col"],
        "I": births()["age"] + 1,
    }
    recipe = recipe_of("low ~ log(log) + eval + C(C) + np.exp(np) + I(I)", Columns(rows))
    assert list(recipe.names()) == ["log(log)", "eval", "C(C)[T.2]", "C(C)[T.3]", "np.exp(np)", "I(I)"]
    np.testing.assert_array_equal(recipe.design(rows)[:, 0], np.log(rows["age"]))


def test_a_column_named_like_a_piece_is_not_that_piece() -> None:
    """In backticks it is the column; both at once have one name, which is refused."""
    rows = {**births(), "I(age)": births()["lwt"], "\ufb01eld": births()["lwt"], "field": births()["age"]}
    np.testing.assert_array_equal(recipe_of("low ~ `I(age)`", Columns(rows)).design(rows)[:, 0], rows["lwt"])
    np.testing.assert_array_equal(recipe_of("low ~ I(age)", Columns(rows)).design(rows)[:, 0], rows["age"])
    with pytest.raises(InputError, match="two columns called"):
        LogisticRegression.from_formula("low ~ I(age) + `I(age)`", rows)
    for piece in ("\ufb01eld", "I(`\ufb01eld`)"):  # a ligature, which Python would read as two letters
        np.testing.assert_array_equal(recipe_of(f"low ~ {piece}", Columns(rows)).design(rows)[:, 0], rows["lwt"])
    with pytest.raises(InputError, match="in backticks"):
        recipe_of("low ~ I(\ufb01eld)", Columns(rows))


def test_many_levels_are_sparse() -> None:
    """The same numbers and fit as dense columns have, without their memory."""
    rng = np.random.default_rng(0)
    n, K = 3000, 400
    rows = {"y": rng.integers(0, 2, n), "x": rng.normal(size=n), "s": np.r_[np.arange(K), rng.integers(0, K, n - K)].astype(str)}
    fitted = LogisticRegression.from_formula("y ~ x + s", rows)
    recipe = fitted.model_.recipe
    assert recipe is not None
    assert recipe.sparse
    X = recipe.design(rows)
    assert X.shape == (n, K)
    assert X.nnz <= 2 * n
    levels = sorted(set(rows["s"].tolist()))
    dense = np.column_stack([rows["x"], *(rows["s"] == level for level in levels[1:])])
    np.testing.assert_array_equal(X.toarray(), dense)
    np.testing.assert_allclose(fitted.coef_, LogisticRegression().fit(dense, rows["y"]).coef_, rtol=1e-7, atol=1e-9)
    assert fitted.model_.features == fitted.summary().names == ("x", *(f"s[T.{level}]" for level in levels[1:]))
    assert fitted.feature_names_in_.tolist() == list(fitted.model_.features)


COLUMNS: dict[str, tuple[Any, list[Any], tuple[Any, ...] | None]] = {
    "pandas, whole numbers": (pd.DataFrame({"a": pd.array([1, 2, 3], dtype="Int64")}), [1, 2, 3], None),
    "pandas, truth values": (pd.DataFrame({"a": pd.array([True, False, True], dtype="boolean")}), [True, False, True], None),
    "pandas, objects": (pd.DataFrame({"a": np.array(["x", "z", "y"], dtype=object)}), ["x", "z", "y"], None),
    "pandas, numbers as objects": (pd.DataFrame({"a": np.array([np.int64(1), 2, 3], dtype=object)}), [1, 2, 3], None),
    "pandas, categories": (pd.DataFrame({"a": pd.Categorical([3, 1, 3], [3, 1, 2])}), [3, 1, 3], (3, 1, 2)),
    "polars, Enum": (pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"]))}), ["x", "y"], ("y", "x")),
    "polars, Categorical": (pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Categorical)}), ["x", "y"], None),
    "pyarrow, dictionary": (pa.table({"a": pa.array(["x", "y", "x"]).dictionary_encode()}), ["x", "y", "x"], None),
    "lists": ({"a": ["x", "y"]}, ["x", "y"], None),
    "a Categorical in a dict": ({"a": pd.Categorical(["x", "z"], ["z", "x"])}, ["x", "z"], ("z", "x")),
    "a pyarrow array in a dict": ({"a": pa.array([1, 2])}, [1, 2], None),
}
GAPS = {
    "pandas, whole numbers": pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
    "pandas, text": pd.DataFrame({"a": pd.array(["x", None], dtype="string")}),
    "pandas, NaN among objects": pd.DataFrame({"a": np.array(["x", np.nan], dtype=object)}),
    "pandas, categories": pd.DataFrame({"a": pd.Categorical(["x", None])}),
    "polars": pl.DataFrame({"a": ["x", None]}),
    "polars, NaN": pl.DataFrame({"a": [1.0, float("nan")]}),
    "pyarrow": pa.table({"a": [1, None]}),
    "a list": {"a": ["x", None]},
    "a Series in a dict": {"a": pd.Series(["x", None])},
    "times": {"a": np.array(["2020", "NaT"], dtype="M8[Y]")},
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_of_every_package(kind: str) -> None:
    """Plain values, and an order of categories only where somebody chose one."""
    data, values, levels = COLUMNS[kind]
    found = Columns(data)["a"]
    assert found.values.tolist() == values
    assert found.levels == levels
    assert found.numeric == (levels is None and not isinstance(values[0], str))


@pytest.mark.parametrize("kind", GAPS)
def test_gaps_of_every_package(kind: str) -> None:
    """Are seen, whatever stands for what is missing."""
    with pytest.raises(InputError, match=r"column 'a' of data is missing in row 1 \(1 such rows\)"):
        _ = Columns(GAPS[kind])["a"]


@pytest.mark.parametrize("data", [[1, 2], None, "abc", pd.Series([1]), np.ones((2, 2)), pl.LazyFrame({"a": [1]}), {}])
def test_what_has_no_columns_is_refused(data: Any) -> None:
    """In words."""
    with pytest.raises(InputError, match="data"):
        Columns(data)


def test_levels_of_one_kind_only() -> None:
    """A constant factor and a column of mixed objects are refused."""
    rows = {**births(3), "one": ["a"] * 3, "mixed": ["a", 1, 2.0], "when": np.array(["2020-01-01"] * 3, dtype="M8[D]")}
    for name, words in (("one", "only one level, 'a'"), ("mixed", "values of several types"), ("when", "date objects")):
        with pytest.raises(InputError, match=words):
            recipe_of(f"low ~ {name}", Columns(rows))


def test_without_formulaic_the_extra_is_named() -> None:
    """Fits by formula need it; loaded models do not."""
    code = (
        "import sys; sys.modules['formulaic'] = None\n"
        "from logistic import InputError, LogisticRegression\n"
        "try: LogisticRegression.from_formula('y ~ x', {'y': [0, 1, 0, 1], 'x': [1.0, 2, 3, 4]})\n"
        "except InputError as error: assert 'logistic[formula]' in str(error), error\n"
        "else: raise SystemExit('fitted')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------------------------------------------------------- attacks

ATTACKS = [
    "__import__('os').system('touch pwned')",
    "I(__import__('os').system('touch pwned'))",
    "{__import__('os').system('touch pwned')}",
    "{[c for c in ().__class__.__base__.__subclasses__()]}",
    "I(x.__class__)",
    "x.__class__",
    "np.load('x')",
    "np.random.seed(0)",
    "np.log.__globals__['x'](x)",
    "np.lib.npyio.os.system(x)",
    "I(np)",
    "I(lambda: x)",
    "I((x := 1))",
    "I(f'{x}')",
    "I('%s' % x)",
    "I('{0.__class__}'.format(x))",
    "I([x for x in x])",
    "I(x[0])",
    "I(x if x else z)",
    "I(x and z)",
    "I(x @ z)",
    "I(await x)",
    "I(9**9**9)",
    "I(x + 9**9**9)",
    "I(x * " + "9" * 5000 + ")",
    "x**9**9**9",
    "x**999999999",
    "(x + z + s + eval)**9",
    "*".join(f"v{i}" for i in range(30)),
    "I(" + "(" * 500 + "x" + ")" * 500 + ")",
    "(" * 500 + "x" + ")" * 500,
    "I(" + "-" * 9000 + "x)",
    "I(" + "not " * 3000 + "x)",
    "I(" + "lambda:" * 2000 + "x)",
    "I(" + "x+" * 3000 + "x)",
    "I(x" + ".a" * 5000 + ")",
    "x + " * 250_000 + "x",
    "C(s, contr.custom([[1]]))",
    "C(s, contr.treatment(base=__import__('os')))",
    "C(s, levels=open('f'))",
    "C(s, __import__('os'))",
    "C(s, *x)",
    "center(x, _state={})",
    "poly(x, 10**9)",
    "poly(x, 1000000000)",
    "bs(x, df=1000000000)",
    "bs(x, knots=[0] * 10**9)",
    "Q('x')",
    "hashed(s, levels=9)",
    "eval(x)",
    "exec('1')",
    "open('f')",
    "getattr(x, 'y')",
    "`eval(x)`",
    "``",
    "`x",
    "I(`x)",
    "'x'",
    "f'{x}'",
    "[x ~ z]",
    "x | z",
    "I(x\\\n)",
    "I(x)\0",
    "x; import os",
    "x \u202e z",
    "2:x",
    "s:s:s:s + I(s)",
    "np.log(s)",
    "w0",
    "I(_q0_)",
]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing is compiled to run, evaluated or executed, and no formula reaches formulaic's own evaluation."""
    import formulaic  # before its own import machinery is watched
    import formulaic.utils.stateful_transforms as transforms

    def never(*_: object, **__: object) -> None:
        raise AssertionError("text was run")

    assert formulaic.__version__
    monkeypatch.setattr(transforms, "stateful_eval", never)
    monkeypatch.setattr(formulaic.materializers.base, "stateful_eval", never)
    monkeypatch.setattr(builtins, "eval", never)
    monkeypatch.setattr(builtins, "exec", never)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack[:40])
def test_nothing_is_run(attack: str, watched: Path) -> None:
    """Everything but the small language is refused in words, at once."""
    rng = np.random.default_rng(0)
    data = {"y": rng.integers(0, 2, 50), "x": rng.normal(size=50), "z": rng.normal(size=50), "s": rng.choice(list("abc"), 50)}
    data |= {"eval": rng.normal(size=50), "__import__": rng.normal(size=50)}
    for side in (f"y ~ z + {attack}", f"{attack} ~ z"):
        with pytest.raises(InputError) as error:
            recipe_of(side, Columns(data))
        assert len(str(error.value)) < 1000
    assert list(watched.iterdir()) == []


def test_variables_of_the_caller_are_not_seen(watched: Path) -> None:
    """Only columns are."""
    secret = np.arange(200.0)
    assert secret.size
    for piece in ("secret", "I(secret)", "np.log(secret)", "births", "Path"):
        with pytest.raises(InputError, match="data have no column"):
            recipe_of(f"low ~ {piece}", Columns(births()))


@settings(deadline=None, max_examples=150)
@given(
    text=st.text(alphabet=st.sampled_from(list("xzs ()[]{}+-*:/^~%`'\",.|=<>C1029I_npolybslogcenter\\\0@!&")), max_size=40)
    | st.lists(
        st.sampled_from(["x", "z", "s", "C(", "I(", "np.log(", ")", "(", "+", "*", ":", "-", "1", "0", "**", "2", ".", "`"])
    ).map(" ".join)
)
def test_any_text_is_a_formula_or_refused_in_words(text: str) -> None:
    """No other exception, and a design that is finite."""
    rng = np.random.default_rng(0)
    data = {"y": rng.integers(0, 2, 9), "x": rng.normal(size=9), "z": rng.normal(size=9), "s": np.array(list("abcabcabc"))}
    try:
        recipe = recipe_of(f"y ~ {text}", Columns(data))
    except InputError:
        return
    X = recipe.design(data)
    assert X.shape == (9, len(list(recipe.names())))
    assert np.isfinite(X).all()


def test_crossing_many_factors_ends() -> None:
    """As many categorical factors as a term may have, and one more."""
    rng = np.random.default_rng(0)
    data = {"y": rng.integers(0, 2, 40), **{f"c{i}": rng.choice(["a", "b"], 40) for i in range(9)}}
    assert recipe_of("y ~ " + "*".join(f"c{i}" for i in range(6)), Columns(data)).count == 63
    with pytest.raises(InputError, match="crosses more than"):
        recipe_of("y ~ " + ":".join(f"c{i}" for i in range(9)), Columns(data))


# --------------------------------------------------------------------------------------------------------------------- files


def test_files_keep_the_formula(model: Model, tmp_path: Path) -> None:
    """The same model, the same bytes again; predictions need neither formulaic nor pandas."""
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again == model
    assert again.recipe == model.recipe
    np.testing.assert_array_equal(again.predict_proba(births()), model.predict_proba(births()))
    again.save(tmp_path / "n")
    assert (tmp_path / "m").read_bytes() == (tmp_path / "n").read_bytes()
    rows = {name: np.asarray(values[:5]).tolist() for name, values in births().items() if name != "low"}
    code = f"import json, sys, logistic\np = logistic.load('m').predict_proba(json.loads({json.dumps(json.dumps(rows))}))\n"
    code += "print(p.tolist() if not {'formulaic', 'pandas', 'sklearn', 'torch', 'scipy', 'narwhals'} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), model.predict_proba(births())[:5], rtol=1e-12)


def test_files_without_a_formula_have_no_entry(model: Model, tmp_path: Path) -> None:
    """They are those of before."""
    replace(model, recipe=None).save(tmp_path / "m")
    assert b"recipe" not in (tmp_path / "m").read_bytes()


FORGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a call": lambda f: f["factors"].__setitem__(0, "__import__('os').system('touch pwned')"),
    "a call in I": lambda f: f["factors"].__setitem__(1, "I(__import__('os').system('touch pwned'))"),
    "an attribute": lambda f: f["factors"].__setitem__(1, "I(smoke.__class__)"),
    "braces": lambda f: f["factors"].__setitem__(1, "{().__class__}"),
    "a deep tree": lambda f: f["factors"].__setitem__(1, "I(" + "-" * 9000 + "x)"),
    "a long text": lambda f: f["factors"].__setitem__(1, "I(x" + "+x" * 20_000 + ")"),
    "long texts": lambda f: [
        f["factors"].append(f"I({'a' * 16_000})") or f["levels"].append([]) or f["states"].append([]) for _ in range(20)
    ],
    "another column": lambda f: f["factors"].__setitem__(1, "smoke2"),
    "no text": lambda f: f["factors"].__setitem__(1, 3),
    "no list": lambda f: f.__setitem__("factors", "C(race)"),
    "a factor too few": lambda f: f["factors"].pop(),
    "levels twice": lambda f: f["levels"].__setitem__(0, [1, 1, 2]),
    "levels of two types": lambda f: f["levels"].__setitem__(0, [1, 2, "3"]),
    "a level of null": lambda f: f["levels"].__setitem__(0, [1, 2, None]),
    "a level too many": lambda f: f["levels"][0].append(4),
    "one level": lambda f: f["levels"].__setitem__(0, [1]),
    "levels of numbers": lambda f: f["levels"].__setitem__(5, [1, 2]),
    "no levels": lambda f: f["levels"].__setitem__(0, []),
    "states too short": lambda f: f["states"][_state(f)].pop(),
    "states too long": lambda f: f["states"][_state(f)].append(1.0),
    "states that are not finite": lambda f: f["states"][_state(f)].__setitem__(1, "inf"),
    "states that are text": lambda f: f["states"][_state(f)].__setitem__(1, "a"),
    "states of an unknown length": lambda f: f["states"][_state(f)].__setitem__(0, 10**9),
    "no states": lambda f: f["states"].__setitem__(_state(f), []),
    "states of a column": lambda f: f["states"].__setitem__(0, [1, 2.0]),
    "a factor that is not there": lambda f: f["terms"][0].__setitem__(0, 99),
    "a negative factor": lambda f: f["terms"][0].__setitem__(0, -1),
    "a truth value for a factor": lambda f: f["terms"][0].__setitem__(0, True),
    "a factor twice": lambda f: (f["terms"].__setitem__(0, [0, 0]), f["reduced"].__setitem__(0, [True, True])),
    "an empty term": lambda f: (f["terms"].append([]), f["reduced"].append([])),
    "a term twice": lambda f: (f["terms"].append(f["terms"][0]), f["reduced"].append(f["reduced"][0])),
    "a term too few": lambda f: (f["terms"].pop(), f["reduced"].pop()),
    "numbers without a level": lambda f: f["reduced"].__setitem__(1, [True]),
    "whole levels": lambda f: f["reduced"].__setitem__(0, [False]),
    "lengths that differ": lambda f: f["reduced"][0].append(True),
    "numbers for truth values": lambda f: f["reduced"].__setitem__(0, [1]),
    "a key too many": lambda f: f.__setitem__("code", "1"),
    "a key too few": lambda f: f.pop("response"),
    "a response of a number": lambda f: f.__setitem__("response", 1),
    "an endless formula": lambda f: f.__setitem__("formula", "x" * 20_000),
    "many columns": lambda f: (f["terms"].append([0, *range(6, 7)]), f["reduced"].append([False, False])),
}


def _state(entry: dict[str, Any]) -> int:
    """The first factor that remembers numbers."""
    return next(place for place, numbers in enumerate(entry["states"]) if numbers)


@pytest.mark.parametrize("fault", FORGED)
def test_forged_formulas_are_refused(fault: str, model: Model, tmp_path: Path, watched: Path) -> None:
    """Signed by somebody who can, and still never run, and never another model."""
    model.save(tmp_path / "sound")
    header, tensors = taken_apart((tmp_path / "sound").read_bytes())
    FORGED[fault](header["recipe"])
    assert refused(signed(header, tensors), tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_a_formula_that_is_only_shown_is_never_parsed(model: Model, tmp_path: Path, watched: Path) -> None:
    """The text of the formula is for people; what counts are the factors."""
    model.save(tmp_path / "sound")
    header, tensors = taken_apart((tmp_path / "sound").read_bytes())
    header["recipe"]["formula"] = "low ~ __import__('os').system('touch pwned')"
    (tmp_path / "m").write_bytes(signed(header, tensors))
    np.testing.assert_array_equal(load(tmp_path / "m").predict_proba(births()), model.predict_proba(births()))
    assert not (tmp_path / "pwned").exists()


def test_names_of_the_columns_must_agree(model: Model, tmp_path: Path) -> None:
    """The entry and the names of the columns say the same."""
    model.save(tmp_path / "sound")
    header, tensors = taken_apart((tmp_path / "sound").read_bytes())
    header["features"][0] = "C(race)[T.9]"
    assert "other names" in refused(signed(header, tensors), tmp_path)


def test_what_cannot_be_saved_is_said() -> None:
    """A recipe made by hand is checked as one from a file."""
    recipe = Recipe("y ~ x", "y", True, (Factor("eval(x)"),), (((0, False),),))
    with pytest.raises(InputError, match="no function"):
        recipe.check()
    assert issubclass(ModelFileError, ValueError)
