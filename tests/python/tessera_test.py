"""examples/python/tessera.py against live C++ programs and between Python processes.

    python3 -B tessera_test.py FOLDER_WITH_PROGRAMS

The folder has producer, consumer and tessera. The names are in a folder of this test's own in
/dev/shm: nothing of others is listed, and nothing of others is reaped.
"""

import contextlib
import ctypes
import doctest
import gc
import json
import multiprocessing
import os
import pickle
import re
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

PROGRAMS = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(HERE, os.pardir, os.pardir, "examples", "python")
sys.path.insert(0, MODULES)

import tessera  # noqa: E402

DEADLINE = 30  # seconds, for what should come at once on an idle machine


def program(name):
    return os.path.join(PROGRAMS, name)


def tool(*arguments):
    done = subprocess.run(
        [program("tessera"), *arguments], capture_output=True, text=True, timeout=DEADLINE
    )
    assert done.returncode == 0 and done.stderr == "", (arguments, done.stdout, done.stderr)
    return done.stdout


def states():
    """The names and their states, as C++ lists them; tessera.list must say the same."""
    theirs = {entry["name"]: entry["state"] for entry in json.loads(tool("list", "--json"))}
    ours = {entry.name: entry.kind for entry in tessera.list()}
    assert ours == theirs, (ours, theirs)
    return ours


def path_of(name):
    return os.path.join(os.environ["TESSERA_DIR"], name)


def until(true):
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


@contextlib.contextmanager
def running(*command):
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the processes of its pool too
        process.communicate()


@contextlib.contextmanager
def python(code, ready=True):
    """Another Python that runs this code. Ready: once it has printed "ready"."""
    code = "import os, sys, time\nimport numpy as np\nimport tessera\n" + code
    with running(sys.executable, "-B", "-c", code) as process:
        if ready:
            line = process.stdout.readline()
            assert line == "ready\n", line
        yield process
        process.stdin.close()  # what it waits for: it may end by itself
        process.stdin = None
        process.wait(DEADLINE)


OWNER = (
    "a = tessera.create('owned', (3, 4), 'f8')\nprint('ready', flush=True)\nsys.stdin.readline()\n"
)


def kill(process):
    process.kill()
    process.wait()


