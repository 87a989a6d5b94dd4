"""What Doxygen reads in place of a file: it is called with the file's path, and prints.

    python3 filter.py include/tessera/memory/shared_array.hpp

- A public header is in the group of its folder, its first comment is the page of the file, and what
  programs do not name is left out. Lines keep their numbers, so warnings name the right ones.
- A page (.md) has the ids that its headings have on GitHub, and its links lead to pages of the
  reference.
- An example program is its first comment, as an \\example, and that of the .py file of its name.
  Doxygen reads the sources for itself.
"""

import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
GROUPS = ("base", "format", "grid", "loops", "memory", "pool")


# Headers. Each step takes the lines and changes some of them, never their number.


def is_public(path):
    return path.suffix == ".hpp" and path.read_text(encoding="utf-8").startswith("// Public:")


def file_page(lines):
    """The first comment becomes the page of the file, and `#pragma once` its \\file."""
    end = lines.index("#pragma once")
    text = [line[2:] for line in lines[:end]]
    first = text.index("") if "" in text else end
    said = " ".join(line.strip() for line in text[:first])
    names, rest = re.match(r"Public: (.*?)\. (?:Floor \d, \w+: )?(.*)$", said).groups()
    text[:first] = [f" {names}: {rest}".replace("*", "\\*")] + [""] * (first - 1)
    lines[: end + 1] = ["///" + line for line in text] + ["/// \\file"]
    return names


def without_namespaces(lines):
    """Blanks what is in detail and in xtensor's namespace; and the braces of the inline namespace,
    which no program names."""
    end = None
    for at, line in enumerate(lines):
        begins = re.match(r"(inline )?namespace (\S+) \{$", line)
        hidden = begins and re.fullmatch(r"(tessera::)?detail|xt(::\w+)?", begins[2])
        if end is None and (hidden or (begins and begins[1])):
            end = f"}}  // namespace {begins[2]}"
            end = end if end in lines[at:] else "}"  # a short one
            inline = not hidden
            lines[at] = ""
        elif line == end:
            lines[at], end = "", None
        elif end is not None and not inline:
            lines[at] = ""


def without_macros(lines, public_names):
    """Blanks macros that the first line of the header does not name."""
    patterns = re.split(r"[,\s]+", public_names)
    goes_on = False
    for at, line in enumerate(lines):
        macro = re.match(r"#\s*define (\w+)", line)
        if macro:
            goes_on = not any(fnmatch.fnmatchcase(macro[1], p) for p in patterns)
        if goes_on:
            lines[at] = ""
            goes_on = line.endswith("\\")


def without_members(lines):
    """Blanks what xtensor calls and programs do not: members below a comment that begins
    `// xtensor`, up to an empty line. And defaulted or deleted members that have no comment, and
    constraints that stand behind a member's parameters."""
    hides = False
    for at, line in enumerate(lines):
        if re.match(r"  // xtensor('s \w+)? (requires?|calls?) ", line):
            hides = True
        if hides and (not line or line.endswith(("private:", "public:"))):
            hides = False
        if hides or re.match(r" +friend (class|struct) ", line):
            lines[at] = ""
        elif re.match(r"struct std::.*;$", line):  # a specialisation: lines[at - 1] is template <>
            lines[at - 1 : at + 1] = ["", ""]
        elif re.match(r"    requires\b.*[^&|]$", line) and "template <" not in lines[at - 1]:
            lines[at] = ""
        elif re.match(r" .*= (default|delete);$", line):
            begin = at
            while re.match(r"$|  = ", lines[begin]) or "template <" in lines[begin - 1]:
                begin -= 1
            if not lines[begin - 1].lstrip().startswith("///"):
                lines[begin : at + 1] = [""] * (at + 1 - begin)


def comment_above(lines, at):
    """The first line of the comment directly above a line."""
    while lines[at - 1].startswith("///"):
        at -= 1
    return at


def named_elsewhere(lines):
    """A documented declaration `class X;` has the comment of the class. And `using host::X;`
    becomes the enumeration that it names."""
    for at, line in enumerate(lines):
        declared = re.match(r"(class|struct) (\w+);$", line)
        template = declared and lines[at - 1].startswith("template")
        above = at - 1 if template else at
        if declared and lines[above - 1].startswith("///"):
            begin = comment_above(lines, above)
            where = defined_in(declared[0][:-1])
            lines[begin] = f"/** \\{declared[1]} tessera::{declared[2]} {where}\n{lines[begin][3:]}"
            for k in range(begin + 1, above):
                lines[k] = lines[k][3:]
            lines[above] = "*/"
            lines[at] = "*/" if above == at else ""
        used = re.match(r"using host::(\w+);$", line)
        if used:
            lines[at] = enumeration(used[1])


def defined_in(name):
    """The header that defines `class X`, for \\class; nothing if it is never defined."""
    for path in (INCLUDE / "tessera").rglob("*.hpp"):
        if re.search(rf"^{name}\b[^;]*\{{", path.read_text(encoding="utf-8"), re.M):
            return f"{path.name} {path.relative_to(INCLUDE).as_posix()}"
    return ""


def enumeration(name):
    for path in (INCLUDE / "tessera" / "host").glob("*.hpp"):
        found = re.search(rf"^enum class {name} .*?;", path.read_text(encoding="utf-8"), re.M | re.S)
        if found:
            return found[0].replace("\n", " ")
    raise ValueError(f"no enumeration {name} in host/")


def indent_of(line):
    return len(line) - len(line.lstrip())


