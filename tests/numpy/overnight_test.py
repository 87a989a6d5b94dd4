"""The overnight program gives NumPy's anomaly; a bad tile spoils no other; a terminal sees its
progress, and a file or a pipe nothing; Ctrl-C ends it at once, what is done stays, and a later run
does the rest; its input is never written.

    python3 overnight_test.py PROGRAM DATA_FOLDER
"""

import os
import pty
import re
import signal
import subprocess
import sys
import time

import numpy as np

from programs import folder, must_refuse, run

PROGRAM, DATA = sys.argv[1:]


def must_be_anomaly(path, field):
    mean = field.astype("f8").mean(axis=0)
    np.testing.assert_allclose(np.load(path), field - mean, rtol=1e-4, atol=1e-4)


def left_to_do(text):
    """What was said before, and the ranges of tiles."""
    before, _, ranges = text.partition("To do again: ")
    assert re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*\r?\n", ranges), text
    return before, ranges.strip()


def tiles_in(ranges):
    ends = (part.split("-") for part in ranges.split(","))
    return [tile for end in ends for tile in range(int(end[0]), int(end[-1]) + 1)]


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
    assert done.stderr == "" and "\r" not in done.stdout, done
    must_refuse(PROGRAM, file("air.npy"), file("out.npy"), saying="exists")
    for bad in ("1,", ",1", "3-1", "1-", "1--2", "x", "", "0-99999999999999999999"):
        must_refuse(PROGRAM, file("air.npy"), file("out.npy"), "--only", bad, saying="3-17,40")
    must_refuse(PROGRAM, file("air.npy"), file("out.npy"), "0-99999999999", saying="no tile")
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
    assert tiles == "4,11", done.stderr
    assert "infinite value near row" in before and "and in 1 more" in before, done.stderr
    field[np.isinf(field)] = 0
    np.save(file("in.npy"), field)
    done = run(PROGRAM, file("in.npy"), file("out.npy"), "--only", tiles)
    assert done.returncode == 0, done
    must_be_anomaly(file("out.npy"), field)

with folder() as file:
    large = np.lib.format.open_memmap(file("in.npy"), "w+", "f4", (60, 512, 1024))
    large[7] = 60
    del large
    code, output = in_terminal_until_interrupted(file("in.npy"), file("out.npy"))
    assert code == 1, (code, output)
    line = r"\r\d+ of 128 tiles \(\d+ %\), [\d.e+-]+ tiles/s, (\d+ s|[\d a-z]+|time left unknown)"
    assert re.search(line, output) and " left" in output, output
    before, tiles = left_to_do(output)
    assert "cancelled" in before and 0 < len(tiles_in(tiles)) < 128, output
    assert max(tiles_in(tiles)) < 128, output
    done = run(PROGRAM, file("in.npy"), file("out.npy"), tiles)
    assert done.returncode == 0, done
    out = np.load(file("out.npy"), mmap_mode="r")
    assert (out[7] == 59).all() and (out[0] == -1).all() and (out[59] == -1).all()
    os.remove(file("out.npy"))

    # What a batch system sends, to a program without a terminal.
    command = [PROGRAM, file("in.npy"), file("out.npy")]
    piped = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(
                                 0, {min(os.sched_getaffinity(0))}))
    deadline = time.monotonic() + 20
    while not os.path.exists(file("out.npy")) and time.monotonic() < deadline:
        time.sleep(0.001)
    piped.send_signal(signal.SIGTERM)
    _, error = piped.communicate(timeout=30)
    assert piped.returncode == 1, (piped.returncode, error)
    before, tiles = left_to_do(error)
    assert "\r" not in error and "tiles/s" not in error, error
    done = run(PROGRAM, file("in.npy"), file("out.npy"), "--only", tiles)
    assert done.returncode == 0, done
    out = np.load(file("out.npy"), mmap_mode="r")
    assert (out[7] == 59).all() and (out[0] == -1).all() and (out[59] == -1).all()

with folder() as file:
    field = np.arange(2 * 70 * 70, dtype="f4").reshape(2, 70, 70)
    np.save(file("in.npy"), field)
    os.link(file("in.npy"), file("hard.npy"))
    os.symlink("in.npy", file("soft.npy"))
    os.mkdir(file("sub"))
    for out in ("in.npy", "hard.npy", "soft.npy", "sub/../in.npy"):
        for tiles in ([], ["--only", "0-3"]):
            must_refuse(PROGRAM, file("in.npy"), file(out), *tiles, saying="the input itself")
    must_refuse(PROGRAM, file("soft.npy"), file("hard.npy"), "0", saying="the input itself")
    assert (np.load(file("in.npy")) == field).all()

with folder() as file:  # float64 too; the output has the input's type
    field = np.arange(3 * 70 * 70, dtype="f8").reshape(3, 70, 70) / 7
    np.save(file("in.npy"), field)
    done = run(PROGRAM, file("in.npy"), file("out.npy"))
    assert done.returncode == 0, done
    assert np.load(file("out.npy")).dtype == np.float64
    np.testing.assert_allclose(np.load(file("out.npy")), field - field.mean(axis=0), rtol=1e-12)
    np.save(file("i2.npy"), field.astype("i2"))
    must_refuse(PROGRAM, file("i2.npy"), file("other.npy"), saying="float32")