def refused(kind, saying, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except kind as error:
        assert saying in str(error), str(error)
        assert pickle.loads(pickle.dumps(error)).args == error.args
        return
    raise AssertionError(f"{call} was not refused")


def block_of(path):
    """What the file has after its data, as the description of the layout says."""
    with open(path, "rb") as file:
        data = file.read()
    end = len(np.load(path, mmap_mode="r").tobytes()) + 128
    at = (end + 63) // 64 * 64
    assert not any(data[end:at]) and len(data) == at + 128
    return data[at:]


# ---- one process


def test_an_array_and_its_end():
    with tessera.create("grid", (3, 4), "f8") as grid:
        assert (grid.name, grid.path, grid.owned) == ("grid", path_of("grid"), True)
        assert grid.shape == (3, 4) and (grid == 0).all()
        assert stat.S_IMODE(os.stat(grid.path).st_mode) == 0o600
        grid[1, 2] = 36.6
        assert np.load(grid.path, mmap_mode="r")[1, 2] == 36.6
        other = tessera.attach("grid")
        assert other[1, 2] == 36.6 and not other.flags.writeable and not other.owned
        tessera.attach("grid", "r+")[0, 0] = 1
        assert grid[0, 0] == 1
    assert not os.path.exists(grid.path) and not grid.owned and grid[0, 0] == 1
    grid.close()  # a second time: nothing
    one = tessera.create("grid", 5, np.int16, mode=0o640)
    assert one.shape == (5,) and stat.S_IMODE(os.stat(one.path).st_mode) == 0o640
    view = one[2:]
    plain = np.asarray(view)
    del one, view
    gc.collect()
    assert os.path.exists(path_of("grid"))  # a view keeps memory and name
    del plain
    gc.collect()
    assert not os.path.exists(path_of("grid"))


def test_what_is_a_shared_array():
    with tessera.create("grid", (2, 3, 4), "f4") as a:
        a += 1
        a[:, 1] *= 2
        np.add(a, 1, out=a)
        assert type(a) is tessera.SharedArray and a[0, 0, 0] == 2 and a[0, 1, 0] == 3
        for view in (a[0], a[:, 1:], a.T, a.reshape(-1), a[..., 0]):
            assert type(view) is tessera.SharedArray and view.name == "grid", view
        for result in (
            a + 1,
            np.sqrt(a),
            a.max(axis=0),
            a[[0, 1]],
            a[a > 1],
            pickle.loads(pickle.dumps(a)),
        ):
            assert type(result) is np.ndarray, type(result)
        for scalar in (a.sum(), a.mean(), a[0, 0, 0], np.max(a), a[0, 0, 0] + a[0, 0, 1]):
            assert isinstance(scalar, np.floating) and not isinstance(scalar, np.ndarray), type(
                scalar
            )
        assert np.may_share_memory(np.asarray(a), a) and type(np.asarray(a)) is np.ndarray
        refused(tessera.Error, "copy", lambda: a.copy().name)


def test_the_bytes():
    before = time.time_ns()
    with tessera.create("a", (8, 90, 180), "f4") as a, tessera.create("b", (), "?") as b:
        with open(a.path, "rb") as file:
            head = file.read(128)
        text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (8, 90, 180), }"
        assert head == b"\x93NUMPY\1\0\x76\0" + text.ljust(117) + b"\n", head
        first, second = block_of(a.path), block_of(b.path)
        for array, block in ((a, first), (b, second)):
            assert block[:16] == b"TESSERA\0" + struct.pack("<II", 1, 1)
            inode, created = struct.unpack_from("<Qq", block, 48)
            assert inode == os.stat(array.path).st_ino and before <= created <= time.time_ns()
            assert not any(block[64:])
        assert first[16:32] != second[16:32] and first[32:48] == second[32:48]
        keeper = np.memmap(a.path, "u1", "r")
    assert keeper[a.nbytes + 128 + 12] == 3  # ended
    names = [("flag", "i1"), ("höhe", ">f8"), ("winds", "<f4", (2,))]
    with tessera.create("c", 3, np.dtype(names, align=True)) as c:
        c["höhe"] = 1.5
        assert open(c.path, "rb").read(8) == b"\x93NUMPY\3\0"
        assert tessera.attach("c").dtype == c.dtype == np.load(c.path, mmap_mode="r").dtype
        assert [field["mean"] for field in json.loads(tool("stat", "--json", "c"))] == [0, 1.5]


def test_every_type_and_order():
    for dtype in ("?", "i1", "<u2", ">i4", "f2", "<f8", "c16", "M8[s]", "S5", "U3"):
        for order in "CF":
            there = np.asarray(np.arange(24).reshape(2, 3, 4).astype(dtype), order=order)
            with open(path_of("plain"), "wb") as file:
                np.save(file, there)
            here = tessera.attach("plain")
            assert here.dtype == there.dtype and here.tobytes() == there.tobytes()
            assert here.flags.f_contiguous == there.flags.f_contiguous
    refused(tessera.Invalid, "no steps", here.published)
    for shape in ((), (0,), (0, 5), (1,) * 6):
        with open(path_of("plain"), "wb") as file:
            np.save(file, np.ones(shape))
        assert tessera.attach("plain").shape == shape
    assert states() == {"plain": "foreign"}
    refused(tessera.NotPermitted, "no array of tessera", tessera.remove, "plain")
    refused(tessera.NameTaken, "another name", tessera.create, "plain", 3, "f8")
    os.unlink(path_of("plain"))


