"""What the program `tessera` tells, shows, copies and removes, against NumPy, in a folder of names of
this test's own.

    python3 tool_test.py PROGRAM DATA_FOLDER ATTACH_PROGRAM
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import struct
import subprocess
import sys
import zlib

import numpy as np

from programs import folder, must_refuse, must_work, segment_path

PROGRAM, DATA, ATTACH = sys.argv[1:]


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
    return {entry["name"]: entry for entry in json.loads(must_work(PROGRAM, "list", "--json"))}


def put(name, elements):
    """An array of NumPy's under this name."""
    np.save(segment_path(name), elements)
    os.rename(segment_path(name + ".npy"), segment_path(name))


def statistics(*arguments):
    return json.loads(must_work(PROGRAM, "stat", "--json", *arguments))


def test_an_empty_folder():
    assert listed() == {}
    lines = must_work(PROGRAM, "list").splitlines()
    assert lines[0] == "NAME  TYPE  SHAPE  SIZE  STATE  OWNER  MAPPED  AGE  USER", lines
    assert re.fullmatch(r"/dev/shm/: [0-9.]+ [kMGT]?B free of [0-9.]+ [kMGT]?B", lines[1]), lines
    assert must_work(PROGRAM, "reap") == ""
    must_refuse(PROGRAM, "list", "none*", saying="no name fits")


def test_a_list():
    np.save(segment_path("plain.npy"), np.ones((2, 3), ">i2"))
    with open(os.fsencode(segment_path("")) + b'odd "\xff name', "wb") as file:
        file.write(b"no array")
    with array("live") as (process, _):
        entries = listed()
        assert set(entries) == {"live", "plain.npy", 'odd "\xff name'}
        live = entries["live"]
        assert live["state"] == "owned" and live["dtype"] == "'<f8'" and live["shape"] == [4, 6]
        assert live["bytes"] == os.stat(segment_path("live")).st_size and 0 <= live["age_s"] < 60
        assert live["owner_pid"] == process.pid
        assert set(live["mapped_by"]) == {process.pid, os.getpid()}, live
        assert entries["plain.npy"]["state"] == "foreign" and "owner_pid" not in entries["plain.npy"]
        assert entries["plain.npy"]["shape"] == [2, 3]
        assert "shape" not in entries['odd "\xff name'] and "age_s" not in entries["plain.npy"]
        table = must_work(PROGRAM, "list")
        assert 'odd "\\xff name' in table, table
        line = next(l for l in table.splitlines() if l.startswith("live")).split()
        assert line[1:8] == ["float64", "4x6", "448", "B", "owned", str(process.pid), "2"], line
        chosen = json.loads(must_work(PROGRAM, "list", "--json", "pl?in*", "live"))
        assert [entry["name"] for entry in chosen] == ["live", "plain.npy"]


def test_all_about_an_array():
    with array("live") as (process, _):
        told = must_work(PROGRAM, "info", "live")
        for words in ("float64", "4x6", "C: last axis", "192 B (192 bytes)", "owned", "published   0"):
            assert words in told, (words, told)
        assert f"owner       {process.pid} (attach), lives" in told, told
        assert str(os.getpid()) in told.split("mapped by")[1], told
    put("pairs", np.zeros(3, [("t", "<f4"), ("v", ">f8", 2)]))
    told = must_work(PROGRAM, "info", "pairs")
    assert "struct of 20 bytes" in told and "v: float64 2" in told and "foreign" in told, told
    with folder() as path:
        np.save(path("x.npy"), np.zeros((2, 3), ">i2", order="F"))
        told = must_work(PROGRAM, "info", path("x.npy"))
        assert "int16" in told and "Fortran" in told and "other byte order" in told, told
        assert "state" not in told, told


