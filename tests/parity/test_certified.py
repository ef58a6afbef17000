"""Certified values: maximum-likelihood and penalised estimates known to 20 digits, reached with default settings."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_iris

from logistic import LogisticRegression, SeparationWarning
from support import certified, shared_file

SETS = ["spector", "mtcars_am_wt", "ucb", "hsb2_prog", "fair_affair", "iris_versicolor_virginica"]


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
@pytest.mark.parametrize("name", SETS)
def test_ten_digits_with_default_settings(name, solver):
    """Every coefficient agrees to at least ten digits, and the certificate is a proof."""
    data = certified(name)
    model = LogisticRegression(C=np.inf, solver=solver).fit(data.X, data.y, sample_weight=data.weight)
    table = np.column_stack([model.intercept_, model.coef_])
    if len(model.classes_) == 2:
        table = np.vstack([np.zeros_like(table), table])
    rows = dict(zip(model.classes_, table, strict=True))
    for label, reference in data.reference["coef"].items():
        found = rows[label] - rows[data.reference["base"]]
        expected = [float(reference["const"]), *(float(reference[column]) for column in data.columns)]
        np.testing.assert_allclose(found, expected, rtol=1e-11)
    assert model.certificate_.status.word == "converged"
    assert model.certificate_.kind == "proof"
    total = float(data.reference["total"])
    assert -model.certificate_.value * total == pytest.approx(float(data.reference["loglik"]), rel=1e-13)


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
def test_penalised_iris(solver):
    """Three classes, C=1: twelve digits of every coefficient and of the objective."""
    reference = json.loads(shared_file("reference", "iris_C1.json").read_text())["iris_C1"]
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(C=1.0, solver=solver).fit(X, y)
    expected = np.array([[float(x) for x in row] for row in reference["rows(coef...,intercept)"]])
    expected[:, -1] -= expected[:, -1].mean()  # one number may be added to all intercepts
    np.testing.assert_allclose(np.column_stack([model.coef_, model.intercept_]), expected, rtol=1e-12)
    objective = model.certificate_.value * len(y)
    assert objective == pytest.approx(float(reference["nll_plus_penalty_over_C"]), rel=1e-14)


def test_firth_data_are_separated_by_the_right_column():
    """Heinze and Schemper's endometrial data: only NV runs to infinity."""
    data = certified_csv("endometrial")
    with pytest.warns(SeparationWarning, match="NV"):
        model = LogisticRegression(C=np.inf).fit(data[0], data[1])
    assert [data[0].columns[j] for j in model.certificate_.columns] == ["NV"]


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
def test_firth_data_keep_their_finite_part(solver):
    """NV is +inf; every other coefficient and the supremum of the log-likelihood to at least twelve digits."""
    reference = json.loads(shared_file("reference", "endometrial.json").read_text())["ml_limit_NV0"]
    X, y = certified_csv("endometrial")
    with pytest.warns(SeparationWarning, match=r"nears -27\.69663018"):
        model = LogisticRegression(C=np.inf, solver=solver).fit(X, y)
    limit = model.certificate_.limit
    nv, *finite = limit.contrasts()[1]
    assert list(X.columns) == ["NV", "PI", "EH"]
    assert nv == np.inf
    np.testing.assert_allclose(finite, [float(x) for x in reference["rows(coef...,intercept)"][0]], rtol=1e-12)
    assert limit.supremum == pytest.approx(-float(reference["nll"]), rel=1e-14)
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
def test_three_classes_of_iris_have_a_supremum(solver):
    """No maximum: the supremum and the contrast of the last two classes are those of these two alone."""
    reference = json.loads(shared_file("reference", "iris_versicolor_virginica.json").read_text())["iris_versicolor_virginica"]
    X, y = load_iris(return_X_y=True)
    with pytest.warns(SeparationWarning, match=r"apart 0 \| 1, 2"):
        model = LogisticRegression(C=np.inf, solver=solver).fit(X, y)
    limit = model.certificate_.limit
    assert limit.supremum == pytest.approx(float(reference["loglik"]), rel=1e-14)
    assert limit.supremum == pytest.approx(-5.949273395679422, rel=1e-14)
    (wanted,) = (values for label, values in reference["coef"].items() if label != reference["base"])
    columns = [name for name in wanted if name != "const"]
    np.testing.assert_allclose(limit.contrasts(1)[2], [float(wanted[name]) for name in (*columns, "const")], rtol=1e-11)


def certified_csv(name):
    """A reference table without certified maximum likelihood values, as a data frame and labels."""
    import pandas as pd

    frame = pd.read_csv(shared_file("reference", f"{name}.csv"))
    return frame.drop(columns="y"), frame["y"]