def test_wrong_arguments():
    for name in ("", ".x", "-x", "a/b", "../x", "a" * 201, "a\n", "ä", 7):
        refused(ValueError, "beginning with a letter", tessera.create, name, 3, "f8")
    refused(FileNotFoundError, "no array of that name", tessera.attach, "nobody")
    refused(tessera.NameMissing, "no array of that name", tessera.remove, "nobody")
    refused(ValueError, "Python objects", tessera.create, "x", 3, "O")
    refused(ValueError, "extents", tessera.create, "x", (3, -1), "f8")
    refused(ValueError, "more than any memory", tessera.create, "x", (1 << 40, 1 << 20), "f8")
    refused(tessera.Error, "wants", tessera.create, "x", (1 << 20, 1 << 20), "f8")
    with tessera.create("x", 3, "f8") as x:
        refused(ValueError, "not known", tessera.attach, "x", "w")
        refused(ValueError, "only the process that created", tessera.attach("x").keep)
        refused(FileExistsError, "this Python", tessera.create, "x", 3, "f8")
        assert x.owned
    os.environ["TESSERA_DIR"], before = "/none", os.environ["TESSERA_DIR"]
    refused(tessera.Error, "the folder of names is not there", tessera.attach, "x")
    tessera.set_folder(before)
    assert tessera.list() == []
    tessera.set_folder(None)
    os.environ["TESSERA_DIR"] = before


def test_hostile_files():
    with tessera.create("good", (3, 4), "f8") as good:
        data = bytearray(open(good.path, "rb").read())

    def attached(content):
        with open(path_of("bad"), "wb") as file:
            file.write(content)
        return tessera.attach("bad")

    for size in (0, 5, 9, 100, 127, 128, 200, 128 + 95):
        refused(tessera.Invalid, "bad", attached, data[:size])
    refused(tessera.Invalid, "not a readable .npy", attached, b"no array at all" * 99)
    for descr in (
        "'|O'",
        "'<f8'*9",
        "('<f8', 3, 4)",
        "'<f99'",
        "[]]",
        "__import__('os')",
        "-" * 5000 + "1",
        "(" * 5000,
        "['<f8'" * 900,
        "'V99999999999'",
    ):
        text = b"{'descr': %s, 'fortran_order': False, 'shape': (3,), }" % descr.encode()
        refused(
            tessera.Invalid, "bad", attached, b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text
        )
    for shape in ("(-1,)", "(True,)", "3", "(1.0,)", "(2**62, 4)", f"({2**62}, 4)", f"({2**63},)"):
        text = b"{'descr': '<f8', 'fortran_order': False, 'shape': %s, }" % shape.encode()
        refused(
            tessera.Invalid, "bad", attached, b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text
        )
    text = b"{'descr': '|V0', 'fortran_order': False, 'shape': (%d, %d), }" % (2**62, 2**62)
    refused(
        tessera.Invalid, "bad", attached, b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text
    )
    refused(tessera.Invalid, "longer than", attached, b"\x93NUMPY\2\0" + b"\xff" * 4 + b" " * 200)
    # A byte copy, other versions of the layout and other states are plain .npy files.
    inode = os.stat(path_of("bad")).st_ino
    at = 128 + 128  # 96 bytes of data, and 32 of padding
    for offset, value in ((48, None), (8, 2), (12, 0), (12, 4), (0, 0)):
        block = bytearray(data)
        struct.pack_into("<Q", block, at + 48, inode if value is not None else 77)
        struct.pack_into("<I", block, at + 12, 1)
        if value is not None:
            struct.pack_into("<I", block, at + offset, value)
        plain = attached(block)
        assert plain.shape == (3, 4)
        refused(tessera.Invalid, "no steps", plain.published)
        assert states() == {"bad": "foreign"} and tessera.reap() == []
    os.symlink("bad", path_of("link"))
    os.mkfifo(path_of("fifo"))
    os.mkdir(path_of("dir"))
    assert states() == {"bad": "foreign", "link": "foreign", "fifo": "foreign", "dir": "foreign"}
    for name in ("link", "fifo", "dir"):
        refused(tessera.Invalid, "regular file", tessera.attach, name)
        refused(tessera.NameTaken, "another name", tessera.create, name, 3, "f8")
    assert tessera.reap() == []
    os.rmdir(path_of("dir"))
    for name in ("bad", "link", "fifo"):
        os.unlink(path_of(name))


