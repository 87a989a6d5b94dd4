// Floor 1, host: the members of new_file.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/folder_of.hpp>
#include <tessera/host/headroom.hpp>
#include <tessera/host/mapping.hpp>
#include <tessera/host/owner_lock.hpp>
#include <tessera/host/scratch.hpp>
#include <tessera/host/section_win32.hpp>
#include <tessera/host/storage.hpp>

namespace tessera::host {

inline Descriptor reopen(const Descriptor& file, Access, const std::string& subject,
                         const std::string&) {
  HANDLE out = nullptr;
  const HANDLE self = ::GetCurrentProcess();
  if (::DuplicateHandle(self, file.get(), self, &out, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0)
    throw last_failure(subject, "opening it again");
  return Descriptor(out);
}

class StagedFile {
 public:
  StagedFile(const std::string& path, unsigned, Medium medium, const std::string& subject)
      : path_(path), medium_(medium) {
    if (medium == Medium::shared_memory) return;  // reserve() sets its size
    const auto folder = folder_of(path);
    sweep(folder);
    Descriptor file = detail::open_scratch(folder, scratch_);
    if (!file)
      throw last_failure(subject, "creating a file in " + folder,
                         "the folder must exist and be writable");
    file_ = OwnerLock(std::move(file));
  }
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile() {
    file_.release();
    if (!scratch_.empty()) ::DeleteFileW(scratch_.c_str());
  }

  const Descriptor& descriptor() const noexcept { return file_.descriptor(); }

  // Memory gets its name here. If the name is taken, it may become free soon: processes that had
  // the old memory attached release it a little later than its owner.
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
  // The first word of a section is held back until publish().
  void write(std::uint64_t offset, std::string_view bytes, const std::string& subject) {
    if (medium_ == Medium::shared_memory && offset == 0 && bytes.size() >= detail::first_word) {
      std::memcpy(&first_word_, bytes.data(), sizeof first_word_);
      bytes.remove_prefix(sizeof first_word_);
      offset = sizeof first_word_;
    }
    write_at(descriptor(), offset, bytes, subject);
  }
  Descriptor reopen(Access access, const std::string& subject) const {
    return host::reopen(descriptor(), access, subject, {});
  }

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
    // Workers that have the file mapped unmap it within a quarter of a second.
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

template <class Make>
auto make_new(Make&& make) {
  return make();
}

inline Descriptor nameless_file(std::uint64_t bytes, const std::string& subject) {
  Descriptor section(::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE,
                                          detail::high_of(bytes), detail::low_of(bytes), nullptr));
  if (!section) throw last_failure(subject, "getting shared memory");
  return section;
}

}  // namespace tessera::host

#endif
