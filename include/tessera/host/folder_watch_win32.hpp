// Floor 1, host: the members of folder_watch.hpp for Windows, whose names are in no folder.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

namespace tessera::host {

class FolderWatch {
 public:
  explicit FolderWatch(const std::string&) noexcept {}
  bool watches() const noexcept { return false; }
  void wait(std::string_view, std::chrono::nanoseconds at_most) noexcept {
    std::this_thread::sleep_for(at_most);
  }
};

}  // namespace tessera::host

#endif
