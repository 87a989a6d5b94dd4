#include "processes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#if __has_include(<sys/sysmacros.h>)
#include <sys/stat.h>
#include <sys/sysmacros.h>
#endif

namespace tool {

namespace {

unsigned hexadecimal(const std::string& text) {
  return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 16));
}

}  // namespace

Processes::Processes() {
  namespace fs = std::filesystem;
  std::error_code none;
  for (const auto& folder : fs::directory_iterator("/proc", none)) {
    const auto name = folder.path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    errno = 0;
    std::ifstream maps(folder.path() / "maps");
    const int pid = std::atoi(name.c_str());
    if (!maps && errno == EACCES) sees_all_ = false;
    std::string line;
    while (std::getline(maps, line)) {
      // begin-end rights offset major:minor inode path
      std::istringstream words(line);
      std::string range, rights, offset, device, inode;
      words >> range >> rights >> offset >> device >> inode;
      const auto colon = device.find(':');
      if (rights.size() < 4 || rights[3] != 's' || inode == "0" || colon == device.npos) continue;
      auto& pids =
          mapped_[{hexadecimal(device.substr(0, colon)), hexadecimal(device.substr(colon + 1)),
                   std::strtoull(inode.c_str(), nullptr, 10)}];
      if (pids.empty() || pids.back() != pid) pids.push_back(pid);
    }
  }
  std::ifstream locks("/proc/locks");
  std::string line;
  while (std::getline(locks, line)) {
    // 1: FLOCK  ADVISORY  WRITE 1234 00:1a:567 0 EOF
    std::istringstream words(line);
    std::string number, kind, advisory, mode, pid, file;
    words >> number >> kind >> advisory >> mode >> pid >> file;
    std::istringstream parts(file);
    std::string major, minor, inode;
    if (kind != "FLOCK" || mode != "WRITE" || !std::getline(parts, major, ':') ||
        !std::getline(parts, minor, ':') || !std::getline(parts, inode))
      continue;
    owners_[{hexadecimal(major), hexadecimal(minor), std::strtoull(inode.c_str(), nullptr, 10)}] =
        std::max(0, std::atoi(pid.c_str()));
  }
}

Users Processes::users_of([[maybe_unused]] const std::string& path) const {
  Users out;
#if __has_include(<sys/sysmacros.h>)
  struct stat its {};
  if (::stat(path.c_str(), &its) != 0) return out;
  const File file{major(its.st_dev), minor(its.st_dev), its.st_ino};
  if (const auto found = mapped_.find(file); found != mapped_.end()) out.mapped = found->second;
  if (const auto found = owners_.find(file); found != owners_.end()) out.owner = found->second;
#endif
  return out;
}

std::string Processes::in_words(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return std::to_string(pid) + (name.empty() ? "" : " (" + name + ")");
}

}  // namespace tool
