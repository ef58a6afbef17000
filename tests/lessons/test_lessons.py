"""Every lesson runs offline in a fresh process, has its parts in order, and says no number that it does not compute."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from logistic.errors import InputError
from logistic.learn.lessons import Lesson, find, folder, lessons
from logistic.learn.notebook import execute
from logistic.learn.page import index, page
from prose import LOADED, misshapen, numbers, said, unlisted_imports, untrue
from support import SHARED

LESSONS = lessons()
TAUGHT = [lesson for lesson in LESSONS if not lesson.reproduction]
QUICK = ("odds",)  # run by the quick tests too
SECONDS = 120  # of two cores together, so 60 of a clock
IMPORTS = {"logistic", "numpy", "torch", "scipy", "sklearn", "matplotlib", "pandas"}
OFFLINE = """
import runpy, sys

# A reproduction asks for its data, and goes on without them, as on a machine that is offline; a lesson has no reason to ask.
refusal = OSError if "reproductions" in sys.argv[1] else RuntimeError

def refuse(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto") or (
        event == "socket.connect" and not isinstance(arguments[1], (str, bytes))
    ):
        raise refusal(f"a lesson asked for the network: {event} {arguments}")

sys.addaudithook(refuse)
names = runpy.run_path(sys.argv[1], run_name="__main__")
"""


def marked(lessons: list[Lesson], suffix: str = "") -> list[object]:
    """All lessons as parameters, slow but for the quick ones."""
    marks = [() if lesson.slug in QUICK else pytest.mark.slow for lesson in lessons]
    return [pytest.param(lesson, id=lesson.path.stem + suffix, marks=mark) for lesson, mark in zip(lessons, marks, strict=True)]


def run_offline(path: Path, home: Path, data: Path | None = None, after: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script in an empty folder, with no home and no network; ``after`` is code that sees the ``names`` it leaves."""
    env = {key: value for key, value in os.environ.items() if key != "LOGISTIC_DATA"} | {"HOME": str(home), "MPLBACKEND": "agg"}
    env |= {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "XDG_CACHE_HOME": str(home / "cache")}
    env |= {"LOGISTIC_DATA": str(data)} if data else {}
    return subprocess.run(
        [sys.executable, "-c", OFFLINE + after, str(path)], cwd=home, env=env, capture_output=True, text=True, timeout=900
    )


def assert_runs(lesson: Lesson, home: Path, data: Path | None = None) -> None:
    """It ends well, in time, and its exercises wait for their learner."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run_offline(lesson.path, home, data)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-3000:]
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert taken < SECONDS, f"{lesson.path.name} takes {taken:.0f} s of CPU, at most {SECONDS}"
    if not lesson.reproduction:
        assert done.stdout.count(": not done yet: ") >= 2, done.stdout


@pytest.mark.parametrize("lesson", marked(LESSONS))
def test_a_lesson_runs_offline(lesson: Lesson, tmp_path: Path) -> None:
    """With bundled data alone; what its text says is checked on the way."""
    assert_runs(lesson, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [pytest.param(one, id=one.path.stem) for one in LESSONS if one.reproduction])
def test_a_reproduction_runs_on_the_published_data(lesson: Lesson, tmp_path: Path) -> None:
    """Where they are on this machine."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the shared data folder (set LOGISTIC_SHARED)")
    assert_runs(lesson, tmp_path, SHARED / "data")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
def test_no_number_but_those_computed(lesson: Lesson) -> None:
    """The rule is in ``prose``."""
    assert untrue(lesson.path) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
def test_what_a_lesson_imports_comes_with_the_extra(lesson: Lesson) -> None:
    """So that a learner needs one line of pip."""
    assert unlisted_imports(lesson.path, IMPORTS) == []


