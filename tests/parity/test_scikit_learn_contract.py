"""scikit-learn's own checks of an estimator, without one expected failure, and the tools of its house at work on ours."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
import torch
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from logistic import InputError, LogisticRegression, LogisticRegressionCV, SeparationWarning, datasets, solvers
from support import overlapping

DEFAULTS = [LogisticRegression(), LogisticRegression(C=np.inf), LogisticRegressionCV()]
SETTINGS = [
    *(LogisticRegression(C=C, solver=solver) for solver in ("newton", "lbfgs", "gd") for C in (1.0, np.inf)),
    LogisticRegressionCV([0.1, 1.0], cv=2, solver="lbfgs", standardize=True, scoring="accuracy", rule="1se"),
]


def forewarned(test: Any) -> Any:
    """Several checks fit classes that no finite coefficients separate best, or too few rows."""
    for warning in (
        "ignore::logistic.SeparationWarning",
        "ignore::sklearn.exceptions.ConvergenceWarning",
        "ignore::sklearn.exceptions.SkipTestWarning",
        "ignore:The least populated class:UserWarning",
    ):
        test = pytest.mark.filterwarnings(warning)(test)
    return test


@forewarned
@parametrize_with_checks(DEFAULTS)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    """All of them."""
    check(estimator)


@pytest.mark.slow
@forewarned
@parametrize_with_checks(SETTINGS)
def test_scikit_learns_checks_with_any_settings(estimator: Any, check: Any) -> None:
    """All of them."""
    check(estimator)


@pytest.fixture(name="wine", scope="module")
def _wine() -> tuple[np.ndarray, np.ndarray]:
    data = datasets.load("wine")
    return data.X, data.y


def test_it_is_a_classifier_that_clones_and_prints() -> None:
    """Parameters are stored as given; the repr shows what was changed; a clone has the same."""
    model = LogisticRegression(C=2, solver=solvers.SGD(lr=0.1, momentum=0.9))
    assert is_classifier(model)
    assert repr(model) == "LogisticRegression(C=2, penalty='l2', standardize=False, solver=SGD(lr=0.1, momentum=0.9))"
    assert repr(LogisticRegression()) == "LogisticRegression(C=1.0, penalty='l2', standardize=False)"
    assert repr(LogisticRegression(np.inf)) == "LogisticRegression(C=inf, penalty=None, standardize=False)"
    assert repr(LogisticRegression(C=2, alpha=0.5, penalty="l1")) == (
        "LogisticRegression(C=2, alpha=0.5, penalty='l1', standardize=False)"
    )
    assert repr(LogisticRegression(alpha=0.1, standardize=True)) == "LogisticRegression(alpha=0.1, penalty='l2', standardize=True)"
    for text in (repr(model), repr(LogisticRegression(np.inf)), repr(LogisticRegression(alpha=0.1))):
        assert repr(eval(text, {"LogisticRegression": LogisticRegression, "SGD": solvers.SGD, "inf": np.inf})) == text
    assert "LogisticRegression(C=2, solver=SGD(lr=0.1, momentum=0.9))" in repr(make_pipeline(StandardScaler(), model))
    again = clone(model)
    assert again.get_params()["solver"] == model.solver
    assert again.solver is not model.solver
    assert again.set_params(solver__lr=0.5).solver.lr == 0.5
    assert model.solver.lr == 0.1
    with pytest.raises(ValueError, match="has no setting 'rl'"):
        again.set_params(solver__rl=1)


def test_pickles_and_joblib_keep_everything(wine: Any, tmp_path: Any) -> None:
    """Fitted and unfitted, the copy predicts alike."""
    X, y = wine
    empty = pickle.loads(pickle.dumps(LogisticRegression(alpha=0.1)))
    with pytest.raises(NotFittedError):
        empty.predict(X)
    model = empty.fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        assert copy.get_params() == model.get_params()


def test_pipeline_search_calibration_and_validation(wine: Any) -> None:
    """The meta-estimators of every day."""
    X, y = wine
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    assert cross_val_score(pipe, X, y, cv=5).mean() > 0.95
    assert cross_val_predict(pipe, X, y, method="predict_proba").shape == (len(y), 3)
    search = GridSearchCV(pipe, {"logisticregression__C": [0.01, 1.0], "logisticregression__standardize": [True, False]}).fit(X, y)
    assert search.best_score_ > 0.95
    assert CalibratedClassifierCV(pipe, cv=3).fit(X, y).predict_proba(X).shape == (len(y), 3)
    assert BaggingClassifier(LogisticRegression(standardize=True), n_estimators=3, random_state=0).fit(X, y).score(X, y) > 0.95
    assert OneVsRestClassifier(LogisticRegression(standardize=True)).fit(X, y).score(X, y) > 0.95


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_over_the_settings_of_a_solver(wine: Any) -> None:
    """``solver__lr`` is a parameter like any other."""
    X, y = wine
    X = StandardScaler().fit_transform(X)
    model = LogisticRegression(solver=solvers.SGD(lr=0.1, epochs=5), random_state=0)
    search = GridSearchCV(model, {"solver__lr": [1e-6, 0.1]}, cv=3).fit(X, y)
    assert search.best_params_ == {"solver__lr": 0.1}
    assert model.solver.lr == 0.1


def test_metadata_is_routed(wine: Any) -> None:
    """Weights and offsets reach fit and score through a search."""
    X, y = wine
    weight = np.where(y == y[0], 5.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression(standardize=True).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"C": [1.0]}, cv=3).fit(X, y, sample_weight=weight)
    direct = LogisticRegression(standardize=True).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(search.best_estimator_.coef_, direct.coef_, rtol=1e-9)


@pytest.mark.slow
def test_workers_are_not_oversubscribed(wine: Any) -> None:
    """Two loky workers keep to the threads that joblib gives them, also when n_jobs asks for more."""
    X, y = wine
    alone = [LogisticRegression().fit(X, y).coef_ for _ in range(2)]
    both = joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(_fit_and_count)(X, y) for _ in range(2))
    for (coef, threads), wanted in zip(both, alone, strict=True):
        np.testing.assert_allclose(coef, wanted, rtol=1e-10)
        assert max(threads) <= max(1, (os.cpu_count() or 1) // 2)


def _fit_and_count(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, list[int]]:
    from threadpoolctl import threadpool_info

    model = LogisticRegression().fit(X, y)
    return model.coef_, [entry["num_threads"] for entry in threadpool_info()] or [1]


def test_threads_follow_one_setting_and_are_restored(wine: Any) -> None:
    """n_jobs holds for NumPy and torch during the fit, and nothing of it stays."""
    from threadpoolctl import threadpool_info

    X, y = wine
    before = torch.get_num_threads(), [entry["num_threads"] for entry in threadpool_info()]
    seen = []
    LogisticRegression(n_jobs=2).fit(X, y, callback=lambda _: seen.append(torch.get_num_threads()))
    assert set(seen) == {2} != {before[0]}
    assert (torch.get_num_threads(), [entry["num_threads"] for entry in threadpool_info()]) == before
    for wrong in (0, -2, 1.5, True, "all"):
        with pytest.raises(InputError, match="n_jobs must be a number of threads"):
            LogisticRegression(n_jobs=wrong).fit(X, y)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_after_a_torch_fit_does_not_hang() -> None:
    """Parent and child both fit with torch; the child has an end."""
    code = """
        import os, numpy as np, torch
        from logistic import LogisticRegression
        torch.set_num_threads(2)
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(6000, 20)), rng.integers(3, size=6000)
        model = LogisticRegression(device="cpu", alpha=0.1).fit(X, y)
        child = os.fork()
        if child == 0:
            again = LogisticRegression(device="cpu", alpha=0.1).fit(X, y)
            os._exit(0 if np.allclose(model.coef_, again.coef_) else 1)
        assert os.waitpid(child, 0)[1] == 0
    """
    subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)], check=True, timeout=120)


# ------------------------------------------------------------------------------------------------------------ what it takes

LABELS: dict[str, Any] = {
    "text": lambda y: np.array(["setosa", "versicolor", "virginica"])[y],
    "objects": lambda y: np.array(["setosa", "versicolor", "virginica"], dtype=object)[y],
    "bool": lambda y: y > 0,
    "int8": lambda y: y.astype(np.int8),
    "floats": lambda y: y.astype(float),
    "list": lambda y: y.tolist(),
    "pandas text": lambda y: pd.Series(np.array(["a", "b", "c"])[y]),
    "pandas text values": lambda y: pd.Series(np.array(["a", "b", "c"])[y]).values,
    "pandas categorical": lambda y: pd.Series(pd.Categorical(np.array(["a", "b", "c"])[y])),
    "pandas nullable": lambda y: pd.Series(y, dtype="Int64"),
    "polars": lambda y: pl.Series(np.array(["a", "b", "c"])[y]),
    "pyarrow chunks": lambda y: pa.chunked_array([y[:50], y[50:]]),
    "torch": torch.as_tensor,
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_kind(kind: str) -> None:
    """classes_ is what np.unique gives, and predictions are of these."""
    data = datasets.load("iris")
    y = np.asarray(data.y if data.y.dtype.kind in "iu" else np.unique(data.y, return_inverse=True)[1])
    labels = LABELS[kind](y)
    model = LogisticRegression().fit(data.X, labels)
    wanted = np.unique(np.asarray(labels))
    assert model.classes_.tolist() == wanted.tolist()
    assert set(model.predict(data.X).tolist()) == set(wanted.tolist())
    assert model.score(data.X, labels) > 0.9


def _frames(X: np.ndarray) -> dict[str, Any]:
    names = [f"f{j}" for j in range(X.shape[1])]
    frozen = X.copy()
    frozen.flags.writeable = False
    return {
        "read-only": frozen,
        "strided": np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
        "reversed": np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
        "fortran": np.asfortranarray(X),
        "objects": X.astype(object),
        "list": X.tolist(),
        "pandas": pd.DataFrame(X, columns=names),
        "polars": pl.DataFrame(X, schema=names),
        "pyarrow": pa.table(dict(zip(names, X.T, strict=True))),
        "torch": torch.as_tensor(X),
    }


@pytest.mark.parametrize("kind", sorted(_frames(np.zeros((2, 2)))))
def test_rows_of_every_kind(kind: str, wine: Any) -> None:
    """The same numbers give the same model, to the order of the additions."""
    X, y = wine
    held = _frames(X)[kind]
    model, plain = LogisticRegression().fit(held, y), LogisticRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-9)
    np.testing.assert_allclose(np.asarray(model.predict_proba(held)), plain.predict_proba(X), rtol=1e-9)
    assert hasattr(model, "feature_names_in_") == (kind in ("pandas", "polars", "pyarrow"))


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_integers_and_booleans(dtype: type) -> None:
    """They are numbers."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 2, size=(80, 3)), rng.integers(0, 2, size=80)
    np.testing.assert_allclose(LogisticRegression().fit(X.astype(dtype), y).coef_, LogisticRegression().fit(X * 1.0, y).coef_)