def test_steps_of_one_process():
    with tessera.create("ring", (3, 4), "i8") as ring:
        assert ring.published() == tessera.published(ring) == 0
        refused(tessera.Invalid, "not published yet: the last one is 0", ring.latest)
        for n in (1, 2, 3):
            with ring.write_step(n) as slot:
                slot[:] = n
        assert (ring == [[1] * 4, [2] * 4, [3] * 4]).all()
        frame = ring.step(1)
        assert (frame.view == 1).all() and frame.whole() and not frame.view.flags.writeable
        try:
            with ring.write_step(4) as slot:
                slot[:] = 99
                raise KeyError("the model failed")
        except KeyError:
            pass
        assert ring.published() == 3 and not frame.whole() and ring.latest().whole()
        with ring.write_step(4) as slot:
            slot[:] = 4
        assert ring.latest().whole() and ring.step(2).whole() and not ring.step(1).whole()
        assert np.frombuffer(block_of(ring.path), "<u8")[8:].tolist() == [4, 4, 0, 0, 0, 0, 0, 0]
        refused(tessera.Invalid, "can't follow step 4", ring.publish, 3)
        refused(tessera.Invalid, "can't follow step 4", ring.write_step(4).__enter__)
        refused(tessera.Invalid, "can't follow step 4", ring.write_step(6).__enter__)
        refused(tessera.Invalid, "can't follow step 4", ring.write_step(0).__enter__)
        refused(tessera.Invalid, "is not published yet", ring.step, 5)
        with ring.write_step(5):  # one at a time
            refused(tessera.Invalid, "is being written", ring.write_step(5).__enter__)
            refused(tessera.Invalid, "is being written", ring.publish, 5)
        assert ring.published() == 5
        refused(tessera.Invalid, "is not published yet", ring.step, 0)
        ring.publish(12)
        refused(tessera.Invalid, "without write_step", ring.step, 12)
        with ring.write_step(13) as slot:  # what was published by hand is not taken for a step
            slot[:] = 13
        assert ring.latest().whole() and not ring.step(5).whole()
        refused(tessera.Invalid, "read-only", tessera.attach("ring").publish, 14)
        refused(tessera.Invalid, "read-only", tessera.attach("ring").write_step(14).__enter__)
        ring.publish(2**64 - 1)
        assert tessera.attach("ring").published() == 2**64 - 1
    with tessera.create("ring", 3, "f8") as line:  # slots that are single numbers
        with line.write_step(2) as slot:
            slot[...] = 7
        assert (
            line.tolist() == [0, 7, 0] and line.latest().view == 7 and line[:2].latest().step == 2
        )
    for shape in ((), (0, 3)):
        with tessera.create("ring", shape, "f8") as none:
            refused(tessera.Invalid, "without slots", none.write_step(1).__enter__)


# ---- several processes


def test_every_outcome_of_a_wait():
    with python(
        OWNER + "a.publish(1)\nsys.stdin.readline()\na.close()\nsys.stdin.readline()\n"
    ) as other:
        a = tessera.attach("owned")
        start = time.monotonic()
        assert a.wait_published(0, timeout=0.2) == "timed_out"
        assert 0.2 <= time.monotonic() - start < 20
        other.stdin.write("\n")
        other.stdin.flush()
        assert a.wait_published(0) == "advanced" and a.published() == 1
        assert a.wait_published(1, timeout=0) == "timed_out"
        other.stdin.write("\n")
        other.stdin.flush()
        assert a.wait_published(1) == "owner_gone" and a.wait_published(0) == "advanced"
        assert not os.path.exists(a.path)
    with python(OWNER) as other:
        a = tessera.attach("owned")
        os.unlink(a.path)  # somebody removes the name of an owner that lives
        assert a.wait_published(0, timeout=0.2) == "timed_out"
        kill(other)
        start = time.monotonic()
        assert a.wait_published(0) == "owner_gone" and time.monotonic() - start < 20
    with python(
        "a = tessera.create('owned', 1, 'f8')\na.keep()\nprint('ready', flush=True)"
    ) as other:
        other.wait()
        a = tessera.attach("owned")
        assert a.wait_published(0, timeout=0.2) == "timed_out"
        tessera.remove("owned")


