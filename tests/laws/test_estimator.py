"""The face in full: every parameter does what it says, or refuses in words."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Theirs
from sklearn.utils.class_weight import compute_class_weight

from logistic import InputError, LogisticRegression, SeparationWarning, load, solvers
from logistic.learn import scratch
from logistic.outcome import Status
from support import overlapping

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def fitted(X: Any, y: Any, weight: Any = None, **choices: Any) -> LogisticRegression:
    """A model, whatever it warns of."""
    given = {name: choices.pop(name) for name in ("offset", "init", "validation_data") if name in choices}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(**choices).fit(X, y, weight, **given)


# ------------------------------------------------------------------------------------------------------------------ weights


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("chosen", ["balanced", "dict", "some"])
def test_class_weights_are_weights_of_rows(classes: int, chosen: str) -> None:
    """As sample weights, as scikit-learn has them, in every statistic: the same coefficients, penalty and all."""
    X, y = overlapping(3, 200, 3, classes)
    own = np.random.default_rng(0).uniform(0.5, 2, 200)
    labels = np.array(["ant", "bee", "cow"])[y]
    class_weight: Any = {"dict": {"ant": 0.5, "bee": 3, "cow": 1.5}, "some": {"bee": 3.0}}.get(chosen, chosen)
    known = np.unique(labels)
    for weight in (None, own):
        if chosen == "balanced":
            per_class = compute_class_weight("balanced", classes=known, y=labels, sample_weight=weight)
        else:
            per_class = [class_weight.get(label, 1.0) for label in known]
        rows = np.asarray(per_class)[y] * (1.0 if weight is None else weight)
        for standardize in (False, True):
            ours = fitted(X, labels, weight, class_weight=class_weight, standardize=standardize)
            same = fitted(X, labels, rows, standardize=standardize)
            np.testing.assert_allclose(ours.coef_, same.coef_, rtol=1e-10)
            np.testing.assert_allclose(ours.intercept_, same.intercept_, rtol=1e-9)
            assert ours.model_.total == pytest.approx(rows.sum())
        theirs = Theirs(class_weight=class_weight, tol=1e-12, max_iter=10_000).fit(X, labels, weight)
        np.testing.assert_allclose(fitted(X, labels, weight, class_weight=class_weight).coef_, theirs.coef_, rtol=1e-4, atol=1e-5)


WRONG_WEIGHTS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "a name": ({"class_weight": "equal"}, None, "class_weight must be 'balanced', a dict of label: weight"),
    "unknown label": ({"class_weight": {5: 2.0}}, None, "class_weight names 5, which is none of the classes"),
    "negative": ({"class_weight": {0: -1.0}}, None, "class_weight of 0 must be a finite number above 0, but is -1.0"),
    "zero": ({"class_weight": {0: 0}}, None, "class_weight of 0 must be"),
    "text": ({"class_weight": {0: "1"}}, None, "class_weight of 0 must be"),
    "negative row": ({}, [1.0, 1, -2, 1, 1, 1], "row 2"),
    "missing row": ({}, [1.0, 1, 1, math.nan, 1, 1], "row 3"),
    "a class without weight": ({}, [0.0, 1, 0, 1, 0, 1], "class 0 has weight 0 in every row"),
    "nothing has weight": ({}, [0.0] * 6, "no row has a positive weight"),
    "too few": ({}, [1.0], "sample_weight has shape"),
}


@pytest.mark.parametrize("case", WRONG_WEIGHTS)
def test_impossible_weights_are_refused_in_words(case: str) -> None:
    """Naming the row or the label."""
    choices, weight, words = WRONG_WEIGHTS[case]
    X, y = np.arange(6.0)[:, None] % 4, np.array([0, 1] * 3)
    with pytest.raises(InputError, match=words):
        LogisticRegression(**choices).fit(X, y, weight)


# ------------------------------------------------------------------------------------------------------------------- offset


@pytest.mark.parametrize("classes", [2, 3])
def test_an_offset_is_a_column_with_coefficient_one(classes: int) -> None:
    """Constant offsets move the intercept alone; any offset is what scratch makes of it; predictions need it again."""
    X, y = overlapping(4, 300, 2, classes)
    M = 1 if classes == 2 else classes
    rng = np.random.default_rng(0)
    shift = rng.normal(size=(300, M))
    model = LogisticRegression(C=np.inf).fit(X, y, offset=shift if M > 1 else shift[:, 0])
    logits = X @ model.coef_.T + model.intercept_ + shift
    logits = logits if M > 1 else np.column_stack([np.zeros(300), logits])
    np.testing.assert_allclose(model.predict_proba(X, offset=shift), scratch.softmax(logits), rtol=1e-10)
    targets = scratch.one_hot(y, classes)
    residual = scratch.softmax(logits) - targets
    np.testing.assert_allclose(X.T @ residual, 0, atol=1e-8)
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-8)
    moved = LogisticRegression(C=np.inf).fit(X, y, offset=shift + np.arange(M) - 3.0)
    np.testing.assert_allclose(moved.coef_, model.coef_, rtol=1e-9)
    for call in (model.predict, model.predict_proba, model.predict_log_proba, model.decision_function):
        with pytest.raises(InputError, match="fitted with an offset, so its predictions need one"):
            call(X)
    with pytest.raises(InputError, match="offset has shape"):
        model.predict(X, offset=shift[:5])
    with pytest.raises(InputError, match=r"offset is nan in row 3|offset.*row 3"):
        model.predict(X, offset=np.where(np.arange(300)[:, None] == 3, np.nan, shift))
    assert model.score(X, y, offset=shift) == model.metrics(X, y, offset=shift).accuracy
    with pytest.raises(InputError, match="offset has 5 columns"):
        model.predict(X, offset=np.zeros((300, 5)))


def test_a_saved_model_remembers_its_offset(tmp_path: Any) -> None:
    """The file too refuses to predict without; plain models take one as they please."""
    X, y = overlapping(4, 80, 2, 2)
    model = LogisticRegression().fit(X, y, offset=np.linspace(-1, 1, 80))
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="predictions need one"):
        again.predict(X)
    zeros = np.zeros(80)
    np.testing.assert_array_equal(again.predict_proba(X, zeros), model.predict_proba(X, offset=zeros))
    plain = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(plain.decision_function(X, offset=np.full(80, 2.0)), plain.decision_function(X) + 2.0)


# -------------------------------------------------------------------------------------------------------------- soft targets


def test_soft_targets_weigh_their_labels() -> None:
    """A distribution over the classes is as many rows with these weights."""
    X, y = overlapping(5, 60, 2, 3)
    P = np.random.default_rng(1).dirichlet(np.ones(3), 60)
    soft = LogisticRegression().fit(X, P)
    hard = LogisticRegression().fit(np.repeat(X, 3, axis=0), np.tile(np.arange(3), 60), P.ravel())
    np.testing.assert_allclose(soft.coef_, hard.coef_, rtol=1e-9)
    assert soft.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(LogisticRegression().fit(X, np.eye(3)[y]).coef_.shape, (3, 2))
    np.testing.assert_allclose(LogisticRegression().fit(X, np.eye(3)[y]).coef_, LogisticRegression().fit(X, y).coef_, rtol=1e-9)
    with pytest.raises(InputError, match="sum to"):
        LogisticRegression().fit(X, P * 2)
    with pytest.raises(InputError, match="class_weight weighs labels"):
        LogisticRegression(class_weight="balanced").fit(X, P)


# ------------------------------------------------------------------------------------------------------------- where it starts


@pytest.mark.parametrize("classes", [2, 3])
def test_no_iteration_evaluates_the_start(classes: int) -> None:
    """max_iter=0 gives back what it was given, in the units of the data, with its certificate."""
    X, y = overlapping(6, 100, 3, classes)
    X = X * [1, 100, 0.01] + [0, 1000, -5]
    M = 1 if classes == 2 else 3
    coef = np.random.default_rng(0).normal(size=(M, 3)) / [1, 100, 0.01]
    coef -= coef.mean(axis=0) if M > 1 else 0
    base = -coef @ X.mean(axis=0)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model = LogisticRegression(max_iter=0).fit(X, y, init=(coef, base))
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, base - (base.mean() if M > 1 else 0), rtol=1e-9)
    assert model.n_iter_.tolist() == [0]
    targets = scratch.one_hot(y, classes)
    pair = (coef.T, base) if M > 1 else (np.column_stack([0 * coef[0], coef[0]]), np.array([0.0, base[0]]))
    loss = scratch.loss(*pair, X, targets) + model.model_.penalty.alpha / 2 * (coef**2).sum()
    assert model.certificate_.value == pytest.approx(loss, rel=1e-12)
    best = LogisticRegression().fit(X, y).certificate_.value
    assert model.certificate_.gap >= model.certificate_.value - best


def test_start_values_by_name() -> None:
    """Zeros, normals, normals over sqrt(p), and what nn.Linear draws."""
    X, y = overlapping(6, 100, 50, 3)
    drawn = {}
    for name in ("zeros", "normal", "lecun_normal", "torch_linear"):
        model = fitted(X, y, init=name, max_iter=0, random_state=1)
        drawn[name] = model.coef_ * math.sqrt(1.0)
        again = fitted(X, y, init=name, max_iter=0, random_state=1)
        np.testing.assert_array_equal(again.coef_, model.coef_)
    assert not drawn["zeros"].any()
    np.testing.assert_allclose(drawn["lecun_normal"], drawn["normal"] / math.sqrt(50), rtol=1e-9)
    assert 0.6 < drawn["normal"].std() < 1.0  # class-centred: sqrt(2 / 3)
    assert abs(drawn["torch_linear"]).max() < 2 / math.sqrt(50)
    assert fitted(X, y, init="torch_linear", max_iter=0, random_state=1).intercept_.any()
    two = fitted(X, y > 0, init=np.stack([np.full(50, 1.0), np.full(50, 4.0)]), max_iter=0)
    np.testing.assert_allclose(two.coef_, np.full((1, 50), 3.0), rtol=1e-12)


WRONG_STARTS: dict[str, tuple[Any, str]] = {
    "a name": ("zero", "init='zero' is unknown.*did you mean 'zeros'"),
    "a shape": (np.zeros((2, 7)), r"coefficients of shape \(2, 7\); pass \(1, 3\)"),
    "text": ([["a", "b", "c"]], "coefficients that are not numbers"),
    "infinite": (np.full((1, 3), np.inf), "not finite"),
    "intercepts": ((np.zeros((1, 3)), np.zeros(4)), "intercepts of shape"),
}


@pytest.mark.parametrize("case", WRONG_STARTS)
def test_impossible_starts_are_refused_in_words(case: str) -> None:
    """Naming what was passed and what is wanted."""
    X, y = overlapping(6, 30, 3, 2)
    init, words = WRONG_STARTS[case]
    with pytest.raises(InputError, match=words):
        LogisticRegression().fit(X, y, init=init)


def test_a_model_of_other_classes_is_no_start() -> None:
    """Nor is an intercept where there is none."""
    X, y = overlapping(6, 30, 3, 2)
    model = LogisticRegression().fit(X, np.array(["a", "b"])[y])
    with pytest.raises(InputError, match="the start is a model of the classes"):
        LogisticRegression().fit(X, y, init=model)
    with pytest.raises(InputError, match="fit_intercept=False"):
        LogisticRegression(fit_intercept=False).fit(X, y, init=(np.zeros((1, 3)), [1.0]))


def test_warm_start_goes_on_where_the_last_fit_ended() -> None:
    """A second fit of the same rows takes no step; other rows fewer than from zero; a cold one forgets."""
    X, y = overlapping(7, 400, 20, 3)
    model = LogisticRegression(warm_start=True, solver="lbfgs").fit(X, y)
    cold = model.n_iter_[0]
    coef = model.coef_
    assert model.fit(X, y).n_iter_[0] <= 1
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-8)
    assert model.set_params(C=0.9).fit(X, y).n_iter_[0] < cold
    assert model.set_params(warm_start=False, C=1.0).fit(X, y).n_iter_[0] == cold
    with pytest.raises(InputError, match="model of the classes"):
        model.set_params(warm_start=True).fit(X, y % 2)


# ---------------------------------------------------------------------------------------------------------------- spellings


@pytest.mark.parametrize("name", ["lbfgs", "newton-cg", "newton-cholesky", "liblinear", "sag", "saga"])
def test_solver_names_of_scikit_learn_are_understood(name: str) -> None:
    """All lead to the one optimum, and ``why_solver_`` says what became of the name."""
    X, y = overlapping(8, 100, 3, 2)
    model = LogisticRegression(solver=name).fit(X, y)
    np.testing.assert_allclose(model.coef_, LogisticRegression().fit(X, y).coef_, rtol=1e-8)
    assert name in model.why_solver_
    assert ("the intercept is not penalised" in model.why_solver_) == (name == "liblinear")


OBEYED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "penalty=None": ({"penalty": None}, {"C": np.inf}),
    "penalty='none'": ({"penalty": "none"}, {"C": np.inf}),
    "penalty=None, C=inf": ({"penalty": None, "C": np.inf}, {"C": np.inf}),
    "penalty='l2'": ({"penalty": "l2", "C": 0.3}, {"C": 0.3}),
    "l1_ratio=None": ({"l1_ratio": None}, {}),
    "penalty='l1'": ({"penalty": "l1", "C": 0.3}, {"l1_ratio": 1, "C": 0.3}),
    "penalty='elasticnet'": ({"penalty": "elasticnet", "l1_ratio": 0.4, "solver": "saga"}, {"l1_ratio": 0.4}),
    "penalty='elasticnet' alone": ({"penalty": "elasticnet"}, {}),
    "alpha": ({"alpha": 1 / 200}, {"C": 2.0}),
    "alpha=0": ({"alpha": 0}, {"C": np.inf}),
    "multi_class='multinomial'": ({"multi_class": "multinomial"}, {}),
    "dual": ({"dual": True}, {}),
    "multi_class='auto'": ({"multi_class": "auto"}, {}),
}


@pytest.mark.parametrize("case", OBEYED)
def test_older_spellings_are_obeyed(case: str) -> None:
    """The same fit as the plain words give."""
    X, y = overlapping(8, 100, 3, 3)
    spelled, plain = OBEYED[case]
    a, b = LogisticRegression(**spelled).fit(X, y), LogisticRegression(**plain).fit(X, y)
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-9)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "l2 and l1_ratio": ({"l1_ratio": 0.5, "penalty": "l2"}, "penalty='l2' contradicts l1_ratio=0.5"),
    "newton and l1_ratio": ({"l1_ratio": 0.5, "solver": "newton"}, "needs a gradient everywhere.*use solver='proxnewton'"),
    "sgd and l1_ratio": ({"l1_ratio": 0.5, "solver": "sgd"}, "solver='sgd' needs a gradient everywhere.*use solver='proxnewton'"),
    "l1_ratio above 1": ({"l1_ratio": 2}, "l1_ratio must be a number from 0 to 1"),
    "penalty": ({"penalty": "ridge"}, "penalty must be 'l2', 'l1', 'elasticnet', None for no penalty, or 'auto', but is 'ridge'"),
    "penalty and C": ({"penalty": None, "C": 2.0}, "penalty=None means no penalty, but C=2.0 sets one"),
    "penalty and alpha": ({"penalty": None, "alpha": 0.1}, "but alpha=0.1 sets one"),
    "C and alpha": ({"C": 2.0, "alpha": 0.1}, "C=2.0 and alpha=0.1 both set the strength"),
    "ovr": ({"multi_class": "ovr"}, r"OneVsRestClassifier\(LogisticRegression\(\)\)"),
    "intercept_scaling": ({"intercept_scaling": 10}, "intercept_scaling=10"),
    "C": ({"C": 0}, "C must be above 0"),
    "no strength": ({"C": None}, "C and alpha are both None; C=inf means no penalty"),
    "C text": ({"C": "1"}, "C must be a number, but is '1'"),
    "alpha": ({"alpha": -1}, "alpha must be finite and at least 0"),
    "tol": ({"tol": -1}, "tol must be at least 0"),
    "max_iter": ({"max_iter": -1}, "max_iter must be at least 0"),
    "max_time": ({"max_time": 0}, "max_time must be above 0 seconds"),
    "device": ({"device": "tpu9"}, "device='tpu9' cannot be used here"),
    "random_state": ({"random_state": "x"}, "random_state must be"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_contradictions_are_refused_in_words(case: str) -> None:
    """Naming the argument, its value and the way out."""
    choices, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        LogisticRegression(**choices).fit(*overlapping(8, 100, 3, 3))


def test_max_time_ends_a_fit() -> None:
    """In seconds, and says so."""
    X, y = overlapping(9, 3000, 30, 3)
    with pytest.warns(ConvergenceWarning, match="max_time"):
        model = LogisticRegression(max_time=1e-6, solver="lbfgs").fit(X, y)
    assert model.certificate_.status is Status.MAX_TIME


# ------------------------------------------------------------------------------------------------------- words and progress


def test_penalty_strength_and_units_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """In the summary, in the warning, and on the progress line of a stderr that is no terminal."""
    X, y = overlapping(9, 100, 3, 2)
    model = LogisticRegression(C=0.5, standardize=True, verbose=1).fit(X, y)
    words = "L2 penalty, C=0.5"
    assert repr(model.model_).startswith(f"<Model of 2 classes on 3 columns; {words} (alpha=0.02), on coefficients in standardised")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"minimising mean log loss, {words}, on coefficients in standardised columns" in shown.err
    assert "loss 0.6931" in shown.err
    assert words in str(model.summary())
    with pytest.warns(ConvergenceWarning, match=words):
        LogisticRegression(C=0.5, max_iter=1).fit(X, y)
    with pytest.warns(SeparationWarning, match="no penalty"):
        LogisticRegression(C=np.inf).fit([[0.0], [1.0]], [0, 1])
    LogisticRegression(alpha=0.01).fit(X, y)
    assert capsys.readouterr().err == ""


def test_a_terminal_sees_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the number of epochs, the loss and the accuracy; nothing of it on stdout."""
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    X, y = overlapping(9, 100, 3, 2)
    with pytest.warns(ConvergenceWarning):
        LogisticRegression(verbose=1, solver=solvers.SGD(lr=0.1, epochs=7)).fit(X, y)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "7/7" in shown.err
    assert "accuracy" in shown.err


