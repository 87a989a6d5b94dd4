"""Reads lcov lines: a table of headers and the lines that no test reaches. See coverage.sh."""

import pathlib
import sys


def main():
    root = pathlib.Path(sys.argv[2]).resolve()
    lines = {}  # file: {line: count}
    for row in open(sys.argv[1]):
        key, _, value = row.rstrip("\n").partition(":")
        if key == "SF":
            file = lines.setdefault(pathlib.Path(value).resolve(), {})
        elif key == "DA":
            number, count = value.split(",")[:2]
            file[int(number)] = max(file.get(int(number), 0), int(count))
    missed = []
    reached = total = 0
    for file, counts in sorted(lines.items()):
        if root not in file.parents:
            continue
        text = file.read_text().split("\n")
        own = [number for number, count in sorted(counts.items()) if count == 0]
        total += len(counts)
        reached += len(counts) - len(own)
        share = 100 * (len(counts) - len(own)) / len(counts)
        print(f"{share:6.1f} %  {len(counts):4} lines  {file.relative_to(root)}")
        missed += [f"{file.relative_to(root)}:{number}: {text[number - 1].strip()}" for number in own]
    print(f"\n{len(missed)} lines that no test reaches:")
    print("\n".join(missed))
    print(f"\n{100 * reached / total:.2f} % of {total} lines of include/ are reached")


if __name__ == "__main__":
    sys.exit(main())
