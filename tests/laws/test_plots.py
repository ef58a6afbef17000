"""Laws of every figure, from the registry; and that each shows the right numbers."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning

import logistic
from logistic import LogisticRegression, LogisticRegressionCV, Model, ModuleClassifier, path, plots, solvers
from logistic.errors import InputError
from logistic.learn import scratch
from logistic.outputs.curves import calibration, thinned, wilson
from logistic.outputs.history import gaps
from logistic.outputs.plots import REGISTRY, Display
from logistic.outputs.tally import tallied
from support import overlapping

matplotlib = pytest.importorskip("matplotlib")
from matplotlib.figure import Figure  # noqa: E402

HOSTILE = (
    "x" * 10_000,
    "$math$",
    r"$\frac{1}{0}$ $",
    "<script>alert('1')</script>",
    "😀 👩\u200d👩\u200d👧 \U0001f9ff",
    "שלום \u202e evil",
    "日本語",
    "_under",
    "a\nb\tc",
    "",
    'quote " & %s {0}',
)


def problem(classes: int = 3, p: int = 2, n: int = 160) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, labels in words, codes."""
    X, codes = overlapping(3, n, p, classes)
    return X, np.array([f"class {'abcdefghijklmnop'[k]}" for k in range(classes)])[codes], codes


X3, Y3, CODES3 = problem()
X2, Y2, CODES2 = problem(2, 4)
MODEL3 = LogisticRegression(C=np.inf).fit(X3, Y3)
MODEL2 = LogisticRegression(C=1.0).fit(X2, Y2)


EXAMPLES: dict[type[Display], Callable[..., Any]] = {
    plots.TrainingDisplay: lambda ax=None: plots.training(LogisticRegression(solver="lbfgs").fit(X2, Y2), ax=ax),
    plots.DecisionRegionsDisplay: lambda ax=None: plots.regions(MODEL3, X3, Y3, test=(X3[:40], Y3[:40]), grid=21, ax=ax),
    plots.WeightsDisplay: lambda ax=None: plots.weights(MODEL2, ax=ax),
    plots.ImageDisplay: lambda ax=None: plots.image(np.arange(36.0).reshape(4, 9), titles=list("abcd"), ax=ax),
    plots.CoefficientsDisplay: lambda ax=None: plots.coefficients(MODEL3, ax=ax),
    plots.ConfusionMatrixDisplay: lambda ax=None: plots.confusion_matrix(MODEL3, X3, Y3, ax=ax),
    plots.RocCurveDisplay: lambda ax=None: plots.roc(MODEL3, X3, Y3, ax=ax),
    plots.PrecisionRecallDisplay: lambda ax=None: plots.precision_recall(MODEL3, X3, Y3, ax=ax),
    plots.CalibrationDisplay: lambda ax=None: plots.calibration(MODEL3, X3, Y3, ax=ax),
    plots.ClassBalanceDisplay: lambda ax=None: plots.class_balance({"train": Y3[:100], "test": Y3[100:]}, ax=ax),
    plots.HistogramsDisplay: lambda ax=None: plots.histograms(X3, Y3, ax=ax),
    plots.ScatterDisplay: lambda ax=None: plots.scatter(X3, Y3, ax=ax),
    plots.PathDisplay: lambda ax=None: plots.path(CV3, ax=ax),
    plots.ContributionsDisplay: lambda ax=None: plots.contributions(MODEL3, X3, row=3, ax=ax),
}
CV3 = LogisticRegressionCV(Cs=[0.01, 0.1, 1.0, 10.0], cv=3).fit(X3, Y3)


@functools.cache
def drawn(kind: type[Display]) -> Any:
    """The example, in a figure of nobody's; for laws that only look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
        return EXAMPLES[kind]()


@pytest.fixture(params=REGISTRY, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Display]:
    return request.param


@pytest.fixture(autouse=True)
def _closed() -> Any:
    """No test leaves figures of pyplot to another one."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


# ----------------------------------------------------------------------------------------------------------- laws of the family


def test_every_display_has_an_example() -> None:
    """Whoever registers a figure adds its example here, and gets all laws."""
    assert set(EXAMPLES) == set(REGISTRY)
    assert {kind.__name__ for kind in REGISTRY} <= set(plots.__all__)


def test_drawing_keeps_what_scikit_learn_promises(kind: type[Display]) -> None:
    """``plot`` returns the display, with axes and figure; ``from_...`` has drawn already."""
    display = drawn(kind)
    assert isinstance(display, kind)
    assert display.ax_.figure is display.figure_
    assert len(display.axes_) == display.layout.rows * display.layout.columns
    assert EXAMPLES[kind](ax=list(Figure().subplots(len(display.axes_), 1, squeeze=False).ravel())).plot().alt == display.alt


def test_fields_draw_the_same_figure(kind: type[Display]) -> None:
    """The fields hold all that is drawn: a display made of them draws the same bytes."""
    display = drawn(kind)
    fields = {field.name: getattr(display, field.name) for field in dataclasses.fields(display)}
    assert kind(**fields).plot().svg() == display.svg()


