"""The conductor: processes for all programs, round after round; the least objective known; times to the targets."""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .programs import FITTING, FLOOR, OURS, PREDICTING
from .workloads import DEFAULT, WORKLOADS, Workload

ROOT = Path(__file__).parents[1]
TIGHT = 1e-9  # relative width of a bound that can stand for F*
SLACK = 1e-12  # relative rounding of the judge
GRACE = 120.0  # seconds for reading, imports and the judge
COMMON = "scikit-learn lbfgs"  # what LogisticRegression() is
POOLS = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMBA", "NUMEXPR", "VECLIB_MAXIMUM", "GOTO")


class Settings(NamedTuple):
    """How to measure: scale None takes each workload's own of the quick set; ``limit`` is seconds of one run."""

    folder: Path
    scale: float | None = 1.0
    runs: int = 5
    limit: float = 600.0
    threads: int = 2
    finer: int = 3  # looks between two rungs of a ladder
    proof: float = 1e-10  # tol of the fit that bounds F* from below
    proof_time: float = 1800.0


def say(words: str) -> None:
    """Talk on stderr."""
    print(words, file=sys.stderr, flush=True)


def events(job: dict[str, Any], limit: float) -> Iterator[dict[str, Any]]:
    """What a process reports about a job; it is killed when a run passes the limit, and that is the last event."""
    pools = {f"{pool}_NUM_THREADS": str(job["threads"]) for pool in POOLS}
    command = [sys.executable, "-m", "benchmarks.measure", json.dumps(job)]
    lines: queue.Queue[str | None] = queue.Queue()
    with tempfile.TemporaryFile() as errors:
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": errors, "text": True, "start_new_session": True}
        child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **pools}, **streams)

        def pump() -> None:
            assert child.stdout is not None
            for line in child.stdout:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=pump, daemon=True).start()
        try:
            running = None
            while True:
                try:
                    line = lines.get(timeout=limit + (0.0 if running else GRACE))
                except queue.Empty:
                    yield {"event": "limit", "setting": running["setting"] if running else None}
                    return
                if line is None:
                    break
                if not line.startswith('{"event"'):  # some programs print
                    continue
                event = json.loads(line)
                if event["event"] in ("begin", "stopped"):
                    running = event if event["event"] == "begin" else None
                    continue
                yield event
            if child.wait() != 0:
                errors.seek(0)
                last = (errors.read().decode(errors="replace").strip().splitlines() or [""])[-1]
                yield {"event": "failed", "why": f"the process ended with {child.returncode}. {Path(last).name[:160]}"}
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # what it started too
            child.wait()
            assert child.stdout is not None
            child.stdout.close()


