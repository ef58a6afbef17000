"""Laws of the designs: every product equals the same product of the explicit matrix, for every design over every kind of data."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import logistic
from logistic.contracts import Design
from logistic.designs import REGISTRY, Dense, Divided, Intercept, Scaled, Shifted, Sparse, is_sparse
from logistic.designs.dense import LONG, TALL
from logistic.sources import matrix

ROWS, COLUMNS = 9, 5
COLUMN_COUNTS = (1, 3)


class Example(NamedTuple):
    """A design, the same numbers as an explicit float64 matrix, and the arrays that it must not write to."""

    design: Design
    explicit: np.ndarray
    held: tuple[np.ndarray, ...]


# ---------------------------------------------------------------------------------------------------------------- examples


def numbers(kind: str = "f8", shape: tuple[int, int] = (ROWS, COLUMNS)) -> np.ndarray:
    rng = np.random.default_rng(12)
    if kind == "i1":
        X = rng.integers(-128, 128, size=shape, dtype=np.int8)
        X.flat[:2] = -128, 127
        return X
    if kind == "?":
        return rng.random(size=shape) < 0.5
    return (3 * rng.normal(size=shape) + 1).astype(kind)


def sparse_numbers(kind: str = "f8", shape: tuple[int, int] = (ROWS, COLUMNS)) -> np.ndarray:
    """A matrix with many zeros, an empty row and an empty column."""
    kept = np.random.default_rng(13).random(size=shape) < 0.5
    kept[:1, :2] = True  # where int8 has its ends
    kept[1:2], kept[:, 2:3] = False, False
    return np.where(kept, numbers(kind, shape), np.zeros((), dtype=kind))


def locked(*held: np.ndarray) -> None:
    for array in held:
        array.setflags(write=False)


def dense(X: np.ndarray) -> Example:
    return Example(Dense(X), X.astype(np.float64), (X,))


def read_only() -> Example:
    X = numbers()
    locked(X)
    return dense(X)


def strided() -> Example:
    return dense(numbers(shape=(2 * ROWS, 3 * COLUMNS))[::2, ::-3])


def csr(X: Any) -> Example:
    return Example(Sparse(X), X.toarray().astype(np.float64), (X.data, X.indices, X.indptr))


def wide_indices() -> Example:
    X = sp.csr_array(sparse_numbers())
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return csr(X)


def tangled() -> Example:
    """Unsorted columns; entries given twice, some of which cancel. Nothing marks it as such."""
    indptr = np.array([0, 4, 4, 7, 9])
    indices = np.array([3, 0, 3, 1, 4, 4, 0, 1, 1])
    data = np.array([1.5, 2.0, 0.25, -1.0, 3.0, -3.0, 7.0, -2.0, 0.5])
    explicit = np.zeros((4, COLUMNS))
    np.add.at(explicit, (np.repeat(np.arange(4), np.diff(indptr)), indices), data)
    return Example(Sparse(sp.csr_array((data, indices, indptr), shape=(4, COLUMNS))), explicit, (data, indices, indptr))


def locked_csr() -> Example:
    example = csr(sp.csr_array(sparse_numbers()))
    locked(*example.held)
    return example


def from_source(X: Any) -> Example:
    held = tuple(v for v in vars(X).values() if isinstance(v, np.ndarray))
    return Example(Sparse(matrix(X)[0]), X.toarray().astype(np.float64), held)


def tangled_coo() -> Example:
    rows, columns = np.array([3, 0, 3, 2, 3]), np.array([4, 1, 4, 0, 0])
    return from_source(sp.coo_array((np.array([1.0, 2.0, -0.75, 4.0, 5.0]), (rows, columns)), shape=(5, COLUMNS)))


def scaled(of: Callable[[], Example], centred: bool) -> Example:
    inner = of()
    rng = np.random.default_rng(14)
    p = inner.design.shape[1]
    center, scale = rng.normal(size=p) if centred else None, 10.0 ** rng.uniform(-2, 2, size=p)
    explicit = (inner.explicit - (0 if center is None else center)) / scale
    held = (*inner.held, scale) if center is None else (*inner.held, scale, center)
    return Example(Scaled(inner.design, center, scale), explicit, held)


def scaled_nearby(of: Callable[[], Example]) -> Example:
    """Scaled, with every centre so near zero that it is subtracted from the products."""
    inner = of()
    rng = np.random.default_rng(16)
    scale = 10.0 ** rng.uniform(-2, 2, size=inner.design.shape[1])
    center = scale * rng.uniform(-8, 8, size=len(scale))
    return Example(Scaled(inner.design, center, scale), (inner.explicit - center) / scale, (*inner.held, scale, center))


def shifted(of: Callable[[], Example]) -> Example:
    inner = of()
    center = np.random.default_rng(17).normal(size=inner.design.shape[1])
    return Example(Shifted(inner.design, center), inner.explicit - center, (*inner.held, center))


def divided(of: Callable[[], Example]) -> Example:
    inner = of()
    scale = 10.0 ** np.random.default_rng(15).uniform(-2, 2, size=inner.design.shape[1])
    return Example(Divided(inner.design, scale), inner.explicit / scale, (*inner.held, scale))


def intercept(of: Callable[[], Example]) -> Example:
    inner = of()
    ones = np.ones((inner.explicit.shape[0], 1))
    return Example(Intercept(inner.design), np.hstack([inner.explicit, ones]), inner.held)


Builders = dict[str, Callable[[], Example]]

DENSE: Builders = {
    "C": lambda: dense(numbers()),
    "F": lambda: dense(np.asfortranarray(numbers())),
    "strided": strided,
    "read-only": read_only,
    "float32": lambda: dense(numbers("f4")),
    "int8": lambda: dense(numbers("i1")),
    "bool": lambda: dense(numbers("?")),
    "one row": lambda: dense(numbers(shape=(1, COLUMNS))),
    "no rows": lambda: dense(numbers(shape=(0, COLUMNS))),
    "one column": lambda: dense(numbers(shape=(ROWS, 1))),
    "no columns": lambda: dense(numbers(shape=(ROWS, 0))),
}
SPARSE: Builders = {
    "array": lambda: csr(sp.csr_array(sparse_numbers())),
    "matrix": lambda: csr(sp.csr_matrix(sparse_numbers())),
    "int64 indices": wide_indices,
    "tangled": tangled,
    "read-only": locked_csr,
    "float32": lambda: csr(sp.csr_array(sparse_numbers("f4"))),
    "int8": lambda: csr(sp.csr_array(sparse_numbers("i1"))),
    "bool": lambda: csr(sp.csr_array(sparse_numbers("?"))),
    "all zero": lambda: csr(sp.csr_array((ROWS, COLUMNS))),
    "one row": lambda: csr(sp.csr_array(numbers(shape=(1, COLUMNS)))),
    "no rows": lambda: csr(sp.csr_array((0, COLUMNS))),
    "CSC": lambda: from_source(sp.csc_array(sparse_numbers())),
    "COO with duplicates": tangled_coo,
}
SCALED: Builders = {
    **{f"dense {name} centred": functools.partial(scaled, of, True) for name, of in DENSE.items()},
    **{f"dense {name} centred nearby": functools.partial(scaled_nearby, of) for name, of in DENSE.items()},
    **{f"dense {name}": functools.partial(scaled, of, False) for name, of in DENSE.items()},
    **{f"sparse {name}": functools.partial(scaled, of, False) for name, of in SPARSE.items()},
}
SHIFTED: Builders = {name: functools.partial(shifted, of) for name, of in DENSE.items() if of().design.X.dtype == np.float64}
DIVIDED: Builders = {
    f"{name} {kind}": functools.partial(divided, of)
    for name, family in (("dense", DENSE), ("sparse", SPARSE))
    for kind, of in family.items()
}
WRAPPED = {"dense": DENSE, "sparse": SPARSE, "divided": DIVIDED, "scaled": SCALED, "shifted": SHIFTED}
INTERCEPT: Builders = {
    f"{family} {name}": functools.partial(intercept, of) for family, members in WRAPPED.items() for name, of in members.items()
}
EXAMPLES: dict[str, Builders] = {**WRAPPED, "intercept": INTERCEPT}
CASES = [pytest.param(build, id=f"{family}: {name}") for family in REGISTRY for name, build in EXAMPLES[family].items()]


@pytest.fixture(params=CASES, name="example")
def _example(request: pytest.FixtureRequest) -> Example:
    """Every example of every registered design; a design without examples is a KeyError."""
    return request.param()


# -------------------------------------------------------------------------------------------------------------------- laws


def near(found: Any, wanted: np.ndarray, size: np.ndarray) -> None:
    """Equal to 1e-12 of ``size``, the same sum over absolute terms."""
    found = np.asarray(found)
    assert type(found) is np.ndarray
    assert found.shape == wanted.shape
    assert (abs(found - wanted) <= 1e-12 * size).all()


def factors(design: Design) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(W, G, h) for one and for several columns; h has zeros, and weights of many sizes."""
    n, p = design.shape
    rng = np.random.default_rng(15)
    for M in COLUMN_COUNTS:
        h = 10.0 ** rng.uniform(-8, 2, size=n)
        h[::4] = 0
        yield rng.normal(size=(p, M)), rng.normal(size=(n, M)), h


