// Programs with pools of StartMethod::spawn that somebody else than a pool of theirs starts as a
// keeper, with a channel and memory of his own: another user, another program, the caller of a
// set-user program.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <tessera.hpp>
#include <tessera/host/channel.hpp>
#include <tessera/host/respawn.hpp>
#include <tessera/pool/board/board.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::PoolOptions;
using tessera::StartMethod;
using tessera::TiledPool;
namespace host = tessera::host;
namespace detail = tessera::detail;

namespace {

const PoolOptions by_starting_again{.start_method = StartMethod::spawn};
constexpr unsigned one_user = 61234, another_user = 61235;

void become(unsigned user) {
  must(::setresgid(user, user, user) == 0 && ::setresuid(user, user, user) == 0,
       "another user can be become");
  ::prctl(PR_SET_DUMPABLE, 1);
}

/// A copy of this program, of another inode, which everybody may start.
class Copy {
 public:
  explicit Copy(unsigned owner, unsigned mode = 0755) {
    std::filesystem::permissions(folder_.file(""), std::filesystem::perms(0755));
    std::filesystem::copy_file("/proc/self/exe", path());
    must(::chown(path().c_str(), owner, owner) == 0 && ::chmod(path().c_str(), mode) == 0,
         "it can be given away");
  }
  std::string path() const { return folder_.file("program"); }

 private:
  Folder folder_;
};

/// What becomes of `program`, started as a keeper with all that a pool would give it, by this
/// process: "works" if it did, else its exit status. `changes` are made in the new process before
/// the program is started there.
template <class Change>
std::string as_keeper(const std::string& program, Change&& changes, int told_pid = ::getpid()) {
  const std::size_t workers = 1;
  const auto file = host::nameless_file(detail::Board::bytes(workers), "test");
  must(::fchmod(file.get(), 0666) == 0, "everybody may map it");
  const host::Mapping memory(file, host::Access::read_write, detail::Board::bytes(workers), "test");
  const detail::Board board(memory.data(), workers, {});
  host::ChannelPair pair("test");
  const auto numbers =
      host::as_word({static_cast<std::uint64_t>(told_pid), host::start_time_of(told_pid), 1, 2,
                     workers, 0, 0, 1, 0, 0, 0});
  Child keeper([&] {
    changes();
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, 2);
    const int channel = ::fcntl(pair.theirs.descriptor().get(), F_DUPFD, 20);
    const int its_memory = ::fcntl(file.get(), F_DUPFD, 20);
    ::dup2(channel, host::first_inherited);
    ::dup2(its_memory, host::first_inherited + 1);
    const auto given =
        std::to_string(host::first_inherited) + "," + std::to_string(host::first_inherited + 1);
    ::execl(program.c_str(), "program", "--tessera-keeper", numbers.c_str(), given.c_str(),
            nullptr);
    must(false, "the program can be started: " + std::to_string(errno));
  });
  pair.theirs.close();
  bool answered = false;
  wait_until([&] {
    answered = board.replies().handshake_done.load() != 0;
    return answered || pair.ours.closed();
  });
  pair.ours.close();
  const auto failure = keeper.failure();
  return answered ? "works" : failure;
}

const std::string refused = "exit status 70", own_file = "/proc/self/exe";
const auto say_nothing = [] {};

bool is_root() { return ::geteuid() == 0; }

}  // namespace

TEST_CASE("a program works for a process of the same user that runs the same file") {
  const Scene scene;
  CHECK(as_keeper(own_file, say_nothing) == "works");
}

TEST_CASE("a program does not work for another program of the same user") {
  const Scene scene;
  const Copy copy(::geteuid());
  CHECK(as_keeper(copy.path(), say_nothing) == refused);
}

TEST_CASE("a program does not work for a process that is not who it says") {
  const Scene scene;
  const Child other([] { ::pause(); });
  CHECK(as_keeper(own_file, say_nothing, other.pid()) == refused);
}

