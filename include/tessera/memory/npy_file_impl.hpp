// Floor 3, memory: the definitions of npy_file.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/bool_bytes.hpp>
#include <tessera/format/npy_codec.hpp>
#include <tessera/format/transpose_copy.hpp>
#include <tessera/host/creation_failure.hpp>
#include <tessera/host/destination.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/memory/array_segment.hpp>
#include <tessera/memory/metadata.hpp>
#include <tessera/memory/npy_file.hpp>
#include <tessera/memory/segment.hpp>

namespace tessera {

namespace detail {

TESSERA_FUNC std::shared_ptr<Segment> load(const std::string& path, std::optional<SegmentName> name,
                                           const Dtype& wanted, std::size_t rank,
                                           Permission permission) {
  const auto file = host::open_existing(path, host::Access::read_only, path, true);
  if (!file)
    throw Error(Errc::name_missing, path, "there is no such file",
                name ? "check the path; the name comes first, the path second" : "check the path");
  const auto header = read_metadata(*file, file->info, path).header;
  check_type(header, wanted, rank, path);
  auto segment = Segment::create(std::move(name), wanted, header.shape, permission);
  const auto read = [&](std::size_t offset, std::byte* to, std::size_t bytes) {
    if (host::read_into(*file, header.data_offset + offset, to, bytes, path) != bytes)
      throw Error(Errc::not_an_array, path, "it was truncated while it was read",
                  "wait until its writer is done, and load it again");
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
  } else {  // in parts, each converted while it is in the cache
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

TESSERA_FUNC void save(const Segment& segment, const std::string& path, SaveOptions options) {
  const auto& header = segment.header();
  const auto head = npy::encode(header.dtype, header.shape, header.fortran_order);
  const bool in_a_file = host::names_outlive_processes || segment.name().empty();
  host::make_new([&] {
    auto to = host::destination(path);
    if (to.there && in_a_file && host::still_names(to.path, segment.file_id())) {
      const auto own = host::open_existing(to.path, host::Access::read_only, path);
      return own ? host::sync(*own, options.durability, path) : void();
    }
    if (to.there) host::check_replaceable(to, path);
    host::StagedFile file(to.path, to.there ? 0600 : 0666, host::Medium::disk, path);
    file.reserve(head.size() + header.data_bytes(), path);
    file.write(0, head, path);
    file.write(head.size(), {reinterpret_cast<const char*>(segment.data()), header.data_bytes()},
               path);
    for (bool named = false; !named;) {
      if (to.there) host::keep_owner_and_mode(file.descriptor(), to, path);
      host::sync(file.descriptor(), options.durability, path);  // before it has its name
      if (to.there) {
        file.publish_over(to.path, path);
        named = true;
      } else if (named = file.publish(to.path, path); !named) {
        to = host::destination(path);  // another process has made one meanwhile
        if (to.there) host::check_replaceable(to, path);
      }
    }
    host::sync_name(to.path, file.descriptor(), options.durability, path);
  });
}

}  // namespace tessera
