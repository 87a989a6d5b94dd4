#include <tessera/memory/metadata.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::ControlBlock;
using tessera::Dtype;
using tessera::Errc;
using tessera::detail::Metadata;
using tessera::detail::read_metadata;

namespace {

/// What is read of a file of these bytes.
Metadata metadata_of_file(const std::string& bytes) {
  const Folder folder;
  const auto path = folder.file("a.npy");
  write_file(path, bytes);
  const auto file =
      tessera::host::open_existing(path, tessera::host::Access::read_only, path, true);
  return read_metadata(*file, file->info, "the file");
}

std::string npy_bytes(const Dtype& dtype, const std::vector<std::size_t>& shape,
                      std::size_t data_bytes) {
  return tessera::npy::encode(dtype, shape) + std::string(data_bytes, '\3');
}

}  // namespace

#if defined(TESSERA_POSIX)  // files
TEST_CASE("every truncation of a segment is refused or gives all of its data") {
  const auto name = unique_name();
  const Removed removed(shm_path(name));
  std::string whole;
  {
    const auto owner = create(name);
    whole = bytes_of(shm_path(name));
  }
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    write_file(shm_path(name), whole.substr(0, n));
    INFO(n);
    if (n < 128 + 24) {
      CHECK(error_of([&] { attach(name); }).errc() == Errc::not_an_array);
    } else {
      const auto segment = attach(name);
      CHECK(segment->header().data_bytes() == 24);
      CHECK_FALSE(segment->ended());
    }
  }
}
#endif

TEST_CASE("a plain file has a header and no control block") {
  const auto found =
      metadata_of_file(npy_bytes(tessera::dtype_of<std::int32_t>(), {2, 5}, 40) + "and more");
  CHECK(found.header.shape == std::vector<std::size_t>{2, 5});
  CHECK(found.header.data_offset == 128);
  CHECK_FALSE(found.control);
}

TEST_CASE("a file whose data is cut is refused with both sizes") {
  const auto error = error_of([] {
    metadata_of_file(npy_bytes(tessera::dtype_of<std::int32_t>(), {2, 5}, 39));
  });
  CHECK(error.errc() == Errc::not_an_array);
  CHECK(error.subject() == "the file");
  CHECK(has(error.what(), "167 bytes of 168"));
}

TEST_CASE("a header longer than what is read at first is read whole") {
  Dtype many{'V', 0, false, {}};
  for (int i = 0; i < 500; ++i) {
    Dtype::Field field;
    field.name = "a field of some length, number " + std::to_string(i);
    field.type = {'f', 8, false, {}};
    field.offset = many.size;
    many.size += 8;
    many.fields.push_back(field);
  }
  const auto bytes = npy_bytes(many, {3}, 3 * many.size);
  REQUIRE(bytes.size() > 3 * many.size + 4096);
  const auto found = metadata_of_file(bytes);
  CHECK(found.header.dtype == many);
  CHECK(found.header.data_offset + 3 * many.size == bytes.size());
}

TEST_CASE("a control block belongs to the file whose inode it says") {
  ControlBlock block;
  block.state = 1;
  block.inode = 12345;  // of another file, as in a copy
  const auto bytes = npy_bytes(tessera::dtype_of<double>(), {8}, 64) + std::string(block.bytes());
  CHECK_FALSE(metadata_of_file(bytes).control);
  const Folder folder;
  const auto path = folder.file("a.npy");
  write_file(path, bytes);
  const auto open = [&] {
    return tessera::host::open_existing(path, tessera::host::Access::read_only, path, true);
  };
  block.inode = open()->info.id.inode;
  auto own = bytes;
  own.replace(192, sizeof block, block.bytes());
  {
    std::fstream again(path, std::ios::binary | std::ios::in | std::ios::out);
    again.write(own.data(), static_cast<std::streamsize>(own.size()));
  }
  const auto file = open();
  const auto found = read_metadata(*file, file->info, path);
  REQUIRE(found.control);
  CHECK(found.control->inode == block.inode);
}
