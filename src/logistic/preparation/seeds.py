"""Seeds of the global streams, and a seed of any kind as one stream."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from ..errors import InputError


def set_seed(seed: int) -> np.random.Generator:
    """Seed the global streams of Python, NumPy and torch, and return a NumPy generator of the same seed.

    torch is seeded only if it has been imported: call this after ``import torch``.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Raises
    ------
    InputError
        For another seed.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise InputError(f"seed must be a whole number from 0 to 2**32 - 1, but is {seed!r}")
    random.seed(int(seed))
    np.random.seed(seed)  # noqa: NPY002 - the global stream is meant
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(int(seed))
    return np.random.default_rng(seed)


def stream(seed: Any) -> Any:
    """The seed in the only form that every scikit-learn draws from: a RandomState, which shares the stream of a Generator.

    Raises
    ------
    InputError
        For anything else than a number, a RandomState, a Generator, or None (NumPy's global stream).
    """
    from sklearn.utils import check_random_state

    try:
        return check_random_state(np.random.RandomState(seed.bit_generator) if isinstance(seed, np.random.Generator) else seed)
    except (TypeError, ValueError):
        raise InputError(f"seed must be a number from 0 to 2**32 - 1, a RandomState or a Generator, but is {seed!r}") from None
