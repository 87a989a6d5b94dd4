// Floor 3, memory: the folder where named arrays live. Public names.
#pragma once

#include <string>

#include <tessera/host/segment_folder.hpp>

namespace tessera {

/// Named arrays of this process live in this folder, which must exist: of another tmpfs, of a disk,
/// of a hugetlbfs. Without this it is the environment's TESSERA_DIR, or else /dev/shm. For the
/// beginning of a program: once an array, a pool or a list of names has used a folder, another one
/// is an Error(invalid_argument). Whoever attaches must use the same folder; pools see to that
/// themselves. On Windows names are in no folder, and this does nothing.
inline void set_segment_folder(const std::string& path) { host::choose_segment_folder(path); }

/// Where named arrays of this process live, with a slash at its end; empty on Windows. Decides it
/// if nothing has yet. Throws Error(invalid_argument) where TESSERA_DIR names no folder.
inline std::string segment_folder() { return host::segment_folder(); }

}  // namespace tessera
