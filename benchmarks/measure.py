"""One workload and one program, in a process of its own: ``python -m benchmarks.measure JOB``, a line of JSON for each event.

The data are in memory in the program's favourite layout, its packages imported and its compilers warm (a fit of a few hundred
rows) before the clock starts. Each rung of the ladder is a run from scratch; the judge looks at it after the clock has stopped.
Events: ``ready``, ``begin``, ``done``, ``refused``, ``failed``, ``made``, ``bounds``.
"""

from __future__ import annotations

import gc
import json
import math
import os
import re
import resource
import statistics
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from .data import Data, UnavailableError, prepare, read
from .judge import error, values
from .programs import FITTING, FLOOR, OURS, PREDICTING, Answer, Program, RefusedError, bounds
from .workloads import DEFAULT, WORKLOADS, Task, task

LOOSE = 1e-9  # a tolerance above it may be met before anything happens
FEW = 300  # rows to warm up on
CALLS, BATCHES = 200, 15  # of a prediction of one row
REPEATS = 5  # of a prediction of many


def emit(event: str, **facts: Any) -> None:
    """One line for the conductor."""
    print(json.dumps({"event": event, **facts}), flush=True)


def in_words(problem: BaseException) -> str:
    """An exception in a line, without the folders of this machine."""
    line = (str(problem).strip().splitlines() or [""])[0]
    return re.sub(r"(?:/[\w.+-]+)+/([\w.+-]+)", r"\1", f"{type(problem).__name__}: {line}")[:200]


