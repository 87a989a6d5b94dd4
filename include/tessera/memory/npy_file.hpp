// Floor 3, memory: load and save of .npy files. Public names.
//
// A file is read through its descriptor: whoever truncates it meanwhile causes an Error, and no
// array is left. What is saved is whole, and on disk, before it has its name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tessera/format/transpose_copy.hpp>
#include <tessera/host/destination.hpp>
#include <tessera/memory/array_segment.hpp>

namespace tessera {

/// How save writes.
struct SaveOptions {
  Durability durability = Durability::disk;
};

namespace detail {

/// A new segment (named or unique) with the elements of an .npy file, in this machine's byte order
/// and row-major.
inline std::shared_ptr<Segment> load(const std::string& path, std::optional<SegmentName> name,
                                     const Dtype& wanted, std::size_t rank, Permission permission) {
  const auto file = host::open_existing(path, host::Access::read_only, path, true);
  if (!file) throw Error(Errc::name_missing, path, "there is no such file", "check the path");
  const auto header = read_metadata(*file, file->info, path).header;
  check_type(header, wanted, rank, path);
  auto segment = Segment::create(std::move(name), wanted, header.shape, permission);
  const auto read = [&](std::size_t offset, std::byte* to, std::size_t bytes) {
    if (host::read_into(*file, header.data_offset + offset, to, bytes, path) != bytes)
      throw Error(Errc::not_an_array, path, "it was truncated while it was read",
                  "see who writes it, and load it again");
  };
  const auto native = [&](std::byte* at, std::size_t bytes) {
    if (any_swapped(header.dtype))
      for (auto* const end = at + bytes; at != end; at += wanted.size) swap_bytes(header.dtype, at);
  };
  auto* const to = segment->data();
  const auto bytes = header.data_bytes();
  if (header.fortran_order && rank > 1) {
    transpose_copy(read, to, header.shape, wanted.size);
    native(to, bytes);
  } else {  // in parts that are changed while they are in the cache
    const auto part =
        (std::max<std::size_t>)((std::size_t{1} << 20) / wanted.size, 1) * wanted.size;
    for (std::size_t at = 0; at < bytes; at += part) {
      const auto length = (std::min)(part, bytes - at);
      read(at, to + at, length);
      native(to + at, length);
    }
  }
  make_bools({to, bytes}, wanted);
  return segment;
}

}  // namespace detail

/// Writes a segment's array as an .npy file. A file that is there is replaced, and stays until the
/// new one is whole, and on disk unless options say otherwise: after a kill or a power cut the old
/// one is there or the new one. It keeps its owner, permissions and access list; a link to it
/// stays. Byte order and order of axes stay as they are. Throws Error: no_space; not_an_array where
/// the path leads to no regular file; not_permitted where the file there is read-only, has further
/// names (hard links), or an owner that can't be kept. Where the path is that of the array's own
/// file nothing is replaced: its elements are there.
inline void save(const Segment& segment, const std::string& path, SaveOptions options = {}) {
  const auto& header = segment.header();
  const auto head = npy::encode(header.dtype, header.shape, header.fortran_order);
  const bool in_a_file = host::names_outlive_processes || segment.name().empty();
  host::make_new([&] {
    auto to = host::destination(path);
    if (to.there && in_a_file && host::leads_to(to.path, segment.file_id())) {
      const auto own = host::open_existing(to.path, host::Access::read_only, path);
      return own ? host::sync(*own, options.durability, path) : void();
    }
    if (to.there) host::check_replaceable(to, path);
    host::Unpublished file(to.path, to.there ? 0600 : 0666, host::Medium::disk, path);
    file.reserve(head.size() + header.data_bytes(), path);
    file.write(0, head, path);
    file.write(head.size(), {reinterpret_cast<const char*>(segment.data()), header.data_bytes()},
               path);
    for (bool named = false; !named;) {
      if (to.there) host::keep_owner_and_mode(file.descriptor(), to, path);
      host::sync(file.descriptor(), options.durability, path);  // before it has the name
      if (to.there) {
        file.publish_over(to.path, path);
        named = true;
      } else if (named = file.publish(to.path, path); !named) {
        to = host::destination(path);  // somebody else was faster
        if (to.there) host::check_replaceable(to, path);
      }
    }
    host::sync_name(to.path, file.descriptor(), options.durability, path);
  });
}

}  // namespace tessera
