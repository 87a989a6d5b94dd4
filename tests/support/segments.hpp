// What tests of segments share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tessera/format/dtype.hpp>
#include <tessera/memory/segment.hpp>

namespace tessera_test {

/// A segment of 32-bit integers, owned.
inline std::shared_ptr<tessera::Segment> create(const std::string& name,
                                                const std::vector<std::size_t>& shape = {2, 3}) {
  return tessera::Segment::create(tessera::SegmentName(name), tessera::dtype_of<std::int32_t>(),
                                  shape, tessera::Permission::owner);
}

inline std::shared_ptr<tessera::Segment> attach(
    const std::string& name, tessera::host::Access access = tessera::host::Access::read_write) {
  return tessera::Segment::attach(tessera::SegmentName(name), access);
}

}  // namespace tessera_test
