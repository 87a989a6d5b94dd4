"""timeline's picture has a bar for each tile.

    python3 timeline_test.py PROGRAM DATA_FOLDER
"""

import os
import sys
import xml.etree.ElementTree

import numpy as np

from programs import folder, must_refuse, must_work, run

PROGRAM, DATA = sys.argv[1:]
FIELD = os.path.join(DATA, "coads_air_temperature.npy")

with folder() as path:
    told = must_work(PROGRAM, FIELD, path("out.svg"))
    assert told.startswith("81 tiles in "), told
    picture = xml.etree.ElementTree.parse(path("out.svg")).getroot()
    titles = [title.text for title in picture.iter("{http://www.w3.org/2000/svg}title")]
    tiles = sorted(int(title.split()[1].rstrip(":")) for title in titles)
    assert tiles == list(range(81)), tiles
    must_refuse(PROGRAM, path("none.npy"), path("out.svg"), saying="none.npy")
    np.save(path("double.npy"), np.zeros((3, 4, 5)))
    must_refuse(PROGRAM, path("double.npy"), path("out.svg"), saying="float64")
    must_refuse(PROGRAM, FIELD, path("no/out.svg"), saying="can't be written")
    assert run(PROGRAM).returncode == 2
