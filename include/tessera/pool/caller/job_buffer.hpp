// Floor 4, pool/caller: where the caller lays its jobs out.
//
// One segment serves job after job; it grows at need, and what a huge job took is given back. A
// pool without processes uses memory of its own. Jobs are laid out only while no worker is inside
// the last one. Memory may be given back before: workers have mappings of their own, and one that
// comes so late that it does not find the name tells of a job that nobody waits for any more.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/host/modules.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/job_memory.hpp>

namespace tessera::detail {

/// Where a kernel's code is. Throws Error(foreign_kernel).
inline host::CodeAddress code_of(const void* function) {
  const auto code = host::locate(function);
  if (!code)
    throw Error(Errc::foreign_kernel, "kernel", "its code is in no module of this program",
                "kernels must be compiled code of the program or its libraries");
  return *code;
}

class JobRoom {
 public:
  /// Job memory with the order in it, for workers; the board says where it is. Throws Error
  /// (no_space, foreign_kernel).
  JobMemory lay_out(const JobOrder& order, BoardHead& board) {
    auto head = JobMemory::plan(order);
    head.serve = known_code_of(order.serve);
    if (order.function != nullptr) head.function = known_code_of(order.function);
    if (head.bytes > capacity_ || !frame_is_whole()) {
      release();
      const auto bytes = std::max<std::size_t>(least, head.bytes + head.bytes / 4);
      memory_ = Segment::create(std::nullopt, dtype_of<std::uint8_t>(), std::array{bytes},
                                Permission::owner);
      capacity_ = bytes;
      frame_ = {std::string(header()), std::string(control_block())};
    }
    // For each job, since a worker may have written all over the board.
    const auto& name = memory_->name();
    if (std::memcmp(board.memory_name.data(), name.c_str(), name.size() + 1) != 0)
      std::copy_n(name.c_str(), name.size() + 1, board.memory_name.begin());
    if (board.memory_identity != memory_->identity()) board.memory_identity = memory_->identity();
    return written(order, head, memory_->data());
  }

  /// The same for this process alone.
  JobMemory lay_out_here(const JobOrder& order) {
    const auto head = JobMemory::plan(order);
    try {
      private_memory_.resize(head.bytes / cache_line + 1);
    } catch (const std::exception&) {
      throw Error(Errc::no_space, "TiledPool",
                  "no memory for a job of " + std::to_string(order.tiles) + " tiles",
                  "use larger tiles");
    }
    return written(order, head, reinterpret_cast<std::byte*>(private_memory_.data()));
  }

  void release() {
    memory_.reset();
    capacity_ = 0;
  }
  void release_if_large() {
    if (capacity_ > large) release();
  }

 private:
  static constexpr std::size_t least = std::size_t{64} << 10, large = std::size_t{16} << 20;

  static JobMemory written(const JobOrder& order, const JobHead& head, std::byte* at) {
    JobMemory memory(at, head);
    memory.write(order);
    return memory;
  }
  // Looking it up costs more the more libraries a program has.
  host::CodeAddress known_code_of(const void* function) {
    if (const auto now = host::modules_generation(); now != codes_of_) {
      codes_.clear();
      codes_of_ = now;
    }
    for (const auto& [known, code] : codes_)
      if (known == function) return code;
    return codes_.emplace_back(function, code_of(function)).second;
  }

  // What stands before and behind the job: who attaches it goes by that, and a worker may have
  // written over it in a job that ended well.
  std::string_view header() const {
    const auto offset = memory_->header().data_offset;
    return {reinterpret_cast<const char*>(memory_->data() - offset), offset};
  }
  std::string_view control_block() const {
    const auto& at = memory_->header();
    return {header().data() + ControlBlock::offset_for(at.data_offset, at.data_bytes()),
            sizeof(ControlBlock)};
  }
  bool frame_is_whole() const {
    return memory_ != nullptr && header() == frame_[0] && control_block() == frame_[1];
  }

  struct alignas(cache_line) Line {
    std::byte bytes[cache_line];
  };

  std::shared_ptr<Segment> memory_;
  std::array<std::string, 2> frame_;  // as header() and control_block() were made
  std::size_t capacity_ = 0;
  std::vector<Line> private_memory_;
  std::vector<std::pair<const void*, host::CodeAddress>> codes_;
  std::uint64_t codes_of_ = 0;  // the generation of modules that these are of
};

}  // namespace tessera::detail
