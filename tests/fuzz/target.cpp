// One fuzzer of libFuzzer; TESSERA_FUZZ says of what: header, control_block or segment.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/bodies.hpp"

namespace {

using namespace tessera_test;

[[maybe_unused]] std::string header(std::string_view bytes) { return fuzz_header(bytes); }
[[maybe_unused]] std::string control_block(std::string_view bytes) {
  return fuzz_control_block(bytes);
}
[[maybe_unused]] std::string segment(std::string_view bytes) {
  static SegmentFuzz fuzz;
  return fuzz(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto complaint = TESSERA_FUZZ({reinterpret_cast<const char*>(data), size});
  if (complaint.empty()) return 0;
  std::fprintf(stderr, "%s\n", complaint.c_str());
  std::abort();
}
