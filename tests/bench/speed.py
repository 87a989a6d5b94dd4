"""Runs the programs of the bench in turn, compares medians, prints, writes and draws the table.

A turn is one run of ours and one of every peer, each a process of its own, on the very arrays that
`hold` has made. See run.sh for how to call it and rows.py for what is run.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time

import chart
import machine
import rows

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = ("work", "ours_s", "peer", "peer_s", "ratio", "goal", "met")
LEGEND = """
Medians of at most {turns} turns; ratio = ours / peer; met: ratio <= goal. Two workers or threads
unless said; of OpenMP's settings, its defaults or OMP_PROC_BIND=true OMP_WAIT_POLICY=active, the
better. Both sides work on the same named segments of /dev/shm ({pages}),
and their results were equal in every run. Where the peer is a limit, both figures have its unit: a
share of a core, seconds for a tile, MB of Private_Clean + Private_Dirty. First transform: reserving
the space and filling the inputs count on neither side, every fault of the job does; "mapped anew"
has to map the inputs, as our workers have."""


class Absent(Exception):
    """Something that a row needs is not there."""


def memory_left():
    shared = os.statvfs("/dev/shm")
    with open("/proc/meminfo") as file:
        available = int(re.search(r"MemAvailable:\s+(\d+)", file.read())[1])
    return min(shared.f_bavail * shared.f_frsize, available * 1024)


def cores_in_use():
    """By others, while this program sleeps."""

    def idle():
        with open("/proc/stat") as file:
            return int(file.readline().split()[4]) / os.sysconf("SC_CLK_TCK")

    begin, before = time.monotonic(), idle()
    time.sleep(0.5)
    return os.cpu_count() - (idle() - before) / (time.monotonic() - begin)


def kind_of_pages():
    with open("/proc/mounts") as file:
        mount = next((line for line in file if " /dev/shm " in line), "")
    huge = re.search(r"huge=\w+", mount)
    return f"pages of {os.sysconf('SC_PAGESIZE')} bytes, {huge[0] if huge else 'none huge'}"


def ended(command, process):
    """What a program has printed, once it has ended well."""
    try:
        out, errors = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit(f"{' '.join(command)} did not end")
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{out}{errors}")
    return out


class Bench:
    def __init__(self, folder, options):
        self.folder = folder
        self.options = options
        self.held = {}  # grid: the process that holds its arrays, and what their names begin with
        self.python = {}  # takes minutes on a large grid: one run serves all its rows
        self.notes = []

    def start(self, program, arguments, **more):
        command = [os.path.join(self.folder, program), *map(str, arguments)]
        if not os.path.exists(command[0]):
            raise Absent("peer absent")
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return command, subprocess.Popen(command, text=True, **pipes, **more)

    def hold(self, grids):
        """Has the arrays of these grids in memory, and no others."""
        for grid in set(self.held) - grids:
            self.held.pop(grid)[0].communicate()
        for grid in grids - set(self.held):
            if grid.bytes * 1.1 > memory_left():
                raise Absent(f"no room for {grid.bytes / 2**30:.1f} GiB")
            prefix = f"bench-{os.getpid()}-{grid}"
            command, process = self.start("hold", (prefix, *grid.shape, *grid.names))
            if process.stdout.readline() != "ready\n":
                ended(command, process)
            self.held[grid] = process, prefix

    def run(self, run, grid):
        """The figures of one run, and the check of what it computed (none: nothing to compare)."""
        if run.program == "limit":
            return [run.size], None
        if run.program == "python_job":
            return [self.run_python(run, grid)], None
        # Each repetition makes its pool and maps its arrays anew, which is long for large ones.
        repetitions = self.options.repetitions if run.repeats and grid.bytes < 2**30 else 1
        arguments = [
            *("--arrays", self.held[run.grid or grid][1]),
            *("--workers", run.workers, "--size", run.size),
            f"--benchmark_filter=^{run.benchmark}(/|$)",
            "--benchmark_format=json",
            f"--benchmark_min_time={self.options.min_time}",
            f"--benchmark_repetitions={repetitions}",
        ]
        environment = {**os.environ, **dict(run.env)}
        started = [self.start(run.program, arguments, env=environment) for _ in range(run.copies)]
        results = []
        for command, process in started:
            out = ended(command, process)
            if not out:
                raise Absent("not in the library")
            results += json.loads(out)["benchmarks"]
        results = [result for result in results if result["run_type"] == "iteration"]
        for result in results:
            if "error_message" in result:
                sys.exit(f"{run.program} {run.benchmark}: {result['error_message']}")
        checks = {result.get("check") for result in results}
        if len(checks) > 1:
            sys.exit(f"{run.program} {run.benchmark}: its results differ from time to time")
        if "page_tables_MB" in results[0]:
            tables = results[0]["page_tables_MB"]
            self.notes.append(f"Page tables of a worker, {grid}: {tables:.2f} MB")
        figures = [r["value"] if "value" in r else r["real_time"] * 1e-9 for r in results]
        return figures, checks.pop()

    def run_python(self, run, grid):
        if grid.bytes < 2**28 or grid not in self.python:
            command = [sys.executable, os.path.join(HERE, "python_job.py")]
            command += ["--shape", str(grid), "--workers", str(run.workers)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
            self.python[grid] = dict(re.findall(r"(\w+)=([\d.]+)", done.stdout))
        return float(self.python[grid][run.benchmark])

    def measure(self, row):
        """The row of the table. Exits where the results of the two sides differ."""
        cells = {"work": row.title, "peer": row.peers[0].name.removesuffix(", defaults"), "goal": row.goal}
        if row.large and self.options.quick:
            return cells | {"met": "left out"}
        figures = {run: [] for run in (row.ours, *row.peers)}
        absent = {}
        for _ in range(min(self.options.turns, row.turns)):
            checks = set()
            for run in figures:
                try:
                    self.hold({each.grid or row.grid for each in figures})
                    values, check = self.run(run, row.grid)
                    figures[run] += values
                    checks.add(check)
                except Absent as reason:
                    absent[run] = str(reason)
            if len(checks - {None}) > 1:
                sys.exit(f"{row.title}: the two sides' results differ")
            if len(absent) == len(figures):
                break
        median = {run: statistics.median(values) for run, values in figures.items() if values}
        if row.ours in median:
            cells["ours_s"] = median[row.ours] / row.per
        if absent.keys() >= {row.ours} or absent.keys() >= set(row.peers):
            return cells | {"met": absent.get(row.ours) or absent[row.peers[0]]}
        peer = min(row.peers, key=median.get)
        ratio = cells["ours_s"] / median[peer]
        met = "told" if row.goal is None else "yes" if ratio <= row.goal else "no"
        if self.options.smoke:
            met = "results agree"
        return cells | {"peer": peer.name, "peer_s": median[peer], "ratio": ratio, "met": met}


UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def shown(value, unit):
    if value is None:
        return ""
    if unit == "s":
        scale, unit = next((each for each in UNITS if value >= each[0]), UNITS[-1])
        value /= scale
    elif unit == "%":
        value *= 100
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"


def shown_ratio(value):
    return "" if value is None else chart.ratio_of(value)


def print_row(cells, unit="s"):
    print(
        f"{cells['work']:<45}{shown(cells.get('ours_s'), unit):>9}  {cells['peer']:<28}"
        f"{shown(cells.get('peer_s'), unit):>9}{shown_ratio(cells.get('ratio')):>8}"
        f"{shown_ratio(cells['goal']):>8}  {cells['met']}",
        flush=True,
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where the programs are")
    parser.add_argument("--quick", action="store_true", help="under a minute, no large grids")
    parser.add_argument("--smoke", action="store_true", help="tiny, once: only the results count")
    parser.add_argument("--only", default="", help="only rows with this in their name")
    parser.add_argument("--turns", type=int, help="at most so many for each row")
    parser.add_argument("--csv", help="where the table goes; the chart goes beside it")
    options = parser.parse_args()
    options.turns = options.turns or (1 if options.smoke else 3 if options.quick else 9)
    options.repetitions = 1 if options.smoke else 3
    options.min_time = 0.001 if options.smoke else 0.015 if options.quick else 0.1
    options.csv = options.csv or os.path.normpath(f"{options.folder}/../../speed.csv")
    return options


def main():
    options = parse()
    if not os.path.exists(os.path.join(options.folder, "hold")):
        sys.exit("the programs are not built: CMake's lines above name what is absent")
    table = [rows.tiny(row) if options.smoke else row for row in rows.ROWS]
    table = [row for row in table if options.only in row.title]
    begin = time.monotonic()
    before = cores_in_use()
    done = []
    bench = Bench(options.folder, options)
    print(f"{'work':<45}{'ours':>9}  {'peer':<28}{'':>9}{'ratio':>8}{'goal':>8}  met")
    try:
        for row in table:
            done.append(bench.measure(row))
            print_row(done[-1], row.unit)
    finally:
        bench.hold(set())
    print(LEGEND.format(turns=options.turns, pages=kind_of_pages()))
    print("\n".join(sorted(set(bench.notes))))
    if (others := max(before, cores_in_use())) > 0.1:
        print(f"Others used {others:.1f} cores before or after: these figures say little.")

    machine.write(options.csv, HEADER, done, f"{options.folder}/../..")
    drawing = os.path.splitext(options.csv)[0] + ".svg"
    chart.draw(options.csv, drawing)
    print(f"{time.monotonic() - begin:.0f} s; {options.csv} and {drawing}")


if __name__ == "__main__":
    main()
