"""Plays Conan for the recipe in cmake/packages/conan, with a module of that name which does what the
recipe asks of Conan:

    python3 conan.py WORK_FOLDER
"""

import fnmatch
import os
import pathlib
import shutil
import subprocess
import sys
import types

WORK = pathlib.Path(sys.argv[1]).resolve() / "conan"
RECIPE = pathlib.Path(__file__).resolve().parents[2] / "cmake/packages/conan/conanfile.py"
PACKAGE = WORK / "package"


def copy(conanfile, pattern, source, target):
    for path in pathlib.Path(source).rglob("*"):
        name = path.relative_to(source)
        if path.is_file() and fnmatch.fnmatch(str(name), pattern):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / name)


class ConanFile:
    recipe_folder = str(RECIPE.parent)
    export_sources_folder = WORK / "source"

    def __init__(self):
        self.required = []
        self.requires = self.required.append
        self.cpp_info = types.SimpleNamespace(properties={}, builddirs=[])
        self.cpp_info.set_property = self.cpp_info.properties.__setitem__
        self.info = types.SimpleNamespace(clear=lambda: None)


class CMakeToolchain:
    def __init__(self, conanfile):
        self.variables = {}
        conanfile.toolchain = self

    def generate(self):
        pass


class CMake:
    def __init__(self, conanfile):
        self.conanfile = conanfile

    def run(self, *arguments):
        subprocess.run(["cmake", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    def configure(self):
        options = [f"-D{name}={'ON' if on else 'OFF'}"
                   for name, on in self.conanfile.toolchain.variables.items()]
        self.run("-S", WORK / "source", "-B", WORK / "build", *options)

    def install(self):
        self.run("--install", WORK / "build", "--prefix", PACKAGE)


def main():
    modules = {"conan": {"ConanFile": ConanFile}, "conan.tools": {},
               "conan.tools.cmake": {"CMake": CMake, "CMakeToolchain": CMakeToolchain,
                                     "cmake_layout": lambda conanfile: None},
               "conan.tools.files": {"copy": copy,
                                     "load": lambda conanfile, path: pathlib.Path(path).read_text()}}
    for name, members in modules.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(members)
    shutil.rmtree(WORK, ignore_errors=True)
    scope = {"__name__": "conanfile"}
    exec(compile(RECIPE.read_text(), str(RECIPE), "exec"), scope)
    recipe = scope["Tessera"]()
    for step in ("set_version", "export_sources", "requirements", "layout", "generate", "build",
                 "package", "package_id", "package_info"):
        getattr(recipe, step)()
    config = PACKAGE / recipe.cpp_info.builddirs[0]
    version = (config / "tessera-config-version.cmake").read_text()
    assert f'"{recipe.version}"' in version, recipe.version
    assert sorted(r.split("/")[0] for r in recipe.required) == ["boost", "xtensor"]
    assert (PACKAGE / "include/tessera.hpp").exists()


main()
