"""demo, summary, doctor and the help pages."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import pytest

from logistic import LogisticRegression, Status, load
from logistic.cli import doctor
from logistic.cli.demo import SETS
from shell import NAMES, Run, everything, matrix, people, refused, rows_of, strict, write

# ----------------------------------------------------------------------------------------------------------------------- demo


@pytest.mark.slow
def test_demo_shows_every_step(run: Run, folder: Path) -> None:
    """Three real data sets, each divided, fitted, certified, judged and predicted; what it advises works; it can be repeated."""
    done = run("demo")
    assert (done.code, done.err) == (0, "")
    assert all(line == line.rstrip() for line in done.out.splitlines())
    assert done.out.count("status       converged") == 3
    assert done.out.count("on the rows held out:") == 3
    assert done.out.count("(a row a true class, a column a predicted one)") == 3
    assert "650 coefficients, too many to show here; see: logistic summary logistic-demo/digits.safetensors" in done.out
    assert "worst fractal dimension" in done.out
    assert "malignant : benign" in done.out
    for name, target, held_out in (("iris", "species", 30), ("breast_cancer", "diagnosis", 114), ("digits", "digit", 360)):
        model = load(folder / "logistic-demo" / f"{name}.safetensors")
        assert model.certificate.status is Status.CONVERGED
        rows = rows_of((folder / "logistic-demo" / f"{name}-predictions.csv").read_text())
        right = sum(row["truth"] == row["prediction"] for row in rows)
        assert len(rows) == held_out
        assert re.search(rf"^  accuracy +{right / held_out:.4f}$", done.out, re.M)
        assert right / held_out > 0.9
        assert f"one of these rows: {target} is {rows[0]['prediction']} with a probability of" in done.out
        assert f"; in truth it is {rows[0]['truth']}\n" in done.out
    advised = [line.split()[1:] for line in done.out.splitlines()[-2:]]
    assert [words[0] for words in advised] == ["summary", "evaluate"]
    summary, metrics = (run(*words) for words in advised)
    assert "target       species of dataset:iris" in summary.out
    shown = "\n".join(line.removeprefix("  ") for line in done.out.splitlines())
    assert metrics.out in shown
    files = everything(folder)
    pages = [name for name in files if name.endswith("-report.html")]
    assert len(files) == 9
    assert [line.strip() for line in done.out.splitlines()[-6:-3]] == [f"logistic-demo/{name}-report.html" for name in SETS]
    assert all(files[name].startswith(b"<!DOCTYPE html>") for name in pages)
    assert len(pages) == 3
    again = run("demo", "--json", "--quiet")
    assert again.code == 0
    told = strict(again.out)
    assert [entry["report"] for entry in told] == [f"{name}-report.html" for name in SETS]
    assert [(entry["name"], entry["certified"]) for entry in told] == [("iris", True), ("breast_cancer", True), ("digits", True)]
    assert everything(folder) == files


# -------------------------------------------------------------------------------------------------------------------- summary


def test_summary_says_where_the_rows_came_from(run: Run) -> None:
    """File, target, weights, rule of the classes, split and command; and a model of Python has none of it."""
    columns = people(("a", "b", "c"))
    write("people.csv", {**columns, "k": [1 + i % 2 for i in range(60)]})
    typed = ("people.csv", "--target", "answer", "--weight", "k", "--positive", "b", "--split", "0.8/0.2", "--seed", 7, "-o", "m")
    assert run("fit", *typed).code == 0
    done = run("summary", "m", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(
        "\n\nwhere it came from\n"
        "  target       answer of people.csv, weighted by k\n"
        "  classes      b against (not b)\n"
        "  rows         the first part of 0.8/0.2, seed 7\n"
        f"  command      logistic fit {' '.join(map(str, typed))}\n"
    )
    told = strict(run("summary", "m", "--json").out)["provenance"]
    assert (told["data"], told["positive"], told["fractions"], told["seed"]) == ("people.csv", "b", [0.8, 0.2], 7)
    LogisticRegression().fit(matrix(columns), columns["answer"]).save("python")
    assert "where it came from" not in run("summary", "python").out
    assert strict(run("summary", "python", "--json").out)["provenance"] is None


# --------------------------------------------------------------------------------------------------------------------- doctor


def test_doctor_says_what_is_installed(run: Run) -> None:
    """Versions of what is needed and of each extra, the device, and the same as JSON."""
    done = run("doctor")
    assert (done.code, done.err) == (0, "")
    assert re.search(rf"^  numpy +{re.escape(version('numpy'))}$", done.out, re.M)
    assert re.search(r"^device +CPU", done.out, re.M)
    assert "extra report" in done.out
    told = strict(run("doctor", "--json").out)
    assert told["packages"]["needed"]["torch"] == version("torch")
    assert "dev" not in told["packages"]
    assert told["missing"] == {
        extra: [name for name, found in packages.items() if found is None]
        for extra, packages in told["packages"].items()
        if None in packages.values()
    }
    assert told["logistic"] == version("logistic")


def absent(*names: str) -> Any:
    """Importlib's version where these packages are not installed."""

    def found(name: str) -> str:
        if name in names:
            raise PackageNotFoundError(name)
        return "1.0"

    return found


