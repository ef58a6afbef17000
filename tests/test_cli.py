"""The command line as people use it: in a hurry, wrongly, and in pipes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from safetensors.numpy import save as pack

from logistic import Model, Status, cli, load
from logistic.solvers import Newton
from support import overlapping

COMMAND = Path(sys.executable).with_name("logistic")
NAMES = ("age", "hourly wage", "größe ☃")


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command line in this process."""

    def running(*arguments: object) -> Ran:
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.run([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Ran(end.value.code if isinstance(end.value.code, int) else 0, out.decode(), err.decode())

    return running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types its commands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def shell(line: str) -> Ran:
    """What the shell makes of a line in which {logistic} is the installed command."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("{logistic}", str(COMMAND))], capture_output=True, text=True, timeout=120
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def write(name: str, columns: dict[str, Any]) -> Path:
    """A CSV file of these columns; numbers in full."""
    with open(name, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
    return Path(name)


def people(labels: tuple[Any, ...] = ("no", "yes"), n: int = 60) -> dict[str, Any]:
    """Columns of a small problem whose classes overlap."""
    X, codes = overlapping(len(labels), n, 3, len(labels))
    return {**{name: X[:, j].tolist() for j, name in enumerate(NAMES)}, "answer": [labels[code] for code in codes]}


def matrix(columns: dict[str, Any]) -> np.ndarray:
    """The numbers of those columns as the model wants them."""
    return np.asfortranarray(np.column_stack([columns[name] for name in NAMES]))


def rows_of(text: str) -> list[dict[str, str]]:
    """A CSV text, row by row."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def strict(text: str) -> Any:
    """JSON as the standard says: one value, no NaN, no key twice."""

    def refuse(name: str) -> NoReturn:
        raise AssertionError(f"{name} is not JSON")

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(found)) == len(found), found
        return dict(found)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=pairs)


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------------------- the narrow road


def test_from_a_csv_to_a_prediction_in_a_shell(folder: Path) -> None:
    """What README's reader types: fit, summary, predict; data on stdout, talk on stderr."""
    write("people.csv", people())
    fitted = shell("{logistic} fit people.csv --target answer -o model.safetensors")
    assert (fitted.code, fitted.out) == (0, "")
    assert fitted.err.startswith("wrote model.safetensors\nLogistic regression of 2 classes on 3 columns, 60 rows\n")
    assert "L2 penalty, C=1" in fitted.err
    summary = shell("{logistic} summary model.safetensors")
    assert (summary.code, summary.err) == (0, "")
    assert fitted.err.endswith(summary.out)
    predicted = shell("{logistic} predict model.safetensors people.csv > out.csv")
    assert predicted == Ran(0, "", "")
    assert sorted(everything(folder)) == ["model.safetensors", "out.csv", "people.csv"]
    assert len(rows_of(Path("out.csv").read_text())) == 60


@pytest.mark.parametrize("kind", ["csv", "tsv", "csv.gz", "parquet", "CSV"])
def test_files_of_every_kind_give_one_model(kind: str, run: Run) -> None:
    """CSV, TSV, compressed CSV and Parquet of the same numbers give the same model, byte for byte."""
    columns = people()
    text = write("people.csv", columns).read_text()
    assert run("fit", "people.csv", "--target", "answer", "-o", "first").code == 0
    path = Path(f"again.{kind}")
    if kind == "parquet":
        parquet.write_table(pa.table(columns), path)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text.replace(",", "\t") if kind == "tsv" else text)
    assert run("fit", path, "--target", "answer", "-o", "second").code == 0
    assert Path("first").read_bytes() == Path("second").read_bytes()


