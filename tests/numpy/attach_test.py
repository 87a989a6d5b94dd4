"""A live array of the attach program, opened by NumPy: each sees what the other writes, and the name
goes when the program ends, however it is ended.

    python3 attach_test.py PROGRAM DATA_FOLDER
"""

import os
import signal
import subprocess
import sys
import tempfile
from unittest import mock

import numpy as np

from programs import must_refuse, must_work, segment_path, unique_name

PROGRAM = sys.argv[1]


def start(name):
    """The program, once it has printed what it offers."""
    process = subprocess.Popen(
        [PROGRAM, "create", name, "--seconds", "40"], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("Ctrl-C"):
            return process
    raise AssertionError("the program ended before it was ready")


def next_change(process):
    for line in process.stdout:
        if line.startswith("["):
            return line
    raise AssertionError("the program ended without seeing the change")


def test_changes():
    name = unique_name("live")
    path = segment_path(name)
    process = start(name)
    try:
        grid = np.load(path, mmap_mode="r+")
        assert grid.shape == (4, 6) and grid.dtype == np.float64 and (grid == 0).all()
        grid[1, 2] = 36.6
        assert next_change(process) == "[1, 2] was 0, is now 36.6\n"
        must_work(PROGRAM, "set", name, 3, 5, -2.5)
        assert next_change(process) == "[3, 5] was 0, is now -2.5\n"
        assert grid[3, 5] == -2.5
        assert "36.6" in must_work(PROGRAM, "show", name)
        must_refuse(PROGRAM, "set", name, 4, 0, 1, saying="4x6")
        must_refuse(PROGRAM, "create", name, saying="taken")
        assert os.path.exists(path)  # none of those ends removed it
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert not os.path.exists(path)
        assert grid[1, 2] == 36.6  # what is mapped stays
    finally:
        process.kill()
        process.wait()
    must_refuse(PROGRAM, "show", name, saying="no array of that name")


def test_a_killed_owner_blocks_nobody():
    name = unique_name("killed")
    # In a folder of its own: any start of a pool in the other one removes orphans.
    with tempfile.TemporaryDirectory() as own, mock.patch.dict(os.environ, TESSERA_DIR=own):
        process = start(name)
        process.kill()
        process.wait()
        assert os.path.exists(segment_path(name))
        process = start(name)  # takes the orphan's name over
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not os.path.exists(segment_path(name))


def test_wrong_input():
    must_refuse(PROGRAM, saying="--help")
    must_refuse(PROGRAM, "create", saying="name")
    must_refuse(PROGRAM, "create", "a/b", saying="name")
    must_refuse(PROGRAM, "set", "x", "one", 2, 3, saying="i")
    name = unique_name("bytes")
    np.save(segment_path(name + ".npy"), np.ones(3, "u1"))
    try:
        must_refuse(PROGRAM, "show", name + ".npy", saying="<f8")
    finally:
        os.unlink(segment_path(name + ".npy"))


for test_name, test in list(globals().items()):
    if test_name.startswith("test_"):
        test()
