"""A lesson as a notebook with its outputs: read by jupytext, run by nbclient in a fresh kernel of this Python."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from .lessons import Lesson, check_imports, needs_extra

SECONDS = 600  # for one cell, on a slow machine
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
PLACE = re.compile(r"(?:[A-Za-z]:)?[^\s\"'<>]*[/\\](?=(?:logistic|numpy|sklearn|torch|scipy|pandas|matplotlib)[/\\])")
HANDLE = re.compile(r"[\[({]*(?:<(?:matplotlib\.|Axes|Figure)|Text\(|array\(\[<Axes)")  # of a drawing; its picture is what matters
LOOK = """
svg.fonttype: none
svg.hashsalt: lesson
figure.figsize: 6.4, 3.6
figure.constrained_layout.use: True
font.size: 10
axes.spines.top: False
axes.spines.right: False
"""


def read(lesson: Lesson) -> Any:
    """The cells of a lesson, not yet run; its title and minutes are in the notebook's metadata.

    Raises
    ------
    InputError
        Where jupytext is missing.
    """
    try:
        import jupytext
    except ModuleNotFoundError as error:
        raise needs_extra(error.name) from None
    notebook = jupytext.read(lesson.path, fmt="py:percent")
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type != "raw"]
    for k, cell in enumerate(notebook.cells):
        cell["id"] = f"{lesson.slug}-{k}"  # the same at each build
        cell.metadata.pop("lines_to_next_cell", None)
    notebook.metadata = {
        "title": lesson.title,
        "minutes": lesson.minutes,
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return notebook


def text(notebook: Any) -> str:
    """A notebook as the content of its file."""
    import jupytext

    return str(jupytext.writes(notebook, fmt="ipynb"))


def execute(lesson: Lesson) -> Any:
    """The notebook of a lesson with what its cells print, draw and warn of.

    Raises
    ------
    InputError
        Where a package that runs notebooks, or one that lessons import, is missing.
    nbclient.exceptions.CellExecutionError
        If a cell fails, as one does whose numbers are not those of the text.
    """
    check_imports()
    notebook = read(lesson)
    try:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient
    except ModuleNotFoundError as error:
        raise needs_extra(error.name) from None

    class ThisPython(KernelSpecManager):
        """Not the one that a user has registered under the same name."""

        def get_kernel_spec(self, kernel_name: str) -> Any:
            """Whatever the name."""
            figures = "--InlineBackend.figure_formats={'svg'}"
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--matplotlib=inline", figures]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    with tempfile.TemporaryDirectory(prefix="lesson-", ignore_cleanup_errors=True) as private:
        (Path(private) / "matplotlibrc").write_text(LOOK)
        own = dict.fromkeys(("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"), private)
        env = {**os.environ, **own, "MATPLOTLIBRC": private, "IPYKERNEL_CELL_NAME": "<cell>", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=ThisPython(),
            connection_file=str(Path(private) / "kernel.json"),
            transport="tcp" if sys.platform == "win32" else "ipc",  # no port is opened where there is another way
        )
        place = {"metadata": {"path": private}}
        client = NotebookClient(notebook, km=manager, timeout=SECONDS, resources=place, coalesce_streams=True)
        client.execute(env=env, cleanup_kc=True)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day
        if cell.cell_type == "code":
            cell.outputs = [_cleaned(output) for output in cell.outputs if not _is_handle(output)]
    return notebook


def _is_handle(output: Any) -> bool:
    if output.output_type != "execute_result" or "text/html" in output.data:
        return False
    return HANDLE.match(output.data.get("text/plain", "")) is not None


def _cleaned(output: Any) -> Any:
    """Without the colours of terminals and the folders of this machine."""
    if "text" in output:
        output["text"] = PLACE.sub("", ANSI.sub("", output["text"]))
    if "text/plain" in output.get("data", {}):
        output["data"]["text/plain"] = PLACE.sub("", ANSI.sub("", output["data"]["text/plain"]))
    return output
