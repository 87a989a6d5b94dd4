// Public: Segment, Permission, Durability. Floor 3, memory: one name, one mapping, maybe its owner.
//
// A segment is an .npy file with a control block after its data. The process that creates it owns
// it, and the name is removed when the owner ends. An attached process holds a mapping and nothing
// else: its end never removes a name. Bytes from outside are copied once and the copy is checked.
// Sizes come from the header, never from the file's size.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/npy_header.hpp>
#include <tessera/host/access.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/segment_name.hpp>

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
  ~Segment();

  /// A new segment of zeros, owned by the caller. Without a name it gets a unique one. Throws
  /// Error: name_taken (unless a proven orphan had the name), invalid_shape, no_space;
  /// not_permitted or system if the folder of names can't be used.
  static std::shared_ptr<Segment> create(std::optional<SegmentName> name, const Dtype& dtype,
                                         std::span<const std::size_t> shape, Permission permission);

  /// Maps the segment of that name. Waits up to `wait` for the name to appear, and for another
  /// program (np.save, cp) to finish writing it. Another user's segment is refused unless
  /// `any_user`. Throws Error: name_missing and not_an_array (timed_out for both if `wait` is not
  /// 0), not_permitted, no_space.
  static std::shared_ptr<Segment> attach(const SegmentName& name, host::Access access,
                                         std::chrono::nanoseconds wait = {}, bool any_user = false);

  /// The array of that identity, whose name is gone, found among the open files of process `pid`,
  /// its owner. Nothing if that process can't be inspected or has no descriptor of it.
  static std::shared_ptr<Segment> of_process(int pid, const Identity& identity,
                                             const SegmentName& name, host::Access access);

  /// Maps an .npy file on disk. Throws Error: name_missing, not_an_array, not_permitted, no_space.
  static std::shared_ptr<Segment> map_file(const std::string& path, host::Access access);

  /// A new .npy file on disk, its data zero and its space reserved; it stays when this object ends.
  /// A link that leads to nothing stays, and the file is made where it leads. Throws Error:
  /// name_taken, no_space, invalid_shape, invalid_argument; not_an_array if there is something
  /// other than a file.
  static std::shared_ptr<Segment> create_file(const std::string& path, const Dtype& dtype,
                                              std::span<const std::size_t> shape,
                                              Durability durability = Durability::disk);

  /// The segment's name; empty for a file on disk.
  const std::string& name() const noexcept;
  /// The path of the file, for numpy.load(path, mmap_mode="r+").
  const std::string& path() const noexcept;
  /// What errors call it: the name, or the path if it has none.
  const std::string& subject() const noexcept { return name().empty() ? path() : name(); }

  /// What its header said when it was mapped: later writes of others change nothing.
  const NpyHeader& header() const noexcept;
  /// The first byte of the data, in this process. Valid as long as this object.
  std::byte* data() const noexcept;
  /// Its control block, in this process; null for a file on disk. Valid as long as this object.
  std::byte* control_block() const noexcept;
  /// The device and the number of its file.
  const host::FileId& file_id() const noexcept;
  /// Random; zeros for a file on disk.
  const Identity& identity() const noexcept;

  /// True if this object's end removes the name: this process created it and did not keep it.
  bool owned() const noexcept;

  /// True once the owner has removed the name.
  bool ended() const noexcept;
  /// Marks that a step is being written through this object. False if one is being written already.
  bool begin_writing() noexcept;
  /// The step is written, or given up.
  void end_writing() noexcept;
  /// True between these two.
  bool is_writing() const noexcept;

  /// False once the owner has ended, however it ended. A kept array and a file have no owner: true.
  /// Throws Error(not_permitted, system) if the name can't be opened.
  bool owner_lives() const;

  /// Leaves the name for others: it stays until somebody removes it. Throws Error: invalid_argument
  /// if this process does not own it, not_permitted on Windows, system.
  void keep();

  /// False if somebody has made the file shorter than the mapping: who touches what is lost gets
  /// SIGBUS. True if the name no longer leads to the file, and on Windows, where it can't happen.
  bool is_whole() const noexcept;
  /// False if something was written past the end of the data. Always true for a file on disk.
  bool intact() const noexcept;
  /// Restores what was after the data, so that others can attach and the name can be reaped. The
  /// mapping must be writable.
  void restore() noexcept;

  /// Maps the same bytes again, read-only: for an owner that has filled them.
  void make_read_only();

  /// Makes the mapping read-only in this process, except the bytes [begin, end), both multiples of
  /// the page size. Throws Error(system).
  void protect_outside(std::size_t begin, std::size_t end);

  /// Returns when the data is on disk. Does nothing for shared memory and for a read-only mapping.
  /// Throws Error: no_space, system.
  void flush();

  /// Removes the name if this process owns it; processes that have it mapped keep the memory. While
  /// a NameUse lives, the name stays and stays locked; the end of the last one removes it.
  void end() noexcept;

  /// Keeps the name while it lives, though the owner ends: for jobs whose workers attach by name.
  /// Does nothing for a name that this process does not own, or that is removed already.
  class NameUse {
   public:
    /// Keeps the name of this segment.
    explicit NameUse(std::shared_ptr<Segment> segment) noexcept;
    NameUse(NameUse&&) noexcept = default;
    NameUse& operator=(NameUse&&) = delete;
    ~NameUse();

   private:
    std::shared_ptr<Segment> segment_;
  };

 private:
  struct Parts;
  explicit Segment(std::unique_ptr<Parts> parts) noexcept;

  std::unique_ptr<Parts> parts_;
};

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/segment_impl.hpp>
#endif
