"""``logistic report``, as it is typed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from logistic import LogisticRegression, load
from shell import NAMES, Run, matrix, people, refused, strict, write

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")


@pytest.fixture
def typed(run: Run) -> Any:
    """A model ``m`` of ``people.csv``, divided, and what its report says."""
    write("people.csv", people(("no", "yes", "perhaps"), 90))
    assert run("fit", "people.csv", "--target", "answer", "--split", "0.7/0.3", "-o", "m").code == 0

    def report(*words: object, data: str = "people.csv") -> str:
        done = run("report", "m", data, "-o", "r.html", "--force", *words)
        assert done.code == 0, done.err
        return Path("r.html").read_text()

    return report


def test_a_report_is_one_file_and_says_so(run: Run, typed: Any) -> None:
    """On stderr, and as JSON on stdout."""
    page = typed("--split", "test", "--quiet")
    assert page.startswith("<!DOCTYPE html>")
    assert "Logistic regression of answer" in page
    assert "logistic fit people.csv --target answer --split 0.7/0.3 -o m" in page
    assert "flatters" not in page
    done = run("report", "m", "people.csv", "--split", "test", "-o", "s.html")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("Report of a model of 3 classes on 27 rows: accuracy ")
    assert done.err.endswith("wrote s.html\n")
    assert Path("s.html").read_text() == page
    told = run("report", "m", "people.csv", "-o", "t.html", "--json", "--title", "Answers")
    assert (told.code, told.err) == (0, "")
    found = strict(told.out)
    assert (found["path"], found["title"], found["rows"]) == ("t.html", "Answers", 90)
    assert list(found["sections"])[:2] == ["fit", "data"]


@pytest.mark.slow
def test_what_was_learned_from_is_told(typed: Any) -> None:
    """Of all rows, and of the training part."""
    assert "The first of 2 parts of these rows was learned from, so all that follows flatters it." in typed()
    assert "These rows were learned from, so all that follows flatters it." in typed("--split", "train")


@pytest.mark.slow
def test_rows_are_called_as_in_the_file(run: Run, typed: Any) -> None:
    """From 1 on, in a part of a split too."""
    assert "Row 17: " in typed("--row", 17)
    assert "Rows are counted from 1, in the order of the data." in typed()
    page = typed("--row", 3, "--row", 90)
    assert "Row 3: " in page
    assert "Row 90: " in page
    refused(run("report", "m", "people.csv", "-o", "x.html", "--row", 0), "row 0 is none of the 90 rows", "from 1 to 90")
    refused(run("report", "m", "people.csv", "-o", "x.html", "--row", 91), "row 91")
    assert not Path("x.html").exists()


def test_frequencies_that_rows_lack_are_missed(run: Run) -> None:
    """On stderr as well as on the page."""
    write("people.csv", {**people(n=90), "times": [1 + i % 3 for i in range(90)]})
    assert run("fit", "people.csv", "--target", "answer", "--freq-weights", "times", "-o", "m").code == 0
    done = run("report", "m", "people.csv", "-o", "r.html")
    assert "note: the fit took its 90 rows for 180 observations; --weight COLUMN weighs these so" in done.err
    assert "here each row counts once" in Path("r.html").read_text()
    assert "weighs these so" not in run("report", "m", "people.csv", "--weight", "times", "-o", "s.html").err


def test_a_formula_shows_the_columns_of_the_data(run: Run) -> None:
    """Levels by name, in the worst mistakes too, from a file and from its held-out part."""
    columns = people(n=120)
    columns["city"] = [("Rome", "Oslo", "Bonn <b>")[i % 3] for i in range(120)]
    write("people.csv", columns)
    assert run("fit", "people.csv", "--formula", "answer ~ age + city", "--no-penalty", "--split", "0.7/0.3", "-o", "m").code == 0
    done = run("report", "m", "people.csv", "--split", "test", "-o", "r.html")
    assert done.code == 0, done.err
    page = Path("r.html").read_text()
    assert "city[T.Oslo]" in page
    assert "Bonn &lt;b&gt;" in page
    assert "Bonn <b>" not in page


def test_weights_count_as_rows(run: Run) -> None:
    """Rows written twice, or once with weight 2."""
    columns = people(n=40)
    numbers = [1 + i % 2 for i in range(40)]
    write("twice.csv", {name: np.repeat(np.array(column, dtype=object), numbers) for name, column in columns.items()})
    write("once.csv", {**columns, "k": numbers})
    assert run("fit", "twice.csv", "--target", "answer", "-o", "m").code == 0
    said = [run("report", "m", *words) for words in (("twice.csv", "-o", "a"), ("once.csv", "--weight", "k", "-o", "b"))]
    scores = [done.err.split("rows: ")[1].split(";")[0] for done in said]
    assert scores[0] == scores[1]


MISTAKES = {
    "no output": (("report", "m", "people.csv"), "Missing option '-o'"),
    "standard output": (("report", "m", "people.csv", "-o", "-"), "a report cannot be written to standard output"),
    "over the model": (("report", "m", "people.csv", "-o", "m", "--force"), "m is read, so it cannot be the output"),
    "over the data": (("report", "m", "people.csv", "-o", "people.csv", "--force"), "people.csv is read"),
    "over a page": (("report", "m", "people.csv", "-o", "there.html"), "there.html exists; choose another name or pass --force"),
    "no model": (("report", "nothing", "people.csv", "-o", "x.html"), "there is no model file nothing"),
    "no such part": (("report", "m", "people.csv", "--split", "test", "-o", "x.html"), "the model was fitted on all its rows"),
    "linear": (("report", "line", "people.csv", "-o", "x.html"), "line holds a linear regression, which has no report"),
    "network": (("report", "net", "people.csv", "-o", "x.html"), "net holds a network with a hidden layer, which has no report"),
    "another label": (("report", "m", "other.csv", "-o", "x.html"), "other.csv"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told_and_nothing_is_written(mistake: str, run: Run) -> None:
    """One line, before any work."""
    columns = people()
    write("people.csv", columns)
    write("other.csv", {**columns, "answer": ["never"] * 60})
    Path("there.html").write_text("mine")
    assert run("fit", "people.csv", "--target", "answer", "-o", "m").code == 0
    if mistake == "linear":
        assert run("fit", "people.csv", "--target", NAMES[0], "--linear", "--features", NAMES[1], "-o", "line").code == 0
    if mistake == "network":
        assert run("fit", "people.csv", "--target", "answer", "--hidden", 2, "--max-iter", 1, "-o", "net").code == 3
    words, told = MISTAKES[mistake]
    refused(run(*words), told)
    assert not Path("x.html").exists()
    assert Path("there.html").read_text() == "mine"


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_a_missing_package_is_named_with_its_extra(package: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any file is read; the demo does without."""
    monkeypatch.setitem(sys.modules, package, None)
    refused(run("report", "nothing", "people.csv", "-o", "x.html"), package, "pip install 'logistic[report]'")
    monkeypatch.setattr("logistic.cli.demo.SETS", ("iris",))
    done = run("demo")
    assert done.code == 0, done.err
    assert "which is not installed: pip install 'logistic[report]'.\n" in done.out
    assert not list(Path("logistic-demo").glob("*.html"))


def test_parquet_and_memory_make_the_same_report(run: Run) -> None:
    """But for the names of the rows, which begin at 1 in a file."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = people(n=80)
    parquet.write_table(pa.table(columns), "people.parquet")
    LogisticRegression().fit(matrix(columns), columns["answer"]).save("m")
    assert run("report", "m", "people.parquet", "--target", "answer", "-o", "r.html").code == 0
    scores = load("m").report(matrix(columns), columns["answer"]).to_dict()["sections"][3]["blocks"]
    from_file = Path("r.html").read_text()
    assert f"{scores[0]['columns']['value'][0]:.4f}" in from_file
