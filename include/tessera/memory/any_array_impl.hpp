// Floor 3, memory: the definitions of any_array.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/memory/any_array.hpp>
#include <tessera/memory/npy_file.hpp>

namespace tessera {

TESSERA_FUNC AnyArray::AnyArray(std::shared_ptr<Segment> segment)
    : segment_(std::move(segment)), use_(std::make_shared<const Segment::NameUse>(segment_)) {}

TESSERA_FUNC std::shared_ptr<Segment> AnyArray::with_its_own_use() const {
  struct Used {
    std::shared_ptr<Segment> segment;
    Segment::NameUse use;
  };
  const auto used =
      std::make_shared<Used>(Used{detail::checked(segment_), Segment::NameUse(segment_)});
  return {used, segment_.get()};
}

TESSERA_FUNC AnyArray AnyArray::attach(std::string_view name, AttachOptions options) {
  return Segment::attach(SegmentName(name), host::Access::read_only, options.wait,
                         options.any_user);
}
TESSERA_FUNC AnyArray AnyArray::attach(std::string_view name, std::chrono::nanoseconds wait) {
  return attach(name, AttachOptions{wait});
}

TESSERA_FUNC AnyArray AnyArray::map_file(const std::string& path) {
  return Segment::map_file(path, host::Access::read_only);
}

TESSERA_FUNC AnyArray AnyArray::load(const std::string& path, CreateOptions options) {
  const auto header = Segment::map_file(path, host::Access::read_only)->header();
  return detail::load(path, std::nullopt, detail::in_native_order(header.dtype),
                      header.shape.size(), options.permission);
}
TESSERA_FUNC AnyArray AnyArray::load(std::string_view name, const std::string& path,
                                     CreateOptions options) {
  const auto header = Segment::map_file(path, host::Access::read_only)->header();
  return detail::load(path, SegmentName(name), detail::in_native_order(header.dtype),
                      header.shape.size(), options.permission);
}

TESSERA_FUNC AnySlice AnyArray::operator[](std::initializer_list<Slice> slices) const {
  return {with_its_own_use(), {slices.begin(), slices.size()}};
}
TESSERA_FUNC AnySlice AnyArray::slice(std::string_view slices) const {
  return {with_its_own_use(), detail::parse_slices(slices, dimension(), segment().subject())};
}

TESSERA_FUNC void AnyArray::throw_no_visit(const std::vector<Dtype>& types,
                                           const std::vector<std::size_t>& ranks) const {
  const auto list = [](const auto& items, const auto& text) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : ", ") + text(item);
    return out;
  };
  const auto axes = [](std::size_t n) { return std::to_string(n) + (n == 1 ? " axis" : " axes"); };
  throw Error(Errc::type_mismatch, segment().subject(),
              "it is " + detail::words(dtype()) + " with " + axes(dimension()) +
                  ", and visit() is for " +
                  list(types, [](const Dtype& type) { return detail::words(type); }) + " with " +
                  list(ranks, [](std::size_t n) { return std::to_string(n); }) + " axes",
              "give visit() more types or numbers of axes: visit<Elements<...>, Ranks<...>>");
}

}  // namespace tessera