def check_products(design: Design, X: np.ndarray) -> None:
    """All three products against the explicit matrix."""
    A = abs(X)
    for W, G, h in factors(design):
        near(design.matmul(W), X @ W, A @ abs(W))
        near(design.rmatmul(G), X.T @ G, A.T @ abs(G))
        near(design.gram(h), X.T @ (h[:, None] * X), A.T @ (h[:, None] * A))


def variants(design: Design) -> list[Design]:
    return [design, design.ready(), design.ready().ready()]


def selections(n: int) -> dict[str, Any]:
    every = np.arange(n)
    return {
        "slice": slice(1, n - 1),
        "all": slice(None),
        "from the end": slice(-2, None),
        "past the end": slice(n - 1, n + 10),
        "nothing": slice(2, 2),
        "backwards": slice(None, None, -1),
        "every second": slice(None, None, 2),
        "indices": np.concatenate([every[::-2], every[:1], every[:1]]),
        "no index": np.zeros(0, dtype=np.intp),
        "mask": every % 3 == 1,
        "empty mask": every < 0,
    }


def test_shape_is_declared(example: Example) -> None:
    """(n, p), as plain integers, and the same for what is made of it."""
    for design in (*variants(example.design), example.design.absolute()):
        assert design.shape == example.explicit.shape
        assert all(type(size) is int for size in design.shape)


