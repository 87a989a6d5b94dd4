"""What the tests of the example programs share."""

import contextlib
import os
import subprocess
import tempfile


def run(program, *arguments):
    """The finished process; its output is text."""
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50)


def must_work(program, *arguments):
    done = run(program, *arguments)
    assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
    assert done.stderr == "", (arguments, done.stderr)
    return done.stdout


def must_refuse(program, *arguments, saying):
    """Exit code 2, nothing half done, and one line that says what to do."""
    done = run(program, *arguments)
    assert done.returncode == 2, (arguments, done.returncode, done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), (arguments, done.stderr)
    assert saying in done.stderr, (arguments, done.stderr)


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="tessera-numpy-") as path:
        yield lambda name: os.path.join(path, name)


def segment_path(name):
    """Where the programs have an array of that name."""
    return os.path.join(os.environ.get("TESSERA_DIR") or "/dev/shm", name)


def unique_name(what):
    return f"numpy-{os.getpid()}-{what}"
