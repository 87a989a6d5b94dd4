"""Compiles every source of a build by itself, as its build would, but makes no code.

python3 sources_alone.py COMPILE_COMMANDS.json
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys


def command_of(entry):
    words = shlex.split(entry["command"])
    if os.path.basename(words[0]) == "ccache":
        del words[0]
    at = words.index("-o")
    del words[at : at + 2]
    return [*words, "-fsyntax-only"]


def compiles(entry):
    done = subprocess.run(command_of(entry), cwd=entry["directory"], capture_output=True, text=True)
    return entry["file"], done.returncode, done.stderr


def main():
    entries = json.loads(pathlib.Path(sys.argv[1]).read_text())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for file, code, words in pool.map(compiles, entries):
            if code != 0:
                failed += 1
                print(f"{file} does not compile by itself:\n{words}")
    print(f"{len(entries) - failed} of {len(entries)} sources compile by themselves")
    return 1 if failed or not entries else 0


sys.exit(main())
