"""Laws of the two neighbours as files and tables: the linear regression and the network with one hidden layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from logistic import InputError, LinearRegression, ModelFileError, ModuleClassifier, load, solvers
from logistic.modules.hidden import fit_hidden, hidden, load_hidden
from logistic.provenance import Provenance
from logistic.sources import ArraySource
from logistic.store import MODEL_ENTRY, MODULE_ENTRY, PLANE_ENTRY, kind, load_plane, save_plane
from support import fit_arrays, overlapping

ORIGIN = Provenance("t.csv", "0" * 64, "y", None, None, (1.5,), (0.8, 0.2), 3, "f" * 64, "logistic fit t.csv")


def sloping(n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, 3)) * [1, 100, 1e-3] + [5, 0, 1e6]
    return X, X @ [1.0, 0.02, 300.0] + rng.normal(size=n)


# -------------------------------------------------------------------------------------------------------- linear regression


@pytest.mark.parametrize("solver", ["exact", "lbfgs"])
def test_a_plane_comes_back_from_its_file(solver: str, tmp_path: Path) -> None:
    """The same numbers, names, certificate and origin; as an estimator it predicts bit for bit."""
    X, y = sloping()
    fitted = LinearRegression(solver=solver).fit(X, y)
    plane = fitted._plane._replace(features=("a", "b c", "größe"), provenance=ORIGIN)
    plane.save(tmp_path / "p")
    found = load_plane(tmp_path / "p")
    for name, theirs, ours in zip(plane._fields, plane, found, strict=True):
        if name != "trace":  # the history is not kept
            np.testing.assert_equal(ours, theirs, err_msg=name)
    assert kind(tmp_path / "p") == PLANE_ENTRY
    again = LinearRegression.load(tmp_path / "p")
    named = pd.DataFrame(X, columns=["a", "b c", "größe"])
    np.testing.assert_array_equal(again.predict(named), fitted.predict(X))
    assert again.feature_names_in_.tolist() == ["a", "b c", "größe"]
    with pytest.raises(ModelFileError, match=r"holds a linear regression; use LinearRegression.load\(path\)"):
        load(tmp_path / "p")


def test_a_damaged_plane_is_refused(tmp_path: Path) -> None:
    """Every byte changed, every length cut, and the file of something else."""
    X, y = sloping(20)
    path = tmp_path / "p"
    LinearRegression().fit(X, y).save(path)
    content = path.read_bytes()
    damaged = [content[:i] + bytes([content[i] ^ (1 << i % 8)]) + content[i + 1 :] for i in range(len(content))]
    damaged += [content[:i] for i in range(0, len(content), 7)] + [content + b" "]
    for bad in damaged:
        path.write_bytes(bad)
        with pytest.raises(ModelFileError):
            load_plane(path)
    X, codes = overlapping(0, 30, 2, 2)
    fit_arrays(X, codes, C=1.0).model.save(path)
    assert kind(path) == MODEL_ENTRY
    with pytest.raises(ModelFileError, match="another safetensors file"):
        load_plane(path)


def test_what_a_file_cannot_hold_is_not_written(tmp_path: Path) -> None:
    """Numbers that are not finite."""
    X, y = sloping()
    plane = LinearRegression().fit(X, y)._plane
    with pytest.raises(InputError, match=r"this linear regression cannot be saved: .*not finite"):
        save_plane(plane._replace(base=np.nan), tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_errors_are_those_of_scikit_learn() -> None:
    """Mean squared and absolute error and R squared, with and without weights; accuracy only for a few whole numbers."""
    X, y = sloping()
    plane, weight = LinearRegression().fit(X, y)._plane, np.arange(80) % 4 + 0.5
    for w in (None, weight):
        found, predicted = plane.metrics(X, y, w), plane.predict(X)
        assert found.mean_squared == pytest.approx(mean_squared_error(y, predicted, sample_weight=w), rel=1e-12)
        assert found.mean_absolute == pytest.approx(mean_absolute_error(y, predicted, sample_weight=w), rel=1e-12)
        assert found.r_squared == pytest.approx(r2_score(y, predicted, sample_weight=w), rel=1e-9)
        assert np.isnan(found.accuracy)
        assert found.to_dict()["accuracy_of_rounded"] == "nan"
        assert "rounded" not in str(found)
    codes = np.arange(80) % 3
    found = plane._replace(coef=0 * plane.coef, base=0.9).metrics(X, codes)
    assert found.accuracy == pytest.approx((codes == 1).mean())
    assert np.isnan(plane.metrics(X, np.ones(80)).r_squared)


def test_the_table_of_a_plane_says_what_was_minimised() -> None:
    """Names, coefficients in the units of the data, rows, and the intercept."""
    X, y = sloping()
    plane = LinearRegression().fit(X, y)._plane._replace(features=("a", "b", "c"))
    text, found = str(plane.summary()), plane.summary().to_dict()
    assert text.startswith("Linear regression on 3 columns, 80 rows\n  objective    mean squared error, no penalty\n")
    assert found["coefficients"] == dict(zip("abc", plane.coef.tolist(), strict=True))
    assert f"{plane.coef[1]:.6g}" in text
    assert found["intercept"] == plane.intercept


# ------------------------------------------------------------------------------------------------------------ hidden layer


def network(module: torch.nn.Module) -> ModuleClassifier:
    return ModuleClassifier(module, solver=solvers.Adam(lr=0.02, epochs=40), random_state=0)


def rings(n: int = 300) -> ArraySource:
    """Two classes that no line divides, in columns of very different units."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, 2))
    y = np.where((X**2).sum(axis=1) > 1.4, "out", "in")
    return ArraySource(X * [1e3, 1e-3] + [5e4, 2], y, features=["wide", "narrow"])


