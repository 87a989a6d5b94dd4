// Public: Segment, Permission, Durability. Floor 3, memory: one name, one mapping, maybe its owner.
//
// A segment is an .npy file with a control block after its data. The process that creates it owns
// it, and the name is removed when the owner ends. An attached process holds a mapping and nothing
// else: its end never removes a name. Bytes from outside are copied once and the copy is checked.
// Sizes come from the header, never from the file's size.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/format/npy_header.hpp>
#include <tessera/host/creation_failure.hpp>
#include <tessera/host/destination.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/protection.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/host/unlinked_files.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/metadata.hpp>
#include <tessera/memory/owned_name.hpp>
#include <tessera/memory/process_identity.hpp>
#include <tessera/memory/segment_folder.hpp>
#include <tessera/memory/segment_frame.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/memory/taken_name.hpp>
#include <tessera/memory/waiting.hpp>

namespace tessera {

/// Who may open a new segment: the permission bits of its file, whatever the umask.
enum class Permission : unsigned { owner = 0600, group = 0660 };

/// Whether a new file is on disk when the call returns, so that it survives a power cut.
using host::Durability;

/// Shared memory or a file, mapped. A shared_ptr holds it, and it is neither copied nor moved: so
/// every view can keep the mapping alive. Threads may share it; they must not race for an element.
class Segment {
 public:
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment() = default;

  /// A new segment of zeros, owned by the caller. Without a name it gets a unique one. Throws
  /// Error: name_taken (unless a proven orphan had the name), invalid_shape, no_space;
  /// not_permitted or system if the folder of names can't be used.
  static std::shared_ptr<Segment> create(std::optional<SegmentName> name, const Dtype& dtype,
                                         std::span<const std::size_t> shape,
                                         Permission permission) {
    if (!name) name.emplace("tessera-" + host::random_hex(16));
    return host::make_new([&] { return make(name->str(), dtype, shape, permission); });
  }

  /// Maps the segment of that name. Waits up to `wait` for the name to appear, and for another
  /// program (np.save, cp) to finish writing it. Another user's segment is refused unless
  /// `any_user`. Throws Error: name_missing and not_an_array (timed_out for both if `wait` is not
  /// 0), not_permitted, no_space.
  static std::shared_ptr<Segment> attach(const SegmentName& name, host::Access access,
                                         std::chrono::nanoseconds wait = {},
                                         bool any_user = false) {
    const auto path = host::segment_path(name.str());
    host::FileInfo info;
    // With `seen`, a file that is not an array yet is not an Error: `seen` gets the reason.
    const auto look = [&](std::string* seen) -> std::shared_ptr<Segment> {
      const auto file = host::open_existing(path, access, name.str());
      if (!file) {
        host::require_segment_folder(name.str());
        return nullptr;
      }
      info = file->info;
      try {
        return open(*file, info, name.str(), path, access);
      } catch (const Error& error) {
        if (seen == nullptr || error.errc() != Errc::not_an_array) throw;
        *seen = error.happened();
        return nullptr;
      }
    };
    auto segment =
        wait.count() > 0 ? detail::wait_for_segment(look, wait, name.str()) : look(nullptr);
    if (!segment)
      throw Error(Errc::name_missing, name.str(), "there is no array of that name",
                  "create it first, or give attach a time to wait");
    if (!any_user && !info.ours)
      throw Error(Errc::not_permitted, name.str(), "it belongs to another user",
                  "pass AttachOptions{.any_user = true} if you trust that user");
    return segment;
  }

  /// The array of that identity, whose name is gone, found among the open files of process `pid`,
  /// its owner. Nothing if that process can't be inspected or has no descriptor of it.
  static std::shared_ptr<Segment> of_process(int pid, const Identity& identity,
                                             const SegmentName& name, host::Access access) {
    std::shared_ptr<Segment> out;
    const auto is_it = [&](const host::OpenFile& file) {
      try {
        out = open(file, file.info, name.str(), host::segment_path(name.str()), access);
      } catch (const Error&) {
        return false;  // another file
      }
      return out->identity() == identity;
    };
    if (host::visit_nameless_files(pid, access, is_it)) return out;
    return nullptr;
  }

