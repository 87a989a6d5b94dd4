"""Runs the programs of the bench in turn and prints medians and ratios. See run.sh."""

import argparse
import os
import statistics
import subprocess
import sys

PHASES = ("create", "fill", "start", "map", "end", "total")
HERE = os.path.dirname(os.path.abspath(__file__))


def contenders(folder):
    """Name and command of every program there is; the order is that of the turns."""
    found = [("bare", [os.path.join(folder, "bare_job")])]
    classic = os.path.join(folder, "classic_job")
    if os.path.exists(classic):
        found += [(mode, [classic, "--mode", mode]) for mode in ("map", "transform")]
    else:
        print("no classic_job: only the two others run")
    return found + [("python", [sys.executable, os.path.join(HERE, "python_job.py")])]


def run(command):
    """Seconds of each phase, from the line that starts with `phases`."""
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("phases ")]
    if done.returncode != 0 or len(lines) != 1:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return {name: float(value) for name, value in (word.split("=") for word in lines[0].split()[1:])}


def compare(programs, shape, tile, workers, runs, python_runs):
    arguments = ["--shape", shape, "--tile", tile, "--workers", str(workers)]
    times = {name: [] for name, _ in programs}
    for turn in range(-1, runs):
        for name, command in programs:
            if name == "python" and turn >= python_runs:
                continue
            measured = run(command + arguments)
            # The first turn warms caches, and a Python that takes seconds needs no warming.
            if turn >= 0 or (name == "python" and measured["total"] > 1):
                times[name].append(measured)

    print(f"\n{shape}, tiles {tile}, {workers} workers: medians in ms, of {runs} turns")
    print(" " * 10 + "".join(f"{phase:>11}" for phase in PHASES) + "   fastest  runs")
    median = {}
    for name, measured in times.items():
        median[name] = {p: statistics.median(m[p] for m in measured) for p in measured[0]}
        cells = "".join(f"{1e3 * median[name][phase]:11.3f}" for phase in PHASES)
        fastest = 1e3 * min(m["total"] for m in measured)
        print(f"{name:<10}{cells}{fastest:10.3f}{len(measured):6}")
    for name in ("map", "transform"):
        if name in median:
            ours, python = median[name], median["python"]
            total = ours["total"]
            work = ours["start"] + ours["map"] + ours["join"]
            print(
                f"{name}: {total / median['bare']['total']:.2f} times bare; "
                f"1/{python['total'] / total:.1f} of python; of python's map phase: in all "
                f"1/{python['map'] / total:.1f}, start to join 1/{python['map'] / work:.1f}, "
                f"its own map phase 1/{python['map'] / ours['map']:.1f}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where the programs are")
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--shape", help="only this grid, such as 365x256x256")
    parser.add_argument("--tile", default="4x4")
    parser.add_argument("--workers", type=int, default=10)
    parser.add_argument("--runs", type=int, help="turns for each grid")
    options = parser.parse_args()
    programs = contenders(options.folder)

    if options.shape:
        grids = [(options.shape, options.runs or 5, 5)]
    elif options.quick:
        grids = [("365x16x16", options.runs or 9, 5), ("365x256x256", options.runs or 3, 0)]
    else:
        grids = [("365x16x16", options.runs or 41, 41), ("365x256x256", options.runs or 7, 2)]
    for shape, runs, python_runs in grids:
        compare(programs, shape, options.tile, options.workers, runs, python_runs)


if __name__ == "__main__":
    main()
