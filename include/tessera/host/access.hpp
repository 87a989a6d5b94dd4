// Floor 1, host: how a file is opened and written, and what identifies it. Types only.
#pragma once

#include <cstdint>

namespace tessera::host {

/// How a file is opened and mapped.
enum class Access { read_only, read_write };

/// When a new file is on disk: `disk`: before the call returns, so it survives a power cut; `none`:
/// when the system writes it, which is faster.
enum class Durability { disk, none };

/// Identifies a file: equal for two names of one file, different for a file created anew.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

}  // namespace tessera::host
