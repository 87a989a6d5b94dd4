#include <tessera/host/cpus.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <sched.h>
#endif

using namespace tessera_test;
using tessera::host::usable_cores;

TEST_CASE("binding to a core that is not there changes nothing") {
  REQUIRE(failure_apart([] {
            auto before = tessera::host::allowed_cores();
            tessera::host::pin_to({1023});
            auto after = tessera::host::allowed_cores();
            std::sort(before.begin(), before.end());
            std::sort(after.begin(), after.end());
            must(before == after, "the affinity is as it was");
          }) == "");
}

TEST_CASE("the last-level cache is the largest that the system names, or unknown") {
  const auto cache = tessera::host::last_level_cache();
  REQUIRE((cache == 0 || cache >= (std::size_t{1} << 16)));
#if defined(TESSERA_POSIX)
  REQUIRE((cache == 0) == !std::ifstream("/sys/devices/system/cpu/cpu0/cache/index0/size").good());
#endif
}

#if defined(TESSERA_POSIX)  // win32/pool_test.cpp has its own

TEST_CASE("the time that a thread has had a core grows while it works, and no faster than time") {
  const auto began = std::chrono::steady_clock::now();
  const auto before = tessera::host::cpu_time();
  while (tessera::host::cpu_time() - before < std::chrono::milliseconds(5))
    REQUIRE(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
  REQUIRE(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(5));
}

TEST_CASE("a process that is bound to a core runs there, and lists it first") {
  REQUIRE(failure_apart([] {
            const auto cores = tessera::host::allowed_cores();
            must(!cores.empty(), "there is a core");
            tessera::host::pin_to({cores.back()});
            must(tessera::host::this_core() == cores.back(), "it runs on that core");
            must(tessera::host::allowed_cores() == std::vector{cores.back()}, "and on no other");
          }) == "");
}

TEST_CASE("a process may use at least one core and no more than its affinity has") {
  cpu_set_t set;
  REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  REQUIRE(usable_cores() >= 1);
  REQUIRE(usable_cores() <= static_cast<std::size_t>(CPU_COUNT(&set)));
}

TEST_CASE("a process bound to one core may use one") {
  REQUIRE(failure_in_child([] {
            cpu_set_t set;
            must(::sched_getaffinity(0, sizeof set, &set) == 0, "the affinity can be read");
            int first = 0;
            while (!CPU_ISSET(first, &set)) ++first;
            CPU_ZERO(&set);
            CPU_SET(first, &set);
            must(::sched_setaffinity(0, sizeof set, &set) == 0, "the affinity can be set");
            must(usable_cores() == 1, "one core is usable");
          }) == "");
}

TEST_CASE("a quota of a control group, or of a parent, counts in both versions") {
  const Folder folder;
  const auto put = [&](const std::string& path, const std::string& text) {
    const std::filesystem::path file = folder.file(path);
    std::filesystem::create_directories(file.parent_path());
    write_file(file.string(), text);
  };
  const auto cores = [&](const std::string& groups) {
    put("groups", groups);
    return usable_cores({folder.file("groups"), folder.file("root")});
  };
  const auto all = usable_cores({folder.file("none"), folder.file("root")});
  put("root/a/cpu.max", "100000 100000\n");
  put("root/a/b/cpu.max", "max 100000\n");
  CHECK(cores("0::/a/b\n") == 1);
  CHECK(cores("0::/b\n") == all);
  put("root/cpu/c/cpu.cfs_quota_us", "50000\n");  // half a core
  put("root/cpu/c/cpu.cfs_period_us", "100000\n");
  CHECK(cores("4:cpu,cpuacct:/c/d\n0::/\n") == 1);
  CHECK(cores("4:cpuacct:/c\n5:cpuset:/c\n") == all);
  put("root/cpu/c/cpu.cfs_quota_us", "-1\n");
  CHECK(cores("4:cpu,cpuacct:/c/d\n") == all);
  put("root/cpu/cpu.cfs_quota_us", "100000\n");  // a container's own
  put("root/cpu/cpu.cfs_period_us", "100000\n");
  CHECK(cores("4:cpuacct,cpu:/\n") == 1);
}

TEST_CASE("the allowed cores are those of the affinity, each once") {
  cpu_set_t set;
  REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  auto cores = tessera::host::allowed_cores();
  REQUIRE(cores.size() == static_cast<std::size_t>(CPU_COUNT(&set)));
  for (const int core : cores) REQUIRE(CPU_ISSET(core, &set));
  std::sort(cores.begin(), cores.end());
  REQUIRE(std::adjacent_find(cores.begin(), cores.end()) == cores.end());
}

#endif
