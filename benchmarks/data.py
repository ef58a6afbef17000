"""The data of the workloads: made once from fixed seeds, kept as plain NumPy files, handed to every program alike.

A maker takes a scale, 1 for the sizes that are published; rows (and, where it says so, columns) shrink with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import scipy.sparse as sp


class UnavailableError(Exception):
    """Data or a program that is not on this machine, in words."""


class Data(NamedTuple):
    """Rows X (n, p), dense or CSR, or many small sets (fits, n, p); class codes y (n,) or (fits, n); and named arrays besides."""

    X: Any
    y: np.ndarray
    more: dict[str, np.ndarray]


def _count(number: int, scale: float, least: int = 40) -> int:
    """So many at this scale."""
    return max(min(least, number), round(number * scale))


def _drawn(eta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) labels from logits (n,) or (n, K), every class present."""
    if eta.ndim == 1:
        eta = np.stack([np.zeros_like(eta), eta], axis=1)
    y = (eta + rng.gumbel(size=eta.shape)).argmax(axis=1)
    y[: eta.shape[1]] = np.arange(eta.shape[1])
    return np.asarray(y)


def _correlated(n: int, p: int, rng: np.random.Generator, rho: float = 0.5) -> np.ndarray:
    """(n, p) normal columns, each correlated with the one before by rho; made in place."""
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] *= (1 - rho**2) ** 0.5
        X[:, j] += rho * X[:, j - 1]
    return X


def tall(scale: float) -> Data:
    """1,000,000 x 100, two classes; neighbouring columns are correlated by one half; all columns in like units."""
    rng = np.random.default_rng(1)
    X = _correlated(_count(1_000_000, scale), 100, rng)
    return Data(X, _drawn(X @ rng.normal(size=100) * 0.2, rng), {})


def tall_wild(scale: float) -> Data:
    """The rows of ``tall`` with each column times exp(U(-2, 2)): other units, another penalised optimum."""
    X, y, _ = tall(scale)
    X *= np.exp(np.random.default_rng(2).uniform(-2, 2, size=X.shape[1]))
    return Data(X, y, {})


def forest(scale: float) -> Data:
    """500,000 x 54, 7 uneven classes: 10 numbers in the units of the covertype data, then one-hot columns of 4 and of 40 levels."""
    rng = np.random.default_rng(3)
    n = _count(500_000, scale, 400)
    centre = np.array([2959, 156, 14, 269, 46, 2350, 212, 223, 143, 1980], dtype=float)
    spread = np.array([280, 112, 7.5, 213, 58, 1559, 27, 20, 38, 1324], dtype=float)
    numbers = _correlated(n, 10, rng)
    areas = rng.choice(4, size=n, p=[0.45, 0.05, 0.44, 0.06])
    frequency = 1.0 / np.arange(1, 41) ** 1.2
    soils = rng.choice(40, size=n, p=frequency / frequency.sum())
    X = np.zeros((n, 54))
    X[:, :10] = numbers * spread + centre
    X[np.arange(n), 10 + areas] = 1.0
    X[np.arange(n), 14 + soils] = 1.0
    eta = numbers @ rng.normal(size=(10, 7)) * 0.6 + rng.normal(size=(4, 7))[areas] + rng.normal(size=(40, 7))[soils]
    return Data(X, _drawn(eta + np.log([0.36, 0.49, 0.06, 0.005, 0.02, 0.03, 0.035]), rng), {})


def mnist(scale: float) -> Data:
    """The 60,000 training images of MNIST, 784 pixels, 10 classes, float32, as ``logistic.datasets`` gives them."""
    from logistic import InputError, datasets

    try:
        X, y = datasets.load("mnist", return_X_y=True)
    except InputError as error:
        raise UnavailableError(str(error)) from None
    n = _count(len(X), scale, 600)
    return Data(np.ascontiguousarray(X[:n]), np.asarray(y[:n], dtype=np.int64), {})


