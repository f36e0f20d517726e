"""One thread and one core. Import this first: the numerical libraries read it when they load."""

import os
import platform
from pathlib import Path

_THREADS = ["MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"]
os.environ.update(dict.fromkeys(_THREADS, "1"))


def one_core() -> str:
    """Keep this process to one core where the system lets us; say what was done."""
    if not hasattr(os, "sched_setaffinity"):
        return "one thread (this system can't pin a process to a core)"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return "one core"


def machine() -> str:
    """Name the processor and the Python, as far as the system tells."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text().splitlines()
        name = next(
            (x.partition(":")[2].strip() for x in lines if x.startswith("model name")), name
        )
    return f"{name}, {platform.system()}, Python {platform.python_version()}"
