// Floor 1, host: the functions of headroom.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <cstdint>
#include <string>

#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/storage.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

// For files only: a section has its memory from its creation on.
inline void reserve(const Descriptor& file, std::uint64_t bytes, Medium,
                    const std::string& subject) {
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(bytes);
  if (::SetFileInformationByHandle(file.get(), FileEndOfFileInfo, &end, sizeof end) == 0)
    throw last_failure(subject, "reserving " + std::to_string(bytes) + " bytes",
                       "free space on the disk");
}

inline void reserve_holes(const Descriptor&, const FileInfo&, std::uint64_t, const std::string&) {}

/// Only here: throws Error(no_space) if the machine, including its page file, lacks this memory.
inline void check_headroom(std::uint64_t bytes, const std::string& subject) {
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  if (::GlobalMemoryStatusEx(&memory) != 0 && memory.ullAvailPageFile < bytes)
    throw Error(Errc::no_space, subject,
                "wants " + std::to_string(bytes) + " bytes, and the machine's memory has " +
                    std::to_string(memory.ullAvailPageFile) + " free",
                "free memory, or enlarge the page file");
}

}  // namespace tessera::host

#endif
