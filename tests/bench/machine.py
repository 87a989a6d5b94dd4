"""What a table was measured on, as the first lines of its CSV file."""

import csv
import datetime
import glob
import os
import platform
import re
import subprocess


def read(path):
    with open(path) as file:
        return file.read().strip()


def compiler(build):
    """That of a build folder, by its cache."""
    try:
        path = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.+)$", read(f"{build}/CMakeCache.txt"), re.M)[1]
        told = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
        return told.split("\n")[0] or path
    except (OSError, TypeError):
        return "unknown"


def description(build):
    """Lines `# key: value`."""
    model = re.search(r"model name\s*:\s*(.+)", read("/proc/cpuinfo"))
    caches = []
    for index in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index*")):
        if read(f"{index}/type") != "Instruction":
            caches.append(f"L{read(f'{index}/level')} {read(f'{index}/size')}")
    values = {
        "processor": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "caches of a core": ", ".join(caches),
        "compiler": compiler(build),
        "date": datetime.date.today().isoformat(),
    }
    return [f"# {key}: {value}" for key, value in values.items()]


def write(path, header, rows, build):
    """A table with what it was measured on, by programs of this build folder."""
    told = description(build)
    with open(path, "w", newline="") as file:
        file.write("\n".join(told) + "\n")
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def load(path):
    """What a table was measured on, and its rows."""
    with open(path, newline="") as file:
        lines = file.read().splitlines()
    told = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return told, list(csv.DictReader(line for line in lines if not line.startswith("# ")))
