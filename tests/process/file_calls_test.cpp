// Files on disk, and a process that is killed before each system call of what it does with one, a
// power cut there, and another process that truncates what is being read.
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/refused_calls.hpp"
#include "support/scene.hpp"
#include "support/stepping.hpp"

using namespace tessera_test;
using tessera::Durability;
using tessera::Errc;
using tessera::SharedArray;
namespace host = tessera::host;
using Ints = SharedArray<int, 1>;

namespace {

constexpr std::size_t element_count = 3000;  // of several pages

Ints array_of(int value) {
  auto a = Ints::create({element_count});
  for (auto& element : a) element = value;
  return a;
}

/// The value of all elements of a file, which is whole.
int value_in(const std::string& path) {
  const auto a = Ints::load(path);
  must(a.size() == element_count, "it has all elements");
  for (const int element : a) must(element == a(0), "it is whole");
  return a(0);
}

bool has_scratch_files(const Folder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder.file("")))
    if (entry.path().filename().string().starts_with(".tessera-")) return true;
  return false;
}

struct System {
  const char* title;
  std::function<void()> refuse;
};
const std::vector<System> systems{
    {"", [] {}}, {", nameless files refused", [] { refuse_nameless_files(EOPNOTSUPP); }}};

/// The calls of `work`, in order.
std::vector<std::string> calls_of(const std::function<void()>& work) {
  std::vector<std::string> out;
  for (std::size_t calls = 0;; ++calls) {
    out.push_back(stopped_after(calls, work, [](Child& child) {
      must(::ptrace(PTRACE_DETACH, child.pid(), nullptr, nullptr) == 0, "it goes on");
      must(child.failure().empty(), "it comes to its end");
    }));
    if (out.back().empty()) return out;
  }
}

}  // namespace

TEST_CASE("a process killed before any call of save leaves the old file or the new one") {
  const Scene scene;
  for (const auto& system : systems) {
    const Folder folder;
    const auto path = folder.file("a.npy");
    std::size_t left = 0, replaced = 0;
    CHECK(failure_in_private_shm(16 * MiB, [&] {
            const auto before = array_of(1), after = array_of(2);
            kill_before_each_call(
                (std::string("save") + system.title).c_str(), [&] { before.save(path); },
                [&] {
                  system.refuse();
                  after.save(path);
                },
                [&] {
                  const int value = value_in(path);
                  must(value == 1 || value == 2, "it is the old or the new one");
                  const bool half = has_scratch_files(folder);
                  left += half, replaced += value == 2;
                  array_of(3).save(folder.file("b.npy"));
                  must(!has_scratch_files(folder), "the next save removes what was left");
                  return std::string(value == 1 ? "old" : "new") + (half ? ", and a half" : "");
                });
            must(replaced > 0 && left > 0, "all of it happens");
          }) == "");
    CHECK(folder.entries() == 2);
  }
}

TEST_CASE("a process killed before any call of what makes a new file leaves a whole one or none") {
  const Scene scene;
  struct Way {
    const char* title;
    std::function<void(const std::string&)> make;
  };
  const std::vector<Way> ways{
      {"save", [](const std::string& path) { array_of(0).save(path); }},
      {"create_file", [](const std::string& path) { Ints::create_file(path, {element_count}); }}};
  for (const auto& way : ways)
    for (const auto& system : systems) {
      const Folder folder;
      const auto path = folder.file("a.npy");
      CHECK(failure_in_private_shm(16 * MiB, [&] {
              kill_before_each_call((std::string(way.title) + system.title).c_str(),
                                    [&] { std::filesystem::remove(path); },
                                    [&] {
                                      system.refuse();
                                      way.make(path);
                                    },
                                    [&] {
                                      tessera::catalog::reap();
                                      const bool there = exists(path);
                                      if (there) must(value_in(path) == 0, "it is whole");
                                      Ints::create_file(folder.file("b.npy"), {2});
                                      must(!has_scratch_files(folder),
                                           "the next one removes what was left");
                                      std::filesystem::remove(folder.file("b.npy"));
                                      return std::string(there ? "whole" : "none");
                                    });
            }) == "");
      CHECK(folder.entries() == 1);
    }
}

