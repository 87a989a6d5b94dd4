#include <tessera/base/address_types.hpp>

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using tessera::detail::holds_no_address;
using tessera::detail::made_of_addresses;

namespace {

struct Counts {
  double sum = 0;
  std::array<std::int64_t, 5> bins{};
  bool any = false;
  float parts[3]{};
};
struct Inner {
  Counts counts;
  std::complex<float> phase;
};
struct Derived : Counts {
  int more;
};
struct Named {
  double value;
  const char* name;
};
struct Single {
  const char* text;
};
struct Several {
  const char* first;
  std::string_view second;
  int* third[2];
  Single fourth;
};
struct Heir : Single {
  std::span<const double> values;
};
struct Nothing {};
class Hidden {
 public:
  explicit Hidden(int* to) : to_(to) {}
  int* to() const { return to_; }

 private:
  int* to_;
};

template <class T>
constexpr bool free_of_addresses(const T&) {
  return holds_no_address<T>;
}

}  // namespace

TEST_CASE("numbers and what is made of them hold no address") {
  STATIC_REQUIRE(holds_no_address<int>);
  STATIC_REQUIRE(holds_no_address<double>);
  STATIC_REQUIRE(holds_no_address<bool>);
  STATIC_REQUIRE(holds_no_address<std::byte>);
  STATIC_REQUIRE(holds_no_address<Counts>);
  STATIC_REQUIRE(holds_no_address<Derived>);
  STATIC_REQUIRE(holds_no_address<Nothing>);
  STATIC_REQUIRE(holds_no_address<std::array<Counts, 3>>);
  STATIC_REQUIRE(holds_no_address<std::optional<double>>);
  STATIC_REQUIRE(holds_no_address<std::variant<int, double>>);
#if !defined(__clang__) || __clang_major__ > 14  // no constants of complex numbers from bytes
  STATIC_REQUIRE(holds_no_address<Inner>);
#endif
}

TEST_CASE("what has a pointer or a reference anywhere is not said to hold no address") {
  STATIC_REQUIRE_FALSE(holds_no_address<int*>);
  STATIC_REQUIRE_FALSE(holds_no_address<Named>);
  STATIC_REQUIRE_FALSE(holds_no_address<Several>);
  STATIC_REQUIRE_FALSE(holds_no_address<Hidden>);
  STATIC_REQUIRE_FALSE(holds_no_address<std::string_view>);
  STATIC_REQUIRE_FALSE(holds_no_address<std::span<int>>);
  STATIC_REQUIRE_FALSE(holds_no_address<std::reference_wrapper<int>>);
  STATIC_REQUIRE_FALSE(holds_no_address<std::optional<int*>>);
  STATIC_REQUIRE_FALSE(holds_no_address<std::string>);
}

TEST_CASE("closures are seen through: captured values hold no address, captured references do") {
  const double real = 1;
  const std::size_t count = 2;
  const bool flag = true;
  const Counts counts{};
  double* pointer = nullptr;
  double target = 1;
  CHECK(free_of_addresses([] { return 1; }));
  CHECK(free_of_addresses([=] { return real + static_cast<double>(count) + flag; }));
  CHECK(free_of_addresses([counts] { return counts.sum; }));
  CHECK_FALSE(free_of_addresses([&] { return target; }));
  CHECK_FALSE(free_of_addresses([&target, pointer] { return target + *pointer; }));
  CHECK_FALSE(free_of_addresses([pointer] { return pointer; }));
  CHECK_FALSE(free_of_addresses([text = std::string_view("a literal")] { return text; }));
}

TEST_CASE("what is made of addresses alone is known by its type") {
  STATIC_REQUIRE(made_of_addresses<int*>);
  STATIC_REQUIRE(made_of_addresses<const char*>);
  STATIC_REQUIRE(made_of_addresses<void (*)()>);
  STATIC_REQUIRE(made_of_addresses<std::string_view>);
  STATIC_REQUIRE(made_of_addresses<std::span<double>>);
  STATIC_REQUIRE(made_of_addresses<std::span<double, 3>>);
  STATIC_REQUIRE(made_of_addresses<std::reference_wrapper<int>>);
  STATIC_REQUIRE(made_of_addresses<std::vector<double>::iterator>);
  STATIC_REQUIRE(made_of_addresses<Single>);
  STATIC_REQUIRE(made_of_addresses<Several>);
  STATIC_REQUIRE(made_of_addresses<Heir>);
  STATIC_REQUIRE(made_of_addresses<std::array<const char*, 3>>);
  STATIC_REQUIRE(made_of_addresses<std::array<Several, 2>>);
  STATIC_REQUIRE(made_of_addresses<std::optional<std::string_view>>);
  STATIC_REQUIRE(made_of_addresses<std::pair<const char*, int*>>);
  STATIC_REQUIRE(made_of_addresses<std::tuple<int*, std::string_view>>);
  STATIC_REQUIRE(made_of_addresses<std::variant<int*, char*>>);
}

TEST_CASE("values are not taken for addresses, nor what has values besides") {
  STATIC_REQUIRE_FALSE(made_of_addresses<int>);
  STATIC_REQUIRE_FALSE(made_of_addresses<Counts>);
  STATIC_REQUIRE_FALSE(made_of_addresses<Inner>);
  STATIC_REQUIRE_FALSE(made_of_addresses<Derived>);
  STATIC_REQUIRE_FALSE(made_of_addresses<Nothing>);
  STATIC_REQUIRE_FALSE(made_of_addresses<Named>);
  STATIC_REQUIRE_FALSE(made_of_addresses<std::optional<int>>);
  STATIC_REQUIRE_FALSE(made_of_addresses<std::array<double, 4>>);
  STATIC_REQUIRE_FALSE(made_of_addresses<std::pair<int, const char*>>);
  STATIC_REQUIRE_FALSE(made_of_addresses<std::variant<int, double*>>);
  STATIC_REQUIRE_FALSE(made_of_addresses<int Counts::*>);
  STATIC_REQUIRE_FALSE(made_of_addresses<std::complex<double>>);
}
