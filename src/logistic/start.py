"""Where a fit starts: named start values, or coefficients in the units of the data; and the random stream behind them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import to_numpy
from .errors import InputError, did_you_mean

NAMES = ("zeros", "normal", "lecun_normal", "torch_linear")


def generator(seed: Any) -> np.random.Generator:
    """A NumPy generator for an int, a Generator (used as it is), a RandomState (drawn from once), or None (entropy).

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, np.random.RandomState):
        return np.random.default_rng(seed.randint(2**32, size=4, dtype=np.uint64))
    if seed is None or (isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0):
        return np.random.default_rng(seed)
    raise InputError(f"random_state must be a whole number from 0 on, a NumPy Generator or RandomState, or None, but is {seed!r}")


def start(init: Any, p: int, classes: np.ndarray, intercept: bool, rng: np.random.Generator) -> np.ndarray:
    """(q, M) coefficients in the units of the data, intercept row last.

    Parameters
    ----------
    init : str, array, pair of arrays, or fitted model
        ``zeros``; ``normal``: standard normal coefficients, zero intercepts; ``lecun_normal``: the same over sqrt(p);
        ``torch_linear``: coefficients and intercepts uniform within 1 / sqrt(p), as in ``torch.nn.Linear``. Coefficients are
        (M, p), or (2, p) for two classes, of which the difference counts; a pair adds intercepts; ``coef_`` and ``intercept_``,
        or ``coef`` and ``intercept``, of a model do the same.
    p : int
    classes : (K,) array
    intercept : bool
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        For an unknown name, a wrong shape, or numbers that are not finite.
    """
    K = len(classes)
    columns = 1 if K == 2 else K
    if isinstance(init, str):
        drawn = _named(init, p, columns, rng)
        return drawn if intercept else drawn[:p]
    theirs = getattr(init, "classes_", getattr(init, "classes", None))
    if theirs is not None and not np.array_equal(theirs, classes):
        raise InputError(
            f"the start is a model of the classes {np.asarray(theirs).tolist()!r:.100}, but y holds {classes.tolist()!r:.100}"
        )
    coef, base = _parts(init)
    W = np.zeros((p + intercept, columns))
    W[:p] = _columns(coef, "coefficients", (p, K), columns).T
    if base is None:
        return W
    base = to_numpy(base).reshape(-1, 1)
    if intercept:
        W[p] = _columns(base, "intercepts", (1, K), columns)[:, 0]
    elif theirs is None and base.any():  # of a model only the coefficients are taken
        raise InputError("init holds an intercept, but fit_intercept=False; leave it out")
    return W


def _named(name: str, p: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    root = max(p, 1) ** -0.5
    W = np.zeros((p + 1, columns))
    if name == "zeros":
        return W
    if name == "torch_linear":
        return rng.uniform(-root, root, size=W.shape)
    if name in ("normal", "lecun_normal"):
        W[:p] = rng.standard_normal((p, columns)) * (1.0 if name == "normal" else root)
        return W
    raise InputError(f"init={name!r} is unknown; pass coefficients or one of {', '.join(NAMES)}{did_you_mean(name, NAMES)}")


def _parts(init: Any) -> tuple[Any, Any]:
    if isinstance(init, tuple) and len(init) == 2:
        return init
    for coef, base in (("coef_", "intercept_"), ("coef", "intercept")):
        if hasattr(init, coef):
            return getattr(init, coef), getattr(init, base)
    return init, None


def _columns(values: Any, what: str, shape: tuple[int, int], columns: int) -> np.ndarray:
    """(M, p) float64; two rows for two classes become their difference."""
    p, classes = shape
    try:
        given = values.toarray() if hasattr(values, "toarray") else to_numpy(values)
        found = np.atleast_2d(given.astype(np.float64, casting="same_kind" if given.dtype.kind == "c" else "unsafe"))
    except (TypeError, ValueError):
        raise InputError(f"init holds {what} that are not numbers; pass an array ({columns}, {p})") from None
    if found.shape == (classes, p) and columns == 1:
        found = found[1:] - found[:1]
    if found.shape != (columns, p):
        raise InputError(f"init holds {what} of shape {found.shape}; pass ({columns}, {p})")
    if not np.isfinite(found).all():
        raise InputError(f"init holds {what} that are not finite")
    return found
