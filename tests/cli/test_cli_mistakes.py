"""Bad input, as a hurried and as a hostile person types it: one clear line, exit code 2, nothing half written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as pack

from logistic import cli
from shell import Run, everything, refused, write
from support import overlapping


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder full of files that are not what they seem, and one sound model ``m.safetensors``."""
    folder = tmp_path_factory.mktemp("desk")
    before = Path.cwd()
    os.chdir(folder)
    X, codes = overlapping(2, 30, 2, 2)
    sound = {"age": X[:, 0].tolist(), "wage": X[:, 1].tolist(), "ok": codes.tolist()}
    write("sound.csv", sound)
    write("text.csv", {**sound, "colour": ["red"] * 30})
    write("texts.csv", {"colour": ["red"] * 30, "shape": ["round"] * 30, **sound, "mood": ["good"] * 30, "day": ["late"] * 30})
    write("cell.csv", {**sound, "wage": [1, 2, "much", *range(27)]})
    write("gap.csv", {**sound, "wage": [1, 2, "", *range(27)]})
    write("nan.csv", {**sound, "wage": [1, 2, "NaN", *range(27)]})
    write("inf.csv", {**sound, "wage": [1, 2, "inf", *range(27)]})
    write("label-gap.csv", {**sound, "ok": ["a", "b", "", *["a"] * 27]})
    write("number-gap.csv", {**sound, "ok": [1, 0, "", *[1] * 27]})
    write("inf-label.csv", {**sound, "ok": [1, 0, "inf", *[1] * 27]})
    write("one.csv", {**sound, "ok": [1] * 30})
    write("alone.csv", {"ok": codes.tolist()})
    write("continuous.csv", {**sound, "ok": X[:, 0].tolist()})
    write("number.csv", {**sound, "ok": range(30)})
    write("id.csv", {**sound, "ok": [f"id{i}" for i in range(30)]})
    write("three.csv", {**sound, "ok": [i % 3 for i in range(30)]})
    write("dates.csv", {**sound, "day": ["2020-01-01"] * 30})
    write("days.csv", {**sound, "ok": [f"2020-01-0{1 + code}" for code in codes]})
    write("negative.csv", {**sound, "w": [1, -2, *[1] * 28]})
    write("weightless.csv", {**sound, "w": [0] * 30})
    write("renamed.csv", {"age": sound["age"], "wages": sound["wage"]})
    write("euro.csv", {"age": ["1,5", "2,5"], "wage": [1, 2], "ok": [0, 1]})
    Path("header.csv").write_text("age,wage,ok\n")
    Path("twice.csv").write_text("age,age,ok\n1,2,0\n2,1,1\n")
    Path("ragged.csv").write_text("age,wage,ok\n1,2,0\n2,1\n")
    Path("longer.csv").write_text("age,wage,ok\n1,2,0\n2,1,0\n2,1,0,7\n")
    Path("quote.csv").write_text('age,ok\n1,"0\n2,1\n3,1\n')
    Path("nul.csv").write_bytes(b"age,ok\n1\0,0\n2,1\n")
    Path("empty.csv").write_text("")
    Path("latin-1.csv").write_bytes("age,ok\n1,é\n2,b\n3,é\n".encode("latin-1"))
    Path("latin-1-name.csv").write_bytes("größe,ok\n1,0\n2,1\n3,0\n".encode("latin-1"))
    Path("utf-16.csv").write_bytes("age,ok\n1,0\n2,1\n".encode("utf-16"))
    Path("noise.csv").write_bytes(bytes(range(256)) * 4)
    Path("zipped.csv.gz").write_bytes(b"not gzip")
    Path("fake.parquet").write_text("hello")
    Path("fake.npz").write_text("hello")
    np.savez("uneven.npz", X=X, ok=codes[:5])
    with open("single.npz", "wb") as file:
        np.save(file, X)
    Path("sound.txt").write_text("age,wage,ok\n1,2,0\n")
    Path("folder.csv").mkdir()
    Path("note.safetensors").write_text("hello")
    Path("empty.safetensors").write_text("")
    Path("other.safetensors").write_bytes(pack({"weight": np.zeros(3)}))
    with pytest.raises(SystemExit):
        cli.run(["fit", "sound.csv", "--target", "ok", "-o", "m.safetensors", "--quiet"])
    Path("half.safetensors").write_bytes(Path("m.safetensors").read_bytes()[:-1])
    os.chdir(before)
    return folder


