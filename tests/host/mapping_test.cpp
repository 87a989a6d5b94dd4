#include "support/catch.hpp"

#include <sys/resource.h>

#include <cstring>
#include <string>

#include <tessera/host/mapping.hpp>

#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
namespace host = tessera::host;
using host::Access;

namespace {

host::Descriptor open_file(const std::string& path, int flags) {
  return host::Descriptor(::open(path.c_str(), flags | O_CLOEXEC));
}

}  // namespace

TEST_CASE("A mapping outlives its descriptor and its name") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  host::Mapping mapping;
  {
    const auto file = open_file(folder.file("a"), O_RDWR);
    mapping = host::Mapping(file, Access::read_write, 10, "a");
  }
  std::filesystem::remove(folder.file("a"));
  CHECK(mapping.size() == 10);
  CHECK(std::string(reinterpret_cast<const char*>(mapping.data()), 10) == "0123456789");
}

TEST_CASE("What one mapping writes another one and the file show") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = open_file(folder.file("a"), O_RDWR);
  const host::Mapping one(file, Access::read_write, 10, "a"), two(file, Access::read_only, 10, "a");
  std::memcpy(one.data() + 2, "xyz", 3);
  CHECK(std::string(reinterpret_cast<const char*>(two.data()), 10) == "01xyz56789");
  CHECK(bytes_of(folder.file("a")) == "01xyz56789");
}

TEST_CASE("A read-only mapping can't be written") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const host::Mapping mapping(open_file(folder.file("a"), O_RDONLY), Access::read_only, 10, "a");
  CHECK(failure_in_child([&] {
          ::signal(SIGSEGV, SIG_DFL);
          *reinterpret_cast<volatile char*>(mapping.data()) = 'x';
        }) == "killed by signal " + std::to_string(SIGSEGV));
}

TEST_CASE("Flushing a mapped file succeeds") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  host::Mapping mapping(open_file(folder.file("a"), O_RDWR), Access::read_write, 10, "a");
  std::memcpy(mapping.data(), "new", 3);
  CHECK(mapping.flush());
  CHECK(bytes_of(folder.file("a")) == "new3456789");
}

TEST_CASE("Mapping what the descriptor does not allow is an Error") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = open_file(folder.file("a"), O_RDONLY);
  const auto error = error_of([&] { host::Mapping(file, Access::read_write, 10, "a"); });
  CHECK(error.errc() == Errc::not_permitted);
}

TEST_CASE("More than the address space is an Error that says how much") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = open_file(folder.file("a"), O_RDWR);
  const auto error =
      error_of([&] { host::Mapping(file, Access::read_write, std::size_t{1} << 60, "a"); });
  CHECK(error.errc() == Errc::no_space);
  CHECK(has(error.what(), "1152921504606846976 bytes"));
}

TEST_CASE("A descriptor closes what it owns, once") {
  host::Descriptor one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(one);
  const int fd = one.get();
  host::Descriptor two(std::move(one));
  CHECK_FALSE(one);
  CHECK(two.get() == fd);
  two.reset();
  CHECK(::fcntl(fd, F_GETFD) == -1);
  host::Descriptor three(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int released = three.release();
  CHECK_FALSE(three);
  CHECK(::fcntl(released, F_GETFD) != -1);
  ::close(released);
}