def test_the_output_follows_the_precision_of_x(wine: Any) -> None:
    """float32 rows give float32 coefficients and probabilities; the certificate stays that of float64."""
    X, y = wine
    single = LogisticRegression().fit(X.astype(np.float32), y)
    assert {a.dtype for a in (single.coef_, single.intercept_, single.predict_proba(X.astype(np.float32)))} == {np.dtype("f4")}
    assert single.certificate_.gap <= 1e-8 * single.certificate_.value
    assert LogisticRegression(dtype="float64").fit(X.astype(np.float32), y).coef_.dtype == np.float64
    wide = LogisticRegression(dtype="float32").fit(X, y)
    assert wide.predict_log_proba(X).dtype == np.float32
    with pytest.raises(InputError, match="dtype='float16' is unknown"):
        LogisticRegression(dtype="float16").fit(X, y)


def test_names_of_columns_are_held_to(wine: Any) -> None:
    """Another order or other names are refused, and a refit on plain arrays forgets the names."""
    X, y = wine
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    model = LogisticRegression(standardize=True).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    for wrong in (frame[["b", "a", "c"]], frame.rename(columns={"a": "z"})):
        with pytest.raises(ValueError, match="feature names"):
            model.predict(wrong)
    with pytest.raises(ValueError, match=r"in the same order"):
        model.predict(pl.DataFrame(X[:, :3], schema=["c", "b", "a"]))
    assert not hasattr(model.fit(X[:, :3], y), "feature_names_in_")


