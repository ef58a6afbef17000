"""The benchmark harness: a judge that agrees with scikit-learn, strengths that are translated, a tiny run from end to end."""

from __future__ import annotations

import importlib
import json
import re
import sys
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks is no part of the installed package

from benchmarks import (  # noqa: E402
    __main__ as command,
    conduct,
    data,
    judge,
    page,
    workloads,
)
from benchmarks.programs import FITTING, OURS, PREDICTING, bounds  # noqa: E402
from benchmarks.programs.base import Answer  # noqa: E402

PROBLEMS = {  # classes, l1_ratio, intercept
    "ridge": (2, 0.0, True),
    "ridge of three": (3, 0.0, True),
    "lasso": (2, 1.0, True),
    "lasso, no intercept": (2, 1.0, False),
    "elastic net": (2, 0.5, True),
    "lasso of three": (3, 1.0, True),
}


def _problem(classes: int, l1_ratio: float, intercept: bool, C: float = 0.3) -> tuple[workloads.Task, data.Data]:
    rng = np.random.default_rng(classes)
    X = rng.normal(size=(240, 6)) * [1, 2, 0.5, 1, 1, 1]
    eta = X[:, :classes] + np.linspace(0, 0.7, classes)
    made = data.Data(X, (eta + rng.gumbel(size=eta.shape)).argmax(axis=1), {})
    return workloads.Task("fit", np.array([C]), l1_ratio, intercept, classes, 1), made


