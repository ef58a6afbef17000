"""Laws of the losses: digits against 200-bit arithmetic, derivatives against stencils and autograd, and the symmetries."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import logistic.loss as module
from logistic.contracts import Loss
from logistic.loss import Binary, Softmax

LOSSES: dict[str, Loss] = {"binary": Binary(), "softmax3": Softmax(3), "softmax5": Softmax(5)}
LIBRARIES: dict[str, Callable[[Any], Any]] = {"numpy": np.asarray, "torch": torch.as_tensor}
TINY = 2.0**-1022
EPS = 2.0**-52
quick = settings(deadline=None, derandomize=True, database=None, max_examples=60)


@pytest.fixture(params=LOSSES, name="loss")
def _loss(request: pytest.FixtureRequest) -> Loss:
    return LOSSES[request.param]


@pytest.fixture(params=LIBRARIES, name="to")
def _to(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return LIBRARIES[request.param]


def wide(columns: int) -> np.ndarray:
    """Logits of every size and closeness, (n, columns): alone, mixed within a row, and in clusters."""
    sizes = [0.0, -0.0, 1e-300, -1e-20, 1 / 3, -1 / 3, np.nextafter(1 / 3, 1), 37.5, 700.0, -700.25, 745.0, -745.0, 1e300, -1e300]
    large = 1e5 + 1 / 3
    sizes += [large, -large, np.nextafter(large, 0), large + 1e-9, large - 2 / 3, large - 30.1, large - 744.9]
    rng = np.random.default_rng(columns)
    alone = np.repeat(np.array(sizes)[:, None], columns, axis=1)
    mixed = rng.choice(sizes, size=(150, columns))
    centres = rng.choice([s for s in sizes if abs(s) < 1e10], size=(150, 1))
    clusters = centres + rng.normal(size=(150, columns)) * 10.0 ** rng.uniform(-15, 2.7, size=(150, 1))
    return np.vstack([alone, mixed, clusters])


def moderate(loss: Loss, n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of size 3, codes, and soft targets of any mass."""
    rng = np.random.default_rng(7)
    eta = 3 * rng.normal(size=(n, loss.columns))
    soft = rng.dirichlet(np.ones(loss.classes), size=n) * rng.uniform(0.2, 2, size=(n, 1))
    return eta, rng.integers(loss.classes, size=n), soft


def directions(shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(11)
    return rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, size=shape)


def all_targets(loss: Loss, n: int) -> list[np.ndarray]:
    """Every code, and soft targets with a zero among them."""
    soft = np.random.default_rng(3).dirichlet(np.ones(loss.classes), size=n) * np.linspace(0.5, 2, n)[:, None]
    soft[::5, 0] = 0.0
    return [*(np.full(n, k) for k in range(loss.classes)), soft]


def all_outputs(loss: Loss, eta: Any, y: Any, V: Any) -> list[Any]:
    """Everything that the loss can say about these rows, as NumPy arrays."""
    pairs = [h for _, _, h in loss.curvature_pairs(eta)]
    found = [*loss.evaluate(eta, y), loss.curvature(eta, V), loss.probabilities(eta), loss.log_probabilities(eta), *pairs]
    return [np.asarray(array) for array in found]


# ------------------------------------------------------------------------------------------------- digits, against 200 bits


class Exact(NamedTuple):
    """One row in 200-bit arithmetic; ``cost[k] = -log p[k]``."""

    p: list[Any]
    rest: list[Any]  # 1 - p, summed without cancellation
    cost: list[Any]


@functools.cache
def exact_rows(name: str) -> list[Exact]:
    loss = LOSSES[name]
    with mpmath.workprec(200):
        rows = []
        for row in wide(loss.columns):
            z = [mpmath.mpf(0)] * (loss.classes - loss.columns) + [mpmath.mpf(v) for v in row]
            top = max(z)
            e = [mpmath.exp(v - top) if v - top > -5000 else mpmath.mpf(0) for v in z]
            first = e.index(max(e))
            others = mpmath.fsum(e[:first] + e[first + 1 :])
            total, tail = 1 + others, mpmath.log1p(others)
            rest = [mpmath.fsum(e[:k] + e[k + 1 :]) / total for k in range(len(z))]
            rows.append(Exact([v / total for v in e], rest, [(top - v) + tail for v in z]))
        return rows


