// Makes the arrays that ours and a peer work on in turn, says "ready", and holds them until its
// input ends: the same memory for both.
//   hold PREFIX DEPTH HEIGHT WIDTH NAME...     doubles: `out` is zero, every other name random
#include <iostream>
#include <random>

#include "bench.hpp"

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  bench::Shape shape{};
  for (std::size_t d = 0; d < 3; ++d) shape[d] = std::strtoull(argv[2 + d], nullptr, 10);
  std::mt19937_64 random(1);
  std::vector<std::shared_ptr<tessera::Segment>> held;
  for (int i = 5; i < argc; ++i) {
    const std::string name = argv[i];
    held.push_back(tessera::Segment::create(tessera::SegmentName(argv[1] + ("-" + name)),
                                            tessera::dtype_of<double>(), shape,
                                            tessera::Permission::owner));
    if (name == "out") continue;
    double* const values = bench::elements(*held.back());
    for (std::size_t k = 0; k < shape[0] * shape[1] * shape[2]; ++k)
      values[k] = static_cast<double>(random() >> 11) * 0x1p-53;
  }
  std::cout << "ready" << std::endl;
  std::cin.get();
}
