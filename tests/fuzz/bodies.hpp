// What is done with bytes that nobody vouches for: the fuzzers' targets and the replay of their
// corpus are the same functions. Each returns a complaint, or nothing where all is well; what else
// may happen is a crash, which the sanitizers see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <tessera/format/npy_codec.hpp>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/memory/segment.hpp>

#include "support/npy_oracle.hpp"
#include "support/scene.hpp"

namespace tessera_test {

/// The bytes are those that a file begins with.
inline std::string fuzz_header(std::string_view bytes) {
  try {
    return inconsistency(tessera::npy::decode(bytes, "fuzz"), bytes);
  } catch (const tessera::Error& error) {
    if (error.errc() != tessera::Errc::not_an_array || error.subject() != "fuzz")
      return std::string("another Error than not_an_array: ") + error.what();
  }
  return {};
}

/// The bytes are those behind an array's data.
inline std::string fuzz_control_block(std::string_view bytes) {
  const auto block = tessera::ControlBlock::read(bytes);
  if (!block) return {};
  if (bytes.size() < sizeof(tessera::ControlBlock)) return "a block of too few bytes";
  if (block->bytes() != bytes.substr(0, sizeof(tessera::ControlBlock))) return "other bytes";
  if (bytes.substr(0, 8) != std::string_view("TESSERA\0", 8)) return "another magic";
  if (block->state < 1 || block->state > 3) return "a state that is none";
  return {};
}

/// What attach says of a segment of these bytes: where they are all that it has.
inline std::string fuzz_attach(const std::string& name, const std::string& bytes) {
  using Access = tessera::host::Access;
  try {
    const auto segment = tessera::Segment::attach(tessera::SegmentName(name), Access::read_only);
    const auto& header = segment->header();
    if (auto flaw = inconsistency(header, bytes); !flaw.empty()) return flaw;
    const auto size = header.data_bytes();
    if (header.data_offset + size > bytes.size()) return "data past the end";
    // Whatever is handed out can be read.
    if (std::memcmp(segment->data(), bytes.data() + header.data_offset, size) != 0)
      return "other data";
    static_cast<void>(segment->ended());
  } catch (const tessera::Error& error) {
    // Where a name comes before what it names, a segment that begins with zeros is not there yet.
    if (error.errc() == tessera::Errc::name_missing && !tessera::host::names_outlive_processes)
      return {};
    if (error.errc() != tessera::Errc::not_an_array) return error.what();
  }
  return {};
}

#if defined(TESSERA_POSIX)

/// The bytes are a whole segment's, but for the first: how they are used. Where that says so the
/// control block has the segment's true inode, which no bytes could know.
class SegmentFuzz {
 public:
  SegmentFuzz()
      : name_("fuzz-" + std::to_string(::getpid())), path_(tessera::host::segment_path(name_)) {}
  SegmentFuzz(const SegmentFuzz&) = delete;
  SegmentFuzz& operator=(const SegmentFuzz&) = delete;
  ~SegmentFuzz() { ::unlink(path_.c_str()); }

  std::string operator()(std::string_view input) {
    if (input.empty()) return {};
    const auto use = static_cast<unsigned char>(input[0]);
    std::string bytes(input.substr(1));
    make_file();
    if (use & 1) mend(bytes);
    if (::ftruncate(file_.get(), 0) != 0 || ::pwrite(file_.get(), bytes.data(), bytes.size(), 0) !=
                                                static_cast<::ssize_t>(bytes.size()))
      return "the file can't be written";
    auto complaint = listed(bytes);
    if (complaint.empty()) complaint = fuzz_attach(name_, bytes);
    if (complaint.empty()) complaint = reaped((use & 2) != 0);
    return complaint;
  }

 private:
  using Descriptor = tessera::host::Descriptor;

  void make_file() {
    if (file_ && ::access(path_.c_str(), F_OK) == 0) return;
    file_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file_) std::abort();
    inode_ = tessera::host::file_info(file_, name_).id.inode;
  }
  // As far as the header leads to a control block.
  void mend(std::string& bytes) const {
    try {
      const auto header = tessera::npy::decode(bytes, name_);
      const auto at = tessera::ControlBlock::offset_for(header.data_offset, header.data_bytes()) +
                      offsetof(tessera::ControlBlock, inode);
      if (at <= bytes.size() && bytes.size() - at >= sizeof inode_)
        std::memcpy(bytes.data() + at, &inode_, sizeof inode_);
    } catch (const tessera::Error&) {
      // Then there is nothing to mend.
    }
  }
  std::string listed(const std::string& bytes) const {
    const auto entry = tessera::catalog::detail::entry(name_);
    if (!entry || entry->bytes != bytes.size()) return "it is listed with other bytes";
    return entry->header ? inconsistency(*entry->header, bytes) : "";
  }
  // Only a segment of ours in state `owned` with its own inode, and nobody's lock.
  std::string reaped(bool locked) const {
    const auto entry = tessera::catalog::detail::entry(name_);
    using Kind = tessera::catalog::Entry::Kind;
    const Descriptor other(locked ? ::open(path_.c_str(), O_RDWR | O_CLOEXEC) : -1);
    if (locked && !tessera::host::try_lock(other, tessera::host::Lock::exclusive))
      return "it is locked already";
    const bool removed = tessera::detail::remove_orphan(name_);
    const bool gone = ::access(path_.c_str(), F_OK) != 0;
    if (removed != gone) return "what is said of its removal is not so";
    if (removed && (locked || entry->kind != Kind::orphan)) return "no orphan was removed";
    if (!removed && !locked && entry->kind == Kind::orphan) return "an orphan was left";
    return {};
  }

  std::string name_, path_;
  Descriptor file_;
  std::uint64_t inode_ = 0;
};

#else

/// The bytes but for the first, in a section of whole pages.
class SegmentFuzz {
 public:
  std::string operator()(std::string_view input) const {
    if (input.size() < 2) return {};
    std::string bytes(input.substr(1));
    const auto name = unique_name("fuzz");
    const Planted planted(name, bytes);
    bytes.resize((bytes.size() + 4095) / 4096 * 4096);
    return fuzz_attach(name, bytes);
  }
};

#endif

}  // namespace tessera_test
