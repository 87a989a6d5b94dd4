"""The reference, by the Doxyfile that CMake has made: build/.../docs/Doxyfile.

    python3 docs_test.py marked DOXYFILE [DOXYGEN]  # a bad header: just the marked lines are refused
    python3 docs_test.py links DOXYFILE             # all links within the finished pages lead somewhere
"""

import html
import pathlib
import re
import subprocess
import sys
import tempfile

CONTRACT = pathlib.Path(__file__).resolve().parent
BAD = CONTRACT / "bad_docs" / "undocumented.hpp"
GROUPS = CONTRACT.parents[1] / "cmake" / "docs" / "reference.dox"


def marked(doxyfile):
    """What differs between the lines that are marked and those that Doxygen names; nothing if it
    also fails."""
    with tempfile.TemporaryDirectory() as folder:
        settings = doxyfile.read_text(encoding="utf-8")
        settings += f'\nINPUT = "{GROUPS}" "{BAD}"\nOUTPUT_DIRECTORY = "{folder}"\n'
        run = subprocess.run([*(sys.argv[3:] or ["doxygen"]), "-"], input=settings,
                             capture_output=True, text=True, encoding="utf-8")
    wanted = {k for k, line in enumerate(BAD.read_text().splitlines(), 1) if line.endswith("// defect")}
    seen = {int(line) for line in re.findall(rf"{BAD.name}:(\d+): ", run.stderr)}
    yield from (f"{BAD.name}:{line}: not seen" for line in sorted(wanted - seen))
    yield from (f"{BAD.name}:{line}: seen, but not marked" for line in sorted(seen - wanted))
    if run.returncode == 0:
        yield "Doxygen has refused nothing"
    if not wanted or (wanted ^ seen):
        yield run.stderr


def links(doxyfile):
    pages = doxyfile.parent / "html"
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages.glob("*.html")}
    ids = {name: set(re.findall(r'(?:id|name)="([^"]+)"', text)) for name, text in texts.items()}
    if "index.html" not in texts:
        yield f"{pages} has no index.html: build the target docs first"
    for name, text in texts.items():
        for link in sorted(set(re.findall(r'(?:href|src|data)="([^"]+)"', text))):
            to, _, anchor = html.unescape(link).partition("#")
            if ":" in to:  # another site, or a script
                continue
            if to and not (pages / to).exists():
                yield f"{name}: it links to {link}, which is not there"
            elif anchor and anchor not in ids.get(to or name, {anchor}):
                yield f"{name}: it links to {link}: no such place"


found = list({"marked": marked, "links": links}[sys.argv[1]](pathlib.Path(sys.argv[2])))
print("\n".join(found))
sys.exit(1 if found else 0)
