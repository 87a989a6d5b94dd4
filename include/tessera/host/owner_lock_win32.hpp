// Floor 1, host: the members of owner_lock.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <cstdint>
#include <string>
#include <utility>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

inline std::uint64_t fork_generation() { return 0; }

class OwnerLock {
 public:
  OwnerLock() = default;
  explicit OwnerLock(Descriptor file) noexcept : file_(std::move(file)) {}

  void lock(const std::string& name) {
    mark_ = Descriptor(::CreateEventA(nullptr, TRUE, FALSE, mark_of(name).c_str()));
    if (!mark_) throw last_failure(name, "locking");
  }
  static std::string mark_of(const std::string& name) { return "tessera+owner+" + name; }

  bool held() const noexcept { return static_cast<bool>(file_); }
  const Descriptor& descriptor() const noexcept { return file_; }
  void release() noexcept {
    mark_.reset();
    file_.reset();
  }

 private:
  Descriptor file_, mark_;
};

/// Only here: identified by name.
inline bool owner_lives(const std::string& name) {
  return static_cast<bool>(
      Descriptor(::OpenEventA(SYNCHRONIZE, FALSE, OwnerLock::mark_of(name).c_str())));
}

inline bool owner_lives(const Descriptor&, const std::string& name) { return owner_lives(name); }

}  // namespace tessera::host

#endif