# ------------------------------------------------------------------------------------------------------------------ tensors


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[gpu, pytest.mark.gpu])])
def test_tensors_in_tensors_out(classes: int, device: str) -> None:
    """On their device and in their precision; the numbers are those of NumPy."""
    X, y = overlapping(10, 300, 4, classes)
    tensor = torch.as_tensor(X, device=device)
    model = LogisticRegression().fit(tensor, torch.as_tensor(y, device=device))
    plain = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-9)
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        found, wanted = getattr(model, name)(tensor), getattr(plain, name)(X)
        assert isinstance(found, torch.Tensor)
        assert found.device == tensor.device
        np.testing.assert_allclose(found.cpu().numpy(), wanted, rtol=1e-9)
    assert model.predict_proba(tensor.float()).dtype == torch.float32
    named = LogisticRegression().fit(tensor, np.array(["a", "b", "c"])[y])
    assert named.predict(tensor).tolist() == np.array(["a", "b", "c"])[plain.predict(X)].tolist()
    with pytest.raises(InputError, match=r"NaN\) in row 1, column 2"):
        model.predict(torch.where(torch.arange(1200, device=device).reshape(300, 4) == 6, torch.nan, tensor))
    with pytest.raises(ValueError, match="3 features"):
        model.predict(tensor[:, :3])


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[gpu, pytest.mark.gpu])])
@pytest.mark.parametrize("solver", ["newton", "lbfgs", "gd"])
def test_a_device_computes_the_same(device: str, solver: str) -> None:
    """With weights, offsets, validation data and float32 rows."""
    X, y = overlapping(11, 400, 5, 3)
    X = (X * [1, 10, 100, 0.1, 1] + 7).astype(np.float32)
    weight, offset = np.random.default_rng(0).uniform(0, 2, 400), np.random.default_rng(1).normal(size=(400, 3))
    there = fitted(X, y, weight, offset=offset, validation_data=(X, y, None, offset), device=device, solver=solver)
    here = fitted(X, y, weight, offset=offset, validation_data=(X, y, None, offset), solver=solver)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-5)
    assert there.certificate_.value == pytest.approx(here.certificate_.value, rel=1e-9)
    assert there.history_["validation_loss"][-1] == pytest.approx(here.history_["validation_loss"][-1], rel=1e-6)
    if device == "cpu":
        np.testing.assert_allclose(fitted(csr_array(X), y, device="cpu").coef_, fitted(X, y).coef_, rtol=1e-6)
    else:
        with pytest.raises(InputError, match="sparse X is multiplied by scipy on the CPU"):
            LogisticRegression(device=device).fit(csr_array(X), y)


