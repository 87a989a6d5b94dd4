#include <cstddef>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include <tessera/host/vectorized.hpp>

#include "support/catch.hpp"

using tessera::host::run_vectorized;

TEST_CASE("a loop that may run with AVX2 runs once, whatever the processor has") {
  std::vector<int> counts(1000);
  run_vectorized([&] {
    for (auto& count : counts) ++count;
  });
  CHECK(counts == std::vector<int>(1000, 1));
}

TEST_CASE("what such a loop throws comes out") {
  CHECK_THROWS_AS(run_vectorized([] { throw std::runtime_error("from the loop"); }),
                  std::runtime_error);
}

// The compiler must not inline all of it, twice: it would take minutes.
TEST_CASE("a loop that calls much code is compiled as any other") {
  const std::regex three("3+");
  int found = 0;
  run_vectorized([&] {
    for (int k = 0; k < 100; ++k) found += std::regex_search(std::to_string(k), three) ? 1 : 0;
  });
  CHECK(found == 19);
}

#if defined(TESSERA_AVX2_TOO)
namespace {
/// No compiler inlines all of it.
std::size_t steps_to_one(std::size_t n) {
  return n == 1 ? 0 : 1 + steps_to_one(n % 2 == 0 ? n / 2 : 3 * n + 1);
}
}  // namespace

TEST_CASE("such a loop may call functions that are not inlined") {
  std::vector<std::size_t> steps(30);
  run_vectorized([&] {
    for (std::size_t k = 0; k < steps.size(); ++k) steps[k] = steps_to_one(k + 1);
  });
  CHECK(steps[26] == 111);
  CHECK(steps[0] == 0);
}

TEST_CASE("AVX2 is used if the processor has it, and can be switched off") {
  auto& uses = tessera::host::uses_avx2();
  CHECK(uses == (__builtin_cpu_supports("avx2") != 0));
  const bool before = uses;
  uses = false;
  int calls = 0;
  run_vectorized([&] { ++calls; });
  uses = before;
  CHECK(calls == 1);
}
#endif