@pytest.mark.parametrize("make", [lambda t: b"\xef\xbb\xbf" + t, lambda t: t.replace(b"\n", b"\r\n"), lambda t: t.rstrip(b"\r\n")])
def test_spreadsheets_write_csv_in_their_own_way(make: Callable[[bytes], bytes], run: Run) -> None:
    """A byte order mark, Windows line ends or no last line end change nothing."""
    text = write("plain.csv", people()).read_bytes().replace(b"\r\n", b"\n")
    Path("plain.csv").write_bytes(text)
    Path("odd.csv").write_bytes(make(text))
    for name in ("plain", "odd"):
        assert run("fit", f"{name}.csv", "--target", "answer", "-o", name).code == 0
    assert Path("plain").read_bytes() == Path("odd").read_bytes()


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


# ------------------------------------------------------------------------------------------------------------------ choices


def fitted(run: Run, *choices: object, data: str = "people.csv") -> Model:
    """The model of a fit with these choices."""
    done = run("fit", data, "--target", "answer", "-o", "m", "--force", *choices)
    assert done.code == 0, done.err
    return load("m")


def test_strengths_are_one_scale(run: Run) -> None:
    """C=1 is the default, alpha = 1 / (C n), and C=inf is no penalty."""
    write("people.csv", people())
    assert fitted(run) == fitted(run, "--C", 1)
    by_C, by_alpha = fitted(run, "--C", 0.5), fitted(run, "--alpha", 1 / 30)
    np.testing.assert_allclose(by_alpha.coef, by_C.coef, rtol=1e-12)
    np.testing.assert_allclose(by_alpha.penalty.C, 0.5, rtol=1e-14)
    assert abs(by_C.coef).max() < abs(fitted(run, "--C", 1).coef).max() < abs(fitted(run, "--no-penalty").coef).max()
    assert fitted(run, "--no-penalty") == fitted(run, "--C", "inf") == fitted(run, "--alpha", 0)


def test_weights_are_copies(run: Run) -> None:
    """A weight of k is k copies of a row, 0 is none, and the weight column is no feature."""
    columns, k = people(), np.arange(60) % 4
    write("people.csv", {"k": k, **columns})
    write("copies.csv", {name: np.repeat(np.array(values), k) for name, values in columns.items()})
    weighted, copied = fitted(run, "--weight", "k"), fitted(run, data="copies.csv")
    assert weighted.features == copied.features == NAMES
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-10)
    assert (weighted.total, weighted.rows, copied.rows) == (copied.total, 60, 90)


def test_solvers_and_tolerances_are_obeyed(run: Run) -> None:
    """Both solvers give one answer and say who they are; a loose tol takes fewer steps."""
    write("people.csv", people(("a", "b", "c")))
    newton, lbfgs = fitted(run, "--solver", "newton"), fitted(run, "--solver", "lbfgs")
    np.testing.assert_allclose(newton.coef, lbfgs.coef, rtol=1e-9)
    assert newton.solver.startswith("newton")
    assert lbfgs.solver.startswith("lbfgs")
    assert fitted(run, "--solver", "lbfgs", "--tol", 0.1).n_iter < lbfgs.n_iter


def test_standardize_and_no_intercept(run: Run) -> None:
    """Standardised columns are penalised alike in any unit; without an intercept the row of zeros is undecided."""
    columns = people()
    write("people.csv", columns)
    write("grams.csv", {**columns, "age": [1000 * x for x in columns["age"]]})
    kilos, grams = fitted(run, "--standardize"), fitted(run, "--standardize", data="grams.csv")
    np.testing.assert_allclose(grams.coef * [1000, 1, 1], kilos.coef, rtol=1e-9)
    assert "standardised columns" in str(grams.penalty)
    free = fitted(run, "--no-intercept")
    np.testing.assert_array_equal(free.predict_proba(np.zeros((1, 3))), [[0.5, 0.5]])


def test_bundled_sets_are_data_too(run: Run) -> None:
    """dataset:NAME can be fitted and predicted, and its columns are matched by name as well."""
    assert run("fit", "dataset:wine", "-o", "wine").code == 0
    assert load("wine").classes.tolist() == ["class_0", "class_1", "class_2"]
    assert len(rows_of(run("predict", "wine", "dataset:wine").out)) == 178
    wrong = run("predict", "wine", "dataset:iris")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("logistic: dataset:iris has no column 'alcohol'")