# ------------------------------------------------------------------------------------------------------------ what stays true


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 999),
    classes=st.integers(2, 4),
    C=st.sampled_from([0.01, 1.0, 100.0]),
    intercept=st.booleans(),
    standardize=st.booleans(),
)
def test_the_independent_oracle_agrees(seed: int, classes: int, C: float, intercept: bool, standardize: bool) -> None:
    """The gradient of the student's objective vanishes at our optimum, for every choice."""
    X, y = overlapping(seed, 60, 3, classes)
    X = X * [1, 30, 0.2] + [0, 3, -1]
    model = LogisticRegression(C=C, fit_intercept=intercept, standardize=standardize).fit(X, y)
    W, b = model.coef_.T, model.intercept_
    if classes == 2:
        W, b = np.column_stack([0 * W, W]), np.array([0, b[0]])
    G, g = scratch.gradient(W, b, X, scratch.one_hot(y, classes))
    spread = X.std(axis=0) if intercept else np.sqrt((X**2).mean(axis=0))
    pull = model.model_.penalty.alpha * (spread[:, None] ** 2 if standardize else 1.0) * W
    residue = G + pull if classes > 2 else (G + pull)[:, 1:]
    np.testing.assert_allclose(residue, 0, atol=1e-10 * max(1, abs(X).max()))
    if intercept:
        np.testing.assert_allclose(g, 0, atol=1e-12)


