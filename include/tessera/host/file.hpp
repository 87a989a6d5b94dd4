// Floor 1, host: properties and bytes of an open file.
//
// Reads and writes go through the descriptor, so a truncation by another process never ends in a
// SIGBUS. Interrupted calls are repeated. On Windows the descriptor is a handle, and named memory
// is a section, not a file: section_win32.hpp. A section is identified by its name, which is the
// `subject` of every call.
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

/// True if there is something to read, or an end: of a socket's other side, or of the process of a
/// pidfd. False after `at_most`, or if the system can't wait for this file.
inline bool readable(const Descriptor& file, std::chrono::milliseconds at_most) noexcept;

/// The present properties of an open file. Throws Error(system).
inline FileInfo file_info(const Descriptor& file, const std::string& subject);

/// Reads up to `bytes` at `offset`; fewer only at the end of the file. Never a SIGBUS, even if
/// another process truncates the file meanwhile.
inline std::size_t read_into(const Descriptor& file, std::uint64_t offset, void* to,
                             std::size_t bytes, const std::string& subject);

/// Writes all of `bytes` at `offset`. Throws Error.
inline void write_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes,
                     const std::string& subject);

/// As read_into(), but returns the bytes.
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
