// What an Error says of a name that can't be had: who has it, and what helps. Nothing of others is
// advised to be removed.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <tessera/memory/catalog.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::Segment;
using tessera::SegmentName;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

std::string refusal(const std::string& name) {
  const auto error = error_of([&] { create(name); });
  must(error.errc() == Errc::name_taken, error.what());
  return error.what();
}

void leave_an_orphan(const std::string& name) {
  must(failure_in_child([&] {
         const auto owner = create(name);
         ::raise(SIGKILL);
       }) == "killed by signal 9",
       "the owner was killed");
}

/// A child that holds the lock of a name's file until this ends.
Child locked_by_child(const std::string& name, int operation) {
  int ends[2];
  must(::pipe2(ends, O_CLOEXEC) == 0, "a pipe is made");
  Child out([&] {
    const int file = ::open(shm_path(name).c_str(), O_RDONLY | O_CLOEXEC);
    must(::flock(file, operation) == 0 && ::write(ends[1], "x", 1) == 1, "it is locked");
    for (;;) ::pause();
  });
  char byte;
  must(::read(ends[0], &byte, 1) == 1, "it has the lock");
  ::close(ends[0]), ::close(ends[1]);
  return out;
}

const auto unlinked = [](const std::string& name) { ::unlink(shm_path(name).c_str()); };

}  // namespace

TEST_CASE("a name that is taken is told with who has it, and nothing foreign is to be removed") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto check = [](const std::string& name, const std::string& who, bool may_remove) {
            const auto text = refusal(name);
            must(has(text, who), text);
            must(has(text, "remove") == may_remove, text);
          };
          const auto live = create("live");
          check("live", "an array whose owner lives: process " + std::to_string(::getpid()), false);
          create("kept")->keep();
          check("kept", "an array that was kept", true);
          write_file(shm_path("copy"), bytes_of(shm_path("live")));
          check("copy", "an .npy file that this library has not made", false);
          write_file(shm_path("text"), "hello");
          check("text", "a file that is no array", false);
          write_file(shm_path("empty"), "");
          check("empty", "a file that is no array", false);
          std::filesystem::create_directory(shm_path("folder"));
          check("folder", "a folder", false);
          must(::mkfifo(shm_path("fifo").c_str(), 0600) == 0, "a fifo is made");
          check("fifo", "a fifo", false);
          std::filesystem::create_symlink("nowhere", shm_path("link"));
          check("link", "a link", false);
          if (::geteuid() == 0) {
            must(::chown(shm_path("text").c_str(), 12345, 12345) == 0, "it is given away");
            check("text", "a file of another user (number 12345)", false);
          }
          for (const auto& name : host::segment_names()) std::filesystem::remove(shm_path(name));
        }) == "");
}

TEST_CASE("what is removed or written to the wrong place is advised for nothing foreign") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          write_file(shm_path("text"), "hello");
          const auto removed = error_of([] { catalog::remove("text"); });
          must(removed.errc() == Errc::not_permitted && !has(removed.what(), "by hand"),
               removed.what());
          const auto waited =
              error_of([] { Segment::attach(SegmentName("text"), host::Access::read_only, 1ms); });
          must(waited.errc() == Errc::timed_out && !has(waited.what(), "remove"), waited.what());
          unlinked("text");
        }) == "");
}

TEST_CASE("an orphan that somebody looks at all the time is taken over and reaped all the same") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          leave_an_orphan("x");
          Child looker([] {
            const int file = ::open(shm_path("x").c_str(), O_RDONLY | O_CLOEXEC);
            for (;;) {
              must(::flock(file, LOCK_SH) == 0, "it is locked");
              std::this_thread::sleep_for(8ms);
              must(::flock(file, LOCK_UN) == 0, "and free");
              std::this_thread::sleep_for(4ms);
            }
          });
          for (int i = 0; i < 10; ++i) {
            create("x").reset();
            leave_an_orphan("x");
          }
          must(catalog::reap() == std::vector<std::string>{"x"}, "it is reaped");
        }) == "");
}

TEST_CASE("an orphan whose lock is held for good is told with who holds it") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          leave_an_orphan("x");
          {
            const auto holder = locked_by_child("x", LOCK_SH);
            const auto text = refusal("x");
            must(has(text, "whose owner has ended") &&
                     has(text, "process " + std::to_string(holder.pid()) + " ("),
                 text);
            must(catalog::reap().empty(), "it is not reaped");
            const auto error = error_of([] { catalog::remove("x"); });
            must(error.errc() == Errc::timed_out &&
                     has(error.what(), "process " + std::to_string(holder.pid()) + " ("),
                 error.what());
          }
          must(create("x")->owned(), "and goes when that ends");
        }) == "");
}

TEST_CASE(
    "a child that was forked behind the library's back is told when it keeps a dead owner's lock") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          int ends[2];
          must(::pipe2(ends, O_CLOEXEC) == 0, "a pipe is made");
          must(failure_in_child([&] {
                 const auto owner = create("x");
                 const auto child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0ul);
                 if (child == 0) {
                   for (int file = 3; file < 256; ++file) {
                     struct stat info {};
                     if (::fstat(file, &info) == 0 && info.st_ino != owner->file_id().inode)
                       ::close(file);
                   }
                   for (;;) ::pause();
                 }
                 must(::write(ends[1], &child, sizeof child) == sizeof child, "it is told");
                 ::raise(SIGKILL);
               }) == "killed by signal 9",
               "the owner was killed");
          long child = 0;
          must(::read(ends[0], &child, sizeof child) == sizeof child, "its child is known");
          const auto text = refusal("x");
          ::kill(static_cast<int>(child), SIGKILL);
          must(has(text, "whose owner has ended") &&
                   has(text, "process " + std::to_string(child) + " (") &&
                   has(text, "end that process"),
               text);
          must(wait_until([] { return !catalog::reap().empty(); }), "it goes when that ends");
        }) == "");
}

TEST_CASE("a name whose owner lives is refused at once") {
  const auto name = unique_name();
  const auto owner = create(name);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) refusal(name);
  CHECK(std::chrono::steady_clock::now() - began < 500ms);
}
