#include <tessera/host/credentials.hpp>

#if defined(TESSERA_POSIX)  // on Windows a process keeps its user

#include <unistd.h>

#include <chrono>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a process that keeps its user and groups has not changed them") {
  host::CredentialWatch watch;
  const auto now = host::CredentialWatch::Clock::now();
  CHECK_FALSE(watch.changed());
  watch.job_ended(now);
  CHECK_FALSE(watch.changed_by(now + std::chrono::hours(1)));
}

TEST_CASE("a process that changes its user has changed it, and both are told in words") {
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_in_child([] {
          host::CredentialWatch watch;
          must(::setresuid(54321, 54321, 0) == 0, "another user can be become");
          must(watch.changed(), "that is seen");
          must(watch.changed_by(host::CredentialWatch::Clock::now() + std::chrono::hours(1)),
               "and before a job after a pause");
          must(has(watch.describe(), "user 0, ") && has(watch.describe(), "user 54321, "),
               watch.describe());
        }) == "");
}

#endif
