"""Memory beyond the data: 64 MB + 3 n M * 8 bytes + the solver's own matrices, for float arrays of either order."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import resource, sys, threading, time
import numpy as np
from logistic.contracts import Spec, Stop
from logistic.fit import fit
from logistic.sources import ArraySource

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

order, solver, n, p, classes = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
rng = np.random.default_rng(0)
X = np.empty((n, p), order=order)
for start in range(0, n, 10_000):
    X[start:start + 10_000] = rng.normal(size=(min(10_000, n - start), p))
y = (X[:, :classes] + rng.gumbel(size=(n, classes))).argmax(axis=1)
warm = ArraySource(X[:20_000], y[:20_000])
fit(warm, Spec(C=1.0, solver=solver))
before = peak = resident()
done = False

def watch():
    global peak
    while not done:
        peak = max(peak, resident())
        time.sleep(0.002)

watcher = threading.Thread(target=watch)
watcher.start()
fit(ArraySource(X, y), Spec(C=1.0, solver=solver, stop=Stop(max_iter=12)))
done = True
watcher.join()
print(peak - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/statm")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("solver", "shape"), [("newton", (400_000, 40, 2)), ("lbfgs", (300_000, 20, 6)), ("newton", (1_500_000, 5, 2))]
)
def test_memory_beyond_the_data(order, solver, shape):
    """Growth of the resident set of a warmed process while it fits."""
    n, p, classes = shape
    columns = 1 if classes == 2 else classes
    arguments = [order, solver, *map(str, shape)]
    grown = int(subprocess.run([sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=True).stdout)
    matrices = 4 * 8 * ((p + 1) * columns) ** 2 + 50 * 8 * (p + 1) * columns
    allowed = 64 * 2**20 + 3 * n * columns * 8 + matrices
    assert grown <= allowed, f"{grown / 2**20:.0f} MB grown, {allowed / 2**20:.0f} MB allowed"
