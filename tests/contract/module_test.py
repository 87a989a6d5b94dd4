"""cmake/tessera.cppm exports every public name of tessera.hpp:  module_test.py ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])


def names_of(text):
    """What a header declares in namespace tessera and those within it that have no `detail`."""
    scopes = []
    for line in text.splitlines():
        if found := re.match(r"(inline )?namespace ([\w:]*) ?\{", line):
            scopes.append("" if found[1] else found[2] or "detail")
        elif line.startswith("}  // namespace"):
            scopes.pop()
        else:
            scope = "::".join(filter(None, scopes))
            if not re.match(r"tessera\b(?!.*(detail|host))", scope):
                continue
            found = (
                re.match(r"(?:class|struct|enum class|enum|concept) (?:\[\[\w+\]\] )?(\w+)\b(?!::)", line)
                or re.match(r"using (?:\w+::)*(\w+)(?: = |;)", line)
                or re.match(r"[a-z][\w:<>,&* ]*?(?<!:)\b(operator<<|\w+)\(", line)
                or re.match(r"(?:inline )?constexpr .*?(\w+)(?: = |\{|;)", line)
            )
            if found and found[1] not in ("requires", "static_assert"):
                yield f"{scope}::{found[1]}"


public = {}
for path in sorted((root / "include/tessera").rglob("*.hpp")):
    text = path.read_text()
    # What a program includes apart stays apart.
    if text.startswith("// Public:") and path.name != "mdspan.hpp":
        for name in names_of(text):
            public.setdefault(name, path.relative_to(root))
exported = set(re.findall(r"using (tessera::[^;]+);", (root / "cmake/tessera.cppm").read_text()))

assert len(public) > 60, f"only {len(public)} public names were found: are the headers read right?"
missing = [f"{name} ({where})" for name, where in public.items() if name not in exported]
if missing:
    sys.exit("cmake/tessera.cppm does not export: " + ", ".join(missing))
print(f"{len(public)} names")
