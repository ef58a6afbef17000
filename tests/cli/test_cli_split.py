"""Rows held out: divided as Python divides them, learned from in part, and found again by the model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logistic import LogisticRegression, class_weights, load, rank_bins, solvers, split
from shell import Run, matrix, people, refused, same, strict, write

THREE = ("--split", "0.6/0.2/0.2")


def parts(labels: Any, fractions: tuple[float, ...] = (0.6, 0.2, 0.2), seed: int = 0) -> tuple[np.ndarray, ...]:
    """Row numbers as Python divides them."""
    return split(np.arange(len(labels)), fractions=fractions, stratify=labels, seed=seed).rows


def test_the_first_part_is_learned_from_and_the_others_are_found_again(run: Run) -> None:
    """Evaluate --split PART takes exactly logistic.split's rows: coefficients, predictions and metrics agree."""
    columns = people(("a", "b", "c"))
    write("people.csv", columns)
    assert run("fit", "people.csv", "--target", "answer", "-o", "m", *THREE, "--seed", 5).code == 0
    answer, model = np.array(columns["answer"]), load("m")
    rows = parts(answer, seed=5)
    train = rows[0]
    estimator = LogisticRegression().fit(matrix(columns, train), answer[train])
    np.testing.assert_allclose(model.coef, estimator.coef_, rtol=1e-9)
    assert model.rows == len(train) == 36
    for name, part in zip(("train", "validation", "test"), rows, strict=True):
        done = run("evaluate", "m", "people.csv", "--split", name, "--json")
        assert (done.code, done.err) == (0, "")
        assert same(strict(done.out), strict(model.metrics(matrix(columns, part), answer[part]).to_json()))


def test_two_parts_are_train_and_test(run: Run) -> None:
    """Another seed holds other rows out; the default is 0."""
    columns = people()
    write("people.csv", columns)
    answer = np.array(columns["answer"])
    found = []
    for seed in ((), ("--seed", 0), ("--seed", 1)):
        assert run("fit", "people.csv", "--target", "answer", "-o", "m", "--force", "--split", "0.8/0.2", *seed).code == 0
        found.append(load("m"))
        test = parts(answer, (0.8, 0.2), seed[-1] if seed else 0)[1]
        told = strict(run("evaluate", "m", "people.csv", "--split", "test", "--json").out)
        assert told["log_loss"] == pytest.approx(found[-1].metrics(matrix(columns, test), answer[test]).log_loss, rel=1e-14)
    assert found[0] == found[1] != found[2]
    refused(run("evaluate", "m", "people.csv", "--split", "validation"), "the model's parts are train, test")


def test_counts_and_ratios_of_every_part_are_shown(run: Run) -> None:
    """As a table on stderr and as JSON."""
    columns = people()
    write("people.csv", columns)
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--force", *THREE)
    table = str(split(np.arange(60), fractions=(0.6, 0.2, 0.2), stratify=columns["answer"], seed=0))
    assert f"\n{table}\n" in done.err
    assert "yes : no" in table
    assert done.err.endswith("how good it is on the rows held out: logistic evaluate m people.csv --split test\n")
    found = strict(run("fit", "people.csv", "--target", "answer", "-o", "m", "--force", *THREE, "--json").out)["split"]
    assert list(found) == ["train", "validation", "test"]
    assert [found[name]["rows"] for name in found] == [36, 12, 12]
    train = np.array(columns["answer"])[parts(columns["answer"])[0]]
    counts = {label: int((train == label).sum()) for label in ("no", "yes")}
    assert found["train"]["counts"] == counts
    assert found["train"]["ratios"] == {"no": 1, "yes": counts["yes"] / counts["no"]}


def test_json_of_a_split_has_text_for_keys(run: Run) -> None:
    """Labels that are numbers or booleans too."""
    for labels in ((0, 1), (False, True), (-1, 2**60)):
        write("people.csv", people(labels))
        found = strict(run("fit", "people.csv", "--target", "answer", "-o", "m", "--force", *THREE, "--json").out)
        assert list(found["split"]["test"]["counts"]) == [str(label) for label in labels]


def test_validation_rows_stop_a_fit_early(run: Run) -> None:
    """--patience looks at the middle part, as Python's validation_data."""
    columns = people(n=200)
    write("people.csv", columns)
    typed = ("--solver", "sgd", "--lr", "0.5", "--epochs", 60, "--patience", 2, "--seed", 3)
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", *THREE, *typed, "--log-every", 1)
    answer, model = np.array(columns["answer"]), load("m")
    train, validation, _ = parts(answer, seed=3)
    estimator = LogisticRegression(solver=solvers.SGD(0.5, epochs=60, patience=2), random_state=3)
    held = (matrix(columns, validation), answer[validation])
    estimator.fit(matrix(columns, train), answer[train], validation_data=held)
    np.testing.assert_allclose(model.coef, estimator.coef_, rtol=1e-12)
    assert model.certificate.status.word == "early_stopped"
    assert done.code == 3
    assert model.n_iter < 60
    last = estimator.history_["validation_loss"][-1]
    assert f"validation loss {last:.6g}" in done.err


