// Named arrays in a folder that the program or its environment chose.
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <tessera/memory/catalog.hpp>
#include <tessera/memory/segment_folder.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::SegmentName;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

/// In a child that has used no folder yet.
template <class Body>
std::string failure_in_new_process(Body&& body) {
  return failure_in_child([&] {
    host::detail::folder_in_use.store(nullptr);
    ::unsetenv("TESSERA_DIR");
    body();
  });
}

/// Everything that knows names, in the folder in use.
void check_names(const std::string& folder) {
  const auto name = unique_name(), orphan = unique_name(), kept = unique_name();
  {
    const auto array = create(name);
    must(array->path() == folder + name && exists(array->path()), "it is there");
    must(!exists("/dev/shm/" + name), "and not in the usual place");
    auto* const first = reinterpret_cast<std::int32_t*>(array->data());
    must(*first == 0, "it is zero");
    *first = 7;
    const auto other = attach(name);
    must(*reinterpret_cast<std::int32_t*>(other->data()) == 7, "it is attached by its name");
    must(other->identity() == array->identity(), "it is that one");
    must(error_of([&] { create(name); }).errc() == Errc::name_taken, "the name is taken");
    const auto listed = catalog::list();
    must(listed.size() == 1 && listed[0].name == name &&
             listed[0].kind == catalog::Entry::Kind::owned,
         "it is listed as owned");
    must(catalog::reap().empty(), "it is no orphan");
  }
  must(!exists(folder + name), "its end removes it");
  must(failure_in_child([&] {
         static const auto left = create(orphan);
         ::_exit(0);
       }) == "",
       "a process leaves an array behind");
  must(exists(folder + orphan) && catalog::reap() == std::vector{orphan}, "it is reaped");
  create(kept)->keep();
  must(exists(folder + kept) && catalog::remove(kept), "a kept one is removed");
  must(std::filesystem::is_empty(folder), "nothing is left");
}

}  // namespace

TEST_CASE("arrays, lists and reapers are where the program says") {
  const Folder folder;
  CHECK(failure_in_new_process([&] {
          tessera::set_segment_folder(folder.file(""));
          must(tessera::segment_folder() == folder.file(""), "that is the folder");
          check_names(folder.file(""));
        }) == "");
}

TEST_CASE("arrays, lists and reapers are where TESSERA_DIR says: on a second tmpfs") {
  const Folder folder;
  CHECK(failure_in_new_process([&] {
          ::setenv("TESSERA_DIR", folder.file("").c_str(), 1);
          leave_mounts();
          must(::mount("tmpfs", folder.file("").c_str(), "tmpfs", 0, "size=1m") == 0,
               "a tmpfs can be mounted");
          check_names(folder.file(""));
          const auto error = error_of([] { create(unique_name(), {1000, 1000}); });
          must(error.errc() == Errc::no_space && has(error.what(), "TESSERA_DIR"), error.what());
        }) == "");
}

TEST_CASE("a folder that is chosen too late is an Error, and the arrays stay where they are") {
  const Folder folder;
  const auto name = unique_name();
  CHECK(failure_in_new_process([&] {
          const auto array = create(name);
          const auto error = error_of([&] { tessera::set_segment_folder(folder.file("")); });
          must(error.errc() == Errc::invalid_argument && has(error.what(), "/dev/shm/"),
               error.what());
          must(attach(name)->identity() == array->identity(), "it is found as before");
        }) == "");
}

TEST_CASE("names can be made of huge pages") {
  const Folder folder;
  const std::string count = "/proc/sys/vm/nr_hugepages";
  std::size_t before = 0;
  std::ifstream(count) >> before;
  std::ofstream(count) << before + 4;
  std::size_t now = 0;
  std::ifstream(count) >> now;
  if (now < before + 4) {
    std::ofstream(count) << before;
    return skip("no huge pages can be had here");
  }
  CHECK(failure_in_new_process([&] {
          tessera::set_segment_folder(folder.file(""));
          leave_mounts();
          must(::mount("none", folder.file("").c_str(), "hugetlbfs", 0, nullptr) == 0,
               "a hugetlbfs can be mounted");
          check_names(folder.file(""));
          const auto maps = [] {
            std::ifstream file("/proc/self/maps");
            std::size_t lines = 0;
            for (std::string line; std::getline(file, line);)
              lines += has(line, tessera::segment_folder());
            return lines;
          };
          const auto name = unique_name();
          {
            const auto array = create(name, {700, 1000});  // more than one huge page
            array->data()[2799999] = std::byte{9};
            must(attach(name)->data()[2799999] == std::byte{9}, "all of it is shared");
            must(maps() == 1, "the attached one is unmapped");
          }
          must(maps() == 0, "both are");
          const auto error = error_of([] { create(unique_name(), {100, 1000, 1000}); });
          must(error.errc() == Errc::no_space && has(error.what(), "nr_hugepages"), error.what());
        }) == "");
  std::ofstream(count) << before;
}