def test_statistics():
    rng = np.random.default_rng(3)
    names = []
    for number, dtype in enumerate("i1 u1 >i2 u2 i4 >u4 i8 u8 f4 >f4 f8 >f8 f2".split()):
        elements = rng.normal(50, 30, (3, 7, 11))
        if dtype.lstrip(">")[0] == "u":
            elements = abs(elements)
        elements = elements.clip(-120, 120).astype(dtype)
        if "f" in dtype:
            elements[0, 0, :5] = np.nan
        if number % 3 == 0:
            elements = np.asfortranarray(elements)
        put(f"a{number}", elements)
        names.append((f"a{number}", elements.astype("f8")))
    for name, wanted in names:
        told = statistics(name)[0]
        check_statistics(told, wanted)
        check_statistics(statistics(name + "[1, ::2, -3:]")[0], wanted[1, ::2, -3:])
    told = statistics("a10", "--axis", "1")
    assert len(told) == 7
    for index, row in enumerate(told):
        check_statistics(row, names[10][1][:, index])
    assert [row["name"] for row in statistics("a1*")] == ["a1", "a10", "a11", "a12"]
    table = must_work(PROGRAM, "stat", "a10").splitlines()
    assert table[0].split()[:3] == ["NAME", "MIN", "5%"] and len(table) == 2, table
    must_refuse(PROGRAM, "stat", "a1", "--axis", "3", saying="3 axes")


def check_statistics(told, wanted):
    numbers = wanted[~np.isnan(wanted)]
    assert told["count"] == numbers.size and told["nan"] == wanted.size - numbers.size, told
    assert told["min"] == numbers.min() and told["max"] == numbers.max(), told
    assert np.isclose(told["mean"], numbers.mean(), rtol=1e-12), (told, numbers.mean())
    assert np.isclose(told["std"], numbers.std(), rtol=1e-12), (told, numbers.std())
    for percent, value in told["percentiles"].items():
        assert np.isclose(value, np.percentile(numbers, float(percent)), rtol=1e-12), (told, percent)


def test_statistics_of_a_large_array():
    """So many elements are given to worker processes."""
    elements = np.arange(17 << 20, dtype="i2").reshape(17, -1)
    with folder() as path:
        np.save(path("large.npy"), elements)
        check_statistics(statistics(path("large.npy"))[0], elements.astype("f8"))


def test_statistics_of_nothing_and_of_fields():
    put("nothing", np.zeros((0, 5)))
    assert statistics("nothing")[0]["count"] == 0 and statistics("nothing")[0]["min"] is None
    assert must_work(PROGRAM, "stat", "nothing").splitlines()[1].split()[1] == "-"
    put("nan", np.full(3, np.nan))
    assert statistics("nan")[0]["nan"] == 3
    pairs = np.zeros(3, [("t", "<f4"), ("n", "<u1"), ("v", "<f8", 2), ("z", "<c8")])
    pairs["t"], pairs["n"], pairs["z"] = [1, np.nan, 3], [200, 1, 2], 2 - 1j
    put("pairs", pairs)
    told = statistics("pairs")
    assert [row["name"] for row in told] == ["pairs.t", "pairs.n"], told
    assert (told[0]["mean"], told[0]["nan"], told[1]["max"]) == (2, 1, 200), told
    put("waves", np.array([1 + 2j, 3 - 4j]))
    assert [row["mean"] for row in statistics("waves")] == [2, -1]
    assert statistics("waves", "--field", "imag")[0]["min"] == -4


def test_elements():
    with array("live") as (_, grid):
        grid[:] = np.arange(24).reshape(4, 6)
        assert must_work(PROGRAM, "show", "live[0, 2:4]") == "[2 3]\n"
        assert must_work(PROGRAM, "show", "live[-1, -1]") == "23\n"
        assert len(must_work(PROGRAM, "show", "live").splitlines()) == 4
        must_refuse(PROGRAM, "show", "live[4]", saying="index 4 is outside axis 0")
        must_refuse(PROGRAM, "show", "live[4", saying="has no end")
        must_refuse(PROGRAM, "show", "live[]", saying="nothing in the brackets")
        must_refuse(PROGRAM, "show", "live[x]", saying="neither an index nor a range")
    put("waves", np.array([1 + 2j, 3 - 4j]))
    assert must_work(PROGRAM, "show", "waves[1]") == "3-4j\n"
    assert must_work(PROGRAM, "show", "waves", "--field", "imag") == "[ 2 -4]\n"
    must_refuse(PROGRAM, "show", "waves", "--field", "size", saying="no field 'size'")


