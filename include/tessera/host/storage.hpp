// Floor 1, host: where the bytes of a file are stored.
#pragma once

#include <cstdint>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>

#if defined(TESSERA_LINUX)
#include <sys/vfs.h>
#endif

namespace tessera::host {

/// Where a new file is stored.
enum class Medium { shared_memory, disk };

/// Where an open file is stored.
enum class Storage { memory, huge_pages, disk, unknown };

/// `unknown` if the system does not report it.
inline Storage storage_of(const Descriptor& file) noexcept {
#if defined(TESSERA_LINUX)
  struct statfs fs {};
  if (::fstatfs(file.get(), &fs) != 0) return Storage::unknown;
  switch (static_cast<std::uint32_t>(fs.f_type)) {
    case 0x01021994:                              // tmpfs
    case 0x858458f6: return Storage::memory;      // ramfs
    case 0x958458f6: return Storage::huge_pages;  // hugetlbfs
    default: return Storage::disk;
  }
#else
  static_cast<void>(file);
  return Storage::unknown;
#endif
}

}  // namespace tessera::host
