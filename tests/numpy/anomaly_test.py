"""The anomaly program gives NumPy's anomaly within rounding, NaN where NumPy has it; and refuses
what it can't use with one line.

    python3 anomaly_test.py PROGRAM DATA_FOLDER
"""

import os
import sys

import numpy as np

from programs import folder, must_refuse, must_work

PROGRAM, DATA = sys.argv[1:]


def must_agree(field):
    with folder() as file:
        np.save(file("in.npy"), field)
        for _ in range(2):  # the second time over what is there
            must_work(PROGRAM, file("in.npy"), file("out.npy"))
        out = np.load(file("out.npy"))
        expected = field.astype("f8") - field.astype("f8").mean(axis=0)
        assert out.dtype == field.dtype.newbyteorder("=") and out.shape == field.shape
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


air = np.load(os.path.join(DATA, "coads_air_temperature.npy"))
must_agree(air)
must_agree(np.asfortranarray(air[:, 3:41, :77].astype(">f4")))
must_agree(np.arange(24, dtype="f4").reshape(24, 1, 1))
must_agree(air[:, :31, :65].astype("f8"))

with folder() as file:
    np.save(file("i4.npy"), np.ones((2, 3, 4), "i4"))
    np.save(file("flat.npy"), np.ones((3, 4), "f4"))
    np.save(file("good.npy"), np.ones((2, 3, 4), "f4"))
    must_refuse(PROGRAM, saying="usage")
    must_refuse(PROGRAM, file("none.npy"), file("out.npy"), saying="no such file")
    must_refuse(PROGRAM, file("i4.npy"), file("out.npy"), saying="float32")
    must_refuse(PROGRAM, file("flat.npy"), file("out.npy"), saying="axes")
    must_refuse(PROGRAM, file("good.npy"), file("none/out.npy"), saying="folder")
    os.link(file("good.npy"), file("hard.npy"))
    os.symlink("good.npy", file("soft.npy"))
    for out in ("good.npy", "hard.npy", "soft.npy"):
        must_refuse(PROGRAM, file("good.npy"), file(out), saying="the input itself")
