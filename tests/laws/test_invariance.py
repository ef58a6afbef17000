"""What must not matter does not matter: order, labels, units, shifts, repetition, storage, blocks."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import coo_array, csc_array, csr_array, csr_matrix

from logistic import frame as frame_module
from logistic.outcome import Status
from support import certified, fit_arrays, overlapping


def _proba(X, y, at=None, **choices):
    return fit_arrays(X, y, **choices).model.predict_proba(X if at is None else at)


CHOICES = [{"alpha": 0.0}, {"C": 1.0}, {"C": 0.1, "standardize": True}, {"alpha": 0.0, "solver": "lbfgs"}]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.sampled_from([2, 3]), choices=st.sampled_from(CHOICES))
def test_order_of_rows_columns_and_classes_changes_nothing(seed, classes, choices):
    """Predictions agree to 1e-10 after rows, columns and labels are permuted."""
    rng = np.random.default_rng(seed)
    X, y = overlapping(seed, 150, 4, classes)
    rows, columns, labels = rng.permutation(150), rng.permutation(4), rng.permutation(classes)
    base = _proba(X, y, **choices)
    np.testing.assert_allclose(_proba(X[rows], y[rows], at=X, **choices), base, atol=1e-10)
    np.testing.assert_allclose(_proba(X[:, columns], y, **choices), base, atol=1e-10)
    np.testing.assert_allclose(_proba(X, labels[y], **choices)[:, labels], base, atol=1e-10)
    names = np.array(["x", "a", "m"])[:classes]
    np.testing.assert_allclose(_proba(X, names[y], **choices)[:, np.argsort(np.argsort(names))], base, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.sampled_from([2, 3]), choices=st.sampled_from(CHOICES))
def test_weight_k_is_k_copies_and_weight_zero_is_absent(seed, classes, choices):
    """To 1e-10 in predictions; rows of weight zero leave not a bit behind."""
    rng = np.random.default_rng(seed)
    X, y = overlapping(seed, 120, 3, classes)
    weight = rng.integers(0, 4, 120).astype(float)
    weight[:classes] = 1.0
    repeated = np.repeat(np.arange(120), weight.astype(int))
    here = fit_arrays(X, y, weight, **choices).model
    np.testing.assert_allclose(here.predict_proba(X), _proba(X[repeated], y[repeated], at=X, **choices), atol=1e-10)
    kept = weight > 0
    absent = fit_arrays(X[kept], y[kept], weight[kept], **choices).model
    np.testing.assert_array_equal(here.coef, absent.coef)
    np.testing.assert_array_equal(here.base, absent.base)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("choices", CHOICES)
def test_a_shift_of_a_column_changes_nothing(classes, choices):
    """Predictions agree to 1e-9 when columns move by 1e6, with any penalty."""
    X, y = overlapping(3, 200, 3, classes)
    moved = X + np.array([1e6, 0.0, -1e6])
    np.testing.assert_allclose(_proba(moved, y, **choices), _proba(X, y, **choices), atol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("choices", [CHOICES[0], CHOICES[2], CHOICES[3]])
def test_units_change_nothing_without_a_raw_penalty(classes, choices):
    """Predictions agree to 1e-9 in any units, and coefficients scale inversely."""
    X, y = overlapping(4, 200, 3, classes)
    units = np.array([1e-8, 1e8, 3.0])
    base, scaled = fit_arrays(X, y, **choices).model, fit_arrays(X * units, y, **choices).model
    np.testing.assert_allclose(scaled.predict_proba(X * units), base.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(scaled.coef * units, base.coef, rtol=1e-9, atol=1e-12)
    assert scaled.certificate.status is Status.CONVERGED


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_certified_values_in_other_units(scale):
    """Ten digits on real data whose columns are rescaled: where others stall in silence."""
    data = certified("spector")
    model = fit_arrays(data.X * [1.0, scale, 1.0], data.y, alpha=0.0).model
    expected = [float(data.reference["coef"]["1"][column]) for column in data.columns]
    np.testing.assert_allclose(model.coef[0] * [1.0, scale, 1.0], expected, rtol=1e-10)


def test_a_raw_penalty_in_wild_units_is_still_certified():
    """With a penalty in raw units the optimum moves with the units, and it is certified all the same."""
    X, y = overlapping(5, 200, 3, 3)
    for solver in ("newton", "lbfgs"):
        model = fit_arrays(X * np.array([1e-8, 1e8, 1.0]), y, C=1.0, solver=solver).model
        assert model.certificate.status is Status.CONVERGED
        assert np.abs(model.coef[:, 0]).max() < 1e-6  # pinned to zero by the penalty
        assert "units of the data" in str(model.penalty)


SPARSE = {
    "csr_array": csr_array,
    "csr_matrix": csr_matrix,
    "csc_array": csc_array,
    "coo_array": coo_array,
}


def _messy(X: np.ndarray) -> csr_array:
    """The same matrix in CSR with int64 indices, unsorted within rows, and every entry split in two."""
    rows = [np.flatnonzero(row)[::-1] for row in X]
    indices = np.concatenate([np.repeat(row, 2) for row in rows]).astype(np.int64)
    data = np.concatenate([np.repeat(X[i, row] / 2, 2) for i, row in enumerate(rows)])
    pointers = np.cumsum([0, *(2 * len(row) for row in rows)]).astype(np.int64)
    return csr_array((data, indices, pointers), shape=X.shape)


@pytest.mark.parametrize("kind", [*SPARSE, "messy"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("choices", [{"alpha": 1e-3}, {"C": 1.0, "fit_intercept": False}])
def test_sparse_is_dense(kind, classes, choices):
    """Empty rows and columns, any storage: predictions agree to 1e-12, and the input keeps its bytes."""
    X, y = overlapping(6, 150, 6, classes)
    X = np.where(np.abs(X) < 0.8, 0, X)
    X[:, 2] = 0
    X[7] = 0
    stored = _messy(X) if kind == "messy" else SPARSE[kind](X)
    before = _hash(stored)
    model = fit_arrays(stored, y, **choices).model
    np.testing.assert_allclose(model.predict_proba(stored), _proba(X, y, **choices), atol=1e-12)
    assert _hash(stored) == before


def _hash(X) -> str:
    parts = [X.data, *(getattr(X, name) for name in ("indices", "indptr", "row", "col") if hasattr(X, name))]
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


@pytest.mark.parametrize("layout", ["C", "F", "strided", "read-only", "float32", "int", "bool", "big-endian"])
def test_layout_changes_nothing_and_inputs_keep_their_bytes(layout):
    """Any storage of the same numbers gives the same fit; nothing passed in is written to."""
    rng = np.random.default_rng(7)
    X = rng.integers(0, 2 if layout == "bool" else 5, size=(200, 4)).astype(float)
    y = rng.integers(0, 3, 200)
    stored = {
        "C": lambda: X.copy(),
        "F": lambda: np.asfortranarray(X),
        "strided": lambda: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
        "read-only": lambda: X.copy(),
        "float32": lambda: X.astype(np.float32),
        "int": lambda: X.astype(np.int16),
        "bool": lambda: X.astype(bool),
        "big-endian": lambda: X.astype(">f8"),
    }[layout]()
    if layout == "read-only":
        stored.flags.writeable = False
    weight = rng.uniform(0.5, 2, 200)
    before = (stored.tobytes(), y.tobytes(), weight.tobytes())
    model = fit_arrays(stored, y, weight, C=1.0).model
    np.testing.assert_allclose(model.coef, fit_arrays(X, y, weight, C=1.0).model.coef, rtol=1e-11)
    assert before == (stored.tobytes(), y.tobytes(), weight.tobytes())


@pytest.mark.parametrize("choices", CHOICES)
def test_the_number_of_blocks_changes_nothing(choices, monkeypatch):
    """One block or many: the same answer to 1e-11."""
    X, y = overlapping(8, 500, 4, 3)
    whole = fit_arrays(X, y, **choices).model
    monkeypatch.setattr(frame_module, "block_rows", lambda shape, columns, size: 61)
    pieces = fit_arrays(X, y, **choices).model
    np.testing.assert_allclose(pieces.coef, whole.coef, rtol=1e-11)
    assert pieces.certificate.status is whole.certificate.status


def test_offsets_are_part_of_the_logits():
    """An offset is a column whose coefficient is held at one."""
    X, y = overlapping(9, 300, 3, 2)
    plain = fit_arrays(X, y, alpha=0.0).model
    shifted = fit_arrays(X, y, offset=X @ np.array([0.5, -1.0, 2.0]), alpha=0.0).model
    np.testing.assert_allclose(shifted.coef + np.array([0.5, -1.0, 2.0]), plain.coef, rtol=1e-9)
    X, y = overlapping(9, 300, 3, 3)
    B = np.random.default_rng(0).normal(size=(3, 3))
    B -= B.mean(axis=1, keepdims=True)
    plain, shifted = fit_arrays(X, y, alpha=0.0).model, fit_arrays(X, y, offset=X @ B, alpha=0.0).model
    np.testing.assert_allclose(shifted.coef + B.T, plain.coef, rtol=1e-8, atol=1e-10)
