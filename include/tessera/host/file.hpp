// Floor 1, host: an open file: what the system knows of it, and its bytes.
//
// Reading and writing go through the descriptor, so that no truncation by another process can end
// in a SIGBUS; interrupted calls are repeated. On Windows the descriptor is a handle, and named
// memory, which is no file there, is a section: see section_win32.hpp. A section is known by its
// name, which is the subject of every call about it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tessera/base/config.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>

namespace tessera::host {

/// True once there is something to read, or an end: of a socket's other side, of the process that a
/// pidfd stands for. False after `at_most`, or where nothing can be waited for.
inline bool readable(const Descriptor& file, std::chrono::milliseconds at_most) noexcept;

/// What the system knows of an open file now. Throws Error(system).
inline FileInfo file_info(const Descriptor& file, const std::string& subject);

/// Reads up to `bytes` at `offset`; fewer only where the file ends. Never a SIGBUS, whoever
/// truncates the file meanwhile.
inline std::size_t read_into(const Descriptor& file, std::uint64_t offset, void* to,
                             std::size_t bytes, const std::string& subject);

/// Writes all of `bytes` at `offset`. Throws Error.
inline void write_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes,
                     const std::string& subject);

/// As read_into(), but gives the bytes as a string.
inline std::string read_at(const Descriptor& file, std::uint64_t offset, std::size_t bytes,
                           const std::string& subject) {
  std::string out(bytes, '\0');
  out.resize(read_into(file, offset, out.data(), bytes, subject));
  return out;
}

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/file_posix.hpp>
#else
#include <tessera/host/file_win32.hpp>
#endif
