"""Compiles tests of arrays and pools with each compiler, standard library, switch and version of a
library, and runs them. Any warning of ours is a failure.

    run.py                  all rows that this machine has, a line each
    run.py --only TEXT      rows whose text has TEXT
    run.py --quick          the few rows that CI runs
    run.py --write          all rows, into the table of cmake/README.md

A compiler that is absent is told, and its row in the table stays as it was. Versions of libraries
that Debian does not have are read from folders:

    --boost DIR --xtensor DIR --catch2 DIR --mdspan DIR
        (DIR/boost; DIR/xtensor and DIR/xtl; DIR/catch_amalgamated.hpp and .cpp; DIR/mdspan)
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "cmake/README.md"
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Werror".split()  # sources in one shadow names
UB = "address,undefined"

# What is tried, how, and whether CI does so.
#   (compiler, switches, what they say)
ROWS = [
    ("g++-11", "-std=c++20 -O0", ""),
    ("g++-12", "-std=c++20 -O0", ""),
    ("clang++-13", "-std=c++20 -O0", ""),
    ("clang++-14", "-std=c++20 -O0", ""),
    ("clang++-15", "-std=c++20 -O0", ""),
    ("clang++-16", "-std=c++20 -O0", ""),
    ("clang++-19", "-std=c++20 -O0", ""),
    ("g++-12", "-std=c++23 -O0", ""),
    ("clang++-19", "-std=c++23 -O0", ""),
    ("clang++-19", "-std=c++26 -O0", ""),
    ("clang++-19", "-std=c++20 -O0 -stdlib=libc++", ""),
    ("clang++-19", "-std=c++23 -O0 -stdlib=libc++", "with mdspan"),
    ("g++-12", "-std=c++20 -O1", ""),
    ("g++-12", "-std=c++20 -O2", ""),
    ("g++-12", "-std=c++20 -O3", ""),
    ("g++-12", "-std=c++20 -O3 -march=native", ""),
    ("g++-12", "-std=c++20 -O3 -ffast-math", ""),
    ("g++-12", "-std=c++20 -O2 -flto", ""),
    ("g++-12", "-std=c++20 -O0 -static", ""),
    ("g++-12", "-std=c++20 -O0 -fno-rtti", ""),
    ("g++-12", "-std=c++20 -O0 -D_GLIBCXX_DEBUG", ""),
    ("g++-12", f"-std=c++20 -O0 -fsanitize={UB}", ""),
    ("clang++-14", "-std=c++20 -O3", ""),
    ("clang++-19", "-std=c++20 -O3", ""),
    ("clang++-19", "-std=c++20 -O3 -march=native", ""),
    ("clang++-19", "-std=c++20 -O3 -ffast-math", ""),
    ("clang++-19", "-std=c++20 -O2 -flto", ""),
    ("clang++-19", "-std=c++20 -O0 -fno-rtti", ""),
    ("clang++-19", f"-std=c++20 -O0 -fsanitize={UB}", ""),
    ("clang++-19", "-std=c++20 -O0 -fsanitize=thread", ""),
    ("g++-12", "-std=c++20 -O0", "boost"),
    ("clang++-19", "-std=c++20 -O0", "boost"),
    ("g++-12", "-std=c++20 -O0", "xtensor"),
    ("clang++-19", "-std=c++20 -O0", "xtensor"),
    ("g++-12", "-std=c++20 -O0", "catch2"),
    ("g++-12", "-std=c++20 -O0", "mdspan"),
]
QUICK = [
    ("g++-11", "-std=c++20 -O0", ""),
    ("clang++-19", "-std=c++23 -O0 -stdlib=libc++", "with mdspan"),
]
FOLDERS = ("boost", "xtensor", "catch2", "mdspan")
BEGIN, END = "<!-- made by tests/compilers/run.py -->", "<!-- end -->"


def version_of(compiler):
    """As "12.2.0"; nothing if the compiler is not on this machine."""
    if not shutil.which(compiler):
        return None
    option = "-dumpfullversion" if compiler.startswith("g++") else "-dumpversion"
    return subprocess.run([compiler, option], capture_output=True, text=True).stdout.strip()


def macro(text, name):
    return re.search(rf"#define {name} \(?(\d+)", text)[1]


def version_in(folder, library):
    if library == "boost":
        number = int(macro((folder / "boost/version.hpp").read_text(), "BOOST_VERSION"))
        return f"Boost {number // 100000}.{number // 100 % 1000}"
    if library == "mdspan":
        return "mdspan, reference implementation"
    if library == "xtensor":
        config = folder / "xtensor/core/xtensor_config.hpp"
        if not config.exists():
            config = folder / "xtensor/xtensor_config.hpp"
        text = config.read_text()
        numbers = [macro(text, f"XTENSOR_VERSION_{part}") for part in ("MAJOR", "MINOR", "PATCH")]
        return "xtensor " + ".".join(numbers)
    text = (folder / "catch_amalgamated.hpp").read_text()
    return "Catch2 " + re.search(r"Catch v([\d.]+)", text)[1]


def first_error(output):
    found = re.search(r"error: (.*)", output)
    said = found[1] if found else (output.strip().splitlines() or ["ends without a word"])[-1]
    return said.replace("|", "\\|")[:160]


def result_of(compiler, switches, library, folder, work):
    """"works", or why not in a line."""
    command = [compiler, *switches.split(), *WARNINGS, f"-I{ROOT}/include", f"-I{ROOT}/tests"]
    command += ['-DTESSERA_TEST_PYTHON="/usr/bin/python3"', f'-DTESSERA_TEST_DIR="{ROOT}/tests"']
    sources = [str(ROOT / "tests/compilers/program.cpp")]
    if library == "catch2":
        (work / "catch2").mkdir(exist_ok=True)
        (work / "catch2/catch_all.hpp").write_text('#include "../catch_amalgamated.hpp"\n')
        for name in ("catch_amalgamated.hpp", "catch_amalgamated.cpp"):
            shutil.copy(folder / name, work)
        command += ["-isystem", str(work)]
        own = ["-w", "-DCATCH_AMALGAMATED_CUSTOM_MAIN", "-c", "catch_amalgamated.cpp"]
        own += ["-o", "catch2.o"]
        if subprocess.run([compiler, *switches.split(), *own], cwd=work).returncode:
            return "Catch2 itself does not compile"
        sources.append(str(work / "catch2.o"))
    elif folder:
        command += ["-isystem", str(folder)]
    if "mdspan" in library:
        command.append("-DTESSERA_NEEDS_MDSPAN")
    program = work / "program"
    made = subprocess.run(
        [*command, *sources, "-o", str(program), "-pthread"], capture_output=True, text=True
    )
    if made.returncode:
        return first_error(made.stdout + made.stderr)
    try:
        ran = subprocess.run([program, "~[.]"], capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return "does not end within ten minutes"
    if ran.returncode:
        failed = re.search(r"(\d+) failed", ran.stdout)
        return f"{failed[1]} tests fail" if failed else f"ends with exit code {ran.returncode}"
    if "All tests passed" not in ran.stdout:
        return "says nothing of its tests"
    return "works"


def key(compiler, switches, library):
    """The same for a row of ROWS and for its line in the table."""
    name, major = re.match(r"(\D+?)[- ](\d+)", compiler).groups()
    return name, major, switches.strip("`"), re.match(r"\w*", library.lower())[0]


def table_rows(page):
    """The lines that the page has, by their keys."""
    inside = page[page.index(BEGIN) : page.index(END)]
    lines = [[cell.strip() for cell in line.split(" | ")] for line in inside.splitlines()]
    lines = [line for line in lines if len(line) == 4]
    lines = [[line[0].lstrip("| "), *line[1:3], line[3].rstrip(" |")] for line in lines]
    return {key(*line[:3]): line for line in lines if line[0] != "compiler"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    for library in FOLDERS:
        parser.add_argument(f"--{library}", type=pathlib.Path)
    wish = parser.parse_args()

    def tried(row):
        """The row of the table, or nothing if this machine does not have what it needs."""
        compiler, switches, library = row
        name = " ".join(filter(None, row))
        version, folder = version_of(compiler), getattr(wish, library, None)
        if not version or (library in FOLDERS and not folder):
            print(f"not here: {name}", flush=True)
            return None
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as work:
            result = result_of(compiler, switches, library, folder, pathlib.Path(work))
        print(f"{name}: {result} ({time.monotonic() - start:.0f} s)", flush=True)
        label = re.sub(r"-\d+$", "", compiler) + " " + version
        return label, f"`{switches}`", version_in(folder, library) if folder else library, result

    chosen = [row for row in (QUICK if wish.quick else ROWS)
              if wish.only in " ".join(filter(None, row))]
    if not chosen:
        sys.exit("there is no such row")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        rows = list(threads.map(tried, chosen))
    known = table_rows(PAGE.read_text())
    if wish.write:
        known.update({key(*row[:3]): row for row in rows if row})
        lines = ["| compiler | switches | libraries | result |", "|---|---|---|---|"]
        for row in ROWS:
            if key(*row) in known:
                lines.append("| " + " | ".join(known[key(*row)]) + " |")
        page = PAGE.read_text()
        begin, end = page.index(BEGIN), page.index(END)
        PAGE.write_text(page[:begin] + "\n".join([BEGIN, *lines, ""]) + page[end:])
    if wish.quick and None in rows:
        sys.exit("not all of them are here")
    bad = [" ".join(row) for row in rows if row and row[3] != "works" and "needs" not in row[3]]
    if bad:
        sys.exit("these do not work: " + "; ".join(bad))


main()