  /// Maps an .npy file on disk. Throws Error: name_missing, not_an_array, not_permitted, no_space.
  static std::shared_ptr<Segment> map_file(const std::string& path, host::Access access) {
    const auto file = host::open_existing(path, access, path, true);
    if (!file) throw Error(Errc::name_missing, path, "there is no such file", "check the path");
    return open(*file, file->info, {}, host::absolute(path), access);
  }

  /// A new .npy file on disk, its data zero and its space reserved; it stays when this object ends.
  /// A link that leads to nothing stays, and the file is made where it leads. Throws Error:
  /// name_taken, no_space, invalid_shape, invalid_argument; not_an_array if there is something
  /// other than a file.
  static std::shared_ptr<Segment> create_file(const std::string& path, const Dtype& dtype,
                                              std::span<const std::size_t> shape,
                                              Durability durability = Durability::disk) {
    const auto header = npy::make_header(dtype, shape, path);
    const auto bytes = header.data_offset + header.data_bytes();
    return host::make_new([&] {
      const auto to = host::destination(path);
      const auto taken = [&] {
        return Error(Errc::name_taken, path, "the file exists",
                     "choose another path, or map_file it to change it in place");
      };
      if (to.there) throw taken();
      host::StagedFile file(to.path, 0666, host::Medium::disk, path);
      file.reserve(bytes, path);
      file.write(0, npy::encode(dtype, shape), path);
      host::sync(file.descriptor(), durability, path);
      auto segment = open(file.descriptor(), host::file_info(file.descriptor(), path), {},
                          host::absolute(path), host::Access::read_write);
      if (!file.publish(to.path, path)) throw taken();
      file.unlock();
      host::sync_name(to.path, file.descriptor(), durability, path);
      return segment;
    });
  }

  /// The segment's name; empty for a file on disk.
  const std::string& name() const noexcept { return name_; }
  /// The path of the file, for numpy.load(path, mmap_mode="r+").
  const std::string& path() const noexcept { return path_; }
  /// What errors call it: the name, or the path if it has none.
  const std::string& subject() const noexcept { return name_.empty() ? path_ : name_; }

  const NpyHeader& header() const noexcept { return header_; }
  std::byte* data() const noexcept { return mapping_.data() + header_.data_offset; }
  const host::FileId& file_id() const noexcept { return file_id_; }
  /// Random; zeros for a file on disk.
  const Identity& identity() const noexcept { return control_.identity; }

  /// True if this object's end removes the name: this process created it and did not keep it.
  bool owned() const noexcept { return owned_name_.held(); }

  /// True once the owner has removed the name.
  bool ended() const noexcept { return control_at_ != 0 && frame().state() == SegmentState::ended; }

  /// Leaves the name for others: it stays until somebody removes it. Throws Error: invalid_argument
  /// if this process does not own it, not_permitted on Windows, system.
  void keep() {
    if (!owned())
      throw Error(Errc::invalid_argument, subject(),
                  "only the process that created an array can keep it",
                  "call keep() on the array that create returned");
    if constexpr (!host::names_outlive_processes)
      throw Error(Errc::not_permitted, subject(),
                  "this system has no memory that outlives all processes",
                  "keep a process running that has the array, or save() it");
    owned_name_.keep();
    control_.state = static_cast<std::uint32_t>(SegmentState::kept);
  }

  /// False if something was written past the end of the data. Always true for a file on disk.
  bool intact() const noexcept { return control_at_ == 0 || frame().intact(); }
  /// Restores what was after the data, so that others can attach and the name can be reaped. The
  /// mapping must be writable.
  void restore() noexcept { frame().restore(); }

  /// Maps the same bytes again, read-only: for an owner that has filled them.
  void make_read_only() {
    mapping_ = host::Mapping(
        host::reopen(owned_name_.descriptor(), host::Access::read_only, subject(), path_),
        host::Access::read_only, mapping_.size(), subject());
  }

