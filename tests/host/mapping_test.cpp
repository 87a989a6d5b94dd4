#include "support/catch.hpp"

#include <cstring>
#include <string>
#include <utility>

#include <tessera/host/mapping.hpp>
#include <tessera/host/segment_files.hpp>

#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
namespace host = tessera::host;
using host::Access;

namespace {

host::Descriptor open_file(const std::string& path, Access access) {
  return std::move(host::open_existing(path, access, "a", true).value());
}

#if defined(TESSERA_POSIX)
host::Descriptor anything() { return host::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
bool is_open(int number) { return ::fcntl(number, F_GETFD) != -1; }
#else
host::Descriptor anything() {
  return host::Descriptor(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
}
bool is_open(HANDLE number) {
  DWORD flags;
  return ::GetHandleInformation(number, &flags) != 0;
}
#endif

}  // namespace

#if defined(TESSERA_POSIX)  // a file that is mapped can't be removed
TEST_CASE("a mapping outlives its descriptor and its name") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  host::Mapping mapping;
  {
    const auto file = open_file(folder.file("a"), Access::read_write);
    mapping = host::Mapping(file, Access::read_write, 10, "a");
  }
  std::filesystem::remove(folder.file("a"));
  CHECK(mapping.size() == 10);
  CHECK(std::string(reinterpret_cast<const char*>(mapping.data()), 10) == "0123456789");
}
#endif

TEST_CASE("what one mapping writes another one and the file show") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = open_file(folder.file("a"), Access::read_write);
  const host::Mapping one(file, Access::read_write, 10, "a"), two(file, Access::read_only, 10, "a");
  std::memcpy(one.data() + 2, "xyz", 3);
  CHECK(std::string(reinterpret_cast<const char*>(two.data()), 10) == "01xyz56789");
  CHECK(bytes_of(folder.file("a")) == "01xyz56789");
}

TEST_CASE("a read-only mapping can't be written") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const host::Mapping mapping(open_file(folder.file("a"), Access::read_only), Access::read_only, 10,
                              "a");
  CHECK(refuses_writes(mapping.data()));
}

TEST_CASE("flushing a mapped file succeeds") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  host::Mapping mapping(open_file(folder.file("a"), Access::read_write), Access::read_write, 10,
                        "a");
  std::memcpy(mapping.data(), "new", 3);
  CHECK(mapping.flush());
  CHECK(bytes_of(folder.file("a")) == "new3456789");
}

TEST_CASE("mapping what the descriptor does not allow is an Error") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = open_file(folder.file("a"), Access::read_only);
  const auto error = error_of([&] { host::Mapping(file, Access::read_write, 10, "a"); });
  CHECK(error.errc() == Errc::not_permitted);
}

#if defined(TESSERA_POSIX)  // a view is no larger than its file
TEST_CASE("more than the address space is an Error that says how much") {
  const Folder folder;
  write_file(folder.file("a"), "0123456789");
  const auto file = open_file(folder.file("a"), Access::read_write);
  const auto error =
      error_of([&] { host::Mapping(file, Access::read_write, std::size_t{1} << 60, "a"); });
  CHECK(error.errc() == Errc::no_space);
  CHECK(has(error.what(), "1152921504606846976 bytes"));
}
#endif

TEST_CASE("a descriptor closes what it owns, once") {
  host::Descriptor one = anything();
  REQUIRE(one);
  const auto number = one.get();
  host::Descriptor two(std::move(one));
  CHECK_FALSE(one);
  CHECK(two.get() == number);
  two.reset();
  CHECK_FALSE(is_open(number));
  host::Descriptor three = anything();
  const auto released = three.release();
  CHECK_FALSE(three);
  CHECK(is_open(released));
  host::Descriptor(released).reset();
  CHECK_FALSE(is_open(released));
}
