// What tests of jobs share.
#pragma once

#include <stdexcept>
#include <utility>

#include <tessera/pool/job_error.hpp>

namespace tessera_test {

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
