// Named arrays on Windows, where a name is a section: what is promised there, and what is not.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

// Old Windows headers define these two for all who come after them: no harm to ours.
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace std::chrono_literals;
using namespace tessera_test;
using tessera::Errc;
using tessera::Error;
using tessera::SharedArray;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

/// A path in the folder for such things, which goes with this object.
struct Temporary {
  std::string path = (std::filesystem::temp_directory_path() / (unique_name() + ".npy")).string();
  Temporary() = default;
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

/// Runs the hidden test `name` of this program in another process, which finds `subject` in its
/// environment. Its exit code.
int elsewhere(const std::string& name, const std::string& subject) {
  std::array<char, 4096> program{};
  ::GetModuleFileNameA(nullptr, program.data(), static_cast<DWORD>(program.size()));
  ::SetEnvironmentVariableA("TESSERA_TEST_SUBJECT", subject.c_str());
  auto command = "\"" + std::string(program.data()) + "\" -w NoTests \"" + name + "\"";
  STARTUPINFOA start{};
  start.cb = sizeof start;
  PROCESS_INFORMATION process{};
  if (::CreateProcessA(nullptr, command.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr,
                       &start, &process) == 0)
    return -1;
  const host::Descriptor thread(process.hThread), handle(process.hProcess);
  if (::WaitForSingleObject(handle.get(), 60'000) != WAIT_OBJECT_0) return -2;
  DWORD code = 0;
  ::GetExitCodeProcess(handle.get(), &code);
  return static_cast<int>(code);
}
std::string subject() { return std::getenv("TESSERA_TEST_SUBJECT"); }

}  // namespace

TEST_CASE("win32: a new array is zero, and what is written is found by its name") {
  const auto name = unique_name();
  auto a = SharedArray<double, 3>::create(name, {3, 4, 5});
  for (const double v : a) REQUIRE(v == 0.0);
  a(2, 3, 4) = 7.5;
  const auto b = SharedArray<const double, 3>::attach(name);
  REQUIRE(b(2, 3, 4) == 7.5);
  REQUIRE(b.shape() == a.shape());
  REQUIRE(b.segment()->identity() == a.segment()->identity());
}

TEST_CASE("win32: a second creator is refused") {
  const auto name = unique_name();
  const auto a = SharedArray<int, 1>::create(name, {8});
  REQUIRE(error_of([&] { SharedArray<int, 1>::create(name, {8}); }).errc() == Errc::name_taken);
}

TEST_CASE("win32: type and rank are checked on attach") {
  const auto name = unique_name();
  const auto a = SharedArray<int, 2>::create(name, {8, 2});
  REQUIRE(error_of([&] { SharedArray<float, 2>::attach(name); }).errc() == Errc::type_mismatch);
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(name); }).errc() == Errc::rank_mismatch);
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(unique_name()); }).errc() ==
          Errc::name_missing);
}

TEST_CASE("win32: a name goes with the last that has it, and is free at once") {
  const auto name = unique_name();
  auto a = std::make_unique<SharedArray<int, 1>>(SharedArray<int, 1>::create(name, {8}));
  (*a)(7) = 3;
  {
    const auto b = SharedArray<const int, 1>::attach(name);
    a.reset();
    REQUIRE(b(7) == 3);
    REQUIRE(b.segment()->ended());
    REQUIRE(error_of([&] { SharedArray<int, 1>::create(name, {8}); }).errc() == Errc::name_taken);
  }
  const auto c = SharedArray<int, 1>::create(name, {9});
  REQUIRE(c(7) == 0);
}

TEST_CASE("win32: another process finds an array by its name and writes into it") {
  const auto name = unique_name();
  auto a = SharedArray<int, 1>::create(name, {1000});
  a(999) = 41;
  REQUIRE(elsewhere("elsewhere: adds one", name) == 0);
  REQUIRE(a(999) == 42);
}
TEST_CASE("elsewhere: adds one", "[.]") {
  auto a = SharedArray<int, 1>::attach(subject());
  REQUIRE(a(999) == 41);
  a(999) += 1;
}

TEST_CASE("win32: a process that is ended leaves no name") {
  const auto name = unique_name();
  REQUIRE(elsewhere("elsewhere: creates and dies", name) == 9);
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(name); }).errc() == Errc::name_missing);
  const auto a = SharedArray<int, 1>::create(name, {8});
  REQUIRE(a(0) == 0);
}
TEST_CASE("elsewhere: creates and dies", "[.]") {
  auto a = SharedArray<int, 1>::create(subject(), {8});
  a.fill(1);
  ::TerminateProcess(::GetCurrentProcess(), 9);
}