def test_doctor_says_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra with the command that installs it, exit code 0; something that is needed, exit code 2."""
    monkeypatch.setattr(doctor, "version", absent("jinja2"))
    done = run("doctor")
    assert done.code == 0
    assert "extra report  <- pip install 'logistic[report]'\n" in done.out
    assert re.search(r"^  jinja2 +missing$", done.out, re.M)
    assert done.out.count("<-") == 1
    assert strict(run("doctor", "--json").out)["missing"] == {"report": ["jinja2"]}
    monkeypatch.setattr(doctor, "version", absent("pyarrow"))
    done = run("doctor")
    assert done.code == 2
    assert "needed  <- pip install logistic\n" in done.out


def test_doctor_survives_a_torch_that_cannot_be_loaded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, or without its libraries."""
    monkeypatch.setitem(sys.modules, "torch", None)
    assert strict(run("doctor", "--json").out)["device"].startswith("CPU (torch cannot be loaded: ")


def test_doctor_says_where_data_are_looked_for(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not there is said to be none."""
    monkeypatch.setenv("LOGISTIC_DATA", str(folder))
    assert strict(run("doctor", "--json").out)["data"] == str(folder)
    monkeypatch.setenv("LOGISTIC_DATA", "no/such")
    assert "no/such (no such folder)" in run("doctor").out


# ----------------------------------------------------------------------------------------------------------------- help pages

PAGES = (
    (),
    *((name,) for name in ("demo", "fit", "evaluate", "predict", "summary", "report", "data", "lesson", "doctor", "completion")),
)


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
@pytest.mark.parametrize("width", [60, 100, 200])
def test_help_pages_fit_the_terminal(page: tuple[str, ...], width: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than the terminal, none has a box, and there is an example that names the command."""
    monkeypatch.setenv("COLUMNS", str(width))
    done = run(*page, "--help")
    assert (done.code, done.err) == (0, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert max(map(len, lines)) <= width
    assert not set(done.out) & set("│╭─\x1b")
    assert " ".join(lines).startswith(" ".join(("Usage: logistic", *page)))


@pytest.mark.parametrize("page", ["demo", "fit", "evaluate", "predict", "summary", "report", "lesson", "doctor", "completion"])
def test_examples_stand_on_lines_of_their_own(page: str, run: Run) -> None:
    """So that they can be copied."""
    lines = run(page, "--help").out.splitlines()
    examples = [line.strip() for line in lines if re.match(rf" {{4}}(cat people.csv \| )?logistic {page}\b", line)]
    assert examples
    assert all(len(example) <= 76 for example in examples)


def test_options_of_fit_stand_in_panels(run: Run) -> None:
    """Data first, then model, solver, output, and what every command has."""
    out = run("fit", "--help").out
    heads = re.findall(r"^(\w+):\s*$", out, re.M)
    assert heads == ["Arguments", "Rows", "Model", "Solver", "Output", "Options"]


@pytest.mark.parametrize("page", ["demo", "fit", "evaluate", "predict", "summary", "report", "doctor"])
def test_every_command_can_be_quiet_and_speak_json(page: str, run: Run) -> None:
    """The two options that a script looks for."""
    out = run(page, "--help").out
    assert "--json" in out
    assert "--quiet" in out


def test_a_wrong_option_is_answered_with_the_nearest(run: Run) -> None:
    """And with where to look."""
    refused(run("fit", "x.csv", "--class-weigth", "balanced"), "--class-weight", "(see: logistic fit --help)")
    refused(run("predict", "m", "x.csv", "--jsn"), "--json", "(see: logistic predict --help)")


def test_an_error_of_the_disk_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name of the file."""

    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(28, "No space left on device", "m")

    write("people.csv", people())
    monkeypatch.setattr("logistic.store.models.write_packed", full)
    refused(run("fit", "people.csv", "--target", "answer", "-o", "m", "--features", NAMES[0]), "m: No space left on device")
    assert not Path("m").exists()
