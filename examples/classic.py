"""The sum of two grids, tile by tile, as people write it with Python's multiprocessing. classic.cpp
is the same with tessera; README.md has the two line by line.
"""

from multiprocessing import Pool
from multiprocessing.shared_memory import SharedMemory

import numpy as np

SHAPE = (365, 16, 16)


def array(block):
    return np.ndarray(SHAPE, np.float64, buffer=block.buf)


def add_tile(task):
    names, i, j = task
    blocks = [SharedMemory(name) for name in names]
    tmp, rad, vpd = map(array, blocks)
    vpd[:, i : i + 4, j : j + 4] = tmp[:, i : i + 4, j : j + 4] + rad[:, i : i + 4, j : j + 4]
    del tmp, rad, vpd  # a block can't be closed while an array uses it
    for block in blocks:
        block.close()
    return 1


def main():
    blocks = [SharedMemory(create=True, size=8 * np.prod(SHAPE)) for _ in range(3)]
    try:
        tmp, rad, vpd = map(array, blocks)
        tmp[:] = np.random.rand(*SHAPE)
        rad[:] = np.random.rand(*SHAPE)
        names = [block.name for block in blocks]
        tasks = [(names, i, j) for i in range(0, 16, 4) for j in range(0, 16, 4)]
        with Pool(10) as pool:
            ones = pool.map(add_tile, tasks)
        print(sum(ones), np.array_equal(vpd, tmp + rad))
        del tmp, rad, vpd
    finally:
        for block in blocks:
            block.close()
            block.unlink()


if __name__ == "__main__":
    main()