class Field:
    """One workload and all that ran on it."""

    def __init__(self, workload: Workload, settings: Settings) -> None:
        self.workload, self.settings = workload, settings
        self.scale = workload.quick if settings.scale is None else settings.scale
        self.place = ""
        self.skipped = ""
        self.proved = ""  # how the bound ended
        self.least = self.known = np.zeros(0)  # proved bounds; least values that anybody reached
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.notes: dict[str, str] = {}
        self.limits: dict[str, float] = {}
        self.versions: dict[str, str] = {}
        self.passes: list[float] = []
        self.alarms: list[str] = []

    def _job(self, do: str, **more: Any) -> dict[str, Any]:
        return {"do": do, "workload": self.workload.name, "threads": self.settings.threads, "place": self.place, **more}

    def prepare(self) -> None:
        """Data and bounds, kept on disk."""
        folder = self.settings.folder / "data"
        for event in events(self._job("prepare", data=self.workload.data, scale=self.scale, folder=str(folder)), 3600):
            self.place = event.get("place", "")
            self.skipped = event.get("why", "")
        if self.skipped or not self.place:
            self.skipped = self.skipped or "the data could not be made"
            return
        if self.workload.predicts:
            return
        kept = Path(self.place) / f"bounds-{self.workload.name}.json"
        if not kept.exists():
            wait = self.settings.proof_time
            job = self._job("bounds", tol=self.settings.proof, max_time=wait)
            for event in events(job, wait + GRACE):
                if event["event"] == "bounds":
                    kept.write_text(json.dumps(event))
                self.proved = event.get("why", "no bound in time")
        if kept.exists():
            found = json.loads(kept.read_text())
            self.least, self.known, self.proved = np.array(found["least"]), np.array(found["judged"]), found["word"]

    @property
    def star(self) -> np.ndarray | None:
        """(S,) F*: the proved bound where it is tight, else the least value that anybody reached."""
        if not len(self.known):
            return None
        tight = (
            (self.known - self.least) <= TIGHT * np.abs(self.known) if len(self.least) else np.zeros(len(self.known), dtype=bool)
        )
        return np.where(tight, self.least, self.known) if len(self.least) else self.known

    @property
    def certain(self) -> bool:
        """Whether every F* is a proved bound."""
        return bool(len(self.least) and (self.known - self.least <= TIGHT * np.abs(self.known)).all())

    def play(self, program: str, number: int) -> None:
        """One program's turn: the whole ladder first, later only the rungs that count."""
        rungs = None
        if number:
            rungs = sorted({best[0] for t in self.workload.targets if (best := self.best(program, t)) is not None}, key=str)
            if not rungs:
                return
        star = self.star
        job = self._job(
            "run", program=program, rungs=rungs, finer=self.settings.finer, star=None if star is None else star.tolist()
        )
        for event in events(job, self.settings.limit):
            if event["event"] == "ready":
                self.versions |= event["versions"]
                self.passes += [event["pass_seconds"]] if event["pass_seconds"] else []
            elif event["event"] == "done":
                self._take(program, {**event, "round": number})
            elif event["event"] == "limit":
                self.limits[program] = self.settings.limit
                if event["setting"] is None and program not in self.runs and DEFAULT not in self.workload.targets:
                    self.notes[program] = (
                        f"a fit of a few hundred rows, or reading, took more than {self.settings.limit + GRACE:g} s"
                    )
            else:
                self.notes[program] = event.get("why", event["event"])

    def _take(self, program: str, run: dict[str, Any]) -> None:
        """Keep a run; learn from its values."""
        self.runs.setdefault(program, []).append(run)
        if self.workload.predicts:
            return
        found = np.array(run["values"])
        if run["claims"] is not None:
            run["claimed"] = float(np.nan_to_num(np.max(np.array(run["claims"]) / np.abs(found)), nan=math.inf, posinf=math.inf))
        self.known = np.minimum(self.known, found) if len(self.known) else found
        if len(self.least) and (found < self.least - SLACK * np.abs(self.least)).any():
            worst = float(np.max((self.least - found) / np.abs(self.least)))
            self.alarms.append(f"{program} at {run['setting']} lies {worst:.1e} below the certified bound: a proof is wrong")

    def judge_again(self) -> None:
        """Gaps against what is known in the end, and claims against values."""
        star = self.star
        for program, runs in self.runs.items():
            for run in runs:
                if star is None or "values" not in run:
                    continue
                found = np.array(run["values"])
                run["gap"] = float(np.max((found - star) / np.abs(star)))
                if run["claims"] is not None:
                    claims = np.array(run["claims"])
                    if (found - self.known > claims + SLACK * np.abs(found)).any():
                        self.alarms.append(f"{program} at {run['setting']} claims {run['claimed']:.1e}, is {run['gap']:.1e} off")

    def best(self, program: str, target: float) -> tuple[Any, float, int, int] | None:
        """The rung that is soonest within a target: its setting, median seconds, runs that reached it, all its runs.

        Who makes a claim has to have claimed the target, too.
        """
        by_rung: dict[Any, list[dict[str, Any]]] = {}
        for run in self.runs.get(program, []):
            by_rung.setdefault(run["setting"], []).append(run)
        found = []
        for setting, runs in by_rung.items():
            if target == DEFAULT:
                good = runs if setting is None else []
            else:
                good = [run for run in runs if run["gap"] is not None and max(run["gap"], run.get("claimed", 0.0)) <= target]
            if len(good) * 2 > len(runs):
                found.append((setting, statistics.median(run["seconds"] for run in good), len(good), len(runs)))
        return max(found, key=lambda one: (one[3], -one[1]), default=None)  # of those that later rounds repeated, the soonest

    def row(self, target: float) -> dict[str, Any]:
        """The line of the table: every program's time to the target, the best peer's, and the ratio to ours."""
        cells: dict[str, Any] = {}
        for program in programs(self.workload):
            best = self.best(program, target)
            cells[program] = None if best is None else {"setting": best[0], "seconds": best[1], "reached": best[2], "of": best[3]}
        peers = {name: cell["seconds"] for name, cell in cells.items() if cell and name not in (OURS, FLOOR)}
        if target == DEFAULT and self.workload.kind == "fits":  # other solvers are soon over, and far off, by default
            peers = {name: seconds for name, seconds in peers.items() if name == COMMON}
        ours = cells[OURS]["seconds"] if cells[OURS] else None
        rival = min(peers, key=peers.__getitem__) if peers else None
        stopped = [limit for name, limit in self.limits.items() if name != OURS and self.workload.targets[0] != DEFAULT]
        at_least = rival is None and bool(stopped)  # of many small fits the limit is for all, and says nothing of one
        against = peers[rival] if rival else max(stopped, default=math.nan)
        ratio = against / ours if ours and math.isfinite(against) else None
        return {"target": target, "cells": cells, "best_peer": rival, "ratio": ratio, "at_least": at_least}

    def facts(self) -> dict[str, Any]:
        """All of it as plain data, without the values of large sets."""
        self.judge_again()
        left_out = ("event", "values", "claims")
        runs = {
            program: [{name: _finite(fact) for name, fact in run.items() if name not in left_out} for run in found]
            for program, found in self.runs.items()
        }
        for program, found in self.runs.items():
            for run, kept in zip(found, runs[program], strict=True):
                if len(run.get("values", ())) == 1:
                    kept["value"] = _finite(run["values"][0])
        star = self.star
        return {
            **{name: getattr(self.workload, name) for name in ("name", "title", "kind", "bar", "aim")},
            **{name: getattr(self, name) for name in ("scale", "skipped", "notes", "limits")},
            "limit": self.settings.limit,
            "alarms": sorted(set(self.alarms)),
            "runs": runs,
            "pass_seconds": min(self.passes, default=None),
            "optimum": {
                "value": float(star[0]) if star is not None and len(star) == 1 else None,
                "proved": self.certain,
                "how": self.proved,
            },
            "rows": [self.row(target) for target in self.workload.targets] if not self.skipped else [],
        }


