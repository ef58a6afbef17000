"""Every choice of ``logistic fit`` is the one of the Python interface, and the exit code says how it ended."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from logistic import LogisticRegression, LogisticRegressionCV, Model, Status, class_weights, cli, load, solvers
from logistic.solvers import Newton
from shell import NAMES, Ran, Run, everything, matrix, people, refused, strict, write

Fitted = Callable[..., Model]


def estimated(columns: dict[str, Any], weight: Any = None, init: Any = None, **choices: Any) -> LogisticRegression:
    """The same in Python, which warns where the shell has an exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(**choices).fit(matrix(columns), columns["answer"], weight, init=init)


def same(model: Model, columns: dict[str, Any], weight: Any = None, **choices: Any) -> None:
    """The model of the shell is the estimator's."""
    estimator = estimated(columns, weight, **choices)
    np.testing.assert_allclose(model.coef, estimator.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.intercept, estimator.intercept_, rtol=1e-9, atol=1e-12)
    assert model.n_iter == estimator.n_iter_[0]
    assert model.certificate.status is estimator.certificate_.status


# -------------------------------------------------------------------------------------------------------------------- model


def test_strengths_are_one_scale(fitted: Fitted) -> None:
    """C=1 is the default, alpha = 1 / (C n), and C=inf is no penalty."""
    write("people.csv", people())
    assert fitted() == fitted("--C", 1)
    by_C, by_alpha = fitted("--C", 0.5), fitted("--alpha", 1 / 30)
    np.testing.assert_allclose(by_alpha.coef, by_C.coef, rtol=1e-12)
    np.testing.assert_allclose(by_alpha.penalty.C, 0.5, rtol=1e-14)
    assert abs(by_C.coef).max() < abs(fitted("--C", 1).coef).max() < abs(fitted("--no-penalty").coef).max()
    assert fitted("--no-penalty") == fitted("--C", "inf") == fitted("--alpha", 0)


def test_cross_validation_chooses_the_strength(run: Run) -> None:
    """The strength and the model of LogisticRegressionCV; the table goes to stderr, or into the JSON."""
    columns = people()
    write("people.csv", columns)
    estimator = LogisticRegressionCV(6, cv=4).fit(matrix(columns), columns["answer"])
    ran = run("fit", "people.csv", "--target", "answer", "--cv", 4, "--Cs", 6, "-o", "m")
    assert ran.code == 0
    assert "standard_error" in ran.err
    model = load("m")
    assert model.penalty.C == estimator.C_
    np.testing.assert_allclose(model.coef, estimator.coef_, rtol=1e-9)
    found = strict(run("fit", "people.csv", "--target", "answer", "--cv", 4, "--Cs", 6, "-o", "m", "--force", "--json").out)
    np.testing.assert_allclose(found["cv"]["deviance"], -2 * estimator.scores_[:, 0].mean(axis=0))
    ran = run("fit", "people.csv", "--target", "answer", "--cv", 4, "--Cs", 6, "--l1-ratio", 0.5, "-o", "m", "--force")
    assert ran.code == 0
    sparse = LogisticRegressionCV(6, cv=4, l1_ratios=[0.5]).fit(matrix(columns), columns["answer"])
    assert (load("m").penalty.C, load("m").penalty.l1_ratio) == (sparse.C_, 0.5)
    np.testing.assert_allclose(load("m").coef, sparse.coef_, rtol=1e-9)
    refused(run("fit", "people.csv", "--target", "answer", "--Cs", 6, "-o", "n"), "--cv 5")
    refused(run("fit", "people.csv", "--target", "answer", "--cv", 4, "--C", 6, "-o", "n"), "--C")


