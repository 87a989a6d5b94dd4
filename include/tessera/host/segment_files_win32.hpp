// Floor 1, host: segment_files.hpp for Windows, whose named memory is a section.
//
// A name is there from the beginning of its creation on and until the last process lets go of it.
// So it is complete once the first eight bytes are written, which are written last, and it needs no
// removing and leaves no orphans; nor can it be removed, renamed or listed.
#pragma once

#include <tessera/host/segment_files.hpp>

#if defined(TESSERA_WIN32)

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

namespace tessera::host {

inline constexpr bool names_outlive_processes = false;

/// What others on this system open: the bare name, in the session of its user.
inline std::string segment_path(std::string_view name) { return std::string(name); }

namespace detail {

/// Names that this process has created or attached: all that it can list.
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

/// The word that is written last.
constexpr std::size_t first_word = sizeof(std::uint64_t);
inline std::uint64_t first_word_of(const Descriptor& section, const std::string& subject) {
  const View view(section, FILE_MAP_READ, 0, first_word, subject);
  // Pairs with publish(): whoever sees the word sees the rest.
  return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(view.data()))
      .load(std::memory_order_acquire);
}

}  // namespace detail

/// From wherever this process is by now. "x/.." is short for nothing else: the system takes it so.
inline std::string absolute(const std::string& path) {
  return detail::narrow(std::filesystem::absolute(detail::wide(path)).lexically_normal());
}

/// True while that segment's owner lives; or if the path of a file leads to that one.
inline bool leads_to(const std::string& path, const FileId& id) {
  if (id == detail::section_id(path)) return owner_lives(path);
  const auto file = detail::open_file(detail::wide(path), 0, OPEN_EXISTING);
  return file && file_info(file, path).id == id;
}

/// A segment; or a file, with `file`. Nothing if there is none, or none that is complete.
inline std::optional<OpenFile> open_existing(const std::string& path, Access access,
                                             const std::string& subject, bool file = false) {
  const bool writes = access == Access::read_write;
  auto found = file ? detail::open_file(detail::wide(path),
                                        GENERIC_READ | (writes ? GENERIC_WRITE : 0), OPEN_EXISTING)
                    : Descriptor(::OpenFileMappingA(FILE_MAP_READ | (writes ? FILE_MAP_WRITE : 0),
                                                    FALSE, path.c_str()));
  if (!found) {
    const auto code = ::GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) return std::nullopt;
    if (code == ERROR_INVALID_HANDLE)
      throw Error(Errc::not_an_array, subject, "its name is that of an event, a mutex or the like",
                  "choose another name");
    throw detail::failure_of(code, subject, "opening",
                             writes ? "a const element type opens read-only" : "");
  }
  if (!file && detail::first_word_of(found, subject) == 0) return std::nullopt;
  const auto info = file_info(found, subject);
  if (!info.regular)
    throw Error(Errc::not_an_array, subject, "it is a folder", "a path must lead to a file");
  if (!file) detail::KnownNames::instance().add(path);
  return OpenFile{std::move(found), info};
}

