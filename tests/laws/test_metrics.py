"""Metrics are what scikit-learn and a pencil say, whatever the labels are called and however the rows are counted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics as theirs

from logistic import InputError
from logistic.outputs.metrics import Average, Counts, Metrics, metrics
from support import fit_arrays, overlapping

OVERALL = ("total", "accuracy", "balanced_accuracy", "log_loss", "brier", "macro", "weighted")
PER_CLASS = ("precision", "recall", "f1", "auc", "support")
LABELS: dict[str, list[Any]] = {
    "text": ["a", "b, c", "été ☃"],
    "int": [-7, 0, 2**53],
    "float": [-1.0, 0.5, 1e300],
    "bool": [False, True],
    "two ints": [0, 1],
}


def drawn(seed: int, n: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,) and distributions (n, K) that know something of them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, K)) * 2
    codes = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    p = np.exp(logits)
    return codes, p / p.sum(axis=1, keepdims=True)


def tied(seed: int, n: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,) and distributions (n, K) of few different numbers, with zeros and ties."""
    rng = np.random.default_rng(seed)
    parts = rng.integers(0, 3, size=(n, K)) + np.eye(K, dtype=int)[rng.integers(0, K, size=n)]
    return rng.integers(0, K, size=n), parts / parts.sum(axis=1, keepdims=True)


def sharp(labels: np.ndarray, K: int) -> np.ndarray:
    """Distributions (n, K) whose likeliest classes are the given codes."""
    return (np.eye(K)[labels] + 0.1) / (1 + 0.1 * K)


def same(a: Metrics, b: Metrics, order: Any = slice(None)) -> None:
    """The same numbers, those of b's classes taken in ``order``."""
    for name in OVERALL:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12, atol=1e-14, err_msg=name)
    for name in PER_CLASS:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name)[order], rtol=1e-12, atol=1e-14, err_msg=name)
    np.testing.assert_allclose(a.confusion, b.confusion[order][:, order], rtol=1e-12)


