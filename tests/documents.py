"""Five published documents on logistic regression, whose numbers the library must reproduce: their data, and what was printed.

A. From linear regression in NumPy to logistic regression in PyTorch (CS 375): house sales in Ames.
B. The cheat sheet and warm-up to it (CS 375).
C. Logistic regression on MNIST (Duke).
D. Logistic regression with PyTorch (probml, book 1, chapter 10): iris.
E. Logistic regression (Made With ML): a thousand made-up tumours.

``datasets.load(name).card`` has source and licence of each data set.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from logistic import datasets
from support import shared_file


class Parts(NamedTuple):
    """Rows (n, p) and classes (n,) to learn from, and others to judge by."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def folder(name: str) -> Any:
    """While it is entered, the files of a fetched set are taken from the shared folder; skips the test where they are absent."""
    files = datasets.REGISTRY[name].files
    for file in files:
        shared_file("data", file.name)
    return patch.dict(os.environ, LOGISTIC_DATA=str(shared_file("data"))) if files else nullcontext()


def load(name: str, **choices: Any) -> Any:
    """``datasets.load``, from the shared folder."""
    with folder(name):
        return datasets.load(name, **choices)


def path(name: str) -> Path:
    """``datasets.path``, from the shared folder."""
    with folder(name):
        return datasets.path(name)


def assert_printed(found: Any, printed: Any, decimals: int) -> None:
    """Every number, rounded to so many decimals, is the printed one."""
    np.testing.assert_allclose(found, printed, rtol=0, atol=0.5000001 * 10.0**-decimals)


def within(found: Any, lowest: Any, highest: Any, decimals: int) -> np.ndarray:
    """Whether each number, rounded to so many decimals, lies in the printed band, ends included."""
    half = 0.5000001 * 10.0**-decimals
    return (np.asarray(found) >= np.asarray(lowest) - half) & (np.asarray(found) <= np.asarray(highest) + half)


def centred(W: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """W (p, K) and b (K,) less their means over the classes, on which no probability depends."""
    W, b = np.asarray(W), np.asarray(b)
    return W - W.mean(axis=1, keepdims=True), b - b.mean()