def ulps(found: float, exact: Any, size: Any) -> float:
    """Distance in units in the last place of ``size``; that of a number below the normal range is 5e-324."""
    return float(abs(mpmath.mpf(float(found)) - exact) / math.ulp(float(size)))


def name_of(loss: Loss) -> str:
    return next(name for name, known in LOSSES.items() if known is loss)


def test_loss_and_log_probability_within_2_ulp(loss: Loss, to: Callable) -> None:
    """Loss of every code and log-probability of every class, for logits of every size."""
    eta = wide(loss.columns)
    log_p = np.asarray(loss.log_probabilities(to(eta)))
    values = [np.asarray(loss.evaluate(to(eta), to(np.full(len(eta), k)))[0]) for k in range(loss.classes)]
    with mpmath.workprec(200):
        for i, row in enumerate(exact_rows(name_of(loss))):
            for k, cost in enumerate(row.cost):
                assert ulps(values[k][i], cost, cost) <= 2, (eta[i], k)
                assert ulps(log_p[i, k], -cost, cost) <= 2, (eta[i], k)


def test_probabilities_and_residuals_within_2_ulp(loss: Loss, to: Callable) -> None:
    """p, and the residual of every code, keep their relative accuracy however small they are."""
    eta = wide(loss.columns)
    p = np.asarray(loss.probabilities(to(eta)))
    residuals = [np.asarray(loss.evaluate(to(eta), to(np.full(len(eta), k)))[1]) for k in range(loss.classes)]
    offset = loss.classes - loss.columns
    with mpmath.workprec(200):
        for i, row in enumerate(exact_rows(name_of(loss))):
            for k, exact in enumerate(row.p):
                assert ulps(p[i, k], exact, exact) <= 2, (eta[i], k)
            for true, residual in enumerate(residuals):
                for column in range(loss.columns):
                    k = column + offset
                    exact = -row.rest[k] if k == true else row.p[k]
                    assert ulps(residual[i, column], exact, abs(exact)) <= 2, (eta[i], true, k)


def test_soft_targets_within_2_ulp(loss: Loss, to: Callable) -> None:
    """Loss relative to itself; the residual p * mass - t is a difference, so its error is counted in ulps of the larger term."""
    eta = wide(loss.columns)
    soft = all_targets(loss, len(eta))[-1]
    values, residual = (np.asarray(a) for a in loss.evaluate(to(eta), to(soft)))
    offset = loss.classes - loss.columns
    with mpmath.workprec(200):
        for i, row in enumerate(exact_rows(name_of(loss))):
            t = [mpmath.mpf(v) for v in soft[i]]
            mass = mpmath.fsum(t)
            cost = mpmath.fsum(a * b for a, b in zip(t, row.cost, strict=True))
            assert ulps(values[i], cost, cost) <= 2, eta[i]
            for column in range(loss.columns):
                k = column + offset
                size = max(row.p[k] * mass, t[k])
                assert ulps(residual[i, column], row.p[k] * mass - t[k], size) <= 2, (eta[i], k)


def test_curvature_product_within_2_ulp(loss: Loss, to: Callable) -> None:
    """(diag(p) - p pᵀ) v = sum_l p_k p_l (v_k - v_l), within 2 ulp of the sum of absolute terms.

    A difference of v's that cancels in the sum costs digits in any arithmetic, hence the absolute terms. A probability below the
    normal range has fewer bits to begin with, hence the floor.
    """
    eta = wide(loss.columns)
    V = directions(eta.shape)
    product = np.asarray(loss.curvature(to(eta), to(V)))
    offset = loss.classes - loss.columns
    with mpmath.workprec(200):
        for i, row in enumerate(exact_rows(name_of(loss))):
            v = [mpmath.mpf(0)] * offset + [mpmath.mpf(x) for x in V[i]]
            floor = mpmath.mpf(TINY) * max(1, *(abs(x) for x in v))
            for column in range(loss.columns):
                k = column + offset
                terms = [row.p[k] * q * (v[k] - x) for q, x in zip(row.p, v, strict=True)]
                size = max(mpmath.fsum(abs(term) for term in terms), floor)
                assert ulps(product[i, column], mpmath.fsum(terms), size) <= 2, (eta[i], V[i], k)


