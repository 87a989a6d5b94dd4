// Floor 1, host: memory that this process can no longer write.
//
// Another process may have the same bytes mapped writable; this process reads what that one writes.
// If this process writes them, the system ends it (SIGSEGV, access violation).
#pragma once

#include <cstddef>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/segment_folder.hpp>

#if defined(TESSERA_POSIX)
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>
#else
#include <tessera/host/win32.hpp>
#endif

namespace tessera::host {

/// Bytes of a page of memory. Protection begins and ends at page boundaries.
inline std::size_t page_size() noexcept {
#if defined(TESSERA_POSIX)
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
#else
  SYSTEM_INFO info;
  ::GetSystemInfo(&info);
  return info.dwPageSize;
#endif
}

/// As page_size(), for segments: larger if their folder has huge pages (hugetlbfs).
inline std::size_t segment_page_size() {
#if defined(TESSERA_LINUX)
  constexpr auto hugetlbfs = 0x958458f6;
  struct statfs info {};
  if (::statfs(segment_folder(), &info) == 0 &&
      static_cast<unsigned long>(info.f_type) == hugetlbfs)
    return static_cast<std::size_t>(info.f_bsize);
#endif
  return page_size();
}

/// Rounds up to whole pages.
constexpr std::size_t whole_pages(std::size_t bytes, std::size_t page) noexcept {
  return (bytes + page - 1) / page * page;
}

/// Makes whole pages read-only in this process and in its later forks. Throws Error(system), which
/// names `subject`.
inline void protect(std::byte* begin, std::size_t bytes, const std::string& subject) {
  if (bytes == 0) return;
#if defined(TESSERA_POSIX)
  if (::mprotect(begin, bytes, PROT_READ) == 0) return;
#else
  DWORD before = 0;
  if (::VirtualProtect(begin, bytes, PAGE_READONLY, &before) != 0) return;
#endif
  throw last_failure(subject, "making memory read-only");
}

}  // namespace tessera::host
