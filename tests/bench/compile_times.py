"""How long programs take to compile, as ratios to xtensor alone.

  compile_times.py [--turns N] [--cxx COMPILER]

User seconds, the least of N turns; a source is compiled header-only and with the compiled part
(TESSERA_COMPILED), at -O0 and -O2. Needs no build: only the headers.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

ARRAYS = """
  auto a = SharedArray<double, 3>::create({365, 16, 16}), b = SharedArray<double, 3>::create({365, 16, 16}),
       out = SharedArray<double, 3>::create({365, 16, 16});
"""
MAP = "  pool.map({4, 4}, [](auto v, auto x, auto y) { v = x + y; }, into(out), a, b);\n"
HEAD = "#include <tessera.hpp>\nusing namespace tessera;\nint main() {\n  TiledPool pool(2);\n"

SOURCES = {
    "xtensor alone": "#include <xtensor/xtensor.hpp>\n#include <xtensor/xview.hpp>\n",
    "#include <tessera.hpp>": "#include <tessera.hpp>\n",
    "attach, read a pointer": "#include <tessera/memory/shared_array.hpp>\n"
    'int main() { return int(tessera::SharedArray<double, 3>::attach("a").data()[0]); }\n',
    "a pool": HEAD + "}\n",
    "a pool and a kernel": HEAD + ARRAYS + MAP + "}\n",
    "a further kernel": HEAD + ARRAYS + MAP + MAP.replace("x + y", "x - y") + "}\n",
    "a kernel with a mean": HEAD
    + ARRAYS
    + "  pool.map({4, 4}, [](auto v, auto x) { v = x - xt::mean(x, {0}); }, into(out), a);\n}\n",
    "a transform": HEAD + ARRAYS + "  pool.transform(out, std::plus<>{}, a, b);\n}\n",
}


def user_seconds(command):
    before = os.times().children_user
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr}")
    return os.times().children_user - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cxx", default="g++")
    options = parser.parse_args()
    ways = [(level, define) for define in ([], ["-DTESSERA_COMPILED"]) for level in ("-O0", "-O2")]
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(options.turns):
            for number, source in enumerate(SOURCES.values()):
                path = pathlib.Path(folder) / f"{number}.cpp"
                path.write_text(source)
                for level, define in ways:
                    taken = user_seconds(
                        [options.cxx, "-std=c++20", level, *define, f"-I{ROOT / 'include'}", "-c"]
                        + [str(path), "-o", str(path.with_suffix(".o"))]
                    )
                    key = (number, level, bool(define))
                    best[key] = min(taken, best.get(key, taken))
    print(f"{options.cxx}, user seconds, and as a ratio to xtensor alone")
    print(f"{'':24}{'header-only -O0':>18}{'-O2':>14}{'compiled -O0':>18}{'-O2':>14}")
    for number, name in enumerate(SOURCES):
        row = f"{name:24}"
        for define in (False, True):
            for level, width in (("-O0", 18), ("-O2", 14)):
                taken = best[number, level, define]
                alone = min(best[0, level, False], best[0, level, True])  # they do the same
                row += f"{f'{taken:.2f} s {taken / alone:5.2f}':>{width}}"
        print(row)


if __name__ == "__main__":
    main()
