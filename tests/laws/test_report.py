"""The report says what the model and its metrics say, of every kind of model, in the same bytes each time."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from logistic import LogisticRegression, LogisticRegressionCV, Model, SeparationWarning, load
from logistic.errors import InputError
from logistic.inference import avg_slopes
from logistic.outputs.report import Report
from logistic.outputs.report.document import Facts, Figure, Section, Table, Text, Thresholds
from support import overlapping

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

GOLDEN = Path(__file__).parents[1] / "golden"
HOSTILE = ("<script>alert(1)</script>", "y" * 3000, 'a "b" & c\n', "שלום \u202e evil 😀", "")


# ------------------------------------------------------------------------------------------------------------ kinds of models


def problem(classes: int = 2, n: int = 90, p: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels in words."""
    X, codes = overlapping(classes, n, p, classes)
    return X, np.array(["no", "yes", "perhaps", "never"])[codes]


def births(n: int = 120) -> pd.DataFrame:
    """Columns of several kinds."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"age": rng.normal(30, 6, n).round(1), "smoke": rng.integers(0, 2, n), "race": rng.integers(1, 4, n)})
    data["site"] = rng.choice(["A & E", "ward <2>", "home"], n)
    eta = 0.1 * (data.age - 30) + data.smoke - (data.site == "home")
    return data.assign(low=np.where(rng.random(n) < 1 / (1 + np.exp(-eta)), "low", "not low"))


def golden(name: str) -> Any:
    """A model of the store, and rows that it can be judged by."""
    model, rng = load(GOLDEN / f"{name}.safetensors"), np.random.default_rng(0)
    y = model.classes[rng.integers(0, len(model.classes), 40)]
    if model.recipe is None:
        X: Any = model.center + rng.normal(size=(40, model.coef.shape[1]))
    else:
        ages = {"age": rng.normal(30, 3, 40), "lwt": rng.normal(130, 20, 40)}
        X = {**ages, "race": rng.integers(1, 4, 40), "site été": rng.choice(["no: 'a'", "b"], 40)}
    return model, X, y, {"offset": rng.normal(size=40)} if model.offset else {}


def fitted(classes: int = 2, rows: dict[str, Any] | None = None, **settings: Any) -> Any:
    """An estimator on its own rows."""
    X, y = problem(classes)
    return LogisticRegression(**settings).fit(X, y, **(rows or {})), X, y, rows or {}


def separated() -> Any:
    """One column tells the classes apart."""
    X, y = problem(3)
    X[:, 1] = np.where(y == "no", 5 + abs(X[:, 1]), -abs(X[:, 1]))
    with pytest.warns(SeparationWarning):
        return LogisticRegression(C=np.inf).fit(X, y), X, y, {}


def aliased() -> Any:
    """One column is twice another, one is constant."""
    X, y = problem()
    X = np.column_stack([X, 2 * X[:, 0], np.ones(len(X))])
    with pytest.warns(ConvergenceWarning):
        return LogisticRegression(C=np.inf).fit(X, y), X, y, {}


def formula(text: str) -> Any:
    """Columns of several kinds."""
    data = births()
    return LogisticRegression.from_formula(text, data, C=np.inf), data, data["low"], {}


def sparse() -> Any:
    """Mostly zeros."""
    X, y = problem(p=12)
    X = csr_array(np.where(X > 0.7, X, 0))
    return LogisticRegression().fit(X, y), X, y, {}


def pieces() -> Any:
    """Learned in pieces: without a certificate, without a history."""
    X, y = problem()
    return LogisticRegression(solver="sgd", random_state=0).partial_fit(X, y), X, y, {}


def by_hand() -> Any:
    """Coefficients that somebody wrote."""
    estimator, X, y, rows = fitted()
    estimator.coef_ = np.array([[1.0, 0.0, -2.0]])
    return estimator, X, y, rows


def hostile() -> Any:
    """Names and labels that would be something else elsewhere."""
    X, codes = overlapping(3, 90, len(HOSTILE), 3)
    labels = np.array(["<b>one</b>", '"&amp;', "]]>--><!--"])
    data = pd.DataFrame(X, columns=list(HOSTILE))
    return LogisticRegression().fit(data, labels[codes]), data, labels[codes], {}


def pixels() -> Any:
    """Bright columns of an eight by eight grid."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 80)
    X = rng.integers(0, 17, (80, 64)) * 1.0
    X[:, 10:13] += 9.0 * np.eye(3)[codes]
    return LogisticRegression().fit(X, codes), X, codes, {}


