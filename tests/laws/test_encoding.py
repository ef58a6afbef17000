"""Laws of the encoding: statistics that merge, weights that count rows, columns of any size, labels of one type."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings, strategies as st

from logistic.contracts import Executor, RawBlock, Spec
from logistic.designs import Intercept, Scaled, is_sparse
from logistic.encoding import SPARSE_RANGE, Encoding, learn, resolution, scales
from logistic.errors import InputError
from logistic.executor import InProcess
from logistic.fit import fit
from logistic.moments import survey
from logistic.paths import path
from logistic.sources import ArraySource
from support import Forgetful

N, P = 40, 4
CUTS = [0, 0, 7, 8, 8, 30, 39, N]  # seven ragged blocks; two are empty, two hold a single row
KINDS: dict[str, Callable[[np.ndarray], Any]] = {"dense": np.asarray, "sparse": sp.csr_array, "sparse matrix": sp.csr_matrix}
quick = settings(deadline=None, derandomize=True, database=None, max_examples=40)


@pytest.fixture(params=KINDS, name="kind")
def _kind(request: pytest.FixtureRequest) -> Callable[[np.ndarray], Any]:
    return KINDS[request.param]


def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns with zeros, offsets and very different units; text labels; weights, some of them zero."""
    rng = np.random.default_rng(31)
    X = (rng.normal(size=(N, P)) + np.array([0, 100, 0, -3])) * [1, 1, 1e-5, 1e4]
    X[rng.random(size=X.shape) < 0.3] = 0
    weight = rng.uniform(0.1, 4, size=N)
    weight[::6] = 0
    return X, rng.choice(["setosa", "versicolor", "virginica"], size=N), weight


def cut(X: Any, y: Any, weight: Any, places: list[int], offset: Any = None) -> list[RawBlock]:
    return [RawBlock(X[a:b], *(None if v is None else v[a:b] for v in (y, weight, offset))) for a, b in pairwise(places)]


def learned(X: Any, y: Any, weight: Any = None, centred: bool = True, places: list[int] | None = None, **more: Any) -> Encoding:
    executor: Executor = more.pop("executor", InProcess())
    return learn(executor, executor.put(cut(X, y, weight, places or [0, X.shape[0]])), centred, **more)


def same(a: Encoding, b: Encoding, tolerance: float = 1e-12) -> None:
    """The same labels exactly, the same statistics to the tolerance of the size of the column."""
    assert a.classes.tolist() == b.classes.tolist()
    assert a.classes.dtype == b.classes.dtype
    np.testing.assert_array_equal(a.reach, b.reach)
    assert (a.center is None) == (b.center is None)
    if a.center is not None and b.center is not None:
        assert (abs(a.center - b.center) <= tolerance * b.reach).all()
    assert (abs(a.spread - b.spread) <= tolerance * b.reach).all()
    assert a.total == pytest.approx(b.total, rel=1e-14)
    assert a.rounding == b.rounding


# --------------------------------------------------------------------------------------------------------------- statistics


@pytest.mark.parametrize("executor", [InProcess, Forgetful])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_any_split_gives_the_same_encoding(kind: Callable, executor: type[Executor], weighted: bool, centred: bool) -> None:
    """Seven ragged blocks, or each row alone, here or where nothing is remembered."""
    X, y, weight = rows()
    w = weight if weighted else None
    whole = learned(kind(X), y, w, centred)
    for places in (CUTS, list(range(N + 1))):
        same(learned(kind(X), y, w, centred, places, executor=executor()), whole)


@quick
@given(st.lists(st.integers(0, N), max_size=9))
def test_random_splits_give_the_same_encoding(places: list[int]) -> None:
    """Wherever the rows are cut, the same place twice included."""
    X, y, weight = rows()
    same(learned(X, y, weight, True, sorted([0, *places, N])), learned(X, y, weight))


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_those_of_numpy(weighted: bool) -> None:
    """Weighted mean, deviation, root mean square, largest absolute value and total, of the rows that count."""
    X, y, weight = rows()
    w = weight if weighted else np.ones(N)
    mean = np.average(X, axis=0, weights=w)
    deviation = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=w))
    about_zero = learned(X, y, weight if weighted else None, centred=False)
    about_mean = learned(X, y, weight if weighted else None, centred=True)
    assert about_zero.center is None
    np.testing.assert_allclose(about_mean.center, mean, rtol=1e-12)
    np.testing.assert_allclose(about_mean.spread, deviation, rtol=1e-12)
    np.testing.assert_allclose(about_zero.spread, np.sqrt(np.average(X**2, axis=0, weights=w)), rtol=1e-12)
    np.testing.assert_array_equal(about_mean.reach, abs(X[w > 0]).max(axis=0))
    assert about_mean.total == pytest.approx(w.sum(), rel=1e-14)


