// Floor 3, memory: the definitions of segment.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/npy_codec.hpp>
#include <tessera/host/creation_failure.hpp>
#include <tessera/host/destination.hpp>
#include <tessera/host/file_locks.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/name_info.hpp>
#include <tessera/host/protection.hpp>
#include <tessera/host/segment_files.hpp>
#include <tessera/host/still_names.hpp>
#include <tessera/host/unlinked_files.hpp>
#include <tessera/memory/control_block.hpp>
#include <tessera/memory/metadata.hpp>
#include <tessera/memory/owned_name.hpp>
#include <tessera/memory/process_identity.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/segment_folder.hpp>
#include <tessera/memory/segment_frame.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/memory/step_counters.hpp>
#include <tessera/memory/taken_name.hpp>
#include <tessera/memory/waiting.hpp>

namespace tessera {

struct Segment::Parts {
  std::string name, path;
  NpyHeader header{};
  std::size_t control_at = 0;  ///< 0: there is no control block
  ControlBlock control{};      ///< as it was when the segment was made or opened
  host::FileId file_id{};
  host::Mapping mapping{};
  std::atomic<bool> writing{false};  ///< a step of its ring
  detail::OwnedName owned_name{};    ///< destroyed before the mapping: removes the name first

  const std::string& subject() const noexcept { return name.empty() ? path : name; }
  std::byte* data() const noexcept { return mapping.data() + header.data_offset; }
  detail::SegmentFrame frame() const noexcept {
    return {data() + header.data_bytes(), mapping.data() + control_at, control};
  }

  /// Who waits for a step looks whether the owner has ended.
  void wake() noexcept { detail::StepCounters(mapping.data() + control_at).wake(control.identity); }

  static std::shared_ptr<Segment> new_segment(std::string its_name, std::string its_path) {
    std::unique_ptr<Parts> parts(
        new Parts{.name = std::move(its_name), .path = std::move(its_path)});
    return std::shared_ptr<Segment>(new Segment(std::move(parts)));
  }

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

    // Made before the name is given: what throws after that would leave a name that nobody owns.
    auto segment = new_segment(text, path);
    auto& parts = *segment->parts_;
    parts.header = header;
    parts.control_at = control_at;
    const auto info = host::file_info(file.descriptor(), text);
    parts.file_id = info.id;
    const auto block = detail::new_control_block(info.id.inode);
    parts.control = block;
    file.write(control_at, block.bytes(), text);
    file.write(0, npy::encode(dtype, shape), text);
    parts.mapping = host::Mapping(file.reopen(host::Access::read_write, text),
                                  host::Access::read_write, info.mapped(bytes), text);
    parts.owned_name.prepare(path, info.id, control_at, text);
    detail::take_over(text, [&] { return file.publish(path, text); });
    parts.owned_name.take(file.take());
    return segment;
  }

  static std::shared_ptr<Segment> open(const host::Descriptor& file, const host::FileInfo& info,
                                       std::string name, std::string path, host::Access access) {
    auto segment = new_segment(std::move(name), std::move(path));
    auto& parts = *segment->parts_;
    const auto& subject = parts.subject();
    auto found = detail::read_metadata(file, info, subject);
    std::size_t bytes = found.header.data_offset + found.header.data_bytes();
    if (found.control) {
      parts.control = *found.control;
      parts.control_at =
          ControlBlock::offset_for(found.header.data_offset, found.header.data_bytes());
      bytes = parts.control_at + sizeof(ControlBlock);
    }
    parts.file_id = found.file.id;
    if (access == host::Access::read_write) host::reserve_holes(file, info, bytes, subject);
    parts.mapping = host::Mapping(file, access, info.mapped(bytes), subject);
    parts.header = std::move(found.header);
    return segment;
  }
};

TESSERA_FUNC Segment::Segment(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}
TESSERA_FUNC Segment::~Segment() = default;

TESSERA_FUNC std::shared_ptr<Segment> Segment::create(std::optional<SegmentName> name,
                                                      const Dtype& dtype,
                                                      std::span<const std::size_t> shape,
                                                      Permission permission) {
  if (!name) name.emplace("tessera-" + host::random_hex(16));
  return host::make_new([&] { return Parts::make(name->str(), dtype, shape, permission); });
}

TESSERA_FUNC std::shared_ptr<Segment> Segment::attach(const SegmentName& name, host::Access access,
                                                      std::chrono::nanoseconds wait,
                                                      bool any_user) {
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
      return Parts::open(*file, info, name.str(), path, access);
    } catch (const Error& error) {
      if (seen == nullptr || error.errc() != Errc::not_an_array) throw;
      *seen = error.what_happened();
      return nullptr;
    }
  };
  auto segment =
      wait.count() > 0 ? detail::wait_for_segment(look, wait, name.str()) : look(nullptr);
  const auto folder = host::names_outlive_processes ? " in " + segment_folder() : std::string();
  if (!segment)
    throw Error(
        Errc::name_missing, name.str(), "there is no array of that name" + folder,
        "create it first, or give attach a time to wait; `tessera list` shows all names. If it was "
        "there before: Python's SharedMemory(name) removes a name when that Python ends");
  if (!any_user && !info.ours)
    throw Error(Errc::not_permitted, name.str(), "it belongs to another user",
                "pass AttachOptions{.any_user = true} if you trust that user");
  return segment;
}

