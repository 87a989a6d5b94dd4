"""The classic job as people write it in Python: the sum of two grids, tile by tile, by a Pool whose
tasks open three shared-memory blocks by name.

The clock runs from before the manager's start to after the pool's join. Random input is made before
it, the result is checked after it.
"""

import argparse
import sys
import time
from multiprocessing import Pool
from multiprocessing.managers import SharedMemoryManager
from multiprocessing.shared_memory import SharedMemory

import numpy as np


def add_tile(task):
    (tmp_name, rad_name, vpd_name), shapes, dtypes, i, j, tile = task
    tmp_block = SharedMemory(name=tmp_name)
    rad_block = SharedMemory(name=rad_name)
    vpd_block = SharedMemory(name=vpd_name)
    tmp = np.ndarray(shapes[0], dtype=dtypes[0], buffer=tmp_block.buf)
    rad = np.ndarray(shapes[1], dtype=dtypes[1], buffer=rad_block.buf)
    vpd = np.ndarray(shapes[2], dtype=dtypes[2], buffer=vpd_block.buf)
    rows, columns = slice(i, i + tile[0]), slice(j, j + tile[1])
    vpd[:, rows, columns] = tmp[:, rows, columns] + rad[:, rows, columns]
    # A block cannot be closed while an array still looks at it.
    del tmp, rad, vpd
    tmp_block.close()
    rad_block.close()
    vpd_block.close()
    return 1


def extents(text):
    return tuple(int(extent) for extent in text.split("x"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=extents, default=(365, 16, 16), help="365x16x16")
    parser.add_argument("--tile", type=extents, default=(4, 4), help="4x4, of the last two axes")
    parser.add_argument("--workers", type=int, default=10)
    arguments = parser.parse_args()
    shape, tile = arguments.shape, arguments.tile

    tmp_input = np.random.rand(*shape)
    rad_input = np.random.rand(*shape)
    nbytes = tmp_input.nbytes

    clock = [time.perf_counter()]
    with SharedMemoryManager() as manager:
        blocks = [manager.SharedMemory(nbytes) for _ in range(3)]
        clock.append(time.perf_counter())  # create
        tmp, rad, vpd = (np.ndarray(shape, dtype=np.float64, buffer=block.buf) for block in blocks)
        tmp[:] = tmp_input
        rad[:] = rad_input
        clock.append(time.perf_counter())  # fill
        pool = Pool(arguments.workers)
        clock.append(time.perf_counter())  # start
        names = tuple(block.name for block in blocks)
        tasks = [
            (names, (shape,) * 3, (np.float64,) * 3, i, j, tile)
            for i in range(0, shape[1], tile[0])
            for j in range(0, shape[2], tile[1])
        ]
        ones = pool.map(add_tile, tasks)
        clock.append(time.perf_counter())  # map
        pool.close()
        pool.join()
        clock.append(time.perf_counter())  # end
        equal = np.array_equal(vpd, tmp_input + rad_input) and ones == [1] * len(tasks)
        del tmp, rad, vpd

    seconds = [after - before for before, after in zip(clock, clock[1:])]
    print(f"python_job {'x'.join(map(str, shape))}: {len(tasks)} tiles, equal: {equal}")
    names = ("create", "fill", "start", "map", "end")
    phases = " ".join(f"{name}={value:.6f}" for name, value in zip(names, seconds))
    print(f"phases {phases} total={clock[-1] - clock[0]:.6f}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
