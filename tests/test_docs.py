"""The pages under docs are true: their Python, their R and their commands run, and the names they give exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


def _blocks(page: str, kind: str) -> list[str]:
    found = re.findall(rf"```{kind}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert found
    return found


def _run_python(page: str, folder: Path) -> None:
    """In one process, with warnings as errors."""
    code = folder / "page.py"
    code.write_text("\n".join(_blocks(page, "python")))
    done = subprocess.run([sys.executable, "-W", "error", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["coming-from.md", "mathematics.md", "statistics.md"])
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    """From top to bottom."""
    _run_python(page, tmp_path)


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the Python of the page of translations has run, and compared what it could."""
    folder = tmp_path_factory.mktemp("translated")
    _run_python("coming-from.md", folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("package", ["stats", "glmnet"])
def test_r_finds_what_was_found_here(package: str, translated: Path) -> None:
    """Where R is installed, on the rows and results that the Python of the page has written."""
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    if subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True).returncode != 0:
        pytest.skip(f"R has no package {package}")
    (code,) = (block for block in _blocks("coming-from.md", "r") if ("library(glmnet)" in block) == (package == "glmnet"))
    done = subprocess.run(["Rscript", "-e", code], cwd=translated, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    """One after another in one folder, each with the exit code that the page says."""
    _run_python("command-line.md", tmp_path)
    for line in "".join(_blocks("command-line.md", "console")).splitlines():
        command, _, code = line.removeprefix("$ ").partition("  # exits with ")
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
        assert done.returncode == int(code or 0), f"{command}\n{done.stderr}"


def test_every_name_beside_an_equation_exists() -> None:
    """Module, class, method or attribute."""
    names = re.findall(r"`(logistic\.[\w.]+)`", (DOCS / "mathematics.md").read_text())
    assert len(names) > 20
    for name in names:
        parts = name.split(".")
        for depth in range(len(parts), 0, -1):
            try:
                found = import_module(".".join(parts[:depth]))
            except ModuleNotFoundError:
                continue
            for part in parts[depth:]:
                assert hasattr(found, part), name
                found = getattr(found, part)
            break