def test_given_axes_are_the_only_ones_drawn_on(kind: type[Display]) -> None:
    """A figure of the caller's keeps its other axes, and no other figure is made."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    mine, other = figure.subplots(1, 2)
    display = EXAMPLES[kind](ax=mine)
    assert display.figure_ is figure
    assert not other.has_data()
    assert not other.texts
    assert other.get_title(loc="left") == other.get_title() == other.get_xlabel() == ""
    assert len(figure.axes) == 2 + (len(display.axes_) if len(display.axes_) > 1 else 0)
    display.svg()


def test_one_axes_for_each_panel_may_be_given(kind: type[Display]) -> None:
    """Any other number is refused in words."""
    layout = drawn(kind).layout
    count = layout.rows * layout.columns
    axes = Figure().subplots(1, count + 1)
    display = EXAMPLES[kind](ax=axes[:count])
    assert list(display.axes_) == list(axes[:count])
    with pytest.raises(InputError, match=f"ax must be {count} axes, one for each panel, but has {count + 1}"):
        EXAMPLES[kind](ax=axes)


def test_a_part_of_a_figure_takes_a_figure(kind: type[Display], tmp_path: Path) -> None:
    """Subfigures, and their whole figure as a file."""
    whole = Figure(figsize=(10, 5))
    left, right = whole.subfigures(1, 2)
    display = EXAMPLES[kind](ax=left.subplots())
    display.save(tmp_path / "whole.png")
    assert (tmp_path / "whole.png").stat().st_size > 1000
    assert not right.axes


def test_settings_of_matplotlib_stay_the_users(kind: type[Display]) -> None:
    """Nothing global changes; and what is global does not change the figure."""
    before = dict(matplotlib.rcParams.copy())
    plain = EXAMPLES[kind]()
    assert dict(matplotlib.rcParams.copy()) == before
    wild = {"font.size": 23, "axes.grid": True, "lines.linewidth": 9, "axes.facecolor": "pink", "svg.fonttype": "none"}
    with matplotlib.rc_context({**wild, "xtick.labelsize": 30, "legend.frameon": True, "image.cmap": "jet", "axes.titley": 0.5}):
        assert EXAMPLES[kind]().svg() == plain.svg() == drawn(kind).svg()


def test_the_same_numbers_make_the_same_bytes(kind: type[Display], tmp_path: Path) -> None:
    """In each format, with no clock in it; the alternative text is in the file."""
    display = drawn(kind)
    for suffix in (".pdf", ".png", ".svg"):
        first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
        display.save(first)
        display.save(second)
        assert first.read_bytes() == second.read_bytes()
    root = ET.fromstring((tmp_path / "first.svg").read_text(encoding="utf-8"))
    assert root.find("{http://www.w3.org/2000/svg}title").text == display.alt
    with pytest.raises(InputError, match=r"must end in \.svg, \.png, \.pdf"):
        display.save(tmp_path / "first.txt")


def test_an_element_for_a_page_says_what_it_shows(kind: type[Display]) -> None:
    """Sound XML with a role and the alternative text; names carry the prefix, and nothing is fetched from elsewhere."""
    root = ET.fromstring(drawn(kind).svg("fig3-"))
    assert root.get("role") == "img"
    assert root.get("aria-label") == drawn(kind).alt
    names = {element.get("id") for element in root.iter() if element.get("id")}
    assert names
    assert all(name.startswith("fig3-") for name in names)
    links = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
    assert all(link.startswith(("#fig3-", "data:")) for link in links)
    assert {link[1:] for link in links if link.startswith("#")} <= names


def test_the_alternative_text_is_a_short_sentence(kind: type[Display]) -> None:
    """One line that ends in a full stop and is what ``repr`` shows."""
    display = drawn(kind)
    assert 20 < len(display.alt) < 700
    assert display.alt.endswith(".")
    assert "\n" not in display.alt
    assert display.alt[0] == display.alt[0].upper()
    assert repr(display) == f"<{kind.__name__}: {display.alt}>"


def test_a_notebook_shows_a_figure_once(kind: type[Display]) -> None:
    """Its own figure the display shows; one of pyplot is shown by the notebook."""
    import matplotlib.pyplot as plt

    pyplots = EXAMPLES[kind]()
    assert plt.get_fignums() == [pyplots.figure_.number]
    assert pyplots._repr_png_() is None
    bare = EXAMPLES[kind](ax=Figure().subplots())
    assert bare._repr_png_().startswith(b"\x89PNG")
    assert len(plt.get_fignums()) == 1


def test_a_window_opens_for_a_figure_of_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """``show`` hands the figure to pyplot."""
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.extend(plt.get_fignums()))
    plots.image(np.eye(4), ax=Figure().subplots()).show()
    assert len(shown) == 1


def test_without_pyplot_no_figure_is_kept(tmp_path: Path) -> None:
    """Neither importing the package nor the figures loads matplotlib; drawing does not load pyplot."""
    code = """
import sys, numpy as np, logistic
from logistic import plots
assert "matplotlib" not in sys.modules
for _ in range(30):
    d = plots.RocCurveDisplay.from_predictions([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.5])
