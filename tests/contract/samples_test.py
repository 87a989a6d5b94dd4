"""The C++ samples of README.md and examples/README.md compile, as they stand, and run.

    samples_test.py ROOT FOLDER COMPILER [SWITCH...]

A sample with a main() is a program; the others of a page are, in their order, the main() of another.
"""

import pathlib
import re
import subprocess
import sys

root, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
compiler = sys.argv[3:]
folder.mkdir(parents=True, exist_ok=True)

HEADERS = "array chrono cstdint cstdio iostream numeric random thread vector tessera.hpp".split()
INCLUDES = "".join(f"#include <{header}>\n" for header in HEADERS) + """
#if __has_include(<xtensor/misc/xsort.hpp>)
#include <xtensor/misc/xsort.hpp>
#else
#include <xtensor/xsort.hpp>
#endif
using namespace tessera;
using namespace std::chrono_literals;
"""

# What the text around the samples says.
BEFORE = {
    "README.md": """
  TiledPool pool(2);
  auto a = SharedArray<float, 2>::create({90, 180});
  auto b = SharedArray<float, 2>::create({90, 180});
  auto column = SharedArray<float, 2>::create({90, 1});
  const auto kernel = [](auto v) { v = 1; };
""",
    "examples/README.md": "  const auto kernel = [](auto v) { v = 1; };\n",
}


def programs(page):
    samples = re.findall(r"^```cpp\n(.*?)^```", (root / page).read_text(), flags=re.S | re.M)
    parts = [sample for sample in samples if "int main(" not in sample]
    assert parts and len(samples) > len(parts), f"{page} has other samples than it had"
    yield f"{INCLUDES}int main() {{\n{BEFORE[page]}{''.join(parts)}}}\n"
    for sample in samples:
        if "int main(" in sample:
            yield sample if sample.startswith("#include") else INCLUDES + sample


for page in BEFORE:
    for number, text in enumerate(programs(page)):
        name = re.sub(r"\W", "_", page) + f"_{number}"
        source = folder / f"{name}.cpp"
        source.write_text(text)
        print(f"{page}, program {number}", flush=True)
        subprocess.run([*compiler, str(source), "-o", str(folder / name), "-pthread"], check=True)
        # In the repository, since one opens a file of examples/data; the Enter that one waits for.
        subprocess.run([folder / name], check=True, cwd=root, input="\n", text=True, timeout=60)
