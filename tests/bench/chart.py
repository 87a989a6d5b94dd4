"""Draws the table of speed.csv: for each row its ratio relative to its goal, on a log axis."""

import math
import sys
from html import escape

import machine

ROW, TOP, LEFT, BARS, RIGHT = 22, 64, 300, 330, 380
WIDTH = LEFT + BARS + RIGHT
MET, MISSED, TEXT, FAINT = "#2f7d5b", "#c8553d", "#222222", "#777777"


def ratio_of(value):
    if 0 < value < 0.01:
        return f"1/{1 / value:.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def draw(table, path):
    rows = machine.load(table)[1]
    scores = [float(r["ratio"]) / float(r["goal"]) for r in rows if r["ratio"] and r["goal"]]
    # The axis shows a factor of 2 to 16 on either side of the goal; what is beyond ends there.
    low = max(math.floor(math.log2(min([0.5, *(s for s in scores if s > 0)]))), -4)
    high = min(math.ceil(math.log2(max([2, *scores]))), 4)

    def x(score):
        return LEFT + BARS * (min(max(math.log2(max(score, 1e-9)), low), high) - low) / (high - low)

    height = TOP + ROW * len(rows) + 16
    out = []

    def text(at, y, words, color=TEXT, anchor="start"):
        out.append(
            f'<text x="{at:.1f}" y="{y}" fill="{color}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def line(at, color, width):
        ends = f"M{at:.1f} {TOP - 6}V{height - 12}"
        out.append(f'<path d="{ends}" stroke="{color}" stroke-width="{width}"/>')

    text(12, 24, "Time relative to the goal: a bar to the left of 1 is faster than the goal asks")
    for power in range(low, high + 1):
        name = str(2**power) if power >= 0 else f"1/{2**-power}"
        line(x(2.0**power), "#e4e4e4", 1)
        text(x(2.0**power), TOP - 12, name, FAINT, "middle")
    text(LEFT + BARS + 14, TOP - 12, "ratio (goal), against", FAINT)
    for i, row in enumerate(rows):
        y = TOP + ROW * i
        text(12, y + 15, row["work"])
        words = f"{row['met']}, {row['peer']}"
        if row["ratio"]:
            ratio = float(row["ratio"])
            goal = f" ({ratio_of(float(row['goal']))})" if row["goal"] else ""
            words = f"{ratio_of(ratio)}{goal}, {row['peer']}"
            if row["goal"]:
                score = ratio / float(row["goal"])
                left, right = sorted((x(score), x(1)))
                color = MET if row["met"] == "yes" else MISSED
                out.append(
                    f'<rect x="{left:.1f}" y="{y + 4}" width="{max(right - left, 1.5):.1f}" '
                    f'height="{ROW - 8}" fill="{color}"/>'
                )
        text(LEFT + BARS + 14, y + 15, words, TEXT if row["ratio"] else FAINT)
    line(x(1), TEXT, 1.5)
    with open(path, "w") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">\n'
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
        )
        file.write("\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    draw(*sys.argv[1:])