@pytest.mark.parametrize(
    ("typed", "choices"),
    [
        (("--C", 0.3), {"C": 0.3}),
        (("--alpha", 0.02), {"alpha": 0.02}),
        (("--no-penalty",), {"C": np.inf}),
        (("--bias", "firth"), {"C": np.inf, "bias": "firth"}),
        (("--bias", "firth", "--no-penalty"), {"C": np.inf, "bias": "firth"}),
        (("--standardize",), {"standardize": True}),
        (("--no-standardize",), {"standardize": False}),
        (("--no-intercept",), {"fit_intercept": False}),
        (("--class-weight", "balanced"), {"class_weight": "balanced"}),
        (("--class-weight", "b=3"), {"class_weight": {"b": 3}}),
        (("--class-weight", "a=0.5", "--class-weight", "c=2"), {"class_weight": {"a": 0.5, "c": 2}}),
        (("--solver", "newton"), {"solver": "newton"}),
        (("--solver", "lbfgs", "--tol", 0.1), {"solver": "lbfgs", "tol": 0.1}),
    ],
    ids=str,
)
def test_choices_are_those_of_python(typed: tuple[Any, ...], choices: dict[str, Any], fitted: Fitted) -> None:
    """Penalty, units, intercept, weights of classes, exact solvers; and each of them changes something."""
    columns = people(("a", "b", "c"))
    write("people.csv", columns)
    model = fitted(*typed)
    same(model, columns, **choices)
    assert (model == fitted()) is (typed == ("--no-standardize",))


@pytest.mark.parametrize(
    ("typed", "choices"),
    [
        (("--solver", "gd"), {"solver": "gd"}),
        (("--solver", "gd", "--lr", 0.5, "--epochs", 7), {"solver": solvers.GD(0.5, epochs=7)}),
        (("--solver", "sgd", "--epochs", 3), {"solver": solvers.SGD(epochs=3)}),
        (
            ("--solver", "sgd", "--lr", 0.1, "--momentum", 0.9, "--batch-size", 7, "--epochs", 5, "--seed", 11),
            {"solver": solvers.SGD(0.1, momentum=0.9, batch_size=7, epochs=5), "random_state": 11},
        ),
        (
            ("--solver", "adam", "--lr", 0.01, "--batch-size", "all", "--epochs", 6),
            {"solver": solvers.Adam(0.01, batch_size=None, epochs=6)},
        ),
    ],
    ids=str,
)
def test_textbook_solvers_take_the_steps_of_python(typed: tuple[Any, ...], choices: dict[str, Any], fitted: Fitted) -> None:
    """Learning rate, momentum, rows of a batch, epochs and seed; the seed is 0 where none is given."""
    columns = people(("a", "b", "c"))
    write("people.csv", columns)
    code = 0 if typed == ("--solver", "gd") else 3
    model = fitted(*typed, code=code)
    same(model, columns, **{"random_state": 0, **choices})
    assert fitted(*typed, code=code) == model


@pytest.mark.parametrize("init", ["zeros", "normal", "lecun_normal", "torch_linear"])
def test_start_values_are_those_of_python(init: str, fitted: Fitted) -> None:
    """By name and seed."""
    columns = people(("a", "b", "c"))
    write("people.csv", columns)
    model = fitted("--init", init, "--seed", 5, "--solver", "gd", "--lr", 1e-6, "--epochs", 1, code=3)
    drawn = estimated(columns, init=init, solver=solvers.GD(1e-6, epochs=1), random_state=5)
    np.testing.assert_array_equal(model.coef, drawn.coef_)
    assert bool(abs(model.coef).max() > 1e-3) is (init != "zeros")


def test_inverse_weights_count_the_rows(fitted: Fitted) -> None:
    """--class-weight inverse is 1 / count, or over the sums of weights where rows have weights."""
    columns, k = people(("a", "b", "c")), np.arange(60) % 4
    write("people.csv", {**columns, "k": k})
    weights = class_weights(columns["answer"], "inverse")
    same(fitted("--class-weight", "inverse", "--features", ",".join(NAMES)), columns, class_weight=weights)
    weights = class_weights(columns["answer"], "inverse", k)
    same(fitted("--class-weight", "inverse", "--weight", "k"), columns, k, class_weight=weights)


@pytest.mark.parametrize(("labels", "word"), [((False, True), "true"), ((0, 1), "1"), (("x", "a=b=c"), "a=b=c")])
def test_labels_are_typed_as_they_stand_in_the_file(labels: tuple[Any, ...], word: str, fitted: Fitted) -> None:
    """For --class-weight and --positive: true for booleans, whole numbers without a point, equal signs and all."""
    write("people.csv", people(labels))
    model = fitted("--class-weight", f"{word}=3")
    counts = people(labels)["answer"]
    assert model.total == len(counts) + 2 * counts.count(labels[1])
    assert fitted("--positive", word).classes.tolist() == [f"(not {word})", word]


