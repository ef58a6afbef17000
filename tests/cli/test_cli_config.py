"""Options in a file: what is typed wins, what is printed can be read again, and what cannot be meant is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from logistic import load
from shell import Run, people, refused, shell, write


def test_a_file_of_options_is_the_same_as_typing_them(run: Run) -> None:
    """Flags, numbers, texts and lists."""
    columns = people(("a", "b", "c"))
    write("people.csv", {**columns, "k": [1 + i % 3 for i in range(60)]})
    Path("fit.toml").write_text(
        'data = "people.csv"\ntarget = "answer"\noutput = "m"\nweight = "k"\nstandardize = true\nno-intercept = true\nC = 2\n'
        'features = ["age", "größe ☃"]\nclass_weight = ["a=2", "b=3"]\nsolver = "lbfgs"\nmax-iter = 500\n'
        'split = "0.8/0.2"\nseed = 3\n'
    )
    assert run("fit", "--config", "fit.toml").code == 0
    typed = (
        *("people.csv", "--target", "answer", "-o", "t", "--weight", "k", "--standardize", "--no-intercept", "--C", 2),
        *("--features", "age,größe ☃", "--class-weight", "a=2", "--class-weight", "b=3", "--solver", "lbfgs"),
        *("--max-iter", 500, "--split", "0.8/0.2", "--seed", 3),
    )
    assert run("fit", *typed).code == 0
    assert load("m") == load("t")
    assert load("m").provenance.rows_sha256 == load("t").provenance.rows_sha256


def test_what_is_typed_wins(run: Run) -> None:
    """Over numbers, texts, flags, lists and DATA, wherever --config stands."""
    write("people.csv", people())
    Path("fit.toml").write_text(
        'data = "none.csv"\ntarget = "x"\nC = 5\nfeatures = ["age", "x"]\nstandardize = true\nforce = true\n'
    )
    typed = ("people.csv", "--target", "answer", "--C", 2, "--features", "age", "--no-standardize", "-o", "m")
    for arguments in (("--config", "fit.toml", *typed), (*typed, "--config", "fit.toml")):
        assert run("fit", *arguments).code == 0
        model = load("m")
        assert (model.penalty.C, model.features, model.penalty.standardized) == (2, ("age",), False)


def test_what_is_printed_can_be_read_again(run: Run) -> None:
    """--print-config > fit.toml, then --config fit.toml: the same model; the merged options are printed and nothing is fitted."""
    write("people.csv", people(("nein", "früher ☃ 😀")))
    typed = ("people.csv", "--target", "answer", "-o", "m", "--C", "0.1", "--solver", "sgd", "--batch-size", "all", "--epochs", 4)
    typed += ("--class-weight", "früher ☃ 😀=2.5", "--init", "normal", "--seed", 7, "--lr", "1e-3", "--features", "age", "--force")
    assert run("fit", *typed).code == 3
    first = load("m")
    shown = run("fit", *typed, "--print-config")
    assert (shown.code, shown.err) == (0, "")
    Path("fit.toml").write_text(shown.out)
    found = tomllib.loads(shown.out)
    assert (found["target"], found["lr"], found["class-weight"], found["no-penalty"]) == (
        "answer",
        1e-3,
        ["früher ☃ 😀=2.5"],
        False,
    )
    assert "weight" not in found
    assert run("fit", "--config", "fit.toml").code == 3
    assert load("m") == first
    again = run("fit", "--config", "fit.toml", "--C", 3, "--print-config")
    assert tomllib.loads(again.out) == {**found, "C": 3}


@pytest.mark.parametrize("text", ['quo"te\\', "two\nlines", "\x07\x7f\x1b", "'''", "=[]#"])
def test_any_text_can_be_printed_and_read(text: str, run: Run) -> None:
    """Quotes, backslashes and control characters."""
    Path("fit.toml").write_text(run("fit", "--target", text, "--alpha", "inf", "--print-config").out)
    again = run("fit", "--config", "fit.toml", "--print-config")
    assert tomllib.loads(again.out)["target"] == text
    assert again.out == Path("fit.toml").read_text()


def test_the_printed_file_is_utf8_on_any_terminal() -> None:
    """TOML is UTF-8, whatever the terminal is."""
    done = shell("PYTHONIOENCODING=ascii {logistic} fit --target größe --print-config > fit.toml")
    assert done.code == 0
    assert tomllib.loads(Path("fit.toml").read_text(encoding="utf-8"))["target"] == "größe"


HOSTILE = {
    "unknown": ("targt = 'y'", "f.toml sets 'targt', which is no option of logistic fit; did you mean 'target'?"),
    "other case": ("c = 1", "did you mean 'C'?"),
    "section": ("[fit]\nC = 1", "sets 'fit', which is no option"),
    "itself": ("config = 'f.toml'", "sets 'config', which is no option"),
    "list for one": ("target = ['a']", "sets 'target' to ['a']; give one text or number"),
    "nested list": ("features = [['a']]", "sets 'features' to ['a']; give texts or numbers"),
    "table": ("C = {a = 1}", "sets 'C' to {'a': 1}"),
    "true for number": ("C = true", "sets 'C' to True"),
    "text for flag": ("standardize = 'yes'", "sets 'standardize' to 'yes'; it must be true or false"),
    "number for flag": ("force = 1", "sets 'force' to 1; it must be true or false"),
    "text for number": ("C = 'one'", "'one' is not a valid float"),
    "fraction for count": ("max-iter = 1.5", "'1.5' is not a valid integer"),
    "nan": ("C = nan", "C must be above 0"),
    "out of range": ("bins = 1", "1 is not in the range"),
    "twice": ("C = 1\nC = 2", "not a readable TOML file"),
    "twice in two spellings": ("max-iter = 1\nmax_iter = 2", "sets 'max_iter' twice"),
    "no TOML": ("C: 1", "not a readable TOML file: Expected '='"),
    "endless number": (f"seed = {'1' * 5000}", "too many digits"),
    "deep": ("features = " + "[" * 20_000, "nested too deeply"),
    "latin-1": (b"target = '\xe9'", "not UTF-8 text"),
    "noise": (bytes(range(256)), "f.toml"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_cannot_be_meant_is_refused(case: str, run: Run) -> None:
    """One line that names the file and the key."""
    content, words = HOSTILE[case]
    write("people.csv", people())
    Path("f.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    target = () if "target" in str(content) else ("--target", "answer")
    refused(run("fit", "people.csv", *target, "-o", "m", "--config", "f.toml"), words)
    assert not Path("m").exists()


def test_a_missing_file_and_a_folder_are_named(run: Run, folder: Path) -> None:
    """One line each; a byte order mark is no mistake."""
    refused(run("fit", "--config", "none.toml"), "none.toml: No such file")
    refused(run("fit", "--config", folder), "Is a directory")
    Path("bom.toml").write_bytes(b"\xef\xbb\xbfC = 4")
    assert tomllib.loads(run("fit", "--config", "bom.toml", "--print-config").out)["C"] == 4
