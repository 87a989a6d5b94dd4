"""Arrays in shared memory that C++ programs with tessera and Python programs use together.

    import tessera
    a = tessera.attach("sst")                    # an array of another program, read-only
    b = tessera.create("mask", (90, 180), "f4")  # zeros; the name goes when b or Python ends

An array is an .npy file in /dev/shm, or in the folder that TESSERA_DIR names. Errors are
tessera.Error. Linux on x86_64 and aarch64, NumPy, nothing else.
"""

import ast
import atexit
import contextlib
import ctypes
import errno
import fcntl
import math
import mmap
import operator
import os
import platform
import re
import stat
import struct
import sys
import threading
import time
from typing import NamedTuple, Optional, Tuple

import numpy as np

__version__ = "0.1.0"

# The number of the system call futex.
_FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine())
if not sys.platform.startswith("linux") or _FUTEX is None or sys.maxsize < 2**32:
    raise ImportError("tessera.py runs on 64-bit Linux (x86_64, aarch64); this is another system")

# The control block: magic, layout version, state, identity, owner, inode, created_ns, and the
# counters of steps: published, begun, first.
_BLOCK = struct.Struct("<8sII16s16sQqQQQ40x")
_MAGIC, _LAYOUT = b"TESSERA\0", 1
_OWNED, _KEPT, _ENDED = 1, 2, 3
_STATE_AT, _COUNTERS_AT = 12, 64
_LOOK_AFTER_OWNER = 0.05  # seconds; an owner that is killed wakes nobody


class Error(Exception):
    """Says what failed, for which name, and what to do."""

    def __init__(self, *parts):  # subject, what, advice; or one text, when it was pickled
        more = f"tessera: {parts[0]}: " + "; ".join(parts[1:])
        super().__init__(more if len(parts) > 1 else parts[0])


class NameMissing(Error, FileNotFoundError):
    """There is no array of that name."""


class NameTaken(Error, FileExistsError):
    """Something else has that name."""


class NotPermitted(Error, PermissionError):
    """It belongs to another user, or its owner lives."""


class Invalid(Error, ValueError):
    """A file that is no array, or an argument that can't be right."""


# ---- names and files


_chosen = None


def set_folder(path):
    """Sets the folder of names for this Python, instead of TESSERA_DIR or /dev/shm; None undoes
    it."""
    global _chosen
    _chosen = None if path is None else os.path.abspath(path)


def folder():
    """The folder of names: an absolute path. Raises Error if it is not there."""
    path = os.path.abspath(_chosen or os.environ.get("TESSERA_DIR") or "/dev/shm")
    if not os.path.isdir(path):
        raise Error(path, "the folder of names is not there", "mount a tmpfs there, or set "
                    "TESSERA_DIR to another one")
    return path


def _path(name):
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", name):
        raise Invalid(f"name {str(name)[:60]!r}", "such a name is not allowed",
                      "use 1 to 200 of A-Z a-z 0-9 . _ -, beginning with a letter, a digit or _")
    return os.path.join(folder(), name)


class _Meta(NamedTuple):
    """What header and control block of an open file say. control_at: 0 in a plain .npy file."""

    dtype: np.dtype
    shape: tuple
    order: str
    data_at: int
    data_bytes: int
    control_at: int = 0
    state: int = 0

    @property
    def size(self):
        return self.control_at + _BLOCK.size if self.control_at else self.data_at + self.data_bytes


