"""``logistic doctor``: what is installed, what is missing, and where computations run."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

import rich_click as click

from .. import kernels
from .options import CERTIFIED, USER_ERROR, json_option, silent_option
from .writing import answer

NEEDED = "needed"
DEVELOPMENT = "dev"


@click.command("doctor")
@json_option
@silent_option
def doctor_command(as_json: bool) -> int:
    """Say what is installed, which extras are missing, and which device is used.

    Where something needed is missing the exit code is 2.

    For example:

        logistic doctor
    """
    packages = _packages()
    missing = {extra: [p for p, v in found.items() if v is None] for extra, found in packages.items()}
    machine = _machine()
    here = {
        "logistic": version("logistic"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    found = {**here, "packages": packages, "missing": {extra: names for extra, names in missing.items() if names}, **machine}
    width = max(len(package) for found in packages.values() for package in found)
    lines = [f"logistic {here['logistic']}, Python {here['python']}, {here['system']}", ""]
    for extra, installed in packages.items():
        title = NEEDED if extra == NEEDED else f"extra {extra}"
        advice = f"  <- pip install 'logistic[{extra}]'" if extra != NEEDED else "  <- pip install logistic"
        lines.append(title + (advice if missing[extra] else ""))
        lines += [f"  {package:<{width}}  {number or 'missing'}" for package, number in installed.items()]
    lines += ["", *(f"{name:<10}  {value}" for name, value in machine.items())]
    answer(found, "\n".join(lines), as_json)
    return USER_ERROR if missing[NEEDED] else CERTIFIED


def _packages() -> dict[str, dict[str, str | None]]:
    """Versions of the packages that are needed, and of those of each extra; None where one is missing."""
    found: dict[str, dict[str, str | None]] = {NEEDED: {}}
    for requirement in requires("logistic") or ():
        package = re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]
        marker = re.search(r"extra == ['\"]([^'\"]+)['\"]", requirement)
        extra = NEEDED if marker is None else marker.group(1)
        if extra == DEVELOPMENT:
            continue
        try:
            number: str | None = version(package)
        except PackageNotFoundError:
            number = None
        found.setdefault(extra, {})[package] = number
    return found


def _machine() -> dict[str, Any]:
    """Where computations run, and where data are looked for."""
    folder = os.environ.get("LOGISTIC_DATA")
    if folder is not None and not os.path.isdir(folder):
        folder = f"{folder} (no such folder)"
    return {
        "device": _device(),
        "kernels": "NumPy alone (no C compiler at install, or LOGISTIC_COMPILED=0)" if kernels.compiled is None else "compiled",
        "threads": _threads(),
        "terminal": "yes" if sys.stderr is not None and sys.stderr.isatty() else "no, so progress is not shown",
        "data": folder or "LOGISTIC_DATA is not set; data sets are fetched into a cache",
    }


def _device() -> str:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: its libraries do not fit this machine
        return f"CPU (torch cannot be loaded: {str(error).partition(chr(10))[0]:.100})"
    if torch.cuda.is_available():
        return f"CPU, and {torch.cuda.get_device_name()} where Python asks for device='cuda'"
    return "CPU (torch sees no CUDA device)"


def _threads() -> str:
    import numpy as np  # noqa: F401 - its linear algebra is counted
    from threadpoolctl import threadpool_info

    pools = {f"{pool['internal_api']} {pool['num_threads']}" for pool in threadpool_info()}
    return f"{', '.join(sorted(pools))} on {os.cpu_count()} cores"
