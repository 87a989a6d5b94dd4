"""tiled_add gives NumPy's sum, bit for bit, for every type, rank, order and tile shape; and refuses
what it can't use with one line.

    python3 tiled_add_test.py PROGRAM DATA_FOLDER
"""

import hashlib
import os
import sys

import numpy as np

from programs import folder, must_refuse, must_work, segment_path, unique_name

PROGRAM, DATA = sys.argv[1:]
# Of the file with the sum of the two fields, however workers are started and on which system:
# win32/run.sh has it too.
SUM_OF_FIELDS = "1728182dd199cb00effd3876dab80aba67f0eb8f63173f5882367e06f680cedc"
SCALARS = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c8 c16".split()


def values(dtype, shape, seed):
    """Elements over the whole range of the type, NaN and infinity included."""
    random = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        raw = random.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8)
        return raw.view(dtype)[..., 0]
    out = random.standard_normal(shape)
    if dtype.kind == "c":
        out = out + 1j * random.standard_normal(shape)
    out = out.astype(dtype)
    out.flat[:: max(1, out.size // 5)] = np.nan
    out.flat[1 :: max(2, out.size // 3)] = np.inf
    return out


def must_add(a, b, *options):
    """Saves, adds, and compares with NumPy."""
    with folder() as file:
        np.save(file("a.npy"), a)
        np.save(file("b.npy"), b)
        must_work(PROGRAM, "--a", file("a.npy"), "--b", file("b.npy"), "--out", file("out.npy"), *options)
        out = np.load(file("out.npy"))
        with np.errstate(over="ignore", invalid="ignore"):
            expected = np.asarray(a).astype(a.dtype.newbyteorder("=")) + b
        assert out.dtype == expected.dtype.newbyteorder("="), (out.dtype, expected.dtype)
        same = out == expected
        if out.dtype.kind in "fc":
            same |= np.isnan(out) & np.isnan(expected)
        assert out.shape == expected.shape and same.all(), (a.dtype, a.shape, options)


def test_real_fields():
    a, b = (
        os.path.join(DATA, f"coads_{name}.npy") for name in ("air_temperature", "specific_humidity")
    )
    expected = np.load(a) + np.load(b)
    with folder() as file:
        for tile in ("4x4", "5x7", "1x1", "fullxfull", "7x30xfull", "full", "1000x1000"):
            must_work(PROGRAM, "--a", a, "--b", b, "--out", file("sum.npy"), "--tile", tile, "--workers", 3)
            out = np.load(file("sum.npy"))
            assert out.dtype == np.float32 and out.tobytes() == expected.tobytes(), tile
        digests = set()
        for start in ((), ("--spawn",)):
            must_work(PROGRAM, "--a", a, "--b", b, "--out", file("sum.npy"), *start)
            with open(file("sum.npy"), "rb") as made:
                digests.add(hashlib.sha256(made.read()).hexdigest())
        assert digests == {SUM_OF_FIELDS}, digests


def test_types():
    for dtype in SCALARS:
        must_add(values(dtype, (3, 10, 9), 1), values(dtype, (3, 10, 9), 2), "--workers", 2)


def test_ranks_and_ragged_tiles():
    for shape, tile in (
        ((11,), "3"),
        ((11,), "full"),
        ((6, 7), "4x4"),
        ((6, 7), "5"),
        ((2, 5, 9), "2x3x4"),
        ((3, 2, 5, 9), "4x4"),
        ((3, 2, 5, 9), "2x1x3xfull"),
        ((1, 1), "4x4"),
    ):
        must_add(values("f8", shape, 3), values("f8", shape, 4), "--tile", tile, "--workers", 2)


def test_no_elements():
    for shape in ((0,), (3, 0, 4)):
        must_add(values("f8", shape, 3), values("f8", shape, 3), "--workers", 2)


def test_orders_and_byte_orders():
    a, b = values("i4", (4, 6, 5), 5), values("i4", (4, 6, 5), 6)
    must_add(np.asfortranarray(a), b)
    must_add(a.astype(">i4"), b)
    must_add(np.asfortranarray(a.astype(">i4")), np.asfortranarray(b))
    z = values("c16", (4, 6, 5), 7)
    must_add(np.asfortranarray(z.astype(">c16")), z)


def test_without_arguments():
    text = must_work(PROGRAM)
    assert text.count("  1 1 1 1\n") == 4, text
    assert "equals a single-process sum" in text


def test_generated():
    for dtype in ("bool", "int8", "uint64", "float32", "complex128"):
        must_work(PROGRAM, "--shape", "30x21x20", "--dtype", dtype, "--workers", 2)


def test_keep():
    name = unique_name("kept")
    path = segment_path(name)
    try:
        assert path in must_work(PROGRAM, "--keep", name, "--workers", 2)
        kept = np.load(path, mmap_mode="r+")
        assert kept.shape == (365, 16, 16) and kept.dtype == np.float64
        assert 0.9 < kept.mean() < 1.1
        must_refuse(PROGRAM, "--keep", name, saying="name is taken")
    finally:
        os.unlink(path)


def test_wrong_input():
    with folder() as file:
        f8, f4 = np.ones((6, 7)), np.ones((6, 7), "f4")
        np.save(file("f8.npy"), f8)
        np.save(file("f4.npy"), f4)
        np.save(file("wide.npy"), np.ones((6, 8)))
        np.save(file("scalar.npy"), np.float64(1))
        np.save(file("five.npy"), np.ones((1, 1, 1, 2, 2)))
        np.save(file("half.npy"), np.ones(3, "f2"))
        np.save(file("struct.npy"), np.zeros(3, [("x", "f4"), ("y", "f4")]))
        with open(file("text.npy"), "w", encoding="ascii") as text:
            text.write("no array\n")
        with open(file("f8.npy"), "rb") as whole, open(file("cut.npy"), "wb") as cut:
            cut.write(whole.read()[:-8])

        def refuse(a, b, *options, saying):
            must_refuse(PROGRAM, "--a", file(a), "--b", file(b), *options, saying=saying)

        refuse("f8.npy", "none.npy", saying="no such file")
        refuse("text.npy", "f8.npy", saying="text.npy")
        refuse("cut.npy", "f8.npy", saying="truncated")
        refuse("f8.npy", "f4.npy", saying="element types differ")
        refuse("f8.npy", "wide.npy", saying="shapes differ")
        refuse("scalar.npy", "scalar.npy", saying="1 to 4 axes")
        refuse("five.npy", "five.npy", saying="1 to 4 axes")
        refuse("half.npy", "half.npy", saying="half.npy")
        refuse("struct.npy", "struct.npy", saying="float64")
        refuse("f8.npy", "f8.npy", "--tile", "0x4", saying="--tile")
        refuse("f8.npy", "f8.npy", "--tile", "2x2x2", saying="--tile")
        refuse("f8.npy", "f8.npy", "--out", file("none/out.npy"), saying="no folder")
        refuse("f8.npy", "f8.npy", "--out", file(""), saying="--out")
        refuse("f8.npy", "f8.npy", "--out", "/proc/out.npy", saying="/proc/out.npy")
        np.save(file("b8.npy"), f8)
        os.link(file("b8.npy"), file("hard.npy"))
        os.symlink("f8.npy", file("soft.npy"))
        for out in ("f8.npy", "b8.npy", "hard.npy", "soft.npy"):
            refuse("f8.npy", "b8.npy", "--out", file(out), saying="itself")
        refuse("f8.npy", "f8.npy", "--shape", "4x4", saying="--shape")
        must_refuse(PROGRAM, "--a", file("f8.npy"), saying="--b")
        assert not os.path.exists(file("out.npy"))
    for options, saying in (
        (("--workers", "0"), "--workers"),
        (("--workers", "-1"), "--workers"),
        (("--workers", "many"), "--workers"),
        (("--workers", "100000"), "--workers"),
        (("--tile", "4xx4"), "--tile"),
        (("--tile", "-4x4"), "--tile"),
        (("--tile", ""), "--tile"),
        (("--shape", "0x4"), "--shape"),
        (("--shape", "1x1x1x1x1"), "--shape"),
        (("--shape", "99999999999x99999999999"), "more than any memory"),
        (("--shape", "1000000x1000000"), "bytes"),
        (("--dtype", "float16"), "float64"),
        (("--keep", "a/b"), "name"),
        (("--colour",), "--help"),
        (("stray",), "--help"),
    ):
        must_refuse(PROGRAM, *options, saying=saying)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
