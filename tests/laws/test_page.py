"""The report's page as text: what it holds, what it never holds, and how numbers are written. What it does: tests/browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from html import unescape
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from logistic import LogisticRegression, plots
from logistic.errors import InputError
from logistic.outputs.report.document import Block, Figure, Section, Table, Text, Thresholds
from logistic.outputs.report.page import page
from support import overlapping

X, CODES = overlapping(3, 120, 2, 2)
Y = np.array(["no", "yes"])[CODES]
MODEL = LogisticRegression(C=1.0).fit(X, Y)


def of(*blocks: Block) -> str:
    """A page of one section."""
    return page("Title", [Section("one", "One", blocks)])


def cells(table: Table) -> list[list[str]]:
    """The texts of the rows of a table."""
    body = re.search(r"<tbody>(.*?)</tbody>", of(table), re.DOTALL)
    assert body is not None
    rows = re.findall(r"<tr.*?</tr>", body[1], re.DOTALL)
    return [[unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


def column(values: Any) -> list[str]:
    """How a column of numbers is written."""
    return [row[1] for row in cells(Table("t", {"row": np.arange(len(values)), "x": np.array(values)}))]


def figures() -> list[Figure]:
    """Figures of lines, points, filled regions and pixels."""
    shown = (plots.roc(MODEL, X, Y), plots.regions(MODEL, X, Y, grid=21), plots.confusion_matrix(MODEL, X, Y))
    return [Figure(type(display).__name__, display) for display in shown]


def test_the_same_sections_make_the_same_bytes() -> None:
    """Drawn twice, written twice."""
    assert of(*figures()) == of(*figures())


def test_a_figure_that_was_never_drawn_is_drawn() -> None:
    """Its fields suffice."""
    drawn = plots.roc(MODEL, X, Y)
    fresh = type(drawn)(drawn.curves, drawn.classes, drawn.shares, drawn.rows)
    assert of(Figure("ROC", fresh)) == of(Figure("ROC", drawn))


def test_the_policy_names_our_style_and_script_by_their_hashes() -> None:
    """Nothing else is admitted; pixels only where a figure has some."""

    def policy(text: str) -> dict[str, str]:
        found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
        assert found is not None
        return {name: rule for name, _, rule in (part.strip().partition(" ") for part in unescape(found[1]).split(";"))}

    text = of(Text("words"))
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(inside) == 1
        assert policy(text)[kind] == f"'sha256-{base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()}'"
    assert policy(text)["default-src"] == "'none'"
    assert "img-src" not in policy(text)
    assert policy(of(figures()[2]))["img-src"] == "data:"


def test_figures_have_neither_styles_nor_comments_and_keep_their_colours() -> None:
    """What Matplotlib sets by style is set by attributes, once each; ids of different figures differ."""
    text = of(*figures())
    for element in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        assert not re.search(r"\sstyle=|<style|<!--|<metadata|<title|<script", element)
        assert element.count("fill=") > 10
        for tag in re.findall(r"<[a-z][^>]*>", element):
            names = re.findall(r'\s([\w:-]+)="', tag)
            assert len(names) == len(set(names)), tag
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    points = plots.roc(MODEL, X, Y).svg("figure-1-")
    before = re.findall(r"(?:stroke|fill): (#\w+)", points)
    assert before == re.findall(r'(?:stroke|fill)="(#\w+)"', re.findall(r"<svg.*?</svg>", text, re.DOTALL)[0])


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([1, -20, 1_234_567], ["1", "\N{MINUS SIGN}20", "1,234,567"]),
        ([0.5, 0.25, -1.0], ["0.50", "0.25", "\N{MINUS SIGN}1.00"]),
        ([0.123456, 1e-300, 0.00004], ["0.1235", "1e\N{MINUS SIGN}300", "4e\N{MINUS SIGN}05"]),
        ([12.3456, 0.5, 0.0], ["12.35", "0.50", "0.00"]),
        ([123456.7, 1.25, np.nan], ["123,457", "1.25", "\N{EN DASH}"]),
        ([1.0, 20.0, 3e12], ["1", "20", "3e+12"]),
        ([np.inf, -np.inf, 0.1], ["\N{INFINITY}", "\N{MINUS SIGN}\N{INFINITY}", "0.1"]),
        ([True, False], ["yes", "no"]),
    ],
)
def test_numbers_are_written_to_be_read(values: Any, written: list[str]) -> None:
    """As many decimals as the column needs, digits of its own where a number is too small for them, thousands apart."""
    assert column(values) == written


def test_numbers_are_sorted_by_what_they_are() -> None:
    """Not by what is shown of them."""
    assert 'data-v="0.12344"' in of(Table("t", {"x": np.array([0.12344, 0.12341])}))


def test_empty_things() -> None:
    """No section, no row, no class: a page all the same."""
    assert "<h1>" in page("", [])
    assert "<tbody>" in of(Table("none", {"x": np.array([]), "y": np.array([])}, by_class="y"))
    nobody = np.zeros(3)
    assert "\N{EN DASH}" in of(Thresholds(("a", "b"), np.array([0.0, 0.5, 1.0]), nobody, nobody, nobody, nobody))


def test_the_slider_has_every_threshold() -> None:
    """As numbers in JSON; weights stay what they are."""
    t = Thresholds(("a", "b"), *(np.array(part) for part in ([0, 0.5, 1], [3.5, 2, 0], [4, 1, 0], [0, 1.5, 3.5], [0, 3, 4.0])))
    found = re.search(r'<script type="application/json">(.*?)</script>', of(t))
    assert found is not None
    assert json.loads(found[1]) == [[0, 0.5, 1], [3.5, 2, 0], [4, 1, 0], [0, 1.5, 3.5], [0, 3, 4]]


def test_jinja2_is_asked_for_by_the_name_of_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is missing, the error says how to get it."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match=r"pip install 'logistic\[report\]'"):
        of(Text("words"))