d.save("roc.svg")
assert "matplotlib.pyplot" not in sys.modules
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


def test_missing_matplotlib_is_told_with_the_extra(kind: type[Display], monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install 'logistic\[report\]'"):
        EXAMPLES[kind]()


def inside(display: Any) -> None:
    """Nothing is cut off at the border of a figure that is made for it."""
    display.figure_.canvas.figure.draw_without_rendering()
    drawn_in, paper = display.figure_.get_tightbbox(), display.figure_.bbox_inches
    room = (drawn_in.x0, drawn_in.y0, paper.x1 - drawn_in.x1, paper.y1 - drawn_in.y1)
    assert min(room) > -0.03, room


def test_nothing_is_cut_off(kind: type[Display]) -> None:
    """Labels, legends and titles have room."""
    display = EXAMPLES[kind]()
    inside(display)


@pytest.mark.parametrize("classes", [2, 5, 9, 14, 60])
def test_many_classes_have_room(classes: int) -> None:
    """Long names of many classes too."""
    rng = np.random.default_rng(0)
    y = np.array([f"a rather long name of class {k}" for k in range(classes)])[np.arange(20 * classes) % classes]
    X = rng.normal(size=(len(y), 2))
    model = LogisticRegression(C=0.1).fit(X, y)
    for draw in (plots.confusion_matrix, plots.roc, plots.precision_recall, plots.calibration):
        inside(draw(model, X, y))
    inside(plots.regions(model, X, y, grid=15, test=(X, y)))
    inside(plots.coefficients(model))
    inside(plots.contributions(model, X))
    inside(plots.class_balance({"train": y, "test": y}))
    inside(plots.scatter(X, y))
    inside(plots.WeightsDisplay.from_coef(rng.normal(size=(classes, 16)), classes=model.classes_))


# --------------------------------------------------------------------------------------------------------------- hostile names


def hostile(kind: type[Display]) -> Display:
    """The figure with every name hostile."""
    names, n = list(HOSTILE), 12 * len(HOSTILE)
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(n, len(names))), columns=names)
    y = np.array(names)[np.arange(n) % len(names)]
    y2 = np.where(np.arange(n) % 2 == 0, HOSTILE[1], HOSTILE[3])
    model = LogisticRegression().fit(X, y2)
    if kind is plots.TrainingDisplay:
        return plots.TrainingDisplay.from_history({name: [3.0, 2.0] for name in names})
    if kind is plots.DecisionRegionsDisplay:
        two = X.iloc[:, [1, 3]]
        return plots.regions(LogisticRegression().fit(two, y2), two, y2, grid=11)
    if kind is plots.PathDisplay:
        return plots.path(path(X, y2, count=3))
    if kind is plots.CoefficientsDisplay:
        return plots.coefficients(model)
    if kind is plots.ContributionsDisplay:
        return plots.contributions(model, X)
    if kind in (plots.ImageDisplay, plots.WeightsDisplay):
        values = np.eye(len(names), 9)
        return plots.image(values, titles=names) if kind is plots.ImageDisplay else kind.from_coef(values, classes=names)
    if kind is plots.ClassBalanceDisplay:
        return plots.class_balance(dict.fromkeys(names[:6], y))
    if kind is plots.HistogramsDisplay:
        return plots.histograms(X, y2)
    if kind is plots.ScatterDisplay:
        return plots.scatter(X, y, columns=names[1:3])
    many = LogisticRegression().fit(X, y)
    return kind.from_estimator(many, X, y)


def test_hostile_names_are_drawn_as_they_are(kind: type[Display]) -> None:
    """No mathematics, no markup, no line of 10,000 characters, no warning for letters that the font lacks; nothing overflows."""
    display = hostile(kind)
    text = display.svg("a")
    ET.fromstring(text)
    assert "<script" not in text
    assert "\u202e" not in text
    assert len(display.alt) < 3000
    texts = [t.get_text() for t in display.figure_.findobj(matplotlib.text.Text)]
    assert max(map(len, texts)) < 120
    inside(display)
    assert not any(matplotlib.cbook.is_math_text(t) for t in texts if "10^" not in t)


# ---------------------------------------------------------------------------------------------------------- kinds of models, rows


@pytest.mark.parametrize("draw", [plots.confusion_matrix, plots.roc, plots.precision_recall, plots.calibration])
def test_predictions_and_estimators_draw_the_same(draw: Callable[..., Any]) -> None:
    """``from_predictions`` on a model's own predictions is ``from_estimator``."""
    kind = draw.__self__
    weight = np.random.default_rng(1).uniform(0.5, 2, len(Y2))
    predicted = MODEL2.predict(X2) if kind is plots.ConfusionMatrixDisplay else MODEL2.predict_proba(X2)
    one = draw(MODEL2, X2, Y2, sample_weight=weight)
    other = kind.from_predictions(Y2, predicted, classes=MODEL2.classes_, sample_weight=weight)
    assert one.svg() == other.svg()
    if kind is not plots.ConfusionMatrixDisplay:
        assert kind.from_predictions(Y2, predicted[:, 1], sample_weight=weight).svg() == one.svg()