def _least(job: workloads.Task, made: data.Data) -> float:
    """The optimum by scikit-learn's saga, run to the floor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = FITTING["scikit-learn saga"].solve((made.X, made.y), job, 2**14)
    return float(judge.values(job, made, answer.coefs, answer.intercepts)[0])


@pytest.mark.parametrize("classes", [2, 3])
def test_the_judge_agrees_with_scikit_learns_own_objective(classes):
    """C times the sum of its log_loss, and half the sum of squares; also for several coefficients at once, and sparse rows."""
    job, made = _problem(classes, 0.0, True)
    found = [LogisticRegression(C=C).fit(made.X, made.y) for C in (0.01, 1.0)]
    coefs, intercepts = np.stack([m.coef_ for m in found]), np.stack([m.intercept_ for m in found])
    job = job._replace(Cs=np.array([0.3, 0.3]))
    expected = [0.3 * log_loss(made.y, m.predict_proba(made.X), normalize=False) + 0.5 * (m.coef_**2).sum() for m in found]
    np.testing.assert_allclose(judge.values(job, made, coefs, intercepts), expected, rtol=1e-12)
    rows = importlib.import_module("scipy.sparse").csr_matrix(made.X)
    np.testing.assert_allclose(judge.values(job, made._replace(X=rows), coefs, intercepts), expected, rtol=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_judge_sees_all_digits_of_small_losses(classes):
    """Where a row is all but sure, its loss is no difference of its logits."""
    coefs = np.ones((1, 1, 1)) if classes == 2 else np.eye(classes)[1].reshape(1, classes, 1)
    for logit in (300.0, 40.0, 1.0, -7.0):
        found = judge.losses(np.array([[logit]]), np.array([1]), coefs, np.zeros(coefs.shape[:2]))
        np.testing.assert_allclose(found, np.log1p((classes - 1) * np.exp(-logit)), rtol=1e-14)


def test_the_judge_calls_what_is_not_finite_infinite():
    """A program that diverged has no value."""
    job, made = _problem(2, 0.0, True)
    assert np.isinf(judge.values(job, made, np.full((1, 1, 6), np.nan), np.zeros((1, 1))))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", FITTING)
def test_every_program_minimises_the_objective_of_the_judge(name, problem):
    """Each that is installed and takes the problem comes near its optimum: its strength, intercept and signs are understood."""
    program, (job, made) = FITTING[name], _problem(*PROBLEMS[problem])
    if not program.versions():
        pytest.skip(f"{program.packages[0]} is not installed")
    objection = program.objection(job, made.X.shape, sparse=False)
    if objection or (name == OURS and job.l1_ratio and not _ours_has_l1()):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program.load()
        ladder = program.ladder
        setting = 1e-8 if name == OURS else 512 if ladder.whole else 1e-12
        answer = program.solve(program.ready(job, made), job, setting)
    value, least = judge.values(job, made, answer.coefs, answer.intercepts)[0], _least(job, made)
    assert abs(value - least) <= 1e-5 * least
    if answer.claims is not None:
        assert value - least <= answer.claims[0] + 1e-9 * least


def _ours_has_l1() -> bool:
    from logistic import InputError, LogisticRegression as Estimator

    try:
        Estimator(l1_ratio=1.0).fit(np.array([[0.0], [1.0], [2.0], [1.5]]), [0, 1, 1, 0])
    except InputError:
        return False
    return True


def test_bounds_lie_below_what_anybody_reaches():
    """And as near to it as was asked for."""
    job, made = _problem(3, 0.0, True)
    least, judged, word = bounds(job, made, 1e-10, 60.0)
    known = _least(job, made)
    assert least[0] <= known
    assert known - least[0] <= 1e-9 * known
    assert abs(judged[0] - known) <= 1e-9 * known
    assert "converged" in word


@pytest.mark.parametrize("name", PREDICTING)
def test_every_predictor_predicts_the_same(name):
    """To single precision."""
    program = PREDICTING[name]
    if not program.versions():
        pytest.skip(f"{program.packages[0]} is not installed")
    made = data.rows_784(1e-4)
    job = workloads.task(workloads.WORKLOADS["rows-784"], made, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = program.solve(program.ready(job, made), job, None).coefs
    if name.startswith("floor"):
        assert found.shape == (len(made.X), 10)
    else:
        assert judge.error(job, made, found) < 1e-5


@pytest.mark.parametrize("name", [name for name in data.MAKERS if name not in ("mnist", "plain_30", "rows_784")])
def test_data_are_the_same_every_time_and_survive_the_disk(name, tmp_path):
    """Fixed seeds; every class present; dense and sparse."""
    place = data.prepare(name, 0.001, tmp_path)
    first, again, mapped = data.read(place), data.MAKERS[name](0.001), data.read(place, mapped=True)
    for made in (again, mapped):
        assert abs(first.X - made.X).max() == 0
        np.testing.assert_array_equal(first.y, made.y)
        assert first.more.keys() == made.more.keys()
    assert set(np.unique(first.y)) == set(range(first.y.max() + 1))


def test_a_value_below_a_certified_bound_is_an_alarm(tmp_path):
    """And so is a certificate that claims more than the judge finds."""
    field = conduct.Field(workloads.WORKLOADS["tall"], conduct.Settings(tmp_path))
    field.least, field.known = np.array([10.0]), np.array([10.0 + 1e-9])
    run = {"setting": 4, "seconds": 1.0, "gap": None, "round": 0, "claims": None, "says": "", "peak_mb": 0}
    field._take("glum", {**run, "values": [9.9]})
    field._take(OURS, {**run, "values": [10.5], "claims": [0.1]})
    field.judge_again()
    assert [alarm.split()[0] for alarm in field.alarms] == ["glum", OURS]


def test_a_loss_is_a_red_row_and_a_limit_is_shown():
    """Nothing is left out."""
    cells = {OURS: {"setting": 1e-4, "seconds": 2.0, "reached": 1, "of": 1}}
    workload = {
        "name": "w",
        "title": "w",
        "kind": "fit",
        "scale": 1,
        "bar": 3,
        "aim": 8,
        "skipped": "",
        "limit": 600.0,
        "alarms": [],
        "notes": {"celer": "has no intercept"},
        "limits": {"scikit-learn sag": 600.0},
        "pass_seconds": 0.1,
        "optimum": {"value": 1.0, "proved": True, "how": "converged, proof"},
        "runs": {},
    }
    peers = {"glum": {"setting": 4, "seconds": 1.0, "reached": 1, "of": 1}, "scikit-learn sag": None, "celer": None}
    lost = {"target": 1e-4, "cells": cells | peers, "best_peer": "glum", "ratio": 0.5, "at_least": False}
    open_ = {"target": 1e-8, "cells": cells | dict.fromkeys(peers), "best_peer": None, "ratio": 300.0, "at_least": True}
    report = {
        "machine": {"processor": "P", "cores": 2, "threads": 2, "python": "3.11", "date": "2026-01-01"},
        "settings": {"set": "full", "runs": 5, "limit": 600.0},
        "versions": {},
        "workloads": [{**workload, "rows": [lost, open_]}],
    }
    text, shown = page.table(report), page.page(report)
    assert "**0.50**" in text
    assert "**loss**" in text
    assert "> 600 s" in text
    assert "> 300.00" in text
    assert "class=loss" in shown
    assert "has no intercept" in shown


@pytest.mark.slow
def test_a_tiny_run_from_end_to_end(tmp_path, capsys):
    """One process for each program; JSON and page are complete, name no machine and load nothing from elsewhere."""
    chosen = [OURS, "scikit-learn newton-cholesky", "celer"]
    options = ["--scale", "0.0003", "--runs", "2", "--limit", "20", "--threads", "1", "--folder", str(tmp_path)]
    assert command.main(["--workloads", "tall", "--programs", *chosen, *options]) == 0
    (results,) = (tmp_path / "results").glob("*.json")
    report = json.loads(results.read_text())
    (workload,) = report["workloads"]
    assert workload["optimum"]["proved"]
    assert not workload["alarms"]
    for row in workload["rows"]:
        assert row["ratio"] > 0
        assert row["best_peer"] == "scikit-learn newton-cholesky"
        assert row["cells"][OURS]["of"] == 2
    for run in workload["runs"][OURS]:
        assert run["gap"] <= run["claimed"] + 1e-9
        assert run["claimed"] <= run["setting"]
    assert "celer" in workload["notes"]
    assert report["versions"]["scikit-learn"]
    shown = results.with_suffix(".html").read_text()
    ElementTree.fromstring(re.search(r"<svg.*?</svg>", shown, re.DOTALL)[0])
    assert not re.search(r"<script|https?://|src=", shown)
    for text in (shown, results.read_text()):
        assert str(ROOT) not in text
        assert str(tmp_path) not in text
    assert "best peer" in capsys.readouterr().out


def test_answers_of_many_shapes_are_stacked():
    """(p,) or (M, p) coefficients, a number or (M,) intercepts."""
    base = importlib.import_module("benchmarks.programs.base")
    answer = base.stacked([(np.zeros(4), 0.5), (np.ones((1, 4)), [0.25])], 4)
    assert isinstance(answer, Answer)
    assert answer.coefs.shape == (2, 1, 4)
    assert answer.intercepts.tolist() == [[0.5], [0.25]]
