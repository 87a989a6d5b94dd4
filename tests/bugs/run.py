"""Planted bugs: each is a patch of one header, and names the test that must fail with it.

  run.py --check             every patch applies, and its test exists
  run.py BUILD [NAME...]     plants each, runs its test, and says what became of it

BUILD is a configured build folder with compile_commands.json and the target tessera_test_main. A test also
runs without the bug, where it must pass. Both in namespaces of their own, so that what a bug leaves
behind goes with them. The exit code is 0 only if every bug was caught.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 90  # then a test hangs


class Bug:
    """A patch file: a sentence, `source: FILE` below tests/, `case: NAME`, a unified diff."""

    def __init__(self, path):
        self.name = path.stem
        head, diff = path.read_text().split("\n\n", 1)
        self.title, *fields = head.split("\n")
        values = dict(field.split(": ", 1) for field in fields)
        self.source, self.case = values["source"], values["case"]
        lines = diff.split("\n")
        self.header = lines[1].removeprefix("+++ b/")
        self.hunks = []
        for line in lines[2:]:
            if line.startswith("@@"):
                self.hunks.append(([], []))
            elif line:
                old, new = self.hunks[-1]
                if line[0] in " -":
                    old.append(line[1:])
                if line[0] in " +":
                    new.append(line[1:])

    def planted(self):
        """The header with the bug in it."""
        text = (ROOT / self.header).read_text()
        for old, new in self.hunks:
            before, after = "\n".join(old) + "\n", "\n".join(new) + "\n"
            if text.count(before) != 1:
                raise SystemExit(f"{self.name}: its patch does not fit {self.header}: renew it")
            text = text.replace(before, after)
        return text

    def check(self):
        self.planted()
        # Adjacent literals are one; a second argument holds tags.
        literal = r'"(?:[^"\\]|\\.)*"'
        cases = re.findall(
            rf"TEST_CASE\(\s*((?:{literal}\s*)+)", (ROOT / "tests" / self.source).read_text()
        )
        names = ["".join(part[1:-1] for part in re.findall(literal, case)) for case in cases]
        if self.case not in names:
            raise SystemExit(f'{self.name}: {self.source} has no test "{self.case}"')


class Runner:
    def __init__(self, build):
        self.build = build.resolve()
        self.commands = {}
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            file, command = pathlib.Path(entry["file"]), shlex.split(entry["command"])
            # The target sources_alone has every source once more, and makes no object of it.
            if ROOT / "tests" in file.parents and "-fsyntax-only" not in command:
                self.commands[str(file.relative_to(ROOT / "tests"))] = command
        main = list(self.build.glob("**/libtessera_test_main.a"))
        self.libraries = [str(main[0])] if main else ["-lCatch2Main", "-lCatch2"]

    def compile(self, source, name, include):
        """A program of one source's tests, with the headers of `include`; None where a static
        assertion fails."""
        folder = self.build / "bugs" / name
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            word.replace(str(ROOT / "include"), str(include)) for word in self.commands[source]
        ]
        at = command.index("-o")
        object_file = str(folder / "test.o")
        command[at + 1] = object_file
        program = str(folder / "test")
        compiler = command[: next(i for i, word in enumerate(command) if word.startswith("-"))]
        for step in (command, compiler + [object_file, *self.libraries, "-pthread", "-o", program]):
            done = subprocess.run(step, cwd=self.build, capture_output=True, text=True)
            if done.returncode and re.search("static.assert\\w* failed", done.stderr):
                return None  # a check that the compiler made
            if done.returncode:
                raise SystemExit(f"{name}: does not compile:\n{done.stderr}")
        os.remove(object_file)
        return program

    def run(self, program, case):
        """How a test ends: "" if it passes."""
        if program is None:
            return "fails when it is compiled"
        spec = case.replace(",", "\\,").replace("[", "\\[")
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if os.geteuid() != 0:
            apart.append("--map-root-user")
        mount = 'mount -t tmpfs -o size=1g tmpfs /dev/shm && exec "$@"'
        try:
            done = subprocess.run(
                [*apart, "sh", "-c", mount, "sh", program, spec],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"hangs for {SECONDS} s"
        if "No test cases matched" in done.stdout or "No tests ran" in done.stdout:
            raise SystemExit(f'there is no test "{case}"')
        if done.returncode == 0:
            return ""
        if "FAILED" not in done.stdout:
            return f"ends with {done.returncode}"
        return "fails"

    def plant(self, bug):
        include = self.build / "bugs" / bug.name / "include"
        shutil.rmtree(include, ignore_errors=True)
        shutil.copytree(ROOT / "include", include)
        (include.parent / bug.header).write_text(bug.planted())
        program = self.compile(bug.source, bug.name, include)
        return self.run(program, bug.case)

    def without(self, source, cases):
        """What the same tests say without any bug."""
        program = self.compile(source, "none-" + source.replace("/", "-"), ROOT / "include")
        return {case: self.run(program, case) for case in cases}


def main():
    arguments = sys.argv[1:]
    bugs = [Bug(path) for path in sorted((ROOT / "tests" / "bugs").glob("*.patch"))]
    if arguments == ["--check"]:
        for bug in bugs:
            bug.check()
        print(f"{len(bugs)} patches apply")
        return 0
    runner = Runner(pathlib.Path(arguments[0]))
    if arguments[1:]:
        bugs = [bug for bug in bugs if bug.name in arguments[1:]]
    for bug in bugs:
        bug.check()
    cases = {}
    for bug in bugs:
        cases.setdefault(bug.source, set()).add(bug.case)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        sound = {source: pool.submit(runner.without, source, its) for source, its in cases.items()}
        planted = [(bug, pool.submit(runner.plant, bug)) for bug in bugs]
        caught = 0
        for bug, future in planted:
            without, end = sound[bug.source].result()[bug.case], future.result()
            if without:
                verdict = f"NOTHING SHOWN: without it the test {without}, too"
            elif not end:
                verdict = "NOT CAUGHT"
            else:
                verdict = "caught"
                caught += 1
            print(f"{verdict:10} {bug.title}\n           {bug.source}: {bug.case}: {end or 'passes'}")
            sys.stdout.flush()
    print(f"{caught} of {len(bugs)} planted bugs caught, in {time.monotonic() - began:.0f} s")
    return 0 if bugs and caught == len(bugs) else 1


if __name__ == "__main__":
    sys.exit(main())
