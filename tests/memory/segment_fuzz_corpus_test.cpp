// What the fuzzers have found worth keeping, replayed.
#include <fstream>
#include <sstream>
#include <string>

#include "fuzz/bodies.hpp"
#include "support/catch.hpp"

using namespace tessera_test;

namespace {

std::string bytes_of_hex(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return out;
}

}  // namespace

TEST_CASE("whatever bytes the fuzzers have found are refused or consistent") {
  std::ifstream corpus(TESSERA_TEST_DIR "/fuzz/corpus.txt");
  SegmentFuzz segment;
  std::size_t headers = 0, blocks = 0, segments = 0;
  for (std::string line, target, hex; std::getline(corpus, line);) {
    std::istringstream words(line);
    hex.clear();
    words >> target >> hex;
    const auto bytes = bytes_of_hex(hex);
    std::string complaint = "an unknown target";
    if (target == "header") complaint = fuzz_header(bytes), ++headers;
    if (target == "control_block") complaint = fuzz_control_block(bytes), ++blocks;
    if (target == "segment") complaint = segment(bytes), ++segments;
    if (!complaint.empty()) FAIL(complaint << ": " << line);
  }
  REQUIRE((headers > 50 && blocks > 5 && segments > 50));
}