  /// Makes the mapping read-only in this process, except the bytes [begin, end), both multiples of
  /// the page size. Throws Error(system).
  void protect_outside(std::size_t begin, std::size_t end) {
    host::protect(mapping_.data(), begin, subject());
    host::protect(mapping_.data() + end, mapping_.size() - end, subject());
  }

  /// Returns when the data is on disk. Does nothing for shared memory and for a read-only mapping.
  /// Throws Error: no_space, system.
  void flush() {
    if (!mapping_.flush())
      throw host::last_failure(subject(), "writing to disk", "is the disk full?");
  }

  /// Removes the name if this process owns it; processes that have it mapped keep the memory. While
  /// a NameUse lives, the name stays and stays locked; the end of the last one removes it.
  void end() noexcept { owned_name_.end(); }

  /// Keeps the name while it lives, though the owner ends: for jobs whose workers attach by name.
  /// Does nothing for a name that this process does not own, or that is removed already.
  class NameUse {
   public:
    explicit NameUse(std::shared_ptr<Segment> segment) noexcept {
      if (segment->owned_name_.use()) segment_ = std::move(segment);
    }
    NameUse(NameUse&&) noexcept = default;
    NameUse& operator=(NameUse&&) = delete;
    ~NameUse() {
      if (segment_) segment_->owned_name_.release();
    }

   private:
    std::shared_ptr<Segment> segment_;
  };

 private:
  detail::SegmentFrame frame() const noexcept {
    return {data() + header_.data_bytes(), mapping_.data() + control_at_, control_};
  }

  Segment(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}

  static std::shared_ptr<Segment> make(const std::string& text, const Dtype& dtype,
                                       std::span<const std::size_t> shape, Permission permission) {
    const auto header = npy::make_header(dtype, shape, text);
    const auto control_at = ControlBlock::offset_for(header.data_offset, header.data_bytes());
    const auto bytes = control_at + sizeof(ControlBlock);
    const auto path = host::segment_path(text);
    host::StagedFile file(path, static_cast<unsigned>(permission), host::Medium::shared_memory,
                          text);
    detail::reserve_with_retry(file, bytes, text);
    file.lock(text);

    std::shared_ptr<Segment> segment(new Segment(text, path));
    segment->header_ = header;
    segment->control_at_ = control_at;
    const auto info = host::file_info(file.descriptor(), text);
    segment->file_id_ = info.id;
    const auto block = detail::new_control_block(info.id.inode);
    segment->control_ = block;
    file.write(control_at, block.bytes(), text);
    file.write(0, npy::encode(dtype, shape), text);
    segment->mapping_ = host::Mapping(file.reopen(host::Access::read_write, text),
                                      host::Access::read_write, info.mapped(bytes), text);
    segment->owned_name_.prepare(path, info.id, control_at, text);
    detail::take_over(text, [&] { return file.publish(path, text); });
    segment->owned_name_.take(file.take());
    return segment;
  }

  static std::shared_ptr<Segment> open(const host::Descriptor& file, const host::FileInfo& info,
                                       std::string name, std::string path, host::Access access) {
    std::shared_ptr<Segment> segment(new Segment(std::move(name), std::move(path)));
    auto found = detail::read_metadata(file, info, segment->subject());
    std::size_t bytes = found.header.data_offset + found.header.data_bytes();
    if (found.control) {
      segment->control_ = *found.control;
      segment->control_at_ =
          ControlBlock::offset_for(found.header.data_offset, found.header.data_bytes());
      bytes = segment->control_at_ + sizeof(ControlBlock);
    }
    segment->file_id_ = found.file.id;
    if (access == host::Access::read_write)
      host::reserve_holes(file, info, bytes, segment->subject());
    segment->mapping_ = host::Mapping(file, access, info.mapped(bytes), segment->subject());
    segment->header_ = std::move(found.header);
    return segment;
  }

  std::string name_, path_;
  NpyHeader header_;
  std::size_t control_at_ = 0;  // 0: there is no control block
  ControlBlock control_;        // as it was when the segment was made or opened
  host::FileId file_id_;
  host::Mapping mapping_;
  detail::OwnedName owned_name_;  // destroyed before the mapping: removes the name first
};

}  // namespace tessera
