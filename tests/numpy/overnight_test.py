"""The overnight program gives NumPy's anomaly; a bad tile spoils no other; Ctrl-C in a terminal ends
it, what is done stays, and a later run does the rest.

    python3 overnight_test.py PROGRAM DATA_FOLDER
"""

import os
import pty
import sys

import numpy as np

from programs import folder, must_refuse, run

PROGRAM, DATA = sys.argv[1:]


def must_be_anomaly(path, field):
    mean = field.astype("f8").mean(axis=0)
    np.testing.assert_allclose(np.load(path), field - mean, rtol=1e-4, atol=1e-4)


def left_to_do(text):
    before, _, numbers = text.partition("To do again:")
    assert numbers, text
    return before, numbers.split()


def in_terminal_until_interrupted(*arguments):
    """Exit code and output of a program that gets Ctrl-C once it has told of progress."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # long enough to interrupt
        os.execv(PROGRAM, [PROGRAM, *arguments])
    output = b""
    interrupted = False
    while True:
        try:
            got = os.read(terminal, 4096)
        except OSError:  # the program has closed its side
            break
        if not got:
            break
        output += got
        if b"%" in output and not interrupted:
            os.write(terminal, b"\x03")
            interrupted = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output.decode()


with folder() as file:
    air = np.load(os.path.join(DATA, "coads_air_temperature.npy"))
    np.save(file("air.npy"), air)
    done = run(PROGRAM, file("air.npy"), file("out.npy"))
    assert done.returncode == 0, done
    must_be_anomaly(file("out.npy"), air)
    must_refuse(PROGRAM, file("air.npy"), file("out.npy"), saying="exists")
    must_refuse(PROGRAM, file("air.npy"), file("out.npy"), "6", saying="tile 6")
    must_refuse(PROGRAM, file("air.npy"), file("out.npy"), "-1", saying="-1")
    must_refuse(PROGRAM, saying="usage")

with folder() as file:
    field = np.arange(5 * 130 * 200, dtype="f4").reshape(5, 130, 200) / 1000
    for row, column in ((70, 10), (129, 199)):  # tiles 4 and 11 of 3x4
        field[2, row, column] = np.inf
    np.save(file("in.npy"), field)
    done = run(PROGRAM, file("in.npy"), file("out.npy"))
    assert done.returncode == 1, done
    before, tiles = left_to_do(done.stderr)
    assert tiles == ["4", "11"], done.stderr
    assert "infinite value near row" in before and "and in 1 more" in before, done.stderr
    field[np.isinf(field)] = 0
    np.save(file("in.npy"), field)
    done = run(PROGRAM, file("in.npy"), file("out.npy"), *tiles)
    assert done.returncode == 0, done
    must_be_anomaly(file("out.npy"), field)

with folder() as file:
    large = np.lib.format.open_memmap(file("in.npy"), "w+", "f4", (60, 512, 1024))
    large[7] = 60
    del large
    code, output = in_terminal_until_interrupted(file("in.npy"), file("out.npy"))
    assert code == 1, (code, output)
    before, tiles = left_to_do(output)
    assert "cancelled" in before and 0 < len(tiles) < 128, output
    done = run(PROGRAM, file("in.npy"), file("out.npy"), *tiles)
    assert done.returncode == 0, done
    out = np.load(file("out.npy"), mmap_mode="r")
    assert (out[7] == 59).all() and (out[0] == -1).all() and (out[59] == -1).all()
