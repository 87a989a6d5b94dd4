// What the system says of the memory that other processes have mapped.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <sys/stat.h>

#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <tessera/memory/segment_folder.hpp>
#include <tessera/pool/tiled_pool.hpp>

#include "support/scene.hpp"

namespace tessera_test {

/// The lines of a process's memory map that are of this file: by inode, whatever its name is now.
inline std::vector<std::string> maps_of(int pid, ino_t inode) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::vector<std::string> out;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string range, access, offset, device;
    ino_t found = 0;
    words >> range >> access >> offset >> device >> found;
    if (found == inode && has(line, tessera::segment_folder())) out.push_back(line);
  }
  return out;
}

/// How many lines of it are of files in shared memory at all.
inline std::size_t shared_maps(int pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::size_t out = 0;
  for (std::string line; std::getline(maps, line);) out += has(line, tessera::segment_folder());
  return out;
}

template <class A>
ino_t inode_of(const A& array) {
  struct stat s {};
  must(::stat(array.path().c_str(), &s) == 0, "the array has a file");
  return s.st_ino;
}

inline int only_worker(const tessera::TiledPool& pool) {
  must(wait_until([&] { return pool.worker_pids().size() == 1; }), "the worker starts");
  return pool.worker_pids()[0];
}

}  // namespace tessera_test

#endif