def test_a_wait_is_told_soon_and_costs_nothing():
    with python(
        OWNER
        + "for n in range(1, 6):\n"
        + " sys.stdin.readline()\n a[0, 0] = time.monotonic()\n a.publish(n)\n"
        "sys.stdin.readline()"
    ) as other:
        a = tessera.attach("owned")
        other.stdin.write("\n")
        for n in range(5):
            threading.Timer(0.1, lambda: (other.stdin.write("\n"), other.stdin.flush())).start()
            assert a.wait_published(n) == "advanced"
            assert time.monotonic() - a[0, 0] < 20
        before = time.process_time()
        assert a.wait_published(5, timeout=1) == "timed_out"
        used = time.process_time() - before
        assert used < 0.2, used
        steps = []
        worker = threading.Thread(target=a.wait_published, args=(5, 1))
        worker.start()
        while worker.is_alive():
            steps.append(0)  # this thread runs on
        assert len(steps) > 1000
        # Ctrl-C ends a wait.
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        try:
            a.wait_published(5)
            raise AssertionError("the wait ended without KeyboardInterrupt")
        except KeyboardInterrupt:
            assert time.monotonic() - start < 20


def test_ends_of_an_owner():
    quiet = "sys.stderr = open(os.devnull, 'w')\n"
    # A thread that is not waited for keeps the array until the process has ended.
    thread = (
        "import threading\n"
        "threading.Thread(target=lambda a: time.sleep(60), args=(a,), daemon=True).start()"
    )
    for end in (
        "",
        "sys.exit(3)",
        "raise KeyError('x')",
        "del a",
        "os.kill(os.getpid(), 2)",
        thread,
    ):
        with python(OWNER + quiet + end) as other:
            assert states() == {"owned": "owned"}
            refused(tessera.NameTaken, "whose owner lives", tessera.create, "owned", 3, "f8")
            refused(tessera.NotPermitted, "its owner lives", tessera.remove, "owned")
            other.stdin.write("\n")
            other.stdin.flush()
            other.wait()
            assert states() == {}, end
    with python(OWNER) as other:  # attaching and its end remove nothing
        for code in (
            "a = tessera.attach('owned', 'r+')\nprint('ready', flush=True)",
            "with tessera.attach('owned') as a: a.close()\nprint('ready', flush=True)",
        ):
            with python(code) as reader:
                reader.wait()
        assert tool("reap") == "" and states() == {"owned": "owned"}


def test_orphans_of_python():
    for clean in ("C++", "Python", "create", "remove"):
        with python(OWNER) as other:
            kill(other)
        assert states() == {"owned": "orphan"}
        if clean == "C++":
            assert tool("reap") == "owned\n"
        elif clean == "Python":
            assert tessera.reap() == ["owned"]
        elif clean == "remove":
            tessera.remove("owned")
        else:
            with tessera.create("owned", 7, "f4") as mine:
                assert states() == {"owned": "owned"} and mine.shape == (7,)
        assert states() == {}


def processes_of(name):
    """The processes of this program that have this test's folder: it, its workers and keeper."""
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/environ", "rb") as file:
                ours = os.fsencode("TESSERA_DIR=" + os.environ["TESSERA_DIR"]) in file.read()
            if ours and os.path.samefile(f"/proc/{pid}/exe", program(name)):
                out.append(int(pid))
    return out


def test_orphans_of_cpp():
    for clean in ("reap", "create"):
        with running(program("producer"), "owned", "--steps", "100000") as producer:
            a = tessera.attach("owned", wait=DEADLINE)
            assert a.wait_published(3, DEADLINE) == "advanced"
            # Its pool's keeper would remove the name, and the pool would start another keeper. If
            # the program ended first, the system would let the stopped keeper run on.
            producer.send_signal(signal.SIGSTOP)
            for pid in processes_of("producer"):
                if pid != producer.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            kill(producer)
            until(lambda: a.wait_published(a.published(), 0) == "owner_gone")
        left = states()  # the array, and what its pool has made
        assert left["owned"] == "orphan" and set(left.values()) == {"orphan"}, left
        if clean == "create":
            with tessera.create("owned", 7, "f4"):
                assert states()["owned"] == "owned"
            del left["owned"]
        assert tessera.reap() == sorted(left) and states() == {}