def test_validation_data_are_checked_like_the_rest() -> None:
    """The error says that it speaks of them."""
    X, y = overlapping(12, 50, 3, 2)
    for data, words in (
        (X, "must be a tuple"),
        ((X, y + 5), "y of validation_data holds 5 in row|y of validation_data holds 6 in row"),
        ((X[:, :2], y), "X of validation_data has 2 columns"),
        ((np.where(X[3, 1] == X, np.nan, X), y), "validation_data: .*row 3"),
        ((X, None), "no labels"),
        ((X, y, np.zeros(50)), "no row of validation_data has a positive weight"),
    ):
        with pytest.raises(InputError, match=words):
            LogisticRegression().fit(X, y, validation_data=data)
    history = LogisticRegression().fit(X, y, validation_data=(X, y)).history_
    np.testing.assert_allclose(history["validation_loss"], history["loss"], rtol=1e-12)


def test_an_estimator_of_a_loaded_model_predicts(tmp_path: Any) -> None:
    """from_model: fitted, with the model's strength."""
    X, y = overlapping(12, 50, 3, 2)
    LogisticRegression(C=0.3, standardize=True).fit(X, y).save(tmp_path / "m.safetensors")
    model = LogisticRegression.from_model(load(tmp_path / "m.safetensors"))
    assert model.get_params()["C"] == pytest.approx(0.3)
    assert model.standardize
    assert model.predict(X).shape == (50,)


