// A folder of segments as small as a container's, filled to its end again and again: every refusal
// is an Error, no process dies of SIGBUS, pools go on, and nothing is left.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"
#include "support/soak.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

/// Arrays of random sizes are made and dropped in a folder that is nearly always full, and jobs run
/// on them.
class FullFolder {
 public:
  explicit FullFolder(unsigned seed) : random_(seed) {}

  std::size_t refused = 0, jobs = 0, jobs_refused = 0;

  void round(TiledPool& pool) {
    const auto bytes = std::uniform_int_distribution<std::size_t>(1, 40 * MiB)(random_);
    try {
      arrays_.push_back(SharedArray<unsigned char, 1>::create({bytes}));
    } catch (const tessera::Error& error) {
      must(error.errc() == Errc::no_space, error.what());
      ++refused;
      arrays_.erase(arrays_.begin() + static_cast<std::ptrdiff_t>(random_() % arrays_.size()));
    }
    if (arrays_.empty()) return;
    // A result of some size, so that the pool's own memory has to grow in the full folder.
    auto& array = arrays_[random_() % arrays_.size()];
    const auto value = static_cast<unsigned char>(random_());
    using Large = std::array<unsigned char, 4096>;
    try {
      const auto told = pool.map(
          {std::size_t{4096}},
          [value](auto v) {
            v = value;
            Large out{};
            out[0] = value;
            return out;
          },
          into(array));
      for (const auto& one : told) must(one[0] == value, "the results are right");
      must(array(0) == value && array(array.size() - 1) == value, "the elements are right");
      ++jobs;
    } catch (const tessera::Error& error) {
      must(error.errc() == Errc::no_space, error.what());
      ++jobs_refused;
    }
  }

 private:
  std::minstd_rand random_;
  std::vector<SharedArray<unsigned char, 1>> arrays_;
};

}  // namespace

TEST_CASE("a full folder of 64 MiB refuses with an Error, and its pools go on") {
  const Scene scene;
  CHECK(failure_in_private_shm(64 * MiB, [] {
          TiledPool pool(2);
          const auto processes = processes_of(pool);
          FullFolder folder(7);
          for (int round = 0; round < 16; ++round) folder.round(pool);
          must(folder.refused > 0 && folder.jobs > 0, "some are refused, and some jobs run");
          must(processes_of(pool) == processes, "no worker died");
        }) == "");
}

TEST_CASE("soak: a folder of 64 MiB that is always full", "[.soak]") {
  const auto end = Clock::now() + soak_span();
  const auto seed = soak_seed();
  CHECK(failure_in_private_shm(64 * MiB, [&] {
          std::size_t pools = 0;
          FullFolder folder(seed);
          while (Clock::now() < end) {
            TiledPool pool(2);
            for (int round = 0; round < 500 && Clock::now() < end; ++round) folder.round(pool);
            ++pools;
          }
          std::printf(
              "full folder: %zu arrays refused, %zu jobs run, %zu jobs refused, %zu pools: no "
              "SIGBUS, nothing left\n",
              folder.refused, folder.jobs, folder.jobs_refused, pools);
          std::fflush(stdout);
        }) == "");
}
