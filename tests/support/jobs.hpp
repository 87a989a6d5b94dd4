// What tests of asynchronous jobs share: a job that runs until the test lets it go on.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#include <tessera.hpp>

#include "support/scene.hpp"

namespace tessera_test {

/// An int in shared memory that another process, or thread, may be looking at.
inline std::atomic_ref<int> shared(const int& element) {
  return std::atomic_ref<int>(const_cast<int&>(element));
}

/// A job of `tiles` tiles, each of which says that it has begun and then waits for the gate.
class GatedJob {
 public:
  explicit GatedJob(tessera::TiledPool& pool, std::size_t tiles = 1,
                    const tessera::JobOptions& options = {})
      : gate_(tessera::SharedArray<int, 1>::create({1})),
        begun_(tessera::SharedArray<int, 1>::create({tiles})),
        done_(tessera::SharedArray<int, 1>::create({tiles})),
        job_(pool.map_async({1}, options, kernel, tessera::into(begun_), tessera::into(done_),
                            tessera::whole(gate_))) {}

  tessera::Job<xt::xtensor<int, 1>>& job() { return job_; }
  bool begun(std::size_t tile = 0) const { return shared(begun_(tile)).load() != 0; }
  bool wait_begun(std::size_t tile = 0) const {
    return wait_until([&] { return begun(tile); });
  }
  bool done(std::size_t tile = 0) const { return shared(done_(tile)).load() != 0; }
  void open() const { shared(gate_(0)).store(1); }
  const std::string& name() const { return begun_.name(); }
  /// The arrays end; the job goes on. Nothing but job() may be used afterwards.
  void drop_arrays() {
    begun_ = tessera::SharedArray<int, 1>();
    done_ = tessera::SharedArray<int, 1>();
  }

 private:
  // Asks neither for a stop nor for the time: it ends when the gate is open or the pool kills it.
  static constexpr auto kernel = [](const tessera::Tile<1>& tile, auto begun, auto done,
                                    auto gate) {
    shared(begun(0)).store(1);
    while (shared(gate(0)).load() == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    shared(done(0)).store(1);
    return static_cast<int>(tile.number()) + 1;
  };

  tessera::SharedArray<int, 1> gate_, begun_, done_;
  tessera::Job<xt::xtensor<int, 1>> job_;
};

}  // namespace tessera_test
