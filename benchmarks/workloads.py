"""What is measured: data, a problem on them, and the bar that was set for it. A workload is one line of the registry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .data import Data

TARGETS = (1e-4, 1e-8)  # relative gaps, (F - F*) / F*
DEFAULT = 0.0  # the target of a run with the program's own settings, whatever its gap
FOLDS = 5


class Workload(NamedTuple):
    """A line of the table.

    Attributes
    ----------
    data : str
        Name of a maker in :mod:`benchmarks.data`.
    kind : str
        ``fit``; ``path``, a fit for each of ``Data.more["Cs"]``; ``cv``, 10 strengths x 5 folds; ``fits``, many small fits one
        after another (times are medians of one); ``rows`` and ``row``, predictions of all rows, and of one.
    C, l1_ratio, intercept
        The problem: C * sum of log losses + l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|^2, the intercept free.
    bar, aim : float
        How many times faster than the best peer ours has to be, and is meant to be.
    quick : float
        Scale in the quick set; 0 leaves it out.
    """

    name: str
    title: str
    data: str
    kind: str = "fit"
    C: float = 1.0
    l1_ratio: float = 0.0
    intercept: bool = True
    bar: float = 1.0
    aim: float = 2.0
    quick: float = 0.0

    @property
    def targets(self) -> tuple[float, ...]:
        """The gaps to reach, from coarse to fine."""
        return {"fits": (DEFAULT, *TARGETS), "rows": (DEFAULT,), "row": (DEFAULT,)}.get(self.kind, TARGETS)

    @property
    def predicts(self) -> bool:
        """Whether nothing is fitted."""
        return self.kind in ("rows", "row")


class Task(NamedTuple):
    """What a program is told: the workload's problem with all strengths ``Cs`` (S,), the number of classes, and the threads.

    ``folds`` (n,) holds the number of the fold that each row is held out in, where the kind is ``cv``.
    """

    kind: str
    Cs: np.ndarray
    l1_ratio: float
    intercept: bool
    classes: int
    threads: int
    folds: np.ndarray | None = None
    model: dict[str, np.ndarray] | None = None


def task(workload: Workload, data: Data, threads: int) -> Task:
    """The task of a workload on its data."""
    Cs, folds = np.array([workload.C]), None
    if workload.kind == "path":
        Cs = data.more["Cs"]
    if workload.kind == "cv":
        Cs, folds = np.logspace(-4, 4, 10), fold_of_rows(data.y)
    classes = int(data.y.max()) + 1
    return Task(workload.kind, Cs, workload.l1_ratio, workload.intercept, classes, threads, folds, data.more or None)


def fold_of_rows(y: np.ndarray) -> np.ndarray:
    """(n,) the fold that holds each row out: within each class in turn, so that the classes are even."""
    folds = np.empty(len(y), dtype=np.int64)
    for code in np.unique(y):
        rows = np.flatnonzero(y == code)
        folds[rows] = np.arange(len(rows)) % FOLDS
    return folds


def _workloads() -> tuple[Workload, ...]:
    sparse = [
        Workload(f"text-{K}-C{C}", f"sparse 100,000 x 50,000, {K} classes, C={C}", f"text_{K}", C=C, bar=2, aim=5, quick=q)
        for K, C, q in ((2, 1, 0.1), (2, 100, 0), (20, 1, 0.03), (20, 100, 0))
    ]
    digits = [
        Workload(f"mnist-C{C:g}", f"MNIST, 60,000 x 784, 10 classes, C={C:g}", "mnist", C=C, bar=3, aim=6, quick=q)
        for C, q in ((0.01, 0), (1.0, 0.05), (100.0, 0))
    ]
    paths = [
        Workload(f"path-{size}-{K}", f"L1 path of 100, {words}, {K} classes", data, "path", l1_ratio=1, bar=1, aim=2, quick=q)
        for size, words, data, K, q in (
            ("100", "100 x 10,000", "wide_100", 2, 0.2),
            ("100", "100 x 10,000", "wide_100_5", 5, 0),
            ("2000", "2,000 x 20,000", "wide_2000", 2, 0),
            ("2000", "2,000 x 20,000", "wide_2000_5", 5, 0),
        )
    ]
    bare = [
        p._replace(name=f"{p.name}-bare", title=f"{p.title}, no intercept", intercept=False) for p in paths if p.name.endswith("-2")
    ]
    return (
        Workload("tall-wild", "1,000,000 x 100, badly scaled", "tall_wild", bar=3, aim=8, quick=0.05),
        Workload("tall", "1,000,000 x 100, well scaled", "tall", bar=3, aim=8, quick=0.05),
        Workload("forest", "500,000 x 54, 7 classes, one-hot columns", "forest", bar=3, aim=8, quick=0.02),
        *digits,
        *sparse,
        *paths,
        *bare,
        Workload("digits", "1,797 x 64, 10 classes, C=1", "digits", C=1.0, bar=1, aim=3, quick=1),
        Workload("middle", "20,000 x 100, 8 classes, C=1", "middle", C=1.0, bar=1, aim=3),
        Workload("genes", "200 x 1,500, 2 classes, C=1", "wide_200", C=1.0, bar=1, aim=3),
        Workload("elastic-20", "elastic net, sparse, 20 classes", "text_20", l1_ratio=0.5, bar=10, aim=30),
        Workload("cv-50", "10 strengths x 5 folds, 50,000 x 50", "plain_50", "cv", bar=10, aim=30, quick=0.2),
        Workload("cv-digits", "10 strengths x 5 folds, 1,797 x 64, 10 classes", "digits", "cv", bar=10, aim=30),
        Workload("cv-mnist", "10 strengths x 5 folds, MNIST", "mnist", "cv", bar=10, aim=30),
        Workload("cv-30", "10 strengths x 5 folds, 2,000,000 x 30", "plain_30", "cv", bar=10, aim=30),
        Workload("iris", "10,000 fits of 150 x 4, 3 classes, each", "irises", "fits", bar=1, aim=3, quick=0.02),
        Workload("rows-50", "predict 1,000,000 x 50, 2 classes", "rows_50", "rows", bar=1, aim=1, quick=0.2),
        Workload("rows-784", "predict 1,000,000 x 784, 10 classes", "rows_784", "rows", bar=1, aim=1, quick=0.1),
        Workload("row-50", "predict one row of 50, 2 classes", "rows_50", "row", bar=1, aim=1, quick=0.2),
        Workload("row-784", "predict one row of 784, 10 classes", "rows_784", "row", bar=1, aim=1, quick=0.1),
    )


WORKLOADS: dict[str, Workload] = {workload.name: workload for workload in _workloads()}
