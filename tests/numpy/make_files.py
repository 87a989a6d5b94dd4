"""Writes .npy files of every element type that tessera reads, as NumPy itself writes them.

    python3 make_files.py FOLDER

Every file holds known values. For the element number k, counted in C order (row-major, whatever
the order of the file), let v = (k * 7 + 3) % 100. The element is

    bool            v is odd
    i1 ... f8       v
    c8, c16         v + (v + 1)i
    struct          {flag: -v, height: v + 0.5, count: v * 100, winds: {v + 0.25, -v - 0.75}}

The struct is aligned as a C compiler aligns it, 32 bytes with gaps behind flag, count and winds:

    struct { int8_t flag; double height; int16_t count; float winds[2]; }

A file's name says TYPE_BYTEORDER_ORDER_VERSION_SHAPE.npy: f8_big_f_v3_2x3x4.npy has big-endian
doubles in Fortran order in version 3.0 of the format. BYTEORDER is little, big, or none for types
of one byte; ORDER is c or f; SHAPE is the extents, or scalar for rank 0.

FOLDER/manifest.txt has one line for each file: FILENAME KIND SIZE RANK EXTENTS..., separated by
single spaces, with KIND one of b i u f c V as in a dtype, and SIZE the bytes of one element.
"""

import os
import sys

import numpy as np
from numpy.lib import format as npy

SCALARS = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"]
STRUCT = np.dtype(
    [("flag", "i1"), ("height", "f8"), ("count", "i2"), ("winds", "f4", (2,))], align=True
)
# The shape that is written in every order and version; the others only show that they are read.
USUAL_SHAPE = (2, 3, 4)
OTHER_SHAPES = [(), (7,), (1,), (0,), (0, 5), (3, 0, 2), (2, 1, 3, 2, 2)]
VERSIONS = [(1, 0), (2, 0), (3, 0)]


def array_of(dtype, shape):
    """An array in C order with the values of this file's formula."""
    v = (np.arange(np.prod(shape, dtype=np.int64)) * 7 + 3) % 100
    out = np.zeros(v.shape, dtype)
    if dtype.kind == "V":
        out["flag"] = -v
        out["height"] = v + 0.5
        out["count"] = v * 100
        out["winds"][:, 0] = v + 0.25
        out["winds"][:, 1] = -v - 0.75
    elif dtype.kind == "b":
        out[:] = v % 2 == 1
    elif dtype.kind == "c":
        out[:] = v + 1j * (v + 1)
    else:
        out[:] = v
    return out.reshape(shape)


def dtypes():
    """Pairs of a type's name and its dtype in little-endian order."""
    for name in SCALARS:
        yield name, np.dtype(name).newbyteorder("<")
    yield "struct", STRUCT.newbyteorder("<")


def byte_orders(dtype):
    """Pairs of a byte order's name and the dtype in it."""
    if dtype.itemsize == 1:
        return [("none", dtype)]
    return [("little", dtype), ("big", dtype.newbyteorder(">"))]


def write(folder, manifest, name, byte_order, dtype, shape, order, version):
    extents = "x".join(str(extent) for extent in shape) or "scalar"
    filename = f"{name}_{byte_order}_{order}_v{version[0]}_{extents}.npy"
    array = np.asarray(array_of(dtype, shape), order=order.upper())
    with open(os.path.join(folder, filename), "wb") as file:
        npy.write_array(file, array, version=version, allow_pickle=False)
    fields = [filename, dtype.kind, dtype.itemsize, len(shape), *shape]
    manifest.append(" ".join(str(field) for field in fields))


def check(folder, line):
    """What was written is what NumPy reads back, or this program has a mistake."""
    filename, kind, size, rank, *extents = line.split(" ")
    array = np.load(os.path.join(folder, filename))
    expected = array_of(array.dtype, array.shape)
    assert (array.dtype.kind, array.dtype.itemsize) == (kind, int(size)), line
    assert (array.ndim, array.shape) == (int(rank), tuple(map(int, extents))), line
    assert np.array_equal(array, expected), line


def main():
    if len(sys.argv) != 2:
        print("usage: python3 make_files.py FOLDER", file=sys.stderr)
        return 2
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    manifest = []
    for name, little in dtypes():
        for byte_order, dtype in byte_orders(little):
            for order in "cf":
                for version in VERSIONS:
                    write(folder, manifest, name, byte_order, dtype, USUAL_SHAPE, order, version)
            for shape in OTHER_SHAPES:
                write(folder, manifest, name, byte_order, dtype, shape, "c", (1, 0))
            write(folder, manifest, name, byte_order, dtype, OTHER_SHAPES[-1], "f", (1, 0))
    for line in manifest:
        check(folder, line)
    with open(os.path.join(folder, "manifest.txt"), "w", encoding="ascii") as file:
        file.write("\n".join(manifest) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