def test_weights_are_copies(fitted: Fitted) -> None:
    """A weight of k is k copies of a row, 0 is none, and the weight column is no feature."""
    columns, k = people(), np.arange(60) % 4
    write("people.csv", {"k": k, **columns})
    write("copies.csv", {name: np.repeat(np.array(values), k) for name, values in columns.items()})
    weighted, copied = fitted("--weight", "k"), fitted(data="copies.csv")
    assert weighted.features == copied.features == NAMES
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-10)
    assert (weighted.total, weighted.rows, copied.rows) == (copied.total, 60, 90)


def test_features_are_chosen_by_name(fitted: Fitted) -> None:
    """In the order that is typed, in one word or several, with spaces; a name with a comma is taken whole."""
    columns = people()
    write("people.csv", {**columns, "a,b": columns["age"], "note": ["text"] * 60})
    chosen = fitted("--features", "größe ☃, age")
    assert chosen.features == ("größe ☃", "age")
    assert fitted("--features", "größe ☃", "--features", "age") == chosen
    assert fitted("--features", "a,b", "--features", "age,größe ☃").features == ("a,b", "age", "größe ☃")


def test_standardize_and_no_intercept(fitted: Fitted) -> None:
    """Standardised columns are penalised alike in any unit; without an intercept the row of zeros is undecided."""
    columns = people()
    write("people.csv", columns)
    write("grams.csv", {**columns, "age": [1000 * x for x in columns["age"]]})
    kilos, grams = fitted("--standardize"), fitted("--standardize", data="grams.csv")
    np.testing.assert_allclose(grams.coef * [1000, 1, 1], kilos.coef, rtol=1e-9)
    assert "standardised columns" in str(grams.penalty)
    free = fitted("--no-intercept")
    np.testing.assert_array_equal(free.predict_proba(np.zeros((1, 3))), [[0.5, 0.5]])


def test_solvers_and_tolerances_are_obeyed(fitted: Fitted) -> None:
    """Both solvers give one answer and say who they are; a loose tol takes fewer steps."""
    write("people.csv", people(("a", "b", "c")))
    newton, lbfgs = fitted("--solver", "newton"), fitted("--solver", "lbfgs")
    np.testing.assert_allclose(newton.coef, lbfgs.coef, rtol=1e-9)
    assert newton.solver.startswith("newton")
    assert lbfgs.solver.startswith("lbfgs")
    assert fitted("--solver", "lbfgs", "--tol", 0.1).n_iter < lbfgs.n_iter


# ------------------------------------------------------------------------------------------------------------- what is said


def test_log_every_writes_a_line_for_every_nth_iteration(run: Run) -> None:
    """On stderr, that is no terminal here, with --json too; --quiet silences it, and without it there is none."""
    write("people.csv", people())
    typed = ("fit", "people.csv", "--target", "answer", "-o", "m", "--force", "--solver", "sgd", "--epochs", 9)
    head = "minimising mean log loss, L2 penalty, C=1, on coefficients in the units of the data\n"
    for more in ((), ("--json",)):
        done = run(*typed, "--log-every", 3, *more)
        assert done.err.startswith(head)
        assert re.findall(r"^ +(\d+)  loss \S+  (?:gap \S+  )?accuracy \S+  \S+ s$", done.err, re.M) == ["0", "3", "6", "9"]
    assert "minimising" not in run(*typed).err
    assert run(*typed, "--log-every", 1, "--quiet").err == ""


def test_quiet_and_json_leave_stderr_empty(run: Run) -> None:
    """Nothing but errors, and one object on stdout."""
    write("people.csv", people())
    typed = ("fit", "people.csv", "--target", "answer", "-o", "m", "--force", "--split", "0.8/0.2")
    assert run(*typed, "--quiet") == Ran(0, "", "")
    assert run(*typed, "-q") == Ran(0, "", "")
    told = run(*typed, "--json")
    assert (told.code, told.err) == (0, "")
    assert strict(told.out)["rows"] == 48
    refused(run("fit", "none.csv", "--target", "answer", "-o", "m", "--force", "--quiet"), "none.csv does not exist")


