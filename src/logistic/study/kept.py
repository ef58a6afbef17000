"""A Hessian that is kept: by the probabilities of one place, for points nearby, and for as many coefficients as were asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from ..backend import cholesky, cholesky_solver
from ..contracts import Executor, Face, Loss
from ..executor import Threads

LIFT, MOST = 1e-12, 1e-2  # of the diagonal: what is added, and a hundred times more until there is a factor
BENDS = 50
ROOM = 64  # coefficients at first
SHARED = 2**22  # multiplications of a product, from which on it is shared out to threads
OTHERS = 5  # a factor serves until one in so many coefficients is another one


class Kept:
    """The Hessian of a mean loss among some coefficients, and one factor of it.

    Coefficients are numbered row by row of W, j M + k. With ``p`` the probabilities of a row that weighs w, the entry of two
    coefficients of classes k and l is the sum of w (p_k [k = l] - p_k p_l) x x'. What is new is added to what is known; a factor
    serves sets that differ a little, by borders and multipliers.

    Parameters
    ----------
    loss : Loss
    weight : (n,) array
        Over their sum.
    free : (q,) mask
        Of the rows without a penalty, where what is common to all classes is given a curvature.
    executor : Executor
        Whose threads share large products.
    """

    def __init__(self, loss: Loss, weight: np.ndarray, free: np.ndarray, executor: Executor) -> None:
        self.loss, self.weight, self.free, self.executor = loss, weight, free, executor
        self.where = np.full(len(free) * loss.columns, -1)
        n, M = len(weight), loss.columns  # what follows is filled again and again: new memory costs more than most sums in it
        self.H, self.own = np.empty((ROOM, ROOM)), [np.empty((ROOM, n)) for _ in range(M)]  # columns times roots, as rows
        self.all = np.empty((ROOM if M > 1 else 0, n))

    def at(self, eta: np.ndarray) -> None:
        """By the probabilities at logits (n, M), and nothing known yet."""
        p, M = np.asarray(self.loss.probabilities(eta)), self.loss.columns
        own = (p[:, :1] * p[:, 1:]) if M == 1 else p
        self.root = np.sqrt(self.weight[:, None] * own).T.copy()
        self.chance = (np.sqrt(self.weight)[:, None] * p).T.copy()
        self.where[:] = -1
        self.known = np.empty(0, dtype=np.int64)
        self.extra, self.counts = np.zeros(0), [0] * M
        self.base = np.empty(0, dtype=np.int64)  # of the factor
        self._forget()

    def face(self, wanted: np.ndarray, column: Callable[[np.ndarray], np.ndarray], squares: np.ndarray) -> Face:
        """Of some coefficients; ``column`` gives rows j of Xᵀ that are new, ``squares`` (m,) is the penalty's own curvature."""
        new = wanted[self.where[wanted] < 0]
        if len(new):
            self._grow(new, column(new // self.loss.columns))
        at = self.where[wanted]
        if (squares != self.extra[at]).any():
            self.extra[at] = squares
            self._forget()
        return Face(partial(self._solve, at), partial(self._product, at), BENDS)

    def _forget(self) -> None:
        self.factor: Callable[[np.ndarray], np.ndarray] | None = None

    def _product(self, at: np.ndarray, x: np.ndarray) -> np.ndarray:
        K = len(self.known)
        full = np.zeros(K)
        full[at] = x
        return np.asarray((self.H[:K, :K] @ full + self.extra * full)[at])

    def _solve(self, at: np.ndarray, chosen: np.ndarray, right: np.ndarray) -> np.ndarray:
        x, active = np.zeros(len(right)), at[chosen]
        if not len(active):
            return x
        inside = np.zeros(len(self.known), dtype=bool)
        inside[active] = True
        gone = ~inside[self.base]
        inside[self.base] = False
        new = inside[active]
        if self.factor is None or OTHERS * (new.sum() + gone.sum()) > len(self.base):
            x[chosen] = self._factored(active)(right[chosen])
        else:
            x[chosen] = self._bordered(active, new, np.flatnonzero(gone), right[chosen])
        return x

    def _factored(self, active: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """A solver for these coefficients, kept for others that are nearly the same."""
        H = self.H[active[:, None], active]
        each, lift = np.arange(len(active)), LIFT
        diagonal = H[each, each] + self.extra[active]
        diagonal = np.where(diagonal > 0, diagonal, 1.0)
        H[each, each] = diagonal * (1 + lift)
        lower = cholesky(H)
        while lower is None and lift < MOST:
            lift *= 100
            H[each, each] = diagonal * (1 + lift)
            lower = cholesky(H)
        self.base, solver = active, cholesky_solver(lower) if lower is not None else None
        self.bordering: dict[int, int] = {}
        self.border, self.solved = np.empty((ROOM, len(active))), np.empty((ROOM, len(active)))
        if solver is None:
            raise np.linalg.LinAlgError("no lift makes the Hessian positive definite")
        self.factor = lambda right: np.asarray(solver(right))
        return self.factor

    def _bordered(self, active: np.ndarray, new: np.ndarray, gone: np.ndarray, right: np.ndarray) -> np.ndarray:
        """By the factor: coefficients that are new border it, those that are gone are held at zero by multipliers."""
        assert self.factor is not None
        place = np.full(len(self.known), -1)
        place[self.base] = np.arange(len(self.base))
        old, fresh = place[active[~new]], active[new]
        inner = np.zeros(len(self.base))
        inner[old] = right[~new]
        inner = self.factor(inner)
        a = len(fresh)
        if not a + len(gone):
            return np.asarray(inner[old])
        border, solved = self._borders(np.concatenate([fresh, -1 - self.base[gone]]))
        S = -(border.T @ solved)
        S[:a, :a] += self.H[fresh[:, None], fresh] + np.diag(self.extra[fresh])
        found = np.linalg.solve(S, np.concatenate([right[new], np.zeros(len(gone))]) - border.T @ inner)
        x = np.empty(len(active))
        x[new] = found[:a]
        x[~new] = (inner - solved @ found)[old]
        return x

    def _borders(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns of the Hessian beside the factor, or of the identity for -1 - k; and what the factor makes of them."""
        assert self.factor is not None
        fresh = [key for key in keys.tolist() if key not in self.bordering]
        if fresh:
            first, last = len(self.bordering), len(self.bordering) + len(fresh)
            self.border = _larger(self.border, last, 1)
            self.solved = _larger(self.solved, last, 1)
            for i, key in enumerate(fresh, first):
                self.bordering[key] = i
                self.border[i] = self.H[self.base, key] if key >= 0 else self.base == -1 - key
            self.solved[first:last] = self.factor(self.border[first:last].T).T
        at = [self.bordering[key] for key in keys.tolist()]
        return self.border[at].T, self.solved[at].T

    def _grow(self, new: np.ndarray, X: np.ndarray) -> None:
        M, before = self.loss.columns, len(self.known)
        after = before + len(new)
        self.known = np.concatenate([self.known, new])
        self.extra = np.concatenate([self.extra, np.zeros(len(new))])
        self.where[new] = np.arange(before, after)
        H = self.H = _larger(self.H, after, 2)
        kind = self.known % M
        if M > 1:
            self.all = _larger(self.all, after, 1)
            np.multiply(X, self.chance[new % M], out=self.all[before:after])
            np.matmul(self.all[:after], self.all[before:after].T, out=H[:after, before:after])
            np.negative(H[:after, before:after], out=H[:after, before:after])
        for k in range(M):
            fresh = np.flatnonzero(new % M == k)
            if not len(fresh):
                continue
            first = self.counts[k]
            last = self.counts[k] = first + len(fresh)
            self.own[k] = _larger(self.own[k], last, 1)
            np.multiply(X if M == 1 else X[fresh], self.root[k], out=self.own[k][first:last])
            gram = H[:after, before:after] if M == 1 else np.empty((last, last - first))
            self._products(self.own[k][:last], first, gram)
            if M > 1:
                H[np.flatnonzero(kind == k)[:, None], before + fresh] += gram
        if M > 1:
            for j in np.flatnonzero(self.free):
                at = self.where[j * M + np.arange(M)]
                if at[0] >= before:
                    root = H[at, at] ** 0.5
                    H[at[:, None], at] += root[:, None] * root / M
        H[before:after, :before] = H[:before, before:after].T

    def _products(self, A: np.ndarray, first: int, out: np.ndarray) -> None:
        """A Aᵀ (K, K) from column ``first`` on; what is symmetric is formed once."""
        K, threads = len(A), self.executor if isinstance(self.executor, Threads) else None
        if threads is None or threads.count == 1 or A.shape[1] * K * (K - first) < SHARED:
            np.matmul(A, A[first:].T, out=out)
            return
        shares = np.arange(threads.count + 1) / threads.count
        ends = first + ((K - first) * (shares if first else 1 - (1 - shares) ** 0.5)).astype(int)  # of a triangle equal parts

        def part(own: tuple[int, int]) -> None:
            start, end = own
            some, to = A[start:end], slice(start - first, end - first)
            np.matmul(A[:first], some.T, out=out[:first, to])
            out[start:end, to] = some @ some.T
            np.matmul(A[end:], some.T, out=out[end:, to])
            out[start:end, end - first :] = out[end:, to].T

        threads.at_once(part, list(pairwise(ends.tolist())))


def _larger(held: np.ndarray, count: int, axes: int) -> np.ndarray:
    """The same numbers with room for so many along the first axis, or the first two."""
    if count <= len(held):
        return held
    size = max(2 * len(held), count)
    found = np.empty((size, size) if axes == 2 else (size, held.shape[1]))
    found[tuple(slice(0, length) for length in held.shape)] = held
    return found