@pytest.mark.parametrize("to", [np.asarray, pd.DataFrame, lambda X: pl.DataFrame(X, schema=["a", "b"]), torch.as_tensor])
def test_rows_may_come_as_anything(to: Callable[[np.ndarray], Any]) -> None:
    """Arrays, data frames and tensors make the same figures, the names of columns apart."""
    X = to(X3)
    model = LogisticRegression(C=np.inf).fit(X, Y3)
    regions = plots.regions(model, X, Y3, test=(X, Y3), grid=11)
    np.testing.assert_array_equal(regions.response, plots.regions(MODEL3, X3, Y3, grid=11).response)
    assert plots.roc(model, X, Y3).areas.tolist() == plots.roc(MODEL3, X3, Y3).areas.tolist()
    for draw in (plots.histograms, plots.scatter):
        draw(X, Y3).svg()
    np.testing.assert_allclose(plots.contributions(model, X, row=2).log_odds, plots.contributions(MODEL3, X3, row=2).log_odds)


def test_any_classifier_has_regions() -> None:
    """Ours, a Model, a torch module, the from-scratch learner, scikit-learn's, and a function."""
    from sklearn.tree import DecisionTreeClassifier

    start = (np.zeros((2, 3)), np.zeros(3))
    W, b, _ = scratch.gradient_descent(start, X3, CODES3)
    module = ModuleClassifier(torch.nn.Linear(2, 3).double(), solver=solvers.Adam(lr=0.1, epochs=3), random_state=0)
    y = torch.as_tensor(CODES3)
    found: list[Any] = [MODEL3, MODEL3.model_, DecisionTreeClassifier(max_depth=2).fit(X3, Y3)]
    for model in found:
        regions = plots.regions(model, X3, Y3, grid=11)
        points = np.column_stack([part.ravel() for part in np.meshgrid(regions.x, regions.y)])
        np.testing.assert_array_equal(regions.classes[regions.response].ravel(), model.predict(points))
        assert regions.parts[0].accuracy == np.mean(model.predict(X3) == Y3)
    for model in (module.fit(X3, y), lambda X: scratch.predict(W, b, X)):
        assert plots.regions(model, X3, CODES3, grid=11).response.shape == (11, 11)
    assert isinstance(MODEL3.model_, Model)


def test_regions_refuse_what_is_no_plane() -> None:
    with pytest.raises(InputError, match="X has 4 columns; decision regions need a model of two"):
        plots.regions(MODEL2, X2, Y2)
    with pytest.raises(InputError, match="grid must be a whole number"):
        plots.regions(MODEL3, X3, Y3, grid=1)
    with pytest.raises(InputError, match="pass an object with predict, or a function"):
        plots.regions("model", X3, Y3)
    with pytest.raises(InputError, match="is none of the classes"):
        plots.regions(MODEL3, X3, np.where(np.arange(len(Y3)) == 5, "new", Y3))


def test_a_single_point_has_regions() -> None:
    """All rows alike, and a margin of nothing."""
    plots.regions(lambda X: np.zeros(len(X), dtype=int), np.ones((3, 2)), [0, 0, 1], margin=0, grid=5).svg()


# ----------------------------------------------------------------------------------------------------- the numbers that are drawn


def test_confusion_counts_are_those_of_the_metrics() -> None:
    weight = np.random.default_rng(0).integers(0, 3, len(Y3)).astype(float)
    for w in (None, weight):
        display = plots.confusion_matrix(MODEL3, X3, Y3, sample_weight=w)
        metrics = MODEL3.metrics(X3, Y3, w)
        np.testing.assert_allclose(display.confusion, metrics.confusion)
        assert display.accuracy == pytest.approx(metrics.accuracy)
        np.testing.assert_allclose(display.shares.sum(axis=1), 1)
    text = plots.confusion_matrix(MODEL3, X3, Y3)
    right = int(np.trace(text.confusion))
    assert f"{right} of {len(Y3)} right" in text.alt
    drawn = {t.get_text().split("\n")[0] for t in text.ax_.texts}
    assert {f"{count}" for count in text.confusion.ravel()} == drawn


def test_confusion_takes_labels_that_one_side_lacks() -> None:
    display = plots.ConfusionMatrixDisplay.from_predictions([0, 0, 1], [0, 2, 1])
    np.testing.assert_array_equal(display.confusion, [[1, 0, 1], [0, 1, 0], [0, 0, 0]])
    display.svg()
    with pytest.raises(InputError, match="the classes are"):
        plots.ConfusionMatrixDisplay.from_predictions([0, 0, 1], [0, 2, 1], classes=[0, 1])


