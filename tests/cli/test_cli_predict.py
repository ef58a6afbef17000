"""``logistic predict``, above all one row that is typed, and ``logistic evaluate`` of labels that are strange."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logistic import LogisticRegression, Model, load
from shell import NAMES, Ran, Run, matrix, people, refused, rows_of, strict, write

Fitted = Callable[..., Model]
ROW = tuple(f"{name}={x}" for name, x in zip(NAMES, (0.5, -1, "1e-1"), strict=True))


# --------------------------------------------------------------------------------------------------------- one row that is typed


def test_a_row_is_answered_in_a_sentence(run: Run) -> None:
    """As the issue types it: names, numbers, label, probability."""
    columns = people()
    write("people.csv", {"leukocyte_count": columns["age"], "blood_pressure": columns[NAMES[1]], "tumor": columns["answer"]})
    assert run("fit", "people.csv", "--target", "tumor", "-o", "m").code == 0
    done = run("predict", "m", "--row", "leukocyte_count=13", "blood_pressure=12")
    p = load("m").predict_proba(np.array([[13.0, 12.0]]))[0]
    label, other = ("yes", "no") if p[1] > 0.5 else ("no", "yes")
    assert done == Ran(0, f"tumor is {label} with a probability of {said(p.max())} ({other} {said(p.min())}).\n", "")
    assert run("predict", "m", "--row", "blood_pressure=12", "leukocyte_count=13") == done
    assert run("predict", "m", "blood_pressure=12", "leukocyte_count=13", "--row") == done


def said(share: float) -> str:
    """A probability in words."""
    return "under 0.01%" if share < 5e-5 else "over 99.99%" if share > 1 - 5e-5 else f"{share:.2%}"


def test_a_row_in_json_has_all_digits(run: Run, fitted: Fitted) -> None:
    """One strict object; the numbers are those of a file with this row."""
    columns = people(("a", "b", "c"))
    write("people.csv", columns)
    model = fitted()
    told = strict(run("predict", "m", "--row", *ROW, "--json").out)
    p = model.predict_proba(np.array([[0.5, -1, 0.1]]))[0]
    assert told == {"prediction": "abc"[p.argmax()], **{f"probability_{label}": p[k] for k, label in enumerate("abc")}}


def test_certainty_is_never_total(run: Run, fitted: Fitted) -> None:
    """However far a row lies, neither 0 % nor 100 % is said."""
    write("people.csv", people())
    fitted()
    for far in (20, 1e6, -1e6):
        done = run("predict", "m", "--row", f"{NAMES[0]}={far}", f"{NAMES[1]}=0", f"{NAMES[2]}=0")
        assert "with a probability of over 99.99% (" in done.out
        assert "under 0.01%)" in done.out


def test_many_classes_are_not_all_listed(run: Run, fitted: Fitted) -> None:
    """The likeliest first, three others, and that there are more."""
    write("people.csv", people(("a", "b", "c", "d", "e"), 200))
    model = fitted()
    p = model.predict_proba(np.array([[0.5, -1, 0.1]]))[0]
    first, *others = (f"{'abcde'[k]} {said(p[k])}" for k in np.argsort(-p)[:4])
    label, _, share = first.partition(" ")
    words = f"answer is {label} with a probability of {share} ({', '.join(others)}, ...).\n"
    assert run("predict", "m", "--row", *ROW).out == words


def test_a_number_in_bins_is_answered_with_its_limits(run: Run, fitted: Fitted) -> None:
    """Class 1 alone says little."""
    columns = people(n=90)
    write("people.csv", {**columns, "answer": [round(100 * x) for x in columns["age"]]})
    low, high = fitted("--bins", 3).provenance.edges
    limits = {-3: f"0 (up to {low:g})", 0: f"1 (above {low:g} and up to {high:g})", 3: f"2 (above {high:g})"}
    for x, words in limits.items():
        assert run("predict", "m", "--row", f"{NAMES[0]}={x}", *ROW[1:]).out.startswith(f"answer is {words} with a probability of ")


def test_models_made_in_python_are_answered_too(run: Run) -> None:
    """Without names of columns they are x0, x1, ...; without a target it is a row."""
    columns = people()
    LogisticRegression().fit(matrix(columns), columns["answer"]).save("m")
    done = run("predict", "m", "--row", "x0=0.5", "x2=1", "x1=-1")
    assert done.code == 0
    assert done.out.startswith(("This row is yes with a probability of ", "This row is no with a probability of "))
    refused(run("predict", "m", "--row", *ROW), "the model has no column 'age' (it has x0, x1, x2)")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((), "--row misses age, hourly wage, größe ☃; give COLUMN=NUMBER"),
        (ROW[:2], "--row misses größe ☃"),
        ((*ROW, "agee=1"), "the model has no column 'agee'; did you mean 'age'?"),
        ((*ROW, "age=1"), "--row gives 'age' twice"),
        (("age", *ROW[1:]), "'age' is not COLUMN=NUMBER"),
        (("age=", *ROW[1:]), "age is '', which is not a number"),
        (("age=old", *ROW[1:]), "age is 'old', which is not a number"),
        (("age=1,5", *ROW[1:]), "age is '1,5', which is not a number"),
        (("age=nan", *ROW[1:]), "age is nan; give a finite number"),
        (("age=inf", *ROW[1:]), "age is inf; give a finite number"),
        (("age=1e999", *ROW[1:]), "age is 1e999; give a finite number"),
        (("=1", *ROW), "the model has no column ''"),
        (("people.csv",), "'people.csv' is not COLUMN=NUMBER"),
        ((*ROW, "-o", "out.csv"), "--row answers in a sentence on standard output; leave out -o"),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_is_refused(row: tuple[str, ...], words: str, run: Run, fitted: Fitted) -> None:
    """One line that names the column."""
    write("people.csv", people())
    fitted()
    refused(run("predict", "m", "--row", *row), words)
    assert not Path("out.csv").exists()


def test_data_or_a_row_but_one_of_them(run: Run, fitted: Fitted) -> None:
    """Neither, two files, and a row without --row."""
    write("people.csv", people())
    fitted()
    refused(run("predict", "m"), "Missing argument 'DATA', or --row COLUMN=NUMBER")
    refused(run("predict", "m", "people.csv", "people.csv"), "predict needs one DATA, but got 2")
    refused(run("predict", "m", *ROW), "but got 3 (for one row of numbers: --row COLUMN=NUMBER ...)")


def test_numbers_beyond_all_probabilities_are_refused(run: Run, fitted: Fitted) -> None:
    """Where logits overflow, a file gets one line that names the row, and is not half predicted; of two classes one is certain."""
    write("people.csv", people(("a", "b", "c")))
    signs = np.sign(fitted().coef[0])
    far = {name: [0.0, 1.7e308 * sign] for name, sign in zip(NAMES, signs, strict=True)}
    write("far.csv", {**far, "answer": ["b", "a"]})
    refused(run("predict", "m", "far.csv", "-o", "out.csv"), "row 2", "beyond what float64 can hold")
    refused(run("evaluate", "m", "far.csv"), "row 2", "beyond what float64 can hold")
    assert not Path("out.csv").exists()
    write("people.csv", people())
    signs = np.sign(fitted("--force").coef[0])
    write("far.csv", {name: [1.7e308 * sign, -1.7e308 * sign] for name, sign in zip(NAMES, signs, strict=True)})
    assert [row["prediction"] for row in rows_of(run("predict", "m", "far.csv").out)] == ["yes", "no"]


# ------------------------------------------------------------------------------------------------------------------- evaluate


def test_metrics_are_those_of_python(run: Run, fitted: Fitted) -> None:
    """As text and as strict JSON, on other rows than the model's."""
    write("people.csv", people(("a", "b", "c")))
    model = fitted()
    later = people(("a", "b", "c"), 45)
    write("later.csv", later)
    expected = model.metrics(matrix(later), later["answer"])
    assert run("evaluate", "m", "later.csv") == Ran(0, f"{expected}\n", "")
    assert strict(run("evaluate", "m", "later.csv", "--json").out) == strict(expected.to_json())


