"""The narrow road from a file to a prediction, for files of every kind and labels of every type."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from logistic import load
from shell import NAMES, Ran, Run, everything, matrix, people, rows_of, shell, strict, write


def test_from_a_csv_to_a_prediction_in_a_shell(folder: Path) -> None:
    """What README's reader types: fit, summary, predict; data on stdout, talk on stderr."""
    write("people.csv", people())
    fitted = shell("{logistic} fit people.csv --target answer -o model.safetensors")
    assert (fitted.code, fitted.out) == (0, "")
    assert fitted.err.startswith("wrote model.safetensors\nLogistic regression of 2 classes on 3 columns, 60 rows\n")
    assert "L2 penalty, C=1" in fitted.err
    summary = shell("{logistic} summary model.safetensors")
    assert (summary.code, summary.err) == (0, "")
    assert summary.out.startswith(fitted.err.partition("\n")[2])
    predicted = shell("{logistic} predict model.safetensors people.csv > out.csv")
    assert predicted == Ran(0, "", "")
    assert sorted(everything(folder)) == ["model.safetensors", "out.csv", "people.csv"]
    assert len(rows_of(Path("out.csv").read_text())) == 60


@pytest.mark.parametrize("kind", ["csv", "tsv", "csv.gz", "parquet", "CSV", "semicolon.csv", "npz"])
def test_files_of_every_kind_give_one_model(kind: str, run: Run) -> None:
    """CSV, TSV, compressed CSV, Parquet and .npz of the same numbers give the same model."""
    columns = people()
    text = write("people.csv", columns).read_text()
    assert run("fit", "people.csv", "--target", "answer", "-o", "first").code == 0
    path = Path(f"again.{kind}")
    if kind == "parquet":
        parquet.write_table(pa.table(columns), path)
    elif kind == "npz":
        np.savez(path, X=matrix(columns), features=np.array(NAMES), answer=np.array(columns["answer"]))
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text.replace(",", {"tsv": "\t", "semicolon.csv": ";"}.get(kind, ",")))
    assert run("fit", path, "--target", "answer", "-o", "second").code == 0
    assert load("first") == load("second")
    assert load("second").provenance.data == path.name


@pytest.mark.parametrize("make", [lambda t: b"\xef\xbb\xbf" + t, lambda t: t.replace(b"\n", b"\r\n"), lambda t: t.rstrip(b"\r\n")])
def test_spreadsheets_write_csv_in_their_own_way(make: Callable[[bytes], bytes], run: Run) -> None:
    """A byte order mark, Windows line ends or no last line end change nothing."""
    text = write("plain.csv", people()).read_bytes().replace(b"\r\n", b"\n")
    Path("plain.csv").write_bytes(text)
    Path("odd.csv").write_bytes(make(text))
    for name in ("plain", "odd"):
        assert run("fit", f"{name}.csv", "--target", "answer", "-o", name).code == 0
    assert load("plain") == load("odd")


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c", "d")])
def test_predictions_are_those_of_the_model(labels: tuple[str, ...], run: Run) -> None:
    """To a file and to stdout, as CSV and as JSON, the numbers are predict_proba's, bit for bit, and so are the labels."""
    columns = people(labels)
    write("people.csv", columns)
    assert run("fit", "people.csv", "--target", "answer", "-o", "m", "--C", "10").code == 0
    new = dict(zip(NAMES, np.random.default_rng(0).normal(size=(3, 500)).tolist(), strict=True))
    write("new.csv", new)
    shown = run("predict", "m", "new.csv")
    assert (shown.code, shown.err) == (0, "")
    assert run("predict", "m", "new.csv", "-o", "out.csv") == Ran(0, "", "")
    assert Path("out.csv").read_text() == shown.out
    told = strict(run("predict", "m", "new.csv", "--json").out)
    assert run("predict", "m", "new.csv", "--json", "-o", "out.json") == Ran(0, "", "")
    assert strict(Path("out.json").read_text()) == told
    model = load("m")
    rows, probabilities = rows_of(shown.out), model.predict_proba(matrix(new))
    assert list(rows[0]) == ["prediction", *(f"probability_{label}" for label in labels)] == list(told)
    for k, label in enumerate(labels):
        assert [float(row[f"probability_{label}"]) for row in rows] == probabilities[:, k].tolist() == told[f"probability_{label}"]
    assert [row["prediction"] for row in rows] == model.predict(matrix(new)).tolist() == told["prediction"]