def test_patience_without_validation_rows_is_refused(run: Run) -> None:
    """In the words of the command line."""
    write("people.csv", people())
    for more in ((), ("--split", "0.8/0.2")):
        done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--solver", "sgd", "--patience", 2, *more)
        refused(done, "--patience needs rows to validate on; divide them in three: --split 0.7/0.15/0.15")


def test_weights_go_with_their_rows(run: Run) -> None:
    """Those of rows and of classes are those of the training part; evaluation takes those of its own part."""
    columns, k = people(), 1.0 + np.arange(60) % 4
    write("people.csv", {**columns, "k": k})
    typed = ("--weight", "k", "--split", "0.8/0.2")
    answer = np.array(columns["answer"])
    train, test = parts(answer, (0.8, 0.2))
    for scheme in ("balanced", "inverse"):
        assert run("fit", "people.csv", "--target", "answer", "-o", "m", "--force", *typed, "--class-weight", scheme).code == 0
        weights = "balanced" if scheme == "balanced" else class_weights(answer[train], "inverse", k[train])
        estimator = LogisticRegression(class_weight=weights).fit(matrix(columns, train), answer[train], k[train])
        np.testing.assert_allclose(load("m").coef, estimator.coef_, rtol=1e-9)
    told = strict(run("evaluate", "m", "people.csv", "--split", "test", "--json").out)
    assert same(told, strict(load("m").metrics(matrix(columns, test), answer[test], k[test]).to_json()))
    assert told["total_weight"] == k[test].sum()


@pytest.mark.parametrize("labels", [("a", "b", "c"), (1, 2, 3)])
def test_one_label_against_the_rest(labels: tuple[Any, ...], run: Run) -> None:
    """--positive makes two classes, the label second; a split has its share of both, and evaluation follows the same rule."""
    columns = people(labels)
    write("people.csv", columns)
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--positive", labels[1], "--split", "0.8/0.2")
    assert done.code == 0
    model, word = load("m"), str(labels[1])
    assert model.classes.tolist() == [f"(not {word})", word]
    assert f"log-odds of {word} against (not {word})" in done.err
    y = np.where(np.array(columns["answer"]) == labels[1], word, f"(not {word})")
    train, test = parts(y, (0.8, 0.2))
    np.testing.assert_allclose(model.coef, LogisticRegression().fit(matrix(columns, train), y[train]).coef_, rtol=1e-9)
    told = strict(run("evaluate", "m", "people.csv", "--split", "test", "--json").out)
    assert same(told, strict(model.metrics(matrix(columns, test), y[test]).to_json()))
    whole = strict(run("evaluate", "m", "people.csv", "--json").out)
    assert whole["counts"] == model.metrics(matrix(columns), y).counts._asdict()


def test_a_number_is_cut_into_classes_by_the_training_rows(run: Run) -> None:
    """--bins with a split: the rows are divided by the bins of all, but the cuts are those of the training rows alone."""
    columns = people(n=90)
    price = np.round(np.random.default_rng(3).gamma(2.0, 1e5, 90))
    price[::7] += 1e6
    write("people.csv", {**columns, "answer": price})
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--bins", 3, "--split", "0.6/0.4")
    assert done.code == 0
    model = load("m")
    train, test = parts(rank_bins(price, 3).apply(price), (0.6, 0.4))
    bins = rank_bins(price[train], 3)
    assert model.provenance.edges == tuple(bins.edges)
    assert not np.array_equal(bins.edges, rank_bins(price, 3).edges)
    y = bins.apply(price)
    np.testing.assert_allclose(model.coef, LogisticRegression().fit(matrix(columns, train), y[train]).coef_, rtol=1e-9)
    told = strict(run("evaluate", "m", "people.csv", "--split", "test", "--json").out)
    assert same(told, strict(model.metrics(matrix(columns, test), y[test]).to_json()))
    typed = ("people.csv", "--target", "answer", "-o", "m", "--bins", 3, "--split", "0.6/0.4", "--force", "--json")
    parts_told = strict(run("fit", *typed).out)["split"]
    for name, part in (("train", train), ("test", test)):
        assert list(parts_told[name]["counts"].values()) == np.bincount(y[part]).tolist()
    low, high = (f"{edge:.10g}" for edge in bins.edges)
    cuts = f"0 is up to {low}, 1 is above {low} and up to {high}, 2 is above {high}"
    assert f"\nclasses of answer: {cuts}\n" in done.err
    assert f"classes      {cuts}" in run("summary", "m").out