def test_kept():
    with python(
        "a = tessera.create('kept', 4, 'f4')\na[:] = 2\na.keep()\n"
        "assert not a.owned\nprint('ready', flush=True)"
    ) as other:
        other.wait()
    assert states() == {"kept": "kept"} and tool("reap") == "" and tessera.reap() == []
    assert json.loads(tool("stat", "--json", "kept"))[0]["mean"] == 2 and tessera.attach("kept").sum() == 8
    refused(tessera.NameTaken, "kept", tessera.create, "kept", 4, "f4")
    tool("rm", "kept")
    assert states() == {}


def child(queue, array):
    array[0] = 5
    queue.put((array.owned, os.path.exists(array.path)))
    array.close()


def test_children():
    with tessera.create("mine", 4, "f4") as mine:
        for end in (
            lambda: None,
            mine.close,
            lambda: mine.keep() if mine.owned else None,
            lambda: sys.exit(0),
        ):
            pid = os.fork()
            if pid == 0:
                try:
                    end()
                    gc.collect()
                    tessera._end_all()  # as at the end of a Python
                finally:
                    os._exit(0 if not mine.owned else 1)
            assert os.waitpid(pid, 0)[1] == 0
            assert states() == {"mine": "owned"} and mine.owned
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        process = context.Process(target=child, args=(queue, mine))
        process.start()
        assert queue.get(timeout=DEADLINE) == (False, True)
        process.join()
        assert mine[0] == 5 and states() == {"mine": "owned"}
    # A child that lives on holds no lock and its mapping none either.
    code = (
        "a = tessera.create('mine', 4, 'f4')\npid = os.fork()\n"
        "if pid == 0: print('ready', flush=True)\ntime.sleep(60)\n"
    )
    with python(code) as other:
        kill(other)  # the parent only
        assert states() == {"mine": "orphan"} and tool("reap") == "mine\n"
    # A fork by a library, which Python is not told of.
    with tessera.create("mine", 4, "f4") as mine:
        pid = ctypes.PyDLL(None).fork()
        if pid == 0:
            mine.close()
            os._exit(1 if mine.owned else 0)
        assert os.waitpid(pid, 0)[1] == 0
        assert states() == {"mine": "owned"} and mine.owned
    # A child may create and own.
    with tessera.create("mine", 4, "f4"):
        pid = os.fork()
        if pid == 0:
            with tessera.create("own", 4, "f4") as own:
                good = own.owned and not own._segment.owner is None
            os._exit(0 if good and not os.path.exists(own.path) else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert states() == {"mine": "owned"}


def test_two_that_create_the_same_name():
    code = (
        "won = 0\nprint('ready', flush=True)\nsys.stdin.readline()\nfor k in range(200):\n"
        " try:\n  with tessera.create('race', 4, 'u4') as a:\n   a[:] = os.getpid()\n"
        "   assert (tessera.attach('race') == os.getpid()).all()\n   won += 1\n"
        " except tessera.NameTaken: pass\nprint(won)"
    )
    with python(code) as one, python(code) as two:
        for process in (one, two):
            process.stdin.write("\n")
            process.stdin.flush()
        counts = [int(process.stdout.read()) for process in (one, two)]
        assert min(counts) > 0, counts
    assert states() == {}


def test_attach_waits():
    made = []
    timer = threading.Timer(0.2, lambda: made.append(tessera.create("late", 4, "f4")))
    timer.start()
    late = tessera.attach("late", wait=DEADLINE)
    timer.join()
    assert late.shape == (4,)
    made.pop().close()
    start = time.monotonic()
    refused(tessera.NameMissing, "late", tessera.attach, "late", wait=0.1)
    assert 0.1 <= time.monotonic() - start < 20


# ---- with the C++ programs


def field(n):
    i, j = np.ogrid[:90, :180]
    return np.sin(0.1 * i - 0.1 * n) * np.cos(0.1 * j)


def test_python_reads_cpp():
    with running(program("producer"), "waves", "--steps", "60", "--pause", "5") as producer:
        consumer = os.path.join(MODULES, "consumer.py")
        with running(sys.executable, "-B", consumer, "waves") as reader:
            lines = reader.communicate(timeout=DEADLINE)[0].splitlines()
        assert producer.wait(DEADLINE) == 0
    assert re.fullmatch(
        r"producer ended after step 60; \d+ steps were not looked at", lines[-1]
    ), lines
    told = [re.fullmatch(r"step (\d+) mean (-?[\d.]+)", line).groups() for line in lines[:-1]]
    for n, mean in told:
        assert abs(float(mean) - field(int(n)).mean()) < 1e-4, (n, mean)
    assert states() == {}


def test_cpp_reads_python():
    code = (
        "a = tessera.create('waves', (8, 90, 180), 'f4')\nprint('ready', flush=True)\n"
        "for n in range(1, 61):\n"
        " with a.write_step(n) as slot: slot[:] = n\n time.sleep(0.005)\n"
    )
    with python(code) as producer:
        with running(program("consumer"), "waves") as reader:
            assert json.loads(tool("stat", "--json", "waves"))[0]["count"] > 0
            lines = reader.communicate(timeout=DEADLINE)[0].splitlines()
        assert producer.wait(DEADLINE) == 0
    assert lines[-1].startswith("producer ended after step 60"), lines
    for line in lines[:-1]:
        n = re.match(r"step (\d+) ", line).group(1)
        assert line == f"step {n} mean {n}.0000", line
    assert states() == {}


def read_until_gone(a, check):
    """Counts the frames that were whole; each was checked."""
    seen = whole = 0
    while a.wait_published(seen, timeout=DEADLINE) == "advanced":
        seen = a.published()
        # The oldest step of the ring is about to be overwritten.
        for n in (seen, max(1, seen - len(a) + 1)):
            frame = a.step(n)
            values = frame.view.copy()
            if frame.whole():
                check(n, values)
                whole += 1
    return whole


def constant(n, values):
    assert (values == n).all(), (n, values.min(), values.max())


def test_no_torn_frame_of_a_killed_producer():
    writer = (
        "a = tessera.create('torn', (2, 256, 512), 'u8')\nprint('ready', flush=True)\nn = 0\n"
        "while True:\n n += 1\n with a.write_step(n) as slot: slot[:] = n\n"
    )
    whole = 0
    for kills in range(20):
        with python(writer) as producer:
            a = tessera.attach("torn")
            killer = threading.Thread(target=lambda: (a.wait_published(20 + kills), kill(producer)))
            killer.start()
            whole += read_until_gone(a, constant)
            start = time.monotonic()
            assert (
                a.wait_published(a.published(), DEADLINE) == "owner_gone"
                and time.monotonic() - start < 20
            )
            killer.join()
            last, begun, _ = a._segment.counters().tolist()
            assert begun in (last, last + 1)
            if a.latest().whole():
                constant(last, a.latest().view)
            assert not a.step(last - 1).whole() or begun == last
        assert tessera.reap() == ["torn"]
    assert whole > 0
    for kills in range(20):
        with running(program("producer"), "torn", "--steps", "100000", "--pause", "0") as producer:
            a = tessera.attach("torn", wait=DEADLINE)
            killer = threading.Thread(target=lambda: (a.wait_published(20 + kills), kill(producer)))
            killer.start()
            assert (
                read_until_gone(a, lambda n, v: np.testing.assert_allclose(v, field(n), atol=1e-4))
                > 0
            )
            killer.join()
            until(lambda: not os.path.exists(a.path))  # the pool's keeper removes it


def test_a_full_folder():
    if os.geteuid() != 0:
        print("skipped: a full folder; only root can mount one")
        return
    code = """
import ctypes, sys, tempfile
import tessera
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x20000) != 0 or libc.mount(None, b"/", None, (1 << 18) | (1 << 14), None) != 0:
    sys.exit("skipped: a full folder; no mount of its own")
where = sys.argv[1].encode()
assert libc.mount(b"tmpfs", where, b"tmpfs", 0, b"size=1m") == 0
tessera.create("some", (100, 1000), "f8").keep()
try:
    tessera.create("more", (100, 1000), "f8")
    sys.exit("it was not refused")
except tessera.Error as error:
    print(error)
print([entry.name for entry in tessera.list()])
tessera.create("less", (10, 1000), "f8")
"""
    with tempfile.TemporaryDirectory() as where:
        done = subprocess.run(
            [sys.executable, "-B", "-c", code, where],
            capture_output=True,
            text=True,
            env={**os.environ, "TESSERA_DIR": where},
            timeout=DEADLINE,
        )
    if done.stderr.startswith("skipped"):
        print(done.stderr.strip())
        return
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"more: wants 800256 bytes, and \S+ has 24\d\d\d\d free; .*TESSERA_DIR", done.stdout
    ), done
    assert done.stdout.endswith("['some']\n"), done.stdout


