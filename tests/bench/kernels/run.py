"""The second table: work that people bring, as a newcomer writes it for tessera, against an expert's
OpenMP loop over the same memory, xtensor in one process, and NumPy.

Each row is checked before it is timed: every program's output against NumPy's. The figures of
tessera and OpenMP are medians over the turns; those of xtensor and NumPy, which take far longer,
the least of two runs (of one, where NumPy takes a second or more). Goals: at most 1.5 times the OpenMP loop's time, in the median at most 1.1;
never slower than NumPy, 4 times as fast in the median; 1.8 times as fast as xtensor.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import machine

HEADER = ("work", "tessera_s", "openmp_s", "xtensor_s", "numpy_s", "by_openmp", "by_xtensor",
          "by_numpy")


def around(a):
    """The nine neighbours of the interior elements."""
    n = a.shape[0]
    return [a[i : i + n - 2, j : j + n - 2] for i in range(3) for j in range(3)]


def put_interior(out, values):
    out[1:-1, 1:-1] = values


def monthly(a):
    for month in range(12):
        same = a.x[month::12]
        a.field[month::12] = same - same.mean(axis=0)


def standardized(a):
    a.field[...] = (a.x - a.x.mean(axis=0)) / a.x.std(axis=0)


def correlation(a):
    u, v = a.x - a.x.mean(axis=0), a.y - a.y.mean(axis=0)
    a.map[...] = (u * v).sum(axis=0) / np.sqrt((u * u).sum(axis=0) * (v * v).sum(axis=0))


def running(a):
    a.field[0], a.field[-1] = a.x[0], a.x[-1]
    a.field[1:-1] = (a.x[:-2] + a.x[1:-1] + a.x[2:]) / np.float32(3)


def ndvi(a):
    total = a.nir.astype(np.int32) + a.red
    with np.errstate(all="ignore"):
        a.image[...] = np.where(total == 0, 0, (a.nir.astype(np.int32) - a.red) / total)


def unpack(a):
    values = a.packed * np.float32(0.01) + np.float32(273.15)
    a.image[...] = np.where(a.packed == -32768, np.float32(np.nan), values)


def pack(a):
    values = np.rint((a.plate - np.float32(273.15)) * np.float32(100))
    a.packed_out[...] = np.where(np.isnan(values), -32768, np.clip(values, -32768, 32767))


def grey(a):
    total = 77 * a.r.astype(np.uint16) + 150 * a.g.astype(np.uint16) + 29 * a.b.astype(np.uint16)
    a.bytes[...] = total >> 8


def mandelbrot(a):
    side = a.image.shape[0]
    c = (3.0 * np.arange(side) / side - 2.0) + 1j * (3.0 * np.arange(side)[:, None] / side - 1.5)
    z, count = np.zeros_like(c), np.zeros(c.shape, np.int32)
    inside = np.ones(c.shape, bool)
    for _ in range(50):
        inside &= z.real * z.real + z.imag * z.imag <= 4
        z[inside] = z[inside] * z[inside] + c[inside]
        count += inside
    a.image[...] = count


def dilation(a):
    out = around(a.plate)
    most = out[0]
    for each in out[1:]:
        most = np.maximum(most, each)
    put_interior(a.image, most)


def five(part):
    return (part(0) + 4 * part(1) + 6 * part(2) + 4 * part(3) + part(4)) / np.float32(16)


def convolution(a):
    n = a.plate.shape[0] - 4
    a.image[2:-2, 2:-2] = five(lambda i: five(lambda k: a.plate[i : i + n, k : k + n]))


def separable(a):
    n = a.plate.shape[0] - 4
    rows = five(lambda k: a.plate[:, k : k + n])
    a.image[2:-2, 2:-2] = five(lambda k: rows[k : k + n])


def regrid(a):
    y, x = a.rows.astype(np.intp), a.columns.astype(np.intp)
    below, right = (a.rows - y).astype("f4")[:, None], (a.columns - x).astype("f4")
    top, bottom = a.x[:, y], a.x[:, y + 1]
    a.finer[...] = (1 - below) * ((1 - right) * top[:, :, x] + right * top[:, :, x + 1]) + below * (
        (1 - right) * bottom[:, :, x] + right * bottom[:, :, x + 1])


def nearest(a):
    best = np.full(a.r.shape, np.finfo("f4").max, "f4")
    for k, (r, g, b) in enumerate(a.centres):
        distance = (a.r.astype("f4") - r) ** 2 + (a.g.astype("f4") - g) ** 2 + (a.b.astype("f4") - b) ** 2
        closer = distance < best
        best[closer] = distance[closer]
        a.bytes[closer] = k


def heat(a):
    n, w, c, e, s = (around(a.plate)[k] for k in (1, 3, 4, 5, 7))
    put_interior(a.image, c + np.float32(0.2) * (n + s + w + e - 4 * c))


def life_of(a):
    nine = around(a.cells)
    alive = sum(nine[:4] + nine[5:])
    put_interior(a.bytes, (alive == 3) | ((alive == 2) & (nine[4] == 1)))


def nanmean(a):
    a.map[...] = np.nanmean(a.gaps, axis=0)


def put(name, value):
    def job(a):
        getattr(a, name)[...] = value(a)

    return job


ROWS = (
    # name, what the table calls it, its output, NumPy's text, relative tolerance
    ("mean", "mean over time", "map", put("map", lambda a: a.x.mean(axis=0)), 1e-4),
    ("deviation", "standard deviation over time", "map", put("map", lambda a: a.x.std(axis=0)), 1e-4),
    ("anomaly", "x - mean(x)", "field", put("field", lambda a: a.x - a.x.mean(axis=0)), 1e-4),
    ("standardized", "(x - mean) / deviation", "field", standardized, 1e-3),
    ("monthly", "monthly anomaly, strided views", "field", monthly, 1e-4),
    ("climatology", "mean without NaN", "map", nanmean, 1e-4),
    ("trend", "sum(t * x) / n", "map",
     put("map", lambda a: (a.steps * a.x).sum(axis=0) / a.x.shape[0]), 1e-3),
    ("median", "median over time", "map", put("map", lambda a: np.median(a.x, axis=0)), 1e-6),
    ("percentile", "90th percentile over time", "map",
     put("map", lambda a: np.partition(a.x, a.x.shape[0] * 9 // 10, axis=0)[a.x.shape[0] * 9 // 10]),
     0),
    ("zonal", "zonal mean", "zonal", put("zonal", lambda a: a.x.mean(axis=2, keepdims=True)), 1e-4),
    ("global_mean", "weighted global mean", "series",
     put("series", lambda a: (a.x * a.lat).sum(axis=(1, 2), keepdims=True)
         / (a.lat.sum() * a.x.shape[2])), 1e-3),
    ("correlation", "correlation of two fields", "map", correlation, 1e-3),
    ("cumulative", "cumulative sum over time", "field",
     put("field", lambda a: np.cumsum(a.x, axis=0)), 1e-3),
    ("threshold", "count above a threshold", "map",
     put("map", lambda a: np.count_nonzero(a.x > 20, axis=0)), 0),
    ("running", "running mean of three steps", "field", running, 1e-5),
    ("select", "where(x > 10, 2 x, y)", "field",
     put("field", lambda a: np.where(a.x > 10, a.x * np.float32(2), a.y)), 0),
    ("vpd", "vapour-pressure deficit", "field",
     put("field", lambda a: np.float32(0.6108)
         * np.exp(np.float32(17.27) * a.x / (a.x + np.float32(237.3)))
         * (1 - a.y / np.float32(100))), 1e-4),
    ("smooth", "3x3 mean", "image",
     lambda a: put_interior(a.image, sum(around(a.plate)) / np.float32(9)), 1e-5),
    ("convolution", "5x5 convolution", "image", convolution, 1e-5),
    ("separable", "5x5 separable convolution", "image", separable, 1e-5),
    ("dilation", "3x3 dilation", "image", dilation, 0),
    ("heat", "heat, one step", "image", heat, 1e-4),
    ("life", "Life, one step", "bytes", life_of, 0),
    ("coarse", "2x2 coarsening", "half",
     put("half", lambda a: (a.plate[::2, ::2] + a.plate[::2, 1::2] + a.plate[1::2, ::2]
                            + a.plate[1::2, 1::2]) / np.float32(4)), 1e-5),
    ("ndvi", "NDVI of uint16", "image", ndvi, 1e-5),
    ("ndvi_in_branch", "NDVI, divided in a branch", "image", ndvi, 1e-5),
    ("unpack", "int16 to float, with fill value", "image", unpack, 1e-6),
    ("unpack_in_branch", "int16 to float, computed in a branch", "image", unpack, 1e-6),
    ("pack", "float to int16, with fill value", "packed_out", pack, 0),
    ("grey", "RGB to grey", "bytes", grey, 0),
    ("regrid", "bilinear regrid", "finer", regrid, 1e-5),
    ("nearest", "k-means, nearest of 8 centres", "bytes", nearest, 0),
    ("lookup", "lookup table", "image", put("image", lambda a: a.table[a.red & 4095]), 0),
    ("histogram", "histogram of 64 bins", "counts",
     put("counts", lambda a: np.bincount((a.plate * np.float32(0.64)).astype(np.int64).ravel(),
                                         minlength=64)), 0),
    ("mandelbrot", "Mandelbrot, 50 steps", "image", mandelbrot, 0),
)


class Arrays:
    """The arrays of the programs, as NumPy maps them."""

    def __init__(self, prefix, folder):
        for entry in os.listdir(folder):
            if entry.startswith(prefix + "-"):
                array = np.load(os.path.join(folder, entry), mmap_mode="r+")
                setattr(self, entry[len(prefix) + 1 :], array)


class Program:
    def __init__(self, path, arguments):
        self.path = path
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([path, *map(str, arguments)], text=True, **pipes)
        if self.process.stdout.readline() != "ready\n":
            sys.exit(f"{path} did not start")

    def run(self, name, turns):
        """Seconds of each turn."""
        self.process.stdin.write(f"{name} {turns}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line.endswith("\n"):
            sys.exit(f"{self.path} ended at {name}")
        if line == "absent\n":
            sys.exit(f"{self.path} has no {name}")
        return [float(word) for word in line.split()]

    def end(self):
        self.process.communicate()


def check(who, row, got, want, tolerance):
    scale = np.nanmax(np.abs(want.astype(np.float64))) if want.size else 0
    same = np.isclose(got.astype(np.float64), want.astype(np.float64), rtol=tolerance,
                      atol=tolerance * scale, equal_nan=True)
    if not same.all():
        sys.exit(f"{row}: {np.count_nonzero(~same)} elements of {who} are not NumPy's")


def numpy_turns(job, arrays, turns):
    seconds = []
    for _ in range(turns):
        begin = time.perf_counter()
        job(arrays)
        seconds.append(time.perf_counter() - begin)
    return seconds


def measure(row, programs, arrays, options):
    name, title, output, job, tolerance = row
    out = getattr(arrays, output)
    out[...] = 0
    seconds = {"numpy": numpy_turns(job, arrays, 1)}
    want = np.array(out)
    for who, program in programs.items():
        out[...] = 0
        program.run(name, 0)  # once, not timed
        check(who, title, np.array(out), want, tolerance)
    cells = {"work": title}
    if options.smoke:
        return cells
    figures = {"tessera": [], "openmp": []}
    for _ in range(options.turns):
        for who, times in figures.items():
            times += programs[who].run(name, 3)
    figures = {who: statistics.median(times) for who, times in figures.items()}
    figures["numpy"] = min(numpy_turns(job, arrays, 2 if seconds["numpy"][0] < 1 else 1))
    figures["xtensor"] = min(programs["xtensor"].run(name, 2))
    cells |= {f"{who}_s": figure for who, figure in figures.items()}
    cells["by_openmp"] = figures["tessera"] / figures["openmp"]
    for who in ("numpy", "xtensor"):
        cells[f"by_{who}"] = figures[who] / figures["tessera"]
    return cells


def show(cells, unit):
    if "tessera_s" not in cells:
        print(f"{cells['work']:<36} results agree", flush=True)
        return

    times = "".join(f"{cells[f'{who}_s'] / unit:>10.2f}"
                    for who in ("tessera", "openmp", "xtensor", "numpy"))
    print(f"{cells['work']:<36}{times}{cells['by_openmp']:>9.2f}{cells['by_xtensor']:>10.1f}"
          f"{cells['by_numpy']:>9.1f}", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where the programs are")
    parser.add_argument("--smoke", action="store_true", help="tiny arrays: only the results count")
    parser.add_argument("--small", action="store_true", help="16x16 cells and 64x64 images")
    parser.add_argument("--only", default="", help="only rows with this in their name")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--csv", help="where the table goes")
    return parser.parse_args()


def main():
    options = parse()
    sizes = (132, 292, 576, 4096)
    if options.small:
        sizes = (132, 16, 16, 64)
    if options.smoke:
        sizes = (24, 10, 12, 64)
    prefix = f"kernels-{os.getpid()}"
    arguments = (prefix, options.workers, *sizes)
    paths = {"tessera": "kernels_ours", "openmp": "kernels_openmp", "xtensor": "kernels_serial"}
    programs = {}
    for who, path in paths.items():
        full = os.path.join(options.folder, path)
        if not os.path.exists(full):
            sys.exit(f"{full} is not built: CMake's lines above name what is absent")
        programs[who] = Program(full, arguments)
    arrays = Arrays(prefix, os.environ.get("TESSERA_DIR", "/dev/shm"))
    table = []
    unit, named = (1e-6, "us") if options.small else (1e-3, "ms")
    print(f"{'work, ' + named:<36}{'tessera':>10}{'OpenMP':>10}{'xtensor':>10}{'NumPy':>10}{'/OpenMP':>9}"
          f"{'xtensor/':>10}{'NumPy/':>9}")
    with np.errstate(all="ignore"):
        for row in ROWS:
            if options.only in row[1]:
                table.append(measure(row, programs, arrays, options))
                show(table[-1], unit)
    for program in programs.values():
        program.end()
    if options.smoke or not table:
        return
    peers = [row["by_openmp"] for row in table]
    numpy = [row["by_numpy"] for row in table]
    alone = [row["by_xtensor"] for row in table]
    print(f"\nOf OpenMP's time: median {statistics.median(peers):.2f} (goal 1.10), worst "
          f"{max(peers):.2f} (goal 1.50). Times as fast as NumPy: median "
          f"{statistics.median(numpy):.1f} (goal 4), least {min(numpy):.1f} (goal 1); as xtensor in one "
          f"process: median {statistics.median(alone):.1f}, least {min(alone):.1f} (goal 1.8).")
    if options.csv:
        machine.write(options.csv, HEADER, table, f"{options.folder}/../..")


if __name__ == "__main__":
    main()
