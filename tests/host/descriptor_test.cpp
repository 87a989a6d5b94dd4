// The numbers of open files, in programs whose standard streams are closed.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tessera/host/children.hpp>
#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;
using host::Access;
using host::Medium;

namespace {

bool is_in_use(int number) { return ::fcntl(number, F_GETFD) >= 0; }

void must_be_kept(const host::Descriptor& file, const std::string& what) {
  must(file.get() > 2, what + " has a number from 3 on");
  must((::fcntl(file.get(), F_GETFD) & FD_CLOEXEC) != 0, what + " is closed by exec");
}

/// Whoever prints meanwhile prints into nothing that is opened.
class Printer {
 public:
  Printer() : thread_([this] { print(); }) {
    must(wait_until([&] { return printed_.load() > 0; }), "it prints");
  }
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;
  ~Printer() {
    over_.store(true);
    thread_.join();
  }

 private:
  void print() {
    while (!over_.load()) {
      for (const int stream : {0, 1, 2})
        if (::write(stream, "printed", 7) > 0) continue;
      ++printed_;
    }
  }
  std::atomic<bool> over_{false};
  std::atomic<long> printed_{0};
  std::thread thread_;
};

}  // namespace

TEST_CASE("whatever standard streams are closed, files that are kept have numbers from 3 on") {
  for (int closed = 0; closed < 8; ++closed) {
    INFO("closed, as bits: " << closed);
    CHECK(failure_in_child([closed] {
            for (const int stream : {0, 1, 2})
              if ((closed >> stream & 1) != 0) ::close(stream);
            const auto name = unique_name();
            const auto path = shm_path(name);
            {
              host::StagedFile file(path, 0600, Medium::shared_memory, name);
              must_be_kept(file.descriptor(), "a new segment");
              file.lock(name);
              must(file.publish(path, name), "it gets its name");
              must_be_kept(*host::open_existing(path, Access::read_write, name), "an old one");
              must_be_kept(host::reopen(file.descriptor(), Access::read_only, name), "once more");
              must(!host::try_lock(*host::open_existing(path, Access::read_only, name),
                                   host::Lock::exclusive),
                   "the lock is still there");
              host::unlink(path);
            }
            {
              const Folder folder;
              host::StagedFile file(folder.file("a"), 0600, Medium::disk, "a");
              must_be_kept(file.descriptor(), "a file on disk");
            }
            must_be_kept(host::nameless_file(100, "memory"), "memory");
            const host::ChannelPair pair("pair");
            must_be_kept(pair.ours.descriptor(), "one end");
            must_be_kept(pair.theirs.descriptor(), "the other");
            pair.ours.send('x');
            must(pair.theirs.receive() == 'x', "they are connected");
            must_be_kept(host::ProcessHandle(host::own_pid()).descriptor(), "a process");
            for (const int stream : {0, 1, 2})
              must(is_in_use(stream) == ((closed >> stream & 1) == 0), "the streams are as before");
          }) == "");
  }
}

TEST_CASE("what another thread prints while files are opened reaches none of them") {
  CHECK(failure_in_child([] {
          for (const int stream : {0, 1, 2}) ::close(stream);
          const auto name = unique_name();
          const auto path = shm_path(name);
          const Removed at_end(path);
          const Printer printer;
          for (int time = 0; time < 3000; ++time) {
            host::StagedFile file(path, 0600, Medium::shared_memory, name);
            file.reserve(4096, name);
            must(file.publish(path, name), "it gets its name");
            const auto found = host::open_existing(path, Access::read_write, name);
            must(host::read_at(*found, 0, 4096, name) == std::string(4096, '\0'),
                 "nothing is in it at time " + std::to_string(time));
            host::unlink(path);
          }
        }) == "");
}

TEST_CASE("a descriptor that can't be moved up is an error that says so, and is not kept") {
  CHECK(failure_in_child([] {
          ::close(0);
          struct rlimit low {
            3, 3
          };
          must(::setrlimit(RLIMIT_NOFILE, &low) == 0, "files can be limited");
          const auto error = error_of([] { host::nameless_file(100, "memory"); });
          must(has(error.what(), "ulimit -n"), error.what());
          must(has(error_of([] { host::ChannelPair pair("pair"); }).what(), "ulimit -n"),
               "the same for sockets");
          must(!is_in_use(0), "it is closed again");
        }) == "");
}

TEST_CASE("a stream that is closed later is found by what is opened after that") {
  CHECK(failure_in_child([] {
          const auto open = [] { return host::nameless_file(1, "memory"); };
          must_be_kept(open(), "a file");
          ::close(1);
          must_be_kept(open(), "the first after that");
          const auto kept = open();
          must_be_kept(kept, "the second");
          must(!is_in_use(1), "the stream stays closed");
          must(::open("/dev/null", O_WRONLY) == 1, "its number is whose opens a file for it");
          must_be_kept(open(), "a file with all streams open");
        }) == "");
}
