"""One line for what a lesson shows: rich in a notebook, text in a script."""

from __future__ import annotations

import sys
from typing import Any


def show(thing: Any) -> None:
    """Show a table or a sheet: as HTML in a notebook or on a page, printed where a lesson runs as a script."""
    shell = sys.modules.get("IPython")  # a kernel has loaded it
    if shell is None or shell.get_ipython() is None:
        print(thing)  # noqa: T201  a learner reads it
    else:
        shell.display.display(thing)
