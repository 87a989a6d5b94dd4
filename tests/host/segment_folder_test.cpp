// Where names are: what a program says, what its environment says, and the usual.
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <tessera/host/segment_files.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
namespace host = tessera::host;
using host::Access;
using host::Medium;

namespace {

/// In a child that has used no folder yet, with this in its environment.
template <class Body>
std::string failure_with(const char* variable, Body&& body) {
  return failure_in_child([&] {
    host::detail::folder_in_use.store(nullptr);
    if (variable == nullptr)
      ::unsetenv("TESSERA_DIR");
    else
      ::setenv("TESSERA_DIR", variable, 1);
    body();
  });
}

void must_be(const std::string& folder) {
  must(host::segment_folder() == folder, host::segment_folder() + (" is not " + folder));
}

}  // namespace

TEST_CASE("names are in /dev/shm, or where TESSERA_DIR or the program says") {
  const Folder one, two;
  CHECK(failure_with(nullptr, [] { must_be("/dev/shm/"); }) == "");
  CHECK(failure_with("", [] { must_be("/dev/shm/"); }) == "");
  CHECK(failure_with(one.file("").c_str(), [&] { must_be(one.file("")); }) == "");
  CHECK(failure_with((one.file("") + "//").c_str(), [&] { must_be(one.file("")); }) == "");
  CHECK(failure_with(one.file("").c_str(), [&] {
          host::choose_segment_folder(two.file(""));
          must_be(two.file(""));
          must(host::segment_path("a") == two.file("a"), "names are there");
        }) == "");
}

TEST_CASE("a relative folder of names is the one of the moment when it was chosen") {
  const Folder folder;
  std::filesystem::create_directory(folder.file("names"));
  CHECK(failure_with("names", [&] {
          must(::chdir(folder.file("").c_str()) == 0, "a folder is entered");
          must_be(folder.file("names/"));
          must(::chdir("/") == 0, "and left");
          must_be(folder.file("names/"));
        }) == "");
}

TEST_CASE("what is no folder can't be the folder of names, and who says so is told") {
  const Folder folder;
  write_file(folder.file("file"), "x");
  for (const auto& wrong : {folder.file("none"), folder.file("file")}) {
    CHECK(failure_with(wrong.c_str(), [&] {
            for (int time = 0; time < 2; ++time) {
              const auto error = error_of([] { host::segment_path("a"); });
              must(error.errc() == Errc::invalid_argument, "it is no argument");
              must(has(error.what(), "TESSERA_DIR") && has(error.what(), wrong), error.what());
            }
          }) == "");
    CHECK(failure_with(nullptr, [&] {
            const auto error = error_of([&] { host::choose_segment_folder(wrong); });
            must(has(error.what(), "set_segment_folder") && has(error.what(), wrong), error.what());
            must_be("/dev/shm/");
          }) == "");
  }
  CHECK(failure_with(nullptr, [&] {
          must(error_of([] { host::choose_segment_folder(""); }).errc() == Errc::invalid_argument,
               "the empty path names none");
        }) == "");
}

TEST_CASE("once names of a folder are used, another one is refused and the same one is not") {
  const Folder one, two;
  CHECK(failure_with(one.file("").c_str(), [&] {
          must(host::segment_names().empty(), "there are no names");
          host::choose_segment_folder(one.file("") + "/");
          const auto error = error_of([&] { host::choose_segment_folder(two.file("")); });
          must(error.errc() == Errc::invalid_argument, "it is refused");
          must(has(error.what(), one.file("")) && has(error.what(), "before"), error.what());
          ::setenv("TESSERA_DIR", two.file("").c_str(), 1);
          must_be(one.file(""));
        }) == "");
}

TEST_CASE("threads that use the folder of names first at one time use the same one") {
  const Folder folder;
  CHECK(failure_with(folder.file("").c_str(), [&] {
          std::vector<std::string> seen(8);
          std::vector<std::thread> threads;
          for (auto& mine : seen) threads.emplace_back([&] { mine = host::segment_folder(); });
          for (auto& thread : threads) thread.join();
          for (const auto& its : seen) must(its == folder.file(""), its);
        }) == "");
}

TEST_CASE("a folder of names on a disk asks for the disk's space and not for memory's") {
  const Folder folder;
  CHECK(failure_with(folder.file("").c_str(), [&] {
          const auto path = host::segment_path("a");
          host::StagedFile file(path, 0640, Medium::shared_memory, "a");
          if (host::storage_of(file.descriptor()) != host::Storage::disk) return;
          file.reserve(100000, "a");
          file.lock("a");
          must(file.publish(path, "a"), "it gets its name");
          must((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) ==
                   std::filesystem::perms(0640),
               "the mode is as asked");
          const auto error = error_of([&] { file.reserve(std::uint64_t{1} << 60, "a"); });
          must(error.errc() == Errc::no_space, "no disk has so much");
          must(has(error.what(), "its disk has") && has(error.what(), "TESSERA_DIR"), error.what());
          must(!has(error.what(), "--shm-size"), error.what());
        }) == "");
}

TEST_CASE("a full folder of names in memory is an Error that names TESSERA_DIR") {
  REQUIRE(failure_in_private_shm(MiB, [] {
            host::StagedFile file(host::segment_path("a"), 0600, Medium::shared_memory, "a");
            const auto error = error_of([&] { file.reserve(2 * MiB, "a"); });
            must(has(error.what(), "TESSERA_DIR"), error.what());
            must(has(error.what(), host::segment_folder()), error.what());
          }) == "");
}
