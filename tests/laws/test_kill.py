"""A save that is killed, at whatever moment, leaves the old file or the new one, and the next save is as good as ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from logistic import load

# Forks once for each moment; a child saves the other model and is killed: at a line of the writing functions, or after some time.
DRIVER = """
import json, os, signal, sys, time
from dataclasses import replace
from pathlib import Path
import numpy as np
from golden.make import MODELS
from logistic import load, strict

path, moments, p = Path(sys.argv[1]), int(sys.argv[2]), 100_000
old = replace(MODELS["model-1-bool"], coef=np.zeros((1, p)), center=np.zeros(p), n_iter=1)
new = replace(old, coef=np.full((1, p), 0.1), n_iter=2)
WRITING = {f.__code__ for f in (strict.write_atomically, strict._synchronise_folder)}

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def at_line(count):
    seen = 0
    def trace(frame, event, _):
        nonlocal seen
        if frame.f_code not in WRITING:
            return None
        if event == "line":
            seen += 1
            if seen == count:
                die()
        return trace
    sys.settrace(trace)

class Half:
    # a file that dies in the middle of a write
    def __init__(self, file):
        self.file = file
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.file.close()
    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        die()

old.save(path)
begun = time.perf_counter()
new.save(path)
usual = time.perf_counter() - begun
results = []
for moment in range(moments):
    old.save(path)
    child = os.fork()
    if not child:
        if moment < 28:
            at_line(moment + 1)
        elif moment == 28:
            strict.open = lambda descriptor, mode: Half(open(descriptor, mode))
        new.save(path)
        os._exit(0)
    if moment > 28:
        time.sleep(1.5 * usual * (moment - 28) / (moments - 28))
        os.kill(child, signal.SIGKILL)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    found = load(path)
    results.append((killed, "old" if found == old else "new" if found == new else "neither"))
print(json.dumps(results))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_save_leaves_the_old_or_the_new_model(tmp_path: Path) -> None:
    """Killed at 50 moments: every line of the writing, half a write, and 21 points of time."""
    path = tmp_path / "m.safetensors"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", DRIVER, str(path), "50"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)
    assert len(results) == 50
    assert {found for _, found in results} == {"old", "new"}
    lines, half = results[:28], results[28]
    assert sum(killed for killed, _ in lines) >= 15
    assert lines[0] == half == [True, "old"]
    assert [True, "new"] in lines  # killed after the file was renamed, before its folder was synchronised
    assert lines[-1] == [False, "new"]  # no line was left out
    left = [file for file in tmp_path.iterdir() if file != path]
    assert all(file.name.startswith(".") and file.name.endswith(".partial") for file in left)
    assert 1 <= len(left) <= sum(killed for killed, _ in results)
    model = load(path)
    model.save(path)
    assert load(path) == model
    assert set(tmp_path.iterdir()) == {path, *left}
