"""A verdict in the table of a reproduction is true, or there is no table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from logistic.learn import Verdicts


def only(stand_in: str | None = None, /, **row: Any) -> Verdicts:
    """A table of one row: ``exact=(...)`` and so on, without the name."""
    table = Verdicts("made up", stand_in)
    ((verdict, values),) = row.items()
    getattr(table, verdict)("one", *values)
    return table


TRUE = [
    {"exact": ("2,930 (2344, 2)", [2930, 2344, 2])},
    {"exact": ("(100,)", (100,))},
    {"exact": ("0.1", 0.1)},
    {"exact": ("benign", "benign")},
    {"exact": ("1 1 0", np.array([1, 1, 0]))},
    {"printed": ("0.56", 0.5571)},
    {"printed": ("[[.26 -.17] [\u22121.5 2]]", np.array([[0.2649, -0.1651], [-1.4501, 2.4999]]))},
    {"printed": ("1.5e-5", 1.5436e-5)},
    {"printed": ("0.0000", -1e-9)},
    {"printed": (".3490", torch.tensor(0.34901, requires_grad=True))},
    {"printed": ("1,000.5 1", [1000.46, torch.tensor(1.2)])},
    {"band": (".9034", 0.9021, ".895", ".92", "no seed")},
    {"band": ("1.1 2.2", [1.2, 2.1], "1.0 2.0", "1.3 2.3", "no seed")},
    {"band": (".539", 316 / 586, ".505", ".539", "no seed")},  # rounded to the digits of the band
    {"erratum": ("8.929324", 8.208197, "it sums over the classes too")},
    {"erratum": ("8.9", 8.96, "one digit is enough")},
]
FALSE = [
    {"exact": ("2,930", 2931)},
    {"exact": ("(100,)", (100, 1))},
    {"exact": ("benign", "malignant")},
    {"exact": ("2", 2.0000001)},
    {"printed": ("0.56", 0.5649999 + 0.0001)},
    {"printed": ("0.5571", 0.55715001)},
    {"printed": ("0.56 1.33", [0.56])},
    {"printed": ("1.5e-5", 1.6e-5)},
    {"printed": ("0.56", np.nan)},
    {"printed": ("0.56", np.inf)},
    {"band": (".9034", 0.8, ".895", ".92", "no seed")},
    {"band": (".8034", 0.9, ".895", ".92", "the published one is outside")},
    {"band": (".9034", 0.9, ".895", ".92", "")},
    {"band": ("1.1 2.2", [1.2, 2.4], "1.0 2.0", "1.3 2.3", "no seed")},
    {"band": ("1.1 2.2 3.3", [1.2, 2.1, 3.3], "1.0 2.0", "1.3 2.3", "two ends for three")},
    {"band": (".9034", np.nan, ".895", ".92", "no seed")},
    {"erratum": ("8.208", 8.2081, "it is right after all")},
    {"erratum": ("8.9", 8.2, "")},
]


@pytest.mark.parametrize("row", TRUE, ids=str)
def test_a_true_verdict_is_entered(row: dict[str, Any]) -> None:
    """As text and as HTML."""
    table = only(**row)
    ((verdict, (published, *_)),) = row.items()
    assert table.counts == {verdict: 1}
    assert table.rows[0].published == published
    assert f"1 row: 1 {verdict}." in str(table)
    assert f"<td>{verdict}</td>" in table._repr_html_()


@pytest.mark.parametrize("row", FALSE, ids=str)
def test_a_false_verdict_is_refused(row: dict[str, Any]) -> None:
    """With the document, the row and both numbers."""
    with pytest.raises(AssertionError, match=r"made up, one: the verdict '\w+' is not true: published"):
        only(**row)


@pytest.mark.parametrize("row", TRUE + FALSE, ids=str)
def test_nothing_is_judged_on_a_stand_in(row: dict[str, Any]) -> None:
    """Ours is shown, and the table says what it is of."""
    table = only("wine", **row)
    assert table.counts == {"not judged": 1}
    assert "none judged: ours are of wine" in str(table)


def test_differences_are_shown() -> None:
    """The largest of a row, and ours with two digits more than the published number."""
    table = only(printed=("0.56 1.33", [0.5571, 1.3256]))
    assert (table.rows[0].ours, table.rows[0].difference) == ("0.5571 1.3256", "4.4e-03")


def test_html_is_text() -> None:
    """Nothing of a cell becomes markup."""
    table = only(erratum=("1", 2, "<b>a & b</b>"))
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in table._repr_html_()


def test_long_cells_take_several_lines() -> None:
    """No line is wider than the columns together."""
    table = only(erratum=(" ".join(["0.12345678"] * 9), [1.0] * 9, "because " * 30))
    assert max(map(len, str(table).splitlines())) < 200
