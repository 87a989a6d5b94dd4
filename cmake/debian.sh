# Sourced by tests/run.sh, examples/run.sh and .ci/run: finds what is missing and installs it by its
# Debian package name. POSIX sh. Set TESSERA_NO_INSTALL=1 to leave the machine as it is and let
# CMake look (for instance for libraries below CMAKE_PREFIX_PATH).

say() { printf '%s\n' "tessera: $*"; }
die() { printf '%s\n' "tessera: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else die "not root and no sudo: cannot run $*"
  fi
}

python_with_numpy() {
  for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c 'import numpy' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# Is what this package brings there, from whatever source? For a name not listed here dpkg decides.
present() {
  case $1 in
    g++) have "${CXX:-c++}" || have g++ ;;
    clang) have clang++ ;;
    ninja-build) have ninja ;;
    cmake | ccache | mold | clang-format-* | clang-tidy) have "$1" ;;
    python3) have /usr/bin/python3 || have python3 ;;
    python3-numpy) python_with_numpy >/dev/null ;;
    libboost-dev) has_header boost/interprocess/mapped_region.hpp ;;
    libxtensor-dev) has_header xtensor/xtensor_config.hpp || has_header xtensor/core/xtensor_config.hpp ;;
    xtl-dev) has_header xtl/xtl_config.hpp ;;
    catch2) has_header catch2/catch.hpp || has_header catch2/catch_all.hpp ;;
    libcli11-dev) has_header CLI/CLI.hpp ;;
    libbenchmark-dev) has_header benchmark/benchmark.h ;;
    libtbb-dev) has_header oneapi/tbb/parallel_for.h ;;
    *) have dpkg && dpkg -s "$1" 2>/dev/null | grep -q '^Status: .* installed' ;;
  esac
}

has_header() {
  compiler=${CXX:-c++}
  have "$compiler" || return 1
  # __has_include reads nothing, so that a probe costs a few milliseconds.
  printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$1" |
    $compiler -std=c++20 -E -x c++ - >/dev/null 2>&1
}

missing_of() {
  missing=
  for package in "$@"; do
    present "$package" || missing="$missing $package"
  done
  printf '%s' "${missing# }"
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# need PACKAGE...: afterwards all of them are there, or the script has ended with a plain sentence.
need() {
  [ -z "${TESSERA_NO_INSTALL:-}" ] || return 0
  wanted=$(missing_of "$@")
  [ -n "$wanted" ] || return 0
  if ! have apt-get; then
    die "not found: $wanted. These are Debian's package names; install the same with this system's" \
      "package manager and run again (TESSERA_NO_INSTALL=1 skips this check)."
  fi
  say "installing $wanted"
  as_root apt-get update -q || die "apt-get update failed"
  # shellcheck disable=SC2086
  apt_install $wanted || die "could not install $wanted"
  # They make later builds faster and nothing depends on them.
  # shellcheck disable=SC2046
  extra=$(missing_of ccache mold)
  # shellcheck disable=SC2086
  [ -z "$extra" ] || apt_install $extra || say "going on without $extra"
  wanted=$(missing_of "$@")
  [ -z "$wanted" ] || die "installed, but still not found: $wanted"
}

jobs() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }

# configure BUILD_DIR CMAKE_OPTION...: from the repository's root, the current folder.
configure() {
  build_dir=$1
  shift
  cache=$build_dir/CMakeCache.txt
  # A clone that was copied or moved brings a build folder that belongs to the old place.
  if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$(pwd -P)" "$cache"; then
    say "$build_dir belongs to another folder: made anew"
    rm -rf "$build_dir"
  fi
  if [ ! -f "$cache" ] && have ninja; then set -- -G Ninja "$@"; fi
  cmake -S "$(pwd -P)" -B "$(pwd -P)/$build_dir" "$@"
}

build() {
  build_dir=$1
  shift
  cmake --build "$build_dir" --parallel "$(jobs)" "$@"
}