def test_columns_are_found_by_name(run: Run) -> None:
    """Another order and extra columns, the target and text among them, change no prediction."""
    columns = people()
    write("people.csv", columns)
    assert run("fit", "people.csv", "--target", "answer", "-o", "m").code == 0
    write("turned.csv", {"note": ["text, and more"] * 60, **{name: columns[name] for name in reversed(columns)}, "id": range(60)})
    assert run("predict", "m", "turned.csv") == run("predict", "m", "people.csv")


@pytest.mark.parametrize(
    ("labels", "kind", "written"),
    [
        ((0, 1), "i", ("0", "1")),
        ((-5, 3, 2**60), "i", ("-5", "3", str(2**60))),
        ((False, True), "b", ("false", "true")),
        ((1.0, 2.0), "i", ("1", "2")),
        (("a, b", 'quo"te'), "U", ("a, b", 'quo"te')),
        (("two\nlines", "été ☃", "漢字"), "U", ("two\nlines", "été ☃", "漢字")),
        (("=1+1", " padded ", "NA"), "U", ("=1+1", " padded ", "NA")),
    ],
    ids=str,
)
def test_labels_keep_their_type(labels: tuple[Any, ...], kind: str, written: tuple[str, ...], run: Run) -> None:
    """Whole numbers, booleans and text of any kind go through a model and come back as they were."""
    shown = [int(label) if isinstance(label, float) else label for label in labels]
    write("people.csv", people(tuple(shown)))
    parquet.write_table(pa.table(people(tuple(shown))), "people.parquet")
    for name in ("people.csv", "people.parquet"):
        assert run("fit", name, "--target", "answer", "-o", "m", "--force").code == 0
        model = load("m")
        assert model.classes.dtype.kind == kind
        assert model.classes.tolist() == sorted(labels)
        rows = rows_of(run("predict", "m", name).out)
        assert {row["prediction"] for row in rows} == set(written)
        assert [f"probability_{label}" for label in model.classes] == list(rows[0])[1:]


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_parquet_types_of_labels(kind: pa.DataType, run: Run) -> None:
    """Small integers keep their size, and categories are their words."""
    columns = people((3, 7) if pa.types.is_integer(kind) else ("no", "yes"))
    table = pa.table({**columns, "answer": pa.array(columns["answer"]).cast(kind)})
    parquet.write_table(table, "people.parquet")
    assert run("fit", "people.parquet", "--target", "answer", "-o", "m").code == 0
    assert load("m").classes.tolist() == sorted(set(columns["answer"]))
    assert {row["prediction"] for row in rows_of(run("predict", "m", "people.parquet").out)} == {str(y) for y in columns["answer"]}


@pytest.mark.parametrize("kind", [pa.float32(), pa.int64(), pa.uint8(), pa.bool_(), pa.decimal128(25, 3)], ids=str)
def test_parquet_types_of_features(kind: pa.DataType, run: Run) -> None:
    """Whatever holds numbers is a feature."""
    columns = people()
    x = [int(v > 0) for v in columns["age"]]
    whole, typed = ({**columns, "age": values} for values in (pa.array(x).cast(pa.float64()), pa.array(x).cast(kind)))
    for name, table in (("whole", whole), ("typed", typed)):
        parquet.write_table(pa.table(table), f"{name}.parquet")
        assert run("fit", f"{name}.parquet", "--target", "answer", "-o", name).code == 0
    assert load("whole") == load("typed")


def test_whole_numbers_beyond_float64_are_taken(run: Run) -> None:
    """Identifiers of 18 digits are numbers like others, to the 16 digits of float64."""
    columns = people()
    write("people.csv", {**columns, "id": [2**59 + 3 * i for i in range(60)]})
    assert run("fit", "people.csv", "--target", "answer", "-o", "m").code == 0


def test_bundled_sets_are_data_too(run: Run) -> None:
    """dataset:NAME knows its target, can be fitted, predicted and evaluated, and its columns are matched by name as well."""
    assert run("fit", "dataset:wine", "-o", "wine", "--split", "0.8/0.2").code == 0
    model = load("wine")
    assert model.classes.tolist() == ["class_0", "class_1", "class_2"]
    assert (model.provenance.data, model.rows) == ("dataset:wine", 142)
    assert len(rows_of(run("predict", "wine", "dataset:wine").out)) == 178
    assert "for 36 rows" in run("evaluate", "wine", "dataset:wine", "--split", "test").out
    wrong = run("predict", "wine", "dataset:iris")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("logistic: dataset:iris has no column 'alcohol'")


