#include "support/catch.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <string>
#include <vector>

#include <tessera/host/segment_files.hpp>

#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::Error;
namespace host = tessera::host;
using host::Access;
using host::Medium;

namespace {

host::StagedFile nameless(const std::string& name) {
  return {host::segment_path(name), 0600, Medium::shared_memory, name};
}

/// The owner of a published, locked file of one page.
host::OwnerLock owned_file(const std::string& name) {
  auto file = nameless(name);
  must(host::try_lock(file.descriptor(), host::Lock::exclusive), "a new file can be locked");
  host::reserve(file.descriptor(), 4096, Medium::shared_memory, name);
  must(file.publish(host::segment_path(name), name), "the name is free");
  return file.take();
}

bool can_lock(const std::string& name, host::Lock lock = host::Lock::exclusive) {
  const auto file = host::open_existing(host::segment_path(name), Access::read_only, name);
  must(file.has_value(), "the name leads somewhere");
  return host::try_lock(*file, lock);
}

}  // namespace

TEST_CASE("a file that is never published leaves nothing, whoever looks meanwhile") {
  const auto name = unique_name();
  const auto before = host::segment_names();
  {
    const auto file = nameless(name);
    host::write_at(file.descriptor(), 0, "some bytes", name);
    CHECK_FALSE(exists(shm_path(name)));
  }
  CHECK_FALSE(exists(shm_path(name)));
}

TEST_CASE("a nameless file vanishes with a creator that is killed") {
  REQUIRE(failure_in_private_shm(4 * MiB, [] {
            Child creator([] {
              const auto file = nameless("x");
              host::reserve(file.descriptor(), 2 * MiB, Medium::shared_memory, "x");
              for (;;) ::pause();
            });
            struct statvfs fs {};
            must(wait_until([&] {
                   return ::statvfs(host::segment_folder(), &fs) == 0 &&
                          fs.f_bfree * fs.f_frsize <= 2 * MiB;
                 }),
                 "the creator has reserved its memory");
            must(host::segment_names().empty(), "it has no name");
            creator.kill(SIGKILL);
            creator.failure();
            must(::statvfs(host::segment_folder(), &fs) == 0 && fs.f_bfree * fs.f_frsize == 4 * MiB,
                 "its memory is free again");
          }) == "");
}

TEST_CASE("a published file appears whole, with the mode that was asked for whatever the umask") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  const auto umask = ::umask(0777);
  auto file = host::StagedFile(shm_path(name), 0660, Medium::shared_memory, name);
  ::umask(umask);
  host::write_at(file.descriptor(), 0, "whole", name);
  REQUIRE(file.publish(shm_path(name), name));
  CHECK(bytes_of(shm_path(name)) == "whole");
  CHECK(std::filesystem::status(shm_path(name)).permissions() == std::filesystem::perms(0660));
}

TEST_CASE("publishing refuses a taken name and leaves what has it alone") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  write_file(shm_path(name), "theirs");
  auto file = nameless(name);
  CHECK_FALSE(file.publish(shm_path(name), name));
  CHECK(bytes_of(shm_path(name)) == "theirs");
}

TEST_CASE("the lock is held as long as its owner, and free when it ends") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  {
    const auto owner = owned_file(name);
    CHECK(owner.held());
    CHECK_FALSE(can_lock(name));
    CHECK_FALSE(can_lock(name, host::Lock::shared));
  }
  CHECK(can_lock(name));
}

TEST_CASE("the lock is released when the process that holds it is killed") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  Child owner([&] {
    const auto lock = owned_file(name);
    for (;;) ::pause();
  });
  REQUIRE(wait_until([&] { return exists(shm_path(name)); }));
  CHECK_FALSE(can_lock(name));
  owner.kill(SIGKILL);
  owner.failure();
  CHECK(can_lock(name));
}

TEST_CASE("those who ask with a shared lock whether an owner lives do not look like one") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  write_file(shm_path(name), "x");
  const auto first = host::open_existing(shm_path(name), Access::read_only, name);
  REQUIRE(host::try_lock(*first, host::Lock::shared));
  CHECK(can_lock(name, host::Lock::shared));
}