def foreign(kind: Callable[[np.ndarray], Any]) -> Any:
    """Rows in another package's hands."""
    X, y = problem(3)
    return LogisticRegression().fit(kind(X), y), kind(X), y, {}


def cross_validated(**settings: Any) -> Any:
    """A path of penalties."""
    X, y = problem()
    return LogisticRegressionCV(Cs=4, **settings).fit(X, y), X, y, {}


WEIGHTS = np.arange(90) % 4 + 1.0
KINDS: dict[str, Callable[[], Any]] = {
    **{path.stem: functools.partial(golden, path.stem) for path in sorted(GOLDEN.glob("*.safetensors"))},
    "likelihood": functools.partial(fitted, C=np.inf),
    "three classes": functools.partial(fitted, 3, C=np.inf),
    "L2": functools.partial(fitted, 4),
    "spread of penalised": functools.partial(fitted, covariance="HC0"),
    "L1": functools.partial(fitted, C=0.05, l1_ratio=1.0),
    "Firth": functools.partial(fitted, C=np.inf, bias="firth"),
    "no intercept": functools.partial(fitted, fit_intercept=False, standardize=True),
    "early end": lambda: _ended(),
    "weights": functools.partial(fitted, 3, {"sample_weight": WEIGHTS / 2}, C=np.inf),
    "frequencies": functools.partial(fitted, 2, {"freq_weights": WEIGHTS}, C=np.inf),
    "offset": functools.partial(fitted, 2, {"offset": WEIGHTS / 4}, C=np.inf),
    "separated": separated,
    "aliased": aliased,
    "formula": functools.partial(formula, "low ~ age + C(race) + site * smoke"),
    "two numbers by formula": functools.partial(formula, "low ~ age + I(age**2) + smoke"),
    "sparse": sparse,
    "pieces": pieces,
    "written by hand": by_hand,
    "hostile names": hostile,
    "pixels": pixels,
    "pandas": functools.partial(foreign, lambda X: pd.DataFrame(X, columns=["a", "b", "c"])),
    "polars": functools.partial(foreign, lambda X: pl.DataFrame(X, schema=["a", "b", "c"])),
    "two columns": functools.partial(foreign, lambda X: X[:, :2]),
    "one column": functools.partial(foreign, lambda X: X[:, :1]),
    "torch": functools.partial(foreign, torch.as_tensor),
    "cross-validated": functools.partial(cross_validated, standardize=True),
    "mean of folds": functools.partial(cross_validated, refit=False),
    "elastic net of several shares": functools.partial(cross_validated, l1_ratios=[0.5, 1.0]),
}


QUICK = ("likelihood", "three classes", "L2", "weights", "separated", "formula", "hostile names")
EACH = pytest.mark.parametrize("kind", [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS])


def _ended() -> Any:
    with pytest.warns(ConvergenceWarning):
        return fitted(max_iter=1, C=np.inf)


@functools.cache
def case(kind: str) -> Any:
    """Model, X, y, weights."""
    return KINDS[kind]()


@functools.cache
def report(kind: str) -> Report:
    """Of a kind."""
    model, X, y, rows = case(kind)
    found = model.report(X, y, **rows)
    assert isinstance(found, Report)
    return found


def section(found: Report, anchor: str) -> Section:
    """By its anchor."""
    return next(one for one in found.sections if one.anchor == anchor)


def tables(found: Report, anchor: str, caption: str = "") -> list[Table]:
    """Those whose caption begins so."""
    return [block for block in section(found, anchor).blocks if isinstance(block, Table) and block.caption.startswith(caption)]


def texts(found: Report, anchor: str) -> str:
    """The paragraphs of a section."""
    return "\n".join(block.text for block in section(found, anchor).blocks if isinstance(block, Text))


# ---------------------------------------------------------------------------------------------------------- laws of every kind

ALWAYS = [
    "fit",
    "data",
    "coefficients",
    "discrimination",
    "confusion",
    "calibration",
    "course",
    "mistakes",
    "contributions",
    "card",
]