def test_curvature_pairs_within_2_ulp(loss: Loss, to: Callable) -> None:
    """p_k (1 - p_k) and p_k p_l for k < l, each pair once, relative to themselves; never negative."""
    eta = wide(loss.columns)
    offset = loss.classes - loss.columns
    pairs = [(k, m, np.asarray(h)) for k, m, h in loss.curvature_pairs(to(eta))]
    assert [(k, m) for k, m, _ in pairs] == [(k, m) for k in range(loss.columns) for m in range(k, loss.columns)]
    with mpmath.workprec(200):
        for i, row in enumerate(exact_rows(name_of(loss))):
            for k, m, h in pairs:
                exact = row.p[k + offset] * (row.rest[k + offset] if k == m else row.p[m + offset])
                assert h[i] >= 0
                assert ulps(h[i], exact, max(exact, mpmath.mpf(TINY))) <= 2, (eta[i], k, m)


def test_float32_stays_finite_and_stays_float32(loss: Loss, to: Callable) -> None:
    """Logits of +-1e30 in single precision: no infinity, no NaN, no silent change of type."""
    eta = np.random.default_rng(0).choice(np.float32([1e30, -1e30, 0, 1, -88, 104]), size=(60, loss.columns))
    eta[:3] = np.float32([[1e30], [-1e30], [0]])
    V = np.ones_like(eta)
    for y in all_targets(loss, len(eta)):
        target = y.astype(np.float32) if y.ndim == 2 else y
        for found in all_outputs(loss, to(eta), to(target), to(V)):
            assert found.dtype == np.float32
            assert np.isfinite(found).all()


def test_float64_stays_finite_to_1e300(loss: Loss, to: Callable) -> None:
    """Wide logits give finite numbers everywhere, with the shapes of the contract."""
    eta = wide(loss.columns)
    n, M, K = len(eta), loss.columns, loss.classes
    for y in all_targets(loss, n):
        found = all_outputs(loss, to(eta), to(y), to(directions(eta.shape)))
        assert [a.shape for a in found[:5]] == [(n,), (n, M), (n, M), (n, K), (n, K)]
        assert all(a.shape == (n,) for a in found[5:])
        assert all(np.isfinite(a).all() for a in found)
        assert (found[0] >= 0).all()


# ------------------------------------------------------------------------------------------------------------- derivatives


def five_point(f: Callable[[np.ndarray], np.ndarray], eta: np.ndarray, direction: np.ndarray, h: float = 2.0**-9) -> np.ndarray:
    """The derivative of ``f`` along the direction, to order h⁴."""
    near, far = (f(eta + s * h * direction) - f(eta - s * h * direction) for s in (1, 2))
    return (8 * near - far) / (12 * h)