TEST_CASE("a forked child closes owner descriptors, never unlocks them, and holds nothing") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  auto owner = std::make_unique<host::OwnerLock>(owned_file(name));
  const int fd = owner->descriptor().get();
  CHECK(failure_in_child([&] {
          must(!owner->held(), "the child does not own");
          must(::fcntl(fd, F_GETFD) == -1 && errno == EBADF,
               "the child has the descriptor no more");
          const host::Descriptor reused(::open("/dev/null", O_RDONLY));
          must(reused.get() == fd, "the number is free for others");
          owner.reset();
          must(::fcntl(fd, F_GETFD) != -1, "the handle's end closes nobody else's descriptor");
        }) == "");
  CHECK(owner->held());
  CHECK_FALSE(can_lock(name));
  owner.reset();
  CHECK(can_lock(name));
}

TEST_CASE("a child that outlives the owner does not hold its lock") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  auto owner = std::make_unique<host::OwnerLock>(owned_file(name));
  const Child child([] {
    for (;;) ::pause();
  });
  owner.reset();
  CHECK(wait_until([&] { return can_lock(name); }));
}

TEST_CASE("moving an owner's lock moves the ownership") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  auto first = owned_file(name);
  host::OwnerLock second(std::move(first));
  CHECK(second.held());
  CHECK_FALSE(first.held());
  first = std::move(second);
  CHECK(first.held());
  CHECK_FALSE(can_lock(name));
  first.release();
  CHECK_FALSE(first.held());
  CHECK(can_lock(name));
}

TEST_CASE("a name that is a link, a fifo, a socket, a device or a folder is refused") {
  const Folder folder;
  write_file(folder.file("file"), "x");
  std::filesystem::create_symlink(folder.file("file"), folder.file("link"));
  std::filesystem::create_symlink(folder.file("none"), folder.file("dangling"));
  std::filesystem::create_directory(folder.file("folder"));
  REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
  const host::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  folder.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  for (const std::string what : {"link", "dangling", "folder", "fifo", "socket"}) {
    for (const auto access : {Access::read_only, Access::read_write}) {
      INFO(what);
      const auto error = error_of([&] { host::open_existing(folder.file(what), access, what); });
      CHECK(error.errc() == Errc::not_an_array);
      CHECK(has(error.what(), "regular file"));
    }
  }
  CHECK(error_of([] { host::open_existing("/dev/null", Access::read_only, "null"); }).errc() ==
        Errc::not_an_array);
  CHECK(host::open_existing(folder.file("link"), Access::read_only, "link", true).has_value());
  CHECK_FALSE(host::open_existing(folder.file("none"), Access::read_only, "none").has_value());
}

TEST_CASE("still_names tells a file from another that took its name, and follows no link") {
  const Folder folder;
  write_file(folder.file("a"), "x");
  const auto file = host::open_existing(folder.file("a"), Access::read_only, "a");
  const auto id = host::file_info(*file, "a").id;
  CHECK(host::still_names(folder.file("a"), id));
  std::filesystem::create_symlink(folder.file("a"), folder.file("link"));
  CHECK_FALSE(host::still_names(folder.file("link"), id));
  write_file(folder.file("b"), "x");
  std::filesystem::rename(folder.file("b"), folder.file("a"));
  CHECK_FALSE(host::still_names(folder.file("a"), id));
}

TEST_CASE("reserved memory is zero and counts as taken at once") {
  REQUIRE(failure_in_private_shm(4 * MiB, [] {
            const auto file = nameless("x");
            host::reserve(file.descriptor(), 3 * MiB, Medium::shared_memory, "x");
            struct statvfs fs {};
            must(::statvfs(host::segment_folder(), &fs) == 0 && fs.f_bfree * fs.f_frsize == MiB,
                 "3 MiB are taken");
            must(host::read_at(file.descriptor(), 0, 4 * MiB, "x") == std::string(3 * MiB, '\0'),
                 "they are 3 MiB of zeros");
          }) == "");
}