@EACH
def test_every_section_has_something_to_say(kind: str) -> None:
    """All sections, in their order; no empty block, no broken table, no figure without words."""
    found = report(kind)
    assert [one.anchor for one in found.sections if one.anchor != "pictures"] == ALWAYS
    for one in found.sections:
        assert one.title
        assert one.blocks
        for block in one.blocks:
            if isinstance(block, Text):
                assert block.text.strip()
            elif isinstance(block, Facts):
                assert block.rows
                assert all(isinstance(part, str) and part for pair in block.rows for part in pair)
            elif isinstance(block, Table):
                assert len({len(column) for column in block.columns.values()}) == 1
                assert len(next(iter(block.columns.values()))) > 0
                assert not block.by_class or block.by_class in block.columns
                assert all(column.ndim == 1 for column in block.columns.values())
            elif isinstance(block, Figure):
                assert block.display.alt
                assert block.caption


@EACH
def test_what_it_says_can_be_written_as_json(kind: str) -> None:
    """Strictly, and read back."""
    told = report(kind).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [one["anchor"] for one in told["sections"]] == [one.anchor for one in report(kind).sections]


@EACH
def test_scores_are_those_of_metrics(kind: str) -> None:
    """Overall, class by class, and the confusion matrix; of tensors to the rounding of torch's products beside NumPy's."""
    model, X, y, rows = case(kind)
    weight = rows.get("sample_weight", rows.get("freq_weights"))
    metrics = model.metrics(X, y, weight, offset=rows.get("offset"))
    overall, each = tables(report(kind), "discrimination")
    scores = dict(zip(overall.columns["measure"], overall.columns["value"], strict=True))
    rounding = 4e-16 if isinstance(X, torch.Tensor) else 0.0
    for name, attribute in (
        ("accuracy",) * 2,
        ("log loss", "log_loss"),
        ("balanced accuracy", "balanced_accuracy"),
        ("Brier score", "brier"),
    ):
        assert scores[name] == pytest.approx(getattr(metrics, attribute), rel=rounding, abs=0)
    assert all(low <= value <= high for _, value, low, high, _ in zip(*overall.columns.values(), strict=True) if low == low)
    for title, name in (("precision", "precision"), ("recall", "recall"), ("F1", "f1"), ("ROC AUC", "auc"), ("support", "support")):
        np.testing.assert_array_equal(each.columns[title], getattr(metrics, name))
    figure = section(report(kind), "confusion").blocks[0]
    np.testing.assert_array_equal(figure.display.confusion, metrics.confusion)


@EACH
def test_coefficients_are_those_of_the_summary(kind: str) -> None:
    """Every row of the table is a row of the summary's."""
    model = case(kind)[0]
    summary = model.summary()
    (table,) = tables(report(kind), "coefficients", "Coefficients")
    known = dict(zip(zip(summary.columns["term"], summary.columns["class"], strict=True), summary.columns["estimate"], strict=True))
    labels = table.columns.get("class", np.repeat(summary.columns["class"][0], len(table.columns["column"])))
    for term, label, estimate in zip(table.columns["column"], labels, table.columns["estimate"], strict=True):
        assert known[term, label] == estimate or estimate != estimate
    assert ("p" in table.columns) == bool(np.isfinite(summary.columns["p"]).any())
    if "p" not in table.columns:
        assert any(isinstance(block, Text) and block.tone == "warning" for block in section(report(kind), "coefficients").blocks)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_a_page(kind: str) -> None:
    """With all its sections, and none of the names as they came."""
    page = report(kind).html
    assert all(f'id="{one.anchor}"' in page for one in report(kind).sections)
    assert "<script>alert" not in page
    assert "<b>one" not in page


# -------------------------------------------------------------------------------------------------------------- what is said


def test_penalty_and_certificate_come_first() -> None:
    """In words, before any fact."""
    first, second, *_ = section(report("L2"), "fit").blocks
    assert "A penalty of strength C=1 pulls coefficients to zero: large coefficients cost their square" in first.text
    assert second.text.startswith("Certified. The objective is ")
    assert section(report("separated"), "fit").blocks[1].tone == "warning"
    assert section(report("early end"), "fit").blocks[1].text.startswith("Not certified (max_iter)")
    assert "estimated, not proved" in texts(report("Firth"), "fit")
    assert "standardised columns" in texts(report("no intercept"), "fit")


