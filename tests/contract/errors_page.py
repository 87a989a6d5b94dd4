"""The table of errors in include/tessera/base/README.md is made from the code: every code of Errc with
what it means and what to do (its comment), the texts that are thrown with it, and the tests that
meet it.

    python3 errors_page.py REPOSITORY           # fails if the page is not as the code is
    python3 errors_page.py REPOSITORY --write   # makes it so
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
PAGE = ROOT / "include" / "tessera" / "base" / "README.md"
BEGIN, END = "<!-- made by tests/contract/errors_page.py -->\n", "<!-- end -->\n"
TESTS_SHOWN = 3


def codes():
    """(code, meaning, what to do) of each enumerator."""
    text = (ROOT / "include/tessera/base/error.hpp").read_text(encoding="utf-8")
    body = re.search(r"enum class Errc \{\n(.*?)\n\};", text, flags=re.S).group(1)
    for comment, code in re.findall(r"((?:  /// .*\n)+)  (\w+)", body):
        words = " ".join(line.strip()[4:] for line in comment.splitlines())
        meaning, advice = re.match(r"(.*?\.) ([A-Z].*)", words).groups()
        yield code, meaning, advice


def arguments(text, start):
    """The arguments of the call whose parenthesis opens at `start`."""
    depth, begin, out, at = 0, start + 1, [], start
    while True:
        c = text[at]
        if c == '"':
            at += 1
            while text[at] != '"':
                at += 2 if text[at] == "\\" else 1
        elif c == "'":
            at = text.index("'", at + 2 if text[at + 1] == "\\" else at + 1)
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if depth == 0 or (depth == 1 and c == ","):
            out.append(text[begin:at].strip())
            begin = at + 1
        if depth == 0:
            return out
        at += 1


def sentence(expression):
    """The text that an expression makes, with ... for what is known only when it runs."""
    parts = re.split(r'"((?:[^"\\]|\\.)*)"', expression)
    literals = [part for k, part in enumerate(parts) if k % 2]
    if not literals or "?" in expression:  # a choice reads badly
        return ""
    out = ""
    for k, part in enumerate(parts):
        if k % 2:
            out += part
        elif k and re.search(r"\w", part):
            out += "..."
        elif not k and re.search(r"\w", part):
            out = "..."
    return out.replace('\\"', '"').replace("|", "\\|")


def texts():
    """What is thrown with each code."""
    out = {}
    for path in sorted((ROOT / "include").rglob("*.hpp")):
        text = re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.M)
        for call in re.finditer(r"\bError\(\s*Errc::(\w+),", text):
            happened = arguments(text, text.index("(", call.start()))[2:3]
            said = sentence(happened[0]) if happened else ""
            if len(said.replace("...", "").strip()) > 5:
                out.setdefault(call.group(1), {})[said] = None
    return {code: list(said) for code, said in out.items()}


def tests():
    """The tests whose text has each code, but for that of Error itself, which has all."""
    out = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cpp")):
        if path.name != "error_test.cpp":
            text = re.sub(r"return [^;]*Errc::", "", path.read_text(encoding="utf-8"))
            for code in re.findall(r"Errc::(\w+)", text):
                out.setdefault(code, {})[str(path.relative_to(ROOT / "tests"))] = None
    return out


def table():
    said, tested = texts(), tests()
    lines = ["| code | | what it means | what to do | test |\n", "|---|---|---|---|---|\n"]
    for number, (code, meaning, advice) in enumerate(codes(), start=1):
        if code not in tested:
            sys.exit(f"no test names Errc::{code}")
        shown = ", ".join(f"`{test}`" for test in list(tested[code])[:TESTS_SHOWN])
        lines.append(f"| `{code}` | {number} | {meaning} | {advice} | {shown} |\n")
    lines.append("\n## Texts\n\nMost of what the library says, without the subject and the advice. Texts of several parts are not listed.\n\n")
    lines += ["| text | code |\n", "|---|---|\n"]
    pairs = sorted((text.lstrip(". "), text, code) for code, all in said.items() for text in all)
    lines += [f"| {text} | `{code}` |\n" for _, text, code in pairs]
    return "".join(lines)


def main():
    page = PAGE.read_text(encoding="utf-8")
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    made = page[:begin] + "\n" + table() + "\n" + page[end:]
    if "--write" in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
    elif made != page:
        sys.exit(f"{PAGE} is not as the code is: python3 tests/contract/errors_page.py . --write")


if __name__ == "__main__":
    main()