def test_target_and_weight_may_have_other_names(run: Run, fitted: Fitted) -> None:
    """Those that were fitted are the default; a weight that is absent is none, unless it is asked for."""
    columns, k = people(), 1.0 + np.arange(60) % 3
    write("people.csv", {**columns, "k": k})
    model = fitted("--weight", "k")
    answer = columns.pop("answer")
    write("later.csv", {**columns, "outcome": answer, "w": 2 * k})
    refused(run("evaluate", "m", "later.csv"), "later.csv has no column 'answer'")
    told = strict(run("evaluate", "m", "later.csv", "--target", "outcome", "--json").out)
    assert told == strict(model.metrics(matrix(columns), answer).to_json())
    told = strict(run("evaluate", "m", "later.csv", "--target", "outcome", "--weight", "w", "--json").out)
    assert told == strict(model.metrics(matrix(columns), answer, 2 * k).to_json())
    refused(run("evaluate", "m", "later.csv", "--target", "outcome", "--weight", "ww"), "no column 'ww'; did you mean 'w'?")


def test_a_model_made_in_python_needs_to_be_told_the_target(run: Run) -> None:
    """It may know its columns or not."""
    columns = people()
    LogisticRegression().fit(matrix(columns), columns["answer"]).save("m")
    write("people.csv", columns)
    refused(run("evaluate", "m", "people.csv"), "--target is missing: name the column of people.csv to predict (it has age,")
    told = strict(run("evaluate", "m", "people.csv", "--target", "answer", "--json").out)
    assert told == strict(load("m").metrics(matrix(columns), columns["answer"]).to_json())
    predicted = rows_of(run("predict", "m", write("new.csv", {n: columns[n] for n in NAMES})).out)
    assert [row["prediction"] for row in predicted] == load("m").predict(matrix(columns)).tolist()


