#include <tessera/host/respawn.hpp>
#include <tessera/pool/keeper/spawn.hpp>
#include <tessera/pool/run_as_worker.hpp>

#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <unistd.h>
#endif

using namespace tessera_test;
using tessera::Errc;
using tessera::run_as_worker;
using tessera::detail::caller_of;

#if defined(TESSERA_POSIX)  // execv
TEST_CASE("the argument of keepers without a pool that gave it is an Error") {
  const auto end_with = [](std::vector<const char*> words) {
    Child program([&] {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, 2);
      ::close(tessera::host::first_inherited);
      std::vector<char*> all;
      for (const char* word : words) all.push_back(const_cast<char*>(word));
      all.push_back(nullptr);
      ::execv("/proc/self/exe", all.data());
    });
    return program.failure();
  };
  for (const std::vector<const char*>& words : {std::vector<const char*>{},
                                                {"1,2,3,4,0,0"},
                                                {"1,2,3,4,0,0", "3,4"},
                                                {"1,2,3,99999999,0,0", "0,1"},
                                                {"1", "3,4"},
                                                {"", ""},
                                                {"1,,2", "3,4"},
                                                {"x", "99999999999999999999,4"}}) {
    std::vector<const char*> all{"program", "--tessera-keeper"};
    all.insert(all.end(), words.begin(), words.end());
    CHECK(end_with(all) == "exit status 70");
  }
}
#endif

TEST_CASE("a program that no pool has started goes on") {
  std::vector<std::vector<const char*>> calls{
      {}, {"program"}, {"program", "--help"}, {"program", "x", "--tessera-keeper"}};
  for (auto& words : calls) {
    const auto count = static_cast<int>(words.size());
    words.push_back(nullptr);
    CHECK_FALSE(run_as_worker(count, const_cast<char**>(words.data())));
  }
}

TEST_CASE("a program that no pool has started is refused with the reason") {
  const auto error = tessera::detail::not_started_by_a_pool("another user has started it");
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "another user has started it"));
  CHECK(has(error.what(), "--tessera-keeper"));
}

TEST_CASE("a caller is known by its number and its beginning, and another process is not it") {
  const int self = tessera::host::own_pid();
  const auto begun = tessera::host::start_time_of(self);
  const auto caller = caller_of(self, begun);
  REQUIRE(caller);
  CHECK_FALSE(caller->wait_ended(std::chrono::milliseconds(0)));
  CHECK_FALSE(caller_of(self, begun + 1));
}
