#!/bin/sh
# The library as its users get it: each way in, from clean prefixes and build folders.
set -eu
cd "$(dirname "$0")/../.."
. cmake/debian.sh

need g++ cmake ninja-build libboost-dev libxtensor-dev xtl-dev pkg-config git \
  clang-16 clang-19 python3 python3-numpy

work=build/consumer
rm -rf "$work"
mkdir -p "$work"
root=$(pwd -P)
here=$root/$work
elsewhere=$(mktemp -d)  # CMake refuses a place below the sources
trap 'rm -rf "$elsewhere"' EXIT
if have ninja; then export CMAKE_GENERATOR=Ninja; fi

# try_project FOLDER OPTION...: builds a project of this folder and runs its program.
try_project() {
  project=$1
  shift
  rm -rf "$work/built"
  cmake -S "tests/consumer/$project" -B "$work/built" "$@" >"$work/out" || { cat "$work/out"; exit 1; }
  build "$work/built" >"$work/out" || { cat "$work/out"; exit 1; }
  if [ -x "$work/built/consumer" ]; then "$work/built/consumer"; fi
}

# install_to PREFIX OPTION...: configures this project and installs it.
install_to() {
  prefix=$1
  shift
  rm -rf "$work/library"
  configure "$work/library" -DTESSERA_BUILD_TESTS=OFF -DTESSERA_BUILD_EXAMPLES=OFF \
    -DTESSERA_BUILD_BENCHMARKS=OFF "$@" >"$work/out"
  cmake --install "$work/library" --prefix "$prefix" >"$work/out"
}

say "install, find_package"
# A prefix with a blank, and moved after the install: the package must not remember where it was.
install_to "$here/first place"
mv "$work/first place" "$work/second place"
try_project . "-DCMAKE_PREFIX_PATH=$here/second place" -DWITH_COMPILED=ON
"$work/built/compiled_consumer"
try_project requests "-DCMAKE_PREFIX_PATH=$here/second place"
[ -f "$work/second place/share/doc/tessera/LICENSE" ] || die "the licence is not installed"

say "find_package, with CMake's own module for Boost"
try_project . "-DCMAKE_PREFIX_PATH=$here/second place" -DBoost_NO_BOOST_CMAKE=ON

say "pkg-config"
flags=$(PKG_CONFIG_PATH="$work/second place/share/pkgconfig" pkg-config --cflags --libs tessera)
eval "g++ -std=c++20 tests/consumer/main.cpp $flags -o $work/by_pkg_config"
"$work/by_pkg_config"
version=$(PKG_CONFIG_PATH="$work/second place/share/pkgconfig" pkg-config --modversion tessera)
grep -q "VERSION $version\$\|\"$version\"" "$work/second place/share/cmake/tessera/tessera-config-version.cmake" ||
  die "tessera.pc says version $version"

say "the Python module"
cmake --install "$work/library" --component python --prefix "$here/python" >"$work/out"
told=$(PYTHONPATH="$work/python/share/tessera/python" "$(python_with_numpy)" -B -c "import tessera; print(tessera.__version__)")
[ "$told" = "$version" ] || die "tessera.py says version $told"
[ ! -e "$work/second place/share/tessera/python" ] || die "the Python module is installed without being asked for"

say "one header"
for folder in library "library again"; do
  [ -d "$work/$folder" ] || cmake -S . -B "$work/$folder" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
  build "$work/$folder" --target one_header >"$work/out"
done
cmp "$work/library/one_header/tessera.hpp" "$work/library again/one_header/tessera.hpp"
head -n 4 "$work/library/one_header/tessera.hpp" | grep -q "tessera $version, " || die "its first line has no version"
head -n 6 "$work/library/one_header/tessera.hpp" | grep -q "MIT License" || die "it has no licence"
mkdir "$work/one"
cp "$work/library/one_header/tessera.hpp" "$work/one/"
for compiler in g++ clang++; do
  have "$compiler" || continue
  "$compiler" -std=c++20 -Wall -Wextra -Werror "-I$work/one" examples/classic.cpp -o "$work/with_one"
  [ "$(TESSERA_DIR=$elsewhere "$work/with_one")" = "16 True" ] || die "classic does not work with it"
done

say "the compiled part without CMake"
g++ -std=c++20 -DTESSERA_COMPILED "-I$work/second place/include" tests/consumer/compiled_main.cpp \
  tests/consumer/compiled_kernel.cpp tests/consumer/definitions.cpp -o "$work/by_hand"
"$work/by_hand"

say "import tessera: by hand, and with CMake where it can"
module=$work/module
mkdir "$module"
for clang in clang++-16 clang++-19; do
  flags="-std=c++20 -pthread"
  # shellcheck disable=SC2086
  {
    "$clang" $flags "-I$work/second place/include" --precompile \
      "$work/second place/share/cmake/tessera/tessera.cppm" -o "$module/tessera.pcm"
    "$clang" $flags -c "$module/tessera.pcm" -o "$module/tessera.o"
    "$clang" $flags "-fmodule-file=tessera=$module/tessera.pcm" tests/consumer/module/main.cpp \
      "$module/tessera.o" -o "$module/by_hand"
  }
  "$module/by_hand" >/dev/null
