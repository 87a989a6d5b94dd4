"""Compares the tests that run on Windows with all there are.

python3 excluded.py BUILD_FOLDER

Every test of the folders below is either one of that build's, or stands in excluded.txt below the
reason why it is not.
"""

import json
import pathlib
import re
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
folders = ["base", "format", "grid", "host", "loops", "memory", "pool",
           "process", "exhaustion"]
case = re.compile(r'^(TEST_CASE|TEMPLATE_TEST_CASE)\(\s*"((?:[^"\\]|\\.)*)"((?:\s*"[^"]*")*)', re.M)


def names():
    for folder in folders:
        for source in sorted((here.parent / folder).rglob("*.cpp")):
            for found in case.finditer(source.read_text()):
                more = "".join(re.findall(r'"([^"]*)"', found[3])) if found[3] else ""
                name = found[2] + more
                hidden = re.match(r'\s*,\s*"\[\.', source.read_text()[found.end():])
                if not hidden:
                    yield name


def running(build):
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                           capture_output=True, text=True).stdout
    return {test["name"].split("/", 1)[1] for test in json.loads(shown)["tests"]}


def main():
    there = set(names())
    run = running(sys.argv[1])
    runs = {name for name in there
            if name in run or any(other.startswith(name + " - ") for other in run)}
    lines = [line.strip() for line in (here / "excluded.txt").read_text().splitlines()]
    told = [line for line in lines if line and not line.startswith("#")]
    wrong = [f"not run on Windows, and not in excluded.txt: {name}"
             for name in sorted(there - runs - set(told))]
    wrong += [f"in excluded.txt, but run or gone: {name}"
              for name in told if name in runs or name not in there]
    print(f"{len(runs)} of {len(there)} tests run on Windows, besides {len(run - there)} of its own; "
          f"{len(told)} are excluded with their reasons")
    print("\n".join(wrong))
    return 1 if wrong or not runs else 0


sys.exit(main())
