"""Laws of the sources: every road gives the same numbers, leaves its input alone, and refuses what cannot be used in words."""

from __future__ import annotations

import datetime
import decimal
import functools
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from pyarrow import parquet

from logistic.errors import InputError
from logistic.sources import ArraySource, ArrayTable, Table, matrix, parse_table, read_table, vector
from logistic.sources.arrays import MAX_ROWS, SPARSE_BLOCKS, block_rows, sparse_block_rows

X = np.array([[0, 1, 2], [3, 0, 0], [5, 4, 1], [0, 2, 7]], dtype=np.float64)
Y = np.array([0, 1, 1, 0])
NAMES = ("alpha", "beta", "gamma")
N = len(X)


def frame() -> pd.DataFrame:
    return pd.DataFrame(X, columns=list(NAMES))


def read_only(a: np.ndarray) -> np.ndarray:
    a.setflags(write=False)
    return a


def fingerprint(value: Any) -> Any:
    """Every byte of the numbers in an array, sparse matrix, list, tensor or frame, with types and names."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.strides, value.tolist() if value.dtype == object else value.tobytes())
    if sp.issparse(value):
        parts = {k: fingerprint(v) for k, v in vars(value).items() if isinstance(v, np.ndarray)}
        return (type(value), parts, repr(sorted(value.items())) if value.format == "dok" else None)
    if isinstance(value, pd.DataFrame | pd.Series):
        return (repr(value.to_numpy().tolist()), str(value.dtypes), repr(value.axes))
    if isinstance(value, pl.DataFrame | pl.Series):
        return (repr(value.to_arrow().to_pylist()), repr(value))
    if isinstance(value, torch.Tensor):
        return fingerprint(value.detach().numpy())
    return repr(value)


def number_types() -> list[str]:
    return [*np.typecodes["AllInteger"], *np.typecodes["Float"], "?", ">f8", ">i4"]


def roads() -> dict[str, Callable[[], Any]]:
    """Every way to hand over X without names."""
    found: dict[str, Callable[[], Any]] = {f"numpy {np.dtype(c)!r}": lambda c=c: X.astype(c) for c in number_types() if c != "?"}
    found |= {
        "numpy F": lambda: np.asfortranarray(X),
        "numpy strided": lambda: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
        "numpy backwards": lambda: X[::-1, ::-1].copy()[::-1, ::-1],
        "numpy read-only": lambda: read_only(X.copy()),
        "numpy objects": lambda: X.astype(object),
        "numpy mixed objects": lambda: np.array(
            [[0, True, 2.0], [np.int8(3), 0, False], [5, 4, 1], [0, decimal.Decimal(2), 7]], object
        ),
        "numpy matrix": lambda: X.view(np.matrix),
        "list of lists": X.tolist,
        "list of tuples": lambda: [tuple(int(v) for v in row) for row in X],
        "list of rows": lambda: list(X),
        "torch": lambda: torch.tensor(X),
        "torch float32": lambda: torch.tensor(X, dtype=torch.float32),
    }
    for form in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil"):
        for kind in ("array", "matrix"):
            found[f"{form}_{kind}"] = functools.partial(getattr(sp, f"{form}_{kind}"), X)
    found |= {
        "csr int8": lambda: sp.csr_array(X.astype(np.int8)),
        "csr explicit zeros": lambda: sp.csr_array(
            (X.ravel(), np.tile(np.arange(3), N), np.arange(0, 3 * N + 1, 3)), shape=X.shape
        ),
        "csr unsorted": lambda: sp.csr_array(
            (X[:, ::-1].ravel(), np.tile([2, 1, 0], N), np.arange(0, 3 * N + 1, 3)), shape=X.shape
        ),
        "csr duplicates": lambda: sp.csr_array(
            (np.repeat(X.ravel() / 2, 2), np.tile([0, 0, 1, 1, 2, 2], N), np.arange(0, 6 * N + 1, 6)), shape=X.shape
        ),
        "coo duplicates": lambda: sp.coo_array(
            (np.repeat(X.ravel() / 2, 2), np.repeat(np.indices(X.shape).reshape(2, -1), 2, axis=1))
        ),
    }
    return found


def named_roads() -> dict[str, Callable[[], Any]]:
    """Every way to hand over X with the names of its columns."""
    integers = X.astype(int)
    return {
        "pandas": frame,
        "pandas int": lambda: frame().astype(int),
        "pandas mixed": lambda: frame().astype({"alpha": "int8", "beta": "float32"}),
        "pandas nullable": lambda: frame().astype({"alpha": "Int64", "beta": "Float64", "gamma": "UInt8"}),
        "pandas arrow": lambda: frame().astype({"alpha": "int64[pyarrow]", "beta": "double[pyarrow]"}),
        "pandas objects": lambda: frame().astype(object),
        "pandas one object column": lambda: frame().astype({"beta": object}),
        "pandas odd index": lambda: frame().set_index(pd.Index([7, 7, 1, 0])),
        "polars": lambda: pl.DataFrame(X, schema=list(NAMES)),
        "polars mixed": lambda: pl.DataFrame({"alpha": integers[:, 0], "beta": X[:, 1].astype("f4"), "gamma": X[:, 2]}),
        "polars decimal": lambda: pl.DataFrame(X, schema=list(NAMES)).cast({"beta": pl.Decimal(10, 2)}),
        "pyarrow": lambda: pa.table(dict(zip(NAMES, X.T, strict=True))),
        "pyarrow chunks": lambda: pa.concat_tables([pa.table(dict(zip(NAMES, part.T, strict=True))) for part in (X[:1], X[1:])]),
        "pyarrow decimal": lambda: pa.table(dict(zip(NAMES, integers.T, strict=True))).cast(
            pa.schema([("alpha", pa.decimal128(25, 3)), ("beta", pa.int8()), ("gamma", pa.float32())])
        ),
    }


def plain(found: Any) -> np.ndarray:
    return (found.toarray() if sp.issparse(found) else found).astype(np.float64)


# ----------------------------------------------------------------------------------------------------------- roads that work


@pytest.mark.parametrize("road", roads())
def test_every_road_gives_the_same_numbers(road: str) -> None:
    """X comes out as it went in, in memory of NumPy or scipy CSR, and the input keeps its bytes."""
    given = roads()[road]()
    before = fingerprint(given)
    found, names = matrix(given)
    assert names is None
    assert isinstance(found, np.ndarray) or found.format == "csr"
    assert found.dtype.kind in "fiub"
    np.testing.assert_array_equal(plain(found), X)
    source = ArraySource(given, Y)
    np.testing.assert_array_equal(np.vstack([plain(block.X) for block in source.blocks(3)]), X)
    assert fingerprint(given) == before


@pytest.mark.parametrize("road", named_roads())
def test_every_frame_gives_numbers_and_names(road: str) -> None:
    """Columns keep their order and names; the frame goes no further and keeps its contents."""
    given = named_roads()[road]()
    before = fingerprint(given)
    found, names = matrix(given)
    assert type(found) is np.ndarray
    assert found.dtype.kind in "fiub"
    assert names == NAMES
    np.testing.assert_array_equal(found.astype(np.float64), X)
    source = ArraySource(given, Y)
    assert source.features == NAMES
    assert source.shape == X.shape
    assert ArraySource(given, Y, features=("a", "b", "c")).features == ("a", "b", "c")
    assert fingerprint(given) == before


def test_booleans_are_zero_and_one() -> None:
    """In an array, in a frame, nullable or not, and beside numbers."""
    B = X > 1
    frames = [pd.DataFrame(B), pd.DataFrame(B).astype("boolean"), pl.DataFrame(B), pd.DataFrame(B).astype({0: float})]
    for given in (B, B.tolist(), sp.csr_array(B), pa.table(dict(zip(NAMES, B.T, strict=True))), *frames):
        np.testing.assert_array_equal(plain(matrix(given)[0]), B)


def test_column_names_of_any_kind_become_text() -> None:
    """Numbers as names are common in pandas."""
    assert matrix(pd.DataFrame(X))[1] == ("0", "1", "2")


def test_a_tensor_on_a_tape_is_only_read() -> None:
    """Torch in: also one that requires a gradient."""
    np.testing.assert_array_equal(matrix(torch.tensor(X, requires_grad=True))[0], X)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_long_double_becomes_double(make: Callable[[Any], Any]) -> None:
    """No factorisation takes more than double precision."""
    found, _ = matrix(make(X.astype(np.longdouble)))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(plain(found), X)


@pytest.mark.parametrize("make", [lambda: X.copy(), lambda: np.asfortranarray(X), lambda: X.astype("f4"), lambda: X.astype("i1")])
def test_numpy_is_not_copied(make: Callable[[], np.ndarray]) -> None:
    """Neither by the source nor by its blocks."""
    given = make()
    source = ArraySource(given, Y)
    assert np.shares_memory(source.X, given)
    assert all(np.shares_memory(block.X, given) and np.shares_memory(block.y, Y) for block in source.blocks(2))


@pytest.mark.parametrize("make", [sp.csr_array, sp.csr_matrix])
def test_canonical_csr_is_not_copied(make: Callable[[Any], Any]) -> None:
    """The caller's numbers are shared, and the kind (array or matrix) is kept."""
    given = make(X)
    for held in (matrix(given)[0], *(block.X for block in ArraySource(given, Y).blocks(2))):
        assert type(held) is type(given)
        assert np.shares_memory(held.data, given.data)