/// The same file or section, by a handle of its own.
inline Descriptor reopen(const Descriptor& file, Access, const std::string& subject,
                         const std::string& = {}) {
  HANDLE out = nullptr;
  const HANDLE self = ::GetCurrentProcess();
  if (::DuplicateHandle(self, file.get(), self, &out, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0)
    throw last_failure(subject, "opening it again");
  return Descriptor(out);
}

class Unpublished {
 public:
  Unpublished(const std::string& path, unsigned, Medium medium, const std::string& subject)
      : path_(path), medium_(medium) {
    if (medium == Medium::shared_memory) return;  // its size comes with reserve()
    const auto folder = folder_of(path);
    sweep(folder);
    Descriptor file = detail::open_scratch(folder, scratch_);
    if (!file)
      throw last_failure(subject, "creating a file in " + folder,
                         "the folder must exist and be writable");
    file_ = OwnerLock(std::move(file));
  }
  Unpublished(const Unpublished&) = delete;
  Unpublished& operator=(const Unpublished&) = delete;
  ~Unpublished() {
    file_.release();
    if (!scratch_.empty()) ::DeleteFileW(scratch_.c_str());
  }

  const Descriptor& descriptor() const noexcept { return file_.descriptor(); }

  /// Memory, under its name at once; a name that somebody else has may be about to go: processes
  /// that had attached it let go a little later than its owner. Throws Error(no_space, name_taken).
  void reserve(std::uint64_t bytes, const std::string& subject) {
    if (medium_ == Medium::disk) return host::reserve(descriptor(), bytes, medium_, subject);
    check_headroom(bytes, subject);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    for (;;) {
      Descriptor section(::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE,
                                              detail::high_of(bytes), detail::low_of(bytes),
                                              path_.c_str()));
      const auto code = ::GetLastError();
      if (section && code != ERROR_ALREADY_EXISTS) {
        file_ = OwnerLock(std::move(section));
        return detail::KnownNames::instance().add(path_);
      }
      if (!section && code == ERROR_ACCESS_DENIED)
        throw Error(Errc::name_taken, subject, "somebody else has the name, and does not share it",
                    "choose another name");
      if (!section && code != ERROR_INVALID_HANDLE)
        throw detail::failure_of(code, subject,
                                 "reserving " + std::to_string(bytes) + " bytes of memory",
                                 "free memory, or enlarge the page file");
      if (!section || owner_lives(path_) || std::chrono::steady_clock::now() > deadline)
        throw Error(Errc::name_taken, subject, "the name is taken",
                    "attach to it, or choose another name; it is free when the last process that "
                    "has it attached lets go");
      section.reset();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void lock(const std::string& subject) { file_.lock(subject); }
  void unlock() noexcept {}
  Descriptor reopen(Access access, const std::string& subject) const {
    return host::reopen(descriptor(), access, subject);
  }

  /// The first word of a section is kept back until it is published.
  void write(std::uint64_t offset, std::string_view bytes, const std::string& subject) {
    if (medium_ == Medium::shared_memory && offset == 0 && bytes.size() >= detail::first_word) {
      std::memcpy(&first_word_, bytes.data(), sizeof first_word_);
      bytes.remove_prefix(sizeof first_word_);
      offset = sizeof first_word_;
    }
    write_at(descriptor(), offset, bytes, subject);
  }

  /// Completes a section; gives a file its name. False if a file has that name.
  bool publish(const std::string& path, const std::string& subject) {
    if (medium_ == Medium::shared_memory) {
      const detail::View view(descriptor(), FILE_MAP_WRITE, 0, sizeof first_word_, subject);
      std::atomic_ref(*reinterpret_cast<std::uint64_t*>(view.data()))
          .store(first_word_, std::memory_order_release);  // pairs with first_word_of()
      return true;
    }
    return moved_to(path, 0, subject);
  }
  void publish_over(const std::string& path, const std::string& subject) {
    if (!moved_to(path, MOVEFILE_REPLACE_EXISTING, subject))
      throw last_failure(subject, "giving it its name");
  }

  OwnerLock take() { return std::move(file_); }

 private:
  bool moved_to(const std::string& path, DWORD flags, const std::string& subject) {
    const auto wanted = detail::wide(path);
    // Workers that had the file mapped let go of it within a quarter of a second.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    for (;;) {
      if (::MoveFileExW(scratch_.c_str(), wanted.c_str(), flags | MOVEFILE_WRITE_THROUGH) != 0) {
        scratch_.clear();
        return true;
      }
      const auto code = ::GetLastError();
      if (code == ERROR_ALREADY_EXISTS || code == ERROR_FILE_EXISTS) return false;
      const bool in_use = code == ERROR_ACCESS_DENIED || code == ERROR_SHARING_VIOLATION ||
                          code == ERROR_USER_MAPPED_FILE;
      if (!in_use || std::chrono::steady_clock::now() > deadline)
        throw detail::failure_of(code, subject, "giving it its name",
                                 "is it open or mapped elsewhere?");
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
  }

  std::string path_;
  std::wstring scratch_;
  Medium medium_;
  std::uint64_t first_word_ = 0;
  OwnerLock file_;
};

/// There is one way to make a file here.
template <class Make>
auto make_new(Make&& make) {
  return make();
}

/// Zeroed memory without a name.
inline Descriptor nameless_file(std::uint64_t bytes, const std::string& subject) {
  Descriptor section(::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE,
                                          detail::high_of(bytes), detail::low_of(bytes), nullptr));
  if (!section) throw last_failure(subject, "getting shared memory");
  return section;
}

/// Nothing: the last process that lets go of it does that.
inline void unlink(const std::string&) noexcept {}

/// What this process has created or attached and is still there.
inline std::vector<std::string> segment_names() {
  return detail::KnownNames::instance().there_now();
}

}  // namespace tessera::host

#endif
