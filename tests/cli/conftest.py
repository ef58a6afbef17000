"""For all tests of the command line: each types its commands in an empty folder, and computes on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from logistic import Model, cli, load
from shell import Ran, Run


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Here and in what is started from here: on a busy machine threads wait for each other far longer than they work."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    with threadpool_limits(1):
        yield


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command line in this process."""

    def running(*arguments: object) -> Ran:
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.run([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Ran(end.value.code if isinstance(end.value.code, int) else 0, out.decode(), err.decode())

    return running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types its commands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.fixture
def fitted(run: Run) -> Any:
    """The model of a fit of the column ``answer`` with these choices."""

    def fit(*choices: object, data: str = "people.csv", code: int = 0) -> Model:
        done = run("fit", data, "--target", "answer", "-o", "m", "--force", *choices)
        assert done.code == code, done.err
        return load("m")

    return fit
