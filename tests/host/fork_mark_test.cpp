#include <tessera/host/fork_mark.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)

#include <sys/syscall.h>

using namespace tessera_test;
using tessera::host::ForkMark;

TEST_CASE("a process is told from its copies, whatever call made them") {
  const ForkMark mark("test");
  REQUIRE_FALSE(mark.copied());
  CHECK(failure_in_child([&] {
          must(mark.copied(), "a forked child is a copy");
          const ForkMark own("test");
          must(!own.copied(), "but not of itself");
          must(failure_in_child(
                   [&] { must(mark.copied() && own.copied(), "its child is one of both"); }) == "",
               "a copy's copy");
        }) == "");
  const auto pid = static_cast<::pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) ::_exit(mark.copied() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
  CHECK_FALSE(mark.copied());
}

#endif
