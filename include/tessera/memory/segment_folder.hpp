// Public: set_segment_folder, segment_folder. Floor 3, memory: where named arrays live.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>

namespace tessera {

/// Sets the folder where this process has its named arrays: on another tmpfs, a disk or a
/// hugetlbfs. The folder must exist. Without this call it is the one in the environment variable
/// TESSERA_DIR, or else /dev/shm. Call it at the beginning of a program: it throws
/// Error(invalid_argument) if there is no such folder, or if an array, a pool or a list of names
/// has already used another one. A process that attaches must use the same folder; workers of a
/// pool do so by themselves. On Windows names are in no folder, and this does nothing.
///
///     tessera::set_segment_folder("/mnt/big_tmpfs");
void set_segment_folder(const std::string& path);

/// The folder where this process has its named arrays, with a slash at its end; empty on Windows.
/// From this call on it can't change. Throws Error(invalid_argument) if TESSERA_DIR names no
/// folder.
std::string segment_folder();

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/segment_folder_impl.hpp>
#endif
