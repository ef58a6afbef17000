"""A sheet has every task, no answer, and a key that has them all."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from logistic.learn import Sheet, Task, show

SHEET = Sheet(
    "Warm-up",
    (
        Task("Which shape?", (("X.shape =", "(100, 2)"), ("b.shape =", "(3,)"))),
        Task("Which loss, if p < 1?", (("loss =", "0.3490"),), ("minus the logarithm of 0.7054",)),
    ),
)


def test_text() -> None:
    """The key follows the sheet."""
    sheet, _, key = str(SHEET).partition("-" * 60)
    for words in ("Which shape?", "X.shape =", "b.shape =", "loss =", "steps:"):
        assert words in sheet
    for answer in ("(100, 2)", "(3,)", "0.3490", "0.7054"):
        assert answer not in sheet
        assert answer in key


def test_html() -> None:
    """Two sections, each on a page of its own; texts are no markup."""
    html = SHEET._repr_html_()
    _, sheet, key = html.split('<section class="sheet">')
    assert "break-before: page" in html
    assert "if p &lt; 1?" in sheet
    assert "if p &lt; 1?" in key
    assert "0.3490" not in sheet
    assert "<strong>0.3490</strong>" in key
    assert sheet.count('class="steps"') == 1  # room only where there are steps to write


def test_show_prints_in_a_script(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And hands over to a notebook's display in a notebook."""
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    show(SHEET)
    assert capsys.readouterr().out == f"{SHEET}\n"
    shown: list[object] = []
    kernel = SimpleNamespace(get_ipython=lambda: object(), display=SimpleNamespace(display=shown.append))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    show(SHEET)
    assert shown == [SHEET]
    assert capsys.readouterr().out == ""
