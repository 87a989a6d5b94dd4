#include <tessera/host/respawn.hpp>

#if defined(TESSERA_POSIX)  // descriptors and users

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a program that nobody gave files takes none") {
  CHECK(host::take_inherited("", 1).empty());
  CHECK(host::take_inherited("x", 1).empty());
  CHECK(host::take_inherited("900", 1).empty());
  CHECK(host::take_inherited(std::to_string(host::first_inherited), 2).empty());
}

TEST_CASE("files that were given are taken by their numbers, and are not given on") {
  CHECK(failure_in_child([] {
          int ends[2];
          must(::pipe(ends) == 0, "there is a pipe");
          must(::dup2(ends[0], host::first_inherited) == host::first_inherited,
               "given as the first file");
          const auto taken = host::take_inherited(std::to_string(host::first_inherited), 1);
          must(taken.size() == 1 && taken[0].get() == host::first_inherited, "it is taken");
          must((::fcntl(taken[0].get(), F_GETFD) & FD_CLOEXEC) != 0, "it is not given on");
        }) == "");
}

TEST_CASE("a program has gained rights where its effective user is not its real one") {
  if (host::has_gained_rights()) return skip("this program has more rights than who started it");
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_in_child([] {
          must(::seteuid(54321) == 0, "the effective user changes");
          must(host::has_gained_rights(), "that is seen");
        }) == "");
}

TEST_CASE("a variable that is forgotten is in no environment") {
  CHECK(failure_in_child([] {
          ::setenv("TESSERA_TEST_VARIABLE", "1", 1);
          host::forget_variable("TESSERA_TEST_VARIABLE");
          must(std::getenv("TESSERA_TEST_VARIABLE") == nullptr, "it is gone");
        }) == "");
}

#endif