def test_json_says_what_the_text_says(run: Run) -> None:
    """One strict object with the numbers of the model, and where its rows came from; summary tells the same."""
    write("people.csv", people(("a", "b", "c")))
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--json")
    assert (done.code, done.err) == (0, "")
    found, model = strict(done.out), load("m")
    assert found.pop("split") is None
    assert found == strict(run("summary", "m", "--json").out)
    assert (found["status"], found["certified"], found["rows"], found["classes"]) == ("converged", True, 60, ["a", "b", "c"])
    assert found["objective"] == model.certificate.value
    assert 0 <= found["gap"] <= 1e-8 * found["objective"]
    assert found["coefficients"]["b"] == dict(zip(NAMES, model.coef[1].tolist(), strict=True))
    assert found["intercept"]["c"] == model.intercept[2]
    assert found["provenance"]["command"] == "logistic fit people.csv --target answer -o m --json"


def test_a_column_called_intercept_keeps_its_coefficient(run: Run, fitted: Fitted) -> None:
    """The summary as data has room for both."""
    columns = people()
    write("people.csv", {"intercept": columns["age"], "answer": columns["answer"]})
    model = fitted()
    found = strict(run("summary", "m", "--json").out)
    assert found["coefficients"] == {"yes against no": {"intercept": model.coef[0, 0]}}
    assert found["intercept"] == {"yes against no": model.intercept[0]}


def test_strange_columns_are_remarked_upon(run: Run) -> None:
    """Many labels for few rows, and a column without a name, which is what a data frame's row numbers become."""
    columns = people()
    write("people.csv", {"": range(60), **columns, "name": [f"n{i // 2}" for i in range(60)]})
    first = run("fit", "people.csv", "--target", "answer", "-o", "m", "--features", f"{NAMES[0]}")
    assert "note:" not in first.err
    done = run("fit", "people.csv", "--target", "name", "-o", "m", "--force", "--features", f",{NAMES[0]}")
    assert "note: column 'name' of people.csv has 30 different labels for 60 rows; is it the target?" in done.err
    assert "note: people.csv has a column without a name, perhaps row numbers; --features leaves it out" in done.err


# --------------------------------------------------------------------------------------------------------------- exit codes


def test_a_separated_fit_is_written_and_not_certified(run: Run) -> None:
    """Exit code 3, a model that says so, and a table that does not pretend."""
    write("apart.csv", {"x": [1, 2, 3, 4], "noise": [0, 1, 1, 0], "answer": [0, 0, 1, 1]})
    done = run("fit", "apart.csv", "--target", "answer", "-o", "m", "--no-penalty")
    assert (done.code, done.out) == (3, "")
    assert "status       separated:" in done.err
    assert "separating   x" in done.err
    assert "no finite estimate exists: these are the limits as the log-likelihood nears its supremum" in done.err
    assert "+inf" in done.err
    assert load("m").certificate.status is Status.SEPARATED
    summary = run("summary", "m", "--json")
    found = strict(summary.out)
    assert (summary.code, found["status"], found["certified"], found["gap"]) == (0, "separated", False, "inf")
    assert (found["limit"]["supremum"], found["limit"]["coefficients"]["1"]["x"]) == (0, "+inf")
    assert run("predict", "m", "apart.csv").code == 0
    assert run("fit", "apart.csv", "--target", "answer", "-o", "m", "--force", "--C", "1").code == 0


def test_a_fit_that_ran_out_of_steps_or_time_is_not_certified(run: Run) -> None:
    """Exit code 3 and the advice to raise the limit."""
    write("people.csv", people())
    typed = ("fit", "people.csv", "--target", "answer", "-o", "m", "--force", "--solver", "lbfgs", "--json")
    done = run(*typed, "--max-iter", 1)
    assert (done.code, load("m").certificate.status) == (3, Status.MAX_ITER)
    assert "raise max_iter" in strict(done.out)["advice"]
    done = run(*typed, "--max-time", 1e-9)
    assert (done.code, load("m").certificate.status) == (3, Status.MAX_TIME)