@pytest.fixture
def desk(furnished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder for all, which no mistake changes."""
    monkeypatch.chdir(furnished)
    return furnished


def fit_of(data: str, *more: str) -> tuple[str, ...]:
    """A fit of the column ok."""
    return ("fit", data, "--target", "ok", "-o", "new", *more)


MISTAKES = {
    # the data
    "missing file": (fit_of("sond.csv"), "sond.csv does not exist; did you mean 'sound.csv'?"),
    "missing folder of data": (fit_of("no/such.csv"), "no/such.csv does not exist"),
    "folder as data": (fit_of("folder.csv"), "folder.csv is a folder; name a file in it"),
    "empty name": (fit_of(""), "is a folder"),
    "unknown kind": (fit_of("sound.txt"), "sound.txt is neither .csv"),
    "unknown set": (("fit", "dataset:irs", "-o", "new"), "there is no data set 'irs'; choose iris"),
    "set without a name": (("fit", "dataset:", "-o", "new"), "there is no data set ''; choose iris"),
    "part of a set": (("fit", "dataset:iris/test", "-o", "new"), "iris has no parts"),
    "set and strange target": (
        ("fit", "dataset:iris", "--target", "x", "-o", "new"),
        "dataset:iris has no column 'x' (it has sepal",
    ),
    "empty file": (fit_of("empty.csv"), "empty.csv is empty"),
    "only a header": (fit_of("header.csv"), "header.csv has a header but no rows"),
    "two columns of one name": (fit_of("twice.csv"), "twice.csv has two columns called 'age'"),
    "ragged": (fit_of("ragged.csv"), "the header names 3 columns, but there are 2 in line 3 ('2,1')"),
    "longer": (fit_of("longer.csv"), "the header names 3 columns, but there are 4 in line 4"),
    "open quote": (fit_of("quote.csv"), r"column 'ok' of quote.csv holds '0\n2,1\n3,1\n' alone"),
    "nul": (fit_of("nul.csv"), r"column 'age' of nul.csv holds '1\x00' in row 1, which is not a number (1 such rows)"),
    "decimal comma": (fit_of("euro.csv"), "column 'age' of euro.csv holds '1,5' in row 1, not numbers"),
    "latin-1 labels": (fit_of("latin-1.csv"), "UTF-8"),
    "latin-1 names": (fit_of("latin-1-name.csv"), "UTF-8"),
    "utf-16": (fit_of("utf-16.csv"), "utf-16.csv"),
    "noise": (fit_of("noise.csv"), "noise.csv"),
    "not gzip": (fit_of("zipped.csv.gz"), "zipped.csv.gz is not a readable CSV file"),
    "not parquet": (fit_of("fake.parquet"), "fake.parquet is not a readable Parquet file"),
    "not npz": (fit_of("fake.npz"), "fake.npz is not a readable .npz file"),
    "uneven npz": (fit_of("uneven.npz"), "ok of uneven.npz has shape (5,), but X has 30 rows"),
    "one array": (fit_of("single.npz"), "single.npz holds one array, not named ones; save it with numpy.savez"),
    "text among numbers": (fit_of("text.csv"), "column 'colour' of text.csv holds 'red' in row 1, not numbers"),
    "text in a cell": (fit_of("cell.csv"), "column 'wage' of cell.csv holds 'much' in row 3, which is not a number (1 such rows)"),
    "many columns of text": (
        fit_of("texts.csv"),
        "'red' in row 1, not numbers; remove it, replace it by numbers, or fit by a formula, which takes "
        "categories; columns such as 'colour', 'shape', 'mood' cannot"
        " be used as they are: name the others with --features",
    ),
    "dates among numbers": (fit_of("dates.csv"), "column 'day' of dates.csv holds"),
    "empty cell": (fit_of("gap.csv"), "column 'wage' of gap.csv is empty in row 3 (1 such rows)"),
    "cell NaN": (fit_of("nan.csv"), "column 'wage' of nan.csv is empty in row 3"),
    "cell inf": (fit_of("inf.csv"), "column 'wage' of inf.csv is inf in row 3"),
    "no features": (fit_of("alone.csv"), "alone.csv has no column besides 'ok' to learn from"),
    # the target
    "target missing": (
        ("fit", "sound.csv", "-o", "new"),
        "--target is missing: name the column of sound.csv to predict (it has age, wage, ok)",
    ),
    "target misspelt": (("fit", "sound.csv", "--target", "wge", "-o", "new"), "no column 'wge'; did you mean 'wage'?"),
    "empty label": (fit_of("label-gap.csv"), "column 'ok' of label-gap.csv is empty in row 3"),
    "empty number label": (fit_of("number-gap.csv"), "column 'ok' of number-gap.csv is empty in row 3"),
    "infinite label": (fit_of("inf-label.csv"), "column 'ok' of inf-label.csv is inf in row 3 (1 such rows); drop or fix"),
    "infinite number to bin": (fit_of("inf-label.csv", "--bins", "2"), "column 'ok' of inf-label.csv is inf in row 3"),
    "one class": (fit_of("one.csv"), "column 'ok' of one.csv holds 1 alone; a target needs at least two classes"),
    "one class to split": (fit_of("one.csv", "--split", "0.8/0.2"), "column 'ok' of one.csv holds 1 alone"),
    "continuous target": (
        fit_of("continuous.csv"),
        "which are no labels; --bins 3 cuts them into classes, --linear predicts the number itself",
    ),
    "each label once": (fit_of("id.csv"), "column 'ok' of id.csv has 30 different labels for 30 rows; is it the target?"),
    "each number once": (fit_of("number.csv"), "has 30 different numbers for 30 rows; --bins 3 cuts them into classes"),
    "days as labels": (fit_of("days.csv"), "labels of type datetime64"),
    "positive unknown": (fit_of("sound.csv", "--positive", "yes"), "column 'ok' of sound.csv holds no 'yes' (it holds '0', '1')"),
    "positive alone": (fit_of("one.csv", "--positive", "1"), "holds '1' alone; there is no rest to set it against"),
    "positive and bins": (fit_of("sound.csv", "--positive", "1", "--bins", "2"), "--positive and --bins are two ways"),
    "bins of text": (
        fit_of("id.csv", "--bins", "3"),
        "column 'ok' of id.csv holds 'id0', not numbers, so it cannot be cut by rank",
    ),
    "too many bins": (fit_of("three.csv", "--bins", "4"), "column 'ok' of three.csv cannot be cut into 4 classes: values holds 3"),
    "one bin": (fit_of("number.csv", "--bins", "1"), "1 is not in the range x>=2"),
    # weights and features
    "weight misspelt": (fit_of("sound.csv", "--weight", "wag"), "no column 'wag'; did you mean 'wage'?"),
    "weight is target": (fit_of("sound.csv", "--weight", "ok"), "--target and --weight both name 'ok'"),
    "weight is text": (fit_of("text.csv", "--weight", "colour"), "column 'colour' of text.csv holds 'red' in row 1, not numbers"),
    "weight negative": (
        fit_of("negative.csv", "--weight", "w"),
        "column 'w' of negative.csv is -2 in row 2; weights must be at least 0",
    ),
    "weight zero": (fit_of("weightless.csv", "--weight", "w"), "no row has a positive weight"),
    "feature misspelt": (fit_of("sound.csv", "--features", "age,wagee"), "no column 'wagee'; did you mean 'wage'?"),
    "feature twice": (fit_of("sound.csv", "--features", "age,age"), "--features names 'age' twice; name each column once"),
    "feature is target": (fit_of("sound.csv", "--features", "age,ok"), "--features names 'ok', which is the target; leave it out"),
    "feature is weight": (fit_of("negative.csv", "--features", "w", "--weight", "w"), "names 'w', which is the weight"),
    "no feature": (fit_of("sound.csv", "--features", ""), "sound.csv has no column ''"),
    # the choices
    "two strengths": (
        fit_of("sound.csv", "--C", "1", "--alpha", "1"),
        "--C and --alpha set the strength of the penalty more than once",
    ),
    "C and none": (fit_of("sound.csv", "--C", "1", "--no-penalty"), "--C and --no-penalty set the strength"),
    "alpha and none": (fit_of("sound.csv", "--alpha", "0", "--no-penalty"), "--alpha and --no-penalty set the strength"),
    "bias misspelt": (fit_of("sound.csv", "--bias", "fith"), "bias='fith' is unknown; choose 'firth'"),
    "bias and C": (fit_of("sound.csv", "--bias", "firth", "--C", "2"), "C=2.0 is a penalty; use C=inf"),
    "bias and L1": (fit_of("sound.csv", "--bias", "firth", "--l1-ratio", "1"), "l1_ratio=1.0"),
    "bias and sgd": (fit_of("sound.csv", "--bias", "firth", "--solver", "sgd"), "not fitted by solver='sgd'"),
    "bias and cv": (fit_of("sound.csv", "--bias", "firth", "--cv", "3"), "--bias does not go with; leave one of them out"),
    "C zero": (fit_of("sound.csv", "--C", "0"), "C must be above 0"),
    "C negative": (fit_of("sound.csv", "--C", "-1"), "C must be above 0"),
    "C nan": (fit_of("sound.csv", "--C", "nan"), "C must be above 0"),
    "C tiny": (fit_of("sound.csv", "--C", "1e-320"), "C"),
    "C text": (fit_of("sound.csv", "--C", "one"), "'one' is not a valid float"),
    "alpha infinite": (fit_of("sound.csv", "--alpha", "inf"), "alpha must be finite"),
    "tol negative": (fit_of("sound.csv", "--tol", "-1"), "tol must be at least 0"),
    "max-iter negative": (fit_of("sound.csv", "--max-iter", "-1"), "max_iter must be at least 0"),
    "max-time zero": (fit_of("sound.csv", "--max-time", "0"), "max_time must be above 0"),
    "seed negative": (fit_of("sound.csv", "--seed", "-1"), "-1 is not in the range"),
    "log-every zero": (fit_of("sound.csv", "--log-every", "0"), "0 is not in the range x>=1"),
    "solver misspelt": (
        fit_of("sound.csv", "--solver", "newtn"),
        "choose one of auto, newton, lbfgs, relay, proxnewton, gd, sgd, adam; did you mean",
    ),
    "setting of another": (
        fit_of("sound.csv", "--momentum", "0.5"),
        "--momentum is a setting of sgd, not of auto; choose one with",
    ),
    "setting of gd": (fit_of("sound.csv", "--solver", "newton", "--lr", "1"), "--lr is a setting of gd, sgd, adam, not of newton"),
    "lr zero": (fit_of("sound.csv", "--solver", "sgd", "--lr", "0"), "lr of SGD must be a finite number above 0"),
    "momentum one": (fit_of("sound.csv", "--solver", "sgd", "--momentum", "1"), "momentum must be at least 0 and below 1"),
    "batch zero": (fit_of("sound.csv", "--solver", "sgd", "--batch-size", "0"), "batch_size of SGD must be a whole number above 0"),
    "batch text": (
        fit_of("sound.csv", "--solver", "sgd", "--batch-size", "x"),
        "--batch-size x must be a whole number of rows, or all",
    ),
    "epochs zero": (fit_of("sound.csv", "--solver", "adam", "--epochs", "0"), "epochs of Adam must be a whole number above 0"),
    "init misspelt": (fit_of("sound.csv", "--init", "zeroes"), "did you mean 'zeros'?"),
    "class weight misspelt": (
        fit_of("sound.csv", "--class-weight", "even"),
        "--class-weight even must be balanced, inverse, or LABEL=",
    ),
    "class weight of nobody": (fit_of("sound.csv", "--class-weight", "2=1"), "--class-weight 2=1: no label is '2' (0, 1)"),
    "class weight text": (fit_of("sound.csv", "--class-weight", "1=x"), "--class-weight 1=x: 'x' is not a number"),
    "class weight zero": (fit_of("sound.csv", "--class-weight", "1=0"), "class_weight of 1 must be a finite number above 0"),
    "class weight twice": (fit_of("sound.csv", "--class-weight", "1=2", "--class-weight", "1=3"), "--class-weight gives '1' twice"),
    "option misspelt": (fit_of("sound.csv", "--standardise"), "No such option '--standardise'"),
    "command misspelt": (("ft",), "No such command 'ft'"),
    "no output": (("fit", "sound.csv", "--target", "ok"), "Missing option '-o' / '--output'. (see: logistic fit --help)"),
    "no data": (("fit", "--target", "ok", "-o", "new"), "Missing argument 'DATA'. (see: logistic fit --help)"),
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
    "no model to evaluate": (("evaluate", "absent", "sound.csv"), "there is no model file absent"),
    "no data to evaluate": (("evaluate", "m.safetensors"), "Missing argument 'DATA'"),
    "column renamed": (("predict", "m.safetensors", "renamed.csv"), "renamed.csv has no column 'wage'; did you mean 'wages'?"),
    "empty cell to predict": (("predict", "m.safetensors", "gap.csv"), "column 'wage' of gap.csv is empty in row 3"),
    "inf to predict": (("predict", "m.safetensors", "inf.csv", "-o", "new"), "column 'wage' of inf.csv is inf in row 3"),
    "empty cell to evaluate": (("evaluate", "m.safetensors", "gap.csv"), "column 'wage' of gap.csv is empty in row 3"),
    "empty label to evaluate": (("evaluate", "m.safetensors", "number-gap.csv"), "column 'ok' of number-gap.csv is empty in row 3"),
    "numbers as labels": (("evaluate", "m.safetensors", "continuous.csv"), "which are no labels"),
    "unknown shell": (("completion", "tcsh"), "'tcsh' is not one of 'bash', 'fish', 'zsh'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_get_one_clear_line(mistake: str, desk: Path, run: Run) -> None:
    """Exit code 2, one line on stderr that names what is wrong, nothing on stdout, and no file made or changed."""
    arguments, words = MISTAKES[mistake]
    before = everything(desk)
    refused(run(*arguments), words)
    assert everything(desk) == before


def test_a_name_cannot_forge_a_line(run: Run) -> None:
    """Line breaks and terminal codes in what is quoted are written out."""
    Path("forged.csv").write_text('"a\nlogistic: all is well\x1b[2J",b\n1,2\n')
    done = run("fit", "forged.csv", "--target", "y", "-o", "m")
    refused(done, "forged.csv has no column 'y'")
    assert "\x1b" not in done.err


def test_two_rows_and_two_labels_are_enough(run: Run) -> None:
    """Each label once is refused from three rows on; with two there is nothing strange."""
    write("two.csv", {"x": [1, 2], "y": ["a", "b"]})
    assert run("fit", "two.csv", "--target", "y", "-o", "m").code == 0
