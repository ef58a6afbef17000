"""Laws of the compiled kernels: what they give is what NumPy gives in their place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import logistic.kernels
from logistic.contracts import Block, Design
from logistic.designs import Dense, Intercept, Scaled
from logistic.kernels import compiled
from logistic.loss import Binary
from logistic.study import fused
from logistic.study.passes import Part, evaluate, gradients, gram, grams_apart, part_of

pytestmark = pytest.mark.skipif(compiled is None, reason="the package was built without a C compiler, or LOGISTIC_COMPILED=0")
EDGES = [0.0, -0.0, 1e-300, -1e-300, 36.7, -36.7, 700.0, -700.0, 745.2, -745.2, 1e5, 1e300, -1e300, np.inf, -np.inf, np.nan]
LOSS = Binary()
needs_passes = pytest.mark.skipif(not hasattr(compiled, "joint_sums"), reason="the C compiler has no vectors of its own")


def rows(n: int, seed: int, offset: bool = False, folds: int = 3) -> Part:
    """Rows with weights, some held out twice and some never, learned from up to two times."""
    rng = np.random.default_rng(seed)
    learned, held = rng.integers(0, 3, size=(folds, n)).astype(np.uint8), rng.integers(0, 2, size=(folds, n)).astype(np.uint8)
    learned[0], held[0] = 1, 0
    y, weight = rng.integers(0, 2, size=n).astype(np.int8), rng.uniform(0.1, 2, size=n)
    X = rng.normal(size=(n, 4))
    return part_of(Block(Dense(X), y, weight, rng.normal(size=(n, 1)) if offset else None), learned, held, None, None)


def once(n: int, seed: int, folds: int = 4) -> Part:
    """Rows that are held out by one fold each, and learned from by all others."""
    part, holder = rows(n, seed, folds=folds), np.random.default_rng(seed).integers(0, folds, size=n)
    held = (holder == np.arange(folds)[:, None]) & (np.arange(folds) > 0)[:, None]
    return part_of(part.block, (~held).astype(np.uint8), held.astype(np.uint8), None, None)


def assert_alike(part: Part, W: np.ndarray, uses: np.ndarray, fold: np.ndarray) -> None:
    """All that is asked of a part, by the kernel and by NumPy, to the rounding of the terms that are added up."""
    twin = part._replace(stored=None)
    assert part.stored is not None
    columns, size = W.T.copy(), 1 + abs(part.block.X.ready().dense()).max()
    count = len(part.block.y) * 4 * size
    for slopes in (True, False):
        for ours, theirs in zip(
            evaluate(part, LOSS, columns, uses, fold, slopes), evaluate(twin, LOSS, columns, uses, fold, slopes), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=2e-16 * count)
    own = np.ascontiguousarray(columns[:, uses])
    for values in (True, False):
        for ours, theirs in zip(gradients(part, LOSS, own, fold, values), gradients(twin, LOSS, own, fold, values), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=2e-16 * count)
    place = W[0][:, None]
    np.testing.assert_allclose(gram(part, LOSS, place, 1)[0], gram(twin, LOSS, place, 1)[0], rtol=1e-13, atol=2e-16 * count * size)
    apart, others = grams_apart(part, LOSS, place)[0], grams_apart(twin, LOSS, place)[0]
    np.testing.assert_allclose(apart, others, rtol=1e-13, atol=2e-16 * count * size)
    np.testing.assert_array_equal(apart, apart.swapaxes(1, 2))


# ------------------------------------------------------------------------------------------------------- the loss of rows


@example(np.array(EDGES), 0)
@given(arrays(np.float64, st.integers(0, 30), elements=st.sampled_from(EDGES) | st.floats(width=64)), st.integers(0, 2**20))
@settings(deadline=None, derandomize=True, database=None, max_examples=150)
def test_the_loss_of_two_classes_is_that_of_its_twin(eta: np.ndarray, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 2, size=len(eta))
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        found = [LOSS.evaluate(eta[:, None], codes.astype(kind)) for kind in (np.int8, np.int64, np.float64)]
        patch.setattr(logistic.kernels, "compiled", None)
        losses, residual = LOSS.evaluate(eta[:, None], codes)
    for ours in found:
        assert ours[1].shape == residual.shape
        np.testing.assert_allclose(ours[0], losses, rtol=9e-16, atol=1e-323)
        np.testing.assert_allclose(ours[1], residual, rtol=9e-16, atol=1e-323)


def test_other_numbers_go_to_the_twin() -> None:
    """Single precision, every other row, other codes: the same losses."""
    eta, codes = np.linspace(-5, 5, 20)[:, None], np.arange(20) % 2
    losses, residual = LOSS.evaluate(eta, codes)
    for given_eta, given_codes in (
        (eta.astype(np.float32), codes),
        (np.repeat(eta, 2, axis=0)[::2], codes),
        (eta, codes.astype(bool)),
        (eta, codes.astype(np.uint8)),
        (eta, np.repeat(codes, 2)[::2]),
    ):
        values, slopes = LOSS.evaluate(given_eta, given_codes)
        np.testing.assert_allclose(values, losses, rtol=1e-6)
        np.testing.assert_allclose(slopes, residual, rtol=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [
        (np.zeros(3), np.zeros(2), np.zeros(3), np.zeros(3)),
        (np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(2)),
        (np.zeros(3), np.zeros(3, dtype=bool), np.zeros(3), np.zeros(3)),
        (np.zeros(3, dtype=int), np.zeros(3), np.zeros(3), np.zeros(3)),
        (np.zeros(6)[::2], np.zeros(3), np.zeros(3), np.zeros(3)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments: tuple[np.ndarray, ...]) -> None:
    with pytest.raises(ValueError):
        compiled.binary_loss(*arguments)


# -------------------------------------------------------------------------------------------------- many fits in one pass


@needs_passes
@pytest.mark.parametrize("n", [1, 7, 64, 65, 1300])
@pytest.mark.parametrize("offset", [False, True])
def test_a_pass_is_that_of_its_twin(n: int, offset: bool) -> None:
    """Any number of rows, folds mixed, sets of coefficients that several fits share."""
    rng = np.random.default_rng(n)
    W, uses, fold = rng.normal(size=(7, 4)), np.sort(rng.integers(0, 7, size=23)), rng.integers(0, 3, size=23)
    assert_alike(rows(n, n, offset), W, uses, fold)


@needs_passes
@pytest.mark.parametrize("n", [5, 900])
def test_folds_that_learn_alike_share_what_they_need(n: int) -> None:
    part, fold = once(n, n), np.arange(12) % 4
    assert_alike(part, np.random.default_rng(n).normal(size=(3, 4)), np.arange(12) // 4, fold)


@needs_passes
def test_more_fits_than_a_call_takes() -> None:
    rng, many = np.random.default_rng(0), 2 * fused.AT_ONCE + 3
    assert_alike(rows(200, 0), rng.normal(size=(many, 4)), np.arange(many), rng.integers(0, 3, size=many))


@needs_passes
@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e3, 1e299])
def test_extreme_logits(scale: float) -> None:
    """Residuals of any size keep their relative accuracy: columns that are zero but for one row each."""
    part = rows(4, 1)
    apart = part._replace(block=Block(Dense(np.eye(4)), part.block.y, part.block.weight))
    apart = part_of(apart.block, part.learned, part.held, None, None)
    W = scale * np.array([[1.0, -1.0, 0.5, -0.7], [-1.0, 1.0, -0.5, 0.7]])
    with np.errstate(all="ignore"):
        ours, theirs = (
            gradients(each, LOSS, W.T.copy(), np.zeros(2, dtype=int), True) for each in (apart, apart._replace(stored=None))
        )
    np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-15, atol=1e-307)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=2e-15, atol=1e-307)


def designs(X: np.ndarray) -> list[Design]:
    """The same columns in every way in which they may lie."""
    center, scale = np.array([0.1, -2.0, 0.0]), np.array([0.5, 1.0, 3.0])
    return [
        Dense(X),
        Dense(np.asfortranarray(X)),
        Dense(np.repeat(X, 2, axis=0)[::2]),
        Dense(X.astype(np.float32)),
        Intercept(Dense(X)),
        Intercept(Scaled(Dense(X), center, scale)),
        Intercept(Scaled(Dense(np.asfortranarray(X).astype(np.float32)), center, scale)),
        Scaled(Dense(X), None, scale),
    ]


@needs_passes
@pytest.mark.parametrize("which", range(8))
def test_columns_as_they_lie(which: int) -> None:
    part, rng = once(333, 2), np.random.default_rng(5)
    design = designs(rng.normal(size=(333, 3)))[which]
    held = part_of(Block(design, part.block.y, part.block.weight), part.learned, part.held, None, None)
    W = rng.normal(size=(6, design.shape[1]))
    assert_alike(held, W, np.arange(6), np.arange(6) % 4)
    assert held.stored is not None
    solid = fused.solid(held.stored, held.runs.order, design.shape[1])
    np.testing.assert_allclose(solid, design.ready().dense()[held.runs.order], rtol=1e-6 if which in (3, 6) else 1e-15)


@needs_passes
def test_what_no_kernel_reads() -> None:
    """Soft targets, whole numbers, scales near the ends of float64, and no rows at all."""
    part, none = rows(6, 0), rows(0, 0)
    assert none.stored is None
    value, grad, held, _ = evaluate(none, LOSS, np.ones((4, 2)), np.arange(2), np.arange(2))
    for sums in (value, grad, held):
        np.testing.assert_array_equal(sums, np.zeros_like(sums))
    y, X = part.block.y, np.asarray(part.block.X.dense())
    assert fused.stored(Block(Dense(X), np.stack([1 - y, y], axis=1), part.block.weight)) is None
    assert fused.stored(Block(Dense((9 * X).astype(int)), y, part.block.weight)) is None
    assert fused.stored(Block(Scaled(Dense(X), None, np.full(4, 1e-200)), y, part.block.weight)) is None


@needs_passes
def test_the_same_rows_give_the_same_bits() -> None:
    part, rng = rows(1000, 3), np.random.default_rng(3)
    W, fold = rng.normal(size=(4, 9)), rng.integers(0, 3, size=9)
    for ours, again in zip(gradients(part, LOSS, W, fold, True), gradients(part, LOSS, W, fold, True), strict=True):
        np.testing.assert_array_equal(ours, again)


@needs_passes
@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, np.zeros((5, 2), dtype=int)),
        (0, np.zeros(5)),
        (1, np.array([0, 1, 2, 3, 9])),
        (1, np.arange(4)),
        (2, np.zeros(3)),
        (4, np.zeros(4)),
        (5, np.array([0, 9])),
        (5, np.array([3, 1])),
        (5, None),
        (6, np.zeros((1, 5))),
        (6, np.zeros(2)),
        (7, np.zeros(4)),
        (8, np.array([1])),
        (9, np.array([-1])),
        (9, np.array([2])),
        (10, None),
        (11, np.zeros(5)),
        (12, np.zeros(3)),
        (13, np.zeros((3, 2))),
    ],
)
def test_a_pass_refuses_what_does_not_fit(place: int, wrong: np.ndarray | None) -> None:
    zero = np.zeros(1, dtype=int)
    rest = [np.ones(5), zero, zero, np.ones((2, 5)), None, np.zeros((1, 2)), np.zeros((3, 1))]
    arguments = [np.zeros((5, 2)), None, None, None, None, np.array([0, 5]), np.zeros((1, 2)), *rest]
    compiled.joint_sums(*arguments)
    arguments[place] = wrong
    with pytest.raises(ValueError):
        compiled.joint_sums(*arguments)


@needs_passes
def test_a_pass_takes_as_many_arrays_as_it_has_arguments() -> None:
    """Order, centre, factor, offset, rows held out, gradients and sums, all at once."""
    n, p, rng = 40, 3, np.random.default_rng(0)
    X, y, one = rng.normal(size=(n, p)), np.ones(n), np.ones(p)
    none, zero, cuts, grad, sums = None, np.zeros(2, dtype=int), np.array([0, n]), np.zeros((2, p)), np.zeros((3, 2))
    W, each, order = np.ones((1, p)), np.ones((1, n)), rng.permutation(n)
    compiled.joint_sums(X, order, one, one, y, cuts, W, y, zero, zero, each, each, grad, sums)
    alone, others = np.zeros((2, p)), np.zeros((3, 2))
    compiled.joint_sums((X - 1)[order], none, none, none, y, cuts, W, y, zero, zero, each, each, alone, others)
    np.testing.assert_allclose(grad, alone, rtol=1e-12)
    np.testing.assert_allclose(sums, others, rtol=1e-12)


@needs_passes
def test_a_pass_of_nothing_is_nothing() -> None:
    """No columns, no sets, no fits."""
    nothing, cuts, W, sums = np.zeros(0, dtype=int), np.array([0, 5]), np.zeros((0, 0)), np.zeros((3, 0))
    rest = [cuts, W, np.ones(5), nothing, nothing, np.ones((1, 5)), None, W, sums]
    compiled.joint_sums(np.zeros((5, 0)), None, None, None, None, *rest)


def test_rows_at_odd_addresses_are_left_to_numpy() -> None:
    """Such as those of a field of packed records."""
    packed = np.zeros(9, dtype=[("flag", "i1"), ("X", "f8", (4,))])["X"]
    assert not packed.flags.aligned
    assert fused.stored(Block(Dense(packed), np.zeros(9, dtype=np.int8), np.ones(9), None)) is None