def _parsed(head):
    """The header at the beginning of these bytes. Raises some exception if there is none."""
    if head[:6] != b"\x93NUMPY" or head[6] not in (1, 2, 3) or head[7] != 0:
        raise ValueError("it does not begin like one")
    start, (length,) = (10, struct.unpack_from("<H", head, 8)) if head[6] == 1 else \
        (12, struct.unpack_from("<I", head, 8))
    if length > 10000:  # NumPy's own limit for a file that nobody vouches for
        raise ValueError("its header is longer than 10000 bytes")
    if len(head) < start + length:
        raise ValueError("it ends inside the header")
    text = head[start:start + length].decode("utf-8" if head[6] == 3 else "latin-1")
    told = ast.literal_eval(text.strip())
    if set(told) != {"descr", "fortran_order", "shape"} or type(told["fortran_order"]) is not bool:
        raise ValueError("its header has other keys")
    shape = told["shape"]
    if type(shape) is not tuple or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("its shape is no tuple of extents")
    dtype = np.lib.format.descr_to_dtype(told["descr"])
    if dtype.hasobject or dtype.itemsize == 0:
        raise ValueError("its elements are Python objects, or have no bytes")
    order = "F" if told["fortran_order"] else "C"
    return _Meta(dtype, shape, order, start + length, dtype.itemsize * math.prod(shape))


def _read(fd, name):
    """The checked _Meta of an open file. The bytes are copied once, and the copy is checked."""
    info = os.fstat(fd)
    try:
        meta = _parsed(os.pread(fd, 10012, 0))
    except Exception as error:  # descr_to_dtype and literal_eval raise almost anything
        raise Invalid(name, f"not a readable .npy array: {error}") from None
    end = meta.data_at + meta.data_bytes
    if end > info.st_size:
        raise Invalid(name, f"it is truncated: {info.st_size} bytes of {end}", "write it again")
    control_at = (end + 63) // 64 * 64
    block = os.pread(fd, _BLOCK.size, control_at)
    if len(block) == _BLOCK.size:
        magic, layout, state, _, _, inode, *_ = _BLOCK.unpack(block)
        known = (magic, layout) == (_MAGIC, _LAYOUT) and state in (_OWNED, _KEPT, _ENDED)
        if known and inode == info.st_ino:  # a byte copy has another inode
            return meta._replace(control_at=control_at, state=state)
    return meta


@contextlib.contextmanager
def _opened(path, name, flags=os.O_RDONLY):
    """A descriptor of a regular file. Raises NameMissing, Invalid, NotPermitted, Error."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Invalid(name, "it is no regular file", "a name must lead to a regular file")
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NameMissing(name, f"there is no array of that name in {os.path.dirname(path)}",
                          "create it first, or give attach a time to wait. If it was there before: "
                          "SharedMemory(name) removes a name when that Python ends") from None
    except PermissionError as error:
        raise NotPermitted(name, f"opening it: {error.strerror}",
                           'mode "r" needs the right to read, "r+" to write too') from None
    except OSError as error:
        raise Error(name, f"opening it: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):  # it has changed meanwhile
            raise Invalid(name, "it is no regular file", "a name must lead to a regular file")
        yield fd
    finally:
        os.close(fd)


def _leads_to(path, fd):
    """True if this path is a name of the open file."""
    try:
        there, mine = os.lstat(path), os.fstat(fd)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)


def _locked(fd, how):
    """Takes the file's lock. False if another process holds it."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _remove_if(path, name, state):
    """Removes a name of this user whose state is `state` and whose lock is free. It looks again
    under the lock. Returns "removed", "locked" or "other"."""
    def meant(fd):
        return os.fstat(fd).st_uid == os.geteuid() and _read(fd, name).state == state

    try:
        with _opened(path, name) as fd:
            if not meant(fd):  # looked at first too: a foreign file is never locked
                return "other"
            if not _locked(fd, fcntl.LOCK_EX):
                return "locked"
            if meant(fd) and _leads_to(path, fd):
                os.unlink(path)
                return "removed"
    except (Error, OSError):
        pass  # what can't be opened or read is not proven to be an orphan
    return "other"


# ---- memory


_libc = ctypes.CDLL(None)  # calls through it release the GIL
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = [ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32,
                     ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]
_FUTEX_WAIT, _FUTEX_WAKE = 0, 1  # between processes; they work on a read-only mapping too
_nobody = ctypes.c_uint32()


def _wake(address):
    _syscall(_FUTEX, address, _FUTEX_WAKE, 0x7FFFFFFF, None, None, 0)


