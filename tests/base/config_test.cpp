#include <tessera/base/config.hpp>

#include "support/catch.hpp"

TEST_CASE("a build is for one platform") {
#if defined(TESSERA_POSIX) && defined(TESSERA_WIN32)
  FAIL("both");
#elif defined(TESSERA_LINUX) && !defined(TESSERA_POSIX)
  FAIL("Linux, and not POSIX");
#elif !defined(TESSERA_POSIX) && !defined(TESSERA_WIN32)
  FAIL("neither");
#else
  SUCCEED();
#endif
}

TEST_CASE("what different cores write can stand on cache lines of its own") {
  struct alignas(tessera::cache_line) Line {
    char byte;
  };
  STATIC_REQUIRE(sizeof(Line) == tessera::cache_line);
  STATIC_REQUIRE((tessera::cache_line & (tessera::cache_line - 1)) == 0);
}

TEST_CASE("clearing padding leaves every member as it is") {
  struct Gap {
    char first;
    double second;
  };
  Gap gap{'x', 2.5};
  TESSERA_CLEAR_PADDING(&gap);
  CHECK((gap.first == 'x' && gap.second == 2.5));
}

TEST_CASE("fetching a cache line changes nothing, wherever it is") {
  const int number = 3;
  TESSERA_PREFETCH(&number);
  TESSERA_PREFETCH(static_cast<const int*>(nullptr));
  CHECK(number == 3);
}
