"""Certified values: maximum-likelihood and penalised estimates known to 20 digits, reached with default settings."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_iris

from logistic import LogisticRegression
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
    from logistic import SeparationWarning

    data = certified_csv("endometrial")
    with pytest.warns(SeparationWarning, match="NV"):
        model = LogisticRegression(C=np.inf).fit(data[0], data[1])
    assert [data[0].columns[j] for j in model.certificate_.columns] == ["NV"]


def certified_csv(name):
    """A reference table without certified maximum likelihood values, as a data frame and labels."""
    import pandas as pd

    frame = pd.read_csv(shared_file("reference", f"{name}.csv"))
    return frame.drop(columns="y"), frame["y"]