done
cmake_version=$(cmake --version | sed -n 's/^cmake version //p')
if printf '3.28\n%s\n' "$cmake_version" | sort -CV; then
  try_project module "-DCMAKE_PREFIX_PATH=$here/second place" -DCMAKE_CXX_COMPILER=clang++-19
  try_project module "-DTESSERA_SOURCE_DIR=$root" -DCMAKE_CXX_COMPILER=clang++-19
else
  say "CMake $cmake_version has no modules (3.28 has): only compiled by hand"
fi

say "find_package where headers have a folder of their own: within the prefix, and anywhere"
for headers in include/tessera-0.1 "$elsewhere/include"; do
  install_to "$here/third place" "-DCMAKE_INSTALL_INCLUDEDIR=$headers"
  try_project requests "-DCMAKE_PREFIX_PATH=$here/third place"
  flags=$(PKG_CONFIG_PATH="$work/third place/share/pkgconfig" pkg-config --cflags tessera)
  eval "g++ -std=c++20 -fsyntax-only tests/consumer/main.cpp $flags"
  try_project . "-DCMAKE_PREFIX_PATH=$here/third place"
  rm -rf "$work/third place"
done

say "DESTDIR, uninstall; all options as they are by default, on a machine without our tests' libraries"
rm -rf "$work/library"
configure "$work/library" -DCMAKE_INSTALL_PREFIX=/opt/tessera $(
  for package in Catch2 CLI11 benchmark TBB OpenMP Python3 Eigen3 OpenCV Doxygen; do
    printf ' -DCMAKE_DISABLE_FIND_PACKAGE_%s=ON' "$package"
  done) >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
DESTDIR=$here/staged cmake --install "$work/library" >"$work/out"
[ -f "$work/staged/opt/tessera/include/tessera.hpp" ] || die "DESTDIR is not heeded"
DESTDIR=$here/staged cmake --build "$work/library" --target uninstall >"$work/out"
left=$(find "$work/staged" -type f)
[ -z "$left" ] || die "uninstall leaves $left"

say "add_subdirectory"
try_project . "-DTESSERA_SOURCE_DIR=$root" -DWITH_COMPILED=ON
"$work/built/compiled_consumer"

say "FetchContent, from a folder and from a repository"
try_project fetched "-DFETCHCONTENT_SOURCE_DIR_TESSERA=$root"
mkdir "$work/origin"
cp -r CMakeLists.txt LICENSE cmake include "$work/origin"
git -C "$work/origin" init -q -b main
git -C "$work/origin" add .
git -C "$work/origin" -c user.name=t -c user.email=t@localhost commit -q -m t
try_project fetched "-DTESSERA_GIT=file://$here/origin" -DTESSERA_TAG=main

say "a library that fetches tessera and exports itself"
cmake -S tests/consumer/exporting -B "$work/exporting" "-DTESSERA_SOURCE_DIR=$root" >"$work/out"
cmake --install "$work/exporting" --prefix "$here/shapes" >"$work/out"
try_project exported "-DCMAKE_PREFIX_PATH=$here/shapes"

say "Boost and xtensor as targets of the project"
mkdir -p "$elsewhere/own"
for headers in boost xtensor xtl; do
  for folder in /usr/include /usr/local/include; do
    [ ! -d "$folder/$headers" ] || ln -sfn "$folder/$headers" "$elsewhere/own/$headers"
  done
done
try_project own_targets "-DOWN_HEADERS=$elsewhere/own" "-DTESSERA_SOURCE_DIR=$root"
try_project own_targets "-DOWN_HEADERS=$elsewhere/own" "-DCMAKE_PREFIX_PATH=$here/second place"

say "twice in one project"
for first in package folder; do
  try_project twice -DFIRST=$first "-DTESSERA_SOURCE_DIR=$root" \
    "-DCMAKE_PREFIX_PATH=$here/second place"
done

say "packages: Debian, vcpkg, Conan (the last two played)"
(cd "$work/library" && cpack -G DEB >"$here/out") || { cat "$work/out"; exit 1; }
dpkg -x "$work"/library/libtessera-dev_*_all.deb "$work/debian"
try_project . "-DCMAKE_PREFIX_PATH=$here/debian/usr"
cmake -D "WORK=$here" -P tests/consumer/vcpkg.cmake
try_project . "-DCMAKE_PREFIX_PATH=$here/vcpkg"
python3 -B tests/consumer/conan.py "$work"
try_project . "-DCMAKE_PREFIX_PATH=$here/conan/package"

say "every consumer runs, and nothing leaks into them"