@pytest.mark.parametrize("soft", [False, True])
def test_residual_is_the_derivative_of_the_loss(loss: Loss, soft: bool) -> None:
    """Against a five-point stencil in each logit."""
    eta, codes, targets = moderate(loss)
    y = targets if soft else codes
    _, residual = loss.evaluate(eta, y)
    for k in range(loss.columns):
        direction = np.zeros_like(eta)
        direction[:, k] = 1
        found = five_point(lambda e: loss.evaluate(e, y)[0], eta, direction)
        np.testing.assert_allclose(found, residual[:, k], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("soft", [False, True])
def test_curvature_is_the_derivative_of_the_residual(loss: Loss, soft: bool) -> None:
    """Against a five-point stencil along V; soft targets scale it by their mass, which the contract leaves to mass one."""
    eta, codes, targets = moderate(loss)
    y = targets / targets.sum(axis=1, keepdims=True) if soft else codes
    V = np.random.default_rng(1).normal(size=eta.shape)
    found = five_point(lambda e: loss.evaluate(e, y)[1], eta, V)
    np.testing.assert_allclose(found, loss.curvature(eta, V), rtol=1e-9, atol=1e-10)


def class_scores(loss: Loss, eta: torch.Tensor) -> torch.Tensor:
    return torch.cat([torch.zeros_like(eta), eta], dim=1) if loss.columns == 1 else eta


def distribution(loss: Loss, y: np.ndarray) -> torch.Tensor:
    return torch.tensor(y if y.ndim == 2 else np.eye(loss.classes)[y])


def cross_entropy(loss: Loss, eta: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Written with torch's own functions: sum_k t_k (logsumexp(z) - z_k)."""
    z = class_scores(loss, eta)
    return (t * (torch.logsumexp(z, dim=1, keepdim=True) - z)).sum(dim=1)


@pytest.mark.parametrize("soft", [False, True])
def test_loss_and_residual_equal_an_independent_cross_entropy(loss: Loss, soft: bool) -> None:
    """Values, and torch's gradient of its own cross-entropy."""
    rows, codes, targets = moderate(loss)
    y = targets if soft else codes
    eta = torch.tensor(rows, requires_grad=True)
    theirs = cross_entropy(loss, eta, distribution(loss, y))
    theirs.sum().backward()
    values, residual = loss.evaluate(rows, y)
    np.testing.assert_allclose(values, theirs.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(residual, eta.grad.numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("where", ["moderate", "zero", "tied"])
def test_autograd_through_the_loss_gives_the_residual(loss: Loss, soft: bool, where: str) -> None:
    """A tape through this loss agrees with its residual, also at zero logits, where every module starts."""
    rows, codes, targets = moderate(loss)
    rows = {"moderate": rows, "zero": np.zeros_like(rows), "tied": np.repeat(rows[:, :1], loss.columns, axis=1)}[where]
    y = torch.as_tensor(targets if soft else codes)
    eta = torch.tensor(rows, requires_grad=True)
    values, residual = loss.evaluate(eta, y)
    values.sum().backward()
    np.testing.assert_allclose(eta.grad.numpy(), residual.detach().numpy(), rtol=1e-12, atol=1e-15)


def test_autograd_through_the_residual_gives_the_curvature(loss: Loss) -> None:
    """A tape through the residual, applied to V."""
    rows, codes, _ = moderate(loss)
    V = torch.as_tensor(np.random.default_rng(2).normal(size=rows.shape))
    _, product = torch.autograd.functional.jvp(lambda e: loss.evaluate(e, torch.as_tensor(codes))[1], torch.as_tensor(rows), V)
    np.testing.assert_allclose(product.numpy(), loss.curvature(rows, V.numpy()), rtol=1e-11, atol=1e-14)


def assembled(loss: Loss, eta: Any) -> np.ndarray:
    """(n, M, M) from the pairs, whose off-diagonal entries count negative."""
    H = np.zeros((len(eta), loss.columns, loss.columns))
    for k, m, h in loss.curvature_pairs(eta):
        H[:, k, m] = H[:, m, k] = np.asarray(h) if k == m else -np.asarray(h)
    return H


def test_curvature_product_equals_the_assembled_matrix(loss: Loss, to: Callable) -> None:
    """curvature(V) = H V, with H symmetric and positive semidefinite in each row."""
    eta, _, _ = moderate(loss)
    V = np.random.default_rng(4).normal(size=eta.shape)
    H = assembled(loss, to(eta))
    np.testing.assert_allclose(np.asarray(loss.curvature(to(eta), to(V))), np.einsum("nkm,nm->nk", H, V), rtol=1e-12, atol=1e-15)
    assert np.linalg.eigvalsh(H).min() >= -1e-15


# -------------------------------------------------------------------------------------------------------------- symmetries


def test_numpy_equals_torch(loss: Loss) -> None:
    """Both libraries give the same numbers to 1e-12, wide logits included."""
    eta = wide(loss.columns)
    V = directions(eta.shape)
    for y in all_targets(loss, len(eta)):
        ours = all_outputs(loss, eta, y, V)
        theirs = all_outputs(loss, torch.as_tensor(eta), torch.as_tensor(y), torch.as_tensor(V))
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            # the soft residual (1) and the curvature product (2) are differences; so their floor is that of their terms
            floor = 1e-15 if k == 1 and y.ndim == 2 else 1e-12 * abs(V).max(axis=1, keepdims=True) if k == 2 else 1e-305
            assert (abs(a - b) <= 1e-12 * abs(a) + floor).all()


@pytest.mark.parametrize("shift", [2.0**10, -(2.0**20), 3 * 2.0**15])
@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.columns == loss.classes])
def test_an_exact_shift_changes_no_bit(name: str, shift: float, to: Callable) -> None:
    """One number added to all logits of a row changes nothing: exactly, where the addition itself is exact."""
    loss = LOSSES[name]
    eta = np.random.default_rng(0).integers(-(2**18), 2**18, size=(50, loss.columns)) * 2.0**-10
    V = directions(eta.shape)
    for y in all_targets(loss, len(eta)):
        before, after = (all_outputs(loss, to(e), to(y), to(V)) for e in (eta, eta + shift))
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a, b)


@quick
@given(
    eta=arrays(np.float64, (4, 3), elements=st.floats(-40, 40)),
    shift=st.floats(-1e3, 1e3),
    y=arrays(np.int64, 4, elements=st.integers(0, 2)),
)
def test_any_shift_changes_nothing_beyond_its_rounding(eta: np.ndarray, shift: float, y: np.ndarray) -> None:
    """The addition moves each logit by at most an ulp of 1040, which is all that the loss may feel."""
    loss, moved = Softmax(3), 4 * np.spacing(1040.0)
    for a, b in zip(loss.evaluate(eta, y), loss.evaluate(eta + shift, y), strict=True):
        np.testing.assert_allclose(a, b, rtol=moved, atol=moved)
    np.testing.assert_allclose(loss.probabilities(eta), loss.probabilities(eta + shift), rtol=moved)


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.columns == loss.classes])
def test_permuting_classes_permutes_everything(name: str, to: Callable) -> None:
    """Classes have no order."""
    loss = LOSSES[name]
    eta = wide(loss.columns)
    V = np.random.default_rng(5).normal(size=eta.shape)
    order = np.random.default_rng(6).permutation(loss.classes)
    back = np.argsort(order)  # code k becomes back[k]
    for y in all_targets(loss, len(eta)):
        moved = y[:, order] if y.ndim == 2 else back[y]
        value, residual, product, p, log_p, *_ = all_outputs(loss, to(eta), to(y), to(V))
        again = all_outputs(loss, to(eta[:, order]), to(moved), to(V[:, order]))
        np.testing.assert_allclose(again[0], value, rtol=1e-14, atol=1e-305)
        np.testing.assert_allclose(again[1], residual[:, order], rtol=1e-14, atol=4 * EPS if y.ndim == 2 else 1e-305)
        np.testing.assert_allclose(again[2], product[:, order], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(again[3], p[:, order], rtol=1e-14, atol=1e-305)
        np.testing.assert_allclose(again[4], log_p[:, order], rtol=1e-14)


def test_probe_law(to: Callable) -> None:
    """Binary(eta) = Softmax(2)([0, eta]): value, second column of the residual, curvature, probabilities."""
    one, two = Binary(), Softmax(2)
    eta = wide(1)
    V = directions(eta.shape)
    both, along = (np.hstack([np.zeros_like(a), a]) for a in (eta, V))
    np.testing.assert_array_equal(np.asarray(one.class_logits(to(eta))), both)
    np.testing.assert_array_equal(np.asarray(two.class_logits(to(both))), both)
    for y in all_targets(one, len(eta)):
        value, residual, product, p, log_p, pair = all_outputs(one, to(eta), to(y), to(V))
        of_two = all_outputs(two, to(both), to(y), to(along))
        np.testing.assert_allclose(of_two[0], value, rtol=1e-14, atol=1e-305)
        np.testing.assert_allclose(of_two[1][:, 1:], residual, rtol=1e-14, atol=4 * EPS if y.ndim == 2 else 1e-305)
        np.testing.assert_allclose(of_two[2][:, 1:], product, rtol=1e-14, atol=1e-300)
        np.testing.assert_allclose(of_two[3], p, rtol=1e-14, atol=1e-305)
        np.testing.assert_allclose(of_two[4], log_p, rtol=1e-14)
        np.testing.assert_allclose(of_two[7], pair, rtol=1e-14, atol=1e-305)


@quick
@given(data=st.data())
@pytest.mark.parametrize("name", LOSSES)
def test_probabilities_sum_to_one(name: str, data: st.DataObject) -> None:
    """Within 4 ulp, for any finite logits to 1e300, and exp(log p) is p."""
    loss = LOSSES[name]
    numbers = st.one_of(st.floats(-1e300, 1e300), st.floats(-50, 50))
    eta = data.draw(arrays(np.float64, (3, loss.columns), elements=numbers))
    for to in LIBRARIES.values():
        p = np.asarray(loss.probabilities(to(eta)))
        assert (abs(p.sum(axis=1) - 1) <= 4 * EPS).all()
        assert ((p >= 0) & (p <= 1)).all()
        np.testing.assert_allclose(np.exp(np.asarray(loss.log_probabilities(to(eta)))), p, rtol=1e-12, atol=1e-300)


def test_residual_sums_to_zero_and_the_gauge_has_no_curvature() -> None:
    """Softmax: the residual of a row sums to 0 whatever the mass, and equal numbers in V give exactly 0."""
    for loss in (loss for loss in LOSSES.values() if loss.columns == loss.classes):
        eta = wide(loss.columns)
        for y in all_targets(loss, len(eta)):
            assert abs(loss.evaluate(eta, y)[1].sum(axis=1)).max() <= 8 * EPS
        same = np.repeat(directions((len(eta), 1)), loss.columns, axis=1)
        np.testing.assert_array_equal(loss.curvature(eta, same), np.zeros_like(eta))


def test_one_hot_targets_equal_codes(loss: Loss, to: Callable) -> None:
    """All mass on one class is that class; the residual of a certain row, p - 1, is rounded like 1."""
    eta = wide(loss.columns)
    for k in range(loss.classes):
        value, residual = loss.evaluate(to(eta), to(np.full(len(eta), k)))
        one_hot = np.zeros((len(eta), loss.classes))
        one_hot[:, k] = 1
        soft_value, soft_residual = loss.evaluate(to(eta), to(one_hot))
        np.testing.assert_allclose(np.asarray(soft_value), np.asarray(value), rtol=4 * EPS)
        np.testing.assert_allclose(np.asarray(soft_residual), np.asarray(residual), rtol=4 * EPS, atol=2 * EPS)


def test_soft_targets_are_linear(loss: Loss, to: Callable) -> None:
    """The loss of soft targets is the mixture of the losses of the codes."""
    eta, _, soft = moderate(loss)
    value, residual = (np.asarray(a) for a in loss.evaluate(to(eta), to(soft)))
    by_code = [loss.evaluate(eta, np.full(len(eta), k)) for k in range(loss.classes)]
    np.testing.assert_allclose(value, sum(soft[:, k] * v for k, (v, _) in enumerate(by_code)), rtol=1e-13)
    np.testing.assert_allclose(residual, sum(soft[:, [k]] * r for k, (_, r) in enumerate(by_code)), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int64"])
def test_codes_of_any_integer_type(loss: Loss, kind: str, to: Callable) -> None:
    """Encoded labels come in the smallest type that holds them."""
    eta, codes, _ = moderate(loss)
    expected = loss.evaluate(eta, codes)
    for a, b in zip(loss.evaluate(to(eta), to(codes.astype(kind))), expected, strict=True):
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-14)


def test_no_rows(loss: Loss, to: Callable) -> None:
    """An empty block has empty answers."""
    eta = to(np.zeros((0, loss.columns)))
    for y in (np.zeros(0, dtype=np.int8), np.zeros((0, loss.classes))):
        for found in all_outputs(loss, eta, to(y), eta):
            assert found.shape[0] == 0


def test_nothing_is_mutated(loss: Loss, to: Callable) -> None:
    """Logits, targets and directions keep their bytes."""
    eta = wide(loss.columns)
    V = directions(eta.shape)
    for y in all_targets(loss, len(eta)):
        given_arrays = [np.array(a) for a in (eta, y, V)]
        if to is np.asarray:
            for a in given_arrays:
                a.setflags(write=False)
        all_outputs(loss, *(to(a) for a in given_arrays))
        for before, after in zip((eta, y, V), given_arrays, strict=True):
            assert before.tobytes() == after.tobytes()


def test_every_loss_is_tested() -> None:
    """A loss without laws fails here."""
    members = {c for c in vars(module).values() if isinstance(c, type) and issubclass(c, Loss) and c is not Loss}
    assert members == {type(loss) for loss in LOSSES.values()}


def test_steepness_bounds_the_diagonal_of_the_curvature(loss: Loss, to: Callable) -> None:
    """Never below p (1 - p), and above it by rounding alone, for logits of any size."""
    rng = np.random.default_rng(3)
    for size in (1.0, 30.0, 1e3):
        eta = to(size * rng.normal(size=(50, loss.columns)))
        diagonal = [np.asarray(h) for k, m, h in loss.curvature_pairs(eta) if k == m]
        found = np.asarray(loss.steepness(eta))
        assert found.shape == (50, loss.columns)
        for k, exact in enumerate(diagonal):
            assert (found[:, k] >= exact).all()
            assert (found[:, k] <= exact + 1e-15).all()
