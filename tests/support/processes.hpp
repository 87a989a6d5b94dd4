// What scenes with pools share: looking at processes that are no children of the test.
#pragma once

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <tessera/pool/tiled_pool.hpp>

#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <sys/prctl.h>
#include <sys/resource.h>
#else
#include <tlhelp32.h>
#endif

namespace tessera_test {

#if defined(TESSERA_POSIX)

/// Ends this process if a scene hangs, and leaves no core files where processes crash on purpose.
struct Scene {
  explicit Scene(unsigned seconds = 50) {
    ::alarm(seconds);
    const struct rlimit none {
      0, 0
    };
    ::setrlimit(RLIMIT_CORE, &none);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() { ::alarm(0); }
};

struct ProcessState {
  char letter = 'X';  ///< as ps shows it; X: there is none of that number
  int parent = 0;
};
inline ProcessState state_of(int pid) {
  ProcessState out;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(stat, text) || text.rfind(')') == std::string::npos) return out;
  std::sscanf(text.c_str() + text.rfind(')') + 1, " %c %d", &out.letter, &out.parent);
  return out;
}

/// True if it has ended, whether or not anybody has collected it: orphans of a test are init's.
inline bool has_ended(int pid) {
  const char letter = state_of(pid).letter;
  return letter == 'X' || letter == 'Z';
}
inline int parent_of(int pid) { return state_of(pid).parent; }

#else

/// Nothing: whoever runs the tests ends those that hang, and there are no core files.
struct Scene {
  Scene() = default;
  explicit Scene(unsigned) {}
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() {}
};

inline bool has_ended(int pid) {
  try {
    return tessera::host::ProcessHandle(pid).wait_ended(std::chrono::milliseconds(0));
  } catch (const tessera::Error&) {
    return true;
  }
}

/// The processes that one has started, or had, that have not ended.
inline std::vector<int> children_of(int pid) {
  std::vector<int> out;
  const tessera::host::Descriptor all(::CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0));
  PROCESSENTRY32 process{};
  process.dwSize = sizeof process;
  for (auto more = ::Process32First(all.get(), &process); more != 0;
       more = ::Process32Next(all.get(), &process))
    if (static_cast<int>(process.th32ParentProcessID) == pid)
      out.push_back(static_cast<int>(process.th32ProcessID));
  return out;
}

#endif

/// The workers of a pool; and their keeper, where that is a process. Waits until each is there: one
/// that is about to end has no parent soon, and nobody may send a signal to that.
inline std::vector<int> processes_of(const tessera::TiledPool& pool) {
  std::vector<int> out;
  must(wait_until([&] {
         out = pool.worker_pids();
         if (out.size() != pool.workers()) return false;
#if defined(TESSERA_POSIX)
         const int keeper = parent_of(out[0]);
         for (const int pid : out)
           if (parent_of(pid) != keeper) return false;
         out.push_back(keeper);
         return keeper > 1;
#else
         return true;
#endif
       }),
       "all workers start");
  return out;
}

inline bool all_end(const std::vector<int>& pids) {
  return wait_until([&] {
    for (const int pid : pids)
      if (!has_ended(pid)) return false;
    return true;
  });
}

/// For a child: a job of this pool is right.
inline void check_a_job(tessera::TiledPool& pool) {
  auto a = tessera::SharedArray<int, 1>::create({100});
  pool.map(
      {1}, [](auto v) { v += 3; }, tessera::into(a));
  for (const int element : a) must(element == 3, "the job is right");
}

}  // namespace tessera_test
