// Floor 1, host: named memory on Windows: a section. It has its name as long as a process has a
// handle of it.
//
// A section can't shrink, and its size is a multiple of a page. It has its name from the beginning
// of its creation. So its first eight bytes are written last, and show that it is complete. Empty
// on other systems.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/base/hash.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host::detail {

// Not GetFileType: under Wine it reports a section as a file.
inline bool is_section(const Descriptor& file) noexcept {
  BY_HANDLE_FILE_INFORMATION info{};
  return ::GetFileInformationByHandle(file.get(), &info) == 0;
}

/// Bytes [offset, offset + bytes) of a section. 0 bytes: all from `offset` on.
class View {
 public:
  View(const Descriptor& section, DWORD access, std::uint64_t offset, std::size_t bytes,
       const std::string& subject) {
    constexpr std::uint64_t granularity = 65536;
    const auto from = offset / granularity * granularity;
    skipped_ = static_cast<std::size_t>(offset - from);
    base_ = ::MapViewOfFile(section.get(), access, high_of(from), low_of(from),
                            bytes == 0 ? 0 : skipped_ + bytes);
    if (base_ == nullptr) throw last_failure(subject, "mapping into memory");
    if (region().State == MEM_COMMIT) return;
    ::UnmapViewOfFile(base_);
    throw Error(Errc::not_an_array, subject, "its memory is reserved, but not there",
                "no array is made so: choose another name");
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  ~View() { ::UnmapViewOfFile(base_); }

  char* data() const noexcept { return static_cast<char*>(base_) + skipped_; }
  std::size_t size() const noexcept { return region().RegionSize - skipped_; }

 private:
  MEMORY_BASIC_INFORMATION region() const noexcept {
    MEMORY_BASIC_INFORMATION out{};
    ::VirtualQuery(base_, &out, sizeof out);
    return out;
  }

  void* base_ = nullptr;
  std::size_t skipped_ = 0;
};

inline FileId section_id(std::string_view name) noexcept {
  return {~std::uint64_t{0}, tessera::detail::fnv1a(name)};
}

/// Names that this process has created or attached. It can list no others.
class KnownNames {
 public:
  static KnownNames& instance() {
    static auto* const names = new KnownNames;
    return *names;
  }
  void add(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_.insert(name);
    if (names_.size() > 2 * after_cleaning_ + 64) clean();
  }
  std::vector<std::string> there_now() {
    const std::lock_guard lock(mutex_);
    clean();
    return {names_.begin(), names_.end()};
  }

 private:
  void clean() {
    std::erase_if(names_, [](const std::string& name) {
      return !Descriptor(::OpenFileMappingA(FILE_MAP_READ, FALSE, name.c_str()));
    });
    after_cleaning_ = names_.size();
  }

  std::mutex mutex_;
  std::set<std::string> names_;
  std::size_t after_cleaning_ = 0;
};

/// The size of the word that is written last.
constexpr std::size_t first_word = sizeof(std::uint64_t);
inline std::uint64_t first_word_of(const Descriptor& section, const std::string& subject) {
  const View view(section, FILE_MAP_READ, 0, first_word, subject);
  // Pairs with publish(): a reader that sees the word sees all other bytes.
  return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(view.data()))
      .load(std::memory_order_acquire);
}

}  // namespace tessera::host::detail

#endif
