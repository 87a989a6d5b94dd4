#include <tessera/host/detached_child.hpp>

#if defined(TESSERA_POSIX)  // fork

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include <tessera/host/process.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a child that nobody is to see is met by no wait of its program, and runs all the same") {
  const int threads = GENERATE(1, 2);  // of one thread; with others it is a helper's child
  CHECK(failure_in_child([threads] {
          int ends[2];
          must(::pipe(ends) == 0, "there is a pipe");
          const auto pid = host::fork_detached("test", threads, [&] {
            ::close(ends[1]);
            char byte = 0;
            while (::read(ends[0], &byte, 1) < 0 && errno == EINTR) {
            }
            return 0;
          });
          must(pid > 0 && host::start_time_of(pid) != 0, "it lives");
          const host::ProcessHandle process(pid);
          must(!process.wait_ended(std::chrono::milliseconds(0)), "it waits");
          const bool seen = ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD;
          ::close(ends[0]);
          ::close(ends[1]);
          must(process.wait_ended(std::chrono::seconds(20)), "it ends when it is to");
          process.reap();
          must(!seen || tessera::host::sanitizer_watches_stacks, "wait() meets nothing");
        }) == "");
}

#endif