TEST_CASE("reserving more than is free is refused with the bytes wanted and free") {
  REQUIRE(failure_in_private_shm(4 * MiB, [] {
            const auto other = nameless("other");
            host::reserve(other.descriptor(), MiB, Medium::shared_memory, "other");
            const auto file = nameless("x");
            const auto error = error_of(
                [&] { host::reserve(file.descriptor(), 3 * MiB + 1, Medium::shared_memory, "x"); });
            must(error.errc() == Errc::no_space, "it is no_space");
            for (const auto* part : {"x: wants 3145729 bytes", "3145728 free", "--shm-size"})
              must(has(error.what(), part), std::string(part) + " in " + error.what());
            host::reserve(file.descriptor(), 3 * MiB, Medium::shared_memory, "x");
          }) == "");
}

TEST_CASE("reserving again for the same file asks only for what it does not have yet") {
  REQUIRE(failure_in_private_shm(4 * MiB, [] {
            const auto file = nameless("x");
            host::reserve(file.descriptor(), 3 * MiB, Medium::shared_memory, "x");
            host::reserve(file.descriptor(), 4 * MiB, Medium::shared_memory, "x");
          }) == "");
}

TEST_CASE("reserving more than RLIMIT_FSIZE is an Error, not a SIGXFSZ") {
  CHECK(
      failure_in_child([] {
        const struct rlimit limit {
          100000, 100000
        };
        must(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "the limit can be set");
        const auto file = nameless("x");
        const auto error =
            error_of([&] { host::reserve(file.descriptor(), 100001, Medium::shared_memory, "x"); });
        must(error.errc() == Errc::no_space, "it is no_space");
        for (const auto* part : {"wants 100001 bytes", "100000 free", "RLIMIT_FSIZE", "ulimit -f"})
          must(has(error.what(), part), std::string(part) + " in " + error.what());
        host::reserve(file.descriptor(), 100000, Medium::shared_memory, "x");
      }) == "");
}

TEST_CASE(
    "reserving more than the control group may take is refused, and its page cache counts as "
    "free") {
  CHECK(
      failure_in_child([] {
        // Nobody may count on a writable control group, so this one is made of plain files.
        std::string group;
        std::ifstream groups("/proc/self/cgroup");
        for (std::string line; std::getline(groups, line);)
          if (line.rfind("0::", 0) == 0) group = line.substr(3);
        must(!group.empty(), "this system has control groups, version 2");
        leave_mounts();
        must(::mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, "size=1m") == 0, "a tmpfs is mounted");
        const auto folder = "/sys/fs/cgroup" + group + "/";
        std::filesystem::create_directories(folder);
        write_file(folder + "memory.max", "1000000\n");
        write_file(folder + "memory.current", "600000\n");
        write_file(folder + "memory.stat", "anon 1\nactive_file 60000\ninactive_file 40000\nx 7\n");
        const auto file = host::nameless_file(0, "x");  // wherever names are: it is memory
        const auto error =
            error_of([&] { host::reserve(file, 500001, Medium::shared_memory, "x"); });
        must(error.errc() == Errc::no_space, "it is no_space");
        for (const auto* part : {"wants 500001 bytes", "the memory control group has 500000 free"})
          must(has(error.what(), part), std::string(part) + " in " + error.what());
        host::reserve(file, 500000, Medium::shared_memory, "x");
        write_file(folder + "memory.max", "max\n");
        host::reserve(file, 700000, Medium::shared_memory, "x");
      }) == "");
}

TEST_CASE("the headroom is the least of a control group and its parents, in both versions") {
  const Folder folder;
  const auto put = [&](const std::string& path, const std::string& text) {
    const std::filesystem::path file = folder.file(path);
    std::filesystem::create_directories(file.parent_path());
    write_file(file.string(), text);
  };
  const auto headroom = [&](const std::string& groups) {
    put("groups", groups);
    return host::detail::cgroup_headroom({folder.file("groups"), folder.file("root")});
  };
  CHECK_FALSE(headroom("").has_value());
  CHECK_FALSE(headroom("no colon\n3:cpu:/a\n0::/a/b\n").has_value());
  put("root/a/b/memory.max", "1000\n");
  put("root/a/b/memory.current", "300\n");
  CHECK(headroom("0::/a/b\n") == 700u);
  put("root/a/memory.max", "2000\n");
  put("root/a/memory.current", "1900\n");
  CHECK(headroom("0::/a/b\n") == 100u);
  put("root/a/memory.stat", "inactive_file 150\nactive_file 50\n");
  CHECK(headroom("0::/a/b\n") == 300u);
  put("root/a/memory.max", "1000\n");  // lowered below what it has
  CHECK(headroom("0::/a/b\n") == 0u);
  put("root/memory/c/memory.limit_in_bytes", "5000\n");
  put("root/memory/c/memory.usage_in_bytes", "4000\n");
  put("root/memory/c/memory.stat", "active_file 1\ntotal_active_file 500\ntotal_inactive_file 7\n");
  CHECK(headroom("4:cpu,memory:/c\n0::/\n") == 1507u);
  put("root/memory/memory.limit_in_bytes", "9223372036854771712\n");  // none
  put("root/memory/memory.usage_in_bytes", "100000\n");
  CHECK(headroom("4:memory:/c\n0::/\n") == 1507u);
  CHECK(headroom("4:memory:/\n0::/\n") == 9223372036854671712u);
}

