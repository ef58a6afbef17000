"""A made-up lesson as notebook and page: what is shown, what is folded, what is left out, and what is refused."""

from __future__ import annotations

import re
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from logistic.errors import InputError
from logistic.learn.lessons import Lesson, lessons
from logistic.learn.notebook import execute, read, text
from logistic.learn.page import _body, index, page
from prose import LOADED

HEAD = "# ---\n# title: {}\n# minutes: 3\n# ---\n"
FIRST = r"""# %% [markdown]
# # Made up & more
# See [the next](02_after.py), [a document](reproductions/a_paper.py), [another](03_gone.py) and
# [a site](https://example.org). Inline $\frac{p}{1-p}$, and:
#
# $$
# \begin{aligned} a &= b \\ &= \sigma(z) \end{aligned}
# $$
#
# ```python
# x = 1
# ```
# %%
import sys
import warnings

import matplotlib.pyplot as plt

from logistic.learn import says

print("shown < as text", file=sys.stdout)
print("\x1b[31mred\x1b[0m", file=sys.stderr)
warnings.warn("be careful", stacklevel=1)
# %%
fig, ax = plt.subplots()
ax.plot([1, 2], [3, 4])
# %%
4 + 38
# %% [markdown]
# ## Predict first
# What is it?
# %%
print("the answer")
# %% [markdown]
# It was that, said before the next heading.
#
# ## Afterwards
# %%
half = 1 / 2
says("0.5", half)
assert half > 0
# %%
print("no check"), says("0.5", half)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Lesson]:
    """Two lessons and a reproduction."""
    place = tmp_path_factory.mktemp("made")
    (place / "reproductions").mkdir()
    (place / "01_before.py").write_text(HEAD.format("Made up & more") + FIRST)
    (place / "02_after.py").write_text(HEAD.format("After") + "# %%\nfrom logistic.learn import says\n# %%\nsays('0.5', 1 / 4)\n")
    (place / "reproductions" / "a_paper.py").write_text(HEAD.format("A paper") + "# %% [markdown]\n# $\\nosuch{x}$\n")
    return lessons(place)


@pytest.fixture(scope="module")
def run(made: list[Lesson]) -> Any:
    """The first of them with its outputs."""
    return execute(made[0])


def test_lessons_come_before_reproductions(made: list[Lesson]) -> None:
    """By number, then by letter."""
    assert [(lesson.number, lesson.slug, lesson.reproduction) for lesson in made] == [
        ("01", "before", False),
        ("02", "after", False),
        ("a", "paper", True),
    ]


def test_what_cells_say_is_kept(run: Any) -> None:
    """Text, warnings without folders of this machine, pictures as SVG, the last value; no times of day and no handles."""
    first, drawn, value = [cell for cell in run.cells if cell.cell_type == "code"][:3]
    by_name = {output.name: output.text for output in first.outputs}
    assert by_name["stdout"] == "shown < as text\n"
    assert by_name["stderr"].startswith("red\n<cell>:")
    assert "UserWarning: be careful" in by_name["stderr"]
    (picture,) = drawn.outputs
    assert "image/svg+xml" in picture.data
    assert value.outputs[0].data["text/plain"] == "42"
    assert "execution" not in first.metadata
    assert sys.prefix not in text(run)


def test_a_notebook_is_the_same_at_each_build(made: list[Lesson], run: Any) -> None:
    """Cells have lasting names, and the notebook its title."""
    assert text(read(made[0])) == text(read(made[0]))
    assert [cell.id for cell in run.cells] == [f"before-{k}" for k in range(len(run.cells))]
    assert run.metadata["title"] == "Made up & more"


def test_a_page_shows_all_and_folds_two_things(made: list[Lesson], run: Any) -> None:
    """The answer to a prediction, until the next heading, and cells that only check."""
    html = page(made[0], run, made)
    assert "<title>Made up &amp; more</title>" in html
    assert "shown &lt; as text" in html
    assert html.count("<math") == 2
    assert html.count("<mtr>") == 2
    assert "data:image/svg+xml;base64," in html
    (answer,) = re.findall(r"<details class='answer'>(.*?)</details>\n<h2>Afterwards", html, re.DOTALL)
    assert "the answer" in answer
    assert "It was that" in answer
    (check,) = re.findall(r"<details class='checks'>(.*?)</details>", html, re.DOTALL)
    assert "says" in check
    assert "no check" not in check
    assert html.count("<details") == html.count("</details>") == 2
    assert LOADED.findall(html) == []


@pytest.mark.parametrize(
    ("source", "shown", "checked"),
    [
        ("print(x)\nsays('1', x)", "print(x)", "says('1', x)"),
        ("print(x)\nif real:\n    table.band(x)\ntable.exact(x)", "print(x)", "if real:\n    table.band(x)\ntable.exact(x)"),
        ("y = 2\nassert y\nsays('2', y)", "", "y = 2\nassert y\nsays('2', y)"),
        ("says('1', x)\nprint(x)", "says('1', x)\nprint(x)", ""),
        ("print(x)\nassert x", "print(x)\nassert x", ""),
        ("%matplotlib inline", "%matplotlib inline", ""),
    ],
)
def test_checks_at_the_end_of_a_cell_are_folded(source: str, shown: str, checked: str) -> None:
    """They are for the machine; what is computed stays to be seen."""
    cell = NotebookNode(cell_type="code", source=source, outputs=[])
    html = re.sub(r"<(?!/?details|/?summary)[^>]*>", "", _body([cell], str))
    before, _, folded = html.partition("<details class='checks'><summary>The numbers in the text, checked</summary>")
    assert unescape(before).strip() == shown
    assert unescape(folded.replace("</details>", "")).strip() == checked


def test_links_lead_to_pages_where_there_are_pages(made: list[Lesson], run: Any) -> None:
    """Beside each other in a folder; a page alone says which command opens the next."""
    together, alone = page(made[0], run, made, linked=True), page(made[0], run, made)
    for target in ("lesson-02.html", "lesson-a.html", "index.html"):
        assert f'href="{target}"' in together
        assert target not in alone
    assert "<code>logistic lesson open 2</code>" in alone
    for html in (together, alone):
        assert '<a href="https://example.org">a site</a>' in html
        assert "another" in html
        assert not re.search(r"\w+\.py\b", html)
    assert [f'href="{lesson.page}"' in index(made) for lesson in made] == [True] * 3


def test_a_false_number_stops_the_notebook(made: list[Lesson]) -> None:
    """As it stops the script."""
    from nbclient.exceptions import CellExecutionError

    with pytest.raises(CellExecutionError, match=r"the text says 0\.5, but it is 0\.25"):
        execute(made[1])


def test_an_unknown_formula_is_refused(made: list[Lesson]) -> None:
    """Not shown as something else."""
    with pytest.raises(ValueError, match=r"the formula '\\\\nosuch\{x\}' cannot be shown"):
        page(made[2], read(made[2]), made)


def test_a_page_without_its_packages_is_refused(made: list[Lesson], run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs them."""
    monkeypatch.setitem(sys.modules, "math_core", None)
    with pytest.raises(InputError, match=r"pip install 'logistic\[lessons\]'"):
        page(made[0], run, made)


def test_files_of_a_lesson_lie_elsewhere(made: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a lesson writes is left neither in the current folder nor beside the lessons."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "lessons" / "01_writes.py"
    path.parent.mkdir()
    path.write_text(HEAD.format("Writes") + "# %%\nopen('left.txt', 'w').close()\n")
    execute(lessons(path.parent)[0])
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["01_writes.py"]
