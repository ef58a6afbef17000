"""Compiles the kernels beside their sources, where there is a C compiler; without one the package works on NumPy alone."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
KERNELS = ROOT / "src" / "logistic" / "kernels"
# As GCC does before 13, a product and a sum are one instruction.
FLAGS = ["-O3", "-std=c11", "-D_GNU_SOURCE", "-ffp-contract=fast", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"]


def compiled() -> bool:
    """Whether the module could be made; what went wrong goes to stderr."""
    from setuptools import Distribution, Extension

    flags = ["/O2", "/openmp:experimental"] if sys.platform == "win32" else FLAGS
    if sysconfig.get_platform() == "linux-x86_64":
        flags = [*flags, "-mprefer-vector-width=512"]
    module = Extension(
        "logistic.kernels._compiled",
        sources=[str(path.relative_to(ROOT)) for path in sorted(KERNELS.glob("*.c"))],
        depends=[str(path.relative_to(ROOT)) for path in KERNELS.glob("*.h")],
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        extra_compile_args=flags,
        py_limited_api=True,
    )
    distribution = Distribution({"name": "logistic", "ext_modules": [module], "package_dir": {"": "src"}})
    distribution.script_name = "setup.py"
    build = distribution.get_command_obj("build_ext")
    build.ensure_finalized()
    build.inplace, build.force, build.build_temp = True, True, str(ROOT / "build" / "kernels")
    for old in KERNELS.glob("_compiled.*"):  # or one of other sources would be used where this fails
        old.unlink()
    try:
        build.run()
    except Exception as error:  # toolchains fail in many ways, and none of them is a reason not to install
        sys.stderr.write(f"logistic's kernels are not compiled, so it runs on NumPy alone: {error}\n")
        return False
    return True


class Kernels(BuildHookInterface):  # type: ignore[type-arg, misc]
    """A wheel with the compiled module fits one platform and every Python from 3.11 on; without it, all platforms."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name the wheel."""
        if self.target_name == "wheel" and compiled():
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data.update(pure_python=False, tag=f"cp311-abi3-{platform}")
            build_data["artifacts"] += ["src/logistic/kernels/_compiled*"]


if __name__ == "__main__":
    sys.exit(0 if compiled() else 1)
