#include <tessera/host/children.hpp>
#include <tessera/host/process.hpp>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <sys/prctl.h>
#endif

namespace host = tessera::host;
using namespace tessera_test;
using namespace std::chrono_literals;

TEST_CASE("bytes sent through a channel arrive in order and its close is seen") {
  host::ChannelPair pair("test");
  pair.ours.send('a');
  pair.ours.send('b');
  REQUIRE(pair.theirs.receive() == 'a');
  REQUIRE(pair.theirs.receive() == 'b');
  pair.ours.close();
  REQUIRE_FALSE(pair.theirs.receive());
  pair.theirs.send('c');  // nobody listens: no signal ends this process
}

TEST_CASE("a channel carries any number of bytes to who receives them") {
  host::ChannelPair pair("test");
  constexpr int bytes = 5000;
  std::thread sender([&] {
    for (int k = 0; k < bytes; ++k) pair.ours.send(static_cast<char>(k));
    pair.ours.close();
  });
  int wrong = 0, got = 0;
  for (; const auto byte = pair.theirs.receive(); ++got) wrong += *byte != static_cast<char>(got);
  sender.join();
  REQUIRE(got == bytes);
  REQUIRE(wrong == 0);
}

#if defined(TESSERA_POSIX)  // fork

namespace {

int status_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

TEST_CASE("a forked child leaves with the code that its body returns") {
  const auto pid = host::fork_child("test", [] { return 7; });
  REQUIRE(host::describe_exit(status_of(pid)) == "ended with exit code 7");
}

TEST_CASE("an exception in a forked child ends that child only") {
  const auto pid = host::fork_child("test", []() -> int {
    std::fclose(stderr);
    stderr = std::fopen("/dev/null", "w");
    throw std::runtime_error("no");
  });
  REQUIRE(host::describe_exit(status_of(pid)) == "ended with exit code 70");
}

TEST_CASE("the end of a killed process is told in words with the signal's number") {
  const auto pid = host::fork_child("test", [] {
    for (;;) ::pause();
    return 0;
  });
  const host::ProcessHandle process(pid);
  REQUIRE_FALSE(process.wait_ended(0ms));
  process.kill();
  REQUIRE(process.wait_ended(20s));
  const auto words = host::describe_exit(status_of(pid));
  REQUIRE(has(words, "was killed by signal 9"));
}

TEST_CASE("a process handle sees an end that somebody else has collected") {
  const auto pid = host::fork_child("test", [] {
    for (;;) ::pause();
    return 0;
  });
  const host::ProcessHandle process(pid);
  process.kill();
  status_of(pid);
  REQUIRE(process.wait_ended(0ms));
  process.kill();  // reaches nobody, least of all a new process of that number
  process.reap();  // returns although there is nothing left to collect
}

TEST_CASE("a process that waits for its death does not wait for ever") {
  const auto pid = host::fork_child("test", [] {
    host::wait_for_death();
    return 0;
  });
  const host::ProcessHandle process(pid);
  REQUIRE(process.wait_ended(20s));
  REQUIRE(host::describe_exit(status_of(pid)) == "ended with exit code 1");
}

TEST_CASE("a child with reset signals meets them as a new program does") {
  REQUIRE(failure_in_child([] {
            ::signal(SIGTERM, SIG_IGN);
            sigset_t all;
            ::sigfillset(&all);
            ::sigprocmask(SIG_SETMASK, &all, nullptr);
            const auto pid = host::fork_child("test", [] {
              host::reset_signals();
              for (;;) ::pause();
              return 0;
            });
            ::kill(pid, SIGTERM);
            must(has(host::describe_exit(status_of(pid)), "signal 15"), "SIGTERM ends the child");
          }) == "");
}

TEST_CASE("a child bound to its parent ends when that is killed") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  {
    Child parent([&] {
      const auto self = ::getpid();
      host::fork_child("test", [&] {
        must(host::end_with_parent(self, "tessera-test"), "the parent lives");
        must(::write(ends[1], "x", 1) == 1, "the pipe takes a byte");
        for (;;) ::pause();
        return 0;
      });
      for (;;) ::pause();
    });
    char byte;
    REQUIRE(::read(ends[0], &byte, 1) == 1);
    ::close(ends[1]);
    parent.kill(SIGKILL);
    parent.failure();
  }
  char byte;
  REQUIRE(::read(ends[0], &byte, 1) == 0);  // the last writer is gone
  ::close(ends[0]);
}

TEST_CASE("a process that watches its children wakes for each end") {
  REQUIRE(failure_in_child([] {
            host::Children children("test");
            host::ChannelPair pair("test");
            const host::ProcessHandle self(::getpid());
            std::vector<pid_t> alive;
            for (int i = 0; i < 8; ++i)
              alive.push_back(host::fork_child("test", [i] { return i; }));
            const auto deadline = std::chrono::steady_clock::now() + 20s;
            while (!alive.empty()) {
              const auto woken = children.wait(pair.theirs, self, 20000);
              must(!woken.channel_ready && !woken.caller_ended, "only children ended");
              while (const auto end = children.collect())
                must(std::erase(alive, end->pid) == 1, "each end is told once");
              must(std::chrono::steady_clock::now() < deadline, "no end is missed");
            }
            pair.ours.send('x');
            must(children.wait(pair.theirs, self, 20000).channel_ready, "a byte is seen");
          }) == "");
}

TEST_CASE(
    "what a process had buffered for its output is not printed again by a child that drops it") {
  const Folder folder;
  const auto path = folder.file("out");
  REQUIRE(failure_in_child([&] {
            must(std::freopen(path.c_str(), "w", stdout) != nullptr, "stdout is a file");
            std::printf("once");
            status_of(host::fork_child("test", [] {
              host::drop_buffered_output();
              std::fflush(stdout);
              return 0;
            }));
            std::fflush(stdout);
          }) == "");
  REQUIRE(bytes_of(path) == "once");
}

TEST_CASE("private memory counts what a process has written for itself") {
  if (!host::private_bytes(::getpid())) return skip("this system does not tell private memory");
  std::vector<char> mine(64 * MiB, 'x');
  const auto after = host::private_bytes(::getpid());
  REQUIRE(after);
  REQUIRE(*after >= 64 * MiB);
  REQUIRE(mine.back() == 'x');
}

#endif