def _wait(address, seen, seconds):
    """Returns when woken, after `seconds`, without a reason, or at once if the word is not
    `seen`."""
    whole = int(seconds)
    timeout = (ctypes.c_long * 2)(whole, int((seconds - whole) * 1e9))  # a timespec
    _syscall(_FUTEX, address, _FUTEX_WAIT, seen & 0xFFFFFFFF, timeout, None, 0)


def _fence():
    """No load or store moves across this call, the streaming stores of a large memcpy neither:
    the kernel has a full memory barrier before it looks whether somebody waits. On x86 loads stay
    in order among themselves, and so do usual stores; other processors need it for those too."""
    _wake(ctypes.addressof(_nobody))


_fork_lock = threading.RLock()  # held over opening a file that is to be locked, and over fork
_owners = set()  # the _Owner objects of this process
_process = os.urandom(16)  # its identity


class _Owner:
    """The descriptor that holds the lock of a new file, which has no name yet."""

    def __init__(self, path, state_at):
        self.pid, self.path, self.state_at = os.getpid(), path, state_at
        with _fork_lock:  # no fork between opening and recording
            flags = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC
            self.fd = os.open(os.path.dirname(path), flags, 0o600)
            _owners.add(self)

    def held(self):
        return self.fd is not None and self.pid == os.getpid()

    def finish(self, state):
        """_KEPT: the name stays. _ENDED: the name goes first: who is killed before that leaves an
        orphan. The state is written through the descriptor: if somebody has truncated the file, a
        store to the mapping would end this process."""
        with _fork_lock:
            if not self.held():
                return
            try:
                if state == _ENDED and _leads_to(self.path, self.fd):
                    os.unlink(self.path)
                os.pwrite(self.fd, struct.pack("<I", state), self.state_at)
                fcntl.flock(self.fd, fcntl.LOCK_UN)
            except OSError:  # not permitted, after a change of user: it becomes an orphan
                if state == _KEPT:
                    raise
            self.drop()

    def drop(self):
        _owners.discard(self)
        fd, self.fd = self.fd, None
        os.close(fd)


def _after_fork():
    """In a child, which owns nothing. It must not unlock: the lock is its parent's too."""
    global _process
    _process = os.urandom(16)
    for owner in tuple(_owners):
        owner.drop()
    _fork_lock.release()


os.register_at_fork(before=_fork_lock.acquire, after_in_parent=_fork_lock.release,
                    after_in_child=_after_fork)


