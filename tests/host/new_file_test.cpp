// Files that are whole before they have their name, also where the system refuses the calls that a
// file without a name needs; and what is left of creators that were killed.
#include "support/catch.hpp"

#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include <tessera/host/new_file.hpp>
#include <tessera/host/segment_files.hpp>

#include "support/refused_calls.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
namespace host = tessera::host;
using host::Access;
using host::Medium;

namespace {

/// Each way in which a system may refuse, for the process that calls it.
std::vector<std::function<void()>> refusals() {
  std::vector<std::function<void()>> out;
  for (const int failure : {EOPNOTSUPP, EISDIR, EPERM, ENOSYS, EINVAL})
    out.emplace_back([failure] { refuse_nameless_files(failure); });
  for (const int failure : {EPERM, ENOSYS, ENOENT, EXDEV})
    out.emplace_back([failure] { refuse_calls({SYS_linkat}, failure); });
  out.emplace_back([] {
    refuse_nameless_files(EOPNOTSUPP);
    refuse_calls({SYS_renameat2}, EINVAL);
  });
  out.emplace_back([] {
    leave_mounts();
    must(::mount("tmpfs", "/proc", "tmpfs", 0, "") == 0, "/proc can be hidden");
    refuse_calls({SYS_linkat}, ENOENT);
  });
  return out;
}

/// A locked file with these bytes, whole before it has its name. False if that is taken.
bool make(
    const std::string& path, Medium medium, const std::string& bytes,
    const std::function<void()>& before_its_name = [] {}) {
  return host::make_new([&] {
    host::StagedFile file(path, 0600, medium, path);
    file.reserve(bytes.size(), path);
    file.lock(path);
    file.write(0, bytes, path);
    const auto again = file.reopen(Access::read_write, path);
    must(host::read_at(again, 0, bytes.size(), path) == bytes, "it can be opened again");
    must(host::try_lock(again, host::Lock::exclusive) == false, "and is locked for that one");
    before_its_name();
    const bool named = file.publish(path, path);
    if (named) {
      const auto found = host::open_existing(path, Access::read_only, path);
      must(found && !host::try_lock(*found, host::Lock::exclusive), "it is locked when it appears");
    }
    return named;
  });
}

/// A file whose creator was killed before it had its name, where no file is nameless.
void leave_a_scratch_file(const Folder& folder) {
  Child creator([&] {
    refuse_nameless_files(EOPNOTSUPP);
    make(folder.file("never"), Medium::disk, "half", [] { ::raise(SIGKILL); });
  });
  must(creator.failure() == "killed by signal 9", "a creator is killed");
  must(folder.entries() == 1, "it has left its file");
}

}  // namespace

TEST_CASE("where nameless files are refused a file appears whole and locked all the same") {
  for (const auto medium : {Medium::shared_memory, Medium::disk})
    for (const auto& refuse : refusals()) {
      const Folder folder;
      CHECK(failure_in_child([&] {
              refuse();
              const auto path = folder.file("a");
              must(make(path, medium, "whole", [&] { must(!exists(path), "it has no name yet"); }),
                   "it gets its name");
              must(bytes_of(path) == "whole" && folder.entries() == 1, "it is whole, and alone");
              must(!make(path, medium, "another"), "a name is taken");
              must(bytes_of(path) == "whole" && folder.entries() == 1, "and left alone");
              must(make(folder.file("b"), medium, "second"), "the next one too");
              must(folder.entries() == 2, "there is nothing else");
            }) == "");
    }
}

TEST_CASE("where nameless files are refused a file is replaced all the same") {
  for (const auto& refuse : refusals()) {
    const Folder folder;
    CHECK(failure_in_child([&] {
            refuse();
            const auto path = folder.file("a");
            write_file(path, "old");
            host::make_new([&] {
              host::StagedFile file(path, 0600, Medium::disk, path);
              file.write(0, "new", path);
              must(bytes_of(path) == "old", "it stays until then");
              file.publish_over(path, path);
            });
            must(bytes_of(path) == "new" && folder.entries() == 1, "it is replaced");
          }) == "");
  }
}