def seconds_of_a_pass(data: Data, threads: int) -> float:
    """One reading of the stored entries of X at memory speed: the best of seven, on as many threads as the programs have."""
    X = data.X
    buffers = [X.data, X.indices] if hasattr(X, "indptr") else [np.asarray(X).reshape(-1)]
    words = [b.view(np.uint8)[: b.nbytes // 8 * 8].view(np.uint64) for b in buffers]
    pieces = [piece for w in words for piece in np.array_split(w, threads)]
    best = math.inf
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(7):
            start = time.perf_counter()
            list(pool.map(np.bitwise_or.reduce, pieces))
            best = min(best, time.perf_counter() - start)
    return best


def sample(job: Task, data: Data) -> tuple[Task, Data]:
    """A few rows of every class, and a few strengths, to warm up on."""
    if job.kind in ("fits", "rows", "row"):
        few = data.X[:1] if job.kind == "fits" else data.X[:FEW]
        return job, Data(few, data.y[:1] if job.kind == "fits" else data.y, data.more)
    share = FEW // job.classes
    rows = np.sort(np.concatenate([np.flatnonzero(data.y == k)[:share] for k in range(job.classes)]))
    folds = None if job.folds is None else job.folds[rows]
    return job._replace(Cs=job.Cs[:3], folds=folds), Data(data.X[rows], data.y[rows], data.more)


def middling(program: Program) -> float | None:
    """A setting to warm up with: fine enough to go through all of its code, and soon over."""
    rungs = program.ladder.rungs
    return rungs[0 if program.ladder.whole else len(rungs) // 2] if rungs else None


def run(program: Program, job: Task, data: Data, ready: Any, setting: float | None) -> tuple[float, Answer]:
    """Seconds and answer of one run from scratch."""
    gc.collect()
    if job.kind == "fits":
        times, answers = [], []
        for X, y in zip(data.X, data.y, strict=True):
            one = program.ready(job, Data(X, y, data.more))
            start = time.perf_counter()
            answers.append(program.solve(one, job, setting))
            times.append(time.perf_counter() - start)
        claims = [a.claims for a in answers if a.claims is not None]
        coefs, intercepts = np.concatenate([a.coefs for a in answers]), np.concatenate([a.intercepts for a in answers])
        return statistics.median(times), Answer(coefs, intercepts, np.concatenate(claims) if claims else None, answers[0].says)
    batches, calls = {"row": (BATCHES, CALLS), "rows": (REPEATS, 1)}.get(job.kind, (1, 1))
    times = []
    for _ in range(batches):
        start = time.perf_counter()
        for _ in range(calls):
            answer = program.solve(ready, job, setting)
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times), answer


class Climb:
    """Runs of one program on one workload, judged; each is emitted."""

    def __init__(self, program: Program, job: Task, place: Path, star: list[float] | None, finer: int) -> None:
        self.program, self.job, self.place = program, job, place
        self.star, self.finer = None if star is None else np.array(star), finer
        self.data = read(place)
        self.ready = None if job.kind == "fits" else program.ready(job, self.data)
        if program.name != OURS and job.kind != "fits":
            self.data = read(place, mapped=True)  # the program has its own copy; the judge's stays on disk
        self.gaps: dict[float | None, float | None] = {}
        self.last: np.ndarray | None = None

    def __call__(self, setting: float | None) -> bool:
        """Run once; false where nothing changed since the run before."""
        emit("begin", setting=setting)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds, answer = run(self.program, self.job, self.data, self.ready, setting)
        emit("stopped")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if self.job.kind in ("rows", "row"):
            wrong = None if self.program.name == FLOOR else error(self.job, self.data, np.asarray(answer.coefs))
            emit("done", setting=setting, seconds=seconds, gap=wrong, says=answer.says, peak_mb=peak)
            return False
        found = values(self.job, self.data, answer.coefs, answer.intercepts)
        gap = None if self.star is None else float(np.max((found - self.star) / np.abs(self.star)))
        self.gaps[setting] = gap
        claims = None if answer.claims is None else answer.claims.tolist()
        facts = {"setting": setting, "seconds": seconds, "gap": gap, "says": answer.says, "peak_mb": peak}
        emit("done", values=found.tolist(), claims=claims, **facts)
        changed = self.last is None or not np.array_equal(found, self.last)
        self.last = found
        return changed

    def reached(self, setting: float | None, target: float) -> bool:
        """Whether a run came within the target."""
        gap = self.gaps.get(setting)
        return gap is not None and gap <= target

    def up(self, targets: tuple[float, ...]) -> None:
        """The ladder, until the finest target is reached or nothing changes; then between the rungs around each target.

        Ours has no ladder to climb: each of its rungs is a target, and is run.
        """
        ladder = self.program.ladder
        if DEFAULT in targets:
            self(None)
        rungs = [int(r) if ladder.whole else r for r in ladder.rungs]
        done: list[float] = []
        for rung in rungs:
            changed = self(rung)
            done.append(rung)
            ended = not changed and (ladder.whole or rung <= LOOSE)  # loose tolerances may all leave it at its start
            if ladder.refine and (self.reached(rung, min(targets)) or ended):
                break
        if not ladder.refine or self.star is None:
            return
        for target in (t for t in targets if t != DEFAULT):
            first = next((i for i, rung in enumerate(done) if self.reached(rung, target)), 0)
            if first:
                self._between(done[first - 1], done[first], target)

    def _between(self, below: float, above: float, target: float) -> None:
        """Halve the distance, in logarithms, from a rung that missed the target to one that reached it."""
        for _ in range(self.finer):
            middle = math.sqrt(below * above)
            middle = round(middle) if self.program.ladder.whole else middle
            if middle in (below, above):
                return
            if middle not in self.gaps:
                self(middle)
            if self.reached(middle, target):
                above = middle
            else:
                below = middle


def measure(job: dict[str, Any]) -> None:
    """A program on a workload."""
    workload = WORKLOADS[job["workload"]]
    program = (PREDICTING if workload.predicts else FITTING)[job["program"]]
    place, versions = Path(job["place"]), program.versions()
    if not versions:
        emit("refused", why=f"{program.packages[0]} is not installed")
        return
    data = read(place, mapped=True)
    what = task(workload, data, job["threads"])
    objection = program.objection(what, data.X.shape, hasattr(data.X, "indptr"))
    if objection:
        emit("refused", why=objection)
        return
    try:
        program.load()
        climb = Climb(program, what, place, job["star"], job["finer"])
        once = None if what.kind == "row" else seconds_of_a_pass(climb.data, job["threads"])
        emit("ready", versions=versions, pass_seconds=once / len(data.X) if once and what.kind == "fits" else once)
        small, few = sample(what, climb.data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run(program, small, few, program.ready(small, few), middling(program))
        if job["rungs"] is None:
            climb.up(workload.targets)
        else:
            for rung in job["rungs"]:
                climb(rung)
    except RefusedError as refusal:
        emit("refused", why=str(refusal))
    except Exception as problem:  # whatever a program raises is a result
        emit("failed", why=in_words(problem))


def main() -> None:
    """One job."""
    job = json.loads(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):  # also for those who count cores instead of asking
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job["threads"]])
    try:
        if job["do"] == "prepare":
            emit("made", place=str(prepare(job["data"], job["scale"], Path(job["folder"]))))
        elif job["do"] == "bounds":
            data = read(Path(job["place"]))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                least, judged, word = bounds(
                    task(WORKLOADS[job["workload"]], data, job["threads"]), data, job["tol"], job["max_time"]
                )
            emit("bounds", least=least.tolist(), judged=judged.tolist(), word=word)
        else:
            measure(job)
    except (RefusedError, UnavailableError) as refusal:
        emit("refused", why=str(refusal))


if __name__ == "__main__":
    main()