def test_products_equal_the_explicit_matrix(example: Example) -> None:
    """matmul, rmatmul and gram, as given and prepared."""
    for design in variants(example.design):
        check_products(design, example.explicit)


def test_products_are_adjoint(example: Example) -> None:
    """<X W, G> = <W, Xᵀ G>, whatever X is."""
    for W, G, _ in factors(example.design):
        left, right = (example.design.matmul(W) * G).sum(), (W * example.design.rmatmul(G)).sum()
        assert abs(left - right) <= 1e-12 * (abs(example.explicit) @ abs(W) * abs(G)).sum()


def test_gram_belongs_to_the_other_products(example: Example) -> None:
    """Xᵀ diag(h) X v = Xᵀ (h * (X v)): gram belongs to the same X as the other two."""
    A = abs(example.explicit)
    for W, _, h in factors(example.design):
        near(
            example.design.gram(h) @ W,
            example.design.rmatmul(h[:, None] * example.design.matmul(W)),
            A.T @ (h[:, None] * (A @ abs(W))),
        )


def test_absolute_is_the_matrix_of_absolute_terms(example: Example) -> None:
    """Absolute entries, integers at the end of their range and cancelling duplicates included; both terms of a shift."""
    for design in variants(example.design):
        terms = np.asarray(design.absolute().dense())
        check_products(design.absolute(), terms)
        assert (terms >= abs(example.explicit) * (1 - 1e-14)).all()
        if not is_shifted(design.ready()):
            check_products(design.absolute(), abs(example.explicit))


