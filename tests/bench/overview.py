"""Draws tests/bench/overview.svg, the chart for a reader who knows none of our goals: for some rows of
both tables the time against the peer, one mark for each processor of tests/bench/results.

  overview.py RESULTS_FOLDER OUT.svg
"""

import glob
import math
import os
import statistics
import sys
from html import escape

import machine

# The table, its row, its peer (the first table has several for one row), and what the chart calls it.
ROWS = (
    ("speed", "transform, 365x64x64", "OpenMP", "out = a + b, 365x64x64, against OpenMP"),
    ("speed", "transform, 365x1024x1024", "OpenMP", "out = a + b, 365x1024x1024, against OpenMP"),
    ("speed", "map 4x4, 365x512x512", "OpenMP", "4x4 tiles of 365x512x512, against OpenMP"),
    ("speed", "1,000,000 empty tiles", "oneTBB", "a million empty tiles, against oneTBB"),
    ("speed", "heat, 2048x2048 float, 200 steps", "OpenMP", "heat, 200 steps, against OpenMP"),
    ("speed", "classic job, 10 workers, 365x16x16", "Python", "16 tasks, 10 workers, against Python's Pool"),
    ("kernels", "mean over time", "openmp", "mean over time, against OpenMP"),
    ("kernels", "x - mean(x)", "openmp", "x - mean(x), against OpenMP"),
    ("kernels", "3x3 mean", "openmp", "3x3 mean, against OpenMP"),
    ("kernels", "vapour-pressure deficit", "openmp", "vapour-pressure deficit, against OpenMP"),
    ("kernels", None, "openmp", "median of {n} kernels, against OpenMP"),
    ("kernels", None, "numpy", "median of {n} kernels, against NumPy"),
)
ROW, TOP, LEFT, BARS, WIDTH = 26, 74, 330, 380, 760
COLORS = ("#2f6db5", "#c8782d", "#2f7d5b")


def kernel_ratio(row, peer):
    return float(row["by_openmp"]) if peer == "openmp" else 1 / float(row["by_numpy"])


def ratio_of(tables, table, work, peer):
    """Our time over the peer's, or None."""
    rows = tables.get(table, [])
    if table == "kernels":
        found = [kernel_ratio(r, peer) for r in rows if work in (None, r["work"])]
        return statistics.median(found) if found else None
    found = [float(r["ratio"]) for r in rows
             if r["work"] == work and r["peer"].startswith(peer) and r["ratio"]]
    return max(found) if found else None  # of several peers the best


def draw(folder, path):
    machines = {}
    for name in sorted(glob.glob(os.path.join(folder, "*.csv"))):
        told, rows = machine.load(name)
        processor, table = os.path.basename(name)[:-4].rsplit("-", 1)
        machines.setdefault(processor, {"told": told})[table] = rows
    low, high = -6, 1  # powers of two on the axis

    def x(ratio):
        return LEFT + BARS * (min(max(math.log2(ratio), low), high) - low) / (high - low)

    height = TOP + ROW * len(ROWS) + 14
    out = []

    def text(at, y, words, anchor="start", color="#222222"):
        out.append(f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">'
                   f"{escape(words)}</text>")

    text(12, 22, "tessera's time over the other's: left of 1 tessera is faster")
    for k, (processor, tables) in enumerate(machines.items()):
        at = 12 + 250 * k
        out.append(f'<circle cx="{at + 5}" cy="38" r="5" fill="{COLORS[k % len(COLORS)]}"/>')
        text(at + 16, 43, tables["told"].get("processor", processor))
    for power in range(low, high + 1):
        here = x(2.0**power)
        color, width = ("#222222", 1.5) if power == 0 else ("#e2e2e2", 1)
        out.append(f'<path d="M{here:.1f} {TOP - 8}V{height - 12}" stroke="{color}" '
                   f'stroke-width="{width}"/>')
        text(here, TOP - 12, str(2**power) if power >= 0 else f"1/{2**-power}", "middle", "#777777")
    for i, (table, work, peer, title) in enumerate(ROWS):
        y = TOP + ROW * i + ROW / 2
        count = max((len(tables.get(table, [])) for tables in machines.values()), default=0)
        text(LEFT - 14, y + 4, title.format(n=count), "end")
        for k, tables in enumerate(machines.values()):
            ratio = ratio_of(tables, table, work, peer)
            if ratio:
                out.append(f'<circle cx="{x(ratio):.1f}" cy="{y + 5 * k - 2.5:.1f}" r="5" '
                           f'fill="{COLORS[k % len(COLORS)]}" fill-opacity="0.85"/>')
    with open(path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                   f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">\n'
                   f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n')
        file.write("\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    draw(*sys.argv[1:])