class _Segment(mmap.mmap):
    """A mapped file. Every view of its memory keeps it; with it goes the name that it owns."""

    writing = False  # a step of its ring

    @classmethod
    def of(cls, fd, name, path, meta, writable, owner=None):
        prot = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        try:
            out = cls(fd, meta.size, flags=mmap.MAP_SHARED, prot=prot)
        except (OSError, ValueError) as error:  # ValueError: it has been truncated meanwhile
            raise Invalid(name, f"mapping it: {error}") from error
        out.name, out.path, out.meta, out.writable, out.owner = name, path, meta, writable, owner
        out.fd = os.dup(fd)  # to see whether the owner holds its lock
        return out

    def shared(self):
        out = self.array(SharedArray)
        out._segment = self
        return out

    def array(self, kind=np.ndarray):
        meta = self.meta
        try:
            return kind(meta.shape, meta.dtype, self, meta.data_at, None, meta.order)
        except (ValueError, MemoryError) as error:
            raise Invalid(self.name, f"NumPy can't show it: {error}") from None

    def counters(self):
        """published, begun, first. NumPy reads and writes such an element, which is aligned, by
        one instruction of 8 bytes: nobody sees half of a number."""
        if not self.meta.control_at:
            raise Invalid(self.name, "a plain .npy file has no steps",
                          "use an array that tessera has created")
        return np.frombuffer(self, "<u8", 3, self.meta.control_at + _COUNTERS_AT)

    def event(self):
        """The address of the low half of `published`: where waiters sleep."""
        return self.counters().__array_interface__["data"][0]

    def owned(self):
        return self.owner is not None and self.owner.held()

    def finish(self, state):
        if self.owned():
            self.owner.finish(state)
            _wake(self.event())  # who waits sees that it has ended

    def __del__(self):
        if hasattr(self, "fd"):
            self.finish(_ENDED)
            os.close(self.fd)

    def owner_lives(self):
        state = int(np.frombuffer(self, "<u4", 1, self.meta.control_at + _STATE_AT)[0])
        if self.owned() or state == _KEPT:
            return True
        if state != _OWNED:
            return False
        # Not by the name: an owner lives though somebody has removed that. Opened again: the lock
        # that is tried ends with this descriptor.
        fd = os.open(f"/proc/self/fd/{self.fd}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return not _locked(fd, fcntl.LOCK_SH)
        finally:
            os.close(fd)


@atexit.register
def _end_all():
    for owner in tuple(_owners):
        owner.finish(_ENDED)


class SharedArray(np.ndarray):
    """A NumPy array whose elements lie in shared memory. attach and create make it.

    Slices and other views keep the memory. Results of arithmetic, copies of elements by a list of
    indices, and numpy.asarray(a) are plain arrays; the last one shows the same memory. The name of
    a created array goes at close(), at the end of a `with` block, when no view is left, or when
    Python ends; the memory stays as long as there is a view. After fork the child has the memory,
    but owns no name.
    """

    _segment = None

    def __array_finalize__(self, other):
        segment = getattr(other, "_segment", None)
        if segment is not None and np.may_share_memory(self, other):
            self._segment = segment

    def __array_wrap__(self, array, context=None, return_scalar=False):
        if array is self:  # a += 1
            return array
        array = np.asarray(array)
        return array[()] if array.shape == () else array

    def __getitem__(self, index):
        out = super().__getitem__(index)
        return np.asarray(out) if type(out) is SharedArray and out._segment is None else out

    def __reduce__(self):
        return np.array(self, subok=False).__reduce__()  # pickled as a plain array: a copy

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def name(self):
        return _segment_of(self).name

    @property
    def path(self):
        """The path of its file, for numpy.load(path, mmap_mode="r")."""
        return _segment_of(self).path

    @property
    def owned(self):
        """True if this process removes the name."""
        return _segment_of(self).owned()

    def close(self):
        """Removes the name, if this process owns it. The elements stay readable."""
        _segment_of(self).finish(_ENDED)

    def keep(self):
        """Leaves the name to others: it stays until tessera.remove(name)."""
        if not self.owned:
            raise Invalid(self.name, "only the process that created an array can keep it")
        _segment_of(self).finish(_KEPT)


def _segment_of(array):
    segment = getattr(array, "_segment", None)
    if segment is None:
        raise Invalid("an array", "it is none of attach or create, or a copy of one")
    return segment


def attach(name, mode="r", wait=0.0, *, any_user=False):
    """The array of that name, of any program: its own type, shape and order (C or Fortran).

    mode: "r", or "r+" to change elements. wait: seconds to wait for the name to appear, and for a
    file that another program still writes. any_user: accept another user's array. It never removes
    a name and holds no lock. Raises NameMissing, Invalid (no array), NotPermitted.
    """
    if mode not in ("r", "r+"):
        raise Invalid(name, f"mode {mode!r} is not known", 'use "r" or "r+"')
    path, deadline = _path(name), time.monotonic() + wait
    while True:
        try:
            with _opened(path, name, os.O_RDONLY if mode == "r" else os.O_RDWR) as fd:
                if os.fstat(fd).st_uid != os.geteuid() and not any_user:
                    raise NotPermitted(name, "it belongs to another user",
                                       "pass any_user=True if you trust that user")
                return _Segment.of(fd, name, path, _read(fd, name), mode == "r+").shared()
        except (NameMissing, Invalid):
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.003)