def test_sparse_comes_out_canonical() -> None:
    """Duplicates are added and columns sorted, in a copy."""
    for road in ("csr duplicates", "csr unsorted", "coo duplicates", "csc_array", "bsr_matrix"):
        found, _ = matrix(roads()[road]())
        assert found.has_canonical_format
        assert (np.diff(found.indices)[np.diff(np.repeat(np.arange(N), np.diff(found.indptr))) == 0] > 0).all()


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("make", [np.array, sp.csr_array])
def test_blocks_are_the_rows_in_order(make: Callable[[Any], Any], rows: int) -> None:
    """At most ``rows`` at a time, none empty, the same on every reading; absent parts stay None."""
    weight, offset = np.arange(1.0, N + 1), np.arange(2.0 * N).reshape(N, 2)
    source = ArraySource(make(X), Y, weight, offset)
    for _ in range(2):
        blocks = list(source.blocks(rows))
        assert all(0 < block.X.shape[0] <= rows for block in blocks)
        np.testing.assert_array_equal(np.vstack([plain(b.X) for b in blocks]), X)
        for name, whole in (("y", Y), ("weight", weight), ("offset", offset)):
            np.testing.assert_array_equal(np.concatenate([getattr(b, name) for b in blocks]), whole)
    bare = next(ArraySource(make(X)).blocks(rows))
    assert bare.y is bare.weight is bare.offset is None


@pytest.mark.parametrize("p", [0, 1, 10, 1000, 10**7])
@pytest.mark.parametrize("columns", [1, 16, 10**6])
def test_block_rows_stay_within_bounds(p: int, columns: int) -> None:
    """Never nothing, never more than the cap, and fewer for wider data."""
    rows = block_rows((10**6, p), columns)
    assert 128 <= rows <= MAX_ROWS
    assert rows >= block_rows((10**6, 2 * p), columns)


