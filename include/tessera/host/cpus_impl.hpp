// Floor 1, host: the definitions of cpus.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/cgroup.hpp>
#include <tessera/host/cpus.hpp>
#include <tessera/host/win32.hpp>

#if defined(TESSERA_LINUX)
#include <sched.h>
#include <time.h>
#endif

namespace tessera::host {

#if defined(TESSERA_WIN32)
namespace detail {
/// The cores of this process as a bit mask; 0 if there are more than fit into one word.
inline DWORD_PTR allowed_mask() noexcept {
  DWORD_PTR allowed = 0, all = 0;
  return ::GetProcessAffinityMask(::GetCurrentProcess(), &allowed, &all) != 0 ? allowed : 0;
}
}  // namespace detail
#endif

TESSERA_FUNC std::size_t usable_cores([[maybe_unused]] const CgroupTree& tree) {
  std::size_t cores = (std::max)(1u, std::thread::hardware_concurrency());
#if defined(TESSERA_LINUX)
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    cores = static_cast<std::size_t>((std::max)(1, CPU_COUNT(&set)));
  for_each_cgroup(tree, "cpu", [&](const std::string& folder, int version) {
    double quota = 0, period = 0;
    if (version == 2) {
      std::ifstream limit(folder + "cpu.max");
      if (!(limit >> quota >> period)) return;  // "max" is not a number, and no limit
    } else {
      std::ifstream most(folder + "cpu.cfs_quota_us"), each(folder + "cpu.cfs_period_us");
      if (!(most >> quota && each >> period)) return;
    }
    if (quota <= 0 || period <= 0) return;  // -1: no limit
    cores = (std::min)(cores, static_cast<std::size_t>((std::max)(1.0, quota / period + 0.5)));
  });
#elif defined(TESSERA_WIN32)
  if (const auto allowed = detail::allowed_mask(); allowed != 0)
    cores = static_cast<std::size_t>(std::popcount(allowed));
#endif
  return cores;
}
TESSERA_FUNC std::size_t usable_cores() { return usable_cores(CgroupTree()); }

TESSERA_FUNC std::vector<int> allowed_cores() {
  std::vector<int> cores;
#if defined(TESSERA_LINUX)
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(static_cast<std::size_t>(core), &set)) cores.push_back(core);
  const auto here = std::find(cores.begin(), cores.end(), ::sched_getcpu());
  if (here != cores.end()) std::rotate(cores.begin(), here, here + 1);
#elif defined(TESSERA_WIN32)
  const auto mask = detail::allowed_mask();
  for (int core = 0; core < 64; ++core)
    if ((mask >> core & 1) != 0) cores.push_back(core);
#endif
  return cores;
}

TESSERA_FUNC int this_core() noexcept {
#if defined(TESSERA_LINUX)
  return ::sched_getcpu();
#elif defined(TESSERA_WIN32)
  return static_cast<int>(::GetCurrentProcessorNumber());
#else
  return -1;
#endif
}

TESSERA_FUNC void pin_to(const std::vector<int>& cores) noexcept {
#if defined(TESSERA_LINUX)
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(static_cast<std::size_t>(core), &set);
  static_cast<void>(::sched_setaffinity(0, sizeof set, &set));
#elif defined(TESSERA_WIN32)
  const DWORD core = cores.size() == 1 ? static_cast<DWORD>(cores[0]) : MAXIMUM_PROCESSORS;
  ::SetThreadIdealProcessor(::GetCurrentThread(), core);
#else
  static_cast<void>(cores);
#endif
}

TESSERA_FUNC std::chrono::nanoseconds cpu_time() noexcept {
#if defined(TESSERA_LINUX)
  struct timespec time {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
#else
  return {};
#endif
}

TESSERA_FUNC std::size_t last_level_cache() {
  std::size_t largest = 0;
#if defined(TESSERA_LINUX)
  // Not sysconf: it adds up all caches of a socket, and virtual ones.
  for (int index = 0; index < 10; ++index) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) +
                       "/size");
    std::size_t size = 0;
    char unit = 0;
    if (!(file >> size)) break;
    file >> unit;
    largest = (std::max)(largest, size << (unit == 'K' ? 10 : unit == 'M' ? 20 : 0));
  }
#endif
  return largest;
}

}  // namespace tessera::host
