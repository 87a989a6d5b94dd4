// Floor 1, host: files under a name that is nobody's, until they get their own; and the removal of
// those whose creator has died.
//
// Such a file is locked from its birth on, by the open file that its creator holds. Whoever gets
// that lock has proven that the creator is gone. A name says which machine it is from: where other
// machines may see a file but not its lock, a living creator there is not taken for dead.
#pragma once

#include <cerrno>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/identity.hpp>
#include <tessera/host/leads_to.hpp>
#include <tessera/host/owner_lock.hpp>

#if defined(TESSERA_POSIX)
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tessera::host {

/// The folder of a path, with the slash at its end.
inline std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of(windows_paths ? "/\\" : "/");
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

namespace detail {

/// What all such names begin with; 8 digits, a dash and 16 digits follow.
inline constexpr std::string_view scratch_begin = ".tessera-new-";

/// What those of this machine begin with.
inline std::string scratch_prefix() {
  char machine[256] = {};
#if defined(TESSERA_POSIX)
  ::gethostname(machine, sizeof machine - 1);
#else
  DWORD size = sizeof machine;
  ::GetComputerNameA(machine, &size);
#endif
  std::uint32_t hash = 0x811c9dc5u;  // FNV-1a
  for (const char* c = machine; *c != '\0'; ++c)
    hash = (hash ^ static_cast<unsigned char>(*c)) * 0x01000193u;
  std::string out(scratch_begin);
  for (int digit = 28; digit >= 0; digit -= 4) out += "0123456789abcdef"[hash >> digit & 15];
  return out + "-";
}
inline std::string scratch_name() { return scratch_prefix() + random_hex(16); }

}  // namespace detail

#if defined(TESSERA_POSIX)

namespace detail {

/// The lock that says that its creator lives. True also where a file system has no locks: nobody
/// will get one, so nobody will remove the file.
inline bool lock_scratch(const Descriptor& file) {
  return try_lock(file, Lock::exclusive) || errno != EWOULDBLOCK;
}

/// A new file of that kind; its path in `path`. None, and errno, where that is refused.
inline Descriptor open_scratch(const std::string& folder, unsigned mode, std::string& path) {
  for (int tries = 0; tries < 100; ++tries) {
    path = folder + scratch_name();
    Descriptor file = opened([&] {
      return ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
    });
    if (!file && errno == EEXIST) continue;
    if (!file) break;
    // Until it was locked it looked like a dead creator's: whoever removes those may have it.
    struct stat s {};
    if (lock_scratch(file) && ::fstat(file.get(), &s) == 0 && leads_to(path, id_of(s))) return file;
  }
  path.clear();
  return {};
}

}  // namespace detail

/// Removes what creators who died have left in this folder. Never throws: what can't be read or
/// removed stays.
inline void sweep(const std::string& folder) noexcept {
  try {
    std::vector<std::string> names;
    const auto prefix = detail::scratch_prefix();
    DIR* const entries = ::opendir(folder.c_str());
    if (entries == nullptr) return;
    while (const auto* entry = ::readdir(entries)) {
      const std::string_view name(entry->d_name);
      if (name.size() == prefix.size() + 16 && name.starts_with(detail::scratch_begin))
        names.emplace_back(name);
    }
    ::closedir(entries);
    for (const auto& name : names) {
      const auto path = folder + name;
      const Descriptor file = opened(
          [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW); });
      struct stat s {};
      if (file && ::fstat(file.get(), &s) == 0 && S_ISREG(s.st_mode) &&
          (s.st_uid == ::geteuid() || ::geteuid() == 0) &&
          (name.starts_with(prefix) || locks_reach_all(file.get())) &&
          try_lock(file, Lock::exclusive) && leads_to(path, detail::id_of(s)))
        ::unlink(path.c_str());
    }
  } catch (const std::exception&) {
    // For want of memory or descriptors: the next who comes by.
  }
}

#else

namespace detail {

/// A lock on a byte behind all that a file can hold.
inline bool lock_scratch(const Descriptor& file) {
  auto where = at(std::uint64_t{1} << 62);
  return ::LockFileEx(file.get(), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                      &where) != 0;
}

inline Descriptor open_scratch(const std::string& folder, std::wstring& path) {
  for (int tries = 0; tries < 100; ++tries) {
    const auto name = folder + scratch_name();
    path = wide(name);
    Descriptor file =
        open_file(path, GENERIC_READ | GENERIC_WRITE | DELETE | WRITE_DAC, CREATE_NEW);
    if (!file && ::GetLastError() == ERROR_FILE_EXISTS) continue;
    if (!file) break;
    if (!lock_scratch(file)) continue;
    const auto found = open_file(path, 0, OPEN_EXISTING);
    if (found && file_info(found, name).id == file_info(file, name).id) return file;
  }
  path.clear();
  return {};
}

}  // namespace detail

inline void sweep(const std::string& folder) noexcept {
  try {
    WIN32_FIND_DATAW found{};
    const HANDLE entries =
        ::FindFirstFileW(detail::wide(folder + detail::scratch_prefix() + "*").c_str(), &found);
    if (entries == INVALID_HANDLE_VALUE) return;
    do {
      const auto path = detail::wide(folder) + found.cFileName;
      const auto file = detail::open_file(path, GENERIC_READ | DELETE, OPEN_EXISTING);
      if (file && detail::lock_scratch(file)) ::DeleteFileW(path.c_str());
    } while (::FindNextFileW(entries, &found) != 0);
    ::FindClose(entries);
  } catch (const std::exception&) {
    // For want of memory: the next who comes by.
  }
}

#endif

}  // namespace tessera::host