def _text(scale: float, classes: int) -> Data:
    """100,000 x 50,000 (both shrink), 80 entries a row in columns drawn by Zipf's law, rarer ones larger, rows of length one."""
    rng = np.random.default_rng(4 + classes)
    n, p = _count(100_000, scale, 300), _count(50_000, scale, 400)
    frequency = 1.0 / (np.arange(p) + 3.0)
    frequency /= frequency.sum()
    edges, chosen = np.cumsum(frequency), np.empty((n, 80), dtype=np.int32)
    for i in range(n):
        found: dict[int, None] = {}
        while len(found) < 80:
            found.update(dict.fromkeys(np.searchsorted(edges, rng.random(120) * edges[-1]).tolist()))
        chosen[i] = sorted(list(found)[:80])
    values = (1.0 + rng.exponential(size=chosen.shape)) * np.log(1.0 / frequency)[chosen]
    values /= np.sqrt((values**2).sum(axis=1, keepdims=True))
    X = sp.csr_matrix((values.ravel(), chosen.ravel(), np.arange(0, 80 * n + 1, 80)), shape=(n, p))
    truth = rng.normal(size=(p, 1 if classes == 2 else classes)) * 3.0
    eta = np.asarray(X @ truth)
    return Data(X, _drawn(eta[:, 0] if classes == 2 else eta, rng), {})


def text_2(scale: float) -> Data:
    """Sparse text-like rows, two classes."""
    return _text(scale, 2)


def text_20(scale: float) -> Data:
    """Sparse text-like rows, twenty classes."""
    return _text(scale, 20)


def _wide(n: int, p: int, classes: int) -> Data:
    """More columns than rows, correlated by one half; twenty columns matter. With the 100 strengths of an L1 path.

    They go evenly in their logarithm from the least strength at which every coefficient is zero to a hundredth of it.
    """
    rng = np.random.default_rng(6 + n + classes)
    X = _correlated(n, p, rng)
    truth = np.zeros((p, 1 if classes == 2 else classes))
    truth[rng.choice(p, size=20, replace=False)] = rng.normal(size=(20, truth.shape[1]))
    eta = X @ truth
    y = _drawn(eta[:, 0] if classes == 2 else eta, rng)
    shares = np.eye(classes)[y] - np.bincount(y) / n
    strongest = np.abs(X.T @ shares).max()  # of the sum of losses, so C = 1 / strength
    return Data(X, y, {"Cs": 1.0 / (strongest * np.geomspace(1.0, 0.01, 100))})


def wide_100(scale: float) -> Data:
    """100 x 10,000 (columns shrink), two classes."""
    return _wide(100, _count(10_000, scale, 200), 2)


def wide_100_5(scale: float) -> Data:
    """100 x 10,000 (columns shrink), five classes."""
    return _wide(100, _count(10_000, scale, 200), 5)


def wide_200(scale: float) -> Data:
    """200 x 1,500 (columns shrink), two classes."""
    return _wide(200, _count(1_500, scale, 200), 2)


def middle(scale: float) -> Data:
    """20,000 x 100 (rows shrink), eight classes."""
    rng = np.random.default_rng(9)
    X = _correlated(_count(20_000, scale, 400), 100, rng)
    return Data(X, _drawn(X @ rng.normal(size=(100, 8)) * 0.2, rng), {})


def wide_2000(scale: float) -> Data:
    """2,000 x 20,000 (both shrink), two classes."""
    return _wide(_count(2_000, scale, 100), _count(20_000, scale, 200), 2)


def wide_2000_5(scale: float) -> Data:
    """2,000 x 20,000 (both shrink), five classes."""
    return _wide(_count(2_000, scale, 100), _count(20_000, scale, 200), 5)


def plain_50(scale: float) -> Data:
    """50,000 x 50, two classes."""
    rng = np.random.default_rng(8)
    X = _correlated(_count(50_000, scale, 200), 50, rng)
    return Data(X, _drawn(X @ rng.normal(size=50) * 0.3, rng), {})


