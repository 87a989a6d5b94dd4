// What the programs of the second table share: the names and shapes of the arrays, and how a
// program is told what to run. No library is used here.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// Extents: time steps, rows and columns of a field; side of an image.
struct Sizes {
  std::size_t steps = 132, rows = 292, columns = 576, side = 4096;
};

/// Calls make(name, dtype tag, extents) for every array. Inputs come first.
template <class Make>
void each_array(const Sizes& z, Make&& make) {
  const auto [T, Y, X, S] = z;
  using V = std::vector<std::size_t>;
  for (const char* name : {"x", "y", "gaps", "field"}) make(name, float{}, V{T, Y, X});
  make("steps", float{}, V{T, 1, 1});
  make("lat", float{}, V{Y, 1});
  make("map", float{}, V{Y, X});
  make("zonal", float{}, V{T, Y, 1});
  make("finer", float{}, V{T, Y * 5 / 4, X * 5 / 4});
  make("rows", float{}, V{Y * 5 / 4});
  make("columns", float{}, V{X * 5 / 4});
  make("centres", float{}, V{8, 3});
  make("series", float{}, V{T, 1, 1});
  for (const char* name : {"plate", "image"}) make(name, float{}, V{S, S});
  make("half", float{}, V{S / 2, S / 2});
  for (const char* name : {"red", "nir"}) make(name, std::uint16_t{}, V{S, S});
  for (const char* name : {"packed", "packed_out"}) make(name, std::int16_t{}, V{S, S});
  for (const char* name : {"r", "g", "b", "cells", "bytes"}) make(name, std::uint8_t{}, V{S, S});
  make("table", float{}, V{4096});
  make("counts", double{}, V{64});
}

using Jobs = std::map<std::string, std::function<void()>>;

/// Reads lines `NAME TURNS` and answers each with the seconds of its turns, or with `absent`.
inline int serve(const Jobs& jobs) {
  using Clock = std::chrono::steady_clock;
  std::cout << "ready" << std::endl;
  std::string name;
  std::size_t turns = 0;
  while (std::cin >> name >> turns) {
    const auto job = jobs.find(name);
    if (job == jobs.end()) {
      std::cout << "absent" << std::endl;
      continue;
    }
    job->second();
    for (std::size_t turn = 0; turn < turns; ++turn) {
      const auto begin = Clock::now();
      job->second();
      std::cout << std::chrono::duration<double>(Clock::now() - begin).count() << ' ';
    }
    std::cout << std::endl;
  }
  return 0;
}

/// Arguments: PREFIX WORKERS STEPS ROWS COLUMNS SIDE.
struct Arguments {
  std::string prefix;
  std::size_t workers;
  Sizes sizes;
  Arguments(int argc, char** argv) {
    if (argc != 7) std::exit(2);
    const auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
    prefix = argv[1];
    workers = number(2);
    sizes = {number(3), number(4), number(5), number(6)};
  }
};

}  // namespace bench
