// The process that owns an array, and those that have it mapped: from /proc, so on Linux only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace tool {

struct Users {
  int owner = 0;            // process that holds the array's lock; 0: none, or it can't be seen
  std::vector<int> mapped;  // processes that have it mapped, as far as this user may look
};

/// A look at all processes. Where there is no /proc, it sees nobody.
class Processes {
 public:
  Processes();
  Users users_of(const std::string& path) const;
  /// False if other users' processes could not be read, so that `mapped` may lack some.
  bool sees_all() const noexcept { return sees_all_; }
  /// Its number and the name of its program: 1234 (producer).
  static std::string in_words(int pid);

 private:
  using File = std::tuple<unsigned, unsigned, std::uint64_t>;  // device (major, minor), inode
  std::map<File, std::vector<int>> mapped_;
  std::map<File, int> owners_;
  bool sees_all_ = true;
};

}  // namespace tool