@pytest.mark.parametrize("shape", [(1, 1), (1000, 10), (10**5, 5 * 10**4), (10**6, 10**6), (10**8, 100)])
@pytest.mark.parametrize("filled", [0, 1, 80])
def test_sparse_blocks_are_few_and_even(shape: tuple[int, int], filled: int) -> None:
    """As many for each of two threads, none much smaller than another, and more stored in each than its columns cost."""
    n, stored = shape[0], shape[0] * filled
    rows = sparse_block_rows(shape, stored)
    blocks = -(-n // rows)
    assert 1 <= rows <= 2 * MAX_ROWS
    assert blocks * rows - n < blocks
    if blocks <= SPARSE_BLOCKS and rows < MAX_ROWS:
        assert blocks == 1 or (blocks % 2 == 0 and stored / blocks > 15 * shape[1])


# ------------------------------------------------------------------------------------------------------------------- labels

TEXT = ["no", "yes", "yes", "no"]


def text_labels() -> dict[str, Callable[[], Any]]:
    return {
        "list": lambda: list(TEXT),
        "tuple": lambda: tuple(TEXT),
        "numpy": lambda: np.array(TEXT),
        "numpy objects": lambda: np.array(TEXT, dtype=object),
        "numpy StringDType": lambda: np.array(TEXT, dtype=np.dtypes.StringDType()),
        "column vector": lambda: np.array(TEXT)[:, None],
        "object column vector": lambda: np.array(TEXT, dtype=object)[:, None],
        "pandas str": lambda: pd.Series(TEXT),
        "pandas string": lambda: pd.Series(TEXT, dtype="string"),
        "pandas object": lambda: pd.Series(TEXT, dtype=object),
        "pandas arrow": lambda: pd.Series(TEXT, dtype="string[pyarrow]"),
        "pandas categorical": lambda: pd.Series(pd.Categorical(TEXT)),
        "pandas Categorical": lambda: pd.Categorical(TEXT),
        "pandas Index": lambda: pd.Index(TEXT),
        "pandas frame": lambda: pd.DataFrame({"y": TEXT}),
        "pandas odd index": lambda: pd.Series(TEXT, index=[3, 3, 0, 1]),
        "polars": lambda: pl.Series(TEXT),
        "polars categorical": lambda: pl.Series(TEXT, dtype=pl.Categorical),
        "polars enum": lambda: pl.Series(TEXT, dtype=pl.Enum(["yes", "no"])),
        "polars frame": lambda: pl.DataFrame({"y": TEXT}),
        "pyarrow chunks": lambda: pa.chunked_array([TEXT[:1], TEXT[1:]]),
        "pyarrow array": lambda: pa.array(TEXT),
        "pyarrow dictionary": lambda: pa.chunked_array([pa.array(TEXT).dictionary_encode()]),
        "pyarrow table": lambda: pa.table({"y": TEXT}),
    }


@pytest.mark.parametrize("road", text_labels())
def test_text_labels(road: str) -> None:
    """All come out as NumPy text, which sorts and saves; the input is left alone."""
    given = text_labels()[road]()
    before = fingerprint(given)
    found = vector(given, "y", N)
    assert found.dtype.kind == "U"
    assert found.tolist() == TEXT
    assert fingerprint(given) == before


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.array,
        lambda v: np.array(v, dtype=object),
        pd.Series,
        lambda v: pd.Series(v, dtype=object),
        lambda v: pd.Series(v).convert_dtypes(),
        lambda v: pd.Series(pd.Categorical(v)),
        pl.Series,
        lambda v: pa.chunked_array([v]),
        pa.array,
        torch.tensor,
    ],
    ids=["list", "numpy", "objects", "pandas", "pandas objects", "nullable", "categorical", "polars", "chunks", "arrow", "torch"],
)
@pytest.mark.parametrize("labels", [[0, 1, 1, 0], [-3, 10**12, 5, 5], [True, False, True, True], [0.5, 1.5, 1.5, -2.0]], ids=str)
def test_number_labels(labels: list[Any], make: Callable[[Any], Any]) -> None:
    """Integers stay integers, booleans booleans, floats floats."""
    given = make(labels)
    before = fingerprint(given)
    found = vector(given, "y", N)
    assert found.dtype.kind == np.array(labels).dtype.kind
    assert found.tolist() == labels
    assert fingerprint(given) == before


@pytest.mark.parametrize("kind", number_types())
def test_labels_weights_and_offsets_of_every_number_type(kind: str) -> None:
    """The labels keep their type; weights and offsets become float64."""
    values = np.array([1, 0, 1, 1]).astype(kind)
    source = ArraySource(X, values, values, values)
    assert source.y.dtype == values.dtype
    for found in (source.weight, source.offset):
        assert found.dtype == np.float64
        assert found.tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("make", [list, np.array, pd.Series, pl.Series, lambda v: pa.chunked_array([v]), torch.tensor])
def test_weights_and_offsets_of_every_kind(make: Callable[[Any], Any]) -> None:
    """The same roads as for labels; nothing is changed on the way."""
    weight, offset = make([1.0, 0.0, 2.5, 3.0]), make([-1.0, 0.0, 2.5, 1e6])
    before = fingerprint(weight), fingerprint(offset)
    source = ArraySource(X, Y, weight, offset)
    assert source.weight.tolist() == [1.0, 0.0, 2.5, 3.0]
    assert source.offset.tolist() == [-1.0, 0.0, 2.5, 1e6]
    list(source.blocks(2))
    assert (fingerprint(weight), fingerprint(offset)) == before