def test_the_fit_can_be_done_again() -> None:
    """By the command line that was typed, or by the settings that the model keeps: they give the same coefficients."""
    assert "logistic fit people.csv --target job" in texts(report("model-1-text"), "fit")
    for kind in ("L1", "Firth", "no intercept", "formula"):
        estimator, X, y, _ = case(kind)
        (code,) = [
            block.text for block in section(report(kind), "fit").blocks if isinstance(block, Text) and block.tone == "command"
        ]
        names: dict[str, Any] = {"X": X, "y": y, "data": X}
        exec(code, names)
        np.testing.assert_array_equal(names["model"].coef_, estimator.coef_)


def test_rows_of_the_fit_are_known() -> None:
    """And judged with a warning; other rows, or other weights, are not."""
    estimator, X, y, _ = case("likelihood")
    assert "so all that follows flatters it" in texts(report("likelihood"), "data")
    assert tables(report("likelihood"), "calibration", "Hosmer-Lemeshow test")
    assert tables(report("likelihood"), "mistakes", "Rows that move the fit most")
    for other in (estimator.report(X[:-1], y[:-1]), estimator.report(X, y, np.where(np.arange(90) > 3, 1.0, 0.5))):
        assert "flatters" not in texts(other, "data")
        assert not tables(other, "calibration", "Hosmer-Lemeshow")
        assert tables(other, "calibration", "Calibration intercept and slope")


def test_rows_of_every_fit_are_known() -> None:
    """Also of one that a path chose, and of one whose weights leave rows out; sparse ones, and without an intercept."""
    for kind in ("cross-validated", "elastic net of several shares", "sparse", "no intercept", "offset", "frequencies", "Firth"):
        assert "so all that follows flatters it" in texts(report(kind), "data"), kind
    zeros = np.arange(90) % 5 * 1.0
    for name in ("sample_weight", "freq_weights"):
        estimator, X, y, rows = fitted(3, {name: zeros}, C=np.inf)
        found = estimator.report(X, y, **rows)
        assert found.rows == 72
        assert "so all that follows flatters it" in texts(found, "data")


def test_new_rows_are_never_taken_for_those_of_the_fit() -> None:
    """Though they be as many and as likely, as where classes lie far apart."""
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    X, new = (rng.normal(scale=0.01, size=(100, 2)) + 1000.0 * np.column_stack([y, y * 0]) for _ in range(2))
    with pytest.warns(SeparationWarning):
        estimator = LogisticRegression(C=np.inf).fit(X, y)
    assert "flatters" in texts(estimator.report(X, y), "data")
    assert "flatters" not in texts(estimator.report(new, y), "data")


def test_rows_that_cannot_be_told_from_those_of_the_fit_are_doubted() -> None:
    """Class weights are not kept by a model; so as many rows may be its own."""
    estimator, X, y, _ = fitted(class_weight="balanced")
    assert "If they are the same rows, all that follows is better" in texts(estimator.report(X, y), "data")
    assert "If they are the same rows" not in texts(estimator.report(X[:-1], y[:-1]), "data")


def test_what_holds_at_a_maximum_is_said_there_only() -> None:
    """The slope is 1, and the distribution of the test known, where the likelihood is largest."""
    told = "The calibration slope of a fit without a penalty is 1"
    assert told in texts(report("likelihood"), "calibration")
    for kind in ("early end", "offset"):
        assert told not in texts(report(kind), "calibration"), kind
    bare, X, y, _ = fitted(C=np.inf, fit_intercept=False)
    found = bare.report(X, y)
    assert told not in texts(found, "calibration")
    assert abs(tables(found, "calibration", "Calibration intercept and slope")[0].columns["estimate"][1] - 1) > 1e-6
    for kind in ("early end", "L2", "L1", "separated"):
        assert not tables(report(kind), "calibration", "Hosmer-Lemeshow"), kind
    assert tables(report("Firth"), "calibration", "Hosmer-Lemeshow")


def test_words_are_true_of_every_penalty_and_class() -> None:
    """No maximum is claimed where there is none, no zero where there may be none, no class to compare with where there is none."""
    assert "No penalty: sought are the coefficients" in texts(report("separated"), "fit")
    assert "are those of the coefficients at which the search stopped" in texts(report("separated"), "coefficients")
    weak, X, y, _ = fitted(C=1e4, l1_ratio=1.0)
    assert (weak.coef_ != 0).all()
    assert "so that some may be exactly zero" in texts(weak.report(X, y), "fit")
    assert "log-odds of the class against the one that it is compared with" in texts(report("three classes"), "coefficients")
    assert "probability of the class less the mean of all" in texts(report("L2"), "coefficients")
    for kind, step in (("likelihood", "one unit, averaged"), ("formula", "one unit, or for another level, averaged")):
        assert step in tables(report(kind), "coefficients", "Average marginal effects")[0].caption


