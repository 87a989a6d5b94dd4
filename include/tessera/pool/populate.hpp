// Floor 3, pool: fault a worker's own share in at once.
//
// A page of shared memory that this process has not touched yet costs a fault, some microseconds
// where a call that maps a whole run of pages costs that once. So a worker that has just attached
// an array maps the pages of the tiles that are dealt to it before it computes them. Only a hint:
// what the kernel does not do now, faults do later.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <tessera/host/mapping.hpp>

namespace tessera::detail {

/// Maps the pages of these strided elements, run by run; runs within one page are left to faults.
template <std::size_t N>
void populate(const void* data, std::size_t item, const std::array<std::size_t, N>& shape,
              const std::array<std::ptrdiff_t, N>& strides, host::Access access) {
  const auto page = host::page_size();
  std::uintptr_t begin = 0, end = 0;  // of the run so far, in whole pages
  const auto flush = [&] {
    if (end - begin > page) host::populate(begin, end - begin, access);
  };
  const auto add = [&](std::uintptr_t lo, std::uintptr_t hi) {
    lo = lo / page * page;
    hi = (hi + page - 1) / page * page;
    if (lo >= begin && lo <= end) {
      if (hi > end) end = hi;
    } else {
      flush();
      begin = lo;
      end = hi;
    }
  };
  for (const auto extent : shape)
    if (extent == 0) return;
  // Trailing axes that are contiguous make one run.
  std::size_t outer = N, length = 1;
  while (outer > 0 &&
         (shape[outer - 1] == 1 || strides[outer - 1] == static_cast<std::ptrdiff_t>(length)))
    length *= shape[--outer];
  auto at = reinterpret_cast<std::intptr_t>(data);
  std::array<std::size_t, N> index{};
  for (;;) {
    add(static_cast<std::uintptr_t>(at), static_cast<std::uintptr_t>(at) + length * item);
    std::size_t d = outer;
    while (d-- > 0) {
      const auto step = strides[d] * static_cast<std::ptrdiff_t>(item);
      at += step;
      if (++index[d] < shape[d]) break;
      at -= step * static_cast<std::ptrdiff_t>(shape[d]);
      index[d] = 0;
    }
    if (d == static_cast<std::size_t>(-1)) break;
  }
  flush();
}

}  // namespace tessera::detail
