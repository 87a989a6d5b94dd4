"""What shmls lists, shows, saves and removes, against NumPy, in a folder of names of this test's own.

    python3 shmls_test.py PROGRAM DATA_FOLDER ATTACH_PROGRAM
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys

import numpy as np

from programs import folder, must_refuse, must_work, segment_path

PROGRAM, _, ATTACH = sys.argv[1:]


def own_shared_memory():
    """Nothing of others is listed, and nothing of others is reaped."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_mounts, new_user, private, recursive = 0x20000, 0x10000000, 1 << 18, 1 << 14
    own = libc.unshare(new_mounts) == 0 or libc.unshare(new_mounts | new_user) == 0
    own = own and libc.mount(None, b"/", None, private | recursive, None) == 0
    own = own and libc.mount(b"tmpfs", os.fsencode(segment_path("")), b"tmpfs", 0, b"size=16m,mode=1777") == 0
    assert own, "unshare of mounts works (run as root, or allow user namespaces)"


@contextlib.contextmanager
def array(name):
    """An array of 4x6 doubles and the process that owns it."""
    process = subprocess.Popen(
        [ATTACH, "create", name, "--seconds", "40"], stdout=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout:
            if line.startswith("Ctrl-C"):
                break
        yield process, np.load(segment_path(name), mmap_mode="r+")
    finally:
        process.kill()
        process.wait()


def listed():
    return {entry["name"]: entry for entry in json.loads(must_work(PROGRAM, "--json"))}


def test_an_empty_folder():
    assert listed() == {}
    assert must_work(PROGRAM) == "NAME  TYPE  SHAPE  BYTES  STATE  AGE  USER\n"
    assert must_work(PROGRAM, "reap") == ""


def test_a_list():
    np.save(segment_path("plain.npy"), np.ones((2, 3), ">i2"))
    with open(os.fsencode(segment_path("")) + b'odd "\xff name', "wb") as file:
        file.write(b"no array")
    with array("live"):
        entries = listed()
        assert set(entries) == {"live", "plain.npy", 'odd "\xff name'}
        live = entries["live"]
        assert live["state"] == "owned" and live["dtype"] == "'<f8'" and live["shape"] == [4, 6]
        assert live["bytes"] == os.stat(segment_path("live")).st_size and 0 <= live["age_s"] < 60
        assert entries["plain.npy"]["state"] == "foreign"
        assert entries["plain.npy"]["shape"] == [2, 3]
        assert "shape" not in entries['odd "\xff name'] and "age_s" not in entries["plain.npy"]
        table = must_work(PROGRAM)
        assert 'odd "\\xff name' in table, table
        line = next(l for l in table.splitlines() if l.startswith("live"))
        assert line.split()[1:5] == ["float64", "4x6", str(live["bytes"]), "owned"], line


def test_a_look_inside():
    with array("live") as (_, grid):
        grid[:] = np.arange(24).reshape(4, 6)
        grid[2, 3] = np.nan
        told = must_work(PROGRAM, "cat", "live")
        mean = np.nanmean(grid)
        assert f"min 0, max 23, mean {mean:.6g}, 1 NaN of 24" in told, told
        assert "[0:4, 0:6]:" in told, told
        assert told.splitlines()[-1].strip(" []").split() == ["18", "19", "20", "21", "22", "23"], told
        assert "nan" in told.splitlines()[-2]


def test_a_look_into_arrays_of_others():
    np.save(segment_path("big"), np.arange(6, dtype=">i4").reshape(2, 3))
    os.rename(segment_path("big.npy"), segment_path("big"))
    assert "min 0, max 5, mean 2.5" in must_work(PROGRAM, "cat", "big")
    np.save(segment_path("fortran"), np.asfortranarray(np.arange(24).reshape(2, 3, 4)))
    os.rename(segment_path("fortran.npy"), segment_path("fortran"))
    told = must_work(PROGRAM, "cat", "fortran").splitlines()
    assert told[2] == "[0, 0:4, 0:6]:" and told[4].strip(" []").split() == list("4567"), told
    pairs = np.zeros(3, [("t", "<f4"), ("n", "<u1"), ("v", "<f8", 2), ("z", "<c8")])
    pairs["t"], pairs["n"], pairs["z"] = [1, np.nan, 3], [200, 1, 2], 2 - 1j
    np.save(segment_path("pairs"), pairs)
    os.rename(segment_path("pairs.npy"), segment_path("pairs"))
    told = must_work(PROGRAM, "cat", "pairs")
    assert "t: min 1, max 3, mean 2, 1 NaN of 3" in told, told
    assert "n: min 1, max 200" in told and "v: 2 of float64" in told, told
    assert "z: real min 2" in told and "z: imaginary min -1" in told, told
    assert "(1, 200, [0, 0], 2-1j)" in told, told
    np.save(segment_path("nothing"), np.zeros((0, 5)))
    os.rename(segment_path("nothing.npy"), segment_path("nothing"))
    assert "0 NaN of 0" in must_work(PROGRAM, "cat", "nothing")
    with folder() as path:
        for name in ("big", "fortran", "pairs", "nothing"):
            must_work(PROGRAM, "save", name, path("copy.npy"))
            copy, original = np.load(path("copy.npy")), np.load(segment_path(name))
            assert copy.dtype == original.dtype and copy.tobytes() == original.tobytes()


def test_removal():
    with array("live") as (_, grid):
        must_refuse(PROGRAM, "rm", "live", saying="its owner lives")
        assert os.path.exists(segment_path("live"))
        must_work(PROGRAM, "rm", "--force", "live")
        assert not os.path.exists(segment_path("live"))
        assert grid.sum() == 0  # who has it mapped keeps it
    must_refuse(PROGRAM, "rm", "live", saying="no such name")
    must_refuse(PROGRAM, "rm", "../etc/passwd", saying="name")


def test_reaping():
    np.save(segment_path("plain.npy"), np.ones(3))
    with array("live"), array("dead") as (process, _):
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert listed()["dead"]["state"] == "orphan"
        assert must_work(PROGRAM, "reap", "--dry-run") == "dead\n"
        assert os.path.exists(segment_path("dead"))
        assert must_work(PROGRAM, "reap") == "dead\n"
        assert set(listed()) == {"live", "plain.npy"}


def test_arrays_of_other_users():
    if os.geteuid() != 0:
        return  # only root can try this
    with array("dead") as (process, _):
        os.chown(segment_path("dead"), 12345, 12345)
        size = os.stat(segment_path("dead")).st_size
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert listed()["dead"]["state"] == "foreign"
        assert (listed()["dead"]["bytes"], listed()["dead"]["user"]) == (size, "12345")
        assert must_work(PROGRAM).splitlines()[1].split()[-1] == "12345"
        assert "orphan" in must_work(PROGRAM, "--all-users")
        assert must_work(PROGRAM, "reap") == ""
        assert must_work(PROGRAM, "reap", "--all-users", "--dry-run") == "dead\n"
        assert must_work(PROGRAM, "reap", "--all-users") == "dead\n"
        assert listed() == {}


def test_wrong_input():
    must_refuse(PROGRAM, "cat", saying="NAME")
    must_refuse(PROGRAM, "cat", "nobody", saying="no array of that name")
    must_refuse(PROGRAM, "look", saying="--help")
    with open(segment_path("text"), "w") as file:
        file.write("no array")
    must_refuse(PROGRAM, "cat", "text", saying="text")
    must_refuse(PROGRAM, "save", "text", "/tmp/never.npy", saying="text")
    assert not os.path.exists("/tmp/never.npy")


def test_another_folder():
    with array("live"), folder() as path:
        np.save(path("other.npy"), np.ones(3))
        told = json.loads(must_work(PROGRAM, "--dir", path(""), "--json"))
        assert [entry["name"] for entry in told] == ["other.npy"], told
        assert must_work(PROGRAM, "--dir", path(""), "reap") == ""
        must_refuse(PROGRAM, "--dir", path("none"), "reap", saying="none")
    os.environ["TESSERA_DIR"], before = "/none", os.environ.get("TESSERA_DIR")
    try:
        must_refuse(PROGRAM, saying="TESSERA_DIR")
    finally:
        del os.environ["TESSERA_DIR"]
        if before:
            os.environ["TESSERA_DIR"] = before


own_shared_memory()
for test_name, test in list(globals().items()):
    if test_name.startswith("test_"):
        test()
        names = os.fsencode(segment_path(""))
        for left in os.listdir(names):
            os.unlink(names + left)