@pytest.mark.parametrize(
    ("labels", "answers", "words"),
    [
        (
            ("no", "yes"),
            ["no", "maybe", "yes", "maybe"],
            "is 'maybe' in row 2, which is no class of the model ('no', 'yes'; 2 such rows)",
        ),
        (
            ("no", "yes"),
            ["no", "Yes", "no", "yes"],
            "is 'Yes' in row 2, which is no class of the model ('no', 'yes'; 1 such row); did you",
        ),
        ((0, 1), [0, 1, 2, 1], "is 2 in row 3, which is no class of the model ('0', '1'; 1 such row)"),
        ((0, 1), ["0", "1", "one", "0"], "is 'one' in row 3, which is no class"),
        ((0, 1), [0.0, 1.0, 0.5, 1.0], "is 0.5 in row 3, which is no class"),
        (("no", "yes"), ["no", "", "yes", "no"], "is empty in row 2"),
    ],
    ids=str,
)
def test_unseen_labels_are_named_with_their_row(
    labels: tuple[Any, ...], answers: list[Any], words: str, run: Run, fitted: Fitted
) -> None:
    """Column, row counted from 1, the classes of the model, and the nearest one."""
    write("people.csv", people(labels))
    fitted()
    write("later.csv", {**{name: [1, 2, 3, 4] for name in NAMES}, "answer": answers})
    refused(run("evaluate", "m", "later.csv"), f"column 'answer' of later.csv {words}")


def test_labels_are_known_by_their_words(run: Run, fitted: Fitted) -> None:
    """1, 1.0 and "1" are one label, however the column of a later file was read."""
    columns = people((0, 1))
    write("people.csv", columns)
    model = fitted()
    expected = strict(model.metrics(matrix(columns), columns["answer"]).to_json())
    for name, answers in (("floats", [float(y) for y in columns["answer"]]), ("whole", columns["answer"])):
        np.savez(f"{name}.npz", X=matrix(columns), features=np.array(NAMES), answer=np.array(answers))
        assert strict(run("evaluate", "m", f"{name}.npz", "--json").out) == expected
    np.savez("text.npz", X=matrix(columns), features=np.array(NAMES), answer=np.array([str(y) for y in columns["answer"]]))
    assert strict(run("evaluate", "m", "text.npz", "--json").out) == expected


def test_a_class_that_is_absent_is_noted(run: Run, fitted: Fitted) -> None:
    """Metrics of rows of one class are given as far as they exist."""
    columns = people()
    write("people.csv", columns)
    fitted()
    kept = [i for i, y in enumerate(columns["answer"]) if y == "yes"]
    write("later.csv", {name: [values[i] for i in kept] for name, values in columns.items()})
    done = run("evaluate", "m", "later.csv")
    assert (done.code, done.err) == (0, "")
    assert "no row of y is 'no'" in done.out
    assert strict(run("evaluate", "m", "later.csv", "--json").out)["per_class"]["no"]["auc"] == "nan"