TESSERA_FUNC std::shared_ptr<Segment> Segment::of_process(int pid, const Identity& identity,
                                                          const SegmentName& name,
                                                          host::Access access) {
  std::shared_ptr<Segment> out;
  const auto is_it = [&](const host::OpenFile& file) {
    try {
      out = Parts::open(file, file.info, name.str(), host::segment_path(name.str()), access);
    } catch (const Error&) {
      return false;  // another file
    }
    return out->identity() == identity;
  };
  if (host::visit_nameless_files(pid, access, is_it)) return out;
  return nullptr;
}

TESSERA_FUNC std::shared_ptr<Segment> Segment::map_file(const std::string& path,
                                                        host::Access access) {
  const auto file = host::open_existing(path, access, path, true);
  if (!file) throw Error(Errc::name_missing, path, "there is no such file", "check the path");
  return Parts::open(*file, file->info, {}, host::absolute(path), access);
}

TESSERA_FUNC std::shared_ptr<Segment> Segment::create_file(const std::string& path,
                                                           const Dtype& dtype,
                                                           std::span<const std::size_t> shape,
                                                           Durability durability) {
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
    auto segment = Parts::open(file.descriptor(), host::file_info(file.descriptor(), path), {},
                               host::absolute(path), host::Access::read_write);
    if (!file.publish(to.path, path)) throw taken();
    file.unlock();
    host::sync_name(to.path, file.descriptor(), durability, path);
    return segment;
  });
}

TESSERA_FUNC const std::string& Segment::name() const noexcept { return parts_->name; }
TESSERA_FUNC const std::string& Segment::path() const noexcept { return parts_->path; }
TESSERA_FUNC const NpyHeader& Segment::header() const noexcept { return parts_->header; }
TESSERA_FUNC std::byte* Segment::data() const noexcept { return parts_->data(); }
TESSERA_FUNC std::byte* Segment::control_block() const noexcept {
  return parts_->control_at == 0 ? nullptr : parts_->mapping.data() + parts_->control_at;
}
TESSERA_FUNC const host::FileId& Segment::file_id() const noexcept { return parts_->file_id; }
TESSERA_FUNC const Identity& Segment::identity() const noexcept { return parts_->control.identity; }
TESSERA_FUNC bool Segment::owned() const noexcept { return parts_->owned_name.held(); }

TESSERA_FUNC bool Segment::ended() const noexcept {
  return parts_->control_at != 0 && parts_->frame().state() == SegmentState::ended;
}

TESSERA_FUNC bool Segment::begin_writing() noexcept { return !parts_->writing.exchange(true); }
TESSERA_FUNC void Segment::end_writing() noexcept { parts_->writing.store(false); }
TESSERA_FUNC bool Segment::is_writing() const noexcept { return parts_->writing.load(); }

TESSERA_FUNC bool Segment::owner_lives() const {
  if (owned() || parts_->control_at == 0) return true;
  const auto state = parts_->frame().state();
  if (state != SegmentState::owned) return state == SegmentState::kept;
  if (host::still_names(path(), file_id())) {
    const auto file = host::open_existing(path(), host::Access::read_only, subject());
    if (file && file->info.id == file_id()) return host::owner_lives(*file, subject());
  }
  // The owner may live though somebody has removed the name: `rm`, or Python's SharedMemory.
  return host::FileLocks().owned(file_id());
}

TESSERA_FUNC void Segment::keep() {
  if (!owned())
    throw Error(Errc::invalid_argument, subject(),
                "only the process that created an array can keep it",
                "call keep() on the array that create returned");
  if constexpr (!host::names_outlive_processes)
    throw Error(Errc::not_permitted, subject(),
                "this system has no memory that outlives all processes",
                "keep a process running that has the array, or save() it");
  parts_->owned_name.keep();
  parts_->control.state = static_cast<std::uint32_t>(SegmentState::kept);
}

TESSERA_FUNC bool Segment::is_whole() const noexcept {
  if constexpr (!host::names_outlive_processes) return true;
  const auto info = host::read_name_info(path());
  return !info || info->id != file_id() || info->bytes >= parts_->mapping.size();
}
TESSERA_FUNC bool Segment::intact() const noexcept {
  return parts_->control_at == 0 || parts_->frame().intact();
}
TESSERA_FUNC void Segment::restore() noexcept { parts_->frame().restore(); }

TESSERA_FUNC void Segment::make_read_only() {
  parts_->mapping = host::Mapping(
      host::reopen(parts_->owned_name.descriptor(), host::Access::read_only, subject(), path()),
      host::Access::read_only, parts_->mapping.size(), subject());
}

TESSERA_FUNC void Segment::protect_outside(std::size_t begin, std::size_t end) {
  host::protect(parts_->mapping.data(), begin, subject());
  host::protect(parts_->mapping.data() + end, parts_->mapping.size() - end, subject());
}

TESSERA_FUNC void Segment::flush() {
  if (!parts_->mapping.flush())
    throw host::last_failure(subject(), "writing to disk", "is the disk full?");
}

TESSERA_FUNC void Segment::end() noexcept {
  const bool owner = owned();
  parts_->owned_name.end();
  if (owner) parts_->wake();
}

TESSERA_FUNC Segment::NameUse::NameUse(std::shared_ptr<Segment> segment) noexcept {
  if (segment->parts_->owned_name.use()) segment_ = std::move(segment);
}
TESSERA_FUNC Segment::NameUse::~NameUse() {
  if (segment_ && segment_->parts_->owned_name.release()) segment_->parts_->wake();
}

}  // namespace tessera
