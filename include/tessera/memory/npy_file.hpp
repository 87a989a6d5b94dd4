// Public: save, SaveOptions. Floor 3, memory: load and save of .npy files.
//
// load reads a file through its descriptor: if another process truncates it meanwhile, that is an
// Error, and the new array is removed. save completes a file, and writes it to disk, before it
// gives the file its name.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/segment_name.hpp>

namespace tessera {

/// Options of save.
struct SaveOptions {
  Durability durability = Durability::disk;  ///< none: faster, and a power cut may lose the file
};

namespace detail {

/// A new segment with the elements of an .npy file, in this machine's byte order and row-major.
/// Without a name it gets a unique one.
std::shared_ptr<Segment> load(const std::string& path, std::optional<SegmentName> name,
                              const Dtype& wanted, std::size_t rank, Permission permission);

}  // namespace detail

/// Writes a segment's array as an .npy file, in its byte order and order of axes. If there is a
/// file of that path, the new one replaces it when it is complete and, unless options say
/// otherwise, on disk: after a kill or a power cut the path has the old file or the new one. The
/// new file gets the owner, permissions and access list of the old one. A link at that path stays,
/// and what it leads to is replaced. If the path is the array's own file, it is only written to
/// disk. Throws Error: no_space; name_missing if there is no such folder; not_an_array if the path
/// leads to something other than a regular file; not_permitted if the folder can't be written, or
/// if the file there is read-only, has other names (hard links) or an owner that can't be kept;
/// invalid_argument for an empty path; system for other failures.
void save(const Segment& segment, const std::string& path, SaveOptions options = {});

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/npy_file_impl.hpp>
#endif
