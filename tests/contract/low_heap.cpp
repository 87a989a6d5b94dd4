// For a program whose heap lies low, as in one that is no PIE: addresses in it are refused in
// kernels all the same, and numbers are not taken for them.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <tessera.hpp>

using namespace tessera;

namespace {

int wrong = 0;
double a_global = 2.5;

template <class K>
void expect(bool refused, const K& kernel, const char* what) {
  auto array = SharedArray<double, 1>::create({4});
  auto pool = TiledPool::in_caller();
  bool was = false;
  try {
    pool.map({2}, kernel, into(array));
  } catch (const Error& error) {
    was = error.errc() == Errc::captured_address;
  }
  if (was == refused) return;
  ++wrong;
  std::printf("%s: %s\n", what, was ? "refused" : "not refused");
}

struct Model {
  double values[3] = {1, 2, 3};
  auto kernel() {
    return [this](auto v) { v = values[1]; };
  }
};

}  // namespace

int main() {
  const std::vector<double> heap(100, 2.5);
  const auto low = reinterpret_cast<std::uintptr_t>(heap.data());
  if (low >= std::uintptr_t{1} << 44) {
    std::printf("the heap does not lie low here\n");
    return 1;
  }
  const auto model = std::make_unique<Model>();
  const double& inside = heap[7];
  expect(
      true, [p = heap.data()](auto v) { v = *p; }, "a pointer");
  expect(
      true, [n = 2, p = &inside](auto v) { v = *p + n; }, "a pointer behind a number");
  expect(
      true, [&inside](auto v) { v = inside; }, "a reference");
  expect(
      true, [s = std::span(heap)](auto v) { v = s[1]; }, "a span");
  expect(
      true, [at = heap.begin()](auto v) { v = *at; }, "an iterator");
  expect(true, model->kernel(), "this");

  // Numbers, the worst of them: those that would be addresses in the heap.
  const auto number = static_cast<std::size_t>(low);
  const double real = 1e9;
  expect(
      false, [number](auto v) { v = static_cast<double>(number); }, "a number");
  expect(
      false, [number, real](auto v) { v = static_cast<double>(number) + real; },
      "a number beside a double");
  for (std::size_t n = 1; n < 1000000000; n = n * 3 + 1)
    expect(
        false, [n](auto v) { v = static_cast<double>(n); }, "a count");
  expect(
      false, [p = &a_global](auto v) { v = *p; }, "a pointer to a global");
  expect(
      false, [s = std::string_view("a literal")](auto v) { v = static_cast<double>(s.size()); },
      "a literal");

  // And a worker computes with what it is given.
  auto array = SharedArray<double, 1>::create({8});
  TiledPool pool(2);
  pool.map(
      {2}, [number](auto v) { v = static_cast<double>(number); }, into(array));
  if (array(7) != static_cast<double>(number)) ++wrong;
  return wrong;
}