def _header(dtype, shape):
    """The bytes of a header, as C++ writes them."""
    text = "{'descr': %r, 'fortran_order': False, 'shape': %r, }" % (
        np.lib.format.dtype_to_descr(dtype), shape)
    ascii_only = text.isascii()  # version 1.0 is Latin-1; other names need version 3.0
    text, prefix = text.encode(), 10 if ascii_only else 12
    total = max(128, (prefix + len(text) + 64) // 64 * 64)
    begin = b"\x93NUMPY\1\0" + struct.pack("<H", total - 10) if ascii_only else \
        b"\x93NUMPY\3\0" + struct.pack("<I", total - 12)
    return begin + text.ljust(total - prefix - 1) + b"\n"


def create(name, shape, dtype, mode=0o600):
    """A new array of zeros that this process owns, in row-major order.

    mode: the permissions of its file. An array of that name whose owner has died is replaced.
    Raises NameTaken; Error with the bytes wanted and free if there is no room; Invalid for a type
    of Python objects, or an impossible shape.
    """
    path, dtype = _path(name), np.dtype(dtype)
    shape = tuple(map(operator.index, shape if np.iterable(shape) else (shape,)))
    header = _header(dtype, shape)
    try:
        meta = _parsed(header)
        if meta.data_bytes >= 2**62:
            raise ValueError("such a shape is more than any memory")
    except ValueError as error:
        raise Invalid(name, str(error)) from None
    meta = meta._replace(control_at=(meta.data_at + meta.data_bytes + 63) // 64 * 64, state=_OWNED)
    try:
        owner = _Owner(path, meta.control_at + _STATE_AT)
    except OSError as error:
        raise Error(name, f"creating a file without a name (O_TMPFILE): {error.strerror}",
                    "have names on a tmpfs: TESSERA_DIR") from error
    try:
        fd = owner.fd
        os.fchmod(fd, mode)
        _reserve(fd, name, meta.size)
        _locked(fd, fcntl.LOCK_EX)  # it has no name yet: nobody else can hold it
        block = _BLOCK.pack(_MAGIC, _LAYOUT, _OWNED, os.urandom(16), _process,
                            os.fstat(fd).st_ino, time.time_ns(), 0, 0, 0)
        os.pwrite(fd, block, meta.control_at)
        os.pwrite(fd, header, 0)
        # A mapping keeps an open file and its lock, in every forked child. So this one is made
        # through a second open file, which has no lock.
        again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_CLOEXEC)
        try:
            out = _Segment.of(again, name, path, meta, True, owner).shared()
        finally:
            os.close(again)
        _give_name(fd, name, path)
        return out
    except BaseException as error:
        owner.finish(_ENDED)
        if isinstance(error, OSError) and not isinstance(error, Error):
            raise Error(name, f"creating it: {error}", "/proc must be mounted") from error
        raise


def _reserve(fd, name, size):
    """All bytes now: a full folder would end the process at some later store."""
    space = os.fstatvfs(fd)
    free = space.f_bavail * space.f_frsize
    try:
        if size > free:
            raise OSError(errno.ENOSPC, "")
        os.posix_fallocate(fd, 0, size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM):
            raise Error(name, f"reserving {size} bytes: {error.strerror}") from error
        raise Error(name, f"wants {size} bytes, and {folder()} has {free} free",
                    "remove arrays, make the folder larger (mount -o remount,size=..., docker run "
                    "--shm-size), or have names in another one: TESSERA_DIR") from None


def _give_name(fd, name, path):
    deadline = time.monotonic() + 0.1  # a process that lists or reaps holds a lock for less
    where = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while True:
            try:
                # With a folder given, Python calls linkat, which can follow the link in /proc.
                return os.link(f"/proc/self/fd/{fd}", os.path.basename(path), src_dir_fd=where,
                               dst_dir_fd=where, follow_symlinks=True)
            except FileExistsError:
                if _remove_if(path, name, _OWNED) != "removed":
                    if time.monotonic() > deadline:
                        raise NameTaken(name, *_who_has(path, name)) from None
                    time.sleep(0.002)
    finally:
        os.close(where)


def _who_has(path, name):
    if any(owner.path == path and _leads_to(path, owner.fd) for owner in tuple(_owners)):
        return "the name is taken by an array of this Python", "close() that one first"
    kind = getattr(_entry(name), "kind", "owned")
    return {
        "owned": ("the name is taken by an array whose owner lives",
                  "attach to it, or choose another name"),
        "kept": ("the name is taken by an array that was kept",
                 "attach to it, remove it, or choose another name"),
    }.get(kind, ("the name is taken by something that is none of this user's arrays",
                 "choose another name"))


# ---- steps


def publish(array, n):
    """Says that step n is complete, and wakes who waits for it. n is not less than the last one.
    One process publishes at a time. Raises Invalid."""
    segment = _writable(array)
    counters, n = segment.counters(), operator.index(n)
    if segment.writing:
        raise Invalid(segment.name, "a step of it is being written", "end its block first")
    if n < (last := counters.item(0)):
        raise Invalid(segment.name, f"step {n} can't follow step {last}",
                      "the numbers of steps grow")
    _fence()
    counters[0] = n
    _wake(segment.event())


def published(array):
    """The last step that was published; 0: none."""
    last = _segment_of(array).counters().item(0)
    _fence()
    return last


def wait_published(array, beyond, timeout=None):
    """Sleeps until a step after `beyond` is published: "advanced"; until the array's owner has
    ended without one: "owner_gone", told within 50 ms of a kill; or for `timeout` seconds:
    "timed_out". Nobody owns a kept array: its writer's end is not told. Other threads run on."""
    segment = _segment_of(array)
    address = segment.event()
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        last = published(array)
        if last > beyond:
            return "advanced"
        if not segment.owner_lives():  # it may have published before it ended
            return "advanced" if published(array) > beyond else "owner_gone"
        left = min(deadline - time.monotonic(), _LOOK_AFTER_OWNER)
        if left <= 0:
            return "timed_out"
        _wait(address, last, left)


def _writable(array):
    segment = _segment_of(array)
    if not segment.writable:
        raise Invalid(segment.name, "it is attached read-only", 'attach(name, "r+") can be changed')
    return segment


def _slot(segment, n):
    shape = segment.meta.shape
    if not shape or shape[0] == 0:
        raise Invalid(segment.name, "a ring without slots has no place for a step",
                      "give its first axis an extent of 2 or more")
    return segment.array()[(n - 1) % shape[0], ...]


@contextlib.contextmanager
def write_step(array, n):
    """`with write_step(a, n) as slot:` gives slot (n - 1) % a.shape[0] of the ring, to be written.
    Step n is published at the end of the block, unless it raises. The first step has any number
    from 1 on, and each other one the next. One step is written at a time, by one process. Raises
    Invalid."""
    segment, n = _writable(array), operator.index(n)
    slot, counters = _slot(segment, n), segment.counters()
    last = counters.item(0)
    if n < 1 or last not in (0, n - 1):
        raise Invalid(segment.name, f"step {n} can't follow step {last}",
                      "steps of a ring begin at 1 or later, and follow one another by one")
    if segment.writing:
        raise Invalid(segment.name, "a step of it is being written", "end that block first")
    segment.writing = True
    try:
        begun = counters.item(1)
        if n not in (begun, begun + 1):
            counters[2] = n  # earlier ones were not written by write_step
        counters[1] = n
        _fence()  # both before any byte of the step
        yield slot
        written = True
    except BaseException:
        written = False
        raise
    finally:
        segment.writing = False
        if written and counters.item(0) < n:
            _fence()
            counters[0] = n
            _wake(segment.event())


class Frame:
    """A step of a ring that is being read. view: its elements, read-only; step: its number."""

    def __init__(self, segment, n):
        self.view, self.step, self._segment = _slot(segment, n), n, segment
        self.view.flags.writeable = False

    def whole(self):
        """Ask after you have used the elements. True: what was read is step n as it was published.
        False: the writer has come round to this slot; throw the result away."""
        _fence()
        _, begun, first = self._segment.counters().tolist()
        return first <= self.step <= begun and begun - self.step < self._segment.meta.shape[0]


def step(array, n):
    """The Frame of step n. It may be overwritten already: see its whole(). Raises Invalid if the
    step is not published, or not by write_step."""
    segment, last, n = _segment_of(array), published(array), operator.index(n)
    if n < 1 or n > last:
        raise Invalid(segment.name, f"step {n} is not published yet: the last one is {last}",
                      "wait for it: wait_published")
    if segment.counters().item(1) < n:
        raise Invalid(segment.name, f"step {n} was published without write_step: nobody can tell "
                      "whether it is whole", "write it by write_step, or read the array itself")
    return Frame(segment, n)


def latest(array):
    """The Frame of the last step that was published."""
    return step(array, published(array))


for _function in (publish, published, wait_published, write_step, step, latest):
    setattr(SharedArray, _function.__name__, _function)


# ---- xarray, and names


def to_xarray(array, dims=None, coords=None, attrs=None):
    """An xarray.DataArray of the same memory, without a copy. array: a SharedArray, or the name of
    one, which is attached read-only. Raises ImportError without xarray."""
    try:
        import xarray
    except ImportError:
        raise ImportError("tessera: to_xarray needs xarray: pip install xarray") from None
    array = attach(array) if isinstance(array, str) else array
    return xarray.DataArray(np.asarray(array), coords, dims, _segment_of(array).name, attrs)


class Entry(NamedTuple):
    """One name. kind: owned (its owner lives), orphan (its owner has died), kept, or foreign (no
    array of tessera, or another user's). nbytes: of the file. dtype, shape: None if it is no
    array."""

    name: str
    kind: str
    dtype: Optional[np.dtype]
    shape: Optional[Tuple[int, ...]]
    nbytes: int
    uid: int


def _entry(name):
    path = os.path.join(folder(), name)
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return None
    out = Entry(name, "foreign", None, None, info.st_size, info.st_uid)
    try:
        with _opened(path, name) as fd:
            meta = _read(fd, name)
            out = out._replace(dtype=meta.dtype, shape=meta.shape)
            if meta.control_at and info.st_uid == os.geteuid():
                dead = meta.state == _OWNED and _locked(fd, fcntl.LOCK_SH)
                kind = "kept" if meta.state != _OWNED else "orphan" if dead else "owned"
                out = out._replace(kind=kind)
    except Error:
        pass  # it can't be read, or is no array
    return out


def _names():
    return sorted(name for name in os.listdir(folder()) if not name.startswith("."))


def list():
    """An Entry for each name in the folder."""
    return [entry for entry in map(_entry, _names()) if entry]


def reap():
    """Removes the arrays of this user whose owners have died. Returns their names."""
    out, names = [], _names()
    for _ in range(5):  # who only looks at an orphan holds its lock for a moment
        results = {name: _remove_if(os.path.join(folder(), name), name, _OWNED) for name in names}
        out += [name for name in names if results[name] == "removed"]
        names = [name for name in names if results[name] == "locked"]
        if not names:
            break
        time.sleep(0.002)
    return sorted(out)


def remove(name):
    """Removes the name of a kept array, or of one whose owner has died. Who has it mapped keeps its
    memory. Raises NameMissing; NotPermitted if the owner lives, or if it is no array of this
    user."""
    path = _path(name)
    for _ in range(50):  # who only looks at it holds its lock for a moment
        entry = _entry(name)
        if entry is None:
            raise NameMissing(name, f"there is no array of that name in {folder()}")
        if entry.kind == "foreign":
            raise NotPermitted(name, "it is no array of tessera, or another user's")
        states = (_KEPT, _ENDED) if entry.kind == "kept" else (_OWNED,)
        if any(_remove_if(path, name, state) == "removed" for state in states):
            return
        time.sleep(0.002)
    raise NotPermitted(name, "its owner lives", "let the owner end")
