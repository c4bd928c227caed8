"""Print the environment in which numpy and its BLAS use nothing that a processor may lack: `env $(python ...) pytest`.

What is stored and compared has to be the same on every processor. The last digit of a sum is not: it depends on how
many numbers a vector unit adds at once.
"""

from __future__ import annotations

import platform

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__


def environment() -> dict[str, str]:
    """Variables and their values, without spaces."""
    above = [feature for feature in __cpu_dispatch__ if __cpu_features__.get(feature)]
    oldest = {"x86_64": "Nehalem", "AMD64": "Nehalem", "aarch64": "ARMV8", "arm64": "ARMV8"}
    core = oldest.get(platform.machine())
    return {"NPY_DISABLE_CPU_FEATURES": ",".join(above)} | ({"OPENBLAS_CORETYPE": core} if core else {})


if __name__ == "__main__":
    print(*(f"{name}={value}" for name, value in environment().items()))