def picture(*arguments, columns=40, lines=12):
    os.environ.update(COLUMNS=str(columns), LINES=str(lines))
    try:
        return must_work(PROGRAM, "view", *arguments).splitlines()
    finally:
        del os.environ["COLUMNS"], os.environ["LINES"]


def test_pictures_in_characters():
    grid = np.zeros((4, 6))
    grid[2:] = 1
    grid[:, 5] = np.nan
    put("grid", grid)
    told = picture("grid")
    assert told[0] == "grid  4x6" and told[-1].split()[0] == "0" and told[-1].split()[-1] == "1", told
    rows = [line[2:] for line in told[1:-2]]
    assert all(len(line) <= 40 for line in told), told
    assert set(rows[0].strip()) == {"."} and set(rows[-1].strip()) == {"@"}, told
    assert rows[0].endswith(" ") and told[1].startswith("0 ") and told[-3].startswith("3 "), told
    assert told[-2].split() == ["0", "5"], told
    told = picture("grid", "--flip")
    assert "@" in told[1] and "." in told[-3] and told[1].startswith("3 "), told
    assert "@" not in "".join(picture("grid", "--low", "0", "--high", "10")[:-1]), told
    assert picture("grid", "--unit", "degC")[-1].endswith("1 degC")
    assert picture("grid[1]")[0] == "grid[1]  1x6"


def test_pictures_of_any_shape():
    put("cube", np.arange(60.0).reshape(3, 4, 5))
    assert picture("cube")[0] == "cube[0]  4x5"
    assert picture("cube[2]")[-1].startswith("40 "), picture("cube[2]")
    must_refuse(PROGRAM, "view", "cube[:]", saying="has 3 axes")
    must_refuse(PROGRAM, "view", "cube[0,0,0]", saying="has 0 axes")
    for shape in ((0, 5), (1, 1), (1, 5000), (5000, 1), (300, 300)):
        put("any", np.ones(shape))
        for columns, lines in ((80, 24), (10, 5), (200, 60)):
            told = picture("any", columns=columns, lines=lines)
            assert len(told) <= max(lines, 8), (shape, columns, lines, len(told))
            assert all(len(line) <= max(columns, 30) for line in told), (shape, columns, told)
    put("endless", np.array([[np.inf, -np.inf], [np.nan, 1]]))
    assert picture("endless")[-1].startswith("1 ")
    put("letters", np.zeros(3, "V5"))
    must_refuse(PROGRAM, "view", "letters", saying="no numbers")


def test_pictures_in_colours():
    put("grid", np.arange(24.0).reshape(4, 6))
    full = "\n".join(picture("grid", "--colours", "full"))
    assert "\x1b[38;2;68;1;84m" in full and "\x1b[38;2;253;231;37m" in full and "▀" in full
    few = "\n".join(picture("grid", "--colours", "256"))
    assert "\x1b[38;5;" in few and "\x1b[38;2" not in few
    assert full.replace("\x1b[0m", "").count("\x1b[0") == 0
    assert "\x1b" not in "".join(picture("grid")), "a pipe gets no colours by itself"
    must_refuse(PROGRAM, "view", "grid", "--colours", "many", saying="--colours")