def test_a_fit_that_leaves_the_finite_numbers_is_written_and_readable(fitted: Fitted) -> None:
    """Exit code 3; what is kept is the best point before."""
    write("people.csv", people())
    model = fitted("--solver", "gd", "--lr", 1e300, code=3)
    assert np.isfinite(model.coef).all()


def test_ctrl_c_before_the_end_writes_nothing(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, one line, no file."""

    def interrupted(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    write("people.csv", people())
    before = everything(folder)
    monkeypatch.setattr("logistic.sources.ArraySource", interrupted)
    done = run("fit", "people.csv", "--target", "answer", "-o", "m")
    assert (done.code, done.out, done.err.strip()) == (130, "", "logistic: interrupted")
    assert everything(folder) == before


def test_ctrl_c_during_the_search_keeps_the_best_point(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, and the model that was reached is written as interrupted."""

    def steps(self: Newton, objective: Any, W0: Any) -> Iterator[Any]:
        yield objective.at(W0)
        raise KeyboardInterrupt

    write("people.csv", people())
    monkeypatch.setattr(Newton, "__call__", steps)
    done = run("fit", "people.csv", "--target", "answer", "-o", "m")
    assert done.code == 130
    assert load("m").certificate.status is Status.INTERRUPTED
    assert "not certified: these numbers are only where the search stopped" in done.err


def test_too_little_memory_is_said_in_one_line(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, the way out, no file."""

    def starving(*_: object, **__: object) -> NoReturn:
        raise MemoryError("Unable to allocate 8.00 TiB")

    write("people.csv", people())
    before = everything(folder)
    monkeypatch.setattr("logistic.fit.fit", starving)
    done = run("fit", "people.csv", "--target", "answer", "-o", "m")
    refused(done, "out of memory (Unable to allocate 8.00 TiB); take fewer rows or columns (--features)")
    assert everything(folder) == before


def test_a_bug_of_ours_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not the user's fault is not dressed up as such: the traceback stays, and Python's exit code is 1."""

    def broken(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("a bug")

    write("people.csv", people())
    monkeypatch.setattr("logistic.fit.fit", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        cli.run(["fit", "people.csv", "--target", "answer", "-o", "m"])


def test_force_replaces_a_file_and_only_then(run: Run) -> None:
    """--force is needed for what exists, and obeyed."""
    write("people.csv", people())
    assert run("fit", "people.csv", "--target", "answer", "-o", "first").code == 0
    for command in (("fit", "people.csv", "--target", "answer", "-o", "m"), ("predict", "first", "people.csv", "-o", "out.csv")):
        name = command[-1]
        Path(name).write_text("precious")
        assert run(*command).code == 2
        assert Path(name).read_text() == "precious"
        assert run(*command, "--force").code == 0
    assert load("m") == load("first")
    assert Path("out.csv").read_text() == run("predict", "m", "people.csv").out


def test_a_failed_fit_keeps_the_old_model(run: Run, fitted: Fitted) -> None:
    """--force promises a new model, not the loss of the old one."""
    write("people.csv", people())
    fitted()
    before = Path("m").read_bytes()
    write("one.csv", {**people(), "answer": ["yes"] * 60})
    assert run("fit", "one.csv", "--target", "answer", "-o", "m", "--force").code == 2
    assert Path("m").read_bytes() == before


def test_what_is_read_is_not_written_over(run: Run, fitted: Fitted) -> None:
    """Not even with --force, nor by another name of the same file."""
    write("people.csv", people())
    fitted()
    Path("link.csv").symlink_to("people.csv")
    before = everything(Path.cwd())
    for command in (
        ("fit", "people.csv", "--target", "answer", "-o", "people.csv"),
        ("fit", "people.csv", "--target", "answer", "-o", "link.csv"),
        ("predict", "m", "people.csv", "-o", "people.csv"),
        ("predict", "m", "people.csv", "-o", "m"),
    ):
        refused(run(*command, "--force"), "is read, so it cannot be the output; choose another name")
    assert everything(Path.cwd()) == before
