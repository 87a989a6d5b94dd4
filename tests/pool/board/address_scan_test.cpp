#include <tessera/pool/board/address_scan.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <string_view>
#include <type_traits>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;

namespace {

double a_global = 2.5;
double doubled(double x) { return 2 * x; }

/// True if a kernel's start is refused since it holds an address of this process.
template <class K>
bool refused(const K& kernel) {
  auto array = SharedArray<double, 1>::create({4});
  auto pool = TiledPool::in_caller();
  try {
    pool.map({2}, kernel, into(array));
  } catch (const tessera::Error& error) {
    REQUIRE(error.errc() == Errc::captured_address);
    REQUIRE(has(error.what(), "capture by value"));
    return true;
  }
  return false;
}

struct Holder {
  double value = 1;
  auto kernel() {
    return [this](auto v) { v = value; };
  }
};

struct Padded {
  char letter;
  alignas(16) double value;
};
struct SetsToPadded {
  Padded held;
  void operator()(auto& v) const { v = held.value; }
};

}  // namespace

TEST_CASE("a captured reference is refused") {
  Far<double> number(1);
  double& local = *number;
  REQUIRE(refused([&](auto v) { v = local; }));
  REQUIRE(refused([&local](auto v) { v = local; }));
  int other = 2;
  REQUIRE(refused([&](auto v) { v = local + other; }));
}

TEST_CASE("a captured pointer is refused") {
  Far<double> number(1);
  REQUIRE(refused([p = &*number](auto v) { v = *p; }));
  REQUIRE(refused([n = 1, p = &*number](auto v) { v = *p + n; }));
}

#if defined(TESSERA_POSIX)  // Wine has mappings below 2^32
TEST_CASE("a pointer into a shared array is refused") {
  auto table = SharedArray<double, 1>::create({100});
  REQUIRE(refused([p = table.data()](auto v) { v = p[3]; }));
}
#endif

TEST_CASE("a captured this is refused") {
  Far<Holder> holder;
  REQUIRE(refused((*holder).kernel()));
}

TEST_CASE("a captured span and a captured string_view of local memory are refused") {
  Far<std::array<double, 10>> table;
  Far<std::array<char, 10>> text;
  REQUIRE(refused([s = std::span(*table)](auto v) { v = s[0]; }));
  REQUIRE(refused(
      [s = std::string_view((*text).data(), 10)](auto v) { v = static_cast<double>(s.size()); }));
}

TEST_CASE("globals, literals and functions may be named and captured") {
  REQUIRE_FALSE(refused([](auto v) { v = a_global; }));
  REQUIRE_FALSE(refused([p = &a_global](auto v) { v = *p; }));
  REQUIRE_FALSE(
      refused([s = std::string_view("a literal")](auto v) { v = static_cast<double>(s.size()); }));
  REQUIRE_FALSE(refused([f = &doubled](auto v) { v = f(2); }));
}

TEST_CASE("captured integers and doubles are not taken for addresses") {
  auto array = SharedArray<double, 1>::create({1});
  auto pool = TiledPool::in_caller();
  std::mt19937_64 random(11);
  for (int round = 0; round < 3000; ++round) {
    const double real = std::uniform_real_distribution<double>(-1e300, 1e300)(random);
    const double small = std::uniform_real_distribution<double>(-1, 1)(random);
    const auto count = random() % 1000000000000;
    const auto id = static_cast<int>(random());
    pool.map(
        {1}, [=](auto v) { v = real + small + static_cast<double>(count) + id; }, into(array));
    REQUIRE(array(0) == real + small + static_cast<double>(count) + id);
  }
}