def test_coefficients_that_somebody_writes_are_used() -> None:
    """In place, anew, or on an estimator that never saw a row; and they are not certified."""
    X, y = overlapping(12, 50, 3, 3)
    model = LogisticRegression().fit(X, y)
    model.coef_[:] = 0.0
    model.intercept_[:] = [1.0, 2.0, 3.0]
    np.testing.assert_allclose(model.decision_function(X), np.tile([1.0, 2.0, 3.0], (50, 1)))
    assert not model.summary().to_dict()["certified"]
    bare = LogisticRegression()
    bare.classes_, bare.coef_, bare.intercept_ = np.array(["a", "b"]), np.array([[1.0, 0.0, 0.0]]), np.zeros(1)
    assert bare.predict(X).tolist() == np.where(X[:, 0] > 0, "b", "a").tolist()
    bare.coef_ = np.zeros((3, 3))
    with pytest.raises(InputError, match=r"coef_ has shape \(3, 3\)"):
        bare.predict(X)
    single = LogisticRegression().fit(X.astype(np.float32), y)
    assert single._fitted() is single.model_
    before = single.predict_proba(X)
    np.testing.assert_array_equal(single.sparsify().predict_proba(X), before)


# ------------------------------------------------------------------------------------------------- what a reviewer once found


@pytest.mark.parametrize("intercept", [True, False])
def test_standardised_columns_are_the_same_columns_when_sparse(intercept: bool) -> None:
    """The penalty speaks of the deviation about the mean, in one fit and in pieces, however X is stored."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 3)) * [1, 1, 0] + [0, 10, 3]
    y = (X[:, 1] - 10 + rng.standard_normal(500) > 0).astype(int)
    choices = {"C": 0.01, "standardize": True, "fit_intercept": intercept}
    dense, sparse = (LogisticRegression(**choices).fit(Z, y) for Z in (X, csr_array(X)))
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-9, atol=1e-12)
    assert sparse.certificate_.value == pytest.approx(dense.certificate_.value, rel=1e-10)


def test_frames_in_another_order_are_noticed_everywhere() -> None:
    """In validation data, and in later pieces of frames that scikit-learn cannot read."""
    import pandas as pd
    import polars as pl

    X, y = overlapping(0, 100, 3, 2)
    for make in (pd.DataFrame, pl.DataFrame):
        frame = make({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]})
        other = frame[["b", "c", "a"]]
        with pytest.raises(InputError, match="column 0 of X of validation_data is 'b', but the model was fitted with 'a' there"):
            LogisticRegression().fit(frame, y, validation_data=(other, y))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = LogisticRegression().partial_fit(frame, y).partial_fit(frame, y)
        with pytest.raises(ValueError, match=r"feature names|same names in the same order"):
            model.partial_fit(other, y)


def test_validation_data_need_the_offset_of_the_fit() -> None:
    """As predictions do."""
    X, y = overlapping(0, 100, 3, 2)
    with pytest.raises(InputError, match="the fit has an offset, so validation_data needs one"):
        LogisticRegression().fit(X, y, offset=np.ones(100), validation_data=(X, y))


BROKEN: dict[str, Any] = {
    "other columns": lambda m, X, y: m.fit(np.ones((100, 5)), np.zeros(100)),
    "a bad start": lambda m, X, y: m.fit(X[:, :2], y, init=np.ones((9, 9))),
    "a callback": lambda m, X, y: m.fit(X[:, :2], y, callback=lambda snapshot: 1 / 0),
    "a bad piece": lambda m, X, y: m.partial_fit(X, np.full(100, 7)),
    "an endless piece": lambda m, X, y: m.partial_fit(X * 1e300, y),
    "a bad setting": lambda m, X, y: m.set_params(tol=-1.0).fit(X[:, :2], y),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_failure_leaves_the_old_model_as_it_was(case: str, streamed: bool) -> None:
    """Every fitted attribute, every prediction, and the stream."""
    X, y = overlapping(0, 100, 3, 2)
    solver = solvers.SGD(lr=0.1)
    model, twin = (LogisticRegression(random_state=0, solver=solver) for _ in range(2))
    for m in (model, twin):
        m.partial_fit(X, y) if streamed else fitted_in_place(m, X, y)
    before = {name: value for name, value in vars(model).items() if name.endswith("_")}
    with pytest.raises((ValueError, ZeroDivisionError)):
        BROKEN[case](model, X, y)
    after = {name: value for name, value in vars(model).items() if name.endswith("_")}
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))
    model.set_params(tol=1e-8)
    np.testing.assert_array_equal(model.partial_fit(X, y).coef_, twin.partial_fit(X, y).coef_)


def fitted_in_place(model: LogisticRegression, X: Any, y: Any) -> None:
    """Whatever it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)