def strict(m: Metrics) -> Any:
    """What strict JSON gives back."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(m.to_json(), parse_constant=refuse)


# ------------------------------------------------------------------------------------------------------------- by pencil


def tumors() -> Metrics:
    """The confusion [[56 2] [1 91]] of the lesson on tumors."""
    true = np.repeat(["benign", "malignant"], [58, 92])
    predicted = np.repeat([0, 1, 0, 1], [56, 2, 1, 91])
    return metrics(true, sharp(predicted, 2), ["benign", "malignant"])


def test_the_lesson_comes_out() -> None:
    """E4 of the lessons: its four-digit numbers, and the counts with the second class as the positive one."""
    m = tumors()
    assert m.confusion.tolist() == [[56, 2], [1, 91]]
    assert m.counts == Counts(tp=91, tn=56, fp=2, fn=1)
    found = np.round([m.precision, m.recall, m.f1], 4).T.tolist()
    assert found == [[0.9825, 0.9655, 0.9739], [0.9785, 0.9891, 0.9838]]
    assert (round(m.accuracy, 4), m.support.tolist(), m.rows, m.total) == (0.98, [58, 92], 150, 150.0)
    np.testing.assert_allclose(m.weighted[:3], [0.9800, 0.9800, 0.9800], atol=5e-5)


def test_three_rows_by_hand() -> None:
    """Every number of three rows of weights 1, 2 and 5."""
    p = [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.0, 0.25, 0.75]]
    m = metrics(["a", "b", "c"], p, ["a", "b", "c"], [1, 2, 5])
    assert m.confusion.tolist() == [[1, 0, 0], [2, 0, 0], [0, 0, 5]]
    assert (m.rows, m.total, m.accuracy, m.support.tolist()) == (3, 8.0, 0.75, [1, 2, 5])
    assert m.precision.tolist() == pytest.approx([1 / 3, 0, 1])
    assert m.recall.tolist() == pytest.approx([1, 0, 1])
    assert m.f1.tolist() == pytest.approx([1 / 2, 0, 1])
    # a against the rest: half of b's 2 tie with it and c's 5 are below; b ties with all; c is above all.
    assert m.auc.tolist() == pytest.approx([6 / 7, 1 / 2, 1])
    assert m.balanced_accuracy == pytest.approx(2 / 3)
    assert m.macro == pytest.approx(Average(4 / 9, 2 / 3, 1 / 2, (6 / 7 + 1 / 2 + 1) / 3))
    assert m.weighted == pytest.approx(Average((1 / 3 + 5) / 8, 6 / 8, 5.5 / 8, (6 / 7 + 1 + 5) / 8))
    assert m.log_loss == pytest.approx((np.log(2) + 2 * np.log(4) + 5 * np.log(4 / 3)) / 8)
    assert m.brier == pytest.approx((0.375 + 2 * (0.25 + 0.5625 + 0.0625) + 5 * 0.125) / 8)
    assert m.counts is None


def test_two_classes_have_half_the_brier_score() -> None:
    """The mean of (p - t)² of the second class."""
    assert metrics([0, 1], [[0.9, 0.1], [0.4, 0.6]], [0, 1]).brier == pytest.approx((0.01 + 0.16) / 2)
    assert metrics([0, 0], [[0.0, 1.0], [0.0, 1.0]], [0, 1]).brier == 1.0
    assert metrics([0, 0], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0, 1, 2]).brier == 2.0


# --------------------------------------------------------------------------------------------------------- by scikit-learn


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("K", "n"), [(2, 60), (3, 90), (7, 200), (100, 3000)])
def test_scikit_learn_agrees(K: int, n: int, weighted: bool) -> None:
    """On rows of every class."""
    codes, p = drawn(K, n, K)
    codes[:K] = np.arange(K)
    w = np.random.default_rng(K).uniform(0.5, 2, size=n) if weighted else None
    m = metrics(codes, p, np.arange(K), w)
    report = theirs.classification_report(codes, p.argmax(axis=1), sample_weight=w, output_dict=True, zero_division=0)
    for ours, name in ((m.precision, "precision"), (m.recall, "recall"), (m.f1, "f1-score"), (m.support, "support")):
        np.testing.assert_allclose(ours, [report[str(k)][name] for k in range(K)], rtol=1e-12)
    for ours_average, name in ((m.macro, "macro avg"), (m.weighted, "weighted avg")):
        np.testing.assert_allclose(ours_average[:3], [report[name][kind] for kind in ("precision", "recall", "f1-score")])
    assert m.accuracy == pytest.approx(report["accuracy"])
    assert m.balanced_accuracy == pytest.approx(theirs.balanced_accuracy_score(codes, p.argmax(axis=1), sample_weight=w))
    assert m.log_loss == pytest.approx(theirs.log_loss(codes, p, sample_weight=w))
    squares = ((np.eye(K)[codes] - p) ** 2).sum(axis=1) / (2 if K == 2 else 1)
    assert m.brier == pytest.approx(np.average(squares, weights=w))
    for ours_average, name in ((m.macro, "macro"), (m.weighted, "weighted")):
        scores, options = (p[:, 1], {}) if K == 2 else (p, {"multi_class": "ovr"})
        auc = theirs.roc_auc_score(codes, scores, average=name, sample_weight=w, **options)
        assert ours_average.auc == pytest.approx(auc)
    np.testing.assert_allclose(m.confusion.sum(axis=1), m.support)
    assert not m.notes


def test_a_fitted_model_scores_its_own_objective() -> None:
    """The log loss on the rows of an unpenalised fit is its certified minimum; the accuracy is that of its labels."""
    for K in (2, 4):
        X, codes = overlapping(K, 150, 3, K)
        model = fit_arrays(X, codes, alpha=0.0).model
        m = metrics(codes, model.predict_proba(X), model.classes, log_probabilities=model.predict_log_proba(X))
        assert m.log_loss == pytest.approx(model.certificate.value, rel=1e-12)
        assert m.accuracy == (model.predict(X) == codes).mean()
        same(m, metrics(codes, model.predict_proba(X), model.classes))


# ------------------------------------------------------------------------------------------------------------ invariances


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 25), K=st.integers(2, 5))
def test_the_order_of_rows_does_not_matter(seed: int, n: int, K: int) -> None:
    """With or without weights, zeros among them."""
    codes, p = tied(seed, n, K)
    order = np.random.default_rng(seed).permutation(n)
    same(metrics(codes, p, np.arange(K)), metrics(codes[order], p[order], np.arange(K)))
    w = np.arange(n) % 3 + (np.arange(n) == 0)
    same(metrics(codes, p, np.arange(K), w), metrics(codes[order], p[order], np.arange(K), w[order]))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 25), K=st.integers(2, 5))
def test_a_weight_is_a_number_of_rows(seed: int, n: int, K: int) -> None:
    """Whole weights give what repeated rows give, and weight 0 what no row gives; the notes too."""
    codes, p = tied(seed, n, K)
    w = np.random.default_rng(seed).integers(0, 4, size=n)
    w[0] = max(w[0], 1)
    weighted, repeated = metrics(codes, p, np.arange(K), w), metrics(np.repeat(codes, w), np.repeat(p, w, axis=0), np.arange(K))
    same(weighted, repeated)
    assert weighted.notes == repeated.notes
    assert (weighted.rows, repeated.rows) == (n, w.sum())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 25), K=st.integers(2, 5))
def test_the_order_of_classes_does_not_matter(seed: int, n: int, K: int) -> None:
    """Columns and labels in another order give the same numbers in that order, where no two probabilities are equal."""
    codes, p = drawn(seed, n, K)
    order = np.random.default_rng(seed).permutation(K)
    names = np.array(["d", "b", "e", "a", "c"])[:K]
    same(metrics(names[codes], p[:, order], names[order]), metrics(names[codes], p, names), order)


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_are_only_names(labels: list[Any]) -> None:
    """Labels of any type give the numbers of codes, in NumPy, as a list, and in a data frame."""
    K = len(labels)
    codes, p = drawn(5, 40, K)
    named = [labels[k] for k in codes]
    plain = metrics(codes, p, range(K))
    for y in (named, np.array(named), np.array(named, dtype=object), pd.Series(named), pl.Series(named)):
        m = metrics(y, p, labels)
        same(m, plain)
        assert m.classes.tolist() == labels
        assert strict(m)["classes"] == labels
        assert list(strict(m)["per_class"]) == [str(label) for label in m.classes]


def test_probabilities_come_in_any_container() -> None:
    """Lists, data frames and float32, whose rows sum to one as nearly as they can."""
    codes, p = drawn(6, 30, 3)
    plain = metrics(codes, p, range(3))
    for given_as in (p.tolist(), pd.DataFrame(p), pl.DataFrame(p)):
        same(metrics(codes, given_as, range(3)), plain)
    assert metrics(codes, p.astype(np.float32), range(3)).log_loss == pytest.approx(plain.log_loss, rel=1e-6)


# -------------------------------------------------------------------------------------------------------------- the corners


def test_classes_that_y_lacks() -> None:
    """Recall 0, no ROC AUC, a note that names them; balanced accuracy, macro ROC AUC and averages are of what is there."""
    m = metrics(["a", "a", "b"], sharp(np.array([0, 1, 1]), 4), ["a", "b", "c", "d"])
    assert m.recall.tolist() == [0.5, 1, 0, 0]
    np.testing.assert_array_equal(np.isnan(m.auc), [False, False, True, True])
    assert m.balanced_accuracy == 0.75
    assert m.macro == pytest.approx(Average(0.75, 0.75, 2 / 3, m.auc[:2].mean()))
    assert m.notes == (
        "no row of y is 'c', 'd': recall counts as 0, ROC AUC is undefined",
        "no row is predicted as 'c', 'd': precision counts as 0",
        "neither in y nor predicted, so left out of the averages: 'c', 'd'",
    )
    assert strict(m)["per_class"]["c"] == {"precision": 0, "recall": 0, "f1": 0, "auc": "nan", "support": 0}
    assert re.search(r"^c +0\.0000  0\.0000  0\.0000 +-  +0$", str(m), re.MULTILINE)
    assert str(m).endswith("\n\n" + "\n".join(m.notes))


def test_a_class_that_is_predicted_in_vain() -> None:
    """It counts in the averages of precision, recall and F1, as in scikit-learn's report, not in the balanced accuracy."""
    true, predicted = np.array([0, 0, 1]), np.array([0, 2, 1])
    m = metrics(true, sharp(predicted, 3), [0, 1, 2])
    report = theirs.classification_report(true, predicted, output_dict=True, zero_division=0)
    assert m.macro[:3] == pytest.approx([report["macro avg"][kind] for kind in ("precision", "recall", "f1-score")])
    assert (m.macro.recall, m.balanced_accuracy) == (0.5, 0.75)