def test_other_users():
    if os.geteuid() != 0:
        print("skipped: arrays of other users; only root can make one")
        return
    with python(OWNER) as other:
        os.chown(path_of("owned"), 12345, 12345)
        refused(tessera.NotPermitted, "another user", tessera.attach, "owned")
        assert tessera.attach("owned", any_user=True).shape == (3, 4)
        kill(other)
    assert states() == {"owned": "foreign"} and tessera.reap() == []
    refused(tessera.NameTaken, "another name", tessera.create, "owned", 3, "f8")
    refused(tessera.NotPermitted, "another user", tessera.remove, "owned")
    os.unlink(path_of("owned"))


def test_xarray():
    with tessera.create("grid", (2, 3), "f4") as a:
        try:
            import xarray
        except ImportError:
            refused(ImportError, "pip install xarray", tessera.to_xarray, "grid")
            print("skipped: to_xarray; xarray is not installed")
            return
        grid = tessera.to_xarray(
            a, dims=("lat", "lon"), coords={"lat": [10, 20]}, attrs={"units": "K"}
        )
        assert (
            isinstance(grid, xarray.DataArray)
            and grid.name == "grid"
            and grid.dims == ("lat", "lon")
        )
        a[1, 2] = 7
        assert grid.sel(lat=20)[2] == 7 and grid.attrs == {"units": "K"}
        assert (
            np.shares_memory(grid.values, a)
            and not tessera.to_xarray("grid").values.flags.writeable
        )