def test_columns_of_y(wine: Any) -> None:
    """A column vector is taken with scikit-learn's warning."""
    X, y = wine
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = LogisticRegression().fit(X, y[:, None])
    np.testing.assert_array_equal(model.coef_, LogisticRegression().fit(X, y).coef_)


def test_sparsify_and_densify(wine: Any) -> None:
    """The coefficients change their kind, the predictions do not."""
    X, y = wine
    model = LogisticRegression().fit(X, y)
    before, dense = model.predict_proba(X), model.coef_
    assert model.sparsify().coef_.format == "csr"
    np.testing.assert_array_equal(model.predict_proba(X), before)
    np.testing.assert_array_equal(model.densify().coef_, dense)


def test_two_classes_have_one_row(wine: Any) -> None:
    """Shapes as everybody expects them."""
    X, y = wine
    model = LogisticRegression(standardize=True).fit(X, y == y[0])
    assert model.coef_.shape == (1, X.shape[1])
    assert model.intercept_.shape == (1,)
    assert model.decision_function(X).shape == (len(y),)
    assert model.n_iter_.dtype == np.int32
    assert model.n_iter_.shape == (1,)


def test_set_params_after_fit_changes_no_prediction(wine: Any) -> None:
    """A fitted model is what was fitted."""
    X, y = wine
    model = LogisticRegression().fit(X, y)
    before = model.predict_proba(X)
    model.set_params(C=1e-9, fit_intercept=False, standardize=True, class_weight="balanced", dtype="auto")
    np.testing.assert_array_equal(model.predict_proba(X), before)


