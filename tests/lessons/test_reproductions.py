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
    "mnist": """
        60,000 10,000 1 28 0 3 100 784 600 10 2.28 2.39 2.2 2.5 2.3026 0.1 .9034 .9026 .9029 .9016 .9044 .895 .92 7,850 1.4612
    """,
}
DATA = {"ames": "ames.csv.gz", "mnist": "mnist"}
STAND_INS = {"ames": "wine", "mnist": "digits"}
FEWEST = {"ames": 40, "warm_up": 8, "mnist": 24}
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