def is_shifted(design: Any) -> bool:
    """Whether a centre is subtracted from the products of the design."""
    return isinstance(design, Shifted) or (hasattr(design, "design") and is_shifted(design.design))


def test_squared_and_dense_are_the_entries(example: Example) -> None:
    """The diagonal of a Gram matrix is a product with the squares; the entries can be had as they are."""
    for design in variants(example.design):
        size = abs(example.explicit).max(initial=1e-300)
        assert (abs(design.dense() - example.explicit) <= 1e-12 * size).all()
        with np.errstate(over="ignore"):
            squares = example.explicit**2
        if np.isfinite(squares).all() and size < 1e100:
            check_products(design.squared(), squares)


def test_take_commutes_with_every_product(example: Example) -> None:
    """Some rows of the design are the design of these rows."""
    for name, rows in selections(example.design.shape[0]).items():
        explicit = example.explicit[rows]
        taken = example.design.take(rows)
        assert taken.shape == explicit.shape, name
        assert type(taken) is type(example.design)
        for design in variants(taken):
            check_products(design, explicit)
        check_products(example.design.ready().take(rows), explicit)
        check_products(taken.take(slice(0, 1)), explicit[:1])


def test_nothing_is_mutated(example: Example) -> None:
    """Every byte that a design was given is the same after every operation, and results are new memory."""
    before = [array.tobytes() for array in example.held]
    for design in (*variants(example.design), example.design.absolute(), example.design.take(slice(0, 2))):
        for W, G, h in factors(design):
            kept = [a.tobytes() for a in (W, G, h)]
            for product in (design.matmul(W), design.rmatmul(G), design.gram(h)):
                product[:] = -1
            assert [a.tobytes() for a in (W, G, h)] == kept
    assert [array.tobytes() for array in example.held] == before


def test_gram_is_symmetric(example: Example) -> None:
    """To rounding, and positive semidefinite."""
    for _, _, h in factors(example.design):
        H = example.design.gram(h)
        assert abs(H - H.T).max(initial=0) <= 1e-13 * abs(H).max(initial=0)
        assert len(H) == 0 or np.linalg.eigvalsh(H)[0] >= -1e-12 * np.trace(H)


# --------------------------------------------------------------------------------------------------- promises of one member


@pytest.mark.parametrize("name", DENSE)
def test_dense_gram_is_symmetric_to_the_last_bit(name: str) -> None:
    """As its docstring says."""
    design = DENSE[name]().design
    for _, _, h in factors(design):
        H = design.gram(h)
        np.testing.assert_array_equal(H, H.T)


@pytest.mark.parametrize(("family", "name"), [("dense", "C"), ("dense", "F"), ("sparse", "array"), ("sparse", "matrix")])
def test_a_slice_is_a_view(family: str, name: str) -> None:
    """Blocks of rows cost no second copy of the data."""
    design = EXAMPLES[family][name]().design
    for rows in (slice(1, 8), slice(3, 5)):
        whole, part = design.X, design.take(rows).X
        if is_sparse(whole):
            assert type(part) is type(whole)
            assert np.shares_memory(part.data, whole.data)
            assert np.shares_memory(part.indices, whole.indices)
        else:
            assert np.shares_memory(part, whole)


