"""Ctrl-C, as a person types it: the process keeps the best point and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    import sys, warnings
    import numpy as np
    from logistic import LogisticRegression, solvers

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 50)), rng.integers(0, 2, 20_000)
    solver = {solver}
    seen = []

    def tell(snapshot):
        seen.append(snapshot.record.value)
        if snapshot.record.iteration == 1:
            print("running", flush=True)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = LogisticRegression(solver=solver, tol=1e-300, max_iter=10**9).fit(X, y, callback=tell)
    assert model.certificate_.status.word == "interrupted", model.certificate_
    assert "interrupted" in str(caught[-1].message)
    assert abs(model.certificate_.value - min(seen)) <= 1e-9
    assert np.isfinite(model.predict_proba(X)).all()
    print("kept", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("solver", ["solvers.SGD(lr=0.01, epochs=10**9)", "solvers.GD(lr=1e-6)"])
def test_a_real_signal(solver: str) -> None:
    """SIGINT in the middle of a fit."""
    code = textwrap.dedent(PROGRAM).replace("{solver}", solver)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("kept\n", 0), err