def test_soft_targets_and_offsets_have_two_dimensions() -> None:
    """A distribution over the classes, and an offset for each logit."""
    P = np.full((N, 3), 1 / 3)
    source = ArraySource(X, P, offset=2 * P)
    assert source.y.shape == source.offset.shape == (N, 3)


# -------------------------------------------------------------------------------------------------------- refusals, in words


def spoiled(row: int, column: int, value: Any, kind: Any = np.float64) -> np.ndarray:
    bad = X.astype(kind)
    bad[row, column] = value
    return bad


def bad_frame(value: Any) -> pd.DataFrame:
    return frame().astype({"beta": object}).replace({"beta": {4.0: value}})


def cell_with_a_list() -> np.ndarray:
    bad = X.astype(object)
    bad[2, 1] = [1, 2]
    return bad


MISSING = r"X is missing \(NaN\) in row 2, column {} \(1 such values in all\); drop these rows or fill them in"
BAD_X: dict[str, tuple[Callable[[], Any], str]] = {
    "NaN": (lambda: spoiled(2, 1, np.nan), MISSING.format(1)),
    "NaN in float32": (lambda: spoiled(2, 1, np.nan, "f4"), MISSING.format(1)),
    "None": (lambda: spoiled(2, 1, None, object), MISSING.format(1)),
    "inf": (lambda: spoiled(0, 2, np.inf), r"X is inf in row 0, column 2 \(1 such"),
    "-inf": (lambda: spoiled(3, 0, -np.inf), r"X is -inf in row 3, column 0 \(1 such"),
    "inf and NaN": (lambda: spoiled(1, 0, np.inf) + spoiled(2, 1, np.nan), r"X is inf in row 1, column 0 \(2 such"),
    "NaN in a list": (lambda: [[1.0, 2.0], [float("nan"), 3.0]], r"X is missing \(NaN\) in row 1, column 0"),
    "NaN in CSR": (lambda: sp.csr_array(spoiled(2, 1, np.nan)), MISSING.format(1)),
    "NaN in CSC": (lambda: sp.csc_matrix(spoiled(2, 1, np.nan)), MISSING.format(1)),
    "inf after empty rows": (lambda: sp.csr_array(np.diag([0, 0, 0, np.inf])), r"X is inf in row 3, column 3"),
    "NaN in pandas": (lambda: frame().replace(4.0, np.nan), MISSING.format("'beta'")),
    "NA in pandas": (lambda: frame().astype({"beta": "Int64"}).replace({"beta": {4: pd.NA}}), MISSING.format("'beta'")),
    "NA object in pandas": (lambda: bad_frame(pd.NA), r"in row 2, column 'beta'"),
    "null in polars": (lambda: pl.DataFrame({"alpha": [1, 2, 3], "beta": [1, 2, None]}), MISSING.format("'beta'")),
    "null in pyarrow": (lambda: pa.table({"alpha": [1, 2, 3], "beta": [1, 2, None]}), MISSING.format("'beta'")),
    "text in objects": (lambda: spoiled(2, 1, "four", object), r"X holds 'four' in row 2, column 1, which is not a number"),
    "text in a list": (lambda: [[1, 2], [3, 4], [5, "four"]], r"X holds '?four'? in row 2, column 1"),
    "text array": (lambda: X.astype(str), r"X holds .*'0.0'.* in row 0, column 0, which is not a number"),
    "text in a frame": (lambda: bad_frame("four"), r"X holds 'four' in row 2, column 'beta'"),
    "text column": (lambda: frame().assign(beta=list("abcd")), r"column 'beta' of X holds String, not numbers"),
    "text in polars": (lambda: pl.DataFrame({"alpha": [1, 2], "beta": ["a", "b"]}), r"column 'beta' of X holds String"),
    "categories": (lambda: frame().assign(beta=pd.Categorical(list("abca"))), r"column 'beta' of X holds Categorical"),
    "dates": (lambda: frame().assign(beta=pd.Timestamp("2020-01-01")), r"column 'beta' of X holds Datetime"),
    "date array": (lambda: X.astype("M8[D]"), r"row 0, column 0, which is not a number"),
    "a list in a cell": (cell_with_a_list, r"row 2, column 1"),
    "too large an integer": (lambda: spoiled(2, 1, 10**400, object), r"row 2, column 1"),
    "complex": (lambda: X + 1j, r"X holds complex numbers; pass real columns"),
    "complex in objects": (lambda: spoiled(2, 1, 1j, object), r"X holds 1j in row 2, column 1"),
    "complex sparse": (lambda: sp.csr_array(X + 1j), r"X holds complex128, not real numbers"),
    "one dimension": (lambda: X[:, 0], r"X must have two dimensions.*shape \(4,\).*X.reshape\(-1, 1\)"),
    "a Series": (lambda: pd.Series([1, 2, 3]), r"X must have two dimensions"),
    "three dimensions": (lambda: X[None], r"X must have two dimensions.*shape \(1, 4, 3\)"),
    "one sparse dimension": (lambda: sp.coo_array(X[:, 0]), r"X must have two dimensions"),
    "a scalar": (lambda: 3.0, r"X must have two dimensions"),
    "None itself": (lambda: None, r"X must have two dimensions"),
    "a path": (lambda: "rows.csv", r"X must have two dimensions"),
    "no rows": (lambda: X[:0], r"X has no rows"),
    "no sparse rows": (lambda: sp.csr_array((0, 3)), r"X has no rows"),
    "an empty frame": (lambda: frame().iloc[:0], r"X has no rows"),
    "an empty list": (list, r"X must have two dimensions"),
    "rows of different length": (lambda: [[1, 2], [3]], r"X .*row"),
    "a masked array": (lambda: np.ma.masked_greater(X, 4), r"X .*mask|missing"),
    "two columns of one name": (lambda: pd.DataFrame(X, columns=["a", "b", "a"]), r"X .*two columns.*'a'"),
}


