// Memory that a thread keeps.
#include <tessera/host/arena.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <thread>

#include "support/catch.hpp"

using tessera::host::Arena;

namespace {

/// In a thread of its own, whose arena is new.
template <class Body>
void in_a_thread(Body&& body) {
  std::thread(body).join();
}

}  // namespace

TEST_CASE("pieces of an arena are aligned and do not overlap") {
  in_a_thread([] {
    const Arena::Scope scope;
    auto& arena = Arena::of_thread();
    std::byte* pieces[40];
    bool aligned = true, whole = true;
    for (std::size_t k = 0; k < 40; ++k) {
      pieces[k] = static_cast<std::byte*>(arena.allocate(10 + 37 * k));
      aligned = aligned && reinterpret_cast<std::uintptr_t>(pieces[k]) % 64 == 0;
      std::memset(pieces[k], static_cast<int>(k), 10 + 37 * k);
    }
    for (std::size_t k = 0; k < 40; ++k)
      for (std::size_t i = 0; i < 10 + 37 * k; ++i)
        whole = whole && pieces[k][i] == static_cast<std::byte>(k);
    CHECK(aligned);
    CHECK(whole);
  });
}

TEST_CASE("who does the same again gets the same memory, and nothing is allocated") {
  in_a_thread([] {
    auto& arena = Arena::of_thread();
    const auto use = [&](std::size_t pieces) {
      const Arena::Scope scope;
      void* first = nullptr;
      for (std::size_t k = 0; k < pieces; ++k) {
        auto* const here = arena.allocate(1000);
        if (k == 0) first = here;
      }
      return first;
    };
    use(3);
    use(50);  // more than there is
    const auto capacity = arena.capacity();
    const auto* const first = use(50);
    CHECK(use(50) == first);
    CHECK(use(3) == first);
    CHECK(arena.capacity() == capacity);
  });
}

TEST_CASE("an inner scope takes back its own only") {
  in_a_thread([] {
    auto& arena = Arena::of_thread();
    {
      const Arena::Scope before;
      arena.allocate(10000);
    }
    const Arena::Scope outer;
    auto* const mine = static_cast<std::byte*>(arena.allocate(100));
    std::memset(mine, 7, 100);
    void* inside = nullptr;
    {
      const Arena::Scope inner;
      inside = arena.allocate(100);
      std::memset(arena.allocate(100000), 8, 100000);  // in a block of its own
    }
    CHECK(arena.allocate(100) == inside);
    bool whole = true;
    for (std::size_t i = 0; i < 100; ++i) whole = whole && mine[i] == std::byte{7};
    CHECK(whole);
  });
}

TEST_CASE("a copy of a scope takes back nothing") {
  in_a_thread([] {
    auto& arena = Arena::of_thread();
    const Arena::Scope scope;
    const auto* const first = arena.allocate(64);
    { const auto copy = scope; }
    CHECK(arena.allocate(64) != first);
  });
}

TEST_CASE("threads have arenas of their own") {
  const Arena* other = nullptr;
  in_a_thread([&] { other = &Arena::of_thread(); });
  CHECK(other != &Arena::of_thread());
}

TEST_CASE("a request that no memory can serve is std::bad_alloc") {
  in_a_thread([] {
    const Arena::Scope scope;
    bool refused = false;
    try {
      Arena::of_thread().allocate((std::numeric_limits<std::size_t>::max)() - 10);
    } catch (const std::bad_alloc&) {
      refused = true;
    }
    CHECK(refused);
    CHECK(Arena::of_thread().allocate(10) != nullptr);
  });
}
