"""The pages under docs are true: their Python runs, from top to bottom."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", ["statistics.md"])
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    """In one process, with warnings as errors."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    code = tmp_path / "page.py"
    code.write_text("\n".join(blocks))
    done = subprocess.run([sys.executable, "-W", "error", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