def test_pieces_obey_the_settings_of_the_day() -> None:
    """A stronger penalty pulls, a bad rate is refused, another kind of solver too."""
    X, y = overlapping(0, 200, 3, 2)
    model = LogisticRegression(random_state=0).partial_fit(X, y)
    size = abs(model.coef_).max()
    assert abs(model.set_params(C=1e-6).partial_fit(X, y).coef_).max() < size / 2
    with pytest.raises(InputError, match="lr of SGD must be"):
        model.set_params(solver=solvers.SGD(lr=-1.0)).partial_fit(X, y)
    with pytest.raises(InputError, match="keep this solver, or begin anew with fit"):
        model.set_params(solver="adam").partial_fit(X, y)
    with pytest.raises(InputError, match="fit_intercept was True"):
        model.set_params(solver="auto", fit_intercept=False).partial_fit(X, y)


def test_pieces_go_on_from_a_fit() -> None:
    """With its classes and coefficients; its history is gone, since it tells of another model."""
    X, y = overlapping(0, 200, 3, 3)
    model = LogisticRegression(random_state=0).fit(X, y)
    model.partial_fit(X[y == 1], y[y == 1])
    assert model.classes_.tolist() == [0, 1, 2]
    assert not hasattr(model, "history_")
    assert model.certificate_.kkt > 0
    fresh = LogisticRegression()
    for classes, words in (
        ([1], "classes holds only 1 class"),
        ([None, 1, 0], "classes is missing in row 0"),
        ([0, 1, "a"], "mixes labels of type int and str"),
    ):
        with pytest.raises(InputError, match=words):
            fresh.partial_fit(X[:4], y[:4], classes=classes)