def test_sparse_equals_dense_without_a_centre() -> None:
    """Sparse columns are never centred, whatever is asked, and zeros that are not stored count."""
    X, y, weight = rows()
    for make in (sp.csr_array, sp.csr_matrix):
        for centred in (False, True):
            found = learned(make(X), y, weight, centred)
            assert found.center is None
            same(found, learned(X, y, weight, centred=False))


@pytest.mark.parametrize("dtype", ["f4", "f2", "i1", "u1", "i8", "?"])
def test_columns_of_every_type(kind: Callable, dtype: str) -> None:
    """The statistics are computed in double precision; integers at the end of their range included."""
    _, y, weight = rows()
    X = np.random.default_rng(5).integers(-128, 128, size=(N, P))
    X[:2, 0], weight[:2] = [-128, 127], 1
    X = (X > 0 if dtype == "?" else X).astype(dtype)
    if dtype == "f2" and kind is not np.asarray:
        return  # scipy has no half precision
    whole = learned(kind(X), y, weight, True, CUTS)
    wide = learned(kind(X.astype(np.float64)), y, weight)
    assert whole.rounding == (np.finfo(dtype).eps if dtype[0] == "f" else np.finfo(np.float64).eps)
    same(Encoding(**{**vars(whole), "rounding": wide.rounding}), wide)


def test_rows_of_weight_zero_are_as_if_absent(kind: Callable) -> None:
    """Their numbers do not count, however large, and the encoded block leaves them out; a class may not vanish with them."""
    X, y, weight = rows()
    gone = weight == 0
    X[gone] = 1e140
    lost = np.where(gone, "never seen", y)
    with pytest.raises(InputError, match="class 'never seen' has weight 0 in every row"):
        learned(kind(X), lost, weight)
    offset = np.arange(3.0 * N).reshape(N, 3)
    for places in ([0, N], CUTS):
        found = learned(kind(X), y, weight, True, places)
        kept = kind(X[~gone])
        wanted = learned(kept, y[~gone], weight[~gone])
        same(found, wanted)
        scale = scales(found, np.zeros(P), 3)
        encoded = [found.block(raw, scale, True) for raw in cut(kind(X), y, weight, places, offset)]
        again = wanted.block(RawBlock(kept, y[~gone], weight[~gone], offset[~gone]), scale, True)
        for name in ("y", "weight", "offset"):
            np.testing.assert_array_equal(np.concatenate([getattr(b, name) for b in encoded]), getattr(again, name))
        W = np.random.default_rng(1).normal(size=(P + 1, 2))
        np.testing.assert_allclose(np.vstack([b.X.matmul(W) for b in encoded]), again.X.matmul(W), rtol=1e-11, atol=1e-9)


def test_a_weight_is_a_number_of_copies() -> None:
    """Weights of 0, 1, 2, 3 are rows left out, kept, doubled, tripled."""
    X, y, _ = rows()
    copies = np.random.default_rng(2).integers(0, 4, size=N)
    same(learned(X, y, copies.astype(float)), learned(np.repeat(X, copies, axis=0), np.repeat(y, copies)))


def test_no_positive_weight_is_refused() -> None:
    """In words that name the argument."""
    X, y, _ = rows()
    with pytest.raises(InputError, match="sample_weight must be above zero"):
        learned(X, y, np.zeros(N), places=CUTS)


# ------------------------------------------------------------------------------------------------------- columns of any size


@pytest.mark.parametrize("value", [0.0, 0.1, -0.3, 1e6 + 0.1, 1 / 3e10, 1e200, -1e-200, 1.7e308])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_constant_column_has_no_spread_at_all(value: float, weighted: bool) -> None:
    """Exactly 0, and its centre is exactly its value, in any number of blocks."""
    X, y, weight = rows()
    X[:, 2] = value
    for places in ([0, N], CUTS):
        found = learned(X, y, weight if weighted else None, True, places)
        assert found.spread[2] == 0
        assert (np.delete(found.spread, 2) > 0).all()
        assert found.center is not None
        assert found.center[2] == value
        assert found.reach[2] == abs(value)
        assert scales(found, np.zeros(P), 3)[2] == 1