@pytest.mark.parametrize("case", BAD_X)
def test_unusable_X_is_refused(case: str) -> None:
    """The error names the place and the way out, and is never one of NumPy, pandas or narwhals."""
    make, words = BAD_X[case]
    given = make()
    before = fingerprint(given)
    with pytest.raises(InputError, match=words):
        ArraySource(given)
    assert fingerprint(given) == before


NAT = np.array(["2020", "NaT", "2021", "2022"], dtype="M8[D]")
BAD_Y: dict[str, tuple[Any, str]] = {
    "too short": (Y[:3], r"y has shape \(3,\), but X has 4 rows"),
    "too long": ([0, 1, 0, 1, 1], r"y has shape \(5,\), but X has 4 rows"),
    "a scalar": (1, r"y has shape \(\), but X has 4 rows"),
    "a text": ("abcd", r"y has shape \(\), but X has 4 rows"),
    "NaN": ([0.0, np.nan, 1.0, np.nan], r"y is nan in row 1 \(2 such values in all\); drop or fill these rows"),
    "inf": ([0.0, np.inf, 1.0, 1.0], r"y is inf in row 1"),
    "None": (["a", None, "b", None], r"y is missing in row 1 \(2 rows in all\); drop or fill these rows"),
    "NaN among text": (["a", float("nan"), "b", "a"], r"y is missing in row 1"),
    "NaN among objects": (np.array(["a", np.nan, "b", "a"], dtype=object), r"y is missing in row 1"),
    "None in pandas": (pd.Series(["a", None, "b", "a"]), r"y is missing in row 1"),
    "NA in pandas string": (pd.Series(["a", None, "b", "a"], dtype="string"), r"y is missing in row 1"),
    "NA in pandas Int64": (pd.Series([1, None, 2, 2], dtype="Int64"), r"y is (nan|missing) in row 1"),
    "NA in pandas boolean": (pd.Series([True, None, False, True], dtype="boolean"), r"y is missing in row 1"),
    "NA in categories": (pd.Series(pd.Categorical(["a", None, "b", "a"])), r"y is missing in row 1"),
    "null in polars": (pl.Series(["a", None, "b", "a"]), r"y is missing in row 1"),
    "null number in polars": (pl.Series([1, None, 2, 1]), r"y is (nan|missing) in row 1"),
    "null in pyarrow": (pa.chunked_array([["a", None, "b", "a"]]), r"y is missing in row 1"),
    "NaT": (NAT, r"y is (NaT|missing) in row 1"),
    "complex": ([0, 1j, 1, 1], r"y .*complex"),
    "three dimensions": (np.zeros((N, 2, 2)), r"y .*shape \(4, 2, 2\)"),
    "a distribution of text": (np.array([["a", "b"]] * N), r"y "),
    "a distribution of another mass": (np.array([[0.5, 0.5], [0.5, 0.4], [0, 1], [0, 1]]), r"y is \[0.5, 0.4\] in row 1.*sum to 1"),
    "a negative distribution": (np.array([[0.5, 0.5], [1.5, -0.5], [0, 1], [0, 1]]), r"y is \[1.5, -0.5\] in row 1.*>= 0"),
    "NaN in a distribution": (np.array([[0.5, 0.5], [np.nan, 1], [0, 1], [0, 1]]), r"y .*nan.* in row 1"),
}


@pytest.mark.parametrize("case", BAD_Y)
def test_unusable_labels_are_refused(case: str) -> None:
    """The error names y, the row and the way out."""
    given, words = BAD_Y[case]
    before = fingerprint(given)
    with pytest.raises(InputError, match=words):
        ArraySource(X, given)
    assert fingerprint(given) == before


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ([1, -2, 1, 1], r"sample_weight is -2 in row 1; weights must be at least 0"),
        ([1, 1, np.nan, 1], r"sample_weight is nan in row 2 \(1 such"),
        ([1, 1, np.inf, 1], r"sample_weight is inf in row 2"),
        ([1, None, 1, 1], r"sample_weight is missing in row 1"),
        ([1, 1], r"sample_weight has shape \(2,\), but X has 4 rows"),
        (2.0, r"sample_weight has shape \(\), but X has 4 rows"),
        (np.ones((N, 2)), r"sample_weight must have one number a row, but has shape \(4, 2\)"),
        (["a", "b", "c", "d"], r"sample_weight .*'a'"),
        ([1, 1j, 1, 1], r"sample_weight .*complex"),
    ],
    ids=["negative", "NaN", "inf", "None", "short", "scalar", "two columns", "text", "complex"],
)
def test_unusable_weights_are_refused(weight: Any, words: str) -> None:
    """The error names sample_weight, the row and what is allowed."""
    with pytest.raises(InputError, match=words):
        ArraySource(X, Y, weight)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        ([0, 1, np.nan, 1], r"offset is nan in row 2"),
        ([0, 1, -np.inf, 1], r"offset is -inf in row 2"),
        ([0, 1], r"offset has shape \(2,\), but X has 4 rows"),
        (np.array([[0, 1], [0, np.nan], [1, 1], [0, 0]]), r"offset is .*nan.* in row 1"),
        (["a", "b", "c", "d"], r"offset .*'a'"),
        (np.zeros((N, 2, 2)), r"offset .*shape \(4, 2, 2\)"),
        ([1, 1j, 1, 1], r"offset .*complex"),
    ],
    ids=["NaN", "inf", "short", "NaN in a column", "text", "three dimensions", "complex"],
)
def test_unusable_offsets_are_refused(offset: Any, words: str) -> None:
    """The error names offset and the row."""
    with pytest.raises(InputError, match=words):
        ArraySource(X, Y, offset=offset)