def test_curves_are_scikit_learns() -> None:
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

    weight = np.random.default_rng(2).uniform(0.5, 2, len(Y2))
    roc = plots.roc(MODEL2, X2, Y2, sample_weight=weight)
    scores = MODEL2.predict_log_proba(X2)[:, 1]
    fpr, tpr, thresholds = roc_curve(CODES2, scores, sample_weight=weight)
    np.testing.assert_allclose(roc.curves[1].x, fpr, atol=1e-14)
    np.testing.assert_allclose(roc.curves[1].y, tpr, atol=1e-14)
    np.testing.assert_allclose(roc.curves[1].thresholds[1:], np.exp(thresholds[1:]), rtol=1e-12)
    np.testing.assert_allclose(roc.areas, MODEL2.metrics(X2, Y2, weight).auc, rtol=1e-12)
    both = plots.precision_recall(MODEL2, X2, Y2, sample_weight=weight)
    precision, recall, _ = precision_recall_curve(CODES2, scores, sample_weight=weight)
    np.testing.assert_allclose(both.curves[1].x, recall, atol=1e-14)
    np.testing.assert_allclose(both.curves[1].y, precision, atol=1e-14)
    assert both.areas[1] == pytest.approx(average_precision_score(CODES2, scores, sample_weight=weight), rel=1e-12)
    assert f"{roc.areas[1]:.4f}" in roc.alt
    line = roc.ax_.lines[0]
    np.testing.assert_allclose(line.get_xydata(), np.column_stack([fpr, tpr]), atol=1e-14)


def test_a_class_without_rows_has_no_curve() -> None:
    """It is left out, and the others are drawn."""
    rows = np.flatnonzero(CODES3 < 2)
    display = plots.roc(MODEL3, X3[rows], Y3[rows])
    assert np.isnan(display.areas[2])
    assert display.shown == [0, 1]
    only = np.flatnonzero(CODES3 == 0)
    assert "none is defined" in plots.precision_recall(MODEL3, X3[only], Y3[only]).alt


def test_many_classes_show_the_worst() -> None:
    X, y = overlapping(0, 400, 3, 12)
    display = plots.roc(LogisticRegression().fit(X, y), X, y)
    assert display.shown == np.argsort(display.areas, kind="stable")[:3].tolist()
    assert "3 worst of 12 classes" in display.ax_.get_title(loc="left")


