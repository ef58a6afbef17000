"""README is true: its code runs, its commands print what it shows, its files exist, and it stays short."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```\n\n```text\n(.*?)```", TEXT, re.DOTALL)


def _assert_same(shown: str, printed: str) -> None:
    """Equal word for word; a proven gap may differ from machine to machine, other numbers only beyond the sixth digit."""
    gap = re.compile(r"F - min F <= (\S+)")
    for value in gap.findall(printed):
        assert float(value) < 1e-20
    shown, printed = (gap.sub("F - min F <= GAP", text) for text in (shown, printed))
    number = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
    assert number.sub("#", shown) == number.sub("#", printed)
    for a, b in zip(number.findall(shown), number.findall(printed), strict=True):
        assert float(b) == pytest.approx(float(a), rel=1e-5, abs=1e-12)


def test_the_python_example_prints_what_is_shown(tmp_path):
    """Six lines of Python."""
    (code, shown), *others = _blocks("python")
    assert not others
    assert len([line for line in code.splitlines() if line.strip()]) <= 6
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    _assert_same(shown, done.stdout)


def test_the_shell_example_prints_what_is_shown(tmp_path):
    """Three lines of shell."""
    (session, shown), *others = _blocks("console")
    assert not others
    commands = [line.removeprefix("$ ") for line in session.splitlines()]
    assert len(commands) == 3
    printed = ""
    for command in commands:
        printed += subprocess.run(["bash", "-c", command], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True).stdout
    _assert_same(shown, printed)


def test_links_and_make_targets_exist():
    """Every relative link leads to a file, and every make command is a target."""
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / link).exists(), link
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make ([a-z-]+)", TEXT)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_map_names_what_exists():
    """Each name in the map's first column is a module or folder of the package."""
    drawing = TEXT.split("## The map")[1].split("```")[1]
    package = ROOT / "src" / "logistic"
    names = re.findall(r"(?:^|\s{2,})([a-z]+)/? {2,}(?=\S)", drawing)
    assert len(names) >= 14
    for name in names:
        assert (package / f"{name}.py").exists() or (package / name).is_dir(), name


def test_readme_is_short():
    """The front door, at most 125 lines."""
    assert len(TEXT.splitlines()) <= 125