def test_no_limit_of_a_loss_is_below_zero() -> None:
    """Though one row lost nearly all; nor is a residual minus zero."""
    X = np.array([[-1.0], [1.0]] * 20)
    y = np.arange(40) % 2
    estimator = LogisticRegression(C=1e3).fit(X, y)
    (overall,) = tables(estimator.report(X, np.append(y[:-1], 0)), "discrimination", "Overall")
    assert (overall.columns["low"][1:3] == 0).all()
    assert (overall.columns["high"][1:3] > overall.columns["value"][1:3]).all()
    (residuals,) = tables(estimator.report(1e4 * X[y == 0], y[y == 0]), "mistakes", "Deviance residuals")
    assert not any(np.signbit(column[0]) for column in residuals.columns.values())


def test_frequencies_that_rows_lack_are_missed() -> None:
    """A fit of observations that is judged by rows."""
    estimator, X, y, _ = case("frequencies")
    assert "rows for 223 observations; here each row counts once" in texts(estimator.report(X, y), "data")
    assert "counts once" not in texts(report("frequencies"), "data") + texts(report("likelihood"), "data")


@pytest.mark.parametrize("unit", [1e290, *(pytest.param(unit, marks=pytest.mark.slow) for unit in (1e100, 1e-290))])
def test_the_unit_of_weights_does_not_matter(unit: float) -> None:
    """Where the squares of weights, or all their digits, are too long."""
    estimator, X, y, _ = case("three classes")
    found = estimator.report(X, y, sample_weight=np.full(90, unit))
    assert len(found.html) < 1e6
    for anchor, caption in (("discrimination", "Overall"), ("calibration", "Bins of equal width")):
        (mine,), (plain,) = (tables(one, anchor, caption) for one in (found, report("three classes")))
        for name in ("low", "high"):
            np.testing.assert_allclose(mine.columns[name], plain.columns[name], rtol=1e-9, atol=1e-12)


def test_an_empty_title_is_none() -> None:
    """A page has a heading."""
    estimator, X, y, _ = case("likelihood")
    assert estimator.report(X, y, title=" ").title == report("likelihood").title


def test_the_table_of_mistakes_says_how_rows_are_counted() -> None:
    """From the first of X, which is 0."""
    (table,) = tables(report("three classes"), "mistakes", "The worst")
    assert table.notes[0] == "Rows are counted from 0, in the order of the data."
    assert "thought least likely" in table.caption
    assert (np.diff(table.columns["probability of true"]) >= 0).all()


def test_effects_are_those_of_inference() -> None:
    """Of fits that have errors and no penalty, by the columns of the data where there is a formula."""
    for kind in ("likelihood", "three classes", "formula", "weights"):
        model, X, _, rows = case(kind)
        (table,) = tables(report(kind), "coefficients", "Average marginal effects")
        record = avg_slopes(model, X, **rows)
        np.testing.assert_allclose(table.columns["estimate"], record.table["estimate"], rtol=1e-12)
        np.testing.assert_allclose(table.columns["std. error"], record.table["std_error"], rtol=1e-9)
        assert table.columns["term"].tolist() == record.table["term"].tolist()
    for kind in ("L2", "spread of penalised", "separated"):
        assert not tables(report(kind), "coefficients", "Average marginal effects")


def test_thresholds_count_every_row_once() -> None:
    """At each threshold; at one half they are the confusion matrix."""
    (block,) = [block for block in section(report("frequencies"), "confusion").blocks if isinstance(block, Thresholds)]
    model, X, y, rows = case("frequencies")
    p, weight = model.predict_proba(X)[:, 1], rows["freq_weights"]
    for at, *counts in zip(
        block.threshold, block.true_positive, block.false_positive, block.false_negative, block.true_negative, strict=True
    ):
        hit, yes = p >= at, y == "yes"
        assert counts == [weight[mine].sum() for mine in (hit & yes, hit & ~yes, ~hit & yes, ~hit & ~yes)]
    assert not [block for block in section(report("L2"), "confusion").blocks if isinstance(block, Thresholds)]


