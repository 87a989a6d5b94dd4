// Floor 1, host: memory that a thread keeps and hands out in a stack's order.
//
// A scope remembers how much is handed out, and takes back at its end what was handed out since. If
// the first block was too small, further blocks are added, and the outermost scope makes one of
// all: so a thread that does the same again allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <vector>

#include <tessera/base/config.hpp>

namespace tessera::host {

/// The arena of one thread. What it hands out is aligned to cache lines and has no defined values.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    for (const auto& block : blocks_) release(block);
  }

  /// This thread's.
  static Arena& of_thread() {
#if defined(TESSERA_WIN32)
    // mingw frees what a thread has before the destructors of it run: here the arena stays.
    thread_local auto* const arena = new Arena;
    return *arena;
#else
    thread_local Arena arena;
    return arena;
#endif
  }

  /// Throws std::bad_alloc.
  void* allocate(std::size_t bytes) {
    if (bytes > (std::numeric_limits<std::size_t>::max)() / 4) throw std::bad_alloc();
    bytes = (bytes + cache_line - 1) / cache_line * cache_line;
    if (blocks_.empty() || blocks_.back().bytes - used_ < bytes) {
      const auto before = blocks_.empty() ? std::size_t{0} : blocks_.back().bytes;
      add((std::max)(bytes, 2 * before));
    }
    auto* const out = blocks_.back().first + used_;
    used_ += bytes;
    return out;
  }

  /// Bytes of all blocks.
  std::size_t capacity() const noexcept {
    std::size_t out = 0;
    for (const auto& block : blocks_) out += block.bytes;
    return out;
  }

  /// Takes back at its end what the thread's arena has handed out since its beginning. A copy takes
  /// back nothing.
  class Scope {
   public:
    Scope() : arena_(&of_thread()), blocks_(arena_->blocks_.size()), used_(arena_->used_) {}
    Scope(const Scope& other) noexcept : arena_(other.arena_), ends_(false) {}
    // NOLINTNEXTLINE(bugprone-unhandled-self-assignment): each stays what it is
    Scope& operator=(const Scope&) noexcept { return *this; }
    ~Scope() {
      if (ends_) arena_->return_to(blocks_, used_);
    }
    /// True in the thread that has made it, or what it is a copy of.
    bool is_of_this_thread() const noexcept { return arena_ == &of_thread(); }

   private:
    Arena* arena_;
    bool ends_ = true;
    std::size_t blocks_ = 0, used_ = 0;
  };

 private:
  struct Block {
    std::byte* first;
    std::size_t bytes;
  };
  static void release(const Block& block) noexcept {
    ::operator delete(block.first, std::align_val_t{cache_line});
  }
  void add(std::size_t bytes) {
    blocks_.reserve(blocks_.size() + 1);
    blocks_.push_back(
        {static_cast<std::byte*>(::operator new(bytes, std::align_val_t{cache_line})), bytes});
    used_ = 0;
  }
  void return_to(std::size_t blocks, std::size_t used) noexcept {
    const bool outermost = blocks <= 1 && used == 0;  // nothing is in use
    if (!outermost) {
      while (blocks_.size() > blocks) release(blocks_.back()), blocks_.pop_back();
    } else if (blocks_.size() > 1) {
      const auto all = capacity();
      while (!blocks_.empty()) release(blocks_.back()), blocks_.pop_back();
      try {
        add(all);
      } catch (const std::bad_alloc&) {
        // The next request tries again, and tells.
      }
    }
    used_ = used;
  }

  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // of the last block
};

}  // namespace tessera::host