@pytest.mark.parametrize("dtype", ["f4", "i1", "?"])
def test_a_constant_column_of_any_type_has_no_spread(dtype: str) -> None:
    """A type does not bring in rounding."""
    X, y, weight = rows()
    X = (X > 0).astype(dtype)
    X[:, 1] = np.asarray(0.1 if dtype == "f4" else 1, dtype=dtype)
    found = learned(X, y, weight)
    assert found.spread[1] == 0
    assert found.center is not None
    assert found.center[1] == float(X[0, 1])


def test_without_a_centre_a_constant_column_spreads_around_zero() -> None:
    """Root mean square; only a column of zeros has no spread."""
    X, y, weight = rows()
    X[:, 1], X[:, 2] = 0.1, 0
    found = learned(X, y, weight, centred=False)
    assert found.spread[1] == pytest.approx(0.1, rel=1e-14)
    assert found.spread[2] == 0


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e300, 2.0**-1000])
@pytest.mark.parametrize("centred", [False, True])
def test_dense_columns_of_any_range(size: float, centred: bool) -> None:
    """Squares of the raw numbers are never formed: spreads and centres scale with the column."""
    X, y, weight = rows()
    plain, large = learned(X, y, weight, centred), learned(X * size, y, weight, centred, CUTS)
    np.testing.assert_allclose(large.spread / size, plain.spread, rtol=1e-12)
    if centred:
        np.testing.assert_allclose(large.center / size, plain.center, rtol=1e-12)


def test_the_whole_range_of_float64() -> None:
    """From -1.7e308 to 1.7e308 in one column: the difference alone would overflow."""
    X, y, _ = rows()
    X[:, 0] = np.where(np.arange(N) % 2, 1.7e308, -1.7e308)
    found = learned(X, y, None, True, CUTS)
    assert found.spread[0] == pytest.approx(1.7e308, rel=1e-14)
    assert abs(found.center[0]) <= 1e-14 * 1.7e308
    assert np.isfinite(found.spread).all()


def test_a_large_shift_costs_no_digits() -> None:
    """Columns near 1e9, on a grid that float64 holds there, spread as they do near 0."""
    X, y, weight = rows()
    X = np.round(X * [1, 1, 1e5, 1e-4] * 2**20) / 2**20
    near, far = learned(X, y, weight), learned(X + 1e9, y, weight, True, CUTS)
    np.testing.assert_allclose(far.spread, near.spread, rtol=1e-12)
    np.testing.assert_allclose(far.center - 1e9, near.center, atol=1e-6)


