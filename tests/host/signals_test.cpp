#include <tessera/host/signals.hpp>

#if defined(TESSERA_POSIX)  // signals

#include <signal.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a process that ignores signals ends by SIGKILL alone") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  Child process([&] {
    host::ignore_signals();
    must(::write(ends[1], "x", 1) == 1, "it is told");
    for (;;) ::pause();
  });
  char byte = 0;
  REQUIRE(::read(ends[0], &byte, 1) == 1);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGALRM})
    process.kill(number);
  CHECK(::kill(process.pid(), 0) == 0);
  process.kill(SIGKILL);
  CHECK(process.failure() == "killed by signal 9");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("signals are blocked as long as the object lives, but not those of faults") {
  const auto blocked = [](int number) {
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return ::sigismember(&now, number) == 1;
  };
  const bool before = blocked(SIGTERM);
  {
    const host::SignalsBlocked all;
    CHECK((blocked(SIGTERM) && blocked(SIGINT) && blocked(SIGUSR1)));
    CHECK_FALSE((blocked(SIGSEGV) || blocked(SIGBUS) || blocked(SIGFPE) || blocked(SIGABRT)));
  }
  CHECK(blocked(SIGTERM) == before);
}

TEST_CASE("a process in the background is not ended by its terminal's going") {
  CHECK(failure_in_child([] {
          host::ignore_terminal();
          for (const int number : {SIGHUP, SIGTTIN, SIGTTOU}) ::raise(number);
        }) == "");
}

#endif
