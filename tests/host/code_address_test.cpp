#include <tessera/host/code_address.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <dlfcn.h>
#include <gnu/libc-version.h>
#endif

using tessera::host::locate;
using tessera::host::Modules;
using tessera::host::points_into_private_memory;
using tessera_test::Far;

namespace {

int answer(int x) { return x + 42; }
int a_global = 1;
const char* const a_literal = "a literal";

std::uintptr_t word(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

}  // namespace

TEST_CASE("a function is found again by its module and offset") {
  const auto code = locate(reinterpret_cast<const void*>(&answer));
  REQUIRE(code);
  using Function = int (*)(int);
  REQUIRE(reinterpret_cast<Function>(
              reinterpret_cast<std::uintptr_t>(Modules::loaded_now().resolve(*code))) == &answer);
}

#if defined(TESSERA_POSIX)  // programs here are one module
TEST_CASE("functions of different modules have different places") {
  const auto ours = locate(reinterpret_cast<const void*>(&answer));
  const auto theirs = locate(reinterpret_cast<const void*>(&::gnu_get_libc_version));
  REQUIRE(ours);
  REQUIRE(theirs);
  REQUIRE(ours->module != theirs->module);
}
#endif

TEST_CASE("what lies in no module has no place") {
  const auto heap = std::make_unique<int>(1);
  int stack = 2;
  REQUIRE_FALSE(locate(heap.get()));
  REQUIRE_FALSE(locate(&stack));
  REQUIRE_FALSE(locate(nullptr));
}

TEST_CASE("a module that is not loaded resolves to nothing") {
  REQUIRE(Modules::loaded_now().resolve({12345, 0}) == nullptr);
}

#if defined(TESSERA_POSIX)  // it always changes
TEST_CASE("the generation of modules changes when one is loaded, and only then") {
  const auto before = tessera::host::modules_generation();
  REQUIRE(tessera::host::modules_generation() == before);
  void* const library = ::dlopen("libBrokenLocale.so.1", RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  const auto loaded = tessera::host::modules_generation();
  REQUIRE(loaded != before);
  ::dlclose(library);
  REQUIRE(tessera::host::modules_generation() != loaded);
}
#endif

TEST_CASE("addresses of heap and stack look like private memory") {
  Far<std::array<double, 100000>> away;
  REQUIRE(points_into_private_memory(word((*away).data())));
  REQUIRE(points_into_private_memory(word((*away).data() + 99999)));
#if defined(TESSERA_POSIX)
  const std::vector<double> heap(100000);
  REQUIRE(points_into_private_memory(word(heap.data())));
  REQUIRE(points_into_private_memory(word(heap.data() + 99999)));
#endif
}

TEST_CASE("addresses of globals, literals and functions do not look like private memory") {
  REQUIRE_FALSE(points_into_private_memory(word(&a_global)));
  REQUIRE_FALSE(points_into_private_memory(word(a_literal)));
  REQUIRE_FALSE(points_into_private_memory(word(reinterpret_cast<const void*>(&answer))));
  REQUIRE_FALSE(points_into_private_memory(word(reinterpret_cast<const void*>(&std::fputs))));
}

TEST_CASE("numbers that programs compute with do not look like private memory") {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> real(-1e6, 1e6);
  for (int i = 0; i < 100000; ++i) {
    const double value = real(random);
    std::uintptr_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    REQUIRE_FALSE(points_into_private_memory(bits));
    REQUIRE_FALSE(points_into_private_memory(random() >> 20));
  }
  for (const auto value : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63})
    REQUIRE_FALSE(points_into_private_memory(value));
}