@pytest.mark.parametrize("K", [2, 3])
def test_a_single_class_has_no_roc_curve(K: int) -> None:
    """NaN and a reason, without a warning; everything else is a number."""
    m = metrics([1, 1, 1], sharp(np.array([1, 1, 0]), K), range(K))
    assert np.isnan([*m.auc, m.macro.auc, m.weighted.auc]).all()
    assert "every row of y is 1: there is nothing to rank it against, so no ROC AUC" in m.notes
    found = strict(m)
    assert (found["macro"]["auc"], found["accuracy"], found["balanced_accuracy"]) == (
        "nan",
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    )


def test_a_perfect_prediction() -> None:
    """All ones, a log loss of plain 0, no notes."""
    m = metrics([0, 1, 1], np.eye(2)[[0, 1, 1]], [0, 1])
    assert (m.accuracy, m.balanced_accuracy, m.brier, str(m.log_loss)) == (1, 1, 0, "0.0")
    assert m.macro == m.weighted == (1, 1, 1, 1)
    assert m.notes == ()


def test_the_log_loss_is_not_clipped() -> None:
    """Infinite where a true label got probability 0, unless its logarithm is known; scikit-learn would say 36."""
    p = np.array([[1.0, 0.0], [0.5, 0.5]])
    m = metrics([1, 0], p, [0, 1])
    assert m.log_loss == np.inf
    assert strict(m)["log_loss"] == "inf"
    assert re.search(r"^log loss +inf$", str(m), re.MULTILINE)
    known = metrics([1, 0], p, [0, 1], log_probabilities=[[0.0, -800.0], [np.log(0.5), np.log(0.5)]])
    assert known.log_loss == pytest.approx((800 + np.log(2)) / 2)
    assert metrics([1, 0], p, [0, 1], log_probabilities=[[0.0, -np.inf], [np.log(0.5)] * 2]).log_loss == np.inf
    assert theirs.log_loss([1, 0], p) < 20


