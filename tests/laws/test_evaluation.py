"""Laws of a block's evaluation: what the compiled pass gives is what NumPy gives step by step, whatever is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from logistic import evaluation, kernels
from logistic.contracts import Block, Design, Loss
from logistic.designs import Dense, Intercept, Scaled, stored
from logistic.evaluation import Evaluation, evaluated
from logistic.loss import Binary, Softmax

needed = pytest.mark.skipif(kernels.compiled is None, reason="this installation runs on NumPy alone")


@pytest.fixture(autouse=True, scope="module")
def of_any_size() -> Iterator[None]:
    """Few rows will do to try the kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "SMALL", 0)
        yield


def made(
    n: int, p: int, K: int, kind: str = "float64", columns: str = "plain", far: float = 1.0, seed: int = 0
) -> tuple[Block, Any]:
    """A block of that many rows, columns and classes, and coefficients."""
    rng = np.random.default_rng([n, p, K, seed])
    center, scale = far * rng.normal(size=p), 10.0 ** rng.uniform(-3, 3, size=p)
    X = (rng.normal(size=(n, p)) * scale + center).astype(kind)
    design: Design = Dense(X)
    if columns != "plain":
        design = Scaled(design, center if columns == "centred" else None, scale)
    else:
        design = Dense((X / np.maximum(abs(X).max(initial=1.0), 1.0)).astype(kind))
    ones = bool(seed % 2)
    offset = [None, rng.normal(size=(n, 1)), rng.normal(size=(n, K))][seed % 3]
    block = Block(Intercept(design) if ones else design, rng.integers(max(K, 2), size=n).astype(np.int8), rng.random(n), offset)
    return block, rng.normal(size=(p + ones, K)) / (1 + p) ** 0.5


def loss_of(K: int) -> Loss:
    """With K columns."""
    return Binary() if K == 1 else Softmax(K)


def plainly(monkeypatch: pytest.MonkeyPatch, *args: Any) -> Evaluation:
    """Without the kernel."""
    with monkeypatch.context() as patch:
        patch.setattr(kernels, "compiled", None)
        return evaluated(*args)


def same(one: Evaluation, other: Evaluation, block: Block) -> None:
    """To the rounding of the terms that are added up."""
    X = np.asarray(block.X.absolute().dense()) if block.y.ndim == 1 else 0
    for name in ("along", "eta"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12 * (1 + np.max(X, initial=0.0)))
    np.testing.assert_allclose(one.value, other.value, rtol=1e-11)
    bound = 1e-11 * (X.T @ block.weight)[:, None] + 1e-300
    assert (abs(one.gradient - other.gradient) <= bound * (1 + np.max(X, initial=0.0))).all()


@needed
@settings(deadline=None, max_examples=60)
@given(
    n=st.sampled_from([1, 3, 4, 63, 64, 65, 130]),
    p=st.sampled_from([1, 2, 3, 4, 5, 8, 15, 16, 17, 40, 300, 9000]),
    K=st.integers(1, 20),
    kind=st.sampled_from(["float64", "float32"]),
    columns=st.sampled_from(["plain", "scaled", "centred"]),
    seed=st.integers(0, 5),
)
def test_the_compiled_pass_is_that_of_numpy(n: int, p: int, K: int, kind: str, columns: str, seed: int) -> None:
    """Logits, loss and gradient: from nothing, from an offset, along a line, and where logits are known already."""
    loss = loss_of(K)
    block, W = made(n, p, K, kind, columns, seed=seed)
    start = np.random.default_rng(seed).normal(size=(n, K))
    known = plainly(pytest.MonkeyPatch(), block, loss, W).along
    for args in ((W, block.offset), (W, start, 0.3), (None, start, 0.3, known), (None, start), (W, np.asfortranarray(start), -2.0)):
        assert evaluation._compiled(block, loss, *(args + (None, None, 1.0, None)[len(args) :])) is not None
        same(evaluated(block, loss, *args), plainly(pytest.MonkeyPatch(), block, loss, *args), block)