TEST_CASE("soak: an array larger than a control group may take is an Error, not a kill",
          "[.cgroup]") {
  CHECK(failure_in_private_shm(256 * MiB, [] {
          // Of whichever version has the memory here.
          const bool first = exists("/sys/fs/cgroup/memory");
          const std::string group = std::string("/sys/fs/cgroup/") + (first ? "memory/" : "") +
                                    "tessera-test-" + std::to_string(::getpid());
          must(::mkdir(group.c_str(), 0700) == 0, "a control group can be made (run as root)");
          write_file(group + (first ? "/memory.limit_in_bytes" : "/memory.max"), "33554432");
          const auto failure = failure_in_child([&] {
            write_file(group + "/cgroup.procs", std::to_string(::getpid()));
            const auto file = nameless("x");
            const auto error = error_of(
                [&] { host::reserve(file.descriptor(), 64 * MiB, Medium::shared_memory, "x"); });
            must(error.errc() == Errc::no_space, error.what());
            must(has(error.what(), "wants 67108864 bytes, and the memory control group has"),
                 error.what());
            host::reserve(file.descriptor(), 16 * MiB, Medium::shared_memory, "x");
          });
          must(wait_until([&] { return ::rmdir(group.c_str()) == 0; }), "the group goes");
          must(failure.empty(), failure);
        }) == "");
}

TEST_CASE("reserving survives a storm of signals") {
  CHECK(failure_in_private_shm(256 * MiB, [] {
          struct sigaction action {};
          action.sa_handler = [](int) {};
          must(::sigaction(SIGUSR1, &action, nullptr) == 0, "a handler is set");
          const auto target = ::getpid();
          Child storm([target] {
            while (::kill(target, SIGUSR1) == 0) ::usleep(50);
          });
          const auto file = nameless("x");
          host::reserve(file.descriptor(), 200 * MiB, Medium::shared_memory, "x");
          must(host::file_info(file.descriptor(), "x").bytes == 200 * MiB, "all is reserved");
        }) == "");
}

TEST_CASE("no descriptor left is an Error that says so") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  write_file(shm_path(name), "x");
  CHECK(failure_in_child([&] {
          host::fork_generation();  // the registry of owners exists
          const struct rlimit limit {
            16, 16
          };
          must(::setrlimit(RLIMIT_NOFILE, &limit) == 0, "the limit can be set");
          std::vector<host::Descriptor> all;
          do all.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
          while (all.back());
          for (const auto& error : {error_of([&] { nameless("x"); }), error_of([&] {
                                      host::open_existing(shm_path(name), Access::read_only, name);
                                    })}) {
            must(has(error.what(), "ulimit -n"), error.what());
            must(has(error.what(), "Too many open files"), error.what());
          }
        }) == "");
}

TEST_CASE("the segment folder's names come sorted and whole") {
  CHECK(failure_in_private_shm(MiB, [] {
          for (const auto* name : {"b", "a", "sem.x", ".hidden"}) write_file(shm_path(name), "x");
          must(host::segment_names() == std::vector<std::string>{"a", "b", "sem.x"}, "three names");
          for (const auto* name : {"b", "a", "sem.x", ".hidden"}) host::unlink(shm_path(name));
        }) == "");
}