TEST_CASE("a program does not work for another user") {
  const Scene scene;
  if (!is_root()) return skip("only root can try this");
  CHECK(as_keeper(own_file, [] { become(one_user); }) == refused);
  CHECK(failure_in_child([] {
          // As `sudo -u` does it: the user who starts it is not the one that it runs as.
          must(::setresuid(one_user, one_user, 0) == 0, "the effective user can be changed");
          must(as_keeper(own_file, [] { must(::setresuid(0, 0, 0) == 0, "and changed back"); }) ==
                   refused,
               "it is refused");
        }) == "");
}

TEST_CASE("a set-user program works for nobody, and says so") {
  const Scene scene;
  if (!is_root()) return skip("only root can try this");
  const Copy program(one_user, 04755);
  CHECK(failure_in_child([&] {
          become(another_user);
          must(as_keeper(program.path(), say_nothing) == refused, "who starts it is refused");
        }) == "");
  // Its own user too, whose rights it does not exceed, but then it is another program.
  CHECK(failure_in_child([&] {
          become(one_user);
          must(as_keeper(program.path(), say_nothing) == refused,
               "so is its owner's other program");
        }) == "");
  // And where nothing else is wrong: a program that is set-user by how it was started.
  CHECK(as_keeper(own_file, [] { must(::setresuid(one_user, 0, 0) == 0, "users can differ"); }) ==
        refused);
  CHECK(as_keeper(own_file, [] { must(::setresgid(one_user, 0, 0) == 0, "groups can differ"); }) ==
        refused);
}

TEST_CASE("a program with another effective user makes no pool that would start it again") {
  const Scene scene;
  if (!is_root()) return skip("only root can try this");
  CHECK(failure_in_child([] {
          must(::setresuid(one_user, 0, 0) == 0, "users can differ");
          const auto error = error_of([] { TiledPool pool(1, by_starting_again); });
          must(error.errc() == Errc::not_permitted && has(error.what(), "more rights") &&
                   has(error.what(), "StartMethod::fork"),
               error.what());
        }) == "");
}

TEST_CASE("inside a set-user program: no pool starts it again", "[.]") {
  const auto error = error_of([] { TiledPool pool(1, by_starting_again); });
  CHECK(error.errc() == Errc::not_permitted);
  TiledPool forked(1, {.start_method = StartMethod::fork});
  CHECK(forked.workers() == 1);
}

TEST_CASE(
    "a set-user program makes no pool that would start it again, though it gives up its rights") {
  const Scene scene;
  if (!is_root()) return skip("only root can try this");
  const Copy program(one_user, 04755);
  Child started([&] {
    become(another_user);
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, 1);
    ::execl(program.path().c_str(), "program", "inside a set-user program: no pool starts it again",
            nullptr);
  });
  CHECK(started.failure() == "");
}

TEST_CASE("a daemon that has given up its first user for good makes pools of either kind") {
  const Scene scene;
  if (!is_root()) return skip("only root can try this");
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  CHECK(failure_in_child([&] {
          must(::setgid(one_user) == 0 && ::setuid(one_user) == 0, "another user can be become");
          must(::prctl(PR_GET_DUMPABLE) != 1, "it can't be looked at from outside");
          TiledPool pool(1, {.start_method = method});
          check_a_job(pool);
        }) == "");
}

TEST_CASE("a program that is replaced on disk while it runs goes on starting itself") {
  const Scene scene;
  const Folder folder;
  const auto path = folder.file("program");
  std::filesystem::copy_file("/proc/self/exe", path);
  Child started([&] {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, 1);
    ::setenv("TESSERA_TEST_PROGRAM", path.c_str(), 1);
    ::execl(path.c_str(), "program", "inside a program that is replaced: pools start", nullptr);
  });
  CHECK(started.failure() == "");
}

TEST_CASE("inside a program that is replaced: pools start", "[.]") {
  const char* const path = std::getenv("TESSERA_TEST_PROGRAM");
  if (path == nullptr) return;
  std::filesystem::remove(path);
  write_file(path, "#!/bin/false\n");
  TiledPool pool(1, by_starting_again);
  check_a_job(pool);
}
