"""``logistic lesson``: listed, run, and written as a page, a notebook or a script."""

from __future__ import annotations

import json
import sys
import webbrowser
from pathlib import Path

import pytest

from logistic.learn import lessons
from shell import Run, refused, shell, strict


def test_list_says_number_title_and_minutes(run: Run) -> None:
    """On a line each, and as JSON."""
    done = run("lesson", "list")
    assert (done.code, done.err) == (0, "")
    head, first, *_ = done.out.splitlines()
    assert head.split() == ["number", "name", "minutes", "title"]
    assert first.split(maxsplit=3) == ["01", "odds", "12", "Odds and logits"]
    found = strict(run("lesson", "list", "--json").out)
    assert len(found) == len(done.out.splitlines()) - 1
    assert found[0] | {"path": None} == {"number": "01", "name": "odds", "title": "Odds and logits", "minutes": 12, "path": None}
    assert Path(found[0]["path"]).is_file()


@pytest.mark.slow
def test_run_is_a_script_on_the_terminal() -> None:
    """Its output, and exercises that wait."""
    done = shell("MPLBACKEND=agg {logistic} lesson run 1")
    assert done.code == 0, done.err
    assert done.out.startswith("probability [0.1 0.4 0.5 0.6 0.9]\n")
    assert "odds.1: not done yet: " in done.out


def test_a_lesson_that_fails_is_a_bug_of_ours(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1; the script has said why."""
    (folder / "README.md").touch()
    (folder / "01_made.py").write_text("# ---\n# title: Made\n# minutes: 1\n# ---\nraise SystemExit(3)\n")
    monkeypatch.setattr(lessons, "PLACES", (folder,))
    assert run("lesson", "run", "made").code == 1


@pytest.mark.slow
def test_open_writes_a_page_once(run: Run) -> None:
    """In the current folder, and never over another file."""
    done = run("lesson", "open", "1")
    assert (done.code, done.out, done.err) == (0, "lesson-01.html\n", "running Odds and logits\n")
    page = Path("lesson-01.html").read_text(encoding="utf-8")
    for part in (
        "<h1>Odds and logits</h1>",
        "<math",
        "data:image/svg+xml;base64,",
        "odds ratio",
        "logistic lesson open 2",
        "not done yet",
    ):
        assert part in page
    refused(run("lesson", "open", "1"), "lesson-01.html exists; choose another name or pass --force")
    assert Path("lesson-01.html").read_text(encoding="utf-8") == page


def test_open_writes_a_notebook_or_a_script_to_work_in(run: Run) -> None:
    """Not run, so that the learner runs it; no program of notebooks is in the way."""
    assert run("lesson", "open", "odds", "-o", "odds.ipynb").out == "odds.ipynb\n"
    notebook = json.loads(Path("odds.ipynb").read_text(encoding="utf-8"))
    assert notebook["cells"][0]["source"][0] == "# Odds and logits\n"
    assert all(cell["outputs"] == [] for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert run("lesson", "open", "odds", "-o", "odds.py", "--quiet").err == ""
    assert Path("odds.py").read_bytes() == lessons.find("odds").path.read_bytes()


def test_the_browser_opens_only_when_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address of the file."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    run("lesson", "open", "1", "-o", "a.py")
    assert opened == []
    run("lesson", "open", "1", "-o", "b.py", "--browser")
    assert opened == [Path("b.py").resolve().as_uri()]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("run", "77"), "there is no lesson '77' (see: logistic lesson list)"),
        (("open", "ods"), "there is no lesson 'ods'; did you mean 'odds'? (see: logistic lesson list)"),
        (("open", "1", "-o", "a.pdf"), "-o a.pdf ends in no known form; choose .html, .ipynb, .py"),
        (("open", "1", "-o", "no/a.html"), "the folder no does not exist"),
    ],
)
def test_mistakes_are_answered(typed: tuple[str, ...], words: str, run: Run, folder: Path) -> None:
    """In one line, before anything is run or written."""
    refused(run("lesson", *typed), words)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("package", ["jupytext", "nbclient"])
def test_a_missing_extra_is_named(package: str, run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """With the line that installs it, and no file half written."""
    monkeypatch.setitem(sys.modules, package, None)
    refused(run("lesson", "open", "1", "--quiet"), f"this needs {package}, which is not installed: pip install 'logistic[lessons]'")
    assert list(folder.iterdir()) == []


def test_a_missing_package_of_lessons_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the script fails at it."""
    monkeypatch.setattr(lessons, "find_spec", lambda _name: None)
    refused(run("lesson", "run", "1"), "this needs matplotlib, which is not installed: pip install 'logistic[lessons]'")
    refused(run("lesson", "open", "1", "--quiet"), "this needs matplotlib, which is not installed: pip install 'logistic[lessons]'")


def test_without_lessons_the_way_out_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that has left them out."""
    monkeypatch.setattr(lessons, "PLACES", ())
    refused(run("lesson", "list"), "this installation has no lessons")