@pytest.mark.parametrize(("far", "kind"), [(8.1, Dense), (7.9, Shifted)])
def test_ready_centres_a_dense_block_once(far: float, kind: type[Design]) -> None:
    """Centred numbers where one column is far from zero, else what subtracts the centres later; nothing is left to prepare."""
    X, scale = numbers(), np.arange(1.0, COLUMNS + 1)
    for sign in (-1, 1):
        ready = Scaled(Dense(X), sign * scale * np.linspace(0, far, COLUMNS), scale).ready()
        assert type(ready) is Divided
        assert type(ready.design) is kind
        assert ready.ready() is ready


def test_columns_near_zero_are_not_copied() -> None:
    """A float64 block is multiplied where it lies."""
    X = numbers()
    ready = Scaled(Dense(X), np.ones(COLUMNS), np.ones(COLUMNS)).ready()
    assert ready.design.design.X is X


@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("shift", [1e6, -1e6])
def test_a_large_shift_costs_no_digits(shift: float, kind: str) -> None:
    """Centred columns near 1e6 give the products of the same columns near 0, to 1e-9 (on a grid that both can hold)."""
    grid = {"f8": 2.0**-20, "f4": 2.0**-3}[kind]
    X = (np.round(numbers() / grid) * grid).astype(kind)
    moved = X + np.asarray(shift, dtype=kind)
    assert (moved.astype(np.float64) - shift == X).all()
    center, scale = np.round(X.mean(axis=0, dtype=np.float64) * 2**10) / 2**10, X.std(axis=0, dtype=np.float64)
    near_zero, far_away = Scaled(Dense(X), center, scale), Scaled(Dense(moved), center + shift, scale)
    for W, G, h in factors(near_zero):
        np.testing.assert_allclose(far_away.matmul(W), near_zero.matmul(W), rtol=1e-9)
        np.testing.assert_allclose(far_away.rmatmul(G), near_zero.rmatmul(G), rtol=1e-9)
        np.testing.assert_allclose(far_away.gram(h), near_zero.gram(h), rtol=1e-9)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_dense_columns_of_any_size(size: float) -> None:
    """A scaled dense design never squares the raw numbers."""
    X = numbers()
    plain, large = Scaled(Dense(X), X[0], np.full(COLUMNS, 2.0)), Scaled(Dense(size * X), size * X[0], np.full(COLUMNS, 2 * size))
    for _, _, h in factors(plain):
        np.testing.assert_allclose(large.gram(h), plain.gram(h), rtol=1e-9, atol=1e-12)


def test_only_dense_data_is_centred() -> None:
    """Centring sparse data would fill it; the error says what to pass instead."""
    with pytest.raises(TypeError, match="center=None"):
        Scaled(SPARSE["array"]().design, np.zeros(COLUMNS), np.ones(COLUMNS))


# ------------------------------------------------------------------------------------------------------------------- torch


def to_torch(design: Design) -> Design:
    """The same design over tensors."""
    if isinstance(design, Dense):
        return Dense(torch.tensor(np.array(design.X)))
    if isinstance(design, Scaled):
        center = None if design.center is None else torch.tensor(design.center)
        return Scaled(to_torch(design.design), center, torch.tensor(design.scale))
    if isinstance(design, Shifted):
        return Shifted(to_torch(design.design), torch.tensor(design.center))
    if isinstance(design, Divided):
        return Divided(to_torch(design.design), torch.tensor(design.scale))
    assert isinstance(design, Intercept)
    return Intercept(to_torch(design.design))


def over_dense(design: Any) -> bool:
    """Whether the numbers below all wrappers are dense and in double precision, as a torch fit has them."""
    while hasattr(design, "design"):
        design = design.design
    return isinstance(design, Dense) and design.X.dtype == np.float64


TORCH_CASES = [case for case in CASES if over_dense(case.values[0]().design)]


