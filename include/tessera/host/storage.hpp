// Floor 1, host: what the bytes of a file stand in, or are to.
#pragma once

#include <cstdint>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>

#if defined(TESSERA_LINUX)
#include <sys/vfs.h>
#endif

namespace tessera::host {

/// What a file is to be made of.
enum class Medium { shared_memory, disk };

/// What an open file's bytes stand in.
enum class Storage { memory, huge_pages, disk, unknown };

/// `unknown` where the system does not tell.
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
