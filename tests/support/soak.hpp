// How long, and from which seed, the hidden long forms of the tests go on: for soak.sh.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace tessera_test {

inline std::chrono::seconds soak_span() {
  const char* const seconds = std::getenv("TESSERA_SOAK_SECONDS");
  return std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : 10);
}

/// Another one each time; printed.
inline unsigned soak_seed() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const auto seed = static_cast<unsigned>(now);
  std::printf("seed %u\n", seed);
  return seed;
}

}  // namespace tessera_test