@pytest.mark.parametrize("lesson", TAUGHT, ids=lambda lesson: lesson.path.stem)
def test_a_lesson_has_its_parts(lesson: Lesson) -> None:
    """Objectives, prediction, what breaks, two exercises, what to remember, a note for teachers."""
    assert misshapen(lesson.path, lesson.title) == []
    assert 5 <= lesson.minutes <= 20


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
def test_a_page_needs_nothing_else(lesson: Lesson) -> None:
    """No script and nothing that a browser would fetch; formulas are MathML."""
    notebook = execute(lesson)
    html = page(lesson, notebook, LESSONS)
    assert LOADED.findall(html) == []
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\';' in html
    assert str(Path.home()) not in html
    assert "Traceback (most recent" not in html
    linked = page(lesson, notebook, LESSONS, linked=True)
    assert 'href="index.html"' in linked
    assert lesson.page in index(LESSONS)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
def test_the_readme_lists_every_lesson(lesson: Lesson) -> None:
    """With its link and its minutes."""
    place = f"reproductions/{lesson.path.name}" if lesson.reproduction else lesson.path.name
    line = f"| {lesson.number.lstrip('0').upper()} | [{lesson.title}]({place}) | {lesson.minutes} |"
    assert line in (folder() / "README.md").read_text(encoding="utf-8").splitlines(), f"lessons/README.md lacks the line {line}"


def test_numbers_are_one_list() -> None:
    """Lessons count up without gaps or repetition, and so do the letters of the reproductions."""
    assert [lesson.number for lesson in TAUGHT] == sorted({lesson.number for lesson in TAUGHT})
    assert len({lesson.slug for lesson in LESSONS}) == len(LESSONS)


# -------------------------------------------------------------------------------------------------- the rules can fail

GOOD = """# ---
# title: Made up
# minutes: 10
# ---
# %% [markdown]
# # Made up
# After this lesson you can:
#
# - do one thing, and
#   more of it
# - do another
#
# {words}
# {text}
# %% [markdown]
# ## Predict first
# ## Break it
# ## Exercise 1
# ## Exercise 2
# ## What to remember
# ## For teachers
# %%
from logistic.learn import says
{code}
"""


def made(place: Path, text: str = "", code: str = "", words: int = 700) -> Path:
    """A made-up lesson."""
    path = place / "01_made.py"
    path.write_text(GOOD.format(text=text, code=code, words="word " * words))
    return path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.25 of 569 rows", ["0.25", "569"]),
        ("1,797 rows, or 1{,}797", ["1797", "1797"]),
        ("92.65 % and $26\\%$ and 13%", ["92.65%", "26%", "13%"]),
        ("$p = -1.5$ and \u22122.5 and (-3.5)", ["-1.5", "-2.5", "-3.5"]),
        ("1-0.25 and 0.1\u20130.2", ["0.25", "0.1", "0.2"]),
        ("$3.1 \\times 10^{-9}$ or 1e-8", ["3.1e-9", "1e-8"]),
        ("$\\frac{0.5}{13}$, $\\log0.75$", ["0.5", "13", "0.75"]),
        ("It is 0.5. Then 40, and 50.", ["0.5", "40", "50"]),
        ("2,000 rows and 3000", ["2000", "3000"]),
        ("12 rows, 3 classes, $x_{10}^2$, 5 %", []),
        ("in 1972 (Nelder, 2021), lesson 14, Step 20.3, exercise 13; 14 minutes, 20 more minutes", []),
        ("`0.25` and L2 and x25 [see](a/13_b.py) <span title='20'>", []),
        ("```\n0.25\n```", []),
    ],
)
def test_numbers_that_count(text: str, found: list[str]) -> None:
    """And those that do not."""
    assert numbers(text) == found


def test_a_good_lesson_passes(tmp_path: Path) -> None:
    """The rules let through what they should."""
    path = made(tmp_path, "One in 25, or 4.0 %, is -1.5.", 'n = 25\nsays("25", n)\nsays("4.0%", 1 / n)\nsays("-1.5", 1 - n / 10)')
    assert untrue(path) == []
    assert misshapen(path, "Made up") == []
    assert run_offline(path, tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("It is 0.25.", "", "the text says 0.25"),
        ("It is 0.250.", 'says("0.25", x)', "the text says 0.250"),
        ("It is -0.25.", 'says("0.25", x)', "the text says -0.25"),
        ("It is 25 %.", 'says("25", x)', "the text says 25%"),
        ("There are 569.", "", "the text says 569"),
        ("It is five.", 'says("0.25", x)', "says('0.25', ...), but the text does not"),
    ],
)
def test_a_number_without_its_value_is_found(text: str, code: str, words: str, tmp_path: Path) -> None:
    """Each kind of slip."""
    (found,) = {what for what in untrue(made(tmp_path, text, code)) if words in what}
    assert found.startswith("01_made.py: ")


