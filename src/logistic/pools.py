"""How many threads the linear algebra runs on: one setting for the whole process, given back by whoever changed it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np

from .errors import InputError


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """The linear algebra of NumPy and torch on so many threads, -1 for one on each core; None changes nothing.

    Raises
    ------
    InputError
        If there cannot be so many.
    """
    if count is None:
        yield
        return
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or (count < 1 and count != -1):
        raise InputError(f"n_jobs must be a number of threads, -1 for one on each core, or None, but is {count!r}")
    from threadpoolctl import threadpool_limits

    number = len(os.sched_getaffinity(0)) if count == -1 and hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    number = number if count == -1 else int(count)
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else None
    with threadpool_limits(number):
        if torch is not None:
            torch.set_num_threads(number)
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)


class _OneThread:
    """How many ask for single-threaded products at this moment, and what the last of them restores."""

    lock = Lock()
    holders = 0
    products: Any = None  # the libraries that multiply
    modules = 0  # imported when they were looked for; no library comes without one
    limits: Any = None
    cores = 1


@contextmanager
def one_thread_each() -> Iterator[int]:
    """NumPy's products on one thread each; gives the number of threads that they had, for somebody to run side by side.

    The setting belongs to the whole process, so fits that overlap share it, and the last one gives it back.
    """
    from threadpoolctl import ThreadpoolController

    with _OneThread.lock:
        if _OneThread.holders == 0:
            if _OneThread.modules != len(sys.modules):  # looking for libraries costs as much as many products
                _OneThread.products = ThreadpoolController().select(user_api="blas")
                _OneThread.modules = len(sys.modules)
            _OneThread.cores = max([pool["num_threads"] for pool in _OneThread.products.info()], default=1)
            _OneThread.limits = _OneThread.products.limit(limits=1)
        _OneThread.holders += 1
        cores = _OneThread.cores
    try:
        yield cores
    finally:
        with _OneThread.lock:
            _OneThread.holders -= 1
            if _OneThread.holders == 0:
                _OneThread.limits.restore_original_limits()