def _finite(fact: Any) -> Any:
    """A fact, or None for a number that JSON does not know."""
    return None if isinstance(fact, float) and not math.isfinite(fact) else fact


def programs(workload: Workload) -> list[str]:
    """Who takes part in a workload."""
    return [name for name, one in (PREDICTING if workload.predicts else FITTING).items() if workload.kind in one.kinds]


def conduct(names: list[str], settings: Settings, chosen: list[str] | None = None) -> Iterator[Field]:
    """Measure workloads, one after another. ``chosen`` programs, or all."""
    for name in names:
        field = Field(WORKLOADS[name], settings)
        start = time.perf_counter()
        field.prepare()
        say(f"== {name}, scale {field.scale:g}: {field.skipped or field.proved or 'ready'} ({time.perf_counter() - start:.0f} s)")
        for number in range(0 if field.skipped else settings.runs):
            for program in programs(field.workload):
                if chosen is not None and program not in chosen:
                    continue
                start = time.perf_counter()
                field.play(program, number)
                ends = [f"{t:g}: {b[1]:.3g} s" for t in field.workload.targets if (b := field.best(program, t)) is not None]
                word = field.notes.get(program) or ("limit" if program in field.limits else "")
                say(f"   round {number + 1}  {program:32} {'  '.join(ends) or '-'}  {word} ({time.perf_counter() - start:.0f} s)")
        yield field