def test_names_of_another_number_are_refused() -> None:
    """Two names for three columns."""
    with pytest.raises(InputError, match=r"2.*3|3.*2"):
        ArraySource(X, Y, features=("a", "b"))


# ----------------------------------------------------------------------------------------------------------- tables on disk

CSV = "alpha,beta,gamma,word,flag,count,share\n" + "".join(
    f"{a:g},{b:g},{c:g},{word},{flag},{k},{k / 4}\n"
    for (a, b, c), word, flag, k in zip(X + 0.5, TEXT, ["true", "false", "false", "true"], [3, 1, 1, 3], strict=True)
)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def write_parquet(folder: Path, name: str, **columns: Any) -> Path:
    path = folder / name
    parquet.write_table(pa.table(columns), path)
    return path


def write_all(folder: Path, name: str) -> Path:
    """The table of CSV in the format of the name."""
    if name.endswith((".parquet", ".pq")):
        words = pa.array(TEXT).dictionary_encode()
        numbers = {column: X[:, j] + 0.5 for j, column in enumerate(NAMES)}
        counts = np.array([3, 1, 1, 3])
        return write_parquet(folder, name, **numbers, word=words, flag=[True, False, False, True], count=counts, share=counts / 4)
    return write(folder, name, CSV.replace(",", "\t") if ".tsv" in name else CSV)


FORMATS = ["t.csv", "t.csv.gz", "t.tsv", "t.tsv.gz", "T.CSV", "t.parquet", "t.pq"]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_table(tmp_path: Path, name: str, as_text: bool) -> None:
    """Numbers, and labels as text, booleans, integers and floats."""
    path = write_all(tmp_path, name)
    table = read_table(str(path) if as_text else path)
    assert isinstance(table, Table)
    assert table.columns == (*NAMES, "word", "flag", "count", "share")
    features = table.features(NAMES)
    assert features.dtype == np.float64
    np.testing.assert_array_equal(features, X + 0.5)
    np.testing.assert_array_equal(table.features(["gamma", "flag", "count"]), np.column_stack([X[:, 2] + 0.5, 1 - Y, [3, 1, 1, 3]]))
    assert table.features([]).shape == (N, 0)
    for column, kind, labels in (
        ("word", "U", TEXT),
        ("flag", "b", [True, False, False, True]),
        ("count", "i", [3, 1, 1, 3]),
        ("share", "f", [0.75, 0.25, 0.25, 0.75]),
    ):
        found = table.labels(column)
        assert found.dtype.kind == kind
        assert found.tolist() == labels
        assert vector(found, "y", N).tolist() == labels


def test_parquet_types(tmp_path: Path) -> None:
    """Half floats, decimals, unsigned integers, dictionaries and all kinds of text."""
    words = {name: pa.array(["u", "v"], kind) for name, kind in (("large", pa.large_string()), ("view", pa.string_view()))}
    table = read_table(
        write_parquet(
            tmp_path,
            "t.parquet",
            half=np.array([1.5, 2], "f2"),
            decimal=[decimal.Decimal("1.5"), decimal.Decimal("2")],
            unsigned=np.array([1, 2], "u8"),
            codes=pa.array([7, 9]).dictionary_encode(),
            **words,
        )
    )
    np.testing.assert_array_equal(table.features(["half", "decimal", "unsigned"]), [[1.5, 1.5, 1], [2, 2, 2]])
    assert table.labels("codes").tolist() == [7, 9]
    assert table.labels("large").tolist() == table.labels("view").tolist() == ["u", "v"]


def test_large_integers_are_rounded_as_numpy_does(tmp_path: Path) -> None:
    """Identifiers beyond 2^53 are numbers like any other."""
    large = [2**60 + 1, 2]
    np.testing.assert_array_equal(
        read_table(write_parquet(tmp_path, "t.parquet", id=large)).features(["id"])[:, 0], np.array(large, np.float64)
    )


def test_chunks_count_as_one_column(tmp_path: Path) -> None:
    """Row groups do not start the count of rows again."""
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": [1.0, 2.0, 3.0, None, 5.0]}), path, row_group_size=2)
    with pytest.raises(InputError, match=r"column 'a' of t.parquet is empty in row 4 \(1 such rows\)"):
        read_table(path).features(["a"])