@pytest.mark.parametrize("code", ["compiled", "plain"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
@pytest.mark.parametrize("shape", [(10_007, 30), (70_001, 3), (333, 2049), (5, 700), (1, 4)])
def test_a_survey_is_all_that_numpy_says_one_by_one(
    shape: tuple[int, int], dtype: type, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows side by side, what is left over at the end of a piece, and a first row that is nothing like the others."""
    if code == "plain":
        monkeypatch.setattr("logistic.kernels.compiled", None)
    monkeypatch.setattr("logistic.moments.PIECE", 2**16)
    rng = np.random.default_rng(3)
    X = (100 * rng.normal(size=shape) + 1000).astype(dtype)
    X[0] = 30_000
    found = survey(X, None, X[0].astype(np.float64))
    exact = X.astype(np.longdouble)
    np.testing.assert_array_equal(found.low, X.min(axis=0))
    np.testing.assert_array_equal(found.high, X.max(axis=0))
    assert found.moments.total == len(X)
    np.testing.assert_allclose(found.moments.mean + X[0], exact.mean(axis=0).astype(float), rtol=1e-13)
    wanted = ((exact - exact.mean(axis=0)) ** 2).sum(axis=0).astype(float)
    np.testing.assert_allclose(found.moments.central, wanted, rtol=1e-12)


@pytest.mark.parametrize("code", ["compiled", "plain"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_found_by_the_survey(bad: float, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row and column are named, whoever reads the rows first; of rows that weigh nothing too."""
    if code == "plain":
        monkeypatch.setattr("logistic.kernels.compiled", None)
    X, y = np.random.default_rng(4).normal(size=(9000, 60)), np.arange(9000) % 2
    X[8765, 43] = bad
    for weight in (None, np.r_[np.ones(8000), np.zeros(1000)]):
        for surveyed in (False, True):
            with pytest.raises(InputError, match="in row 8765, column 43"):
                fit(ArraySource(X, y, weight, surveyed=surveyed), Spec(C=1.0))
        with pytest.raises(InputError, match="in row 8765, column 43"):
            path(X, y, [1.0], sample_weight=weight, l1_ratio=1.0)


def test_one_far_row_does_not_drown_the_rest() -> None:
    """The spread of a column with one outlier, against the two-pass formula in long double."""
    X, y, _ = rows()
    X[3, 0] = 1e12
    x = X[:, 0].astype(np.longdouble)
    wanted = float(np.sqrt(((x - x.mean()) ** 2).mean()))
    assert learned(X, y, None, True, CUTS).spread[0] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("light", [1e-6, 1e-12, 1e-30])
def test_a_far_row_of_little_weight_does_not_drown_the_rest(light: float) -> None:
    """The range is that of the far row, the spread is that of all the others: the moments must not cancel."""
    X, y, _ = rows()
    X[3, 0] = 1e9
    weight = np.ones(N)
    weight[3] = light
    x, w = X[:, 0].astype(np.longdouble), weight.astype(np.longdouble)
    mean = (w * x).sum() / w.sum()
    wanted = float(np.sqrt((w * (x - mean) ** 2).sum() / w.sum()))
    assert learned(X, y, weight, True, CUTS).spread[0] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("make", [sp.csr_array, sp.csr_matrix])
def test_sparse_columns_beyond_their_range_are_refused(make: Callable) -> None:
    """Sparse data are multiplied as they are; the error names the column and the limit. Below it they are taken."""
    X, y, weight = rows()
    X[5, 2] = -9e150
    assert weight[5] > 0
    with pytest.raises(InputError, match=r"column 2 of X reaches 9.0e\+150; rescale it below 1e\+150"):
        learned(make(X), y, weight, places=CUTS)
    X[5, 2] = SPARSE_RANGE
    found = learned(make(X), y, weight, places=CUTS)
    assert np.isfinite(found.spread).all()
    assert found.reach[2] == SPARSE_RANGE


def test_small_sparse_columns_keep_their_spread() -> None:
    """1e-200 squared would be 0."""
    X, y, weight = rows()
    plain, small = (learned(sp.csr_array(X * s), y, weight, places=CUTS) for s in (1, 1e-200))
    np.testing.assert_allclose(small.spread / 1e-200, plain.spread, rtol=1e-12)


def test_no_columns(kind: Callable) -> None:
    """Only an intercept to fit."""
    _, y, weight = rows()
    found = learned(kind(np.zeros((N, 0))), y, weight, places=CUTS)
    assert found.spread.shape == found.reach.shape == (0,)
    block = found.block(RawBlock(kind(np.zeros((N, 0))), y, weight, None), scales(found, np.zeros(0), 3), True)
    np.testing.assert_array_equal(block.X.matmul(np.array([[2.0]])), np.full(((weight > 0).sum(), 1), 2.0))


# ------------------------------------------------------------------------------------------------------------------- labels

LABELS: dict[str, Any] = {
    "text": np.array(["b", "a", "c", "a"]),
    "text of many widths": np.array(["b", "aaaa", "cc", "b"]),
    "bytes": np.array([b"b", b"a", b"c", b"a"]),
    "integers": np.array([3, -1, 10**12, 3]),
    "bytes of integers": np.array([3, 200, 7, 3], dtype=np.uint8),
    "booleans": np.array([True, False, False, True]),
    "whole floats": np.array([2.0, -1.0, 0.0, 2.0]),
    "objects": np.array(["b", "a", "c", "a"], dtype=object),
    "big objects": np.array([10**30, 3, 4, 3], dtype=object),
    "days": np.array(["2021-03-01", "2020-01-01", "2021-03-01", "2020-01-01"], dtype="M8[D]"),
    "decimals": np.array([decimal.Decimal("1.5"), decimal.Decimal(1), decimal.Decimal(1), decimal.Decimal(1)], dtype=object),
}


@pytest.mark.parametrize("name", LABELS)
def test_classes_are_sorted_and_codes_find_them(name: str) -> None:
    """As np.unique does it, whatever the type and however the rows are cut; codes are positions."""
    y = LABELS[name]
    X = np.arange(4.0)[:, None]
    for places in ([0, 4], [0, 1, 1, 4], [0, 1, 2, 3, 4]):
        found = learned(X, y, places=places)
        np.testing.assert_array_equal(found.classes, np.unique(y))
        assert found.classes[found.codes(y)].tolist() == y.tolist()


@pytest.mark.parametrize("places", [[0, 4], [0, 2, 4]])
def test_blocks_of_different_width_of_text_have_one_set_of_classes(places: list[int]) -> None:
    """A block of short labels and a block of long ones."""
    y = [np.array(["b", "a"]), np.array(["bbbb", "aaaa"])]
    raw = [RawBlock(np.ones((2, 1)), part, None, None) for part in y]
    assert learn(InProcess(), raw, True).classes.tolist() == ["a", "aaaa", "b", "bbbb"]


@pytest.mark.parametrize("classes", [2, 3, 127, 128, 129, 256, 32768, 32769])
def test_codes_are_of_the_smallest_integer_type(classes: int) -> None:
    """The first signed type whose largest number is at least K - 1."""
    wanted = next(np.dtype(t) for t in (np.int8, np.int16, np.int32) if np.iinfo(t).max >= classes - 1)
    found = learned(np.ones((classes, 1)), np.arange(classes) * 3)
    codes = found.codes(np.arange(classes) * 3)
    assert codes.dtype == wanted
    assert codes.tolist() == list(range(classes))


MIXED: dict[str, tuple[Any, str]] = {
    "text and integers": (np.array(["a", 1, "a", 2], dtype=object), "int and str"),
    "booleans and text": (np.array([True, "a", False, "a"], dtype=object), "bool and str"),
    "integers and floats": (np.array([1, 2.5, 1, 1], dtype=object), "float and int"),
    "a list of text and integers": (["a", 1, "a", 2], "int and str"),
    "a tuple of booleans and text": ((True, "a", False, "a"), "bool and str"),
}


@pytest.mark.parametrize("name", MIXED)
def test_mixed_labels_are_refused(name: str) -> None:
    """Types that do not sort together are named, also where each block has only one of them."""
    y, words = MIXED[name]
    with pytest.raises(InputError, match=f"y mixes labels of type {words}; make them all one type"):
        learn(InProcess(), list(ArraySource(np.ones((4, 1)), y).blocks(1)), True)


@pytest.mark.parametrize("places", [[0, 4], [0, 1, 4]])
@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("yes", "'yes'"),
        (7, "7"),
        (True, "True"),
        (2.0, "2.0"),
        (10**30, str(10**30)),
        (decimal.Decimal("1.5"), "1.5"),
        (datetime.date(2020, 1, 1), "2020"),
    ],
    ids=str,
)
def test_a_single_class_is_refused(label: Any, words: str, places: list[int]) -> None:
    """The error names it; labels that only rows of weight zero have do not count."""
    kind = object if isinstance(label, decimal.Decimal | datetime.date) or label == 10**30 else None
    y = np.array([label] * 4, dtype=kind)
    with pytest.raises(InputError, match=f"y holds only 1 class, .*{words}.*; at least two are needed"):
        learned(np.ones((4, 1)), y, places=places)
    if isinstance(label, str):
        y = np.array(["no", label, label, label])
        with pytest.raises(InputError, match="class 'no' has weight 0"):
            learned(np.ones((4, 1)), y, np.array([0.0, 1, 1, 1]), places=places)


@pytest.mark.parametrize("places", [[0, 4], [0, 3, 4]])
def test_fractions_are_no_labels(places: list[int]) -> None:
    """A regression target is refused by its first fraction; one that has no weight is a class without weight."""
    X, y = np.ones((4, 1)), np.array([0.0, 1.0, 2.0, 0.25])
    with pytest.raises(InputError, match=r"y holds 0.25, which is no label"):
        learned(X, y, places=places)
    with pytest.raises(InputError, match=r"class 0.25 has weight 0 in every row"):
        learned(X, y, np.array([1.0, 1, 1, 0]), places=places)


def test_distributions_are_over_their_columns() -> None:
    """Soft targets: the classes are the positions of the columns, and the rows stay as they are."""
    X, _, weight = rows()
    soft = np.random.default_rng(3).dirichlet(np.ones(3), size=N)
    found = learned(X, soft, weight, True, CUTS)
    assert found.classes.tolist() == [0, 1, 2]
    same(found, learned(X, np.arange(N) % 3, weight))
    block = found.block(RawBlock(X, soft, weight, None), scales(found, np.zeros(P), 3), True)
    np.testing.assert_array_equal(block.y, soft[weight > 0])


# ------------------------------------------------------------------------------------------------------------ encoded blocks


@pytest.mark.parametrize("intercept", [False, True])
def test_a_block_is_the_scaled_rows(kind: Callable, intercept: bool) -> None:
    """[(X - center) / scale, 1], codes, weights and a column of offsets, without touching the rows."""
    X, y, _ = rows()
    held = kind(X)
    found = learned(held, y, centred=intercept)
    scale = scales(found, np.full(P, 0.01), 3)
    offset = np.linspace(-1, 1, 3 * N).reshape(N, 3)
    block = found.block(RawBlock(held, y, None, offset), scale, intercept)
    assert type(block.X) is (Intercept if intercept else Scaled)
    assert (found.center is None) == (is_sparse(held) or not intercept)
    explicit = (X - (0 if found.center is None else found.center)) / scale
    explicit = np.hstack([explicit, np.ones((N, 1))]) if intercept else explicit
    np.testing.assert_allclose(block.X.matmul(np.eye(explicit.shape[1])), explicit, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(found.classes[block.y], y)
    np.testing.assert_array_equal(block.weight, np.ones(N))
    np.testing.assert_array_equal(block.offset, offset)
    np.testing.assert_array_equal(held.toarray() if is_sparse(held) else held, X)


@pytest.mark.parametrize(("classes", "columns"), [(2, 2), (2, 3), (3, 2), (4, 3)])
def test_an_offset_has_a_column_for_each_logit(classes: int, columns: int) -> None:
    """One logit for two classes, K for more; another number would be broadcast, or fail far from here."""
    X, y = rows()[0], np.arange(N) % classes
    found = learned(X, y)
    fits = found.block(RawBlock(X, y, None, np.zeros((N, 1 if classes == 2 else classes))), np.ones(P), True)
    assert fits.offset is not None
    if classes == 2:
        assert found.block(RawBlock(X, y, None, np.zeros(N)), np.ones(P), True).offset.shape == (N, 1)
    with pytest.raises(InputError, match="offset"):
        found.block(RawBlock(X, y, None, np.zeros((N, columns))), np.ones(P), True)


def test_scales_bring_columns_to_unit_curvature() -> None:
    """scale² * c = spread² * c + pull², with c the largest curvature at equal probabilities; never 0."""
    X, y, _ = rows()
    X[:, 1] = 5
    found = learned(X, y)
    for K in (2, 3, 10):
        c = (1 - 1 / K) / K
        np.testing.assert_array_equal(scales(found, np.zeros(P), K), np.where(found.spread > 0, found.spread, 1))
        pull = np.array([0.1, 1.0, 10.0, 0.0])
        wanted = np.where((found.spread > 0) | (pull > 0), found.spread**2 * c + pull**2, c)
        np.testing.assert_allclose(scales(found, pull, K) ** 2 * c, wanted, rtol=1e-12)


def test_scales_of_huge_columns_are_finite() -> None:
    """hypot, not a sum of squares."""
    X, y, _ = rows()
    scale = scales(learned(X * 1e200, y), np.full(P, 1e-3), 2)
    assert np.isfinite(scale).all()
    assert (scale > 0).all()


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_resolution_is_the_rounding_of_the_stored_numbers(dtype: str) -> None:
    """In units of the scaled columns: no stored number differs from its neighbour by less."""
    X, y, _ = rows()
    stored = X.astype(dtype)
    found = learned(stored, y)
    scale = scales(found, np.zeros(P), 3)
    gaps = np.spacing(abs(stored)).max(axis=0) / scale
    assert ((gaps <= resolution(found, scale)) & (resolution(found, scale) <= 2 * gaps)).all()


def test_nothing_is_mutated(kind: Callable) -> None:
    """Rows, labels, weights and offsets keep their bytes through learning and encoding."""
    X, y, weight = rows()
    held, offset = kind(X), np.zeros((N, 3))
    arrays = [held.data, held.indices, held.indptr] if is_sparse(held) else [held]
    arrays += [y, weight, offset]
    before = [np.asarray(a).tobytes() for a in arrays]
    found = learned(held, y, weight, True, CUTS)
    for raw in cut(held, y, weight, CUTS, offset):
        found.block(raw, scales(found, np.ones(P), 3), True).X.matmul(np.ones((P + 1, 2)))
    assert [np.asarray(a).tobytes() for a in arrays] == before