def test_the_worst_mistakes_are_the_surest_errors() -> None:
    """With their row numbers, in order, and the worst of them is explained."""
    model, X, y, _ = case("L2")
    (table,) = tables(report("L2"), "mistakes", "The worst of ")
    p = model.predict_proba(X)
    true = p[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    wrong = np.flatnonzero(model.predict(X) != y)
    np.testing.assert_array_equal(table.columns["row"], wrong[np.argsort(true[wrong])][:20])
    np.testing.assert_allclose(table.columns["probability of true"], np.sort(true[wrong])[:20], rtol=1e-12)
    for name, j in (("x0", 0), ("x2", 2)):
        np.testing.assert_array_equal(table.columns[name], X[table.columns["row"], j])
    captions = [block.caption for block in section(report("L2"), "contributions").blocks if isinstance(block, Figure)]
    assert captions[0].startswith(f"Row {table.columns['row'][0]}, the worst mistake: ")
    assert "a typical row" in captions[1]


def test_chosen_rows_are_explained() -> None:
    """In the order given; a row that there is not is refused."""
    estimator, X, y, _ = case("L2")
    found = estimator.report(X, y, rows=[7, 3])
    captions = [block.caption for block in section(found, "contributions").blocks if isinstance(block, Figure)]
    assert [caption.split(":")[0] for caption in captions] == ["Row 7", "Row 3"]
    for row in (90, -1, 1.5, "3", True):
        with pytest.raises(InputError, match="is none of the 90 rows of the report, which are from 0 to 89"):
            estimator.report(X, y, rows=[row])
    with pytest.raises(InputError, match=r"rows is 3; pass a list of row numbers, such as \[0\]"):
        estimator.report(X, y, rows=3)
    assert section(estimator.report(X, y, rows=[7, 7]), "contributions").blocks[1:][1:] == ()


def test_columns_that_say_little_or_the_same_are_named() -> None:
    """Constant, nearly constant, combinations, and levels with their rows."""
    X, y = problem(p=4, n=300)
    X[:, 1], X[:, 2] = 7.0, np.where(np.arange(300) < 2, 1.5, 0.25)
    X[:, 3] = X[:, 0] + 1e-3 * X[:, 3]
    found = LogisticRegression().fit(X, y).report(X, y)
    assert "1 column constant in these rows: x1." in texts(found, "data")
    assert "1 column with one value in 99% of the rows or more: x2 (99.33%)." in texts(found, "data")
    (table,) = tables(found, "data", "Columns that others explain")
    assert sorted(table.columns["column"]) == ["x0", "x3"]
    assert "Combinations of other columns in the fit: x3, x4" in texts(report("aliased"), "data")
    (levels,) = tables(report("formula"), "data", "Levels of categories")
    data = births()
    for factor, level, count, reference in zip(*levels.columns.values(), strict=True):
        assert count == (data["race" if factor == "C(race)" else factor].astype(str) == level).sum()
        assert (reference == "yes") == (level in ("1", "A & E"))


def test_the_spread_of_columns_is_the_same_dense_and_sparse() -> None:
    """And with weights it is that of rows written out."""
    estimator, X, y, _ = case("sparse")
    times = np.arange(90) % 3 + 1
    weighted = [estimator.report(rows, y, freq_weights=times) for rows in (X, X.toarray())]
    written = estimator.report(np.repeat(X.toarray(), times, axis=0), np.repeat(y, times))
    first, *others = (tables(found, "data", "Columns")[0].columns for found in (written, *weighted))
    for other in others:
        for name, column in first.items():
            if name == "column":
                assert column.tolist() == other[name].tolist()
            else:
                np.testing.assert_allclose(other[name], column, rtol=1e-12, atol=1e-12)


def test_frequencies_are_rows_written_out() -> None:
    """Scores and their intervals; a row of weight zero is as if absent, and the others keep their numbers."""
    estimator, X, y, _ = case("likelihood")
    times = np.arange(90) % 3
    found = estimator.report(X, y, freq_weights=times)
    written = estimator.report(np.repeat(X, times, axis=0), np.repeat(y, times))
    ours, theirs = (tables(one, "discrimination", "Overall")[0].columns for one in (found, written))
    for name in ("value", "low", "high", "without columns"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12)
    assert found.rows == 60
    (table,) = tables(found, "mistakes", "The worst of ")
    assert (times[table.columns["row"]] > 0).all()


def test_pictures_fit_the_data() -> None:
    """Regions of two columns, images of pixels, else the strongest columns; of one column there is nothing to see."""
    kinds = {
        "two columns": ["DecisionRegionsDisplay"],
        "two numbers by formula": ["DecisionRegionsDisplay"],
        "pixels": ["WeightsDisplay", "ImageDisplay"],
        "L2": ["ScatterDisplay"],
    }
    for kind, displays in kinds.items():
        blocks = section(report(kind), "pictures").blocks
        assert [type(block.display).__name__ for block in blocks if isinstance(block, Figure)] == displays
    assert "pictures" not in [one.anchor for one in report("one column").sections]
    X = case("pixels")[1]
    named = pd.DataFrame(X, columns=["".join(chr(97 + int(d)) for d in f"{j:02}") for j in range(64)])
    found = LogisticRegression().fit(named, case("pixels")[2]).report(named, case("pixels")[2])
    assert type(section(found, "pictures").blocks[0].display).__name__ == "ScatterDisplay"


def test_a_class_that_no_row_has_is_told() -> None:
    """As it is where no row is taken for another class, and of a single row."""
    estimator, X, y, _ = case("L2")
    found = estimator.report(X[y != "never"], y[y != "never"])
    assert "No row is never: nothing here can say how well such rows are told." in texts(found, "data")
    assert any("no row of y is 'never'" in note.lower() for note in tables(found, "discrimination", "Each class")[0].notes)
    for kind in ("L2", "likelihood", "formula"):
        model, rows, labels, _ = case(kind)
        single = model.report(rows[5:6], labels[5:6])
        assert single.rows == 1
        json.dumps(single.to_dict(), allow_nan=False)


def test_slope_says_when_probabilities_are_too_extreme() -> None:
    """Of a model whose coefficients were multiplied."""
    X, y = problem(n=2000)
    model = LogisticRegression(C=np.inf).fit(X, y).model_
    wild = replace(model, coef=3 * model.coef, base=3 * model.base)
    (table,) = tables(wild.report(X, y), "calibration", "Calibration intercept")
    assert any("too extreme" in note for note in table.notes)
    assert table.columns["estimate"][1] == pytest.approx(1 / 3, rel=1e-6)


# -------------------------------------------------------------------------------------------------------- refused, in words


def test_rows_that_cannot_be_judged_are_refused() -> None:
    """Missing labels and entries, labels that the fit did not see, distributions, lengths."""
    model, X, y, _ = case("likelihood")
    model = model.model_
    holes = X.copy()
    holes[4, 1] = np.nan
    labels: list[Any] = [*y[:-1], None]
    for told, words in (
        ((X, labels), "y is missing in row 89"),
        ((holes, y), "X is missing .NaN. in row 4, column 1"),
        ((X, np.where(np.arange(90) == 3, "other", y)), "other"),
        ((X, np.full((90, 2), 0.5)), "y holds distributions; a report needs one label a row"),
        ((X[:, :2], y), "X has 2 columns"),
        ((X, None), "y is missing"),
    ):
        with pytest.raises(InputError, match=words):
            model.report(*told)
    with pytest.raises(InputError, match="no row has a positive weight"):
        model.report(X, y, np.zeros(90))
    with pytest.raises(InputError, match="lies so far out"):
        replace(model, coef=9 * abs(model.coef)).report(np.where(np.arange(90)[:, None] == 8, 1e308, X), y)
    far = model.report(np.where(np.arange(90)[:, None] == 8, 1e306 * np.sign(model.coef), X), y)
    assert "pictures" not in [one.anchor for one in far.sections]


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_a_missing_package_is_named_with_its_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any work."""
    monkeypatch.setitem(sys.modules, package, None)
    estimator, X, y, _ = case("likelihood")
    with pytest.raises(InputError, match=rf"{package}, which is not installed: pip install 'logistic\[report\]'"):
        estimator.report(X, y)


# ---------------------------------------------------------------------------------------------------------- files, notebooks

AGAIN = """
import sys
import numpy as np
from logistic import load
rows = np.load(sys.argv[2])
load(sys.argv[1]).report(rows["X"], rows["y"]).save(sys.argv[3])
"""


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the seed of its hashes, its folder, and whether figures of pyplot exist."""
    X, y = problem(3)
    LogisticRegression().fit(X, y).save(tmp_path / "m")
    np.savez(tmp_path / "rows.npz", X=X, y=y)
    load(tmp_path / "m").report(X, y).save(tmp_path / "here.html")
    command = [sys.executable, "-c", AGAIN, str(tmp_path / "m"), str(tmp_path / "rows.npz"), "there.html"]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert (tmp_path / "here.html").read_bytes() == (tmp_path / "there.html").read_bytes()
    assert str(tmp_path) not in (tmp_path / "here.html").read_text()


def test_a_file_is_replaced_by_a_whole_one_or_not_at_all(tmp_path: Path) -> None:
    """As a model's is."""
    found = report("two columns")
    (tmp_path / "r.html").write_text("old")
    found.save(tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == found.html
    with pytest.raises(OSError, match="create it first"):
        found.save(tmp_path / "nowhere" / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_a_notebook_shows_it_in_a_frame_of_its_own() -> None:
    """Whose scripts reach nothing outside; no figures of pyplot are left for the notebook to show."""
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    estimator, X, y, _ = case("two columns")
    found = estimator.report(X, y, title='<"Title">')
    frame = found._repr_html_()
    assert plt.get_fignums() == before
    assert re.match(r'<iframe title="&lt;&quot;Title&quot;&gt;" sandbox="allow-scripts" ', frame)
    assert frame.count("<") == 2
    (inside,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert unescape(inside) == found.html


def test_in_short() -> None:
    """One line, for a terminal."""
    said = str(report("L2"))
    assert re.fullmatch(
        r"Report of a model of 4 classes on 90 rows: accuracy 0\.\d{4}, log loss [\d.]+; L2 penalty, .*; converged", said
    )
    assert repr(report("L2")) == f"<{said}>"
    assert report("model-1-text").title == "Logistic regression of job"
    assert report("likelihood").title == "Logistic regression of yes against no"
    assert report("L2").title == "Logistic regression of never, no, perhaps, yes"


def test_a_model_has_the_report_of_its_estimator() -> None:
    """But for the course of the fit."""
    estimator, X, y, _ = case("L2")
    assert isinstance(estimator.model_, Model)
    ours, theirs = (found.to_dict()["sections"] for found in (report("L2"), estimator.model_.report(X, y)))
    assert [a["anchor"] for a, b in zip(ours, theirs, strict=True) if a != b] == ["course"]


# --------------------------------------------------------------------------------------------------------- many columns, rows


def test_many_columns_are_named_once() -> None:
    """Of ten thousand the strongest are shown, and the limit is said."""
    rng = np.random.default_rng(0)
    X = csr_array(np.where(rng.random((60, 10_000)) < 0.01, 1.5, 0.0))
    y = rng.integers(0, 3, 60)
    found = LogisticRegression().fit(X, y).report(X, y)
    (table,) = tables(found, "coefficients", "Coefficients in the units of the data, the 33 strongest of 10,000 columns")
    assert len(table.columns["column"]) == 34 * 3
    assert tables(found, "data", "Columns, the 40 strongest of 10,000")


MANY = """
import resource, sys, threading, time
import numpy as np
from logistic import LogisticRegression

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

n, p = 1_000_000, 20
rng = np.random.default_rng(0)
X = np.empty((n, p))
for start in range(0, n, 10_000):
    X[start : start + 10_000] = rng.normal(size=(10_000, p))
y = np.where(X[:, 0] + rng.logistic(size=n) > 0, "yes", "no")
model = LogisticRegression().fit(X[:50_000], y[:50_000]).model_
model.report(X[:2_000], y[:2_000]).html
before = peak = resident()
done = False

def watch():
    global peak
    while not done:
        peak = max(peak, resident())
        time.sleep(0.002)

watcher = threading.Thread(target=watch)
watcher.start()
size = len(model.report(X, y).html)
done = True
watcher.join()
print(peak - before, size)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/statm")
def test_a_million_rows_take_little_room() -> None:
    """In memory 64 MB and 50 numbers a row beyond the data; in the page less than 10 MB, whatever their number."""
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True)
    grown, size = map(int, done.stdout.split())
    assert grown <= 64 * 2**20 + 50 * 8 * 1_000_000, f"{grown / 2**20:.0f} MB grown"
    assert size < 10e6
