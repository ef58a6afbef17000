"""Laws of the executors and their tasks: the same answers whoever computes, however rows are cut, whatever is forgotten."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from threadpoolctl import ThreadpoolController

import logistic.executor
from logistic import audit, tasks
from logistic.backend import positions
from logistic.contracts import Block, Design, Executor, Loss
from logistic.designs import Dense, Intercept, Scaled, Sparse
from logistic.executor import InProcess, Threads
from logistic.loss import Binary, Softmax
from logistic.tasks import Place, Trial
from support import Forgetful

EXECUTORS: dict[str, Callable[[], Executor]] = {"in process": InProcess, "threads": Threads, "forgetful": Forgetful}
N, P = 60, 4
CUTS = [0, 0, 13, 14, 14, 31, 58, N]  # seven ragged blocks: the first and one inside are empty, one holds a single row


@pytest.fixture(params=EXECUTORS, name="executor")
def _executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    executor = EXECUTORS[request.param]()
    with executor if isinstance(executor, Threads) else nullcontext(executor) as working:
        yield working


# ---------------------------------------------------------------------------------------------- the promises of an executor


def describe(part: list[str], suffix: str) -> tuple[str, int]:
    """A task whose sum depends on the order."""
    return "".join(part) + suffix, len(part)


def joined(a: tuple[str, int], b: tuple[str, int]) -> tuple[str, int]:
    """A merge that does not commute."""
    return f"({a[0]}{b[0]})", a[1] + b[1]


def tenths(part: np.ndarray) -> tuple[np.ndarray, float]:
    return part * 0.1, float(part.sum()) * 0.1


PARTS = [["a"], ["b", "c"], [], ["d"], ["e", "f", "g"]]


def test_map_keeps_the_order_of_the_handles(executor: Executor) -> None:
    """One result a handle, for all handles and for some of them."""
    handles = executor.put(PARTS)
    assert executor.map(describe, handles, "!") == [("a!", 1), ("bc!", 2), ("!", 0), ("d!", 1), ("efg!", 3)]
    assert executor.map(describe, handles[3:], "") == [("d", 1), ("efg", 3)]
    assert executor.map(describe, [], "") == []
    assert executor.map(describe, handles[::-1], "")[0] == ("efg", 3)


def test_map_sum_adds_element_by_element_in_order(executor: Executor) -> None:
    """Tuples are added member by member, from the first handle to the last."""
    assert executor.map_sum(describe, executor.put(PARTS), "-") == ("a-bc--d-efg-", 7)
    assert executor.map_sum(describe, executor.put(PARTS[:1]), "-") == ("a-", 1)


def test_map_merge_folds_from_the_left(executor: Executor) -> None:
    """The merge need not commute."""
    assert executor.map_merge(describe, executor.put(PARTS), joined, "") == ("((((abc))d)efg)", 7)


def test_sums_have_the_same_bits_everywhere(executor: Executor) -> None:
    """Handle order is the order of the additions, so the rounding is the same too."""
    parts = [np.full(3, 10.0**k) for k in range(-8, 9)]
    total, number = parts[0] * 0.1, float(parts[0].sum()) * 0.1
    for part in parts[1:]:
        total, number = total + part * 0.1, number + float(part.sum()) * 0.1
    for _ in range(2):
        found = executor.map_sum(tenths, executor.put(parts))
        assert found[0].tobytes() == total.tobytes()
        assert found[1] == number


def test_sums_do_not_write_into_parts_or_results(executor: Executor) -> None:
    """A task may return an array that it keeps."""
    parts = [np.ones(3), np.ones(3)]
    handles = executor.put(parts)
    for _ in range(2):
        assert executor.map_sum(itself, handles)[0].tolist() == [2.0, 2.0, 2.0]
    assert parts[0].tolist() == [1.0, 1.0, 1.0]


def itself(part: np.ndarray) -> tuple[np.ndarray]:
    return (part,)


def test_every_executor_is_tested() -> None:
    """An executor of the package without laws fails here."""
    ours = {c for c in vars(logistic.executor).values() if isinstance(c, type) and issubclass(c, Executor) and c is not Executor}
    assert ours <= set(EXECUTORS.values())


# ----------------------------------------------------------------------------------------------------------------- problems


class Problem(NamedTuple):
    """Rows cut at the given places, a loss, and two places with the direction between them."""

    cut: Callable[[list[int]], list[Block]]
    loss: Loss
    here: Place
    trial: Trial
    V: Any
    N: Any


def problem(data: str, K: int, soft: bool = False, offset: bool = False, lift: Callable[[Any], Any] = np.asarray) -> Problem:
    """Dense data centred and scaled or sparse data scaled, always with weights and an intercept."""
    rng = np.random.default_rng(21)
    X = rng.normal(size=(N, P)) * [1, 10, 0.1, 3] + [0, 50, 0, -3]
    if data == "sparse":
        X = X * (rng.random(size=X.shape) < 0.4)
    loss: Loss = Binary() if K == 2 else Softmax(K)
    M, q = loss.columns, P + 1
    y = rng.dirichlet(np.ones(K), size=N) if soft else rng.integers(K, size=N).astype(np.int8)
    weight = rng.uniform(0.1, 3, size=N)
    shift = rng.normal(size=(N, M)) if offset else None
    center, scale = (X.mean(axis=0) if data == "dense" else None), X.std(axis=0)

    def cut(places: list[int]) -> list[Block]:
        blocks = []
        for a, b in pairwise(places):
            inner: Design = Sparse(csr_array(X[a:b])) if data == "sparse" else Dense(lift(X[a:b].copy()))
            scaled = Scaled(inner, None if center is None else lift(center), lift(scale))
            blocks.append(Block(Intercept(scaled), lift(y[a:b]), lift(weight[a:b]), None if shift is None else lift(shift[a:b])))
        return blocks

    W, D, V = (lift(rng.normal(size=(q, M))) for _ in range(3))
    here = Place(W, (5, 0))
    return Problem(cut, loss, here, Trial(here, Place(D, (6, 0)), 0.375), V, lift(rng.normal(size=(q, 2))))


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "dense binary": lambda: problem("dense", 2),
    "dense binary soft": lambda: problem("dense", 2, soft=True, offset=True),
    "dense softmax": lambda: problem("dense", 3, offset=True),
    "dense softmax soft": lambda: problem("dense", 4, soft=True),
    "sparse binary": lambda: problem("sparse", 2, offset=True),
    "sparse softmax": lambda: problem("sparse", 3),
    "torch binary": lambda: problem("dense", 2, lift=torch.as_tensor),
    "torch softmax": lambda: problem("dense", 3, offset=True, lift=torch.as_tensor),
    "torch softmax soft": lambda: problem("dense", 3, soft=True, lift=torch.as_tensor),
}


@pytest.fixture(params=PROBLEMS, name="case")
def _case(request: pytest.FixtureRequest) -> Problem:
    return PROBLEMS[request.param]()


# ---------------------------------------------------------------------------------------------------------- tasks, by name

Run = Callable[[Executor, list[Any], Problem], Any]


def summed(fn: Callable[..., Any], arguments: Callable[[Problem], tuple[Any, ...]]) -> Run:
    return lambda executor, handles, p: executor.map_sum(fn, handles, *arguments(p))


def stacked(fn: Callable[..., Any], arguments: Callable[[Problem], tuple[Any, ...]]) -> Run:
    def run(executor: Executor, handles: list[Any], p: Problem) -> tuple[np.ndarray, ...]:
        found = executor.map(fn, handles, *arguments(p))
        rows = [part if isinstance(part, tuple) else (part,) for part in found]
        return tuple(np.concatenate([np.asarray(a) for a in column]) for column in zip(*rows, strict=True))

    return run


def entries(block: Block, keep: Any) -> tuple[Any]:
    """Of the selected columns."""
    return (tasks.selected(block, keep).X.ready().dense(),)


def columns(case: Problem, k: int) -> Any:
    """Some columns, others for each class, the intercept among them."""
    return positions(abs(case.here.W[:, 0] * 0 + 1).cumsum(0) != k % P + 1)


TASKS: dict[str, Run] = {
    "logits": stacked(tasks.logits, lambda p: (p.here,)),
    "logits_along": stacked(tasks.logits_along, lambda p: (p.trial,)),
    "value_and_gradient": summed(tasks.value_and_gradient, lambda p: (p.loss, p.here)),
    "batch": summed(tasks.batch, lambda p: (p.loss, p.here.W, slice(None))),
    "hits": summed(tasks.hits, lambda p: (p.loss, p.here)),
    "size": lambda executor, handles, p: (sum(executor.map(tasks.size, handles)),),
    "value_and_slope": summed(tasks.value_and_slope, lambda p: (p.loss, p.trial)),
    "leap": summed(tasks.leap, lambda p: (p.loss, p.trial, (7, 1))),
    "advance": summed(tasks.advance, lambda p: (p.loss, p.trial, (7, 1))),
    "hessian": summed(tasks.hessian, lambda p: (p.loss, p.here)),
    "curvature_product": summed(tasks.curvature_product, lambda p: (p.loss, p.here, p.V)),
    "sums": summed(tasks.sums, lambda p: (p.loss, p.here)),
    "diagonals": summed(tasks.diagonals, lambda p: (p.loss, p.here)),
    "draw": stacked(tasks.draw, lambda p: (p.loss, p.here, 1e9 + 0 * p.here.W[0])),  # all rows
    "gram": summed(tasks.gram, lambda p: ()),
    "gram_of_product": summed(tasks.gram_of_product, lambda p: (p.N,)),
    "intercept_derivatives": summed(tasks.intercept_derivatives, lambda p: (p.loss, p.here, p.V[0])),
    "selected": stacked(entries, lambda p: (columns(p, 0),)),
    "face_hessian": summed(tasks.face_hessian, lambda p: (p.loss, p.here, [columns(p, k) for k in range(p.loss.columns)])),
    "misfit": summed(tasks.misfit, lambda p: (p.loss, p.here, 0.25)),
    "audit": lambda executor, handles, p: executor.map_merge(audit.audit, handles, audit.merged, p.loss, p.here, 1e-13),
    "spread": lambda executor, handles, p: (max(executor.map(tasks.spread, handles, [p.N, p.V])),),
}
FOUND = [
    name
    for home in (tasks, audit)
    for name, fn in inspect.getmembers(home, inspect.isfunction)
    if not name.startswith("_") and fn.__module__ == home.__name__ and next(iter(inspect.signature(fn).parameters), "") == "block"
]


@pytest.fixture(params=FOUND, name="run")
def _run(request: pytest.FixtureRequest) -> Run:
    """Every function of a block in logistic.tasks; one that has no entry above is a KeyError."""
    return TASKS[request.param]


def same(found: Any, wanted: Any, tolerance: float = 1e-12) -> None:
    """Equal to the tolerance, relative to the largest entry: sums over rows cancel."""
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert np.isfinite(b).all()
        assert abs(a - b).max(initial=0) <= tolerance * max(abs(b).max(initial=0), 1e-300)


def reference(case: Problem, name: str) -> Any:
    blocks = InProcess().put(case.cut([0, N]))
    return TASKS[name](InProcess(), blocks, case)


def test_tasks_give_the_same_on_any_executor_and_any_cut(run: Run, case: Problem, executor: Executor) -> None:
    """One block or seven ragged ones, an empty one among them; memories kept or dropped."""
    whole = run(InProcess(), InProcess().put(case.cut([0, N])), case)
    for places in ([0, N], CUTS):
        same(run(executor, executor.put(case.cut(places)), case), whole)


def test_a_second_run_gives_the_same_bits(run: Run, case: Problem) -> None:
    """What the blocks remember after the first run changes nothing."""
    blocks = case.cut(CUTS)
    first, second = run(InProcess(), blocks, case), run(InProcess(), blocks, case)
    for a, b in zip(first, second, strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_forgotten_caches_change_nothing(case: Problem) -> None:
    """A search along a line, with what was remembered kept, dropped before each task, and never there."""
    W, D, t = case.here.W, case.trial.direction.W, case.trial.t
    there = Place(W + t * D, (7, 1))
    steps: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (tasks.value_and_gradient, (case.loss, case.here)),
        (tasks.value_and_slope, (case.loss, case.trial)),
        (tasks.value_and_slope, (case.loss, case.trial._replace(t=-2.0))),
        (tasks.advance, (case.loss, case.trial, there.token)),
        (tasks.value_and_gradient, (case.loss, there)),
        (tasks.hessian, (case.loss, there)),
        (tasks.curvature_product, (case.loss, there, case.V)),
        (tasks.value_and_slope, (case.loss, Trial(there, case.trial.direction, 0.25))),
        (tasks.value_and_gradient, (case.loss, case.here)),
        (tasks.leap, (case.loss, case.trial, there.token)),
        (tasks.value_and_slope, (case.loss, case.trial._replace(t=0.5))),
        (tasks.leap, (case.loss, Trial(there, case.trial.direction, 0.25), (9, 2))),
        (tasks.value_and_slope, (case.loss, Trial(there, case.trial.direction, -1.0))),
        (tasks.value_and_gradient, (case.loss, Place(there.W + 0.25 * D, (9, 2)))),
        (audit.audit, (case.loss, there, 1e-13)),
    ]
    kept, dropped, forgetful = case.cut(CUTS), case.cut(CUTS), Forgetful()
    handles = forgetful.put(case.cut(CUTS))
    for fn, arguments in steps:
        for block in dropped:
            block.cache.clear()
        results = [
            InProcess().map(fn, kept, *arguments),
            InProcess().map(fn, dropped, *arguments),
            forgetful.map(fn, handles, *arguments),
        ]
        wanted = InProcess().map(fn, case.cut(CUTS), *arguments)
        for result in results:
            for found, fresh in zip(result, wanted, strict=True):
                same(found, fresh)


def test_a_block_remembers_only_its_own_token(case: Problem) -> None:
    """Coefficients under another token are computed, never recalled; a pickled block forgets."""
    (block,) = case.cut([0, N])
    first = np.asarray(tasks.logits(block, case.here))
    other = Place(2 * case.here.W, (5, 1))
    (fresh,) = case.cut([0, N])
    same([tasks.logits(block, other)], [tasks.logits(fresh, other)])
    assert block.cache["point"][0] != case.here.token
    assert block.cache["point"][0] == other.token
    assert block.__getstate__()["cache"] == {}
    same([tasks.logits(block, case.here)], [first])


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize(("ours", "theirs"), [("dense binary", "torch binary"), ("dense softmax", "torch softmax")])
def test_numpy_equals_torch(name: str, ours: str, theirs: str) -> None:
    """Blocks of tensors give the numbers of blocks of arrays."""
    same(reference(PROBLEMS[theirs](), name), reference(PROBLEMS[ours](), name))


# ------------------------------------------------------------------------------------------- what the tasks say, by formula


def explicit(case: Problem) -> tuple[np.ndarray, Any, np.ndarray, np.ndarray, np.ndarray]:
    """Encoded X, targets, weights, offset and coefficients as NumPy arrays."""
    (block,) = case.cut([0, N])
    identity = np.eye(P + 1)
    like = torch.as_tensor if isinstance(block.weight, torch.Tensor) else np.asarray
    X = np.asarray(block.X.matmul(like(identity)))
    offset = 0.0 if block.offset is None else np.asarray(block.offset)
    return X, np.asarray(block.y), np.asarray(block.weight), offset, np.asarray(case.here.W)


def face(case: Problem, X: np.ndarray, w: np.ndarray, p: np.ndarray) -> np.ndarray:
    """The Hessian of the chosen columns of each class, one class after another."""
    M = case.loss.columns
    parts = [X[:, np.asarray(columns(case, k))] for k in range(M)]
    if M == 1:
        return (parts[0] * (w * p[:, 0] * p[:, 1])[:, None]).T @ parts[0]
    own = [[(parts[k] * (w * p[:, k] * ((k == m) - p[:, m]))[:, None]).T @ parts[m] for m in range(M)] for k in range(M)]
    return np.block(own)


def test_tasks_are_what_they_say(case: Problem) -> None:
    """Every sum against its formula in plain NumPy, on explicit matrices."""
    X, y, w, offset, W = explicit(case)
    loss, D, t = case.loss, np.asarray(case.trial.direction.W), case.trial.t
    V, basis = np.asarray(case.V), np.asarray(case.N)
    eta, zeta = X @ W + offset, X @ D
    values, residual = loss.evaluate(eta, y)
    ahead, ahead_residual = loss.evaluate(eta + t * zeta, y)
    shifted, p = eta + V[0], loss.probabilities(eta)
    curved = w[:, None] * (p * (1 - p))[:, -loss.columns :]
    wanted = {
        "logits": (eta,),
        "logits_along": (eta + t * zeta, zeta),
        "value_and_gradient": (w @ values, X.T @ (w[:, None] * residual)),
        "batch": (w @ values, X.T @ (w[:, None] * residual), w.sum()),
        "hits": ((w * (loss.class_logits(eta).argmax(axis=1) == (y if y.ndim == 1 else y.argmax(axis=1)))).sum(),),
        "size": (N,),
        "value_and_slope": (w @ ahead, (w[:, None] * ahead_residual * zeta).sum()),
        "leap": (w @ ahead, X.T @ (w[:, None] * ahead_residual)),
        "advance": (w @ ahead, X.T @ (w[:, None] * ahead_residual)),
        "hessian": tuple((X * (w * p[:, k] * p[:, m])[:, None]).T @ X for k, m in combinations(range(loss.classes), 2)),
        "curvature_product": (X.T @ (w[:, None] * loss.curvature(eta, X @ V)),),
        "sums": (X.T**2 @ curved, X.T @ curved),
        "diagonals": (X.T**2 @ curved, (X.T**2 @ curved).sum(axis=0)),
        "draw": (X, curved),
        "gram": ((X * w[:, None]).T @ X,),
        "gram_of_product": (X.T @ (w[:, None] * (X @ basis)), (X @ basis).T @ (w[:, None] * (X @ basis))),
        "intercept_derivatives": (
            w @ loss.evaluate(shifted, y)[1],
            (loss.probabilities(shifted) * w[:, None]).T @ loss.probabilities(shifted),
        ),
        "selected": (X[:, np.asarray(columns(case, 0))],),
        "face_hessian": (face(case, X, w, p),),
        "misfit": (w @ np.minimum(0.25**2 * (residual**2 / p).sum(axis=1), 0.25 * values),),
        "spread": (max(((X @ T) ** 2).sum(axis=1).max() for T in (basis, V)),),
    }
    assert set(wanted) | {"audit"} == set(FOUND)
    for name, formula in wanted.items():
        same(reference(case, name), formula, 1e-7 if name == "draw" else 1e-12)  # drawn rows are in float32


def test_the_audit_bounds_what_rounding_does(case: Problem) -> None:
    """The largest logit by its terms; residuals of logits a rounding apart within the noise; the gradient within its bound."""
    X, y, w, offset, W = explicit(case)
    found = reference(case, "audit")
    terms = abs(X) @ abs(W) + abs(offset)
    _, residual = case.loss.evaluate(X @ W + offset, y)
    assert found.reach >= terms.max() * (1 - 1e-12)
    assert found.longest >= abs(X).sum(axis=1).max() * (1 - 1e-12)
    _, nudged = case.loss.evaluate((X @ W + offset) * (1 + 2.0**-52), y)
    assert (np.asarray(found.noise) >= w @ (nudged - residual) ** 2).all()
    most = np.asarray(found.gradient)
    assert (most >= abs(X.T @ (w[:, None] * (nudged - residual)))).all()
    assert (most >= 1e-13 * abs(X).T @ (w[:, None] * abs(residual)) * (1 - 1e-12)).all()
    assert most.max() <= 1e-11 * (abs(X).max() * w.sum())


def test_tasks_leave_the_data_alone(run: Run, case: Problem) -> None:
    """Coefficients, targets, weights and offsets keep their bytes."""
    blocks = case.cut(CUTS)
    given = [case.here.W, case.trial.direction.W, case.V, case.N]
    held = [a for b in blocks for a in (b.y, b.weight, b.offset) if a is not None]
    before = [np.asarray(a).tobytes() for a in given + held]
    run(InProcess(), blocks, case)
    assert [np.asarray(a).tobytes() for a in given + held] == before


# ------------------------------------------------------------------------------------------------------------------ threads


def stop_at(part: int) -> tuple[int]:
    """A task that fails on one part."""
    if part == 3:
        raise ValueError("part 3")
    return (part,)


def overflow(part: float) -> tuple[float]:
    """A task that overflows."""
    return (np.float64(part) * 1e300,)


def test_threads_are_there_as_long_as_they_are_asked_for() -> None:
    """None before, and none after: then the caller's own thread does it all."""

    def where(part: int) -> int:
        return threading.get_ident()

    workers = Threads()
    mine = {threading.get_ident()}
    assert set(workers.map(where, range(8))) == mine
    with workers:
        inside = set(workers.map(where, range(8)))
        assert (inside == mine) == (workers.count == 1)
    assert set(workers.map(where, range(8))) == mine


def test_threads_hand_on_errors_and_settings() -> None:
    """An error of a task reaches the caller, and NumPy's error state reaches the tasks."""
    with Threads() as threads:
        with pytest.raises(ValueError, match="part 3"):
            threads.map(stop_at, list(range(20)))
        with np.errstate(over="ignore"):
            assert threads.map_sum(overflow, [1e300] * 5) == (np.inf,)
        with np.errstate(over="raise"), pytest.raises(FloatingPointError):
            threads.map_sum(overflow, [1e300] * 5)


def test_threads_give_the_products_their_threads_back() -> None:
    """However fits overlap, and whether they end well or badly."""

    def counts() -> list[int]:
        return [pool["num_threads"] for pool in ThreadpoolController().select(user_api="blas").info()]

    before = counts()
    first, second = Threads(), Threads()
    first.__enter__()
    second.__enter__()
    assert set(counts()) == {1}
    first.__exit__(None, None, None)
    assert set(counts()) == {1}
    second.__exit__(None, None, None)
    assert counts() == before
    with pytest.raises(KeyError), Threads():
        raise KeyError
    assert counts() == before
