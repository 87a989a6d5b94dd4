"""The classic job in Python and in C++ prints the same, and neither leaves a name.

    python3 classic_test.py PROGRAM DATA_FOLDER
"""

import os
import subprocess
import sys
import tempfile

PROGRAM, DATA = sys.argv[1:]
SCRIPT = os.path.join(DATA, os.pardir, "classic.py")


def test_both_print_the_same():
    with tempfile.TemporaryDirectory() as folder:  # its names are not unique
        environment = {**os.environ, "TESSERA_DIR": folder}
        ours = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, timeout=60)
        left = os.listdir(folder)
    theirs = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=60)
    assert (ours.stdout, ours.stderr, left) == ("16 True\n", "", []), (ours, left)
    assert (theirs.stdout, theirs.stderr) == ("16 True\n", ""), theirs


test_both_print_the_same()
