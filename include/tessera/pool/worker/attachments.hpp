// Floor 4, pool/worker: the arrays that a worker has mapped. It keeps them from job to job.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/host/still_names.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/pool/board/failure_log.hpp>
#include <tessera/pool/board/job_memory.hpp>

namespace tessera::detail {

/// The caller's array of that name, of any owner. If the name was removed while the caller has the
/// array open, it is opened through the caller's own descriptor. Throws Error(name_missing) if the
/// caller has no such descriptor.
inline std::shared_ptr<Segment> attach_callers(const std::string& name, const Identity& identity,
                                               host::Access access, int caller) {
  const SegmentName checked(name);
  try {
    return Segment::attach(checked, access, {}, true);
  } catch (const Error& error) {
    if (error.errc() != Errc::name_missing) throw;
  }
  if (auto segment = Segment::of_process(caller, identity, checked, access)) return segment;
  throw Error(Errc::name_missing, name, "its name was removed while this job was to use it",
              "leave names in place while jobs use them; where systemd removed it, as the user "
              "logged out (RemoveIPC): loginctl enable-linger, or names in another folder: "
              "TESSERA_DIR");
}

/// The mappings, found by the array's identity and by device and inode.
class Attachments {
 public:
  /// The mapping of an argument; made if there is none yet. `caller` is the caller's process id.
  /// Throws Error: replaced if the name or path leads to another array than the caller's;
  /// kernel_failed if a kernel has written over its control block.
  Segment& find(const ArgumentRecord& record, std::string_view path, int caller) {
    for (const auto& kept : kept_)
      if (kept.segment->file_id() == record.file && kept.segment->identity() == record.identity &&
          (kept.access == host::Access::read_write || record.writes == 0))
        return *kept.segment;
    const auto access = record.writes != 0 ? host::Access::read_write : host::Access::read_only;
    const std::string where(path);
    auto segment = record.is_name != 0 ? attach_callers(where, record.identity, access, caller)
                                       : Segment::map_file(where, access);
    if (segment->file_id() == record.file && segment->identity() == Identity{} &&
        record.identity != Identity{})
      throw Error(Errc::kernel_failed, where, written_behind, how_to_find_overruns);
    if (segment->file_id() != record.file || segment->identity() != record.identity)
      throw Error(Errc::replaced, where,
                  "the name now leads to another array than the one this job was given",
                  "keep the array's owner, or the file, in place while jobs use it");
    kept_.push_back({std::move(segment), access});
    return *kept_.back().segment;
  }

  /// Unmaps arrays whose owner has recorded its end.
  void drop_ended() {
    std::erase_if(kept_, [](const Kept& kept) { return kept.segment->ended(); });
  }

  /// Unmaps every array whose name or path is gone or leads to another file.
  void drop_nameless() {
    std::erase_if(kept_, [](const Kept& kept) {
      // On Windows a mapped file can't be replaced as long as it is mapped, so files are unmapped
      // too.
      return kept.segment->ended() ||
             (!host::names_outlive_processes && kept.segment->name().empty()) ||
             !host::still_names(kept.segment->path(), kept.segment->file_id());
    });
  }

 private:
  struct Kept {
    std::shared_ptr<Segment> segment;
    host::Access access;
  };
  std::vector<Kept> kept_;
};

}  // namespace tessera::detail