TEST_CASE("padding of a captured struct is not searched for addresses") {
  // Meant for compilers that can clear padding; others may find what stood there before.
#if defined(__GNUC__) && !defined(__clang__)
  const auto heap = std::make_unique<double>(1);
  alignas(Padded) std::array<std::byte, sizeof(Padded)> dirty;
  const auto address = reinterpret_cast<std::uintptr_t>(heap.get());
  for (std::size_t at = 0; at + sizeof address <= dirty.size(); at += sizeof address)
    std::memcpy(dirty.data() + at, &address, sizeof address);
  auto* const padded = new (dirty.data()) Padded;
  padded->letter = 'x';
  padded->value = 3;
  SetsToPadded kernel;
  std::memcpy(static_cast<void*>(&kernel), dirty.data(), dirty.size());
  REQUIRE_FALSE(refused(kernel));
#endif
}

TEST_CASE("padding behind the last capture is not searched for addresses") {
  const auto heap = std::make_unique<double>(1);
  const auto address = reinterpret_cast<std::uintptr_t>(heap.get());
  const auto kernel = [number = std::int64_t{7}, letter = 'x'](auto v) {
    v = static_cast<double>(number) + letter;
  };
  using Kernel = std::decay_t<decltype(kernel)>;
  alignas(Kernel) std::array<std::byte, sizeof(Kernel)> dirty;
  std::memcpy(dirty.data(), static_cast<const void*>(&kernel), sizeof kernel);
  std::memcpy(dirty.data() + 9, reinterpret_cast<const char*>(&address) + 1, 7);
  REQUIRE_FALSE(refused(*std::launder(reinterpret_cast<const Kernel*>(dirty.data()))));
}

TEST_CASE("a kernel with allow_addresses is not searched") {
  double local = 1;
  REQUIRE_FALSE(refused(tessera::allow_addresses([&local](auto v) { v = local; })));
  auto array = SharedArray<double, 1>::create({4});
  auto pool = TiledPool::in_caller();
  pool.transform(array, tessera::allow_addresses([&local](double x) { return x + local; }), array);
  REQUIRE(array(3) == 1);
}

TEST_CASE("a function of transform that captures a reference is refused") {
  auto array = SharedArray<double, 1>::create({4});
  auto pool = TiledPool::in_caller();
  Far<double> number(1);
  double& local = *number;
  const auto error = error_of([&] {
    pool.transform(
        array, [&](double x) { return x + local; }, array);
  });
  REQUIRE(error.errc() == Errc::captured_address);
}

TEST_CASE("a result with an address of its worker among its values is no result") {
  const bool processes = GENERATE(false, true);
  auto pool = processes ? TiledPool(2) : TiledPool::in_caller();
  auto array = SharedArray<double, 1>::create({8});
  struct Best {
    double value;
    const double* at;
  };
  const auto error = error_of([&] {
    pool.map(
        {2},
        [](const auto& x) {
          return Best{x(1), x.row().data() + 1};
        },
        array);
  });
  CHECK(error.errc() == Errc::kernel_failed);
  CHECK(has(error.what(), "its result holds an address"));
  const auto results = pool.map(
      {2},
      [](const auto& x) {
        return Best{x(1), nullptr};
      },
      array);
  CHECK(results(3).value == 0);
  const auto numbers = pool.map(
      {2},
      [](const auto&) {
        return std::array<std::size_t, 2>{1u << 22, 1u << 30};
      },
      array);
  CHECK(numbers(0)[1] == 1u << 30);
}

TEST_CASE("an address is found at the byte where it stands, and a number nowhere") {
  struct Pair {
    std::uint64_t number;
    const void* address;
  };
  Far<int> target(1);
  CHECK(tessera::detail::find_address(Pair{7, &*target}) == std::size_t{8});
  CHECK_FALSE(tessera::detail::find_address(Pair{7, nullptr}));
}

TEST_CASE("what is empty, or too small for an address, is not searched") {
  struct Empty {};
  CHECK(tessera::detail::searched_bytes<Empty>() == 0);
  CHECK(tessera::detail::searched_bytes<char>() == 0);
  CHECK(tessera::detail::searched_bytes<std::array<char, 7>>() == 0);
}
