"""The README pages: the first one is short, what they link to, or name as a test, is there, the
bench's table has the rows and the goals that the bench has, and each recipe is code of the test that
its section names.

    python3 pages_test.py REPOSITORY
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "tests" / "bench"))
from rows import ROWS
MOST_WORDS = 1200


def pages():
    folders = ("examples", "tests", "cmake", "include")
    return [ROOT / "README.md", *sorted((ROOT / ".github").glob("*.md")), *(p for f in folders for p in sorted((ROOT / f).rglob("README.md")))]


def anchors(page):
    """What a link to a heading of that page may say, as GitHub spells it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def defects(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists():
            yield f"it links to {path}, which is not there"
        elif anchor and anchor not in anchors(target):
            yield f"it links to {link}: no such heading"
    for test in re.findall(r"`((?:\w+/)+\w+_test\.cpp)`", text):
        if not (ROOT / "tests" / test).exists():
            yield f"it names the test {test}, which is not there"
    for script in re.findall(r"^sh (\S+\.sh)", text, flags=re.M):
        if not (ROOT / script).exists():
            yield f"it runs {script}, which is not there"


def bench_defects():
    """Times are a record of one run; rows and goals are those of rows.py."""
    goals = {(row.title, row.goal and f"{row.goal:.4f}") for row in ROWS}
    page = ROOT / "tests" / "bench" / "README.md"
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 5 or cells[0] in ("work, two workers unless said", "---"):
            continue
        over, _, under = cells[4].partition("/")
        goal = f"{float(over) / float(under or 1):.4f}" if over else None
        if (cells[0], goal) not in goals:
            yield f"no row of rows.py: {cells[0]}, wanted: {cells[4]}"


def squeezed(text):
    """Without blanks and line ends: a page breaks lines in other places than clang-format."""
    return re.sub(r"\s+", "", text)


def recipe_defects(page):
    """Each block of C++ stands, word for word, in the test that its section names."""
    named = set()
    for section in re.split(r"^## ", page, flags=re.M)[1:]:
        title = section.splitlines()[0]
        tests = re.findall(r"^Test: `(\w+/\w+_test\.cpp)`", section, flags=re.M)
        if len(tests) != 1 or not (ROOT / "tests" / tests[0]).exists():
            yield f"the section {title} has no line that names its test"
            continue
        named.add(tests[0])
        code = squeezed((ROOT / "tests" / tests[0]).read_text(encoding="utf-8"))
        for block in re.findall(r"^```cpp\n(.*?)^```", section, flags=re.S | re.M):
            if squeezed(block) not in code:
                yield f"{tests[0]} does not have the code that begins with {block.splitlines()[0]}"
    recipes = sorted((ROOT / "tests" / "recipes").glob("*_test.cpp"))
    for source in ["loops/mdspan_test.cpp"] + [f"recipes/{path.name}" for path in recipes]:
        if source not in named:
            yield f"no section names {source}"


def all_recipe_defects():
    page = (ROOT / "tests" / "recipes" / "README.md").read_text(encoding="utf-8")
    yield from recipe_defects(page)
    # It must also see what is wrong: a word changed in any block, or a section left out.
    blocks = re.findall(r"^```cpp\n.*?^```", page, flags=re.S | re.M)
    sections = re.findall(r"^## .*?(?=^## |\Z)", page, flags=re.S | re.M)
    for text, wrong in [(b, b.replace(";", ",", 1)) for b in blocks] + [(s, "") for s in sections]:
        if not list(recipe_defects(page.replace(text, wrong, 1))):
            yield f"a defect is not seen: {text[:60]}"


found = [f"{page.relative_to(ROOT)}: {defect}" for page in pages() for defect in defects(page)]
found += [f"tests/bench/README.md: {defect}" for defect in bench_defects()]
found += [f"tests/recipes/README.md: {defect}" for defect in all_recipe_defects()]
words = len((ROOT / "README.md").read_text(encoding="utf-8").split())
if words > MOST_WORDS:
    found.append(f"README.md: {words} words, more than {MOST_WORDS}")
print("\n".join(found))
sys.exit(1 if found else 0)
