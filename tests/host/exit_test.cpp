#include <tessera/host/exit.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <tessera/host/process.hpp>
#include <tessera/host/thread.hpp>

#include "support/catch.hpp"
#include "support/endings.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)

using namespace tessera_test;
namespace host = tessera::host;

namespace {

std::string end_of(int pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return host::describe_exit(status);
}

struct Way {
  const char* what;
  void (*go)();
  const char* told;
};
const Way ways[] = {
    {"exit", [] { std::exit(3); }, "ended with exit code 3"},
    {"exit(0)", [] { std::exit(0); }, "ended with exit code 0"},
    {"quick_exit", [] { std::quick_exit(4); }, "ended with exit code 4"},
    {"_Exit", [] { std::_Exit(5); }, "ended with exit code 5"},
    {"abort", [] { std::abort(); }, "was killed by signal 6 (Aborted)"},
    {"terminate",
     [] { std::thread([] { throw std::runtime_error("on a thread of its own"); }).join(); },
     "was killed by signal 6 (Aborted)"},
    {"exit on another thread", [] { std::thread([] { std::exit(6); }).join(); },
     "ended with exit code 6"},
    {"exit in a handler of its own",
     [] {
       std::atexit([] { std::exit(7); });
       std::exit(8);
     },
     "ended with exit code 7"},
    {"leave", [] { host::leave(9); }, "ended with exit code 9"},
};

void check_way(const Way& way, bool made_before) {
  const auto failure = failure_in_child([&] {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, 2);
    EndingProgram program;
    program.begin();
    std::optional<host::GuestExit> exit;
    if (made_before) exit.emplace();
    const int pid = host::fork_child("test", [&] {
      if (!exit) exit.emplace();
      exit->begin();
      host::reset_signals();  // Catch2's own
      // A worker, as the keeper forks it.
      const auto told = end_of(host::fork_child("test", [&] {
        way.go();
        return 99;
      }));
      if (told != way.told && host::sanitizer_threads == 0) ::dprintf(marks, "%s", told.c_str());
      return 0;
    });
    must(end_of(pid) == "ended with exit code 0", "the keeper ends");
    program.check();
    must(program.printed() == "of the program;of the program;", "all is printed once");
  });
  INFO(way.what << (made_before ? ", made before" : ""));
  CHECK(failure == "");
}

}  // namespace

TEST_CASE("a guest that ends by any way runs nothing that its program has registered") {
  for (const auto& way : ways)
    for (const bool made_before : {false, true}) check_way(way, made_before);
}

#if defined(__GLIBC__)
// The C library's list of destructors is found by an entry in it, which the heap may place
// anywhere.
TEST_CASE("the code that a guest gave to exit() is told wherever its heap has room") {
  for (std::size_t shift = 0; shift < 4096; shift += 16) {
    const int pid = host::fork_child("test", [&]() -> int {
      host::GuestExit exit;
      for (int k = 0; k < 2000; ++k) must(std::calloc(1, 32) != nullptr, "there is memory");
      if (shift >= 32) must(std::calloc(1, shift - 8) != nullptr, "there is memory");
      exit.begin();
      std::exit(3);
    });
    INFO(shift);
    REQUIRE(end_of(pid) ==
            (host::sanitizer_threads == 0 ? "ended with exit code 3" : "ended with exit code 1"));
  }
}
#endif

TEST_CASE("a guest that ends by exit() prints what it has buffered itself, and only that") {
  REQUIRE(failure_in_child([] {
            EndingProgram program;
            program.begin();
            must(end_of(host::fork_child("test",
                                         [&]() -> int {
                                           host::GuestExit().begin();
                                           std::printf("of the guest;");
                                           std::fprintf(program.log, "of the guest;");
                                           std::exit(EXIT_FAILURE);
                                         })) == "ended with exit code 1",
                 "it exits");
            program.check();
            must(program.printed() == "of the guest;of the program;of the guest;of the program;",
                 "each has printed its own, once");
          }) == "");
}

TEST_CASE("a guest that closes its input or flushes all it has leaves its program's alone") {
  REQUIRE(failure_in_child([] {
            EndingProgram program;
            program.begin();
            must(end_of(host::fork_child("test",
                                         []() -> int {
                                           host::GuestExit().begin();
                                           std::fflush(nullptr);
                                           std::fflush(stdin);
                                           std::fclose(stdin);
                                           return 0;
                                         })) == "ended with exit code 0",
                 "it ends");
            program.check();
            must(program.printed() == "of the program;of the program;", "all is printed once");
          }) == "");
}

TEST_CASE("a program that was to have guests ends as ever") {
  EndingProgram program;
  REQUIRE(Child([&] {
            program.begin();
            const host::GuestExit exit;
            std::exit(3);
          }).failure() == "exit status 3");
  // The folder's end, which is no part of the program, is not run: static objects alone are.
  REQUIRE(bytes_of(program.folder.file("marks")) == ".utsa");
}

TEST_CASE("destructors of thread_local objects that a guest makes itself run at its exit") {
  REQUIRE(failure_in_child([] {
            EndingProgram program;
            program.begin();
            must(end_of(host::fork_child("test",
                                         []() -> int {
                                           host::GuestExit().begin();
                                           thread_local MarksAtEnd own{'g'};
                                           mark(own.letter);
                                           std::exit(EXIT_FAILURE);
                                         })) == "ended with exit code 1",
                 "it exits");
            must(bytes_of(program.folder.file("marks")) == ".gg", "that one alone has run");
          }) == "");
}

#endif
