"""R's glmnet, in a process of R that lives as long as the program: the data go there before the clock starts.

It minimises mean loss + lambda * (alpha * |w|_1 + (1 - alpha) / 2 * |w|^2), as we do with lambda = 1 / (n C) and alpha = l1_ratio,
with two classes and, "ungrouped", with more. On the clock are its fit and the way back of the coefficients that are not zero.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..data import Data
from ..workloads import Task
from .base import Answer, Ladder, Program, RefusedError

SCRIPT = r"""
suppressMessages({library(glmnet); library(Matrix)})
place <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name, what, n) readBin(file.path(place, name), what, n)
shape <- read("shape", "integer", 4)  # n, p, classes, entries of a sparse X or -1
n <- shape[1]; p <- shape[2]; classes <- shape[3]
if (shape[4] < 0) {
  X <- matrix(read("X", "double", n * p), n, p)
} else {
  X <- sparseMatrix(i = read("i", "integer", shape[4]), p = read("p", "integer", p + 1), x = read("X", "double", shape[4]),
                    dims = c(n, p), index1 = FALSE)
}
y <- factor(read("y", "integer", n), levels = seq_len(classes) - 1)
cat("ready\n")
input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) == 1) {
  job <- as.numeric(strsplit(line, " ")[[1]])  # thresh or 0 for the default, alpha, intercept, lambdas
  settings <- list(x = X, y = y, family = if (classes == 2) "binomial" else "multinomial", alpha = job[2], lambda = job[-(1:3)],
                   standardize = FALSE, intercept = job[3] == 1, type.multinomial = "ungrouped", maxit = 1e7)
  if (job[1] > 0) settings$thresh <- job[1]
  word <- tryCatch({
    fit <- suppressWarnings(do.call(glmnet, settings))
    sets <- if (classes == 2) list(fit$beta) else fit$beta
    intercepts <- if (classes == 2) matrix(fit$a0, 1) else fit$a0
    out <- file(file.path(place, "found"), "wb")
    writeBin(as.double(c(length(fit$lambda), intercepts)), out)
    for (beta in sets) {
      writeBin(as.integer(c(length(beta@x), beta@p, beta@i)), out)
      writeBin(beta@x, out)
    }
    close(out)
    paste("passes", fit$npasses)
  }, error = function(e) paste("failed:", gsub("\n", " ", conditionMessage(e))))
  cat(word, "\n", sep = "")
}
"""


class Glmnet(Program):
    """``glmnet`` along all strengths, its columns as they are."""

    name, order = "glmnet", "F"
    packages = ("glmnet (R)",)
    kinds = frozenset({"fit", "path"})
    ladder = Ladder(tuple(10.0**-k for k in range(3, 16, 2)))  # thresh

    def versions(self) -> dict[str, str]:
        """That of the package; empty without R or without glmnet."""
        if shutil.which("Rscript") is None:
            return {}
        asked = ["Rscript", "-e", 'cat(as.character(packageVersion("glmnet")))']
        found = subprocess.run(asked, capture_output=True, text=True)
        return {self.packages[0]: found.stdout} if found.returncode == 0 else {}

    def load(self) -> None:
        """Nothing to import."""

    def objection(self, task: Task, shape: tuple[int, ...], sparse: bool) -> str:
        """It is made for paths under L1, and would need hours for the tall problems."""
        return "" if task.l1_ratio else "made for L1"

    def ready(self, task: Task, data: Data) -> Any:
        """A process that has the data, and ends when this one does."""
        X, y = super().ready(task, data)
        place = Path(tempfile.mkdtemp(prefix="glmnet-"))
        n, p = X.shape
        if sp.issparse(X):
            X.indices.astype(np.int32).tofile(place / "i")
            X.indptr.astype(np.int32).tofile(place / "p")
            X.data.tofile(place / "X")
        else:
            X.T.tofile(place / "X")
        np.array([n, p, task.classes, X.nnz if sp.issparse(X) else -1], dtype=np.int32).tofile(place / "shape")
        np.asarray(y, dtype=np.int32).tofile(place / "y")
        (place / "script.R").write_text(SCRIPT)
        process = subprocess.Popen(
            ["Rscript", str(place / "script.R"), str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise RefusedError("R could not read the data")
        return process, place, (n, p)

    def solve(self, ready: Any, task: Task, setting: float | None) -> Answer:
        """One call, strengths from the strongest on."""
        process, place, (n, p) = ready
        order = np.argsort(task.Cs, kind="stable")
        numbers = [setting or 0.0, task.l1_ratio, float(task.intercept), *(1.0 / (task.Cs[order] * n))]
        process.stdin.write(" ".join(repr(float(number)) for number in numbers) + "\n")
        process.stdin.flush()
        word = process.stdout.readline().strip()
        if not word.startswith("passes"):
            raise RuntimeError(word or "R ended")
        M, S = (1 if task.classes == 2 else task.classes), len(task.Cs)
        coefs, intercepts = np.zeros((S, M, p)), np.zeros((S, M))
        with (place / "found").open("rb") as found:
            if int(np.fromfile(found, np.float64, 1)[0]) != S:
                raise RuntimeError("it ended before the last strength")
            intercepts[order] = np.fromfile(found, np.float64, S * M).reshape(S, M)
            for k in range(M):
                count = int(np.fromfile(found, np.int32, 1)[0])
                starts, rows = np.fromfile(found, np.int32, S + 1), np.fromfile(found, np.int32, count)
                values = sp.csc_matrix((np.fromfile(found, np.float64, count), rows, starts), shape=(p, S))
                coefs[order, k] = values.toarray().T
        return Answer(coefs, intercepts, None, word)