def test_a_label_of_weight_zero_costs_nothing() -> None:
    """Neither its probability 0 nor that the classes do not know it."""
    m = metrics(["a", "b", "?"], [[0.8, 0.2], [0.2, 0.8], [1.0, 0.0]], ["a", "b"], [1.0, 1.0, 0.0])
    assert (m.accuracy, m.log_loss, m.total, m.rows) == (1.0, pytest.approx(-np.log(0.8)), 2.0, 3)


def test_logarithms_rank_what_probabilities_cannot() -> None:
    """Three rows whose probabilities round to 1 are in order by their logarithms."""
    eta = np.array([40.0, 50.0, 60.0])
    p, logs = np.column_stack([np.exp(-eta), np.ones(3)]), np.column_stack([-eta, -np.exp(-eta)])
    assert metrics([0, 1, 1], p, [0, 1]).auc[1] == 0.5
    assert metrics([0, 1, 1], p, [0, 1], log_probabilities=logs).auc.tolist() == [1, 1]


def test_importing_it_loads_no_scikit_learn() -> None:
    """Predicting must not pay for measuring."""
    code = "import sys, logistic.outputs.metrics, logistic.outputs.agreement\nsys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


# -------------------------------------------------------------------------------------------------------------- the text

PRINTED = """\
Predictions of 2 classes for 150 rows

               precision  recall      F1  ROC AUC  support
benign            0.9825  0.9655  0.9739   0.9773       58
malignant         0.9785  0.9891  0.9838   0.9773       92

macro mean        0.9805  0.9773  0.9788   0.9773      150
weighted mean     0.9800  0.9800  0.9800   0.9773      150

accuracy              0.9800
balanced accuracy     0.9773
log loss            0.134969
Brier score        0.0236111

confusion matrix (a row a true class, a column a predicted one)
           benign  malignant
benign         56          2
malignant       1         91
positive is malignant: TP 91, TN 56, FP 2, FN 1"""