@pytest.mark.parametrize("build", TORCH_CASES)
def test_torch_equals_numpy(build: Callable[[], Example]) -> None:
    """Every product, as given, prepared, taken and absolute, to 1e-12 of the explicit matrix."""
    design, X, _ = build()
    tensors = to_torch(design)
    n = design.shape[0]
    rows = {"slice": slice(1, n - 1), "indices": np.arange(n)[::-2].copy(), "mask": np.arange(n) % 3 == 1}
    pairs = [(d, X) for d in variants(tensors)] + [(tensors.absolute(), np.asarray(design.absolute().dense()))]
    pairs += [(tensors.take(r if isinstance(r, slice) else torch.as_tensor(r)), X[r]) for r in rows.values()]
    for found, explicit in pairs:
        A = abs(explicit)
        assert tuple(found.shape) == explicit.shape
        for W, G, h in factors(found):
            products = found.matmul(torch.tensor(W)), found.rmatmul(torch.tensor(G)), found.gram(torch.tensor(h))
            assert all(isinstance(product, torch.Tensor) for product in products)
            near(products[0], explicit @ W, A @ abs(W))
            near(products[1], explicit.T @ G, A.T @ abs(G))
            near(products[2], explicit.T @ (h[:, None] * explicit), A.T @ (h[:, None] * A))


# ---------------------------------------------------------------------------------------------------------------- registry


def descendants(cls: type) -> set[type]:
    return {c for child in cls.__subclasses__() for c in (child, *descendants(child))}


def test_every_design_is_registered() -> None:
    """A concrete design of the package that is not in the registry would escape these laws."""
    ours = {c for c in descendants(Design) if c.__module__.split(".")[0] == logistic.__name__ and not c.__abstractmethods__}
    assert ours == set(REGISTRY.values())
    assert set(EXAMPLES) == set(REGISTRY)


@pytest.mark.parametrize("family", REGISTRY)
def test_examples_are_of_their_family(family: str) -> None:
    """The examples under a name are of the class of that name."""
    assert all(type(build().design) is REGISTRY[family] for build in EXAMPLES[family].values())


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32])
def test_a_tall_block_is_multiplied_as_any_other(dtype: type, order: str) -> None:
    """Blocks that come from memory take a road of their own for one column."""
    rng = np.random.default_rng(5)
    X = np.asarray(10 * rng.normal(size=(TALL // LONG + 1, LONG)), dtype=dtype, order=order)
    design, W, G = Dense(X), rng.normal(size=(LONG, 1)), rng.normal(size=(len(X), 1))
    assert design._streamed == (dtype is np.float64 and order == "C")
    assert design.matmul(W).shape == G.shape
    np.testing.assert_allclose(design.matmul(W), X @ W, rtol=0, atol=1e-11)
    assert design.rmatmul(G).shape == W.shape
    np.testing.assert_allclose(design.rmatmul(G), X.T @ G, rtol=0, atol=1e-9)


@pytest.mark.parametrize("columns", [1, 2, 7, 32, 33])
@pytest.mark.parametrize("n", [0, 1, 39, 40, 41, 80, 103])
def test_runs_of_rows_are_all_of_the_rows(n, columns, monkeypatch):
    """Products with few columns are formed some rows at a time: whole runs, what is left over, and no run at all."""
    monkeypatch.setattr("logistic.designs.dense.PACKED", 40 * COLUMNS * columns)
    rng = np.random.default_rng(n)
    X, W, G = rng.normal(size=(n, COLUMNS)), rng.normal(size=(COLUMNS, columns)), rng.normal(size=(n, columns))
    np.testing.assert_allclose(Dense(X).matmul(W), X @ W, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(Dense(X).rmatmul(G), X.T @ G, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(Dense(X).rmatmul(np.asfortranarray(G)), X.T @ G, rtol=1e-12, atol=1e-12)


def test_many_rows_without_a_column_are_multiplied():
    """More of them than BLAS is given at a time."""
    X = Dense(np.empty((1_000_001, 0)))
    assert X.matmul(np.empty((0, 3))).shape == (1_000_001, 3)
    assert X.rmatmul(np.ones((1_000_001, 3))).shape == (0, 3)
