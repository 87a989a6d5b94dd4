"""Tries, cell by cell, what tessera, SharedArray, multiprocessing.shared_memory, joblib and
Boost.Interprocess do when programs share arrays. One line for each cell.

    python3 compare.py [--sharedarray FOLDER] [--python313 PYTHON] [--only TEXT]

FOLDER: where the built module SharedArray is. PYTHON: a Python 3.13 or newer. Needs g++, Boost,
xtensor, NumPy and joblib; with mingw-w64 and Wine the Windows cell runs too. It compiles two small
programs when it runs first, into build/compare.
"""

import argparse
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--sharedarray", default="")
parser.add_argument("--python313", default=shutil.which("python3.13"))
parser.add_argument("--only", default="", help="cells with this text in their name")
options = parser.parse_args()
root = here.parents[1]
build = root / "build/compare"
environment = dict(os.environ, PYTHONPATH=f"{root / 'examples/python'}:{options.sharedarray}")
environment.pop("TESSERA_DIR", None)
shm = pathlib.Path("/dev/shm")

# ---- children, each with a deadline

children = []


class Child:
    def __init__(self, *command, quiet=False):
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT, start_new_session=True)
        self.text = b""
        children.append(self)

    def line(self, timeout=10):
        end = time.monotonic() + timeout
        while b"\n" not in self.text:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"no line within {timeout} s")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                break
            self.text += more
        first, _, self.text = self.text.partition(b"\n")
        return first.decode()

    def rest(self, timeout=15):
        out, _ = self.process.communicate(timeout=timeout)
        return (self.text + out).decode().strip()

    def tell(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def signal(self, number):
        self.process.send_signal(number)

    def clean(self):
        """Ends what it has started too, and removes what that leaves."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except OSError:
                pass
        for path in (*shm.glob(f"joblib_memmapping_folder_{self.process.pid}_*"),
                     *shm.glob(f"sem.loky-{self.process.pid}-*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def python(code, *arguments, which=sys.executable, quiet=False):
    return Child(which, "-c", prelude + code, *arguments, quiet=quiet)


prelude = """
import sys, time, ctypes
name, *more = sys.argv[1:]
def say(*words): print(*words, flush=True)
"""


def cpp(*arguments):
    return Child(build / "peer_tessera", *arguments)


def boost(*arguments):
    return Child(build / "peer_boost", *arguments)


def last(text):
    return text.splitlines()[-1] if text else ""


def told_in(since, limit, test):
    """Milliseconds until test() is true; None after limit seconds."""
    while not test():
        if time.monotonic() - since > limit:
            return None
        time.sleep(0.002)
    return round(1000 * (time.monotonic() - since))


# ---- the cells

cells = []
number = 0


def cell(row, column):
    def add(function):
        cells.append((row, column, function))
        return function
    return add


def new_name():
    global number
    number += 1
    return f"cmp_{os.getpid()}_{number}"


# What each Python library does to make, to attach and to attach read-only the array `a`.
make = {
    "tessera": "import tessera; a = tessera.create(name, (2, 3, 4), 'f4')\n",
    "SharedArray": "import SharedArray; a = SharedArray.create(name, (2, 3, 4), 'f4')\n",
    "shared_memory": "import numpy as np; from multiprocessing.shared_memory import SharedMemory\n"
                     "m = SharedMemory(name, True, 96); a = np.ndarray((2, 3, 4), 'f4', m.buf)\n",
    "joblib": "import joblib, numpy as np; path = '/dev/shm/' + name\n"
              "joblib.dump(np.zeros((2, 3, 4), 'f4'), path); a = joblib.load(path, mmap_mode='r+')\n",
}
attach = {
    "tessera": "import tessera; a = tessera.attach(name, 'r+')\n",
    "SharedArray": "import SharedArray; a = SharedArray.attach(name)\n",
    "shared_memory": "import numpy as np; from multiprocessing.shared_memory import SharedMemory\n"
                     "m = SharedMemory(name); a = np.frombuffer(m.buf, 'u1')\n",
    "joblib": "import joblib; a = joblib.load('/dev/shm/' + name, mmap_mode='r+')\n",
}
read_only = {
    "tessera": "import tessera; a = tessera.attach(name)\n",
    "SharedArray": "import SharedArray; a = SharedArray.attach(name, ro=True)\n",
    "joblib": "import joblib; a = joblib.load('/dev/shm/' + name, mmap_mode='r')\n",
}
hold = "say('ready'); sys.stdin.readline()\n"


def maker(library, name, more=""):
    child = python(make[library] + more + hold, name)
    assert child.line() == "ready", child.rest()
    return child


def boost_maker(name):
    child = boost("create", name)
    assert child.line() == "ready"
    return child


def for_each(row, *libraries):
    """A cell for each of these Python libraries, from one function of its name."""
    def add(function):
        for library in libraries:
            cells.append((row, library, lambda library=library: function(library)))
        return function
    return add


four = ("tessera", "SharedArray", "shared_memory", "joblib")


@for_each("type and shape by name", *four)
def _(library):
    name = new_name()
    maker(library, name)
    got = python(attach[library] + "say(a.dtype, a.shape)", name, quiet=True).rest()
    return "yes" if got == "float32 (2, 3, 4)" else "no", got


@cell("type and shape by name", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    return "part", boost("types", name).rest() + "; no shape"


@for_each("NumPy alone opens it", *four)
def _(library):
    name = new_name()
    maker(library, name, "a[:] = 1.5\n")
    got = python("import numpy as np\n"
                 "try: a = np.load('/dev/shm/' + name, mmap_mode='r'); say('yes', a.dtype, a.shape)\n"
                 "except Exception as e: say('np.load:', type(e).__name__)\n"
                 "a = np.memmap('/dev/shm/' + name, 'f4', 'r', 0, (2, 3, 4))\n"
                 "say('memmap with type and shape given:', bool((a == 1.5).all()))\n", name).rest()
    return got.split()[0] if got.startswith("yes") else "no", got.replace("\n", "; ")


@cell("NumPy alone opens it", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    got = python("import numpy as np\n"
                 "try: np.load('/dev/shm/' + name)\n"
                 "except Exception as e: say('np.load:', type(e).__name__)\n"
                 "a = np.memmap('/dev/shm/' + name, 'f4', 'r', 0, (2, 3, 4))\n"
                 "say('memmap with type and shape given:', bool((a == 1.5).all()))", name).rest()
    return "no", got.replace("\n", "; ")


@cell("a wrong type or rank is refused", "tessera")
def _():
    name = new_name()
    maker("tessera", name)
    got = cpp("types", name).rest()
    return "yes" if got.count("tessera: ") == 2 else "no", got.replace("\n", " | ")


@cell("a wrong type or rank is refused", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    return "no", "24 floats; " + boost("types", name).rest()


@for_each("read-only, by the system", "tessera", "SharedArray", "joblib")
def _(library):
    name = new_name()
    maker(library, name)
    child = python(read_only[library] + "say(a.flags.writeable); ctypes.memset(a.ctypes.data, 1, 4); say('written')", name)
    text, code = child.rest(), child.process.returncode
    return "yes" if code == -signal.SIGSEGV else "no", f"writeable {text}, a store ends with {code}"


@cell("read-only, by the system", "tessera C++")
def _():
    name = new_name()
    maker("tessera", name)
    child = cpp("scribble", name)
    child.rest()
    code = child.process.returncode
    return "yes" if code == -signal.SIGSEGV else "no", f"a store ends with {code}"


@cell("read-only, by the system", "shared_memory")
def _():
    name = new_name()
    maker("shared_memory", name)
    got = python("import inspect; from multiprocessing.shared_memory import SharedMemory\n"
                 "m = SharedMemory(name); m.buf[0] = 1; say('written; arguments:', *inspect.signature(SharedMemory).parameters)", name)
    return "no", got.line()


@cell("read-only, by the system", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    child = boost("scribble", name)
    child.rest()
    code = child.process.returncode
    return "yes" if code == -signal.SIGSEGV else "no", f"a store ends with {code}; then no mutex, no condition"


python_reader = """
import resource, tessera
a = tessera.attach(name, wait=10)
say('ready')
before, used, seen = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw, time.process_time(), 0
while True:
    how = a.wait_published(seen, 5)
    at = time.monotonic()
    if how != 'advanced':
        say(how, at, resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before, time.process_time() - used)
        break
    seen = a.published()
    say('step', at)
"""
step_writer = """
import tessera
a = tessera.create(name, (4, 3, 4), 'f4')
say('ready')
n = 0
for line in sys.stdin:
    n += 1
    at = time.monotonic()
    with a.write_step(n) as slot: slot[:] = n
    say('step', at)
"""


@cell("wait for a step", "tessera")
def _():
    name = new_name()
    writer = python(step_writer, name)
    writer.line()
    readers = [cpp("wait", name) for _ in range(3)] + [python(python_reader, name) for _ in range(3)]
    for reader in readers:
        assert reader.line() == "ready"
    time.sleep(1)
    writer.tell()
    at = float(writer.line().split()[1])
    late = [float(reader.line().split()[1]) - at for reader in readers]
    start = time.monotonic()
    writer.kill()
    ends = [reader.line().split() for reader in readers]
    assert all(end[0] == "owner_gone" for end in ends)
    ms = [f"{1000 * (float(end[1]) - start):.0f}" for end in ends]
    return "yes", (f"6 readers told {1000 * min(late):.2f} to {1000 * max(late):.2f} ms after the step; "
                   f"waiting about 1 s: woke {ends[0][2]} (C++) and {ends[3][2]} (Python) times, "
                   f"processor {1000 * float(ends[0][3]):.1f} and {1000 * float(ends[3][3]):.1f} ms; "
                   f"writer killed: told after {', '.join(ms)} ms")


@cell("wait for a step", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    readers = [boost("wait", name) for _ in range(3)]
    for reader in readers:
        assert reader.line() == "ready"
    time.sleep(0.2)
    at = float(boost("publish", name).line().split()[1])
    words = [reader.line().split() for reader in readers]
    late = [1000 * (float(word[1]) - at) for word in words]
    return ("yes" if all(word[0] == "step" for word in words) else "no",
            f"3 readers told within {max(late):.2f} ms; each maps it for writing")


@for_each("wait for a step", "SharedArray", "shared_memory", "joblib")
def _(library):
    code = {"SharedArray": "import SharedArray as s", "joblib": "import joblib as s",
            "shared_memory": "from multiprocessing.shared_memory import SharedMemory as s"}[library]
    got = python(code + "; say([n for n in dir(s) if 'wait' in n or 'notify' in n or 'event' in n])", "x").rest()
    return "no", f"calls with wait, notify or event in their name: {got}"


@cell("a stopped or killed reader", "tessera")
def _():
    name = new_name()
    writer = python(step_writer, name)
    writer.line()
    readers = [cpp("wait", name), python(python_reader, name), cpp("wait", name)]
    for reader in readers:
        reader.line()
    readers[0].signal(signal.SIGSTOP)
    readers[1].kill()
    start = time.monotonic()
    for _ in range(100):
        writer.tell()
        writer.line()
    took = time.monotonic() - start
    seen = readers[2].line()
    readers[0].signal(signal.SIGCONT)
    return "yes", f"100 steps in {1000 * took:.0f} ms beside a stopped and a killed reader; a third one saw: {seen.split()[0]}"


@cell("a stopped or killed reader", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    reader = boost("hold", name)
    reader.line()
    reader.kill()
    return "no", "reader killed inside its lock, writer: " + boost("publish", name).rest()


@for_each("a stopped or killed reader", "SharedArray", "shared_memory", "joblib")
def _(library):
    name = new_name()
    writer = python(make[library] + "say('ready')\nfor line in sys.stdin: a[:] += 1; say(float(a.max()))", name)
    writer.line()
    reader = python(attach[library] + hold, name)
    reader.line()
    reader.signal(signal.SIGSTOP)
    writer.tell()
    first = writer.line()
    reader.kill()
    time.sleep(0.3)  # a resource tracker looks after its dead parent
    writer.tell()
    there = (shm / name).exists()
    return ("yes" if there else "no",
            f"writer goes on ({first}, {writer.line()}); the name is {'there' if there else 'GONE'} after the kill")


@cell("an overwritten step is noticed", "tessera")
def _():
    name = new_name()
    writer = python(step_writer, name)
    writer.line()
    writer.tell()
    writer.line()
    reader = python("import tessera; a = tessera.attach(name); f = a.latest(); half = float(f.view[:2].mean())\n"
                    "say('half'); sys.stdin.readline(); say(half, float(f.view[2:].mean()), f.whole())", name)
    reader.line()
    for _ in range(4):  # the ring has 4 slots
        writer.tell()
        writer.line()
    reader.tell()
    got = reader.line()
    return "yes" if got.endswith("False") else "no", f"first half, second half, whole(): {got}"


@for_each("an overwritten step is noticed", "SharedArray", "shared_memory", "joblib")
def _(library):
    name = new_name()
    writer = python(make[library] + "a[:] = 1; say('ready'); sys.stdin.readline(); a[:] = 5; say('done'); sys.stdin.readline()", name)
    writer.line()
    view = "a = a.view('f4').reshape(2, 3, 4)\n" if library == "shared_memory" else ""
    reader = python(attach[library] + view + "half = float(a[0].mean()); say('half'); sys.stdin.readline(); say(half, float(a[1].mean()))", name)
    reader.line()
    writer.tell()
    writer.line()
    reader.tell()
    return "no", f"first half, second half: {reader.line()}; no call tells it"


@cell("the writer is killed: who waits", "tessera C++ writer")
def _():
    name = new_name()
    writer = cpp("create", name)
    writer.line()
    readers = [cpp("wait", name), python(python_reader, name)]
    for reader in readers:
        reader.line()
    start = time.monotonic()
    writer.kill()
    got = [reader.line().split() for reader in readers]
    return ("yes" if all(g[0] == "owner_gone" for g in got) else "no",
            f"C++ and Python are told after {', '.join(f'{1000 * (float(g[1]) - start):.0f}' for g in got)} ms")


@cell("the writer is killed: who waits", "Boost")
def _():
    name = new_name()
    writer = boost_maker(name)
    reader = boost("wait", name)
    reader.line()
    writer.kill()
    return "no", "the waiter: " + reader.line().split()[0] + " after 2 s"


@for_each("the writer is killed: the name", *four)
def _(library):
    name, folder = new_name(), shm
    if library == "tessera":  # a folder of its own: a pool that any program starts removes orphans
        folder = shm / new_name()
        folder.mkdir()
        environment["TESSERA_DIR"] = str(folder)
    writer = maker(library, name)
    start = time.monotonic()
    writer.kill()
    gone = told_in(start, 1.5, lambda: not (folder / name).exists())
    try:
        again = maker(library, name)
        can = "the next create takes the name"
        again.kill()
    except AssertionError as error:
        can = "the next create: " + last(str(error))
    environment.pop("TESSERA_DIR", None)
    return ("gone" if gone is not None else "stays"), f"{'gone after %s ms' % gone if gone is not None else 'there after 1.5 s'}; {can}"


@cell("the writer is killed: the name", "tessera C++, with a pool")
def _():
    name = new_name()
    writer = cpp("create_with_pool", name)
    writer.line()
    start = time.monotonic()
    writer.kill()
    gone = told_in(start, 2, lambda: not (shm / name).exists())
    return "gone" if gone is not None else "stays", f"gone after {gone} ms"


@cell("the writer is killed: the name", "tessera, reap")
def _():
    name = new_name()
    writer = maker("tessera", name)
    writer.kill()
    got = python("import tessera; say(name in tessera.reap())", name).rest()
    return "gone", f"tessera.reap() removed it: {got}"


@cell("the writer is killed: the name", "joblib, its own arrays")
def _():
    child = python("import joblib, numpy as np\n"
                   "def f(a): say(type(a).__name__, a.flags.writeable, a.filename); time.sleep(1)\n"
                   "joblib.Parallel(2, max_nbytes=1000)(joblib.delayed(f)(np.ones(10000)) for _ in range(1))\n"
                   , "x")
    word = child.line(20)
    folder = pathlib.Path(word.split()[-1]).parent
    start = time.monotonic()
    child.kill()
    gone = told_in(start, 6, lambda: not folder.exists())
    try:
        os.killpg(child.process.pid, 0)
        workers = "there"
    except ProcessLookupError:
        workers = "gone"
    return ("gone" if gone is not None else "stays",
            f"a worker got: {word.split()[0]}, writeable {word.split()[1]}; "
            f"6 s after the kill its folder is {'gone' if gone is not None else 'there'}, the workers are {workers}")


@cell("the writer is killed: the name", "Boost")
def _():
    name = new_name()
    boost_maker(name).kill()
    time.sleep(1)
    stays = (shm / name).exists()
    return "stays" if stays else "gone", "the next create: " + boost("create", name).rest()


@for_each("a reader's end leaves the name", *four)
def _(library):
    name = new_name()
    maker(library, name)
    python(attach[library] + "del a", name).rest()
    time.sleep(0.5)
    there = (shm / name).exists()
    return "yes" if there else "no", f"after the reader's end the name is {'there' if there else 'gone'}"


@cell("a reader's end leaves the name", "shared_memory, a child")
def _():
    got = python("import os; from multiprocessing import Process; from multiprocessing.shared_memory import SharedMemory\n"
                 "m = SharedMemory(name, True, 96)\ndef f(): SharedMemory(name).close()\n"
                 "p = Process(target=f); p.start(); p.join(5); time.sleep(0.5)\n"
                 "say('there' if os.path.exists('/dev/shm/' + name) else 'gone'); m.unlink()", new_name(), quiet=True).rest()
    return "yes" if got == "there" else "no", f"the reader is a child of the maker, by multiprocessing: {got}"


@cell("a reader's end leaves the name", "shared_memory 3.13, track=False")
def _():
    if not options.python313:
        return "not run", "no Python 3.13 given"
    name = new_name()
    maker("shared_memory", name)
    got = []
    for track in ("False", "True"):
        python(f"from multiprocessing.shared_memory import SharedMemory; SharedMemory(name, track={track}).close()",
               name, which=options.python313).rest()
        time.sleep(0.5)
        got.append(f"track={track}: {'there' if (shm / name).exists() else 'gone'}")
    return "yes" if got[0].endswith("there") else "no", "; ".join(got)


@cell("a reader's end leaves the name", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    boost("types", name).rest()
    return "yes" if (shm / name).exists() else "no", "after the reader's end the name is there"


@cell("C++ and Python both create", "tessera")
def _():
    name, other = new_name(), new_name()
    maker("tessera", name)
    from_python = cpp("types", name).line()
    writer = cpp("steps", other)
    writer.line()
    reader = python("import tessera; a = tessera.attach(name); say('ready'); say(a.wait_published(0, 5)); time.sleep(0.1)\n"
                    "f = a.latest(); say(f.step, float(f.view.mean()), f.whole())", other)
    reader.line()
    writer.tell()
    return "yes", f"Python creates, C++ sees: {from_python}; C++ writes 3 steps, Python: {reader.line()}, step, mean, whole: {reader.line()}"


@cell("attach waits for the name", "tessera C++")
def _():
    name = new_name()
    waiter = cpp("await", name)
    time.sleep(2)
    maker_at = python(make["tessera"] + "say(time.monotonic()); sys.stdin.readline()", name)
    made, (at, sleeps, used) = float(maker_at.line()), waiter.line().split()
    return "yes", f"attached {1000 * (float(at) - made):+.1f} ms after create returned; in about 2 s it woke {sleeps} times, processor {1000 * float(used):.1f} ms"


@cell("attach waits for the name", "tessera Python")
def _():
    name = new_name()
    waiter = python("import tessera, resource\nsay('ready'); used = time.process_time(); woke = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw\n"
                    "tessera.attach(name, wait=10); say(time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - woke, time.process_time() - used)", name)
    waiter.line()
    time.sleep(2)
    maker_at = python(make["tessera"] + "say(time.monotonic()); sys.stdin.readline()", name)
    made, (at, sleeps, used) = float(maker_at.line()), waiter.line().split()
    return ("polls" if int(sleeps) > 100 else "yes",
            f"attached {1000 * (float(at) - made):+.1f} ms after create returned; in about 2 s it woke {sleeps} times, processor {1000 * float(used):.1f} ms")


@for_each("attach waits for the name", "SharedArray", "shared_memory", "joblib")
def _(library):
    return "no", last(python(attach[library], new_name()).rest())


@cell("attach waits for the name", "Boost")
def _():
    return "no", boost("types", new_name()).rest()


@cell("a worker that dies is replaced", "tessera")
def _():
    return "yes", "64 tiles, a worker is killed inside one: " + cpp("pool", new_name()).rest()


task = "def f(i):\n  if i == 20: os.kill(os.getpid(), 9)\n  return i\n"


@cell("a worker that dies is replaced", "joblib")
def _():
    child = python("import joblib, os\n" + task +
                   "try: joblib.Parallel(2)(joblib.delayed(f)(i) for i in range(64))\n"
                   "except Exception as e: say(type(e).__name__)\n"
                   "say('next call:', sum(joblib.Parallel(2)(joblib.delayed(f)(i) for i in range(20))))", "x", quiet=True)
    return "part", child.rest().replace("\n", "; ") + "; all results of the first call are lost"


@cell("a worker that dies is replaced", "multiprocessing.Pool")
def _():
    child = python("import os, multiprocessing\n" + task +
                   "pool = multiprocessing.Pool(2); result = pool.map_async(f, range(64), 1)\n"
                   "try: result.get(4); say('done')\n"
                   "except multiprocessing.TimeoutError: say('map has not returned after 4 s')\n"
                   "say('next call:', sum(pool.map(f, range(20)))); pool.terminate()", "x")
    return "part", child.rest().replace("\n", "; ")


@cell("a worker that dies is replaced", "ProcessPoolExecutor")
def _():
    child = python("import os, concurrent.futures\n" + task +
                   "pool = concurrent.futures.ProcessPoolExecutor(2)\n"
                   "try: list(pool.map(f, range(64)))\n"
                   "except Exception as e: say(type(e).__name__)\n"
                   "try: say('next call:', sum(pool.map(f, range(20))))\n"
                   "except Exception as e: say('next call:', type(e).__name__)", "x")
    return "no", child.rest().replace("\n", "; ")


def too_much():
    space = os.statvfs(shm)
    return 2 * space.f_blocks * space.f_frsize  # twice the whole folder; never written to


@cell("too little memory is told by create", "tessera")
def _():
    got = python(f"import tessera\ntry: tessera.create(name, {too_much()}, 'u1'); say('created')\nexcept tessera.Error as e: say(e)", new_name()).rest()
    return "no" if got == "created" else "yes", got


@cell("too little memory is told by create", "SharedArray")
def _():
    got = python(f"import SharedArray; SharedArray.create(name, {too_much()}, 'u1'); say('created'); SharedArray.delete(name)", new_name()).rest()
    return "no" if got == "created" else "yes", "twice of what the folder can hold: " + got


@cell("too little memory is told by create", "shared_memory")
def _():
    got = python(f"from multiprocessing.shared_memory import SharedMemory; m = SharedMemory(name, True, {too_much()}); say('created'); m.unlink()", new_name()).rest()
    return "no" if got == "created" else "yes", "twice of what the folder can hold: " + got


@cell("too little memory is told by create", "Boost")
def _():
    got = boost("huge", new_name(), too_much()).rest()
    return "no" if got == "created" else "yes", "twice of what the folder can hold: " + got


@cell("more than arrays", "Boost")
def _():
    name = new_name()
    boost_maker(name)
    return "yes", boost("containers", name).rest()


@cell("Windows", "tessera C++, under Wine")
def _():
    exe = build / "peer_windows.exe"
    if not exe.exists() or not shutil.which("wine"):
        return "not run", "no mingw-w64 or no Wine"
    environment.update(WINEPREFIX=str(build / "wine"), WINEDEBUG="-all")
    got = last(Child("wine", exe).rest(60))
    return "yes" if "element 7" in got else "no", got.strip()


@cell("Windows", "tessera Python")
def _():
    got = last(python("sys.platform = 'win32'; import tessera", "x").rest())
    return "no", got


# ---- run


def compile_all():
    build.mkdir(parents=True, exist_ok=True)
    headers = f"-I{root / 'include'}"
    for program in ("peer_tessera", "peer_boost"):
        source = here / f"{program}.cpp"
        if not (build / program).exists() or (build / program).stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["g++", "-std=c++20", "-O1", headers, source, "-o", build / program], check=True, timeout=300)
    cross, exe = shutil.which("x86_64-w64-mingw32-g++-posix"), build / "peer_windows.exe"
    if cross and not exe.exists():
        (build / "windows").mkdir(exist_ok=True)
        for folder in ("boost", "xtensor", "xtl"):
            if not (build / "windows" / folder).exists():
                (build / "windows" / folder).symlink_to(f"/usr/include/{folder}")
        subprocess.run([cross, "-std=c++20", "-O1", "-static", headers, f"-I{build / 'windows'}",
                        here / "peer_windows.cpp", "-o", exe], check=True, timeout=300)


def main():
    compile_all()
    start, row_before = time.monotonic(), None
    for row, column, function in cells:
        if options.only not in f"{row} | {column}":
            continue
        if row != row_before:
            print(f"\n{row}")
        row_before = row
        try:
            verdict, evidence = function()
        except Exception as error:
            verdict, evidence = "FAILED", f"{type(error).__name__}: {error}"
        for child in children:
            child.clean()
        children.clear()
        print(f"  {column:32} {verdict:8} {evidence}", flush=True)
        for path in [*shm.glob(f"*cmp_{os.getpid()}_*")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    time.sleep(1)
    print(f"\n{time.monotonic() - start:.0f} s; left in {shm}: {[n for n in os.listdir(shm) if str(os.getpid()) in n]}")


main()