BAD_FILES: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("t.csv", "", r"t.csv is empty"),
    "empty gz": ("t.csv.gz", "", r"t.csv.gz is not a readable CSV file: .*[Ee]mpty"),
    "a line end": ("t.csv", "\n", r"t.csv is not a readable CSV file"),
    "a header": ("t.csv", "a,b\n", r"t.csv has a header but no rows"),
    "two columns of one name": ("t.csv", "a,b,a\n1,2,3\n", r"t.csv has two columns called 'a'; rename one of them"),
    "a longer row": (
        "t.csv",
        "a,b\n1,2\n3,4,5\n",
        r"t.csv is not a readable CSV file: the header names 2 columns, but there are 3 in line 3",
    ),
    "a shorter row": (
        "t.tsv",
        "a\tb\n1\t2\n3\n",
        r"t.tsv is not a readable CSV file: the header names 2 columns, but there are 1 in line 3",
    ),
    "another kind": ("t.xlsx", "a,b\n1,2\n", r"t.xlsx is neither .csv, .csv.gz, .tsv, .parquet nor .npz; convert"),
    "no kind": ("t", "a,b\n1,2\n", r"t is neither .csv"),
    "no Parquet": ("t.parquet", "a,b\n1,2\n", r"t.parquet is not a readable Parquet file"),
    "empty Parquet": ("t.parquet", "", r"t.parquet is empty"),
    "a header in Latin-1": ("t.csv", "caf\xe9,b\n1,2\n".encode("latin-1"), r"t.csv .*UTF-?8"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_unreadable_files_are_refused(tmp_path: Path, case: str) -> None:
    """The error names the file and what is wrong with it."""
    name, content, words = BAD_FILES[case]
    with pytest.raises(InputError, match=words):
        read_table(write(tmp_path, name, content))


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    """Cut short anywhere, or damaged; what is only called compressed is read as it is."""
    path, whole = tmp_path / "t.csv.gz", gzip.compress(CSV.encode() * 100)
    for content in (whole[:60], whole[:-1], whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"t.csv.gz is not a readable CSV file"):
            read_table(path)
    path.write_bytes(b"a,b\n1,2\n")
    assert read_table(path).columns == ("a", "b")


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    """A nearby name is offered where there is one."""
    write(tmp_path, "passengers.csv", CSV)
    with pytest.raises(InputError, match=r"pasengers.csv does not exist; did you mean 'passengers.csv'\?"):
        read_table(tmp_path / "pasengers.csv")
    with pytest.raises(InputError, match=r"zzz.parquet does not exist$"):
        read_table(tmp_path / "zzz.parquet")
    with pytest.raises(InputError, match=r"t.csv does not exist$"):
        read_table(tmp_path / "nowhere" / "t.csv")
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        read_table(tmp_path)


BAD_CELLS: dict[str, tuple[str | bytes, str, str]] = {
    "an empty cell": (
        "a,y\n1,u\n,v\n3,v\n,u\n",
        "a",
        r"column 'a' of t.csv is empty in row 2 \(2 such rows\); drop or fill these rows",
    ),
    "NA": ("a,y\n1,u\nNA,v\n", "a", r"column 'a' of t.csv is empty in row 2"),
    "quoted nothing": ('a,y\n1,u\n"",v\n', "a", r"column 'a' of t.csv is empty in row 2"),
    "an empty column": ("a,y\n,u\n,v\n", "a", r"column 'a' of t.csv is empty; leave it out"),
    "text": (
        "a,y\nblue,u\nred,v\n",
        "a",
        r"column 'a' of t.csv holds 'blue' in row 1, not numbers; remove it, replace it by numbers",
    ),
    "a late text": ("a,y\n1,u\n2,v\nblue,v\n", "a", r"column 'a' of t.csv holds 'blue'"),
    "a date": ("a,y\n2020-01-01,u\n", "a", r"column 'a' of t.csv holds .*, not numbers"),
    "another name": ("alpha,y\n1,u\n", "alpa", r"t.csv has no column 'alpa'; did you mean 'alpha'\? \(it has alpha, y\)"),
    "no such name": ("alpha,y\n1,u\n", "zzz", r"t.csv has no column 'zzz' \(it has alpha, y\)"),
    "some text": ("a,y\n1,u\nblue,v\n3,w\n", "a", r"column 'a' of t.csv holds 'blue' in row 2, which is not a number \(1 such"),
    "many columns": (",".join(f"c{j}" for j in range(12)) + "\n" + ",".join("1" * 12) + "\n", "zzz", r"c7 and 4 more\)"),
}


@pytest.mark.parametrize("case", BAD_CELLS)
def test_unusable_columns_are_refused(tmp_path: Path, case: str) -> None:
    """The error names column, file and row, and shows what it found."""
    content, column, words = BAD_CELLS[case]
    table = read_table(write(tmp_path, "t.csv", content))
    with pytest.raises(InputError, match=words):
        table.features([column])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,y\n1,1\n2,\n3,0\n", r"column 'y' of t.csv is empty in row 2 \(1 such rows\)"),
        ("a,y\n1,u\n2,\n3,v\n", r"column 'y' of t.csv is empty in row 2 \(1 such rows\)"),
        ("a,y\n1,\n2,\n", r"column 'y' of t.csv is empty"),
        ("a,Y\n1,u\n", r"t.csv has no column 'y'"),
        ("a,y\n1,caf\xe9\n2,tea\n".encode("latin-1"), r"column 'y' of t.csv .*UTF-?8"),
    ],
    ids=["number", "text", "column", "name", "Latin-1"],
)
def test_unusable_labels_in_a_file_are_refused(tmp_path: Path, content: str | bytes, words: str) -> None:
    """An empty label is missing, never one more class."""
    table = read_table(write(tmp_path, "t.csv", content))
    with pytest.raises(InputError, match=words):
        table.labels("y")


def test_a_missing_label_in_a_dictionary_is_refused(tmp_path: Path) -> None:
    """A null in categories."""
    path = write_parquet(tmp_path, "t.parquet", y=pa.array(["u", None, "v"]).dictionary_encode())
    with pytest.raises(InputError, match=r"column 'y' of t.parquet is empty in row 2"):
        read_table(path).labels("y")