def test_a_hidden_layer_works_in_the_units_of_the_data(tmp_path: Path) -> None:
    """It learns what a line cannot, from columns of any units, the same from the same seed, and comes back from its file."""
    source = rings()
    found, again = (fit_hidden(source, 16, network, seed=1) for _ in range(2))
    X = source.X
    assert found.classes_.tolist() == ["in", "out"]
    named = pd.DataFrame(X, columns=["wide", "narrow"])
    assert (found.predict(named) == source.y).mean() > 0.9
    np.testing.assert_array_equal(found.predict_proba(named), again.predict_proba(named))
    found.provenance_ = ORIGIN
    found.save(tmp_path / "h")
    loaded = load_hidden(tmp_path / "h")
    assert kind(tmp_path / "h") == MODULE_ENTRY
    assert loaded.provenance_ == ORIGIN
    np.testing.assert_array_equal(loaded.predict_proba(named), found.predict_proba(named))
    other = ModuleClassifier.load(tmp_path / "h", hidden(2, 16, 2))
    np.testing.assert_array_equal(other.predict_proba(named), found.predict_proba(named))


def test_validation_rows_are_scaled_alike() -> None:
    """The rows of the fit as validation rows have the loss of the fit."""
    source = rings(60)
    found = fit_hidden(source, 4, network, seed=1, validation=source)
    np.testing.assert_allclose(found.history_["validation_loss"], found.history_["loss"], rtol=1e-9)


def test_another_module_is_no_hidden_layer(tmp_path: Path) -> None:
    """Its file says how it is loaded."""
    source = rings(40)
    other = network(torch.nn.Linear(2, 2, dtype=torch.float64)).fit((source.X - 5e4) / 1e4, source.y)
    other.save(tmp_path / "m")
    with pytest.raises(ModelFileError, match="holds the numbers of a torch module"):
        load_hidden(tmp_path / "m")
    with pytest.raises(InputError, match="at least 1 unit"):
        fit_hidden(source, 0, network)


def test_the_table_of_a_module_lists_its_parameters() -> None:
    """Names, shapes and numbers add up."""
    found = fit_hidden(rings(40), 5, network, seed=1)
    summary = found.summary()
    assert summary.parameters == {"0.weight": (5, 2), "0.bias": (5,), "2.weight": (2, 5), "2.bias": (2,)}
    assert summary.size == 27 == sum(p.numel() for p in found.module_.parameters())
    assert str(summary).startswith("Sequential for 2 classes on 2 columns, 27 parameters\n")
    assert summary.to_dict()["parameters"]["0.weight"] == [5, 2]
    assert summary.to_dict()["certified"] is False