def test_a_warm_start_takes_what_predicts() -> None:
    """Written coefficients too, and without the intercept where there is none any more."""
    X, y = overlapping(0, 100, 3, 2)
    model = LogisticRegression(warm_start=True).fit(X, y)
    model.coef_ = np.ones((1, 3))
    np.testing.assert_allclose(fitted_again(model, X, y, max_iter=0).coef_, 1.0, rtol=1e-12)
    assert fitted_again(model, X, y, max_iter=1000, fit_intercept=False).intercept_.tolist() == [0.0]


def fitted_again(model: LogisticRegression, X: Any, y: Any, **choices: Any) -> LogisticRegression:
    """The same estimator with other choices, whatever it warns of."""
    fitted_in_place(model.set_params(**choices), X, y)
    return model


def test_the_precision_of_predictions_is_that_of_the_fit() -> None:
    """For arrays and tensors, and whatever is set afterwards."""
    X, y = overlapping(0, 100, 3, 2)
    single = LogisticRegression(dtype="float32").fit(X, y)
    assert single.predict_proba(torch.as_tensor(X)).dtype == torch.float32
    wide = LogisticRegression(dtype="float64").fit(X.astype(np.float32), y)
    found = wide.predict_proba(X.astype(np.float32))
    assert found.dtype == np.float64
    assert (found != found.astype(np.float32)).any()
    assert wide.set_params(dtype="float32").predict_proba(X).dtype == np.float64


def test_numbers_may_come_from_numpy_and_torch() -> None:
    """Settings of a grid, the weights of a layer, coefficients made sparse."""
    X, y = overlapping(0, 100, 3, 2)
    solver = solvers.SGD(lr=np.float32(0.1), batch_size=np.int64(16), epochs=np.int32(2), momentum=np.float64(0.5))
    fitted(X, y, solver=solver, l1_ratio=np.float64(0), alpha=np.float64(0.1), C=np.float64(1.0))
    layer = torch.nn.Linear(3, 2)
    model = fitted(X, y, init=(layer.weight, layer.bias), max_iter=0)
    weight = layer.weight.detach().double().numpy()
    np.testing.assert_allclose(model.coef_[0], weight[1] - weight[0], rtol=1e-6)
    np.testing.assert_allclose(fitted(X, y, init=model.sparsify(), max_iter=0).coef_[0], weight[1] - weight[0], rtol=1e-6)
    with pytest.raises(InputError, match="not numbers"):
        LogisticRegression().fit(X, y, init=np.ones((1, 3)) * 1j)
    assert LogisticRegression().fit(torch.as_tensor(X).bfloat16(), y).coef_.shape == (1, 3)


