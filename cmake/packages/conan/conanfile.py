"""A Conan 2 recipe of the sources that it stands in: conan create cmake/packages/conan"""

import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class Tessera(ConanFile):
    name = "tessera"
    description = "N-d arrays shared by name, and a pool of processes that fills them tile by tile"
    license = "MIT"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps"

    def _root(self):
        return os.path.normpath(os.path.join(self.recipe_folder, *[os.pardir] * 3))

    def set_version(self):
        header = load(self, os.path.join(self._root(), "include/tessera/base/config.hpp"))
        numbers = re.findall(r"#define TESSERA_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
        self.version = ".".join(numbers)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*"):
            copy(self, pattern, self._root(), self.export_sources_folder)

    def requirements(self):
        self.requires("boost/[>=1.74]")
        self.requires("xtensor/[>=0.24]")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.variables[f"TESSERA_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()

    def package_id(self):
        self.info.clear()

    def package_info(self):
        # The package's own CMake files, which have tessera::compiled too.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append(os.path.join("share", "cmake", "tessera"))
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