TEST_CASE("a file of a killed creator is removed by the next who makes one, whatever its name") {
  const Folder folder;
  leave_a_scratch_file(folder);
  SECTION("on disk") { REQUIRE(make(folder.file("a"), Medium::disk, "mine")); }
  SECTION("in the folder of names, where nameless files are refused") {
    REQUIRE(failure_in_child([&] {
              refuse_nameless_files(EOPNOTSUPP);
              must(make(folder.file("a"), Medium::shared_memory, "mine"), "it gets its name");
            }) == "");
  }
  CHECK(folder.entries() == 1);
  CHECK(bytes_of(folder.file("a")) == "mine");
}

TEST_CASE("a file that a container left is removed by another, which has another name") {
  const Folder folder;
  const auto left = folder.file(".tessera-new-00000000-0123456789abcdef");
  write_file(left, "half");
  const auto file = host::open_existing(left, Access::read_only, left);
  if (!host::locks_reach_all(file->get())) return skip("locks do not reach other containers here");
  host::sweep(folder.file(""));
  CHECK(folder.entries() == 0);
}

TEST_CASE("a file of a living creator is not removed, nor one that looks like it") {
  const Folder folder;
  const auto prefix = host::detail::scratch_prefix();
  write_file(folder.file(prefix + "notes"), "mine");
  write_file(folder.file(".tessera-0123456789abcdef"), "mine too");
  std::filesystem::create_symlink("notes", folder.file(prefix + "0123456789abcdef"));
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  Child creator([&] {
    refuse_nameless_files(EOPNOTSUPP);
    must(make(folder.file("theirs"), Medium::disk, "theirs",
              [&] {
                char byte = 0;
                must(::write(ends[1], &byte, 1) == 1, "it says that it is half done");
                must(wait_until([&] { return exists(folder.file("mine")); }), "it is let on");
              }),
         "it gets its name");
  });
  char byte = 1;
  REQUIRE(::read(ends[0], &byte, 1) == 1);
  host::sweep(folder.file(""));
  REQUIRE(make(folder.file("mine"), Medium::disk, "mine"));
  CHECK(creator.failure() == "");
  CHECK(bytes_of(folder.file("theirs")) == "theirs");
  CHECK(folder.entries() == 5);
  ::close(ends[0]), ::close(ends[1]);
}

TEST_CASE("a file on disk is nobody's when it has been made, though it is mapped") {
  const Folder folder;
  CHECK(failure_in_child([&] {
          refuse_nameless_files(EOPNOTSUPP);
          const auto path = folder.file("a");
          host::StagedFile file(path, 0600, Medium::disk, path);
          file.reserve(4096, path);
          const host::Mapping mapping(file.descriptor(), Access::read_write, 4096, path);
          must(file.publish(path, path), "it gets its name");
          file.unlock();
          const auto found = host::open_existing(path, Access::read_only, path);
          must(found && host::try_lock(*found, host::Lock::exclusive), "others can lock it");
        }) == "");
}

TEST_CASE("where every way to make a file is refused the Error names each with its reason") {
  const Folder folder;
  CHECK(failure_in_child([&] {
          refuse_nameless_files(EOPNOTSUPP);
          refuse_calls({SYS_renameat2}, EINVAL);
          refuse_calls({SYS_linkat}, EPERM);
          const auto error = error_of([&] { make(folder.file("a"), Medium::disk, "x"); });
          for (const auto* part : {"O_TMPFILE", "Operation not supported", "renameat2",
                                   "Invalid argument", "linkat", "Operation not permitted"})
            must(has(error.what(), part), error.what());
          must(!has(error.what(), "/proc"), error.what());
        }) == "");
  CHECK(failure_in_child([&] {
          refuse_calls({SYS_renameat2, SYS_linkat}, EPERM);
          const auto error = error_of([&] { make(folder.file("a"), Medium::shared_memory, "x"); });
          must(error.errc() == Errc::not_permitted && has(error.what(), "linkat"), error.what());
        }) == "");
  CHECK(folder.entries() == 0);
}

TEST_CASE("memory without a name needs neither of the calls that make some") {
  const Folder folder;
  CHECK(failure_in_private_shm(4 * MiB, [&] {
          refuse_nameless_files(EOPNOTSUPP);
          refuse_calls({SYS_memfd_create}, ENOSYS);
          const auto memory = host::nameless_file(100, "memory");
          must(host::file_info(memory, "memory").bytes == 100, "it is there");
          must(host::segment_names().empty(), "it has no name");
        }) == "");
}