BAD_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "fit_intercept text": ({"fit_intercept": "False"}, "fit_intercept must be True or False, but is 'False'"),
    "fit_intercept None": ({"fit_intercept": None}, "fit_intercept must be True or False"),
    "standardize": ({"standardize": 2}, "standardize must be True or False"),
    "momentum": ({"solver": solvers.SGD(momentum="0.9")}, "momentum must be at least 0"),
    "min_delta": ({"solver": solvers.SGD(min_delta=None)}, "min_delta must be finite"),
    "schedule": ({"solver": solvers.SGD(schedule=["a"])}, "schedule=.* is unknown"),
    "cosine": ({"solver": solvers.SGD(schedule="cosine", epochs=None)}, "give epochs"),
    "betas": ({"solver": solvers.Adam(betas=0.9)}, "betas must be two numbers"),
    "betas text": ({"solver": solvers.Adam(betas=("a", "b"))}, "betas must be two numbers"),
    "max_iter": ({"max_iter": math.nan}, "max_iter must be at least 0"),
    "device": ({"device": "meta"}, "device='meta' holds no numbers"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_settings_of_other_kinds_are_refused_in_words(case: str) -> None:
    """Never a TypeError from within."""
    choices, words = BAD_SETTINGS[case]
    with pytest.raises(InputError, match=words):
        LogisticRegression(**choices).fit(*overlapping(0, 50, 3, 2))


@pytest.mark.parametrize("solver", [solvers.GD(lr=1e300), solvers.SGD(lr=1e200), solvers.Adam(lr=1e200)], ids=repr)
def test_numbers_that_overflow_are_no_foreign_warning(solver: Any) -> None:
    """Only the status says it."""
    X, y = overlapping(0, 50, 3, 2)
    with pytest.warns(ConvergenceWarning) as caught:
        model = LogisticRegression(solver=solver).fit(X * 1e10, y)
    assert {found.category for found in caught} == {ConvergenceWarning}
    assert np.isfinite(model.coef_).all()


def test_score_counts_unknown_labels_as_wrong() -> None:
    """As scikit-learn's estimators do, so that folds without a rare class still score."""
    X, y = overlapping(0, 50, 3, 2)
    model = LogisticRegression().fit(X, y)
    other = y.copy()
    other[:5] = 7
    assert model.score(X, other) == pytest.approx((model.predict(X) == other).mean())
    with pytest.raises(InputError, match="y is 7 in row 0"):
        model.metrics(X, other)


def test_a_class_without_mass_is_refused_by_number() -> None:
    """Soft targets: with an intercept its logit has no lowest value; without one it is sound."""
    X, y = overlapping(0, 50, 3, 2)
    P = np.column_stack([np.eye(2)[y], np.zeros(50)])
    with pytest.raises(InputError, match="class 2 has probability 0 in every row"):
        LogisticRegression().fit(X, P)
    assert LogisticRegression(fit_intercept=False).fit(X, P).certificate_.status is Status.CONVERGED


@pytest.mark.parametrize("solver", ["newton", "lbfgs", "sgd", "adam", "gd"])
def test_no_iteration_is_none(solver: str) -> None:
    """Not even the last digits of a start within tol are touched."""
    X, y = overlapping(0, 100, 3, 3)
    best = LogisticRegression().fit(X, y)
    coef, base = best.coef_.round(6), best.intercept_.round(6)
    model = fitted(X, y, init=(coef, base), max_iter=0, solver=solver)
    np.testing.assert_allclose(model.coef_, coef - coef.mean(axis=0), rtol=1e-12, atol=1e-14)
    assert model.n_iter_.tolist() == [0]
    assert model.certificate_.status is Status.CONVERGED
    assert model.certificate_.gap > 1e-16
    assert model.history_["gap"][-1] == model.certificate_.gap


def test_the_best_epoch_is_the_lowest_whatever_counts_as_better() -> None:
    """min_delta is about patience alone."""
    X, y = overlapping(3, 300, 4, 2)
    solver = solvers.SGD(lr=0.02, patience=6, min_delta=0.05, epochs=60)
    model = fitted(X[:200], y[:200], solver=solver, random_state=0, validation_data=(X[200:], y[200:]))
    assert model.metrics(X[200:], y[200:]).log_loss == pytest.approx(model.history_["validation_loss"].min())