def digits(scale: float) -> Data:
    """1,797 x 64, 10 classes: images of digits that scikit-learn carries; C above 1 all but separates the classes."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    n = _count(len(X), scale, 200)
    return Data(X[:n], y[:n], {})


def plain_30(scale: float) -> Data:
    """2,000,000 x 30, two classes: 480 MB, so that a fit is bound by memory."""
    rng = np.random.default_rng(9)
    X = _correlated(_count(2_000_000, scale, 200), 30, rng)
    return Data(X, _drawn(X @ rng.normal(size=30) * 0.4, rng), {})


def irises(scale: float) -> Data:
    """10,000 sets (their number shrinks) of 150 x 4, 3 classes: rows of iris drawn with replacement, with a little noise."""
    from sklearn.datasets import load_iris

    rng, (X, y) = np.random.default_rng(10), load_iris(return_X_y=True)
    rows = rng.integers(0, len(X), size=(_count(10_000, scale, 5), len(X)))
    return Data(X[rows] + 0.05 * rng.normal(size=(*rows.shape, 4)), y[rows], {})


def _to_predict(n: int, p: int, classes: int) -> Data:
    """Float32 rows, and the coefficients (M, p) and intercepts (M,) of a model to apply to them."""
    rng = np.random.default_rng(11 + p)
    M = 1 if classes == 2 else classes
    coef, intercept = rng.normal(size=(M, p)) / p**0.5, rng.normal(size=M)
    return Data(rng.standard_normal((n, p), dtype=np.float32), np.arange(classes), {"coef": coef, "intercept": intercept})


def rows_50(scale: float) -> Data:
    """1,000,000 x 50 float32 rows to predict, two classes."""
    return _to_predict(_count(1_000_000, scale, 100), 50, 2)


def rows_784(scale: float) -> Data:
    """1,000,000 x 784 float32 rows to predict, ten classes."""
    return _to_predict(_count(1_000_000, scale, 100), 784, 10)


MAKERS: dict[str, Callable[[float], Data]] = {
    maker.__name__: maker
    for maker in (
        *(tall, tall_wild, forest, mnist, text_2, text_20, wide_100, wide_100_5, wide_200, wide_2000, wide_2000_5),
        *(middle, plain_50, plain_30, digits, irises, rows_50, rows_784),
    )
}


def prepare(name: str, scale: float, folder: Path) -> Path:
    """Make the data called ``name`` unless they lie in ``folder`` already; the folder of their files.

    Raises
    ------
    UnavailableError
        Where they have to be fetched and cannot be.
    """
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]  # other makers, other data
    place = folder / f"{name}-{scale:g}-{digest}"
    if (place / "y.npy").exists():
        return place
    X, y, more = MAKERS[name](scale)
    place.mkdir(parents=True, exist_ok=True)
    if sp.issparse(X):
        for part in ("data", "indices", "indptr"):
            np.save(place / f"{part}.npy", getattr(X, part))
        np.save(place / "shape.npy", np.array(X.shape))
    else:
        np.save(place / "X.npy", X)
    np.savez(place / "more.npz", **more)  # type: ignore[arg-type]
    np.save(place / "y.npy", y)
    return place


def read(place: Path, mapped: bool = False) -> Data:
    """The data of a folder, in memory; or mapped from the files, for the judge."""
    mode: Literal["r"] | None = "r" if mapped else None
    if (place / "X.npy").exists():
        X = np.load(place / "X.npy", mmap_mode=mode)
    else:
        data, indices, indptr = (np.load(place / f"{part}.npy", mmap_mode=mode) for part in ("data", "indices", "indptr"))
        X = sp.csr_matrix((data, indices, indptr), shape=tuple(np.load(place / "shape.npy")), copy=False)
    with np.load(place / "more.npz") as more:
        return Data(X, np.load(place / "y.npy"), {name: more[name] for name in more.files})