def test_it_prints() -> None:
    """The whole text of the lesson."""
    assert str(tumors()) == PRINTED


def test_weights_print_as_weights() -> None:
    """Fractions keep their digits, and the total is told."""
    text = str(metrics([0, 1, 1], sharp(np.array([0, 1, 0]), 2), [0, 1], [0.25, 1234.5, 2]))
    assert text.startswith("Predictions of 2 classes for 3 rows, total weight 1,236.75\n")
    assert "\n      0        1\n0  0.25        0\n1     2  1,234.5\n" in text
    assert text.endswith("TP 1,234.5, TN 0.25, FP 0, FN 2")


def test_long_and_wild_names_are_clipped() -> None:
    """A name takes one line and at most 40 characters, 12 above a column."""
    names = ["a" * 60 + "1", "a" * 60 + "2", "line\nbreak"]
    text = str(metrics(names, sharp(np.arange(3), 3), names))
    assert all(len(line) <= 120 for line in text.splitlines())
    assert "a" * 19 + "..." + "a" * 17 + "1 " in text
    assert "aaaaa...aaa1  aaaaa...aaa2  line\\nbreak\n" in text


def test_many_classes_print_their_worst_mistakes() -> None:
    """A matrix wider than a line is replaced by its largest errors, ten at most, equal ones in the order of the classes."""
    true = np.repeat(np.arange(100), 4)
    predicted = true.copy()
    predicted[true == 7] = 9
    predicted[:3] = 50
    text = str(metrics(true, sharp(predicted, 100), range(100)))
    assert all(len(line) <= 120 for line in text.splitlines())
    worst = ["true  predicted  count", "7             9      4", "0            50      3"]
    note = "no row is predicted as 7: precision counts as 0"
    assert text.splitlines()[-6:] == ["most frequent mistakes (`confusion` holds the whole matrix)", *worst, "", note]
    predicted[true >= 20] = (true[true >= 20] + 1) % 100
    tail = str(metrics(true, sharp(predicted, 100), range(100))).split("(`confusion` holds the whole matrix)\n")[1]
    assert [line.split()[0] for line in tail.split("\n\n")[0].splitlines()] == ["true", "7", *map(str, range(20, 29))]


def test_json_is_the_same_data() -> None:
    """Strict JSON gives back what ``to_dict`` gives, and nothing but plain types."""
    m = tumors()
    found = strict(m)
    assert found == m.to_dict()
    assert found["per_class"]["malignant"]["f1"] == m.f1[1]
    assert found["confusion"] == [[56, 2], [1, 91]]
    assert found["counts"] == {"tp": 91, "tn": 56, "fp": 2, "fn": 1}
    assert found["macro"] == m.macro._asdict()


# -------------------------------------------------------------------------------------------------------------- the errors

