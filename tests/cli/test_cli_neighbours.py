"""The neighbours from the shell: linear regression on numbers, and a network with one hidden layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from logistic import LinearRegression, split
from logistic.modules.hidden import load_hidden
from logistic.store import load_plane
from shell import NAMES, Run, matrix, people, rows_of, strict, write


def houses(n: int = 90) -> dict[str, Any]:
    """A price that a plane predicts up to some noise."""
    rng = np.random.default_rng(8)
    columns = {**people(n=n), "price": None}
    del columns["answer"]
    columns["price"] = (matrix(columns) @ [3.0, -2.0, 1.0] + 50 + rng.normal(size=n)).round(3).tolist()
    return columns


def test_linear_is_least_squares(run: Run) -> None:
    """The file, the prediction and the sentence are those of LinearRegression; evaluate says how far off it is."""
    columns = houses()
    write("houses.csv", columns)
    done = run("fit", "houses.csv", "--target", "price", "--linear", "-o", "p")
    assert (done.code, done.out) == (0, "")
    assert "Linear regression on 3 columns, 90 rows" in done.err
    wanted = LinearRegression().fit(matrix(columns), columns["price"])
    plane = load_plane("p")
    np.testing.assert_array_equal(plane.coef, wanted.coef_)
    assert plane.features == NAMES
    assert plane.provenance is not None
    assert plane.provenance.target == "price"
    rows = rows_of(run("predict", "p", "houses.csv").out)
    assert [float(row["prediction"]) for row in rows] == wanted.predict(matrix(columns)).tolist()
    pairs = [f"{name}={columns[name][0]}" for name in NAMES]
    assert run("predict", "p", "--row", *pairs).out == f"price is predicted to be {wanted.predict(matrix(columns))[0]:.6g}.\n"
    judged = strict(run("evaluate", "p", "houses.csv", "--json").out)
    off = wanted.predict(matrix(columns)) - columns["price"]
    assert judged["mean_squared_error"] == pytest.approx(np.mean(off**2))
    assert 0.9 < judged["r_squared"] < 1
    assert strict(run("summary", "p", "--json").out)["kind"] == "linear regression"


def test_linear_finds_its_held_out_rows_again(run: Run) -> None:
    """Not stratified, since there are no classes; the rows are those of split()."""
    columns = houses()
    write("houses.csv", columns)
    assert run("fit", "houses.csv", "--target", "price", "--linear", "--split", "0.7/0.3", "--seed", "4", "-qo", "p").code == 0
    train, test = split(np.arange(90), fractions=(0.7, 0.3), seed=4).rows
    wanted = LinearRegression().fit(matrix(columns, train), np.array(columns["price"])[train])
    off = wanted.predict(matrix(columns, test)) - np.array(columns["price"])[test]
    judged = strict(run("evaluate", "p", "houses.csv", "--split", "test", "--json").out)
    assert (judged["rows"], judged["mean_squared_error"]) == (27, pytest.approx(np.mean(off**2)))


def test_linear_on_class_numbers_is_rounded(run: Run) -> None:
    """With --bins the numbers of the classes are the target, and evaluate rounds to the nearest: the wrong way to classify."""
    write("houses.csv", houses())
    assert run("fit", "houses.csv", "--target", "price", "--linear", "--bins", "3", "-qo", "p").code == 0
    assert 0.5 < strict(run("evaluate", "p", "houses.csv", "--json").out)["accuracy_of_rounded"] <= 1
    assert "accuracy when rounded" in run("evaluate", "p", "houses.csv").out


def test_hidden_is_written_and_not_certified(run: Run) -> None:
    """Exit code 3, a file that predicts the same, and held-out rows that are found again."""
    write("people.csv", people(n=120))
    choices = ("--hidden", "6", "--solver", "adam", "--lr", "0.02", "--epochs", "15", "--split", "0.6/0.2/0.2", "--seed", "3")
    done = run("fit", "people.csv", "--target", "answer", *choices, "-o", "h")
    assert (done.code, done.out) == (3, "")
    assert "none: not convex" in done.err
    columns, network = people(n=120), load_hidden("h")
    assert network.feature_names_in_.tolist() == list(NAMES)
    rows = rows_of(run("predict", "h", "people.csv").out)
    assert list(rows[0]) == ["prediction", "probability_no", "probability_yes"]
    layers = {name: value.numpy() for name, value in network.module_.state_dict().items()}
    hidden = np.maximum(matrix(columns) @ layers["0.weight"].T + layers["0.bias"], 0)
    logits = hidden @ layers["2.weight"].T + layers["2.bias"]
    p = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])
    np.testing.assert_allclose([float(row["probability_yes"]) for row in rows], p[:, 1], rtol=1e-9)
    assert strict(run("evaluate", "h", "people.csv", "--split", "test", "--json").out)["rows"] == 24
    pairs = [f"{name}={columns[name][0]}" for name in NAMES]
    assert run("predict", "h", "--row", *pairs).out.startswith("answer is ")
    assert strict(run("summary", "h", "--json").out)["parameters"]["0.weight"] == [6, 3]
    assert run("fit", "people.csv", "--target", "answer", *choices, "-o", "again").code == 3
    np.testing.assert_array_equal(load_hidden("again").module_.state_dict()["2.weight"].numpy(), layers["2.weight"])


MISTAKES = {
    "text for a plane": (("--linear",), "column 'answer' of people.csv holds 'no' in row 1; --linear predicts a number"),
    "both": (("--linear", "--hidden", "3"), "--hidden does not go with --linear"),
    "a penalty on a plane": (("--linear", "--C", "2"), "--C does not go with --linear"),
    "C of a network": (("--hidden", "3", "--C", "2"), "--C does not go with --hidden"),
    "no units": (("--hidden", "0"), "0 is not in the range x>=1"),
    "a certified solver": (("--hidden", "3", "--solver", "newton"), "solver='newton' needs"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_neighbour_cannot_do_is_said(mistake: str, run: Run) -> None:
    """One line, exit code 2, nothing written."""
    write("people.csv", people())
    choices, words = MISTAKES[mistake]
    done = run("fit", "people.csv", "--target", "answer", *choices, "-o", "m")
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1), done.err
    assert words in done.err
