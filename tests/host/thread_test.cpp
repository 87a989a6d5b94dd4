#include <tessera/host/thread.hpp>

#include <signal.h>

#include <atomic>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("a thread of the library's own takes no signal of the process but its own faults") {
  sigset_t inside, before, after;
  ::sigemptyset(&inside);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  host::thread_without_signals("test", [&] {
    ::pthread_sigmask(SIG_BLOCK, nullptr, &inside);
  }).join();
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGALRM, SIGWINCH})
    REQUIRE(::sigismember(&inside, number) == 1);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT})
    REQUIRE(::sigismember(&inside, number) == 0);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGALRM, SIGWINCH})
    REQUIRE(::sigismember(&after, number) == ::sigismember(&before, number));
}

// Under ThreadSanitizer too, which has a thread in every program.
TEST_CASE("a program that starts no thread has no others") { REQUIRE(host::other_threads() == 0); }
