"""The report's page as Chromium shows it: what it does by mouse, by keyboard, on paper, on a phone, and what names cannot do."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris

pytest.importorskip("matplotlib")

from logistic import LogisticRegression, plots
from logistic.outputs.report.document import Facts, Figure, Section, Table, Text, Thresholds
from logistic.outputs.report.page import page

pytestmark = pytest.mark.browser

RNG = np.random.default_rng(5)
CHANCE = np.sort(RNG.beta(2, 2, 300))
TRUE = RNG.uniform(size=300) < CHANCE
GRID = np.linspace(0, 1, 101)
LABELS = np.array(["ham", "spam", "other"])[np.arange(30) % 3]
LOSS = np.round(RNG.exponential(2, 30), 1)  # with ties
LOSS[[3, 20]] = np.nan
HOSTILE = (
    "<script>window.hit=1;alert(1)</script>",
    "</script><script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "' onmouseover='window.hit=1' x='",
    "</style><svg onload=window.hit=1>",
    "--></bdi></td></table><iframe src=https://example.com>",
    "]]>",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "javascript:window.hit=1",
    "&lt;b&gt; &amp;",
    "\N{GRINNING FACE} \N{WOMAN}\u200d\N{GIRL}",
    "\u05e9\u05dc\u05d5\u05dd",
)
WRITTEN_OUT = {
    "nul \x00 bell \x07": "nul \\x00 bell \\x07",
    "line \u2028 end": "line \\u2028 end",
    "turned \u202e round": "turned \\u202e round",
    "half \ud83d": "half \\ud83d",
}


def thresholds(classes: tuple[str, str] = ("ham", "spam")) -> Thresholds:
    """What the slider shows, counted row by row."""
    above = np.greater_equal(CHANCE[None, :], GRID[:, None])
    sums = ((above & TRUE), (above & ~TRUE), (~above & TRUE), (~above & ~TRUE))
    return Thresholds(classes, GRID, *(part.sum(axis=1) for part in sums))


@functools.cache
def example() -> str:
    """A page with every kind of block."""
    tall = {"Row": np.arange(30), "Class": LABELS, "Loss": LOSS}
    names = Table("Names", {"Name": np.array(["b10", "a", "b9"]), "Used": np.array([True, False, True])}, notes=("A note.",))
    wide = plots.image(np.arange(60.0).reshape(12, 5), shape=(1, 5))
    return page(
        "A made-up report",
        [
            Section(
                "first", "Words", (Text("Plain."), Text("Mind.", "note"), Text("Beware.", "warning"), Text("a \\\n  b", "command"))
            ),
            Section("facts", "Facts", (Facts((("Rows", "300"), ("Classes", "ham, spam"))), names)),
            Section("slider", "Threshold", (thresholds(),)),
            Section("rows", "Rows", (Table("Worst rows", tall, by_class="Class"), Table("Others", tall, by_class="Class"))),
            Section("figures", "Figures", (Figure("Balance", plots.class_balance(LABELS)), Figure("Pixels", wide))),
        ],
    )


def column(found: Any, number: int, place: int) -> list[str]:
    """The texts of a column of the table with this number, of the rows that are shown."""
    rows = found.locator(f"table:has(#table-{number}) tbody tr:visible")
    return [str(text) for text in rows.locator(f"xpath=./*[{place}]").all_inner_texts()]


# -------------------------------------------------------------------------------------------------------------- alone and safe


def test_nothing_is_asked_for_and_nothing_refused(opened: Callable[..., Any]) -> None:
    """The page loads itself and no more; its own script, style and figures all pass its policy."""
    found = opened(example())
    assert found.requests == [found.page.url]
    assert found.messages == found.violations() == []
    assert found.page.locator("figure svg image").count() >= 12, "the pixels of the example"


@pytest.mark.parametrize("evil", ["<script>window.hit=1</script>", "<img src=x onerror='window.hit=1'>", "<p style='color:red'>x"])
def test_the_policy_refuses_what_would_slip_through(opened: Callable[..., Any], evil: str) -> None:
    """Even unescaped, a script would not run and a style not apply: so the watch of the other tests sees what is to be seen."""
    found = opened(example().replace("Plain.", evil))
    found.page.wait_for_function("window.violations.length > 0")
    assert found.page.evaluate("window.hit === undefined")


def test_no_outside_address_is_reached(opened: Callable[..., Any]) -> None:
    """The policy refuses pictures and connections too."""
    found = opened(example().replace("Plain.", "<img src='https://example.com/a.png'>"))
    found.page.wait_for_function("window.violations.length > 0")
    assert found.violations() == ["img-src https://example.com/a.png"]


def hostile(names: tuple[str, ...]) -> str:
    """A page with these names everywhere that a name can be."""
    labels = np.array(names, dtype=object)
    figure = Figure(names[0], plots.class_balance(np.array([name.replace("\x00", "").replace("\ud83d", "") for name in names])))
    blocks = tuple(Text(name, tone) for name in names for tone in ("plain", "note", "warning", "command"))  # type: ignore[arg-type]
    table = Table(names[1], {"Name": labels, **{name: np.arange(len(names)) for name in names}}, by_class="Name", notes=names)
    return page(
        names[0],
        [
            Section("words", names[1], (*blocks, Facts(tuple((name, name) for name in names)))),
            Section("table", names[2], (table, figure)),
            Section("slider", names[0], (thresholds((names[0], names[1])), thresholds((names[2], names[3])))),
        ],
    )


def test_names_are_text_and_nothing_else(opened: Callable[..., Any]) -> None:
    """Whatever a name holds, it is read in the place where it belongs; no element, attribute, dialog or request comes of it."""
    names = (*HOSTILE, *WRITTEN_OUT)
    found = opened(hostile(names))
    at = found.page
    assert at.evaluate("window.hit === undefined")
    assert found.messages == found.violations() == []
    assert found.requests == [at.url]
    assert at.locator("img, iframe, object, embed, link, base, form, [onerror], [onload], [onmouseover]").count() == 0
    assert at.locator("script").count() == 3, "the page's own, and the numbers of two sliders"
    shown = [WRITTEN_OUT.get(name, name) for name in names]
    assert column(at, 1, 1) == shown
    assert at.locator(".facts dd").all_inner_texts() == shown
    assert at.locator("p.plain").all_text_contents() == shown
    assert at.locator("#choose-class option").all_text_contents()[1:5] == [name[:40] for name in names[:3]] + [names[3]]
    assert at.title() == at.locator("h1").inner_text() == names[0]
    assert at.locator(".matrix tbody th").all_inner_texts() == list(names[:4])
    at.locator("#choose-class").select_option("6")
    assert column(at, 1, 1) == ["]]>"]


def test_writing_from_the_right_stays_in_its_cell(opened: Callable[..., Any]) -> None:
    """A name of letters that run from right to left is isolated: what stands before it is not moved behind it."""
    found = opened(hostile(HOSTILE))
    cells = found.page.locator("table:has(#table-1) tbody th bdi")
    assert cells.count() == len(HOSTILE)
    assert cells.last.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"


def test_names_of_ten_thousand_letters_break_nothing(opened: Callable[..., Any]) -> None:
    """They are clipped in the middle, more is seen on pointing at them, and the page keeps its width and its size."""
    found = opened(hostile(tuple(f"{k}" + "x" * 9_998 + f"{k}" for k in range(4))), viewport={"width": 390, "height": 800})
    name = found.page.locator("table:has(#table-1) tbody th bdi").first
    assert len(name.inner_text()) == 80
    assert name.inner_text().startswith("0xx")
    assert name.inner_text().endswith("xx0")
    assert len(name.get_attribute("title")) == 1_000
    assert found.page.evaluate("document.documentElement.scrollWidth") == 390
    assert len(found.page.content()) < 500_000


# ---------------------------------------------------------------------------------------------------------------- the slider


def expected(i: int) -> tuple[list[str], list[str]]:
    """Cells and measures at a threshold, from the rows."""
    said = np.greater_equal(CHANCE, GRID[i])
    tn, fp, fn, tp = (int(n) for n in ((~said & ~TRUE).sum(), (said & ~TRUE).sum(), (~said & TRUE).sum(), (said & TRUE).sum()))
    shares = ((tn, tn + fp), (fp, tn + fp), (fn, fn + tp), (tp, fn + tp))
    ratios = ((tp, tp + fp), (tp, tp + fn), (2 * tp, 2 * tp + fp + fn), (tp + tn, 300))
    cells = [f"{part} {100 * part / whole:.1f}%" for part, whole in shares]
    return cells, [f"{part / whole:.3f}" if whole else "\N{EN DASH}" for part, whole in ratios]


def seen(at: Any) -> tuple[list[str], list[str]]:
    """The same as the page shows it."""
    cells = [text.rsplit("\n", 1)[0].strip() for text in at.locator(".matrix td").all_inner_texts()]
    return cells, at.locator(".measures dd").all_inner_texts()


def test_the_slider_follows_the_mouse(opened: Callable[..., Any]) -> None:
    """Dragged, it shows the matrix and the measures of its threshold, as counted in Python."""
    at = opened(example()).page
    assert seen(at) == expected(50)
    slider = at.locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    at.mouse.move(box["x"] + box["width"] / 2, middle)
    at.mouse.down()
    for share in (0.55, 0.6, 0.7, 0.73):
        at.mouse.move(box["x"] + share * box["width"], middle)
        assert seen(at) == expected(int(slider.input_value()))
    at.mouse.up()
    assert 70 <= int(slider.input_value()) <= 76
    assert slider.get_attribute("aria-valuetext") == at.locator(".at").first.inner_text() == f"{GRID[int(slider.input_value())]:g}"


@pytest.mark.parametrize(("key", "place"), [("ArrowRight", 51), ("ArrowLeft", 49), ("Home", 0), ("End", 100), ("PageUp", 60)])
def test_the_slider_follows_the_keyboard(opened: Callable[..., Any], key: str, place: int) -> None:
    """Keys move it by one, by ten, to the ends; at the ends there are measures that are not defined."""
    at = opened(example()).page
    at.locator("input[type=range]").press(key)
    assert seen(at) == expected(place)


def test_costs_are_added_and_the_least_is_found(opened: Callable[..., Any]) -> None:
    """The reader's prices: the total at the threshold, the least of all, where it is, and a button that goes there."""
    at = opened(example()).page
    at.get_by_label("Cost of a false positive").fill("2.5")
    at.get_by_label("Cost of a false negative").fill("7")
    block = thresholds()
    total = 2.5 * block.false_positive + 7 * block.false_negative
    best = np.flatnonzero(total == total.min())
    assert np.all(np.diff(best) == 1)
    where = " to ".join(dict.fromkeys(f"{GRID[i]:g}" for i in (best[0], best[-1])))
    words = "Total cost {:,}; the least is {:,}, at threshold {}."
    assert at.locator(".costs output").inner_text() == words.format(total[50], total.min(), where).replace(".0,", ",")
    at.get_by_role("button", name="Go to the least cost").press("Enter")
    assert int(at.locator("input[type=range]").input_value()) == (best[0] + best[-1]) // 2
    assert seen(at) == expected((best[0] + best[-1]) // 2)


def test_a_cost_that_is_none_is_told(opened: Callable[..., Any]) -> None:
    """An empty or negative price gives no total, and says so."""
    at = opened(example()).page
    price = at.get_by_label("Cost of a false negative")
    for wrong in ("", "-1"):
        price.fill(wrong)
        assert at.locator(".costs output").inner_text() == "A cost is a number, zero or more."
        assert price.get_attribute("aria-invalid") == "true"
        assert at.get_by_role("button", name="Go to the least cost").is_disabled()


# ---------------------------------------------------------------------------------------------------- tables, classes, themes


@pytest.mark.parametrize("how", ["click", "Enter", " "])
def test_tables_sort_by_click_and_by_key(opened: Callable[..., Any], how: str) -> None:
    """Up, down and back: stable among ties, what is no number at the end, and said to those who cannot see it."""
    at = opened(example()).page
    head = at.locator("table:has(#table-3) thead th").last
    button = head.get_by_role("button")

    def act() -> None:
        if how == "click":
            button.click()
        else:
            button.press(how)

    up = np.argsort(LOSS, kind="stable")
    down = np.argsort(-LOSS, kind="stable")
    for order, rows in (("ascending", up), ("descending", down), (None, np.arange(30))):
        act()
        assert head.get_attribute("aria-sort") == order
        assert column(at, 3, 1) == [str(row) for row in rows]
    assert column(at, 4, 1) == [str(row) for row in range(30)], "another table keeps its order"


def test_words_sort_with_their_numbers(opened: Callable[..., Any]) -> None:
    """b9 comes before b10; a second column takes over the order."""
    at = opened(example()).page
    heads = at.locator("table:has(#table-1) thead th")
    heads.nth(0).get_by_role("button").click()
    assert column(at, 1, 1) == ["a", "b9", "b10"]
    heads.nth(1).get_by_role("button").click()
    assert column(at, 1, 2) == ["no", "yes", "yes"]
    assert heads.nth(0).get_attribute("aria-sort") is None


def test_one_choice_of_class_holds_for_all_tables(opened: Callable[..., Any]) -> None:
    """Only rows of the class are shown, in every table that has classes, sorted or not; and how many is said."""
    at = opened(example()).page
    at.locator("#choose-class").select_option("spam")
    at.locator("table:has(#table-3) thead button").last.click()
    assert set(column(at, 3, 2)) == set(column(at, 4, 2)) == {"spam"}
    assert len(column(at, 3, 2)) == 10
    assert len(column(at, 1, 1)) == 3, "a table without classes"
    assert at.locator("#table-3 .shown").inner_text() == "10 of 30 rows are shown."
    at.locator("#choose-class").select_option("")
    assert len(column(at, 3, 2)) == len(column(at, 4, 2)) == 30
    assert at.locator("#table-3 .shown").inner_text() == ""


def test_themes(opened: Callable[..., Any]) -> None:
    """Auto follows the reader's system; light and dark are what they say. Figures keep their white paper."""
    at = opened(example(), color_scheme="dark").page

    def paper() -> str:
        return str(at.evaluate("getComputedStyle(document.body).backgroundColor"))

    dark, choice = paper(), at.locator("#choose-theme")
    choice.select_option("light")
    assert paper() == "rgb(255, 255, 255)" != dark
    choice.select_option("dark")
    assert paper() == dark
    choice.select_option("auto")
    assert paper() == dark
    at.emulate_media(color_scheme="light")
    assert paper() == "rgb(255, 255, 255)"
    choice.select_option("dark")
    assert paper() == dark
    assert at.locator("figure .scroll").first.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"


# ---------------------------------------------------------------------------------------------------- paper, phones, no script


def test_paper(opened: Callable[..., Any]) -> None:
    """Controls stay off paper, tables and figures are whole, and it is white whatever the theme."""
    at = opened(example(), color_scheme="dark").page
    at.locator("#choose-theme").select_option("dark")
    at.emulate_media(media="print", color_scheme="dark")
    assert at.locator(".bar, .controls, .skip").locator("visible=true").count() == 0
    assert at.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cut = "es => es.filter(e => e.scrollHeight > e.clientHeight + 1 || getComputedStyle(e).overflowY !== 'visible').length"
    assert at.locator(".scroll").evaluate_all(cut) == 0
    assert at.locator("nav a").count() == 5
    assert at.locator("figure svg").first.evaluate("e => getComputedStyle(e.closest('figure')).breakInside") == "avoid"
    assert at.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(opened: Callable[..., Any], width: int) -> None:
    """On any screen; what is wider scrolls in its own box, which the keyboard reaches."""
    at = opened(example(), viewport={"width": width, "height": 800}).page
    assert at.evaluate("document.documentElement.scrollWidth") == width
    wide = "es => es.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.tabIndex)"
    boxes = at.locator(".scroll").evaluate_all(wide)
    assert set(boxes) <= {0}
    assert bool(boxes) or width > 390, "a phone has something to scroll"


def test_without_a_script_all_is_there(opened: Callable[..., Any]) -> None:
    """Every block is read, the matrix at one half among them; no control is shown that would not work."""
    at = opened(example(), java_script_enabled=False).page
    assert at.locator("button, select, input").locator("visible=true").count() == 0
    assert seen(at) == expected(50)
    assert column(at, 3, 1) == [str(row) for row in range(30)]
    text = at.locator("main").inner_text()
    for word in (
        "Plain.",
        "Note: Mind.",
        "Warning: Beware.",
        "a \\\n  b",
        "300",
        "A note.",
        "At other thresholds",
        "Figure 2. Pixels",
    ):
        assert word in text
    few = [[GRID[i], *(float(x) for x in expected(i)[1])] for i in range(10, 100, 10)]
    shown = [[float(cell) for cell in column(at, 2, k)] for k in range(1, 6)]
    np.testing.assert_allclose(np.transpose(shown), few, atol=6e-4)


# ------------------------------------------------------------------------------------------------------------ access for all

CONTRAST = """() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script") || !element.checkVisibility()) continue;
    let behind = element;
    while (behind && numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map((c) => light(numbers(c)));
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walker.currentNode.data.trim().slice(0, 30)]);
  }
  return found;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_its_paper(opened: Callable[..., Any], theme: str) -> None:
    """By 4.5 to 1 at least (WCAG AA), in both themes."""
    found = opened(example(), color_scheme=theme).page.evaluate(CONTRAST)
    assert len(found) > 200
    assert min(found)[0] >= 4.5, min(found)


def test_the_page_can_be_read_aloud(opened: Callable[..., Any]) -> None:
    """Names for controls, figures and tables; headings in order; marks that hold for one thing each."""
    at = opened(example()).page
    assert at.locator("html").get_attribute("lang") == "en"
    assert at.locator("h1").count() == 1
    levels = [int(name[1]) for name in at.locator("h1, h2, h3, h4").evaluate_all("es => es.map(e => e.tagName)")]
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert at.locator("input, select").evaluate_all("es => es.every(e => e.labels.length === 1)")
    assert at.locator("button").evaluate_all("es => es.every(e => e.type === 'button' && e.textContent.trim())")
    assert at.locator("figure svg").evaluate_all("es => es.every(e => e.getAttribute('role') === 'img' && e.ariaLabel)")
    assert at.locator("table").evaluate_all("es => es.every(e => e.caption && e.caption.textContent.trim())")
    assert at.locator("th").evaluate_all("es => es.every(e => ['row', 'col'].includes(e.scope))")
    marks = at.locator("[id]").evaluate_all("es => es.map(e => e.id)")
    assert len(marks) == len(set(marks))
    named = at.locator("[aria-labelledby]").evaluate_all("es => es.map(e => e.getAttribute('aria-labelledby'))")
    links = at.locator("a").evaluate_all("es => es.map(e => e.getAttribute('href').slice(1))")
    used = at.locator("use").evaluate_all("es => es.map(e => e.getAttribute('xlink:href').slice(1))")
    assert set(named) | set(links) | set(used) <= set(marks)


def test_the_keyboard_goes_everywhere(opened: Callable[..., Any]) -> None:
    """The first stop skips to the content; each stop is seen; nothing but controls, links and boxes that scroll takes part."""
    at = opened(example()).page
    at.keyboard.press("Tab")
    assert at.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert at.locator(".skip").bounding_box()["y"] >= 0
    stops = set()
    for _ in range(45):
        at.keyboard.press("Tab")
        tag, outline = at.evaluate("[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]")
        assert outline != "none" or tag == "BODY"
        stops.add(tag)
    assert {"SELECT", "A", "BUTTON", "INPUT", "DIV", "PRE"} <= stops
    at.locator(".skip").press("Enter")
    assert at.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize(("motion", "behaviour"), [("reduce", "auto"), ("no-preference", "smooth")])
def test_motion_only_where_it_is_welcome(opened: Callable[..., Any], motion: str, behaviour: str) -> None:
    """Nothing moves by itself for those who asked for that."""
    at = opened(example(), reduced_motion=motion).page
    assert at.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == behaviour


# -------------------------------------------------------------------------------------------------------------- real reports


def iris(names: Any = ("length", "width"), labels: Any = ("setosa", "versicolor", "virginica")) -> Any:
    """The report on two columns of iris, under other names."""
    data = load_iris()
    table = pd.DataFrame(data.data[:, [0, 2]], columns=list(names))
    y = np.array(labels, dtype=object)[data.target]
    return LogisticRegression(C=1.0).fit(table, y).report(table, y)


def tumours() -> Any:
    """Of two classes, with a slider."""
    data = load_breast_cancer()
    return LogisticRegression(C=1.0).fit(data.data[:, :4], data.target).report(data.data[:, :4], data.target)


def digits() -> Any:
    """Of ten classes, with images."""
    data = load_digits()
    return LogisticRegression(C=0.01).fit(data.data[:900], data.target[:900]).report(data.data[900:], data.target[900:])


@pytest.mark.parametrize("report", [iris, *(pytest.param(one, marks=pytest.mark.slow) for one in (tumours, digits))])
def test_real_reports(opened: Callable[..., Any], report: Callable[[], Any]) -> None:
    """Of two, three and ten classes: alone, nothing refused, no wider than a phone, each mark once, each text to be read."""
    text = report().html
    for width, theme in ((360, "dark"), (1280, "light")):
        found = opened(text, viewport={"width": width, "height": 800}, color_scheme=theme)
        assert found.requests == [found.page.url]
        assert found.messages == found.violations() == []
        assert found.page.evaluate("document.documentElement.scrollWidth") == width
        marks = found.page.locator("[id]").evaluate_all("es => es.map(e => e.id)")
        assert len(marks) == len(set(marks))
        assert min(found.page.evaluate(CONTRAST))[0] >= 4.5
    for button in found.page.locator(".sort").all()[::5]:
        button.press("Enter")
    for choice in found.page.locator("#choose-class option").all()[:3]:
        found.page.locator("#choose-class").select_option(choice.get_attribute("value"))
    assert found.messages == []


def test_a_real_report_of_hostile_names(opened: Callable[..., Any]) -> None:
    """As columns and classes of a fitted model, through every section and figure."""
    found = opened(iris(HOSTILE[:2], HOSTILE[2:5]).html)
    assert found.page.evaluate("window.hit === undefined")
    assert found.messages == found.violations() == []
    assert found.page.locator("img, iframe, object, embed, link, base, form, [onerror], [onload], [onmouseover]").count() == 0
    assert HOSTILE[0] in found.page.locator("main").inner_text()


def test_in_the_frame_of_a_notebook(opened: Callable[..., Any]) -> None:
    """The report works inside a page that knows nothing of it."""
    found = opened(f"<!DOCTYPE html><title>notebook</title><body>{tumours()._repr_html_()}")
    inside = found.page.frame_locator("iframe")
    before = inside.locator(".at").first.inner_text()
    inside.locator("input[type=range]").press("ArrowRight")
    assert inside.locator(".at").first.inner_text() != before
    assert found.messages == []