# ------------------------------------------------------------------------------------------------------- callbacks of theirs


@pytest.mark.skipif(not hasattr(LogisticRegression, "set_callbacks"), reason="scikit-learn has callbacks from 1.9 on")
def test_scikit_learns_callbacks_see_every_point_and_may_stop(wine: Any) -> None:
    """A callback gets an estimator ready to predict, in a search too, and its word ends the fit."""
    X, y = wine

    class Watch:
        def __init__(self) -> None:
            self.scores: list[float] = []
            self.torn_down = 0

        def setup(self, estimator: Any, context: Any) -> None:
            self.scores.clear()

        def teardown(self, estimator: Any, context: Any) -> None:
            self.torn_down += 1

        def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
            pass

        def on_fit_task_end(
            self, estimator: Any, context: Any, *, fitted_estimator: Any = None, X: Any = None, y: Any = None
        ) -> bool:
            if context.task_name != "iteration":
                return False
            self.scores.append(fitted_estimator.score(X, y))
            return len(self.scores) == 4

    watch = Watch()
    model = LogisticRegression(standardize=True).set_callbacks(watch).fit(X, y)
    assert len(watch.scores) == 4
    assert watch.scores[-1] >= watch.scores[0] > 0.9
    assert watch.torn_down == 1
    assert model.certificate_.status.word == "stopped"
    with pytest.raises(InputError, match="but X has 177 rows"):
        model.fit(X[1:], y)
    assert watch.torn_down == 1


def test_warnings_have_scikit_learns_category(wine: Any) -> None:
    """ConvergenceWarning for what did not converge, ours for what cannot."""
    X, y = wine
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        LogisticRegression(max_iter=1).fit(X, y)
    with pytest.warns(SeparationWarning, match="separated"):
        LogisticRegression(C=np.inf).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression().fit(*overlapping(0, 50, 2, 2))
