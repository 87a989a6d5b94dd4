"""The README pages: the first one is short, what they link to, or name as a test, is there, and the
bench's table has the rows and the goals that the bench has.

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
    return [ROOT / "README.md", *(p for f in folders for p in sorted((ROOT / f).rglob("README.md")))]


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


found = [f"{page.relative_to(ROOT)}: {defect}" for page in pages() for defect in defects(page)]
found += [f"tests/bench/README.md: {defect}" for defect in bench_defects()]
words = len((ROOT / "README.md").read_text(encoding="utf-8").split())
if words > MOST_WORDS:
    found.append(f"README.md: {words} words, more than {MOST_WORDS}")
print("\n".join(found))
sys.exit(1 if found else 0)