def test_a_picture_file():
    grid = np.arange(200.0).reshape(10, 20)
    grid[:5, :10] = np.nan
    put("grid", grid)
    with folder() as path:
        done = subprocess.run(
            [PROGRAM, "view", "grid", "--png", path("x.png")], capture_output=True, text=True
        )
        if "without libpng" in done.stderr:
            assert done.returncode == 2
            return
        assert done.returncode == 0 and done.stdout == path("x.png") + "\n", done
        width, height, rows = read_png(path("x.png"))
        assert width > 20 and height > 10
        colours = {row[3 * x : 3 * x + 3] for row in rows for x in range(width)}
        assert bytes([253, 231, 37]) in colours and bytes([222, 222, 222]) in colours
        must_refuse(PROGRAM, "view", "grid", "--png", path("no/x.png"), saying="can't write")


def read_png(path):
    """Width, height and the rows of an RGB file that is not interlaced."""
    data = open(path, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        (size,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        part = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", part)
            assert (depth, colour, interlaced) == (8, 2, 0)
        packed += part if kind == b"IDAT" else b""
        at += size + 12
    raw, rows, before = zlib.decompress(packed), [], bytearray(3 * width)
    for y in range(height):
        kind, *line = raw[y * (3 * width + 1) : (y + 1) * (3 * width + 1)]
        for x in range(3 * width):
            left = line[x - 3] if x >= 3 else 0
            above, corner = before[x], before[x - 3] if x >= 3 else 0
            guess = left + above - corner
            paeth = min((left, above, corner), key=lambda v: abs(guess - v))
            line[x] = (line[x] + [0, left, above, (left + above) // 2, paeth][kind]) & 255
        before = bytearray(line)
        rows.append(bytes(line))
    return width, height, rows


def test_watching():
    with array("live") as (_, grid):
        told = must_work(PROGRAM, "watch", "live", "--pictures", "2", "--interval", "0.01")
        assert told.count("live  4x6") == 2 and "step 0, nothing changed" in told, told
        process = subprocess.Popen([PROGRAM, "watch", "live"], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "live  4x6\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    with array("gone") as (process, _):
        watcher = subprocess.Popen([PROGRAM, "watch", "gone"], stdout=subprocess.PIPE, text=True)
        assert watcher.stdout.readline() == "gone  4x6\n"
        process.kill()
        process.wait()
        assert "its owner has ended" in watcher.communicate(timeout=20)[0]
        assert watcher.returncode == 0


def must_differ(a, b, saying):
    done = subprocess.run([PROGRAM, "diff", a, b], capture_output=True, text=True, timeout=50)
    assert done.returncode == 1 and done.stderr == "" and saying in done.stdout, done


def test_differences():
    x = np.linspace(1, 2, 24, dtype="f4").reshape(4, 6)
    x[0, 0] = np.nan
    put("a", x)
    put("b", np.asfortranarray(x.astype(">f4")))
    assert must_work(PROGRAM, "diff", "a", "b") == ""
    x[2, 3] = np.nextafter(np.nextafter(x[2, 3], np.float32(9)), np.float32(9))
    put("b", x)
    must_differ("a", "b", "1 of 24 elements differ, the first at [2, 3]; at most by ")
    must_differ("a", "b", ", 2 last places, at [2, 3]")
    x[3, 5] = np.nan
    put("b", x)
    must_differ("a", "b", "2 of 24 elements differ, the first at [2, 3]; 1 are NaN in one of the")
    put("b", x[:3])
    must_differ("a", "b", "a is float32, 4x6; b is float32, 3x6")
    put("b", x.astype("f8"))
    must_differ("a", "b", "b is float64")
    put("a", np.array([1, -5, 3], "i8"))
    put("b", np.array([1, 5, 3], "i8"))
    must_differ("a", "b", "at most by 10, at [1]")
    put("a", np.array([1 + 2j, 3]))
    put("b", np.array([1 + 2j, 4]))
    must_differ("a", "b", "1 of 2 elements differ")
    must_refuse(PROGRAM, "diff", "a", "nobody", saying="no array of that name")


def test_copies():
    pairs = np.zeros(3, [("t", "<f4"), ("n", "<u1"), ("v", "<f8", 2), ("z", "<c8")])
    arrays = {
        "big": np.arange(6, dtype=">i4").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(24).reshape(2, 3, 4)),
        "pairs": pairs,
        "nothing": np.zeros((0, 5)),
    }
    with folder() as path:
        for name, elements in arrays.items():
            put(name, elements)
            must_work(PROGRAM, "save", name, path("copy.npy"))
            copy, original = np.load(path("copy.npy")), np.load(segment_path(name))
            assert copy.dtype == original.dtype and copy.tobytes() == original.tobytes()
            must_work(PROGRAM, "cp", name, path("other.npy"))
            assert np.array_equal(np.load(path("other.npy")), elements)
            assert must_work(PROGRAM, "load", path("copy.npy"), "loaded") == segment_path("loaded") + "\n"
            assert np.array_equal(np.load(segment_path("loaded")), elements)
            assert listed()["loaded"]["state"] == "kept"
            must_work(PROGRAM, "cp", "loaded", "again")
            assert np.array_equal(np.load(segment_path("again")), elements)
            must_refuse(PROGRAM, "load", path("copy.npy"), "loaded", saying="taken")
            must_work(PROGRAM, "rm", "loaded", "again")
        must_refuse(PROGRAM, "cp", "big[0]", path("part.npy"), saying="whole arrays")
        must_refuse(PROGRAM, "cp", path("none.npy"), "x", saying="none.npy")
        os.chdir(path(""))
        np.save("here", np.ones(3))
        assert "float64" in must_work(PROGRAM, "info", "here.npy")
        os.chdir("/")


def test_pages():
    page = must_work(PROGRAM, "man")
    assert page.startswith(".TH TESSERA 1") and ".SS tessera watch" in page and "\\-\\-axis" in page
    script = must_work(PROGRAM, "completion", "bash")
    tried = subprocess.run(
        ["bash", "-c", script + "\nCOMP_WORDS=(tessera li) COMP_CWORD=1; _tessera; echo ${COMPREPLY[*]}"
         "\nCOMP_WORDS=(tessera stat --a) COMP_CWORD=2; _tessera; echo ${COMPREPLY[*]}"],
        capture_output=True, text=True,
    )
    assert tried.stdout == "list\n--axis --any-user\n", tried
    assert "Exit codes" in must_work(PROGRAM) and "--axis" in must_work(PROGRAM, "stat", "--help")


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
        assert must_work(PROGRAM, "list").splitlines()[1].split()[-1] == "12345"
        assert "orphan" in must_work(PROGRAM, "list", "--all-users")
        assert must_work(PROGRAM, "reap") == ""
        assert must_work(PROGRAM, "reap", "--all-users", "--dry-run") == "dead\n"
        assert must_work(PROGRAM, "reap", "--all-users") == "dead\n"
        assert listed() == {}


def test_wrong_input():
    must_refuse(PROGRAM, "show", saying="NAME")
    must_refuse(PROGRAM, "show", "nobody", saying="no array of that name")
    must_refuse(PROGRAM, "look", saying="--help")
    with open(segment_path("text"), "w") as file:
        file.write("no array")
    must_refuse(PROGRAM, "stat", "text", saying="text")
    must_refuse(PROGRAM, "save", "text", "/tmp/never.npy", saying="text")
    assert not os.path.exists("/tmp/never.npy")


def test_another_folder():
    with array("live"), folder() as path:
        np.save(path("other.npy"), np.ones(3))
        told = json.loads(must_work(PROGRAM, "--dir", path(""), "list", "--json"))
        assert [entry["name"] for entry in told] == ["other.npy"], told
        assert must_work(PROGRAM, "--dir", path(""), "reap") == ""
        must_refuse(PROGRAM, "--dir", path("none"), "reap", saying="none")
    os.environ["TESSERA_DIR"], before = "/none", os.environ.get("TESSERA_DIR")
    try:
        must_refuse(PROGRAM, "list", saying="TESSERA_DIR")
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
