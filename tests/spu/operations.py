"""Run in a Python that has SPU: `world` ranks in threads of one process, and what they open.

The only argument is JSON: {"text", "inputs": {name: numbers}, "world", "config"}; the answer is a line of JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np


def main() -> None:
    spu: Any = importlib.import_module("spu")
    job = json.loads(sys.argv[1])
    world = job["world"]
    config = spu.RuntimeConfig()
    config.ParseFromJsonString(json.dumps(job["config"]))
    io = spu.Io(world, config)
    shares = {
        name: io.make_shares(np.array(numbers, np.float32), spu.Visibility.VIS_SECRET)
        for name, numbers in job["inputs"].items()
    }
    desc = spu.libspu.link.Desc()
    for rank in range(world):
        desc.add_party(f"party{rank}", f"thread{rank}")
    executable = spu.Executable("operation", list(shares), ["out"], job["text"].encode())

    def party(rank: int) -> Any:
        runtime = spu.Runtime(spu.libspu.link.create_mem(desc, rank), config)
        for name, parts in shares.items():
            runtime.set_var(name, parts[rank])
        runtime.run(executable)
        return runtime.get_var("out")

    with ThreadPoolExecutor(world) as threads:
        print(json.dumps(io.reconstruct(list(threads.map(party, range(world)))).astype(float).tolist()))


if __name__ == "__main__":
    main()
