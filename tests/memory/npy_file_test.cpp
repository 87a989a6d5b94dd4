// What load reads and what save leaves: of the file that is there, of its links, owner and
// permissions, and of files that change meanwhile.
#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <tessera/format/npy_codec.hpp>
#include <tessera/memory/npy_file.hpp>
#include <tessera/memory/shared_array.hpp>

#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#endif
#if defined(TESSERA_LINUX)
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "support/refused_calls.hpp"
#endif

namespace fs = std::filesystem;
using namespace tessera_test;
using tessera::Durability;
using tessera::Errc;
using tessera::SharedArray;
using Ints = SharedArray<int, 1>;

namespace {

Ints numbers(int first) { return Ints::copy_of(std::vector<int>{first, first + 1}); }
int first_of(const std::string& path) { return SharedArray<const int, 1>::map_file(path)(0); }

}  // namespace

TEST_CASE("saving is as asked for on disk, or as the system gets to it") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  numbers(1).save(path, {.durability = Durability::none});
  CHECK(first_of(path) == 1);
  numbers(2).save(path, Durability::none);
  CHECK(first_of(path) == 2);
  numbers(3).save(path, {.durability = Durability::disk});
  CHECK(first_of(path) == 3);
  Ints::create_file(folder.file("b.npy"), {2}, Durability::none);
  CHECK(first_of(folder.file("b.npy")) == 0);
  CHECK(folder.entries() == 2);
}

#if defined(TESSERA_POSIX)  // a section is no file, and one that is mapped can't be opened so there
TEST_CASE("an array that is saved to its own file goes on being that file's") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  auto a = Ints::create_file(path, {2});
  a(0) = 1;
  a.save(path);
  a(0) = 2;
  CHECK(first_of(path) == 2);
  auto named = numbers(5);
  named.save(named.path());
  CHECK(Ints::attach(named.name()).segment()->identity() == named.segment()->identity());
}
#endif

TEST_CASE("a read-only file is not replaced, and says so") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  numbers(1).save(path);
  fs::permissions(path, fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write,
                  fs::perm_options::remove);
  const auto error = error_of([&] { numbers(2).save(path); });
  CHECK(error.errc() == Errc::not_permitted);
  CHECK(has(error.what(), "read-only"));
  CHECK(first_of(path) == 1);
  CHECK(folder.entries() == 1);
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  numbers(2).save(path);
  CHECK(first_of(path) == 2);
}

TEST_CASE("a file with two names is not replaced, for that would part them") {
  const Folder folder;
  const auto path = folder.file("a.npy"), other = folder.file("b.npy");
  numbers(1).save(path);
  fs::create_hard_link(path, other);
  const auto error = error_of([&] { numbers(2).save(path); });
  CHECK(error.errc() == Errc::not_permitted);
  CHECK(has(error.what(), "2 names (hard links)"));
  CHECK(first_of(path) == 1);
  CHECK(fs::equivalent(path, other));
  fs::remove(other);
  numbers(2).save(path);
  CHECK(first_of(path) == 2);
}

TEST_CASE("a folder and an empty path are not saved to") {
  const Folder folder;
  const auto a = numbers(1);
  fs::create_directory(folder.file("sub"));
  for (const auto* path : {"sub", "sub/", "sub/."}) {
    const auto error = error_of([&] { a.save(folder.file(path)); });
    CHECK(error.errc() == Errc::not_an_array);
    CHECK(has(error.what(), "it is a folder"));
    CHECK(error_of([&] { Ints::create_file(folder.file(path), {2}); }).errc() ==
          Errc::not_an_array);
  }
  CHECK(error_of([&] { a.save(""); }).errc() == Errc::invalid_argument);
  CHECK(folder.entries() == 1);
}

#if defined(TESSERA_POSIX)

namespace {

mode_t mode_of(const std::string& path) {
  struct stat s {};
  must(::stat(path.c_str(), &s) == 0, "it is there");
  return s.st_mode & 07777;
}

}  // namespace

TEST_CASE("saving through a link, or a chain of them, replaces the file and leaves the links") {
  const Folder folder;
  fs::create_directory(folder.file("data"));
  fs::create_directory(folder.file("links"));
  const auto target = folder.file("data/a.npy");
  numbers(1).save(target);
  fs::create_symlink("../data/a.npy", folder.file("links/near"));
  fs::create_symlink(folder.file("links/near"), folder.file("links/far"));
  fs::create_symlink("links", folder.file("short"));
  int value = 2;
  for (const auto* link : {"links/near", "links/far", "short/far", "short/../links/near"}) {
    numbers(value).save(folder.file(link));
    CHECK(first_of(target) == value++);
  }
  CHECK(fs::is_symlink(folder.file("links/near")));
  CHECK(fs::is_symlink(folder.file("links/far")));
  CHECK(fs::is_regular_file(fs::symlink_status(target)));
  CHECK(folder.entries() == 3);
}