def test_a_nested_label_is_refused(tmp_path: Path) -> None:
    """Lists are no labels."""
    with pytest.raises(InputError, match=r"column 'y' of t.parquet"):
        read_table(write_parquet(tmp_path, "t.parquet", y=[[1], [2]])).labels("y")


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    """Parquet has types even then."""
    with pytest.raises(InputError, match=r"t.parquet has a header but no rows"):
        read_table(write_parquet(tmp_path, "t.parquet", a=pa.array([], pa.float64())))


def test_oddities_of_csv_are_read(tmp_path: Path) -> None:
    """A byte-order mark, Windows line ends, quoted numbers, spaces around numbers, no last line end, text with accents."""
    content = '\ufeffa,b,y\r\n"1.5", 2 ,caf\xe9\r\n-1e3,3,"x, y"'
    table = read_table(write(tmp_path, "t.csv", content))
    np.testing.assert_array_equal(table.features(["a", "b"]), [[1.5, 2], [-1000, 3]])
    assert table.labels("y").tolist() == ["caf\xe9", "x, y"]


def test_a_column_is_what_all_of_it_says(tmp_path: Path) -> None:
    """A fraction after a megabyte of integers makes the column one of fractions; nothing is lost or refused."""
    content = "a,y\n" + "1,2\n" * 300_000 + "1.5,0.5\n"
    table = read_table(write(tmp_path, "t.csv", content))
    assert table.features(["a"])[-1, 0] == 1.5
    assert table.labels("y").dtype == np.float64


def test_dates_are_labels_like_any_other(tmp_path: Path) -> None:
    """They sort; whoever wants them gets them."""
    labels = read_table(write(tmp_path, "t.csv", "a,y\n1,2020-01-01\n2,2021-01-01\n")).labels("y")
    assert labels.astype(object).tolist() == [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]


# ------------------------------------------------------------------------------------------------- pipes, semicolons, arrays


def test_semicolons_are_seen(tmp_path: Path) -> None:
    """Where the header has semicolons and no comma, they divide."""
    table = read_table(write(tmp_path, "t.csv", "a;y\n1.5;u\n2;v\n"))
    assert table.columns == ("a", "y")
    np.testing.assert_array_equal(table.features(["a"]), [[1.5], [2.0]])


def test_bytes_say_what_they_are(tmp_path: Path) -> None:
    """CSV, compressed CSV, Parquet and .npz from a pipe give the columns that the file gives."""
    text = "a,b,y\n1,2,u\n3,4,v\n"
    write_parquet(tmp_path, "t.parquet", a=[1.0, 3.0], b=[2.0, 4.0], y=["u", "v"])
    np.savez(tmp_path / "t.npz", X=[[1, 2], [3, 4]], features=["a", "b"], y=["u", "v"])
    contents = [
        text.encode(),
        gzip.compress(text.encode()),
        *((tmp_path / f"t.{kind}").read_bytes() for kind in ("parquet", "npz")),
    ]
    for content in contents:
        table = parse_table(content, "standard input")
        assert (table.columns, table.rows) == (("a", "b", "y"), 2)
        np.testing.assert_array_equal(table.features(["a", "b"]), [[1, 2], [3, 4]])
        assert table.labels("y").tolist() == ["u", "v"]
        assert table.sha256 == hashlib.sha256(content).hexdigest()
    with pytest.raises(InputError, match="standard input is empty"):
        parse_table(b" \n", "standard input")


BAD_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "no matrix": ({"A": np.zeros((2, 2))}, "holds no matrix X"),
    "nothing": ({}, "holds no matrix X"),
    "a vector": ({"X": np.zeros(3)}, r"X of t.npz has shape \(3,\)"),
    "text": ({"X": np.array([["a"]])}, r"X of t.npz has shape \(1, 1\) and <U1"),
    "names": ({"X": np.zeros((2, 2)), "features": ["a"]}, "names 1 features for the 2 columns"),
    "lengths": ({"X": np.zeros((2, 2)), "y": [1]}, r"y of t.npz has shape \(1,\), but X has 2 rows"),
    "objects": ({"X": np.array([[object()]])}, "t.npz is not a readable .npz file"),
    "missing": ({"X": np.array([[0.0], [np.nan]])}, "is missing"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_unusable_arrays_are_refused(tmp_path: Path, case: str) -> None:
    """No pickle is opened, and what cannot be rows is named."""
    arrays, words = BAD_ARRAYS[case]
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(InputError, match=words):
        read_table(tmp_path / "t.npz").features(["x0"])


def test_a_matrix_is_not_copied() -> None:
    """All columns of an array table are the array; some of them, and columns beside it, are found by name."""
    X, extra = np.arange(6.0).reshape(3, 2), np.array([7, 8, 9])
    table = ArrayTable(X, ["a", "b"], {"c": extra}, "t", target="c")
    assert table.features(("a", "b")) is X or np.shares_memory(table.features(("a", "b")), X)
    np.testing.assert_array_equal(table.features(["c", "a"]), [[7, 0], [8, 2], [9, 4]])
    assert table.labels("b").tolist() == [1, 3, 5]
    assert table.sha256 == ArrayTable(X.copy(), ["a", "b"], {"c": extra}, "u").sha256
    assert table.sha256 != ArrayTable(X + 1, ["a", "b"], {"c": extra}, "t").sha256
    sparse = ArrayTable(sp.csr_array(X), ["a", "b"], {"c": extra}, "t")
    np.testing.assert_array_equal(sparse.features(["b"]).toarray(), [[1], [3], [5]])
    assert sparse.labels("a").tolist() == [0, 2, 4]
