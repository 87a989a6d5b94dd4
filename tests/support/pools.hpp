// What tests of jobs share.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <utility>

#include <tessera/pool/report.hpp>
#include <tessera/pool/tiled_pool.hpp>

#include "support/catch.hpp"

namespace tessera_test {

/// The test runs twice: with worker processes, and without any.
inline tessera::TiledPool some_pool(std::size_t workers = 3) {
  return GENERATE(false, true) ? tessera::TiledPool(workers) : tessera::TiledPool::in_caller();
}

/// A kernel.
inline const auto add_one = [](auto v) { v += 1; };

/// The JobError that a call throws; anything else fails the test.
template <class Call>
tessera::JobError job_error_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const tessera::JobError& error) {
    return error;
  }
  throw std::runtime_error("no JobError was thrown");
}

}  // namespace tessera_test