TEST_CASE("what is written to a link that leads to nothing is where it leads") {
  const Folder folder;
  fs::create_directory(folder.file("data"));
  fs::create_symlink("data/a.npy", folder.file("a"));
  fs::create_symlink("data/b.npy", folder.file("b"));
  fs::create_symlink("nowhere/c.npy", folder.file("c"));
  numbers(1).save(folder.file("a"));
  CHECK(first_of(folder.file("data/a.npy")) == 1);
  Ints::create_file(folder.file("b"), {2})(0) = 5;
  CHECK(first_of(folder.file("data/b.npy")) == 5);
  CHECK(fs::is_symlink(folder.file("a")));
  CHECK(fs::is_symlink(folder.file("b")));
  CHECK(error_of([&] { numbers(1).save(folder.file("c")); }).errc() == Errc::name_missing);
  CHECK(error_of([&] { Ints::create_file(folder.file("a"), {2}); }).errc() == Errc::name_taken);
}

TEST_CASE("links that lead to themselves are an Error") {
  const Folder folder;
  fs::create_symlink("b", folder.file("a"));
  fs::create_symlink("a", folder.file("b"));
  CHECK(has(error_of([&] { numbers(1).save(folder.file("a")); }).what(), "links"));
  CHECK(folder.entries() == 2);
}

TEST_CASE("what is saved keeps the permissions of the file that was there") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  const auto umask = ::umask(022);
  numbers(1).save(path);
  CHECK(mode_of(path) == 0644);
  for (const mode_t mode : {0600u, 0640u, 0664u, 0755u, 0200u, 0622u, 02660u}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    numbers(2).save(path);
    CHECK(mode_of(path) == mode);
  }
  ::umask(077);
  numbers(3).save(path);
  CHECK(mode_of(path) == 02660);
  numbers(3).save(folder.file("b.npy"));
  CHECK(mode_of(folder.file("b.npy")) == 0600);
  ::umask(umask);
}

