// Floor 1, host: the lock of an open file.
#pragma once

#include <cstdint>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>

#if defined(TESSERA_POSIX)
#include <sys/file.h>
#endif
#if defined(TESSERA_LINUX)
#include <sys/vfs.h>
#endif

namespace tessera::host {

/// True if every process that sees the files of this file system also sees their locks. Machine
/// names can't decide that: containers have different names and share file systems.
inline bool locks_reach_all(NativeFile file) noexcept {
#if defined(TESSERA_LINUX)
  struct statfs fs {};
  if (::fstatfs(file, &fs) != 0) return false;
  switch (static_cast<std::uint32_t>(fs.f_type)) {
    case 0x0000ef53:               // ext2, 3, 4
    case 0x58465342:               // xfs
    case 0x9123683e:               // btrfs
    case 0xf2f52010:               // f2fs
    case 0x2fc12fc1:               // zfs
    case 0x794c7630:               // overlay
    case 0x01021994:               // tmpfs
    case 0x858458f6:               // ramfs
    case 0x958458f6: return true;  // hugetlbfs
    default: return false;
  }
#else
  static_cast<void>(file);
  return false;
#endif
}

enum class Lock { exclusive, shared };

/// Takes the lock unless another process holds a conflicting one. A shared lock is for checking
/// whether an owner lives: two checks do not take each other for an owner. On Windows false: an
/// owner's lock is an event, and nothing is left to remove when it is gone.
inline bool try_lock([[maybe_unused]] const Descriptor& file, [[maybe_unused]] Lock lock) {
#if defined(TESSERA_POSIX)
  const int operation = (lock == Lock::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  return detail::retry([&] { return ::flock(file.get(), operation); }) == 0;
#else
  return false;
#endif
}

}  // namespace tessera::host
