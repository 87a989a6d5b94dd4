"""vpd_climate against NumPy's own computation, and its NetCDF files against Python's netCDF4.

    python3 vpd_climate_test.py PROGRAM DATA_FOLDER
"""

import os
import sys

import numpy as np

from programs import folder, must_refuse, must_work, run

PROGRAM, DATA = sys.argv[1:]
FIELDS = [
    os.path.join(DATA, f"coads_{name}.npy")
    for name in ("air_temperature", "specific_humidity", "sea_level_pressure")
]


def vpd(temperature, humidity, pressure):
    """Bolton (1980), equation 10; all in double."""
    t, q, p = (np.asarray(x, "f8") for x in (temperature, humidity, pressure))
    q = q / 1000
    return 6.112 * np.exp(17.67 * t / (t + 243.5)) - q * p / (0.622 + 0.378 * q)


def last_places(a, b):
    """How many doubles lie between two arrays' elements; NaN must be NaN in both."""
    assert np.array_equal(np.isnan(a), np.isnan(b))
    known = ~np.isnan(a)
    # Both terms are of this size; their difference may be near 0.
    size = np.spacing(np.maximum(abs(a[known]), 6.0))
    return float(np.max(abs(a[known] - b[known]) / size))


def test_against_numpy():
    wanted = vpd(*map(np.load, FIELDS))
    with folder() as path:
        told = must_work(PROGRAM, *FIELDS, path("vpd.npy"))
        got = np.load(path("vpd.npy"))
        assert got.dtype == "f8" and last_places(got, wanted) <= 4, last_places(got, wanted)
        assert f"mean {np.nanmean(wanted):.6g} hPa, greatest {np.nanmax(wanted):.6g} hPa" in told, told
        # float64 files, and those of the other byte order.
        for name, field in zip("tqp", FIELDS):
            np.save(path(name + ".npy"), np.load(field).astype(">f8" if name == "t" else "f8"))
        refused = run(PROGRAM, path("t.npy"), path("q.npy"), path("p.npy"), path("again.npy"))
        assert refused.returncode == 2 and "byte order" in refused.stderr, refused
        np.save(path("t.npy"), np.load(FIELDS[0]).astype("f8"))
        must_work(PROGRAM, path("t.npy"), path("q.npy"), path("p.npy"), path("again.npy"))
        assert np.array_equal(np.load(path("again.npy")), got, equal_nan=True)


def test_a_map():
    with folder() as path:
        done = run(PROGRAM, *FIELDS, path("vpd.npy"), path("map.png"))
        if "without libpng" in done.stderr:
            return
        assert done.returncode == 0 and os.path.getsize(path("map.png")) > 1000, done
        assert open(path("map.png"), "rb").read(8) == b"\x89PNG\r\n\x1a\n"


def test_wrong_input():
    with folder() as path:
        out = path("out.npy")
        must_refuse(PROGRAM, FIELDS[0], FIELDS[1], path("none.npy"), out, saying="none.npy")
        np.save(path("flat.npy"), np.zeros((3, 4), "f4"))
        must_refuse(PROGRAM, *FIELDS[:2], path("flat.npy"), out, saying="with 2 axes")
        np.save(path("small.npy"), np.zeros((3, 4, 5), "f4"))
        must_refuse(PROGRAM, *FIELDS[:2], path("small.npy"), out, saying="shape")
        np.save(path("whole.npy"), np.zeros((3, 4, 5), "i4"))
        must_refuse(PROGRAM, path("whole.npy"), *FIELDS[1:], out, saying="int32")
        must_refuse(PROGRAM, *FIELDS, path("no/out.npy"), saying="no")
        assert not os.path.exists(out)
        done = run(PROGRAM, "--help")
        assert done.returncode == 0 and "hPa" in done.stdout


def test_netcdf():
    with folder() as path:
        done = run(PROGRAM, path("none.nc:t"), *FIELDS[1:], path("out.npy"))
        if "without libnetcdf" in done.stderr:
            print("skipped: NetCDF; the program was built without libnetcdf")
            return
        assert done.returncode == 2 and "none.nc" in done.stderr, done
        try:
            import netCDF4
        except ImportError:
            print("skipped: NetCDF; Python has no netCDF4")
            return
        t, q, p = map(np.load, FIELDS)
        with netCDF4.Dataset(path("in.nc"), "w") as file:
            for name, size in (("month", 12), ("lat", 90), ("lon", 180)):
                file.createDimension(name, size)
            lat = file.createVariable("lat", "f4", ("lat",))
            lat[:], lat.units = np.arange(-89, 91, 2), "degrees_north"
            axes = ("month", "lat", "lon")
            packed = file.createVariable("t", "i2", axes, fill_value=-32768)
            packed.scale_factor, packed.add_offset = 0.01, 5.0
            packed[:] = np.ma.masked_invalid(t)
            file.createVariable("q", "f4", axes, fill_value=1e20)[:] = np.ma.masked_invalid(q)
            file.createVariable("p", "f8", axes)[:] = p
            file.createVariable("flat", "f8", axes[:2])
        inputs = [path("in.nc:") + name for name in "tqp"]
        must_work(PROGRAM, *inputs, path("out.nc"))
        with netCDF4.Dataset(path("in.nc")) as file:
            unpacked = np.ma.filled(file["t"][:].astype("f4"), np.nan)
        wanted = vpd(unpacked, q, p.astype("f4"))
        with netCDF4.Dataset(path("out.nc")) as file:
            out = file["vpd"]
            assert out.dimensions == axes and out.units == "hPa" and "deficit" in out.long_name
            got = np.ma.filled(out[:], np.nan)
            assert np.array_equal(file["lat"][:], np.arange(-89, 91, 2))
            assert file["lat"].units == "degrees_north" and "month" not in file.variables
        assert np.nanmax(abs(got - wanted)) < 1e-4, np.nanmax(abs(got - wanted))
        assert np.array_equal(np.isnan(got), np.isnan(wanted))
        must_refuse(PROGRAM, path("in.nc"), *inputs[1:], path("x.nc"), saying="which variable")
        must_refuse(PROGRAM, path("in.nc:u"), *inputs[1:], path("x.nc"), saying="variable u")
        must_refuse(PROGRAM, path("in.nc:flat"), *inputs[1:], path("x.nc"), saying="2 axes")
        must_refuse(PROGRAM, *inputs, path("no/x.nc"), saying="no/x.nc")
        assert sorted(os.listdir(path(""))) == ["in.nc", "out.nc"]


for test_name, test in list(globals().items()):
    if test_name.startswith("test_"):
        test()