@pytest.mark.parametrize(
    ("code", "words"),
    [('says(f"{x}", x)', "its text in quotes"), ('says("0.5", 0.5)', "a value that"), ('says("-0.5", -0.5)', "a value that")],
)
def test_says_compares_a_text_with_a_value(code: str, words: str, tmp_path: Path) -> None:
    """A computed text would always be right, and so would two numbers that are typed in."""
    with pytest.raises(AssertionError, match=rf"01_made.py:24: says\(\) needs {words}"):
        said(made(tmp_path, code=code))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# # Made up", "# # Made down", "its heading is 'Made down'"),
        ("# After this lesson you can:", "# Here you learn:", "the first cell"),
        ("# - do another", "# do another", "the first cell"),
        ("# ## Break it\n", "", "no part '## Break it'"),
        ("# ## Exercise 1\n# ## Exercise 2", "# ## Exercise 2\n# ## Exercise 1", "in another order"),
        ("word " * 700, "word", "words; a lesson has"),
    ],
)
def test_a_missing_part_is_found(old: str, new: str, words: str, tmp_path: Path) -> None:
    """One rule broken at a time."""
    path = made(tmp_path)
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))
    (found,) = misshapen(path, "Made up")
    assert words in found


@pytest.mark.parametrize(
    "code",
    [
        'import urllib.request\nurllib.request.urlopen("http://example.org", timeout=1)',
        'import socket\nsocket.create_connection(("127.0.0.1", 9), timeout=1)',
    ],
)
def test_the_network_is_refused(code: str, tmp_path: Path) -> None:
    """By name or by address."""
    done = run_offline(made(tmp_path, code=code), tmp_path)
    assert done.returncode == 1
    assert "a lesson asked for the network" in done.stderr


def test_a_false_number_stops_a_lesson(tmp_path: Path) -> None:
    """With the text and the value."""
    done = run_offline(made(tmp_path, "0.25", 'says("0.25", 0.26)'), tmp_path)
    assert done.returncode == 1
    assert "the text says 0.25, but it is 0.26" in done.stderr


def test_foreign_packages_are_found(tmp_path: Path) -> None:
    """And private modules of ours."""
    path = made(tmp_path, code="import polars as pl\nfrom statsmodels.api import GLM\nfrom logistic.fit import fit")
    found = ["01_made.py: imports logistic.fit", "01_made.py: imports polars", "01_made.py: imports statsmodels"]
    assert unlisted_imports(path, IMPORTS) == found


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert()</script>",
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<img src="https://example.org/a.png">',
        "<img src=a.png>",
        "<style>@import 'a.css';</style>",
        "<style>p { background: url(https://example.org/a.png) }</style>",
    ],
)
def test_what_a_browser_would_fetch_is_found(html: str) -> None:
    """A link that waits for a click is none of it."""
    assert LOADED.search(html)
    assert not LOADED.search('<a href="https://example.org">there</a> <img src="data:image/png;base64,"> <use href="#a"/>')


@pytest.mark.parametrize("name", ["1", "01", "odds", "ODDS"])
def test_a_lesson_is_found_by_number_or_name(name: str) -> None:
    """As people type them."""
    assert find(name).path.name == "01_odds.py"


def test_an_unknown_lesson_is_refused() -> None:
    """With the nearest name."""
    with pytest.raises(InputError, match="there is no lesson 'ods'; did you mean 'odds'"):
        find("ods")


def test_a_file_without_title_is_no_lesson(tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "01_made.py").write_text("print()")
    with pytest.raises(ValueError, match=r"01_made.py is no lesson"):
        lessons(tmp_path)
