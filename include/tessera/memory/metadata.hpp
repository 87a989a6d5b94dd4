// Floor 3, memory: header and control block of an open segment or .npy file, checked.
//
// The bytes are copied once and the copy is checked: later writes of other processes change
// nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tessera/base/error.hpp>
#include <tessera/format/npy_codec.hpp>
#include <tessera/host/file.hpp>
#include <tessera/memory/control_block.hpp>

namespace tessera::detail {

/// The checked header and control block of an open file. Header and data lie inside the file.
struct Metadata {
  NpyHeader header;
  std::optional<ControlBlock> control;  ///< none in a plain .npy file, none in a byte copy
  host::FileInfo file;
};

/// Reads and checks an open file. `info`: what the system knows of it now. Throws
/// Error(not_an_array).
inline Metadata read_metadata(const host::Descriptor& file, const host::FileInfo& info,
                              const std::string& subject) {
  Metadata out;
  out.file = info;
  // Reads all of a small file, or the beginning of a large one.
  const std::size_t first = info.bytes <= 4096 ? 4096 : 512;
  std::string head = host::read_at(file, 0, first, subject);
  if (head.size() >= 512) {
    try {
      out.header = npy::decode(head, subject);
    } catch (const Error&) {  // perhaps it is longer; if not, the decode below says what is wrong
      head = host::read_at(file, 0, npy::max_size + 12, subject);
    }
  }
  if (out.header.dtype.kind == 0) out.header = npy::decode(head, subject);
  const std::size_t data_end = out.header.data_offset + out.header.data_bytes();
  if (data_end > out.file.bytes)
    throw Error(Errc::not_an_array, subject,
                "it is truncated: " + std::to_string(out.file.bytes) + " bytes of " +
                    std::to_string(data_end),
                "write it again");
  const std::size_t at = ControlBlock::offset_for(out.header.data_offset, out.header.data_bytes());
  const auto block = ControlBlock::read(
      head.size() >= at + sizeof(ControlBlock)
          ? std::string_view(head).substr(at)
          : std::string_view(host::read_at(file, at, sizeof(ControlBlock), subject)));
  if (block && block->inode == out.file.id.inode) out.control = block;
  return out;
}

}  // namespace tessera::detail
