"""Every number of a published document is in the table of its page, with a verdict that holds; and without data the page runs."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from test_lessons import run_offline

from logistic.learn.lessons import find
from support import SHARED

# What the documents print, and what was computed from them: the numbers that a learner would look for.
PUBLISHED = {
    "ames": """
        2,930 81 981 980 969 139,000 139,400 190,000 190,500 2344 2 586 30
        .49671415 -.1382643 .64768854 1.33 0.56 -0.26364467 0.17475395 0.98863593 -.26364470 .17475366 .98863573
        0.31 34 546 6 .2935 .5571 .6549
        1 1 0 0 0 1.93 1.02 0 1 2 2 0 2 0 1 2 2 0.52
        3 1.3116 1.1680 1.0995 1.0654 1.0468 1.0359 1.0292 1.0249 1.0220 1.0202 1.05 1.62 1.016 1.0225 .505 .539
        100 1,000 .609 .621
        .43996978 .06424368 -.50421346 -.33574937 -.01095525 .34670462 -.01195943 .12594359 -.11398417
        1.01586305 1.00360719 .52218 1.5e-5 1.01585997 37 2
        1.6177 0.6660 0.6551 1.1288 1.1109 1.0177 0.7753546 0.39962183 -0.16883813 0.61 0.51173135
    """,
    "warm_up": "100 2 3 .2595 .7054 .0351 1 0.3490",
    "iris": """
        100 50 -4.414 -9.111 6.539 12.686 -4.414725 -9.114223 6.540152 12.691130 0.0690770079
        .11824 -.2353 -.1223 -.1976 -.0638 .11827496 -.1222
        1.54099607 -.29342890 -2.17878938 .56843126 1.994707 .069396 .069077 .002 .000 1.000 .012
        33 1 400 -0.8046 -2.3841 1.3471 2.9677 -0.7937 -2.4168 1.3210 2.9690
        -1.28 -.41 -2.60 -2.18 1.06 1.70 2.85 3.14 .68 1.00 .92 -.54 -.45 -2.17 -2.12 .96 1.03 2.63 2.67 .94
        -7.1823 -10.0136 11.5410 10.1771 0.98 -4.847 -6.605 8.141 10.048 0.82 -1.464 -2.561 1.673 4.168 0.92
        -4.4145 -9.1138 6.5398 12.6909 4 -5.949273395679422 3.9e-13 3.6e-4
    """,
    "tumors": """
        1000 389 611 1.57 15.335860 14.637535 700 150 272 428 59 91 58 92 1.54 1.59 14.95081332 14.86441305
        0.0036764706 0.0023364486 -0.1 1.0 -.0069945 .00647147 .49663356 .50336644 .70
        .00234547 -.01354852 -.01821304 -.0043289 0.684 .897 0.446 .970 0.349 .973 0.297 0.263 .9743 .9733
        0.96 0.28 0.15 0.12 0.10 60.7 87.0 95.6 97.7 98.3 .98 .0449 .9551
        .9825 .9655 .9739 .9785 .9891 .9838 .9800 56 2 1 91 -.68505296 -3.11487099 93
        .61299698 -1.18550903 -.9537106 .88432898 8.929324 10.233843 8.208197 1.202936 92.65 0.31 .980 .647
        .030284343 -23.809 9.523 8.773 -8.0656 8.7624 -4.8759 .9867 .029922 -24.376 9.715 8.510
    """,
    "mnist": """
        60,000 10,000 1 28 0 3 100 784 600 10 2.28 2.39 2.2 2.5 2.3026 0.1 .9034 .9026 .9029 .9016 .9044 .895 .92 7,850 1.4612
    """,
}
DATA = {"ames": "ames.csv.gz", "mnist": "mnist", "tumors": "tumors.csv"}
STAND_INS = {"ames": "wine", "mnist": "digits", "tumors": "tumors_made"}
FEWEST = {"ames": 40, "warm_up": 8, "mnist": 24, "iris": 28, "tumors": 42}
DUMP = 'import json; json.dump([row._asdict() for row in names["table"].rows], open("rows.json", "w"))'
NUMBER = re.compile(r"-?[\d,]*\.?\d+(?:e-?\d+)?")

EACH = pytest.mark.parametrize("name", PUBLISHED)
SLOW = pytest.mark.slow


def numbers(text: str) -> set[tuple[int, Decimal]]:
    """The numbers in a text, each with its count of decimals: 0.56 is .56, but not .560."""
    found = (Decimal(number.replace(",", "")) for number in NUMBER.findall(text))
    return {(int(number.as_tuple().exponent), number) for number in found}


def run(name: str, folder: Path, data: Path | None) -> tuple[list[dict[str, str]], str]:
    """The rows of a page's table, and what the page prints."""
    done = run_offline(find(name).path, folder, data, DUMP)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "rows.json").read_text()), done.stdout


@SLOW
@EACH
def test_every_published_number_has_a_verdict(name: str, tmp_path: Path) -> None:
    """A page with its data: a false verdict would have ended it."""
    data = SHARED / "data"
    if name in DATA and not (data / DATA[name]).exists():
        pytest.skip("needs the shared data folder (set LOGISTIC_SHARED)")
    rows, printed = run(name, tmp_path, data if name in DATA else None)
    there = set().union(*(numbers(f"{row['name']} {row['published']} {row['why']}") for row in rows))
    assert sorted(numbers(PUBLISHED[name]) - there) == []
    assert {row["verdict"] for row in rows} <= {"exact", "printed", "band", "erratum"}
    assert len(rows) >= FEWEST[name]
    assert all(row["why"] for row in rows if row["verdict"] in ("band", "erratum"))
    assert "Published and found: document" in printed
    assert "not judged" not in printed


@SLOW
@pytest.mark.parametrize("name", STAND_INS)
def test_without_the_data_a_stand_in_is_named(name: str, tmp_path: Path) -> None:
    """An empty folder of data, an empty cache, no network: the page says so, and judges nothing."""
    (tmp_path / "empty").mkdir()
    rows, printed = run(name, tmp_path, tmp_path / "empty")
    assert {row["verdict"] for row in rows} == {"not judged"}
    assert "cannot be had:" in printed
    assert f"none judged: ours are of {STAND_INS[name]}" in printed


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_page_names_source_and_licence(name: str) -> None:
    """Of the document in its text; of the data by their card."""
    text = find(name).path.read_text(encoding="utf-8")
    assert "**The document.**" in text
    assert "licence" in text.partition("# %%\n")[0]
    assert name not in DATA or "{card.licence}" in text


def test_numbers_are_told_apart_by_their_digits() -> None:
    """The list above would be worth little if .56 stood for .5600, or 2,930 for 2 and 930."""
    assert numbers("2,930 and .56, [-.1 1.5e-5]") == {
        (0, Decimal(2930)),
        (-2, Decimal("0.56")),
        (-1, Decimal("-0.1")),
        (-6, Decimal("1.5e-5")),
    }
    assert not numbers("0.5600") & numbers("0.56")


def test_a_missing_number_would_be_found() -> None:
    """As the test of the pages does it."""
    rows: list[dict[str, Any]] = [{"name": "one", "published": "0.56", "why": ""}]
    there = set().union(*(numbers(row["published"]) for row in rows))
    assert numbers("0.56 1.33") - there == {(-2, Decimal("1.33"))}