TEST_CASE("win32: an array whose owner was ended is nobody's, and stays for who has it") {
  const auto name = unique_name();
  const auto gate = unique_name();
  auto mine = SharedArray<int, 1>::create(gate, {1});
  std::thread owner([&] { elsewhere("elsewhere: owns until it is told", gate + " " + name); });
  const auto a = SharedArray<const int, 1>::attach(name, {.wait = 30s});
  const auto kind_of = [&] {
    for (const auto& entry : catalog::list())
      if (entry.name == name) return entry.kind;
    throw std::runtime_error("not listed");
  };
  CHECK(kind_of() == catalog::Entry::Kind::owned);
  std::atomic_ref(mine(0)).store(1);
  owner.join();
  CHECK(kind_of() == catalog::Entry::Kind::orphan);
  CHECK(a(0) == 5);
  CHECK(catalog::reap().empty());
}
TEST_CASE("elsewhere: owns until it is told", "[.]") {
  const auto both = subject();
  auto gate = SharedArray<int, 1>::attach(both.substr(0, both.find(' ')));
  auto a = SharedArray<int, 1>::create(both.substr(both.find(' ') + 1), {1});
  a(0) = 5;
  while (std::atomic_ref(gate(0)).load() == 0) std::this_thread::sleep_for(1ms);
  ::TerminateProcess(::GetCurrentProcess(), 9);
}

TEST_CASE("win32: a segment that nobody has completed is not there yet") {
  const auto name = unique_name();
  const host::Descriptor begun(
      ::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, 4096, name.c_str()));
  REQUIRE(begun);
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(name); }).errc() == Errc::name_missing);
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(name, {.wait = 20ms}); }).errc() ==
          Errc::timed_out);
}

TEST_CASE("win32: memory of another kind, and names of other things, are told as that") {
  const auto name = unique_name();
  const host::Descriptor section(
      ::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, 4096, name.c_str()));
  host::write_at(section, 0, "no array, but of some length", name);
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(name); }).errc() == Errc::not_an_array);
  const auto other = unique_name();
  const host::Descriptor event(::CreateEventA(nullptr, TRUE, FALSE, other.c_str()));
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(other); }).errc() == Errc::not_an_array);
  REQUIRE(error_of([&] { SharedArray<int, 1>::create(other, {1}); }).errc() == Errc::name_taken);
}

TEST_CASE("win32: memory that is reserved and not there is no array") {
  const auto name = unique_name();
  const host::Descriptor section(::CreateFileMappingA(
      INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE | SEC_RESERVE, 0, 65536, name.c_str()));
  REQUIRE(section);
  REQUIRE(error_of([&] { SharedArray<int, 1>::attach(name); }).errc() == Errc::not_an_array);
}

TEST_CASE("win32: no name of an array stands in another's way") {
  const auto name = unique_name();
  const auto a = SharedArray<int, 1>::create("tessera-owner-" + name, {1});
  const auto b = SharedArray<int, 1>::create(name, {2});
  REQUIRE(b.owned());
}

TEST_CASE("win32: what no process has can't be kept, nor removed from who has it") {
  const auto name = unique_name();
  auto a = SharedArray<int, 1>::create(name, {8});
  const auto kept = error_of([&] { a.keep(); });
  REQUIRE(kept.errc() == Errc::not_permitted);
  REQUIRE(has(kept.what(), "save()"));
  REQUIRE(error_of([&] { catalog::remove(name, catalog::Force::yes); }).errc() ==
          Errc::not_permitted);
  REQUIRE_FALSE(catalog::remove(unique_name()));
}

TEST_CASE("win32: more memory than there is gets an Error and leaves no name") {
  const auto name = unique_name();
  const std::size_t much = std::size_t{1} << 44;
  REQUIRE(error_of([&] { SharedArray<char, 1>::create(name, {much}); }).errc() == Errc::no_space);
  REQUIRE(SharedArray<char, 1>::create(name, {8}).size() == 8);
}

TEST_CASE("win32: a read-only array can't be written through its mapping") {
  const auto name = unique_name();
  const auto a = SharedArray<int, 1>::create(name, {8});
  const auto b = SharedArray<const int, 1>::attach(name);
  MEMORY_BASIC_INFORMATION info{};
  ::VirtualQuery(b.data(), &info, sizeof info);
  REQUIRE(info.Protect == PAGE_READONLY);
}

TEST_CASE("win32: files are saved, loaded, mapped and changed in place") {
  const Temporary file;
  const auto name = unique_name();
  auto a = SharedArray<double, 2>::create({3, 5});
  for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] = static_cast<double>(i) / 3;
  a.save(file.path);
  const auto bytes = bytes_of(file.path);
  REQUIRE(bytes.size() == 128 + 15 * sizeof(double));
  REQUIRE(bytes.substr(0, 6) == "\x93NUMPY");
  {
    auto mapped = SharedArray<double, 2>::map_file(file.path);
    REQUIRE((mapped == a));
    mapped(2, 4) = -1;
    mapped.flush();
  }
  a.save(file.path);  // over the old one
  const auto loaded = SharedArray<double, 2>::load(name, file.path);
  REQUIRE((loaded == a));
  REQUIRE((SharedArray<const double, 2>::attach(name) == a));
}

TEST_CASE("win32: a new file is whole or not there, and no old one is lost") {
  const Temporary file;
  {
    auto a = SharedArray<float, 1>::create_file(file.path, {100});
    a(99) = 2;
  }
  REQUIRE(SharedArray<const float, 1>::map_file(file.path)(99) == 2);
  REQUIRE(error_of([&] { SharedArray<float, 1>::create_file(file.path, {7}); }).errc() ==
          Errc::name_taken);
  REQUIRE(SharedArray<const float, 1>::map_file(file.path).size() == 100);
  REQUIRE(error_of([&] { SharedArray<float, 1>::map_file(file.path + "-not"); }).errc() ==
          Errc::name_missing);
}