@needed
@pytest.mark.parametrize("K", [1, 4])
@pytest.mark.parametrize("far", [1e3, 1e6])
def test_a_large_shift_costs_no_digits(far: float, K: int) -> None:
    """Columns are centred before they are multiplied, however far they are: the answer is that of the centred columns."""
    block, W = made(100, 30, K, columns="centred", far=far, seed=1)
    whole = Block(Dense(np.asarray(block.X.dense())), block.y, block.weight)
    one, other = evaluated(block, loss_of(K), W), evaluated(whole, loss_of(K), W)
    np.testing.assert_allclose(one.eta, other.eta, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(one.gradient, other.gradient, rtol=1e-12, atol=1e-12)


@needed
@pytest.mark.parametrize("K", [1, 5])
def test_what_is_known_gives_the_same_bits(K: int) -> None:
    """Whether the logits, or those of the direction, are remembered or computed."""
    block, W = made(333, 70, K, "float32", "centred", seed=1)
    start = np.random.default_rng(3).normal(size=(333, K))
    first = evaluated(block, loss_of(K), W, start, 0.37)
    again = evaluated(block, loss_of(K), None, start, 0.37, first.along)
    known = evaluated(block, loss_of(K), None, first.eta)
    for other in (again, known):
        assert first.eta.tobytes() == other.eta.tobytes()
        assert first.gradient.tobytes() == other.gradient.tobytes()
        assert first.value == other.value


def test_what_the_kernel_is_not_made_for_is_done_step_by_step() -> None:
    """Many classes, soft targets, columns side by side, other numbers, scales at the ends of float64."""
    block, W = made(40, 6, 3)
    X = stored(block.X)
    assert X is not None
    shares = np.full((40, 3), 1 / 3)
    for other, loss in (
        (made(40, 6, 21)[0], Softmax(21)),
        (Block(block.X, shares, block.weight), Softmax(3)),
        (Block(Dense(np.asfortranarray(X.X)), block.y, block.weight), Softmax(3)),
        (Block(Dense(X.X.astype(np.float16)), block.y, block.weight), Softmax(3)),
        (Block(Scaled(Dense(X.X), None, np.full(6, 1e200)), block.y, block.weight), Softmax(3)),
    ):
        assert evaluation._compiled(other, loss, W, None, 1.0, None) is None
    found = evaluated(Block(block.X, shares, block.weight), Softmax(3), W)
    np.testing.assert_allclose(found.gradient.sum(axis=1), 0, atol=1e-12)  # residuals of a row add up to zero


@needed
def test_arguments_that_do_not_fit_are_refused() -> None:
    """In words, before anything is written."""
    n, p, K = 5, 4, 3
    good = {
        "X": np.zeros((n, p)),
        "center": None,
        "coef": np.zeros((K, p)),
        "base": np.zeros(K),
        "start": None,
        "y": np.zeros(n, np.int64),
        "weight": np.ones(n),
        "along": None,
        "eta": np.zeros((K, n)),
        "pull": np.zeros((K, p)),
        "sums": np.zeros(K),
        "t": 1.0,
    }
    assert kernels.compiled.loss_pass(*good.values()) == pytest.approx(n * np.log(K))
    for name, wrong in {
        "X": (np.zeros((n, p + 1)), np.zeros((n, p), np.float16), np.zeros((n, p), np.int32), np.zeros((n, 2 * p))[:, ::2], None),
        "center": (np.zeros(p + 1), np.zeros(p, np.float32)),
        "coef": (np.zeros((K, p - 1)), np.zeros((K, p), np.float32)),
        "base": (np.zeros(K - 1), None),
        "start": (np.zeros((K, n - 1)),),
        "y": (np.full(n, K), np.full(n, -1), np.zeros(n, np.int32), np.zeros(n + 1, np.int64)),
        "weight": (np.ones(n - 1), None),
        "along": (np.zeros((K, n + 1)),),
        "eta": (np.zeros((K, n - 1)), None),
        "pull": (np.zeros((K - 1, p)), None),
        "sums": (np.zeros(K + 1), None),
        "t": ("far", None),
    }.items():
        for value in wrong:
            with pytest.raises((ValueError, BufferError, TypeError)):
                kernels.compiled.loss_pass(*{**good, name: value}.values())
    assert not good["pull"].any()
    with pytest.raises(TypeError):
        kernels.compiled.loss_pass(*list(good.values())[:-1])
    many = {
        **good,
        "sums": np.zeros(21),
        "coef": np.zeros((21, p)),
        "base": np.zeros(21),
        "pull": np.zeros((21, p)),
        "eta": np.zeros((21, n)),
    }
    with pytest.raises(ValueError, match="too many"):
        kernels.compiled.loss_pass(*many.values())
    assert (
        kernels.compiled.loss_pass(
            *{**good, "X": np.zeros((0, p)), "y": good["y"][:0], "weight": np.ones(0), "eta": np.zeros((K, 0))}.values()
        )
        == 0
    )