def test_the_samples_of_the_readme():
    with open(os.path.join(MODULES, "README.md")) as file:
        text = file.read().replace("/dev/shm", os.environ["TESSERA_DIR"])
    blocks = re.findall("```pycon\n(.*?)```", text, re.DOTALL)
    assert len(blocks) > 4
    try:
        import xarray  # noqa: F401
    except ImportError:
        blocks = [block for block in blocks if "to_xarray" not in block]
        print("skipped: the README's sample of xarray; it is not installed")
    with running(program("producer"), "waves", "--steps", "100000") as producer:
        samples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README.md", None, 0)
        results = doctest.DocTestRunner().run(samples)
        assert results.failed == 0 and results.attempted > 10, results
        producer.terminate()
        until(lambda: os.listdir(os.environ["TESSERA_DIR"]) == [])


def main():
    assert ctypes.sizeof(ctypes.c_long) == 8
    with open(os.path.join(HERE, os.pardir, os.pardir, "include/tessera/base/config.hpp")) as file:
        numbers = re.findall(r"#define TESSERA_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", file.read())
    assert tessera.__version__ == ".".join(numbers), numbers
    os.environ["PYTHONPATH"] = MODULES
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix=".tessera-python-") as names:
        os.environ["TESSERA_DIR"] = names
        for name, test in tests.items():
            if len(sys.argv) < 3 or sys.argv[2] in name:
                start = time.monotonic()
                test()
                gc.collect()
                assert os.listdir(names) == [], (name, os.listdir(names))
                print(f"{name} {time.monotonic() - start:.2f} s", file=sys.stderr)


main()