def test_many_points_are_thinned_and_stay_on_the_curve() -> None:
    """Within 1/most of the length of the curve; the ends stay."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.random(50_000))
    y = np.sort(rng.random(50_000))
    kept = thinned(x, y, 500)
    assert len(kept) <= 501
    assert kept[0] == 0
    assert kept[-1] == len(x) - 1
    assert abs(np.interp(x, x[kept], y[kept]) - y).max() < 2 / 500 + 1e-3
    assert thinned(x[:20], y[:20], 500).tolist() == list(range(20))


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_calibration_is_scikit_learns_with_wilsons_intervals(strategy: str) -> None:
    from sklearn.calibration import calibration_curve
    from statsmodels.stats.proportion import proportion_confint

    rng = np.random.default_rng(0)
    p = rng.random(700)
    truth = rng.random(700) < p
    found = calibration(truth, p, None, 8, strategy, 0.9)
    observed, predicted = calibration_curve(truth, p, n_bins=8, strategy=strategy)
    np.testing.assert_allclose(found.predicted, predicted)
    np.testing.assert_allclose(found.observed, observed)
    low, high = proportion_confint(np.rint(observed * found.weight), found.weight, alpha=0.1, method="wilson")
    np.testing.assert_allclose(found.low, low, rtol=1e-10)
    np.testing.assert_allclose(found.high, high, rtol=1e-10)
    assert found.error == pytest.approx(np.average(abs(observed - predicted), weights=found.weight))
    twice = calibration(truth, p, np.full(700, 3.0), 8, strategy, 0.9)
    np.testing.assert_allclose(twice.low, found.low)


def test_intervals_hold_their_share() -> None:
    """At both ends, and wider for fewer rows."""
    low, high = wilson(np.array([0.0, 1.0, 0.5, 0.5]), np.array([10.0, 10.0, 10.0, 1000.0]), 0.95)
    assert low[0] == 0
    assert high[1] == 1
    assert (low[1] < 1) & (high[0] > 0)
    assert high[3] - low[3] < high[2] - low[2]


def test_calibration_looks_at_the_predicted_label_of_many_classes() -> None:
    X, y = overlapping(0, 300, 3, 6)
    model = LogisticRegression().fit(X, y)
    display = plots.calibration(model, X, y, bins=5)
    assert display.names == ["the predicted label"]
    p = model.predict_proba(X)
    direct = calibration(p.argmax(axis=1) == y, p.max(axis=1), None, 5, "uniform", 0.95)
    np.testing.assert_allclose(display.curves[0].observed, direct.observed)
    assert f"{direct.error:.4f}" in display.alt
    assert len(plots.calibration(MODEL3, X3, Y3).names) == 3
    for wrong in ({"bins": 0}, {"strategy": "even"}):
        with pytest.raises(InputError):
            plots.calibration(model, X, y, **wrong)


def test_coefficients_are_those_of_the_table() -> None:
    table = MODEL3.tidy()
    display = plots.coefficients(MODEL3, step=[2.0, 10.0])
    mine = table[table["term"] != "intercept"]
    np.testing.assert_allclose(display.estimate.ravel(), mine["estimate"] * np.tile([2.0, 10.0], 2))
    np.testing.assert_allclose(display.low.ravel(), mine["low"] * np.tile([2.0, 10.0], 2))
    odds = plots.coefficients(MODEL3, odds=True, reference="class c", level=0.8)
    again = MODEL3.tidy(level=0.8, reference="class c")
    np.testing.assert_allclose(odds.high.ravel(), again[again["term"] != "intercept"]["odds_high"])
    assert odds.contrasts == ["class a against class c", "class b against class c"]
    assert "80% intervals" in odds.alt
    symmetric = plots.coefficients(MODEL3.model_, symmetric=True)
    assert symmetric.contrasts[0] == "class a against the mean"
    penalised = plots.coefficients(MODEL2)
    assert "the penalty biases coefficients" in penalised.alt
    for wrong in ([1.0], [0.0, 1.0]):
        with pytest.raises(InputError, match="step must be 2 positive numbers"):
            plots.coefficients(MODEL3, step=wrong)
    with pytest.raises(InputError, match="pass a fitted LogisticRegression or a Model"):
        plots.coefficients("model")


@pytest.mark.filterwarnings("ignore::logistic.SeparationWarning")
@pytest.mark.parametrize("odds", [False, True])
def test_separated_classes_run_to_the_border(odds: bool) -> None:
    X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.5], [4.0, 0.0]])
    display = plots.coefficients(LogisticRegression(C=np.inf).fit(X, [0, 0, 0, 1, 1]), odds=odds)
    assert "∞" in display.alt
    assert any("∞" in text.get_text() for text in display.ax_.texts)
    display.svg()


def test_contributions_add_up_to_the_prediction() -> None:
    """Exactly the logit of the model, whatever pair of classes is looked at."""
    for model, X in ((MODEL2, X2), (MODEL3, X3)):
        for row in range(5):
            display = plots.contributions(model, X, row=row)
            p = model.predict_proba(X[[row]])[0]
            classes = model.classes_.tolist()
            own, other = classes.index(display.own), classes.index(display.other)
            assert display.log_odds == pytest.approx(np.log(p[own] / p[other]), rel=1e-9, abs=1e-12)
            assert display.probability == pytest.approx(p[own], rel=1e-12)
            if len(classes) == 3:
                assert own == p.argmax()
    asked = plots.contributions(MODEL3, X3[3], own="class c", other="class a")
    assert (asked.own, asked.other) == ("class c", "class a")
    assert plots.contributions(MODEL2, X2, own="class a").other == "class b"
    bars = [patch.get_width() for patch in asked.ax_.patches]
    np.testing.assert_allclose(sorted(bars), sorted(asked.contributions))
    for wrong in ({"row": 999}, {"own": "nobody"}, {"own": "class a", "other": "class a"}):
        with pytest.raises(InputError):
            plots.contributions(MODEL3, X3, **wrong)


def test_an_offset_enters_the_base() -> None:
    offset = np.linspace(-1, 1, len(Y2))
    model = LogisticRegression().fit(X2, Y2, offset=offset)
    display = plots.contributions(model, X2, row=7, offset=offset)
    assert display.log_odds == pytest.approx(model.decision_function(X2, offset=offset)[7])
    with pytest.raises(InputError, match="offset"):
        plots.contributions(model, X2)


def test_a_path_shows_the_choice() -> None:
    display = plots.path(CV3)
    np.testing.assert_allclose(display.Cs, CV3.Cs_)
    coef = np.stack([model.coef for model in CV3.path_])
    np.testing.assert_allclose(display.values, np.sqrt((coef**2).sum(axis=1)))
    np.testing.assert_allclose(display.losses, -CV3.scores_.mean(axis=(0, 1)), rtol=1e-9)
    assert display.used == CV3.C_
    assert f"C={CV3.C_:.3g} was chosen" in display.alt
    simple = path(X2, Y2, Cs=[1.0, 0.1, np.inf, 10.0])
    alone = plots.path(simple, step=[1.0, 1.0, 2.0, 1.0])
    np.testing.assert_allclose(alone.values[:, 2], 2 * simple.coef[[1, 0, 3], 0, 2])
    assert alone.losses is None
    shares = LogisticRegressionCV(Cs=[0.1, 1.0], l1_ratios=[0.0, 1.0], cv=2, rule="1se").fit(X2, Y2)
    assert len(plots.path(shares).Cs) == 2
    rules = LogisticRegressionCV(Cs=3, ratio=0.1, l1_ratios=[0.5, 1.0], cv=2).fit(X2, Y2)
    assert np.isfinite(plots.path(rules).losses).all()
    with pytest.raises(InputError, match="with two strengths or more"):
        plots.path(MODEL2)


# --------------------------------------------------------------------------------------------------------------------- training


def sgd(**settings: Any) -> LogisticRegression:
    model = LogisticRegression(alpha=0, solver=solvers.SGD(lr=0.1, **settings), random_state=0)
    with pytest.warns(ConvergenceWarning):
        return model.fit(X2, Y2, validation_data=(X2[:50], Y2[:50]))


def test_training_shows_each_mini_batch_and_epoch() -> None:
    model = sgd(batch_size=40, epochs=5)
    display = plots.training(model)
    assert [panel.name for panel in display.panels] == ["loss", "accuracy"]
    batches, losses, held = display.ax_.lines[:3]
    np.testing.assert_allclose(batches.get_ydata(), model.history_["batch_loss"])
    np.testing.assert_allclose(batches.get_xdata()[[3, -1]], [1, 5])
    np.testing.assert_allclose(losses.get_ydata(), model.history_["loss"])
    np.testing.assert_allclose(held.get_ydata(), model.history_["validation_loss"])
    assert "5 epochs" in display.alt
    assert "20 mini-batches" in display.alt
    many = plots.training(sgd(batch_size=1, epochs=5))
    assert "range of 3 mini-batches" in [text.get_text() for text in many.ax_.get_legend().get_texts()]


def test_several_runs_share_the_panels() -> None:
    runs = {"small": sgd(batch_size=20, epochs=3), "large": sgd(batch_size=80, epochs=3)}
    display = plots.training(runs)
    assert set(display.runs) == {"small", "large"}
    assert "small:" in display.alt
    losses = [3.0, 2.0, 1.5]
    scratch_run = plots.TrainingDisplay.from_history(losses)
    assert scratch_run.runs[""]["loss"].tolist() == losses
    mixed = plots.TrainingDisplay.from_history({"ours": runs["small"].history_, "by hand": losses})
    assert len(mixed.panels) == 2
    for wrong in ("model", MODEL2.model_):
        with pytest.raises(InputError, match="without history_"):
            plots.training(wrong)
    for wrong in ([], {}, {"run": {"loss": [1.0], "accuracy": [1.0, 2.0]}}):
        with pytest.raises(InputError, match="history"):
            plots.TrainingDisplay.from_history(wrong)


def test_the_gap_of_every_point_follows_from_the_last_certificate() -> None:
    """No smaller than the true distance anywhere, and not much larger; nothing where nothing is proven."""
    model = LogisticRegression(solver="lbfgs").fit(X2, Y2)
    found = gaps(model.history_, model.certificate_)
    least = LogisticRegression(tol=1e-14).fit(X2, Y2).certificate_.value
    true = model.history_["objective"] - least
    assert (found[:-1] >= true[:-1] - 1e-15).all()
    np.testing.assert_allclose(found[:-1], true[:-1], rtol=1e-6, atol=1e-15)
    assert found[-1] == model.certificate_.gap
    unknown = dataclasses.replace(model.certificate_, kind="estimate")
    assert np.isnan(gaps(model.history_, unknown)).all()
    display = plots.training(model)
    assert [panel.name for panel in display.panels][-1] == "certified gap"
    np.testing.assert_allclose(display.axes_[-1].lines[0].get_ydata(), found)


# ------------------------------------------------------------------------------------------------------------------ images, rows


def test_weights_share_a_symmetric_scale() -> None:
    W = np.random.default_rng(0).normal(size=(3, 784))
    W[0, 0] = 10.0  # the largest is above zero, so that the scale must reach below the smallest
    display = plots.WeightsDisplay.from_coef(W)
    assert display.images.shape == (3, 28, 28)
    np.testing.assert_array_equal(display.images[1].ravel(), W[1])
    limits = {picture.get_clim() for ax in display.axes_ for picture in ax.images}
    assert limits == {(-abs(W).max(), abs(W).max())}
    assert plots.weights(MODEL2, shape=(1, 4)).titles == ["class b"]
    for wrong, words in ((W[:, :30], r"30 numbers, which make no square; pass shape=\(h, w\)"), (W[:, :0], "images need numbers")):
        with pytest.raises(InputError, match=words):
            plots.WeightsDisplay.from_coef(wrong)
    with pytest.raises(InputError, match="does not hold the 784 numbers"):
        plots.WeightsDisplay.from_coef(W, shape=(20, 20))


def test_weights_of_modules_and_of_unusual_models() -> None:
    """The first weights that meet the pixels, whichever way they lie; scikit-learn's; and what has none."""
    from sklearn.linear_model import LogisticRegression as Other
    from sklearn.tree import DecisionTreeClassifier

    class Lesson(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.W = torch.nn.Parameter(torch.arange(8.0).reshape(4, 2))

        def forward(self, X: torch.Tensor) -> torch.Tensor:
            return X @ self.W

    module = ModuleClassifier(Lesson(), solver=solvers.SGD(lr=0.0001, epochs=1)).fit(X2.astype(np.float32), CODES2)
    display = plots.weights(module)
    np.testing.assert_allclose(display.images.reshape(2, 4), module.module_.W.detach().numpy().T)
    assert display.titles == ["0", "1"]
    assert plots.weights(Other().fit(X2, Y2)).images.shape == (1, 2, 2)
    with pytest.raises(InputError, match="neither coef_ nor coef"):
        plots.weights(DecisionTreeClassifier().fit(X2, Y2))


def test_images_come_in_many_shapes() -> None:
    pixels = np.arange(784.0)
    for given in (pixels, pixels.reshape(28, 28), torch.as_tensor(pixels).reshape(1, 28, 28), pixels[None]):
        display = plots.image(given)
        np.testing.assert_array_equal(display.images, pixels.reshape(1, 28, 28))
    assert plots.image(np.zeros((3, 1, 4, 5))).images.shape == (3, 4, 5)
    assert plots.image(np.arange(6.0).reshape(2, 3), shape=(2, 3)).images.shape == (1, 2, 3)
    assert plots.image(pd.DataFrame(np.eye(4)[:2])).images.shape == (2, 2, 2)
    many = plots.image(np.zeros((100, 4)), titles=range(100))
    assert (len(many.images), many.total) == (40, 100)
    assert many.alt.startswith("40 of 100 images")
    for wrong in (np.array([1.0, np.nan, 0, 0]), np.array(["a"] * 4), np.zeros((2, 4, 0))):
        with pytest.raises(InputError, match="images need"):
            plots.image(wrong)
    with pytest.raises(InputError, match="titles has 2 entries for 1 images"):
        plots.image(pixels, titles=["a", "b"])


def test_rows_are_counted() -> None:
    display = plots.class_balance({"train": Y3[:100], "test": Y3[100:]})
    np.testing.assert_array_equal(display.counts["train"], np.unique(Y3[:100], return_counts=True)[1])
    for counts in display.counts.values():
        assert all(f"{count:,} (" in display.alt for count in counts)
    widths = sorted(patch.get_width() for patch in display.ax_.patches)
    assert widths == sorted(np.concatenate(list(display.counts.values())).tolist())
    histograms = plots.histograms(X3, Y3, bins=7)
    for j, counts in enumerate(histograms.counts):
        np.testing.assert_array_equal(counts.sum(axis=0), np.histogram(X3[:, j], 7)[0])
    assert plots.histograms(X3[:, 0]).counts[0].sum() == len(X3)
    assert plots.histograms(pd.DataFrame(X2, columns=list("abcd")), columns=["c", 0]).names == ["c", "a"]
    missing = plots.histograms(pd.DataFrame({"a": [1.0, np.nan, 2.0], "b": [np.nan] * 3}), [0, 1, 1], bins=2)
    assert (missing.missing, missing.counts[0].sum(), missing.counts[1].sum()) == ([1, 3], 2, 0)
    assert "1 missing" in missing.alt
    missing.svg()
    with pytest.raises(InputError, match="hold text and numbers"):
        plots.class_balance({"train": [1, 2], "test": ["1", "2"]})
    with pytest.raises(InputError, match="labels of several types"):
        plots.class_balance([1, "a"])
    with pytest.raises(InputError, match="column 'z' is not in X"):
        plots.histograms(X3, columns=["z"])
    with pytest.raises(InputError, match="pass two names or positions"):
        plots.scatter(X3, Y3, columns=[0])
    balance = plots.class_balance(np.arange(60) % 30)
    assert "10 others" in [label.get_text() for label in balance.ax_.get_yticklabels()]


def test_sparse_rows_are_drawn() -> None:
    from scipy.sparse import csr_array

    sparse = csr_array(np.where(abs(X3) < 0.5, 0, X3))
    model = LogisticRegression().fit(sparse, Y3)
    plots.histograms(sparse, Y3).svg()
    plots.scatter(sparse, Y3).svg()
    plots.regions(model, sparse, Y3, grid=11).svg()
    one = plots.contributions(model, sparse, row=1)
    p = model.predict_proba(sparse[[1]])[0]
    assert one.probability == pytest.approx(p.max())


def test_many_rows_are_drawn_as_a_few_and_said_so() -> None:
    """200,000 rows make a small figure; shares, areas and histograms are those of all rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200_000, 2))
    y = (X[:, 0] + rng.logistic(size=len(X)) > 0).astype(int)
    model = LogisticRegression(C=np.inf).fit(X, y)
    scatter = plots.scatter(X, y)
    assert len(scatter.X) == 5000
    assert "5,000 of 200,000 rows drawn" in scatter.ax_.get_title(loc="left")
    regions = plots.regions(model, X, y, grid=21)
    assert regions.parts[0].accuracy == pytest.approx(model.score(X, y))
    assert "5,000 of 200,000" in regions.ax_.get_title(loc="left")
    for display in (scatter, regions, plots.roc(model, X, y), plots.precision_recall(model, X, y), plots.histograms(X, y)):
        assert len(display.svg()) < 400_000


def test_rows_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(InputError, match="y has"):
        plots.roc(MODEL3, X3, Y3[:5])
    with pytest.raises(InputError, match="without predict_proba and classes_"):
        plots.roc(lambda X: X, X3, Y3)
    labels, tally = tallied(Y2, MODEL2.predict_proba(X2), MODEL2.classes_)
    assert (labels.tolist(), tally.rows) == (MODEL2.classes_.tolist(), len(Y2))


def test_the_newcomers_names_are_all_there() -> None:
    """Each display by a function of ``logistic.plots``, which ``dir(logistic)`` shows."""
    assert "plots" in dir(logistic)
    functions = {value.__self__ for value in vars(plots).values() if hasattr(value, "__self__")}
    assert functions == set(REGISTRY)
    assert set(plots.__all__) == {name for name in dir(plots) if not name.startswith("_") and name != "annotations"}