TEST_CASE("save has the data on disk before the name and the name before it returns") {
  const Scene scene;
  const Folder folder;
  const auto path = folder.file("a.npy");
  const auto a = array_of(1);
  const auto place = [](const std::vector<std::string>& calls, const std::string& call) {
    return std::find(calls.begin(), calls.end(), call) - calls.begin();
  };
  for (const auto& system : systems) {
    a.save(path);
    const auto calls = calls_of([&] {
      system.refuse();
      a.save(path);
    });
    const auto written = place(calls, "pwrite"), synced = place(calls, "fsync"),
               named = place(calls, "rename");
    CHECK(written < synced);
    CHECK(synced < named);
    REQUIRE(named < std::ssize(calls));
    CHECK(std::count(calls.begin() + named, calls.end(), "fsync") == 1);
  }
  const auto fast = calls_of([&] { a.save(path, Durability::none); });
  CHECK(std::count(fast.begin(), fast.end(), "fsync") == 0);
}

TEST_CASE("after a power cut the old file is there or the new one, and what save said is true") {
  const Scene scene;
  if (::geteuid() != 0 || std::system("command -v mkfs.ext4 >/dev/null && "
                                      "test -e /dev/loop-control") != 0)
    return skip("no image of a disk can be mounted here");
  const Folder folder;
  CHECK(failure_in_child([&] {
          leave_mounts();
          const auto image = folder.file("image"), disk = folder.file("disk");
          std::filesystem::create_directory(disk);
          const auto run = [](const std::string& command) {
            must(std::system((command + " >/dev/null 2>&1").c_str()) == 0, command);
          };
          const auto mount = [&] { run("mount -o loop " + image + " " + disk); };
          const auto cut_power = [&] {
            const host::Descriptor root(::open(disk.c_str(), O_RDONLY));
            std::uint32_t no_log = 2;  // nothing in memory reaches the disk any more
            must(::ioctl(root.get(), _IOR('X', 125, std::uint32_t), &no_log) == 0, "power is cut");
          };
          const auto path = disk + "/a.npy", fresh = disk + "/b.npy", made = disk + "/c.npy";
          run("truncate -s 32M " + image + " && mkfs.ext4 -q " + image);
          mount();
          for (int round = 1; round <= 3; ++round) {
            array_of(round).save(path);
            array_of(round).save(fresh);
            auto file = Ints::create_file(made, {element_count});
            for (auto& element : file) element = round;
            file.flush();
            array_of(100 + round).save(path, Durability::none);
            cut_power();
            file = Ints();
            run("umount " + disk);
            mount();
            const int value = value_in(path);
            must(value == round || value == 100 + round, "the old or the new is there");
            must(value_in(fresh) == round, "what was saved is there");
            must(value_in(made) == round, "what was flushed is there");
            std::filesystem::remove(fresh), std::filesystem::remove(made);
          }
          run("umount " + disk);
        }) == "");
}

TEST_CASE("a file truncated before any call of who loads it is an Error, and no array is left") {
  const Scene scene;
  const Folder folder;
  const auto path = folder.file("a.npy");
  for (const bool fortran : {false, true})
    CHECK(failure_in_private_shm(16 * MiB, [&] {
            const auto bytes = tessera::npy::encode(tessera::dtype_of<int>(), {{50, 60}}, fortran) +
                               std::string(50 * 60 * 4, 'x');
            std::size_t refused = 0;
            std::string call = "the first";
            for (std::size_t calls = 0; !call.empty(); ++calls) {
              write_file(path, bytes);
              call = stopped_after(
                  calls,
                  [&] {
                    try {
                      const auto a = SharedArray<int, 2>::load(path);
                      for (const int element : a) must(element == 0x78787878, "it is whole");
                    } catch (const tessera::Error& error) {
                      must(error.errc() == Errc::not_an_array, error.what());
                      must(has(error.what(), "truncated"), error.what());
                      throw std::runtime_error("refused");
                    }
                  },
                  [&](Child& loader) {
                    must(::truncate(path.c_str(), 4096) == 0, "it can be truncated");
                    must(::ptrace(PTRACE_DETACH, loader.pid(), nullptr, nullptr) == 0, "goes on");
                    const auto failure = loader.failure();
                    must(failure.empty() || failure == "refused", failure);
                    refused += failure == "refused";
                  });
              must(host::segment_names().empty(), "no name is left");
            }
            must(refused > 10, "it was refused " + std::to_string(refused) + " times");
          }) == "");
}