# --------------------------------------------------------------------------------------------------------------- exit codes


def test_a_separated_fit_is_written_and_not_certified(run: Run) -> None:
    """Exit code 3, a model that says so, and a table that does not pretend."""
    write("apart.csv", {"x": [1, 2, 3, 4], "noise": [0, 1, 1, 0], "answer": [0, 0, 1, 1]})
    done = run("fit", "apart.csv", "--target", "answer", "-o", "m", "--no-penalty")
    assert (done.code, done.out) == (3, "")
    assert "status       separated:" in done.err
    assert "separating   x" in done.err
    assert "these numbers are only where the search stopped; they grow without end" in done.err
    assert load("m").certificate.status is Status.SEPARATED
    summary = run("summary", "m", "--json")
    found = strict(summary.out)
    assert (summary.code, found["status"], found["certified"], found["gap"]) == (0, "separated", False, "inf")
    assert run("predict", "m", "apart.csv").code == 0
    assert run("fit", "apart.csv", "--target", "answer", "-o", "m", "--force", "--C", "1").code == 0


def test_a_fit_that_ran_out_of_steps_is_not_certified(run: Run) -> None:
    """Exit code 3 and the advice to raise max_iter."""
    write("people.csv", people())
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--max-iter", "1", "--solver", "lbfgs", "--json")
    assert done.code == 3
    assert "raise max_iter" in strict(done.out)["advice"]
    assert load("m").certificate.status is Status.MAX_ITER


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


