"""Laws of the compiled kernels: they are there, they agree with their twins, and they refuse what they cannot read."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from logistic import kernels
from logistic.loss import Binary, Softmax

needed = pytest.mark.skipif(kernels.compiled is None, reason="this installation runs on NumPy alone")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
@pytest.mark.skipif(os.environ.get("LOGISTIC_COMPILED") == "0", reason="LOGISTIC_COMPILED=0 leaves them out")
def test_they_are_compiled_where_there_is_a_compiler():
    """Or every other test of them would pass by not running."""
    assert kernels.compiled is not None


@needed
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 33])
@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 640])
@pytest.mark.parametrize("codes", [np.int8, np.int64, np.uint16])
def test_softmax_is_that_of_numpy(classes, n, codes, monkeypatch):
    """Losses, residuals and probabilities of rows easy and hard, to the last digits; codes of whatever whole numbers."""
    rng = np.random.default_rng(classes + n)
    eta = np.asfortranarray(rng.normal(size=(n, classes)) * 10.0 ** rng.uniform(-12, 2.7, size=(n, 1)))
    y = rng.integers(classes, size=n).astype(codes)
    y[::2] = eta[::2].argmax(axis=1) if n else y[::2]
    loss = Softmax(classes)
    assert kernels.softmax_loss(eta.T, y) is not None
    found = (*loss.evaluate(eta, y), loss.probabilities(eta))
    monkeypatch.setattr(kernels, "compiled", None)
    for one, other in zip(found, (*loss.evaluate(eta, y), loss.probabilities(eta)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14, atol=1e-300)


@needed
def test_numbers_that_are_not_finite_spoil_their_own_row_alone():
    """A logit that is not finite is found by the value of its row, as in NumPy, and by no other."""
    eta = np.asfortranarray(np.zeros((70, 3)))
    eta[3, 1], eta[66, 2] = np.nan, np.inf
    losses, residual = Softmax(3).evaluate(eta, np.zeros(70, dtype=np.int64))
    sound = np.isfinite(losses) & np.isfinite(residual).all(axis=1)
    assert np.flatnonzero(~sound).tolist() == [3, 66]


@needed
def test_arrays_that_do_not_fit_are_refused():
    """In words, before anything is written."""
    z, y, losses, residual, space = np.zeros((3, 5)), np.zeros(5, np.int64), np.zeros(5), np.zeros((3, 5)), np.zeros(2 * 3 * 64)
    softmax = kernels.compiled.softmax_loss
    for wrong in (
        (z, y + 3, losses, residual, space),
        (z, y - 1, losses, residual, space),
        (z, y, losses[:4], residual, space),
        (z, y, losses, residual[:2], space),
        (z, y, losses, residual, space[:-1]),
        (z.astype(np.float32), y, losses, residual, space),
        (z, y.astype(np.int32), losses, residual, space),
        (z[:, ::2], y, losses, residual, space),
    ):
        with pytest.raises((ValueError, BufferError)):
            softmax(*wrong)
    with pytest.raises(TypeError):
        softmax(z, y)
    residual.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        softmax(z, y, losses, residual, space)


def test_numbers_at_odd_addresses_are_read():
    """Whatever reads them."""
    z, y = (np.zeros(size * 8 + 1, dtype=np.uint8)[1:].view(kind) for size, kind in ((15, np.float64), (5, np.int64)))
    z[:], y[:] = np.arange(15.0) % 4, [0, 1, 1, 0, 1]
    for loss, eta in ((Softmax(3), z.reshape(3, 5).T), (Binary(), z[:5, None])):
        assert not eta.flags.aligned
        for found, wanted in zip(loss.evaluate(eta, y), loss.evaluate(eta.copy(), y.copy()), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-15)
        np.testing.assert_allclose(loss.probabilities(eta), loss.probabilities(eta.copy()), rtol=1e-15)