HALF = [[0.5, 0.5]] * 3
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "unknown label": (
        lambda: metrics(["a", "x", "x"], HALF, ["a", "b"]),
        r"^y is 'x' in row 1 \(2 such rows\), but the classes are 'a', 'b'; correct or drop it$",
    ),
    "text for numbers": (lambda: metrics(["0", "1", "1"], HALF, [0, 1]), r"^y is '0' in row 0 .* the classes are 0, 1;"),
    "unknown among many": (
        lambda: metrics([100], [[0.01] * 100], range(100)),
        r"^y is 100 in row 0 \(1 such row\), but the classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 90 more;",
    ),
    "missing label": (lambda: metrics(["a", None, "b"], HALF, ["a", "b"]), r"^y is missing in row 1 .*drop"),
    "missing number": (lambda: metrics([0, np.nan, 1], HALF, [0, 1]), r"^y is nan in row 1 .*drop"),
    "labels of two dimensions": (lambda: metrics([[1, 0]] * 3, HALF, [0, 1]), r"^y must be one label a row.*\(3, 2\)"),
    "too few labels": (lambda: metrics(["a"], HALF, ["a", "b"]), r"^y has 1 row, but probabilities has 3; pass one for each$"),
    "no labels at all": (lambda: metrics(np.array("a"), HALF, ["a", "b"]), r"^y has shape \(\)"),
    "no rows": (lambda: metrics([], np.empty((0, 2)), [0, 1]), r"^probabilities has no rows; pass at least one$"),
    "missing probability": (
        lambda: metrics([0, 1, 1], [[1, 0], [np.nan, 1], [0, 1]], [0, 1]),
        r"^probabilities is nan in row 1, column 0; pass numbers from 0 to 1$",
    ),
    "logits": (lambda: metrics([0], [[-3.0, 4.0]], [0, 1]), r"^probabilities is -3 in row 0, column 0; pass numbers from 0 to 1$"),
    "no distribution": (
        lambda: metrics([0, 1], [[1, 0], [0.7, 0.7]], [0, 1]),
        r"^probabilities of row 1 sum to 1.4; pass one dist",
    ),
    "wrong columns": (
        lambda: metrics([0, 1], [[0.5, 0.5]] * 2, [0, 1, 2]),
        r"^probabilities is float64 of shape \(2, 2\); .*\(rows, 3\)",
    ),
    "one column": (lambda: metrics([0, 1], [0.5, 0.5], [0, 1]), r"^probabilities is float64 of shape \(2,\); pass .* \(rows, 2\)"),
    "text": (lambda: metrics([0], [["a", "b"]], [0, 1]), r"^probabilities is <U1 of shape \(1, 2\); pass numbers"),
    "ragged": (lambda: metrics([0, 1], [[0.5, 0.5], [1.0]], [0, 1]), r"^probabilities has rows of different length; pass 2"),
    "one class": (lambda: metrics([0], [[1.0]], [0]), r"^classes has shape \(1,\); pass two or more labels"),
    "labels twice": (lambda: metrics([0], [[0.5, 0.5]], ["a", "a"]), r"^classes holds 'a' twice; pass each label once"),
    "no weight": (lambda: metrics([0, 1, 1], HALF, [0, 1], [0, 0, 0]), r"^sample_weight sums to 0; make the sum positive"),
    "infinite weight": (lambda: metrics([0, 1, 1], HALF, [0, 1], [1, np.inf, 1]), r"^sample_weight is inf in row 1"),
    "huge weights": (lambda: metrics([0, 1, 1], HALF, [0, 1], [1e300] * 3), r"^sample_weight sums to 3e\+300; make .* to 1e300$"),
    "negative weight": (lambda: metrics([0, 1, 1], HALF, [0, 1], [1, 1, -1]), r"^sample_weight is -1 in row 2; weights must"),
    "too many weights": (lambda: metrics([0, 1, 1], HALF, [0, 1], [1] * 4), r"^sample_weight has 4 rows, but probabilities has 3"),
    "probabilities as logarithms": (
        lambda: metrics([0, 1, 1], HALF, [0, 1], log_probabilities=HALF),
        r"^log_probabilities is 0.5 in row 0, column 0; pass the logarithm of 0.5 there$",
    ),
    "missing logarithm": (
        lambda: metrics([0], [[1.0, 0.0]], [0, 1], log_probabilities=[[0.0, np.nan]]),
        r"^log_probabilities is nan in row 0, column 1; pass the logarithm of 0 there$",
    ),
    "logarithms of other rows": (
        lambda: metrics([0, 1, 1], HALF, [0, 1], log_probabilities=np.log(HALF[:2])),
        r"^log_probabilities has shape \(2, 2\), but probabilities has \(3, 2\)",
    ),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_it_refuses_in_words(call: Callable[[], Any], words: str) -> None:
    """What cannot be measured is named, with its place and the way out, on one line."""
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