def test_a_bug_of_ours_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not the user's fault is not dressed up as such: the traceback stays, and Python's exit code is 1."""

    def broken(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("a bug")

    write("people.csv", people())
    monkeypatch.setattr("logistic.fit.fit", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        cli.run(["fit", "people.csv", "--target", "answer", "-o", "m"])


# ------------------------------------------------------------------------------------------------------------------- mistakes


@pytest.fixture
def desk(folder: Path) -> Path:
    """A folder full of files that are not what they seem, and one sound model ``m.safetensors``."""
    X, codes = overlapping(2, 30, 2, 2)
    sound = {"age": X[:, 0].tolist(), "wage": X[:, 1].tolist(), "ok": codes.tolist()}
    write("sound.csv", sound)
    write("text.csv", {**sound, "colour": ["red"] * 30})
    write("gap.csv", {**sound, "wage": [1, 2, "", *range(27)]})
    write("nan.csv", {**sound, "wage": [1, 2, "NaN", *range(27)]})
    write("inf.csv", {**sound, "wage": [1, 2, "inf", *range(27)]})
    write("label-gap.csv", {**sound, "ok": ["a", "b", "", *["a"] * 27]})
    write("number-gap.csv", {**sound, "ok": [1, 0, "", *[1] * 27]})
    write("one.csv", {**sound, "ok": [1] * 30})
    write("alone.csv", {"ok": codes.tolist()})
    write("continuous.csv", {**sound, "ok": X[:, 0].tolist()})
    write("dates.csv", {**sound, "day": ["2020-01-01"] * 30})
    write("days.csv", {**sound, "ok": [f"2020-01-0{1 + code}" for code in codes]})
    write("negative.csv", {**sound, "w": [1, -2, *[1] * 28]})
    write("renamed.csv", {"age": sound["age"], "wages": sound["wage"]})
    Path("header.csv").write_text("age,wage,ok\n")
    Path("twice.csv").write_text("age,age,ok\n1,2,0\n2,1,1\n")
    Path("ragged.csv").write_text("age,wage,ok\n1,2,0\n2,1\n")
    Path("semicolon.csv").write_text("age;wage;ok\n1;2;0\n2;1;1\n")
    Path("empty.csv").write_text("")
    Path("latin-1.csv").write_bytes("age,ok\n1,é\n2,b\n3,é\n".encode("latin-1"))
    Path("latin-1-name.csv").write_bytes("größe,ok\n1,0\n2,1\n3,0\n".encode("latin-1"))
    Path("utf-16.csv").write_bytes("age,ok\n1,0\n2,1\n".encode("utf-16"))
    Path("noise.csv").write_bytes(bytes(range(256)) * 4)
    Path("zipped.csv.gz").write_bytes(b"not gzip")
    Path("fake.parquet").write_text("hello")
    Path("sound.txt").write_text("age,wage,ok\n1,2,0\n")
    Path("folder.csv").mkdir()
    Path("note.safetensors").write_text("hello")
    Path("empty.safetensors").write_text("")
    Path("other.safetensors").write_bytes(pack({"weight": np.zeros(3)}))
    with pytest.raises(SystemExit):
        cli.run(["fit", "sound.csv", "--target", "ok", "-o", "m.safetensors"])
    Path("half.safetensors").write_bytes(Path("m.safetensors").read_bytes()[:-1])
    return folder


def fit_of(data: str, *more: str) -> tuple[str, ...]:
    """A fit of the column ok."""
    return ("fit", data, "--target", "ok", "-o", "new", *more)


MISTAKES = {
    # the data
    "missing file": (fit_of("sond.csv"), "sond.csv does not exist; did you mean 'sound.csv'?"),
    "missing folder of data": (fit_of("no/such.csv"), "no/such.csv does not exist"),
    "folder as data": (fit_of("folder.csv"), "folder.csv is a folder; name a file in it"),
    "empty name": (fit_of(""), "is a folder"),
    "standard input": (fit_of("-"), "save standard input to a .csv first"),
    "unknown kind": (fit_of("sound.txt"), "sound.txt is neither .csv"),
    "unknown set": (("fit", "dataset:irs", "-o", "new"), "no bundled data set 'irs'; choose iris"),
    "set with target": (("fit", "dataset:iris", "--target", "x", "-o", "new"), "knows its target"),
    "empty file": (fit_of("empty.csv"), "empty.csv is empty"),
    "only a header": (fit_of("header.csv"), "header.csv has a header but no rows"),
    "two columns of one name": (fit_of("twice.csv"), "twice.csv has two columns called 'age'"),
    "ragged": (fit_of("ragged.csv"), "ragged.csv is not a readable CSV file"),
    "semicolons": (fit_of("semicolon.csv"), "semicolon.csv has no column 'ok' (it has age;wage;ok)"),
    "latin-1 labels": (fit_of("latin-1.csv"), "UTF-8"),
    "latin-1 names": (fit_of("latin-1-name.csv"), "UTF-8"),
    "utf-16": (fit_of("utf-16.csv"), "utf-16.csv"),
    "noise": (fit_of("noise.csv"), "noise.csv"),
    "not gzip": (fit_of("zipped.csv.gz"), "zipped.csv.gz is not a readable CSV file"),
    "not parquet": (fit_of("fake.parquet"), "fake.parquet is not a readable Parquet file"),
    "text among numbers": (fit_of("text.csv"), "column 'colour' of text.csv holds 'red', not numbers"),
    "dates among numbers": (fit_of("dates.csv"), "column 'day' of dates.csv holds"),
    "empty cell": (fit_of("gap.csv"), "column 'wage' of gap.csv is empty in row 3 (1 such rows)"),
    "cell NaN": (fit_of("nan.csv"), "column 'wage' of nan.csv is empty in row 3"),
    "cell inf": (fit_of("inf.csv"), "column 'wage' of inf.csv is inf in row 3"),
    "empty label": (fit_of("label-gap.csv"), "column 'ok' of label-gap.csv is empty in row 3"),
    "empty number label": (fit_of("number-gap.csv"), "column 'ok' of number-gap.csv is empty in row 3"),
    "one class": (fit_of("one.csv"), "only 1 class, 1"),
    "no features": (fit_of("alone.csv"), "alone.csv has no column besides 'ok' to learn from"),
    "continuous target": (fit_of("continuous.csv"), "for classes use"),
    "days as labels": (fit_of("days.csv"), "labels of type datetime64"),
    # the columns
    "target missing": (("fit", "sound.csv", "-o", "new"), "--target is missing: name the column of sound.csv to predict"),
    "target misspelt": (("fit", "sound.csv", "--target", "wge", "-o", "new"), "no column 'wge'; did you mean 'wage'?"),
    "weight misspelt": (fit_of("sound.csv", "--weight", "wag"), "no column 'wag'; did you mean 'wage'?"),
    "weight is target": (fit_of("sound.csv", "--weight", "ok"), "--target and --weight both name 'ok'"),
    "weight is text": (fit_of("text.csv", "--weight", "colour"), "column 'colour' of text.csv holds 'red', not numbers"),
    "weight negative": (
        fit_of("negative.csv", "--weight", "w"),
        "column 'w' of negative.csv is -2 in row 2; weights must be at least 0",
    ),
    # the choices
    "two strengths": (
        fit_of("sound.csv", "--C", "1", "--alpha", "1"),
        "--C and --alpha set the strength of the penalty more than once",
    ),
    "C and none": (fit_of("sound.csv", "--C", "1", "--no-penalty"), "--C and --no-penalty set the strength"),
    "alpha and none": (fit_of("sound.csv", "--alpha", "0", "--no-penalty"), "--alpha and --no-penalty set the strength"),
    "C zero": (fit_of("sound.csv", "--C", "0"), "C must be above 0"),
    "C negative": (fit_of("sound.csv", "--C", "-1"), "C must be above 0"),
    "C nan": (fit_of("sound.csv", "--C", "nan"), "C must be above 0"),
    "C tiny": (fit_of("sound.csv", "--C", "1e-320"), "C"),
    "C text": (fit_of("sound.csv", "--C", "one"), "'one' is not a valid float"),
    "alpha infinite": (fit_of("sound.csv", "--alpha", "inf"), "alpha must be finite"),
    "tol zero": (fit_of("sound.csv", "--tol", "0"), "tol must be above 0"),
    "max-iter negative": (fit_of("sound.csv", "--max-iter", "-1"), "max_iter must be at least 0"),
    "max-time zero": (fit_of("sound.csv", "--max-time", "0"), "max_time must be above 0"),
    "solver misspelt": (fit_of("sound.csv", "--solver", "newtn"), "solver='newtn' is unknown; choose one of auto, newton, lbfgs"),
    "option misspelt": (fit_of("sound.csv", "--standardise"), "No such option '--standardise'"),
    "command misspelt": (("ft",), "No such command 'ft'"),
    "no output": (("fit", "sound.csv", "--target", "ok"), "Missing option '-o' / '--output'. (see: logistic fit --help)"),
    # the outputs
    "output exists": (
        ("fit", "sound.csv", "--target", "ok", "-o", "sound.txt"),
        "sound.txt exists; choose another name or pass --force",
    ),
    "output is a folder": (("fit", "sound.csv", "--target", "ok", "-o", "folder.csv"), "folder.csv is a folder"),
    "output folder missing": (
        ("fit", "sound.csv", "--target", "ok", "-o", "no/m"),
        "the folder no does not exist; create it first",
    ),
    "model to stdout": (("fit", "sound.csv", "--target", "ok", "-o", "-"), "cannot be written to standard output"),
    "predictions exist": (("predict", "m.safetensors", "sound.csv", "-o", "sound.txt"), "sound.txt exists"),
    "predictions folder missing": (("predict", "m.safetensors", "sound.csv", "-o", "no/p"), "the folder no does not exist"),
    "demo into a file": (("demo", "-o", "sound.txt"), "sound.txt exists and is not a folder"),
    # the model
    "no model": (("predict", "absent", "sound.csv"), "there is no model file absent; make one with: logistic fit"),
    "folder as model": (("predict", "folder.csv", "sound.csv"), "folder.csv is a folder"),
    "model and data swapped": (("predict", "sound.csv", "m.safetensors"), "sound.csv is not a model file"),
    "text as model": (("summary", "note.safetensors"), "note.safetensors is not a model file"),
    "empty model": (("summary", "empty.safetensors"), "empty.safetensors is not a model file"),
    "another safetensors": (("predict", "other.safetensors", "sound.csv"), "a safetensors file, but not a model of this package"),
    "half a model": (("predict", "half.safetensors", "sound.csv"), "half.safetensors is not a model file"),
    "column renamed": (("predict", "m.safetensors", "renamed.csv"), "renamed.csv has no column 'wage'; did you mean 'wages'?"),
    "empty cell to predict": (("predict", "m.safetensors", "gap.csv"), "column 'wage' of gap.csv is empty in row 3"),
    "inf to predict": (("predict", "m.safetensors", "inf.csv", "-o", "new"), "column 'wage' of inf.csv is inf in row 3"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_get_one_clear_line(mistake: str, desk: Path, run: Run) -> None:
    """Exit code 2, one line on stderr that names what is wrong, nothing on stdout, and no file made or changed."""
    arguments, words = MISTAKES[mistake]
    before = everything(desk)
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("logistic: ")
    assert words in done.err
    assert everything(desk) == before


def test_nothing_asked_is_answered_with_help() -> None:
    """Without a command there is the help page, and exit code 2."""
    done = shell("{logistic}")
    assert done.code == 2
    assert "Usage: logistic" in done.out + done.err
    asked = shell("{logistic} --help")
    assert (asked.code, asked.err) == (0, "")
    assert all(words in " ".join(asked.out.split()) for words in ("fit", "predict", "summary", "demo", "Exit codes: 0 certified"))
    assert shell("{logistic} --version").out.startswith("logistic 0.")


def test_a_name_cannot_forge_a_line(run: Run) -> None:
    """Line breaks and terminal codes in what is quoted are written out."""
    Path("forged.csv").write_text('"a\nlogistic: all is well\x1b[2J",b\n1,2\n')
    done = run("fit", "forged.csv", "--target", "y", "-o", "m")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "\x1b" not in done.err


def test_force_replaces_a_file_and_only_then(run: Run) -> None:
    """--force is needed for what exists, and obeyed."""
    write("people.csv", people())
    for command in (("fit", "people.csv", "--target", "answer", "-o", "m"), ("predict", "m", "people.csv", "-o", "out.csv")):
        assert run(*command).code == 0
        name = command[-1]
        first = Path(name).read_bytes()
        Path(name).write_text("precious")
        assert run(*command).code == 2
        assert Path(name).read_text() == "precious"
        assert run(*command, "--force").code == 0
        assert Path(name).read_bytes() == first


def test_a_failed_fit_keeps_the_old_model(run: Run) -> None:
    """--force promises a new model, not the loss of the old one."""
    write("people.csv", people())
    fitted(run)
    before = Path("m").read_bytes()
    write("one.csv", {**people(), "answer": ["yes"] * 60})
    assert run("fit", "one.csv", "--target", "answer", "-o", "m", "--force").code == 2
    assert Path("m").read_bytes() == before


# ---------------------------------------------------------------------------------------------------------------- pipes, JSON


def test_pipes_that_close_early_end_quietly(run: Run) -> None:
    """Whoever reads only the first line gets it, and no complaint."""
    write("people.csv", people())
    fitted(run)
    many = dict(zip(NAMES, np.zeros((3, 50_000)).tolist(), strict=True))
    write("many.csv", many)
    done = shell("{logistic} predict m many.csv | head -1")
    assert done == Ran(0, '"prediction","probability_no","probability_yes"\n', "")
    for command in ("predict m many.csv", "predict m many.csv --json", "summary m", "summary m --json", "--help"):
        assert shell("{logistic} " + command + " | true") == Ran(0, "", ""), command
    assert shell("{logistic} fit people.csv --target answer -o m2 2>&1 | true") == Ran(0, "", "")
    assert load("m2") == load("m")


def test_devices_are_written_to_and_not_replaced(run: Run) -> None:
    """-o /dev/stdout and a full disk do what a shell user expects."""
    write("people.csv", people())
    fitted(run)
    assert shell("{logistic} predict m people.csv -o /dev/stdout | cat").out == run("predict", "m", "people.csv").out
    assert shell("{logistic} predict m people.csv -o /dev/null") == Ran(0, "", "")
    assert not Path("/dev/null").is_file()
    full = shell("{logistic} predict m people.csv > /dev/full")
    assert (full.code, full.err) == (2, "logistic: No space left on device\n")
    assert shell("{logistic} summary m >&-") == Ran(0, "", "")


def test_labels_print_on_any_terminal(run: Run) -> None:
    """Where the terminal knows only ASCII, other letters are written out rather than refused."""
    write("people.csv", people(("nein", "früher ☃")))
    fitted(run)
    done = shell("PYTHONIOENCODING=ascii {logistic} summary m")
    assert done.code == 0
    assert r"fr\xfcher \u2603" in done.out


def test_json_says_what_the_text_says(run: Run) -> None:
    """--json of each command is one strict object with the numbers of the model."""
    write("people.csv", people(("a", "b", "c")))
    done = run("fit", "people.csv", "--target", "answer", "-o", "m", "--json")
    assert (done.code, done.err) == (0, "")
    found, model = strict(done.out), load("m")
    assert found == strict(run("summary", "m", "--json").out)
    assert (found["status"], found["certified"], found["rows"], found["classes"]) == ("converged", True, 60, ["a", "b", "c"])
    assert found["objective"] == model.certificate.value
    assert 0 <= found["gap"] <= 1e-8 * found["objective"]
    assert found["coefficients"]["b"] == dict(zip(NAMES, model.coef[1].tolist(), strict=True))
    assert found["intercept"]["c"] == model.intercept[2]


def test_a_column_called_intercept_keeps_its_coefficient(run: Run) -> None:
    """The summary as data has room for both."""
    columns = people()
    write("people.csv", {"intercept": columns["age"], "answer": columns["answer"]})
    model = fitted(run)
    found = strict(run("summary", "m", "--json").out)
    assert found["coefficients"] == {"yes against no": {"intercept": model.coef[0, 0]}}
    assert found["intercept"] == {"yes against no": model.intercept[0]}


# ----------------------------------------------------------------------------------------------------------------------- demo


def test_demo_shows_every_step(run: Run, folder: Path) -> None:
    """Three real data sets, each fitted, certified, predicted; its files can be used; a second run gives the same ones."""
    done = run("demo")
    assert (done.code, done.err) == (0, "")
    assert all(line == line.rstrip() for line in done.out.splitlines())
    assert done.out.count("status       converged") == 3
    assert done.out.count("rows are predicted right") == 3
    assert "650 coefficients, too many to show here; see: logistic summary logistic-demo/digits.safetensors" in done.out
    assert "worst fractal dimension" in done.out
    for name, held_out in (("iris", 30), ("breast_cancer", 113), ("digits", 359)):
        model = load(folder / "logistic-demo" / f"{name}.safetensors")
        assert model.certificate.status is Status.CONVERGED
        rows = rows_of((folder / "logistic-demo" / f"{name}-predictions.csv").read_text())
        right = sum(row["truth"] == row["prediction"] for row in rows)
        assert len(rows) == held_out
        assert f"held out     {right} of {held_out} rows are predicted right" in done.out
        assert right / held_out > 0.9
    assert run("summary", "logistic-demo/digits.safetensors").code == 0
    files = everything(folder)
    assert len(files) == 6
    again = run("demo", "--json")
    assert again.code == 0
    assert {entry["name"]: entry["certified"] for entry in strict(again.out)} == {
        "iris": True,
        "breast_cancer": True,
        "digits": True,
    }
    assert everything(folder) == files