def test_a_measure_of_a_bundled_set_can_be_the_target(run: Run) -> None:
    """--target overrules what the set knows."""
    choices = ("--target", "petal width (cm)", "--bins", "3", "--features", "sepal length (cm),sepal width (cm)")
    assert run("fit", "dataset:iris", *choices, "-o", "m").code == 0
    model = load("m")
    assert model.features == ("sepal length (cm)", "sepal width (cm)")
    assert (model.classes.tolist(), model.provenance.target) == ([0, 1, 2], "petal width (cm)")


def test_sparse_sets_go_all_the_way(run: Run) -> None:
    """A bag of words is fitted, divided, evaluated and predicted without ever being dense."""
    done = run("fit", "dataset:topics", "-o", "m", "--split", "0.8/0.2", "--max-iter", "30")
    assert done.code in (0, 3), done.err
    model = load("m")
    assert model.coef.shape[1] > 100
    assert run("evaluate", "m", "dataset:topics", "--split", "test").code == 0
    assert len(rows_of(run("predict", "m", "dataset:topics").out)) > model.rows


def test_names_of_columns_may_be_anything(run: Run) -> None:
    """Line breaks, quotes, terminal codes, equal signs and other scripts go through; what is shown of them is harmless."""
    names = ("two\nlines", 'quo"te', "\x1b[31mred", "عربي\u202e", "a=b", "=1+1", "tab\t", " padded ")
    X, answer = np.random.default_rng(0).normal(size=(30, len(names))), people(n=30)["answer"]
    write("odd.csv", {**{name: X[:, j].tolist() for j, name in enumerate(names)}, "y\x07": answer})
    done = run("fit", "odd.csv", "--target", "y\x07", "-o", "m", "--split", "0.5/0.5")
    assert done.code == 0
    assert load("m").features == names
    shown = done.err + run("summary", "m").out + run("predict", "m", "--row", *(f"{name}=1" for name in names)).out
    assert all(c.isprintable() for line in shown.split("\n") for c in line)
    told = strict(run("predict", "m", "--row", *(f"{name}={x}" for name, x in zip(names, X[0], strict=True)), "--json").out)
    assert told["probability_yes"] == load("m").predict_proba(X[:1])[0, 1]
    assert run("evaluate", "m", "odd.csv", "--split", "test").code == 0


def test_ten_thousand_columns_make_no_long_line(run: Run) -> None:
    """Errors name a few columns and say how many more there are."""
    names = [f"column_{j}" for j in range(10_000)]
    X = np.random.default_rng(0).normal(size=(6, len(names)))
    np.savez("wide.npz", X=X, features=np.array(names), y=np.array([0, 1] * 3))
    assert run("fit", "wide.npz", "--target", "y", "-o", "m", "-q") == Ran(0, "", "")
    commands = [
        ("fit", "wide.npz", "--target", "Y", "-o", "new"),
        ("predict", "m", "--row"),
        ("predict", "m", "--row", "column_00=1"),
        ("predict", "m", "people.csv"),
        ("fit", "wide.npz", "--target", "x" * 100_000, "-o", "new"),
    ]
    write("people.csv", people())
    for command in commands:
        done = run(*command)
        assert (done.code, done.out) == (2, "")
        assert len(done.err) < 2100
        assert len(done.err.splitlines()) == 1


def test_an_endless_command_line_is_kept_in_part(run: Run) -> None:
    """5000 names of columns do not keep a model from being saved, nor fill the screen."""
    names = [f"a_rather_long_name_{j}" for j in range(5000)]
    np.savez("wide.npz", X=np.random.default_rng(0).normal(size=(6, 5000)), features=np.array(names), y=np.array([0, 1] * 3))
    assert run("fit", "wide.npz", "--target", "y", "-o", "m", "--features", ",".join(names)).code == 0
    assert load("m").provenance.command.startswith("logistic fit wide.npz --target y -o m --features a_rather")
    assert max(map(len, run("summary", "m").out.splitlines())) < 600