def test_a_changed_file_is_another_one(run: Run) -> None:
    """Even where only one digit of it changed; all its rows can still be evaluated."""
    columns = people()
    write("people.csv", columns)
    assert run("fit", "people.csv", "--target", "answer", "-o", "m", "--split", "0.8/0.2").code == 0
    Path("moved.csv").write_bytes(Path("people.csv").read_bytes())
    assert run("evaluate", "m", "moved.csv", "--split", "test").code == 0
    write("people.csv", {**columns, "age": [columns["age"][0] + 1, *columns["age"][1:]]})
    way = "is not the data that the model was fitted on, people.csv (its SHA-256 differs); leave out --split"
    refused(run("evaluate", "m", "people.csv", "--split", "test"), "--split test: people.csv", way)
    done = run("evaluate", "m", "people.csv")
    assert (done.code, done.err) == (0, "")


def test_other_rows_than_were_divided_are_noticed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a later version of scikit-learn draws other rows, nobody is told that the held-out rows are held out."""
    from logistic.preparation import splitting

    write("people.csv", people())
    assert run("fit", "people.csv", "--target", "answer", "-o", "m", "--split", "0.8/0.2").code == 0
    draw = splitting._draw
    monkeypatch.setattr(splitting, "_draw", lambda *given: [np.roll(part, 1) for part in draw(*given)])
    assert run("evaluate", "m", "people.csv", "--split", "test").code == 0  # the same rows in another order
    monkeypatch.setattr(splitting, "_draw", lambda *given: [part + 1 - 2 * (part % 2) for part in draw(*given)])
    refused(run("evaluate", "m", "people.csv", "--split", "test"), "this version of scikit-learn divides rows in another way")


def test_all_rows_flatter_the_model_and_that_is_said(run: Run) -> None:
    """A note on stderr, unless nobody wants to hear it."""
    write("people.csv", people())
    for more, words in (((), "note: these rows were learned from"), (THREE, "note: the first of 3 parts of these rows was")):
        assert run("fit", "people.csv", "--target", "answer", "-o", "m", "--force", *more).code == 0
        assert run("evaluate", "m", "people.csv").err.startswith(words)
        assert run("evaluate", "m", "people.csv", "--quiet").err == ""
        assert run("evaluate", "m", "people.csv", "--json").err == ""
    assert run("evaluate", "m", "people.csv", "--split", "test").err == ""


@pytest.mark.parametrize(
    ("fractions", "words"),
    [
        ("80/20", "must be two or three numbers between 0 and 1"),
        ("0.8", "must be two or three numbers between 0 and 1"),
        ("0.5/0.2/0.2/0.1", "must be two or three numbers between 0 and 1"),
        ("0.8/0.3", "sum to 1.1; make them sum to 1"),
        ("0.8/", "must be two or three numbers such as 0.7/0.15/0.15"),
        ("nan/0.5", "must be two or three numbers between 0 and 1"),
        ("0.99/0.01", "a part of 1 rows cannot hold 2 classes"),
        ("0.001/0.999", "leave the train part empty"),
    ],
)
def test_fractions_that_cannot_be_are_refused(fractions: str, words: str, run: Run) -> None:
    """Naming what was typed."""
    write("people.csv", people(n=90))
    refused(run("fit", "people.csv", "--target", "answer", "-o", "m", "--split", fractions), f"--split {fractions}", words)
    assert not Path("m").exists()


def test_a_class_too_small_to_divide_is_named(run: Run) -> None:
    """With a way out that the command line has."""
    columns = people()
    write("people.csv", {**columns, "answer": ["rare", *columns["answer"][1:]]})
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--split", "0.8/0.2")
    refused(done, "class 'rare' has 1 of 60 rows", "or leave out --split")


def test_a_model_without_a_split_says_so(run: Run) -> None:
    """Whether it was fitted on all rows, or made in Python."""
    columns = people()
    write("people.csv", columns)
    assert run("fit", "people.csv", "--target", "answer", "-o", "m").code == 0
    refused(run("evaluate", "m", "people.csv", "--split", "test"), "fitted on all its rows; fit it with --split")
    LogisticRegression().fit(matrix(columns), columns["answer"]).save("python")
    done = run("evaluate", "python", "people.csv", "--target", "answer", "--split", "test")
    refused(done, "the model file does not say how its rows were divided; leave out --split")