def overloads(lines):
    """An overload that stands directly below another one, without a comment, is "As above."."""
    last = {}  # by indent: the name of the documented declaration that has just ended
    at = -1
    while (at := at + 1) < len(lines):
        begin, line = at, lines[at]
        indent = indent_of(line)
        text = line[indent:]
        if not line or text.startswith("// "):
            last = {k: name for k, name in last.items() if line and k < indent}
            continue
        if re.match(r"///|/\*\*|[{}#=*:]", text):
            continue
        if text.startswith("template <"):
            at += 1
            while not lines[at] or indent_of(lines[at]) != indent:
                at += 1
            text = lines[at][indent:]
        name = re.search(r"(operator *(?:\(\)|[^\w\s(]+)|\w+)\(", text)
        copies = name and f"(const {name[1]}& " in text  # a copy constructor
        if not name or copies:
            last.pop(indent, None)
        elif lines[begin - 1].lstrip().startswith(("///", "*/")) or "///<" in lines[at]:
            last[indent] = name[1]
        elif last.get(indent) == name[1]:
            lines[begin] = f"{line[:indent]}/** As above. */ {line[indent:]}"
        else:
            last.pop(indent, None)


def unseen(lines):
    """Doxygen does not miss the comment of a concept, or of a class without members. It is given a
    reference to nothing, and fails by it."""
    for at, line in enumerate(lines):
        named = re.match(r" *(?:concept (\w+) =|(?:class|struct) (\w+)[^;]*\{\};)", line)
        if named:
            begin = at
            while lines[begin - 1].lstrip().startswith(("template <", "requires")):
                begin -= 1
            if not lines[begin - 1].lstrip().startswith("///"):
                lines[at] = f"/** \\ref {named[1] or named[2]}_has_no_comment */ {line}"


def header(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    names = file_page(lines)
    without_namespaces(lines)
    without_macros(lines, names)
    without_members(lines)
    named_elsewhere(lines)
    overloads(lines)
    unseen(lines)
    lines = [re.sub(r"\[\[.*?\]\] ", "", line) for line in lines]
    if path.parent.name in GROUPS:
        for at, line in enumerate(lines):
            if re.match(r"namespace tessera\S* \{$", line):
                lines[at] += f" /** \\addtogroup {path.parent.name} */ /** @{{ */"
            elif re.match(r"\}  // namespace tessera", line):
                lines[at] = f"/** @}} */ {line}"
    return lines


# Pages.

PIECE = re.compile(
    r"(?P<code>`[^`]+`)"
    r"|\*\*(?P<bold>(?:[^*`]|`[^`]*`)+)\*\*"
    r"|\[(?P<text>(?:[^\[\]`]|`[^`]*`)*)\]\((?P<link>[^)\s]+)\)"
)


def page_id(path):
    return "page_" + "_".join(path.relative_to(ROOT).with_suffix("").parts).lower().replace(".", "")


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def example_page(path):
    """The name that Doxygen gives to an example's page."""
    return path.name.replace(".", "_8") + "-example.html"


def target(page, link):
    """What a link on a page leads to in the reference, or nothing."""
    path, _, anchor = link.partition("#")
    to = (page.parent / path).resolve() if path else page
    if to.suffix == ".md":
        file = "index" if to == ROOT / "README.md" else page_id(to)
        return f"{file}.html" + (f"#{page_id(to)}-{anchor}" if anchor else "")
    if is_public(to):
        return f"@ref {to.relative_to(INCLUDE).as_posix()}"
    if to.parent == ROOT / "examples" and to.suffix in (".cpp", ".py"):
        return example_page(to)
    return to.name if to.suffix == ".svg" else None


def page(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    fenced = False

    def piece(found):
        """A link, bold text, or code. Doxygen takes a quote for the end of code, unless it has two
        backticks; and no ** in front of code or a quote."""
        if found["code"]:
            return f"`{found[0]}`" if "'" in found[0] else found[0]
        if found["bold"]:
            return f"<b>{PIECE.sub(piece, found['bold'])}</b>"
        text = PIECE.sub(piece, found["text"])
        to = found["link"] if "://" in found["link"] else target(path, found["link"])
        return f"[{text}]({to})" if to else text

    for at, line in enumerate(lines):
        if line.startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        heading = re.match(r"(#+) (.*)$", line)
        if heading and not (path == ROOT / "README.md" and at == 0):
            own = page_id(path) + ("" if at == 0 else "-" + slug(heading[2]))
            lines[at] = f"{heading[1]} {heading[2]} {{#{own}}}"
        elif line.startswith("<!--"):
            lines[at] = ""
        else:
            lines[at] = PIECE.sub(piece, line)
    return lines


# Examples.


def example(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(k for k, line in enumerate(lines) if not line.startswith("//"))
    said = [f"/*! \\example {path.name}", *(line[3:] for line in lines[:end]), "*/"]
    python = path.with_suffix(".py")
    if python.exists():
        text = re.match(r'"""(.*?)"""', python.read_text(encoding="utf-8"), re.S)[1]
        said += [f"/*! \\example {python.name}", *text.splitlines(), "*/"]
    return said


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    filters = {".hpp": header, ".md": page, ".cpp": example}
    wanted = filters.get(path.suffix, lambda p: p.read_text(encoding="utf-8").splitlines())
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        print("\n".join(wanted(path)))
    except Exception as error:  # Doxygen does not read the exit code
        print(f"{path}: {error!r}", file=sys.stderr)
        print(f"/** \\page defect Defect\n\\ref cannot_read_{path.stem} */")


if __name__ == "__main__":
    main()
