"""Laws of profile-likelihood intervals: brute force finds the same ends; units, shifts and order of rows do not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.optimize import brentq, minimize
from scipy.sparse import csr_array
from scipy.special import logsumexp

from logistic import InputError, LogisticRegression, SeparationWarning
from logistic.inference.estimates import estimates
from logistic.profile import confint, crossing, profiled
from logistic.refit import likelihood
from logistic.restricted import RestrictedObjective, minimised, nearest
from support import overlapping

pd = pytest.importorskip("pandas")
mpmath = pytest.importorskip("mpmath")

CHI = 3.841458820694124  # 95 %


def problem(seed=0, n=150, p=2, classes=2):
    X, y = overlapping(seed, n, p, classes, spread=0.6)
    return pd.DataFrame(X, columns=["a", "b", "c", "d"][:p]), y


def fitted(X, y, **rows):
    return LogisticRegression(C=np.inf).fit(X, y, **rows)


def ends(found):
    return np.stack([found.low, found.high])


# --------------------------------------------------------------------------------------------------------------- the finder


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("reach", [1e-6, 0.3, 2.0, 50.0])
@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("square", lambda v: (2 * v**2, 4 * v)),
        ("line", lambda v: (3 * (math.hypot(1, v) - 1), 3 * v / math.hypot(1, v))),
        ("skew", lambda v: (math.exp(v) - 1 - v, math.exp(v) - 1) if v < 700 else (math.inf, math.inf)),
        ("quartic", lambda v: (v**4, 4 * v**3)),
    ],
)
def test_crossings_of_known_profiles(name, profile, reach, side):
    """Wherever the search begins."""
    found = crossing(profile, 0.0, side * reach, CHI)
    exact = brentq(lambda v: profile(v)[0] - CHI, 0, side * 10, xtol=1e-14, rtol=1e-14)
    assert found == pytest.approx(exact, rel=1e-9)


def test_a_profile_that_never_crosses_is_infinite():
    """It nears a height below the level."""

    def profile(v):
        return 1 + math.tanh(v), 1 / math.cosh(min(abs(v), 300)) ** 2

    assert crossing(profile, -20.0, 1.0, CHI) == math.inf
    assert crossing(lambda v: (max(-v, 0.0) ** 2, min(2 * v, 0.0)), 0.0, 1.0, CHI) == math.inf
    assert crossing(lambda v: (max(-v, 0.0) ** 2, min(2 * v, 0.0)), 0.0, -1.0, CHI) == pytest.approx(-(CHI**0.5))


def test_few_evaluations_are_enough():
    """A logistic profile takes a handful."""
    seen = []

    def profile(v):
        seen.append(v)
        return 20 * (math.log1p(math.exp(v)) + math.log1p(math.exp(-v)) - 2 * math.log(2)), 20 * math.tanh(v / 2)

    crossing(profile, 0.0, 0.6, CHI)
    assert len(seen) <= 5


# -------------------------------------------------------------------------------------------------------------- brute force


def deviance(theta, X, y, classes, weight, offset):
    """Of reference-coded coefficients (C, q)."""
    eta = np.zeros((len(X), classes))
    eta[:, 1:] = X @ theta.reshape(classes - 1, -1).T
    eta = eta + offset
    return 2 * weight @ (logsumexp(eta, axis=1) - eta[np.arange(len(X)), y])


def brute(X, y, classes, place, start, weight, offset, bracket):
    """Both ends by minimising over all other coefficients with BFGS, and bisection."""
    free = np.arange(len(start)) != place
    base = minimize(deviance, start, (X, y, classes, weight, offset), method="BFGS", options={"gtol": 1e-9}).fun

    def above(value):
        def held(rest):
            theta = np.empty(len(start))
            theta[free], theta[place] = rest, value
            return deviance(theta, X, y, classes, weight, offset)

        return minimize(held, start[free], method="BFGS", options={"gtol": 1e-9}).fun - base - CHI

    return [brentq(above, start[place], end, xtol=1e-9) for end in bracket]


@pytest.mark.parametrize("classes", [2, 3])
def test_ends_are_those_of_brute_force(classes):
    """With weights and offsets, for two classes and for three."""
    X, y = problem(classes=classes, n=120)
    rng = np.random.default_rng(0)
    weight = rng.uniform(0.5, 2, len(y))
    offset = rng.normal(size=(len(y), classes)) * 0.3
    given = offset[:, 1] - offset[:, 0] if classes == 2 else offset
    found = fitted(X, y, sample_weight=weight, offset=given).confint(X, y, sample_weight=weight, offset=given)
    design = np.column_stack([X, np.ones(len(y))])
    start = found.estimate.reshape(-1)
    for place in range(len(start)):
        low, high = found.low.reshape(-1)[place], found.high.reshape(-1)[place]
        wide = (start[place] + 1.5 * (low - start[place]), start[place] + 1.5 * (high - start[place]))
        expected = brute(design, y, classes, place, start, weight, offset, wide)
        np.testing.assert_allclose([low, high], expected, rtol=2e-6)


def test_at_an_end_the_likelihood_ratio_is_the_quantile():
    """To nine digits, whatever the level."""
    X, y = problem(classes=3)
    model = fitted(X, y)
    for level, quantile in ((0.5, 0.454936423119573), (0.95, CHI), (0.999, 10.82756617006244)):
        found = model.confint(X, y, level, columns="a", reference=1)
        for value in (*found.low[:, 0], *found.high[:, 0]):
            c = int(np.flatnonzero((found.low[:, 0] == value) | (found.high[:, 0] == value))[0])
            test = model.likelihood_ratio_test(X, y, f"[{found.contrasts[c][0]}]a = {float(value)!r}", reference=1)
            assert test.statistic == pytest.approx(quantile, rel=1e-9)


# --------------------------------------------------------------------------------------------------------------------- laws


@settings(max_examples=10, deadline=None)
@given(unit=st.floats(-6, 6), shift=st.floats(-1e4, 1e4))
def test_units_and_shifts(unit, shift):
    """An interval is in the units of its column; a shift moves that of the intercept alone, and by what it stands for."""
    X, y = problem()
    Z = X.assign(a=(X["a"] + shift) * 10**unit)
    first, second = ends(fitted(X, y).confint(X, y)), ends(fitted(Z, y).confint(Z, y))
    np.testing.assert_allclose(second[:, 0, 0] * 10**unit, first[:, 0, 0], rtol=1e-7)
    np.testing.assert_allclose(second[:, 0, 1], first[:, 0, 1], rtol=1e-7)


def test_order_repetition_blocks_and_sparse_rows():
    """The same rows, however they come."""
    X, y = problem()
    expected = ends(fitted(X, y).confint(X, y))
    times = np.random.default_rng(0).integers(1, 4, len(y))
    counted = ends(fitted(X, y, freq_weights=times).confint(X, y, freq_weights=times))
    Z, z = X.loc[X.index.repeat(times)], np.repeat(y, times)
    np.testing.assert_allclose(ends(fitted(Z, z).confint(Z, z)), counted, rtol=1e-8)
    np.testing.assert_allclose(ends(fitted(X[::-1], y[::-1]).confint(X[::-1], y[::-1])), expected, rtol=1e-8)
    S = csr_array(X.to_numpy())
    np.testing.assert_allclose(ends(fitted(S, y).confint(S, y)), expected, rtol=1e-8)


def test_the_reference_class_turns_intervals_round():
    """Of two classes the ends change places and signs; of three each pair has one interval."""
    X, y = problem()
    model = fitted(X, y)
    np.testing.assert_allclose(model.confint(X, y, reference=1).low, -model.confint(X, y).high, rtol=1e-9)
    X, y = problem(classes=3)
    model = fitted(X, y)
    first, second = model.confint(X, y, reference=0), model.confint(X, y, reference=2)
    assert (first.contrasts[1], second.contrasts[0]) == ((2, 0), (0, 2))
    np.testing.assert_allclose(first.low[1], -second.high[0], rtol=1e-8)


def test_without_an_intercept_and_with_many_columns_chosen():
    """Names are chosen in the order given; the intercept is one of them where there is one."""
    X, y = problem(p=3)
    model = LogisticRegression(C=np.inf, fit_intercept=False).fit(X, y)
    assert model.confint(X, y).names == ("a", "b", "c")
    found = fitted(X, y).confint(X, y, columns=["intercept", "b"])
    whole = fitted(X, y).confint(X, y)
    assert found.names == ("intercept", "b")
    np.testing.assert_allclose(ends(found), ends(whole)[:, :, [3, 1]], rtol=1e-12)
    assert pd.DataFrame(found.table)["name"].tolist() == ["intercept", "b"]
    assert "intercept" in str(found)
    assert found.to_dict()["level"] == 0.95


def test_aliased_columns_have_no_interval():
    """The others keep theirs."""
    X, y = problem(p=3)
    Z = X.assign(twin=X["a"] - 1)
    with pytest.warns(UserWarning, match="twin"):
        model = fitted(Z, y)
    found = model.confint(Z, y)
    assert np.isnan(found.low[0, [0, 3, 4]]).all()
    np.testing.assert_allclose(ends(found)[:, :, 1:3], ends(fitted(X, y).confint(X, y))[:, :, 1:3], rtol=1e-7)


def test_what_has_no_profile_is_refused():
    """In words."""
    X, y = problem()
    with pytest.raises(InputError, match="fit with C=inf"):
        LogisticRegression(C=1.0).fit(X, y).confint(X, y)
    model = fitted(X, y)
    with pytest.raises(InputError, match="no coefficient; did you mean 'a'"):
        model.confint(X, y, columns="A")
    with pytest.raises(InputError, match="level must be between 0 and 1"):
        model.confint(X, y, level=95)
    with pytest.raises(InputError, match="not those that the model was fitted to"):
        confint(model.model_, X, 1 - y)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_slope_of_a_profile_is_its_derivative(classes):
    """The force of the hypothesis, by finite differences."""
    X, y = problem(classes=classes)
    model = fitted(X, y).model_
    found = estimates(model)
    with likelihood(model, X, y) as whole:
        for j in range(3):
            profile, start, error = profiled(whole, found, classes - 2, j)
            assert profile(start)[0] == pytest.approx(0, abs=1e-10)
            assert error == pytest.approx(found.errors[classes - 2, j], rel=1e-8)
            for value in (start - 2 * error, start + 0.5 * error):
                h = 1e-4 * error
                numeric = (profile(value + h)[0] - profile(value - h)[0]) / (2 * h)
                assert profile(value)[1] == pytest.approx(numeric, rel=1e-6)


# --------------------------------------------------------------------------------------------------------------- on a plane


def exact_loss(design, y, W):
    """Mean loss in forty digits."""
    W = [[mpmath.mpf(float(w)) for w in row] for row in W]
    total = mpmath.mpf(0)
    for x, k in zip(design.tolist(), y.tolist(), strict=True):
        eta = [mpmath.fdot(x, column) for column in zip(*W, strict=True)]
        eta = eta if len(eta) > 1 else [mpmath.mpf(0), *eta]
        total += mpmath.log(mpmath.fsum(mpmath.exp(e - eta[k]) for e in eta))
    return total / len(y)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), classes=st.integers(2, 4), r=st.integers(1, 5), exponent=st.floats(-10, -1))
def test_a_certificate_on_a_plane_bounds_the_gap_on_it(seed, classes, r, exponent):
    """In forty digits, as float64 cannot tell such gaps: never too small, by no tolerance; and not idle near the minimum.

    The minimum is that on the plane itself; stored points are beside it by their rounding, which first-order terms put right.
    """
    rng = np.random.default_rng(seed)
    X, y = problem(seed, 100, 3, classes)
    model = fitted(X, y).model_
    with likelihood(model, X, y) as known, mpmath.workdps(40):
        objective, (q, M) = known.objective, known.whole.W.shape
        normals = rng.normal(size=(q, M, min(r, q - 1)))
        normals = np.linalg.qr((normals - normals.mean(axis=1, keepdims=True) * (M > 1)).reshape(q * M, -1))[0]
        values = rng.normal(size=normals.shape[1]) * 0.1
        solution = minimised(objective, normals, values, known.whole.W)
        plane = RestrictedObjective(objective, normals, values)
        W = plane.canonical(solution.point.W + 10**exponent * plane.plane.along(rng.normal(size=(q, M))))
        point, certificate = plane.certify(plane.at(W))
        (handle,) = objective.rows.handles
        design, end = handle.X.dense(), solution.point.W
        slope = normals.T @ objective.at(end).grad.reshape(-1)
        pairs = zip(normals.T.tolist(), values.tolist(), strict=True)
        beside = [mpmath.fdot(normal, end.reshape(-1).tolist()) - b for normal, b in pairs]
        reached = exact_loss(design, y, end)
        lowest = reached - mpmath.fdot(slope.tolist(), beside)
        gap = exact_loss(design, y, point.W) - lowest
        assert solution.certificate.kind == "proof"
        assert reached - lowest <= solution.certificate.gap < 1e-14
        assert gap <= certificate.gap
        if exponent < -2:
            assert certificate.gap <= 2 * gap + 1e-14
        W = nearest(normals, values, known.whole.W, known.whole.hessian)
        np.testing.assert_allclose(normals.T @ W.reshape(-1), values, atol=1e-12)


def test_rounding_of_a_gradient_on_a_plane_is_bounded():
    """Against extended precision: never more than the prover says, and that is little."""
    rng = np.random.default_rng(2)
    X, y = problem(n=500, p=4)
    model = fitted(X, y).model_
    with likelihood(model, X, y) as known:
        normals = np.linalg.qr(rng.normal(size=(5, 2)))[0]
        plane = RestrictedObjective(known.objective, normals, np.zeros(2))
        point = plane.at(plane.canonical(rng.normal(size=(5, 1))))
        (handle,) = known.objective.rows.handles
        design = handle.X.dense().astype(np.longdouble)
        p = 1 / (1 + np.exp(-(design @ point.W.astype(np.longdouble))))
        exact = design.T @ (p[:, 0] - y) / len(y)
        exact = exact - normals @ (normals.T @ exact)
        bound = plane.prover._rounding(point).gradient[:, 0]
        error = abs(point.grad[:, 0] - exact)
        assert (error > 0).any()
        assert (error <= bound).all()
        assert bound.max() < 1e-12


# --------------------------------------------------------------------------------------------------------------- separation


def separated(n=120):
    X, y = problem(n=n)
    X["only"] = ((np.arange(n) % 5 == 0) & (y == 1)).astype(float)
    X["never"] = ((np.arange(n) % 7 == 0) & (y == 0)).astype(float)
    with pytest.warns(SeparationWarning):
        return X, y, fitted(X, y)


def test_separation_leaves_one_end_or_all_as_they_are():
    """Where a coefficient is infinite its other end is found; the finite ones have the intervals of the rows that are left."""
    X, y, model = separated()
    found = dict(zip(model.confint(X, y).names, ends(model.confint(X, y))[:, 0].T, strict=True))
    open_ = (X["only"] == 0) & (X["never"] == 0)
    rest = fitted(X.loc[open_, ["a", "b"]], y[open_]).confint(X.loc[open_, ["a", "b"]], y[open_])
    for i, name in enumerate(rest.names):
        np.testing.assert_allclose(found[name], ends(rest)[:, 0, i], rtol=1e-8)
    assert found["only"][1] == math.inf
    assert found["never"][0] == -math.inf
    for other, name, end in (("never", "only", 0), ("only", "never", 1)):
        kept = X[other] == 0
        with pytest.warns(SeparationWarning):
            alone = fitted(X.loc[kept].drop(columns=other), y[kept])
        expected = alone.confint(X.loc[kept].drop(columns=other), y[kept], columns=name)
        assert found[name][end] == pytest.approx(ends(expected)[end, 0, 0], rel=1e-7)
        test = model.likelihood_ratio_test(X, y, f"{name} = {float(found[name][end])!r}")
        assert test.statistic == pytest.approx(CHI, rel=1e-8)


def test_three_classes_of_which_one_stands_apart():
    """Against the others nothing bounds it; their own contrast has the intervals of their rows alone."""
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    with pytest.warns(SeparationWarning):
        model = fitted(X, y)
    found = model.confint(X, y, columns=["x0", "x3"], reference=1)
    alone = fitted(X[y > 0], y[y > 0]).confint(X[y > 0], y[y > 0], columns=["x0", "x3"])
    np.testing.assert_allclose(ends(found)[:, 1], ends(alone)[:, 0], rtol=1e-7)
    assert np.isinf(ends(found)[:, 0]).all()
    assert np.isnan(found.estimate[0]).all()
