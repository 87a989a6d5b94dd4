// Job memory as the caller writes it, for tests of both sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/memory/section.hpp>
#include <tessera/pool/caller/arguments.hpp>
#include <tessera/pool/caller/job_buffer.hpp>

namespace tessera_test {

/// An order on two arrays, written into memory that was full of other bytes.
struct WrittenJob {
  tessera::SharedArray<double, 3> a = tessera::SharedArray<double, 3>::create({4, 5, 6});
  tessera::SharedArray<double, 2> b = tessera::SharedArray<double, 2>::create({5, 6});
  tessera::detail::JobOrder order;
  tessera::detail::JobHead head;
  std::vector<std::uint64_t> words;
  tessera::detail::JobMemory memory;

  explicit WrittenJob(std::optional<std::vector<std::size_t>> only = {}) {
    order.arguments.push_back(tessera::detail::argument_of(tessera::into(a)));
    order.arguments.push_back(
        tessera::detail::argument_of(tessera::into(xt::view(b, xt::all(), xt::range(1, 6, 2)))));
    order.kernel.resize(37);
    for (std::size_t i = 0; i < order.kernel.size(); ++i) order.kernel[i] = std::byte(i + 1);
    order.tiles = 7;
    order.grain = 3;
    order.result_size = 12;
    order.axes = 2;
    order.grid = {5, 6};
    order.tile = {2, 4};
    order.only = std::move(only);
    head = tessera::detail::plan_job(order);
    words.assign(head.bytes / 8 + 8, 0xaaaaaaaaaaaaaaaa);
    memory = tessera::detail::JobMemory(start(), head);
    tessera::detail::JobWriter(memory).write(order);
  }
  std::byte* start() { return reinterpret_cast<std::byte*>(words.data()); }
  /// As a worker sees it.
  tessera::detail::JobMemory seen() { return tessera::detail::JobMemory(start()); }
};

}  // namespace tessera_test
