// What the programs of this bench have in common: the command line and the clock. No library.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

struct Options {
  std::array<std::size_t, 3> shape{365, 16, 16};
  std::array<std::size_t, 2> tile{4, 4};
  std::size_t workers = 10;
  bool transform = false;
};

[[noreturn]] inline void usage() {
  std::fputs(
      "usage: [--shape 365x16x16] [--tile 4x4] [--workers 10] [--mode map|transform]\n"
      "(bare_job has one mode only)\n",
      stderr);
  std::exit(2);
}

template <std::size_t N>
std::array<std::size_t, N> extents(const char* text) {
  std::array<std::size_t, N> result{};
  for (std::size_t axis = 0; axis < N; ++axis) {
    char* end = nullptr;
    result[axis] = std::strtoull(text, &end, 10);
    if (end == text || result[axis] == 0 || *end != (axis + 1 == N ? '\0' : 'x')) usage();
    text = end + 1;
  }
  return result;
}

inline Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) usage();
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--shape") {
      options.shape = extents<3>(argv[i + 1]);
    } else if (name == "--tile") {
      options.tile = extents<2>(argv[i + 1]);
    } else if (name == "--workers") {
      options.workers = extents<1>(argv[i + 1])[0];
    } else if (name == "--mode" && (value == "map" || value == "transform")) {
      options.transform = value == "transform";
    } else {
      usage();
    }
  }
  return options;
}

}  // namespace bench