TEST_CASE("what is neither a file nor a link to one is refused by name, and stays as it is") {
  const Folder folder;
  const auto a = numbers(1);
  const auto refused = [&](const std::string& path, const char* kind) {
    struct stat before {
    }, after{};
    must(::lstat(path.c_str(), &before) == 0, "it is there");
    for (const auto& error :
         {error_of([&] { a.save(path); }), error_of([&] { Ints::create_file(path, {2}); })}) {
      CHECK(error.errc() == Errc::not_an_array);
      CHECK(has(error.what(), kind));
      CHECK(error.subject() == path);
    }
    REQUIRE(::lstat(path.c_str(), &after) == 0);
    CHECK(before.st_mode == after.st_mode);
    CHECK(before.st_ino == after.st_ino);
  };
  REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
  refused(folder.file("fifo"), "fifo");
  fs::create_symlink("fifo", folder.file("link"));
  refused(folder.file("link"), "fifo");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  const tessera::host::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  refused(folder.file("socket"), "socket");
  refused("/dev/null", "device");
  fs::create_symlink("/dev/null", folder.file("null"));
  refused(folder.file("null"), "device");
  if (::mknod(folder.file("device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0)
    refused(folder.file("device"), "device");
}

TEST_CASE("a file that has no name any more is refused") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  numbers(1).save(path);
  const tessera::host::Descriptor open(::open(path.c_str(), O_RDWR));
  fs::remove(path);
  const auto error =
      error_of([&] { numbers(2).save("/proc/self/fd/" + std::to_string(open.get())); });
  CHECK(error.errc() == Errc::not_an_array);
  CHECK(folder.entries() == 0);
}

TEST_CASE("what is saved keeps the owner of the file that was there, or the file stays") {
  if (::geteuid() != 0) return skip("only root can give files away");
  const Folder folder;
  REQUIRE(::chmod(folder.file("").c_str(), 0777) == 0);
  const auto path = folder.file("a.npy"), link = folder.file("link");
  numbers(1).save(path);
  REQUIRE(::chown(path.c_str(), 1234, 4321) == 0);
  REQUIRE(::chmod(path.c_str(), 0666) == 0);
  numbers(2).save(path);
  struct stat s {};
  REQUIRE(::stat(path.c_str(), &s) == 0);
  CHECK(s.st_uid == 1234);
  CHECK(s.st_gid == 4321);
  CHECK((s.st_mode & 07777) == 0666);
  CHECK(failure_in_child([&] {
          must(::setgid(77) == 0 && ::setuid(77) == 0, "another user");
          const auto error = error_of([&] { numbers(3).save(path); });
          must(error.errc() == Errc::not_permitted && has(error.what(), "user 1234"), error.what());
        }) == "");
  CHECK(first_of(path) == 2);
  CHECK(folder.entries() == 1);
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK(failure_in_child([&] {
          must(::setgid(77) == 0 && ::setuid(77) == 0, "another user");
          const auto error = error_of([&] { numbers(3).save(path); });
          must(error.errc() == Errc::not_permitted && has(error.what(), "writing"), error.what());
        }) == "");
  CHECK(first_of(path) == 2);
}

TEST_CASE("another user's link where all may write is not followed") {
  if (::geteuid() != 0) return skip("only root can try this");
  const Folder folder;
  REQUIRE(::chmod(folder.file("").c_str(), 01777) == 0);
  const auto mine = folder.file("mine.npy"), link = folder.file("trap");
  numbers(1).save(mine);
  fs::create_symlink(mine, link);
  REQUIRE(::lchown(link.c_str(), 1234, 1234) == 0);
  CHECK(error_of([&] { numbers(2).save(link); }).errc() == Errc::not_permitted);
  CHECK(first_of(mine) == 1);
}

TEST_CASE("a map_file's path means what the system takes it for, links and all") {
  const Folder folder;
  fs::create_directories(folder.file("far/data"));
  fs::create_symlink("far/data", folder.file("link"));
  numbers(1).save(folder.file("far/x.npy"));
  numbers(2).save(folder.file("x.npy"));
  const auto path = folder.file("link/../x.npy");
  const auto mapped = Ints::map_file(path);
  CHECK(mapped(0) == 1);
  CHECK(first_of(mapped.path()) == 1);
  const auto made = Ints::create_file(folder.file("link/../new.npy"), {2});
  CHECK(exists(folder.file("far/new.npy")));
  CHECK(fs::equivalent(made.path(), folder.file("far/new.npy")));
}

#endif

#if defined(TESSERA_LINUX)

TEST_CASE("what is saved keeps the access list of the file that was there") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  numbers(1).save(path);
  // user::rw-, user:1234:rw-, group::---, mask::rw-, other::---
  struct AclEntry {
    std::uint16_t tag, allowed;
    std::uint32_t id;
  };
  struct {
    std::uint32_t version = 2;
    AclEntry entries[5] = {
        {0x01, 6, ~0u}, {0x02, 6, 1234}, {0x04, 0, ~0u}, {0x10, 6, ~0u}, {0x20, 0, ~0u}};
  } list;
  if (::setxattr(path.c_str(), "system.posix_acl_access", &list, sizeof list, 0) != 0)
    return skip("the folder for temporary files has no access lists");
  REQUIRE(::setxattr(path.c_str(), "user.unit", "K", 1, 0) == 0);
  numbers(2).save(path);
  char found[sizeof list] = {}, unit = 0;
  CHECK(::getxattr(path.c_str(), "system.posix_acl_access", found, sizeof found) == sizeof list);
  CHECK(std::memcmp(found, &list, sizeof list) == 0);
  CHECK(::getxattr(path.c_str(), "user.unit", &unit, 1) == 1);
  CHECK(unit == 'K');
  CHECK(mode_of(path) == 0660);
}

TEST_CASE("a file system that can't have a folder on disk, or a file, saves all the same") {
  for (const int failure : {EINVAL, EROFS, ENOSYS}) {
    const Folder folder;
    const auto path = folder.file("a.npy");
    numbers(1).save(path);
    CHECK(failure_in_child([&] {
            refuse_calls({SYS_fsync}, failure);
            numbers(2).save(path);
          }) == "");
    CHECK(first_of(path) == 2);
  }
}

TEST_CASE("what can't be had on disk is an Error, and the old file stays") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  numbers(1).save(path);
  CHECK(failure_in_child([&] {
          refuse_calls({SYS_fsync}, EIO);
          const auto error = error_of([&] { numbers(2).save(path); });
          must(has(error.what(), "writing to disk"), error.what());
          numbers(3).save(folder.file("b.npy"), Durability::none);
        }) == "");
  CHECK(first_of(path) == 1);
  CHECK(first_of(folder.file("b.npy")) == 3);
  CHECK(folder.entries() == 2);
}

TEST_CASE("the holes of a file that is mapped for writing are reserved, or that is an Error") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  CHECK(failure_in_child([&] {
          leave_mounts();
          must(::mount("tmpfs", folder.file("").c_str(), "tmpfs", 0, "size=4m") == 0,
               "a small disk");
          const auto sparse = [&](std::size_t count) {
            write_file(path, tessera::npy::encode(tessera::dtype_of<int>(), {{count}}));
            must(::truncate(path.c_str(), static_cast<off_t>(128 + 4 * count)) == 0, "is sparse");
          };
          sparse(2 * MiB);  // elements: 8 MiB
          const auto error = error_of([&] { Ints::map_file(path); });
          must(error.errc() == Errc::no_space && has(error.what(), "free"), error.what());
          must(SharedArray<const int, 1>::map_file(path)(7) == 0, "it can be read");
          sparse(MiB / 2);
          {
            auto a = Ints::map_file(path);
            for (auto& element : a) element = 3;
            write_file(folder.file("other"), std::string(4 * MiB, 'x'));  // as far as it goes
            for (auto& element : a) element = 4;
          }
          must(first_of(path) == 4, "it was written");
          auto again = Ints::map_file(path);  // nothing left to reserve on a full disk
          again(0) = 5;
        }) == "");
}

#endif
