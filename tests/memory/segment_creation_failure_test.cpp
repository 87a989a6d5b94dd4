// Why no file could be made: the folder of names is gone, its file system is full, read-only or has
// no more inodes.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <tessera/memory/catalog.hpp>

#include "support/catch.hpp"
#include "support/refused_calls.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::Segment;
using tessera::SegmentName;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

/// Runs `body` in a child whose folder of names is `folder`.
template <class Body>
std::string failure_with_names_in(const std::string& folder, Body&& body) {
  return failure_in_child([&] {
    ::setenv("TESSERA_DIR", folder.c_str(), 1);
    host::detail::folder_in_use.store(nullptr);
    host::segment_folder();
    body();
  });
}

}  // namespace

TEST_CASE("a folder of names that is gone is told as such, not as a missing name") {
  const Folder folder;
  const auto names = folder.file("names");
  std::filesystem::create_directory(names);
  CHECK(failure_with_names_in(names, [&] {
          std::filesystem::remove(names);
          const auto check = [&](auto&& call) {
            const auto error = error_of(call);
            must(error.errc() == Errc::system && has(error.what(), names + "/") &&
                     has(error.what(), "is not there") && has(error.what(), "TESSERA_DIR"),
                 error.what());
          };
          check([] { create("x"); });
          check([] { attach("x"); });
          check([] {
            Segment::attach(SegmentName("x"), host::Access::read_only, std::chrono::seconds(5));
          });
          check([] { catalog::list(); });
          check([] { catalog::reap(); });
        }) == "");
}

TEST_CASE("a folder of names that can't be used is told as such") {
  if (::geteuid() != 0) return skip("only root can try this");
  const Folder folder;
  const auto names = folder.file("names");
  std::filesystem::create_directory(names);
  CHECK(
      failure_with_names_in(names, [&] {
        std::filesystem::permissions(names, std::filesystem::perms(0711));
        must(::setresgid(54321, 54321, 54321) == 0 && ::setresuid(54321, 54321, 54321) == 0,
             "another user can be become");
        for (const auto& error : {error_of([] { create("x"); }), error_of([] { catalog::list(); })})
          must(error.errc() == Errc::not_permitted && has(error.what(), "TESSERA_DIR"),
               error.what());
      }) == "");
}

TEST_CASE("a file system without room for another file is no_space, and df -i is advised") {
  const Folder folder;
  CHECK(failure_with_names_in(folder.file(""), [&] {
          leave_mounts();
          must(::mount("tmpfs", folder.file("").c_str(), "tmpfs", 0, "size=4m,nr_inodes=4") == 0,
               "a tmpfs can be mounted");
          std::vector<std::shared_ptr<Segment>> some;
          const auto error = error_of([&] {
            for (int i = 0; i < 10; ++i) some.push_back(create("x" + std::to_string(i)));
          });
          must(some.size() == 3, "three have room");
          must(error.errc() == Errc::no_space && has(error.what(), "df -i") &&
                   has(error.what(), "TESSERA_DIR"),
               error.what());
        }) == "");
}

TEST_CASE("a quota that is used up is no_space, wherever it is met") {
  for (const long call : {SYS_fallocate, SYS_openat, SYS_linkat, SYS_pwrite64})
    CHECK(failure_in_child([&] {
            host::segment_folder();
            refuse_calls({call}, EDQUOT);
            const auto error = error_of([] { create(unique_name()); });
            must(error.errc() == Errc::no_space && has(error.what(), "quota"), error.what());
          }) == "");
}

TEST_CASE("a read-only folder of names is not_permitted, and another one is advised") {
  const Folder folder;
  CHECK(failure_with_names_in(folder.file(""), [&] {
          leave_mounts();
          must(::mount("tmpfs", folder.file("").c_str(), "tmpfs", MS_RDONLY, "size=4m") == 0,
               "a tmpfs can be mounted");
          const auto error = error_of([] { create("x"); });
          must(error.errc() == Errc::not_permitted && has(error.what(), "read-only"), error.what());
        }) == "");
}

TEST_CASE("a path that leads nowhere is told with what is wrong in it") {
  const Folder folder;
  write_file(folder.file("file"), "no folder");
  std::filesystem::create_symlink("circle", folder.file("circle"));
  const auto error_for = [&](const std::string& path) {
    return error_of([&] { Segment::map_file(folder.file(path), host::Access::read_only); });
  };
  CHECK(error_for("none").errc() == Errc::name_missing);
  CHECK(error_for("file/x.npy").errc() == Errc::invalid_argument);
  CHECK(has(error_for("file/x.npy").what(), "must be a folder"));
  CHECK(error_for("circle").errc() == Errc::invalid_argument);
  CHECK(has(error_for("circle").what(), "in a circle"));
  CHECK(error_for(std::string(5000, 'x')).errc() == Errc::invalid_argument);
  CHECK(has(error_for(std::string(5000, 'x')).what(), "shorten"));
}
