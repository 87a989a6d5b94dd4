// Floor 1, host: the folders with the limits of this process's control groups.
#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace tessera::host {

/// Where control groups are found. Tests give another place.
struct CgroupTree {
  std::string groups = "/proc/self/cgroup", root = "/sys/fs/cgroup";
};

/// Calls f(folder, version) for the groups of version 2 and of version 1 that limit `controller`
/// for this process: for its own group, for each parent, and for the root that this process can see
/// (a container's own limit). A folder may be missing.
template <class F>
void for_each_cgroup(const CgroupTree& tree, std::string_view controller, F&& f) {
  std::ifstream lines(tree.groups);
  for (std::string line; std::getline(lines, line);) {
    // number:controllers:group; no controllers in version 2
    const auto one = line.find(':'), two = line.find(':', one + 1);
    if (two == std::string::npos) continue;
    const auto controllers = "," + line.substr(one + 1, two - one - 1) + ",";
    const bool second = controllers == ",,";
    if (!second && controllers.find("," + std::string(controller) + ",") == std::string::npos)
      continue;
    auto group = line.substr(two + 1);
    while (!group.empty() && group.back() == '/') group.pop_back();
    const auto root = tree.root + (second ? "" : "/" + std::string(controller));
    for (;; group.resize(group.find_last_of('/'))) {
      f(root + group + "/", second ? 2 : 1);
      if (group.find('/') == std::string::npos) break;
    }
  }
}

}  // namespace tessera::host
