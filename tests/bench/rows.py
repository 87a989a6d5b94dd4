"""The table of the benchmark: for each row what is run, what it is held against, and the goal."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Grid:
    """Arrays of doubles that `hold` makes and every program of a row works on."""

    shape: tuple
    names: tuple = ("a", "b", "out")

    @property
    def bytes(self):
        depth, height, width = self.shape
        return 8 * depth * height * width * len(self.names)

    def __str__(self):
        return "x".join(map(str, self.shape))


SMALL, MEDIUM = Grid((365, 16, 16)), Grid((365, 64, 64))
LARGE, LARGEST = Grid((365, 512, 512)), Grid((365, 1024, 1024))
FRESH = Grid((365, 256, 256))
MEGABYTE, GIGABYTES = Grid((2, 1, 2**16), ("out",)), Grid((2, 1, 2**29), ("out",))
TINY = Grid((20, 8, 8))  # every grid of --smoke


@dataclass(frozen=True)
class Run:
    """One benchmark of one program."""

    program: str
    benchmark: str
    name: str = ""  # how the table calls it
    grid: Grid = None  # the row's, unless it has its own
    workers: int = 2
    size: int = 0
    copies: int = 1  # so many of the program at once
    env: tuple = ()
    repeats: bool = True  # more than one figure in a turn


@dataclass(frozen=True)
class Row:
    work: str
    ours: Run
    peers: tuple  # the fastest of them counts; a number is the limit itself
    goal: float = None  # none: only told
    grid: Grid = SMALL
    unit: str = "s"
    per: int = 1  # the figure is of so many
    large: bool = False  # left out by --quick
    turns: int = 99  # at most

    @property
    def title(self):
        return self.work.format(grid=self.grid)


def ours(benchmark, **more):
    return Run("ours", benchmark, **more)


def alone(benchmark):
    return Run("alone", benchmark)


def openmp(benchmark, name="OpenMP", **more):
    bound = (("OMP_PROC_BIND", "true"), ("OMP_WAIT_POLICY", "active"))
    return (
        Run("openmp", benchmark, f"{name}, defaults", **more),
        Run("openmp", benchmark, f"{name}, bound", env=bound, **more),
    )


def limit(value, name):
    return (Run("limit", "", name, size=value),)


MILLION, UNEVEN = 1_000_000, 3200
transform, tiles = ours("transform"), ours("map")
paced, idle = ours("paced", size=30, repeats=False), ours("idle", size=3000, repeats=False)
empty, classic = ours("empty_tiles", size=MILLION), ours("classic", workers=10)
memory = ours("private_memory", repeats=False)
futex = (Run("bare", "paced", "futex wake and loop", size=30, repeats=False),)
boost = (Run("serial", "attach", "Boost open and map"),)
row_loop = (Run("serial", "rows", "row loop by hand"),)
python_all = (Run("python_job", "total", "Python job", workers=10),)
python_map = (Run("python_job", "map", "Python job, map phase", workers=10),)
a_megabyte = limit(1, "limit")

ROWS = (
    Row("transform, {grid}", transform, openmp("plain"), 1.15),
    Row("transform, {grid}", transform, (Run("bare", "back_to_back", "bare processes"),)),
    Row("transform, caller computes, {grid}", ours("transform_caller"), openmp("plain"), 1.0),
    Row("transform, one each 10 ms, {grid}", paced, futex, 1.2),
    Row("idle pool: share of a core", idle, limit(0.001, "limit"), 1.0, unit="%", turns=1),
    Row("transform, spawned workers, {grid}", ours("transform_spawned"),
        (replace(transform, name="forked workers"),)),
    Row("transform, spawned, one each 10 ms, {grid}", replace(paced, benchmark="paced_spawned"),
        (replace(paced, name="forked workers"),), large=True),
    Row("start of 10 by spawn, caller of 8 GB", ours("start_spawned", workers=10, size=8192),
        (ours("start_spawned", name="small caller", workers=10),), 1.5, large=True, turns=3),
    Row("start of 10 by fork, caller of 8 GB", ours("start_forked", workers=10, size=8192),
        (ours("start_forked", name="small caller", workers=10),), large=True, turns=3),
    Row("start of 10 by spawn", ours("start_spawned", workers=10),
        (ours("start_forked", name="by fork", workers=10),), large=True),
    Row("transform, {grid}", transform, openmp("plain"), 1.05, MEDIUM),
    Row("transform by 4x4 tiles, {grid}", ours("transform_tiles"),
        (Run("serial", "whole", "xtensor, one process"),), 0.6),
    Row("transform by 4x4 tiles, {grid}", ours("transform_tiles"),
        openmp("bands", "OpenMP, tiles in rows")),
    Row("map 4x4, {grid}", tiles, openmp("tiles"), 1.05),
    Row("map 4x4, {grid}", tiles,
        (Run("serial", "tile_views", "xtensor's views, one process"),), 0.4),
    Row("no pool: v = t + r on 4x4, {grid}", alone("natural"), row_loop, 1.1),
    Row("no pool: row spans of 4x4, {grid}", alone("spans"), row_loop, 1.05),
    Row("transform, {grid}", transform, openmp("plain"), 0.8, LARGE, large=True, turns=5),
    Row("map 4x4, {grid}", tiles, openmp("tiles"), 1.0, LARGE, large=True, turns=5),
    Row("transform, {grid}", transform, openmp("plain"), 0.8, LARGEST, large=True, turns=3),
    Row("map 4x4, {grid}", tiles, openmp("tiles"), 1.0, LARGEST, large=True, turns=3),
    Row("first transform, {grid}", ours("first", repeats=False),
        openmp("first", repeats=False), 1.3, FRESH, turns=5),
    Row("first transform, {grid}", ours("first", repeats=False),
        openmp("first_anew", "OpenMP, mapped anew", repeats=False), None, FRESH, turns=5),
    Row("1,000,000 empty tiles", empty,
        (Run("tbb", "empty", "oneTBB, grain 1", size=MILLION),), 1.0),
    Row("one of 1,000,000 empty tiles", empty, limit(26e-9, "limit"), 1.0, per=MILLION),
    Row("empty kernel, second job, 8 GB", ours("empty_job"),
        (ours("empty_job", name="the same, 1 MB", grid=MEGABYTE),), 1.1, GIGABYTES, large=True),
    Row("uneven tiles, one in fifty 100x", ours("uneven", size=UNEVEN),
        (Run("tbb", "uneven_simple", "oneTBB, grain 1", size=UNEVEN),
         Run("tbb", "uneven_auto", "oneTBB, auto", size=UNEVEN)), 1.1),
    Row("attach by name, kept", alone("attach_kept"), boost, 0.02),
    Row("attach by name, new", alone("attach_new"), boost, 1.5),
    Row("classic job, 10 workers, {grid}", classic,
        (Run("bare", "classic", "system calls", workers=10),), 1.2),
    Row("classic job, 10 workers, {grid}", classic, python_all, turns=5),
    Row("transform, 10 workers, {grid}", replace(transform, workers=10), python_map, 1 / 900,
        LARGE, large=True),
    Row("map 4x4, 10 workers, {grid}", replace(tiles, workers=10), python_map, 1 / 150, LARGE,
        large=True),
    Row("two programs, a worker each, {grid}", ours("side_by_side", workers=1, copies=2),
        (ours("side_by_side_unpinned", workers=1, copies=2, name="the same, not pinned"),), 1.05,
        MEDIUM),
    Row("two programs, two workers each, {grid}", ours("side_by_side", copies=2),
        (ours("side_by_side_unpinned", copies=2, name="the same, not pinned"),), None, MEDIUM),
    Row("private memory of a worker, {grid}", memory, a_megabyte, 1.0, SMALL, "MB", turns=1),
    Row("private memory of a worker, {grid}", memory, a_megabyte, 1.0, FRESH, "MB", turns=1),
    Row("private memory of a worker, {grid}", memory, a_megabyte, 1.0, LARGE, "MB", turns=1,
        large=True),
    Row("heat, 2048x2048 float, 200 steps", ours("heat", size=2048, repeats=False),
        openmp("heat", size=2048, repeats=False), 1.1),
)


def tiny(row):
    """The same row where only its results count."""

    def shrink(run):
        return run if run.program == "limit" else replace(run, size=40, grid=None)

    peers = tuple(shrink(peer) for peer in row.peers)
    return replace(row, ours=shrink(row.ours), peers=peers, grid=TINY, per=1, large=False)
